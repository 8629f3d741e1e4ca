"""Owns the words that speak for a task, as plain tables by language; reads nothing."""

from __future__ import annotations

# ruff: noqa: RUF001 - Cyrillic letters are meant, whatever Latin ones they look like

# A row has a task, a weight, a colon and words. 3 settles it alone, 2 is enough where
# nothing else speaks, and 1 is a hint; hints add up. A word that ends in * stands for
# itself with the endings of its language. Of a word in two rows, the first counts, and
# one that is written out counts before one that an ending makes. Words that mean little
# by themselves are left out, and so are those with an everyday meaning: "class",
# "swift", "spring", "mean".

ENDINGS = {
    "English": "- s es d ed e ing er ers ion ions or y ies",
    "German": "- e en t st est et er em es te ten n s ung ungen",
    "French": "- e es er ez ons ent é ée és ées eur s x r is it ir tion ion",
    "Spanish": (
        "- a as ar e es en o os an ado ada ido"
        " ir er ción ciones ame alo arlo s irle irlo irme eme ele ela"
    ),
    "Italian": "- a are ami i e o ere ire ando ata ato zione zioni mi",
    "Portuguese": "- a e ar er ir o os as es ção ções ando ado ada r",
    "Russian": (
        "- а я у ю ы и е о ь й ть ти ите йте те ать ить"
        " ал ом ой ов ам ами ах ей ия ию ии ние ния ий ые ый ая ую ых"
    ),
}

WORDS = {
    "English": """
code 5: traceback
code 3: subarray* substring* javascript typescript golang kotlin sql bash powershell
code 3: html css scss regex regexp regexes vba c++ c++11 c++17 c++20 c# numpy pandas
code 3: pytorch tensorflow django flask fastapi npm pnpm dockerfile kubernetes kubectl
code 3: git terraform ansible nginx postgres postgresql mysql sqlite mongodb pytest
code 3: junit webpack cmake gcc clang makefile refactor* debug* segfault* mutex
code 3: semaphore localhost dataframe* dataclass* docstring* stdin stdout stacktrace
code 3: nullpointerexception valgrind usestate useeffect coding jsonb css3 html5 async
code 3: goroutine* panicked typeerror valueerror keyerror indexerror attributeerror
code 3: referenceerror syntaxerror grep sudo chmod stderr uncaught sqlalchemy mypy
code 3: eslint prettier vite svelte nextjs graphql grpc protobuf websocket* jquery
code 3: tailwind bootstrap laravel symfony wordpress rails sinatra hibernate maven
code 3: gradle jvm dotnet blazor linq xamarin swiftui xcode cocoapods elixir clojure
code 3: erlang ocaml fortran cobol verilog vhdl arduino esp32 raspi unittest*
code 3: microservice* rabbitmq kafka elasticsearch dynamodb cassandra firebase supabase
code 3: openapi swagger postman oauth2 jwt tokenizer lexer bytecode opcode ioctl mmap
code 3: quicksort mergesort quicksorts heapsort bfs dfs crud bst trie logcat bean malloc
code 3: calloc printf println scanf iostream vscode neovim tmux zsh awk sed curl wget
code 3: rsync crontab systemd systemctl iptables vagrant jenkins circleci helm podman
code 3: ubuntu debian centos homebrew brew pip venv conda pipenv virtualenv jupyter
code 3: matplotlib seaborn sklearn scikit scipy opencv selenium playwright puppeteer
code 3: cypress beautifulsoup scrapy celery gunicorn uvicorn pydantic asyncio
code 3: multiprocessing multithread* deadlock* memoiz* backtracking serializ*
code 3: deserializ* transpil* minif* lint linter* dto orm orms mvc sdk vlookup xlookup
code 3: sumif sumifs countif countifs autohotkey applescript modulenotfounderror
code 3: importerror unicodedecodeerror filenotfounderror econnrefused enoent cuda
code 3: tsconfig eslintrc gitignore npx nodejs tomcat jetty wildfly httpd caddy traefik
code 3: haproxy istio grafana prometheus kibana logstash airflow dbt bigquery redshift
code 3: hadoop databricks duckdb polars dplyr ggplot ggplot2 tidyverse rstudio xgboost
code 3: keras huggingface langchain spacy nltk tkinter pyqt pyside gtk flutter ionic
code 3: cordova nuxt gatsby redux zustand mobx rxjs vuex pinia nestjs fastify mongoose
code 3: prisma typeorm sequelize openpyxl mockito jest vitest mocha rspec solidity
code 3: hardhat luau prolog x86 riscv bazel ffmpeg imagemagick ldap saml ssl tls openssl
code 3: certbot letsencrypt virtualbox wsl proxmox zfs ext4 ntfs flexbox viewport dax
code 3: dapper entityframework nullpointer configmap ingress kubelet eks gke stdlib
code 3: changelog monorepo hotfix concurrenthashmap namespace* pseudocode boilerplate
code 3: scaffold* codegen idempotent polymorphi* getter* setter* constructor*
code 3: destructor* typedef typecheck* stylelint pylint flake8 unicode utf8 ascii utf
code 3: base64 md5 sha256 uuid uuids guid gc ioerror oserror runtimeerror nameerror
code 3: permissionerror zerodivisionerror nullreferenceexception parser parsers
code 2.5: webpage* website* leetcode hackerrank compil* ssh cors null undefined function
code 2.5: functions
code 2: generator* haskell* sticky shadow scroll* crawler* crawl tooltip sidebar footer
code 2: responsive electron dart lua julia scheme lisp assembly vpn vm vmware apache
code 2: spark snowflake hive sentry roblox bios kernel modal popup overflow nested
code 2: regexps inherit* refs prod program* div selector* stylesheet* python java php
code 2: perl haskell rust matlab json yaml xml toml docker github gitlab redis api apis
code 2: backend frontend fullstack react vue angular linux unix code codebase bug bugs
code 2: buggy algorithm* array* recurs* recursive decorator* callback* singleton
code 2: snippet* cron js jsx ts tsx cpp lambda* config repo repos iterator* boolean*
code 2: subclass* middleware oauth runtime compiler* enum enums tuple tuples hashmap
code 2: hashset linkedlist dict dictionar* coroutine* closure* dns tcp udp http https
code 2: header* payload* daemon emulator chromium dom shader* vertex opengl vulkan
code 2: unity3d godot submit* developer* devs dev web browser* ping pings
code 2: crashloopbackoff
code 1.5: script* implement* implementation* macro* query queries querying database*
code 1.5: schema* endpoint* loop loops looping pointer* exception* repository deploy*
code 1.5: deployment* server* app cli aws azure gcp lambda s3 ec2 ruby scala node
code 1.5: software iteratively parse* pars* parameter* crash* timeout* plugin* terminal
code 1.5: shell ide formulas spreadsheet* pivot cache* caching pagination paginat*
code 1.5: authenticat* login config* configur* migrat* proxy hostname subnet firewall
code 1.5: dependency dependencies package* library module* import* commit* branch*
code 1.5: merge* rebase stash bitwise hash* token* encrypt* decrypt* webhook* cookie*
code 1.5: session* checkbox dropdown navbar component* props hook hooks template*
code 1.5: widget* csv vim emacs iterat* await mock* stub* fixture* assert* logs logger
code 1.5: logging stacktraces error errors warning pod pods site websites
code 1: hosts print prints click clicks clicked screen page desktop mobile tab tabs form
code 1: variable* string* thread* ci struct* test tests url urls excel method* const std
code 1: fehler latency workflow* stack install* upgrade* version button* column* row
code 1: rows cell cells file files folder* directory input output returns returned throw
code 1: throws command* bot scrap* automat* object* instance* validation validate* sort
code 1: sorts sorted sorting reverse* filter* index* buffer* socket* port ports
code 1: container* build builds pipeline* architecture refactoring legacy migration
writing 3: translat* poem poems poetry sonnet* haiku haikus limerick* lyric* ballad
writing 3: essay* eulog* slogan* tagline* rephras* paraphras* proofread* reword*
writing 3: screenplay* fairytale* rewrit* rewrote copywrit* villanelle couplet acrostic
writing 3: valediction fanfic fanfiction monologue* obituar* ghostwrit* stanza stanzas
writing 3: rap jingle*
writing 2.5: compose* compos* story stories fable* newsletter* rhyme* rhyming
writing 2.5: storytelling blogpost* grammatical* spellcheck* typo typos draft* tighten*
writing 2.5: reword wordy jazz soften* lengthen* embellish* humaniz* humanis* narrat*
writing 2.5: hashtag* legend skit sitcom screenwrit* chorus refrain melanchol*
writing 2: imagery vivid podcast* verse* ode email* mails polish* tale tales blog*
writing 2: tweet* headline* caption* dialogue* grammar invitation* paragraph paragraphs
writing 2: translation* poet scene scenes prose speech* toast wording testimonial*
writing 2: brochure* flyer* punctuation spelling linkedin instagram advert* motto vows
writing 2: farewell apology apologiz* apologis* congratulat* condolence* catchy
writing 2: persuasive synopsis prologue epilogue protagonist villain noir shorten*
writing 2: condense* concise* politely petition yearbook pitch nicer nicely phrasing
writing 2: wittier punchy letterhead memoir autobiograph* biograph* folktale parody
writing 2: satire satirical backstor* thriller* roast pun puns teaser blurb foreword
writing 2: byline
writing 1.5: write writes writing written craft* letter* brief carta edit edited editing
writing 1.5: bio polite* tone friendlier outline* paragraph* rewritten postcard* resume
writing 1.5: cv announcement* announc* warm* witty humorous heartfelt sincere casual
writing 1.5: greeting wishes birthday wedding retirement whimsical poetic cheesy fluent
writing 1.5: fluently idiomatic readable tense marketing horror romance cute memo
writing 1.5: signature complaint quote invent imagine spot
writing 1: ad ads abstract smth plain describe describing confident* enthusiastic
writing 1: sarcastic card cards lines endings ending spell article creative creatively
writing 1: plot character* captivat* engag* mail message messages note post posts formal
writing 1: formally professional* fictional narrator novel* chapter* introduction
writing 1: friendly style sentence* phrase* word words title titles sound sounds reply
writing 1: tweets funny humor humour audience cozy flowery dragon wizard princess knight
writing 0.75: landlord boss neighbor neighbour colleague* invite invites sequel hero
analysis 3: analys* analyz* analysis analyses analytical summaris* summariz* swot tldr
analysis 2.5: compar* assess* summary summaries implication* insight* interpret*
analysis 2.5: critiqu* postmortem* disadvantage* takeaway* comparison* comparative gist
analysis 2.5: subtext assumption* reconcil* critici* rebut* steelman underly* loophole*
analysis 2.5: flaw* caveat* misleading gaps
analysis 2: cause* evaluat* strateg* trend* outlier* diagnos* finding findings symbolism
analysis 2: strength strengths weakness* methodolog* tradeoff* critically summarized
analysis 2: pattern* hypothes* correlat* weigh* drawback* downside* pros cons recap
analysis 2: bottleneck* counterargument* fallacy fallacies bias* biased lessons roadmap
analysis 2: owes subscription* mrr arr ltv cac arpu okr philosoph* capitalis* socialis*
analysis 2: communis* democrac* ideolog* inequalit* debate* regression allegor*
analysis 2: metaphor* motif motifs foreshadow* irony prognos* outlook pestle porter
analysis 2: stagnat* underperform* overestimat* rivals grade debt connection* reasons
analysis 2: credib* considerations credence nps angles contradict* inconsisten* ambigu*
analysis 2: churn kpi kpis roi ebitda cohort* segmentation benchmark* competitor*
analysis 2: stakeholder* thematic insightful anomal* synthesiz* synthesis synthesis*
analysis 2: distill* ramification* viability viable feasib* feasibility prioritiz*
analysis 2: prioritis* scrutin*
analysis 1.5: crisis judge judged hire candidates candidate theory theories society
analysis 1.5: sources visits signups leads excerpt nda cashflow leverage overhead
analysis 1.5: backlog bottom delays delay founders runway exclusiv* common board wast*
analysis 1.5: compet* comments factor* driver* advantage* report* conclud* conclusion*
analysis 1.5: argument* theme* competitive risk* risky justif* differ differs
analysis 1.5: difference* versus vs contrast* rank ranking rankings evidence
analysis 1.5: explanation* transcript* revenue* margin* profitab* retention conversion*
analysis 1.5: funnel forecast* quarterly q1 q2 q3 q4 yoy budget* vendor* supplier*
analysis 1.5: invest* investor* acquisition merger dataset* significan* confound* causal
analysis 1.5: causation survey* respondent* feedback complaint* review reviews minutes
analysis 1.5: clause* contract* liabilit* complian* regulat* legislation geopolit*
analysis 1.5: macroeconomic* economic economics inflation recession tariff* election*
analysis 1.5: ethical ethic* persuad* plausib* reasoning consequence* impact* imply
analysis 1.5: implies indicate* rationale pitfall* clinical recommendations
analysis 1: rate opinion interview* market* study studies recommendation data metric*
analysis 1: scenario* identif* examin* severit* likelihood effect effects policy
analysis 1: policies better decid* decision* option* passage document sales customer*
analysis 1: growth decline* declin* dropped increase* decrease* fell rose pricing argue*
analysis 1: author stance claim* company companies business* industry* sector*
analysis 1: organization* organisation* region* department* employee* turnover startup*
analysis 1: expand* expansion launch* highlight* flag flags tables chart* affect*
analysis 1: influenc* role historical revolution* empire war sustainable* scalab*
analysis 1: perspective* viewpoint*
analysis 0.75: explain explains
math 3: equation* integral* derivativ* eigenvalue* eigenvector* probabilit* theorem*
math 3: lemma* polynomial* calculus algebra trigonometr* logarithm* permutation*
math 3: arithmetic pigeonhole binomial antiderivative* determinant* factorial* quadratic
math 3: gcd lcm bijection* bijective injective surjective homomorphism* isomorph*
math 3: isomorphic cosine sine asymptote* hypotenuse parabola* hyperbola* ellipse
math 3: vertices maclaurin riemann gaussian laplacian jacobian hessian modulo congruen*
math 3: divisib* differentiat* differentiable radians
math 2.5: prove proves proving calculat* solve solves solving factorise* factoriz*
math 2.5: perimeter* mathematical* circumference radius diameter compounded
math 2: compute* proof* simplif* integer* fraction* converg* matrices geometr* remainder
math 2: variance math maths mathematics dice diverg* abelian marbles deduce numerator
math 2: denominator exponent* coefficient* slope summation triangle* rectangle*
math 2: parallelogram trapezoid octagon hexagon pentagon percent* percentage* decimal
math 2: decimals
math 1.5: equally doubled doubles triples halved sum sums prime primes matrix induction
math 1.5: median cos sin tan coin coins combination* multiply multiplied multiplication
math 1.5: divided divid* subtract* vector vectors infinity cube cubes cylinder* sphere
math 1.5: cone cones angle* perpendicular parallel apples deck drawn urn ratio*
math 1.5: proportion* average averages odds equals root roots tiles fence mph kmh
math 1: interest area volume discount* cm km km/h metres meters limit limits series
math 1: total circle digit* digits sequence* consecutive twice speed invested tank pipe
math 1: train trains travels costs cost price save saves saved paid pays spend spends
math 1: spent sells buys sold earn earns tip split evenly miles gallons liters litres kg
math 1: pounds dollars cents weighs
speed 3: yesno
speed 2.5: categoriz* categoris* briefly synonym* antonym* tersely classif*
speed 2.5: classification*
speed 2: spam ham acronym abbreviation asap
speed 1.5: quick extract* label* category categories quickly pls
speed 1: only just solo sentiment positive negative neutral detect* true false normalize
speed 1: tag tags capital timezone plural
speed 0.5: yes
general 2: recipe* restaurant* itinerar* movie* hobby hobbies vacation*
general 1.5: advice advise* tips trip trips travel* cook* dinner gift gifts recommend*
general 1.5: suggestions bored lonely motivat* friendship roommate girlfriend boyfriend
general 1.5: husband dating garden* houseplant* puppy kitten dog dogs cat cats workout*
general 1.5: diet sleep insomnia headache hiking camping knit* crochet guitar piano hike
general 1.5: netflix clean cleaning stain stains
general 1: fun interesting curious wonder* feeling feel hungry tired weekend favorite
general 1: favourite learn learning beginner* kids toddler baby meal* vegetarian
general 1: breakfast lunch habit habits stress* anxious anxiety doctor healthy health
general 1: weight running jog gym muscle* yoga meditat* pets pet visit visiting tourist*
general 1: sightseeing museum* beach flight hotel hotels born history religion mythology
general 1: universe planet* evolution dinosaur* octopus* animals bird birds
general 0.75: house apartment car coffee tea music song band game games play chat talk
general 0.75: friend friends mom dad sister brother tonight tomorrow
""",
    "German": """
code 3: programmier* refaktorier* kompilier* quellcode quelltext codezeile* datenbank*
code 3: webseite* programmcode skript* debugge* algorithmus algorithmen
code 2: formular* schaltfläche* browser absturz anwendung endlosschleife verzeichnis
code 2: funktion* abfrage* klasse methode* fehlermeldung* schleife* schnittstelle*
code 2: programm programme befehl* konsole ausführ* abstürz* stürzt implementier*
code 2: installier* konfigurier* endpunkt* tabellenblatt makro variable* zeichenkette*
code 2: testfall testfälle
code 1.5: fehler server datei* ordner spalte* zeile* befehlszeile eingabe bricht läuft
code 1.5: zellen zelle
writing 3: übersetz* gedicht* kurzgeschichte* märchen umformulier* formulier* aufsatz
writing 3: bewerbungsschreiben motivationsschreiben anschreiben geburtstagsgedicht
writing 3: slogan reime reim liedtext korrekturles* schreibstil pressemitteilung*
writing 3: produktbeschreibung* glückwunschkarte trauerrede rechtschreib* hochzeitsrede
writing 3: einladungstext dankesrede newslettertext werbetext*
writing 2.5: nachruf vorwort grußwort kurzbiografie dialog szene kapitel pressetext
writing 2.5: stellenanzeige arbeitszeugnis mahnung beschwerde* witzig* roman figur
writing 2.5: flüssig* stichworte* grußkarte* geschichten erzählung verse liebesbrief*
writing 2.5: spruch sprüche
writing 2: brief rede geschichte nachricht einladung* verfass* dicht* mail email
writing 2: höflicher höflich grammatik korrigier* rechtschreibfehler bewerbung*
writing 2: überschrift* werbe* kündigungsschreiben kündigung entschuldigung*
writing 2: glückwunsch* geburtstag blogartikel blogbeitrag umschreib* absage dankeschön
writing 1.5: schreib* text texte locker freundlicher förmlich* kürzer lesbarer
writing 1: freundlich satz sätze absatz klingt
analysis 3: analysier* analyse* zusammenfass* zusammenfassung* vergleich* swot
analysis 2.5: nachteil* bewert* beurteil* ursache* erkenntnis* auswert* schlussfolger*
analysis 2.5: gegenüberstell* interpretier* einschätz* einordn*
analysis 2: denkfehler argumentation kernaussage* hintergründe konsequenz* kennzahl*
analysis 2: bilanz wettbewerb* konkurren* perspektive* rentab* wirtschaftlich* lohnt
analysis 2: gescheitert gewicht* schwachstell* fazit einschätzung wieso abwägung
analysis 2: widerspruch widersprüch* annahme* plausibel vorteil* auswirkung* risiken
analysis 2: risiko trend* strategie* unterschied* argument* entwicklung* ableit*
analysis 2: zusammenhang zusammenhänge stärken schwächen untersuch* erörter* kritisch*
analysis 2: stichpunkt* folgen
analysis 1.5: bericht* vertrag* umsatz umsätze daten studie* umfrage* abwäg* gründe
analysis 1.5: warum hinsichtlich bezüglich einfluss markt marktanteil quartal
analysis 1: erklär* unternehmen wirtschaft* kunden entscheid* sinnvoller
math 3: gleichung* wahrscheinlichkeit* ableitung* integral* beweis* berechn* rechne
math 3: primzahl* nullstelle* eigenwert* quadratwurzel bruchrechn* dreieck* kreisfläche
math 3: oberfläche flächeninhalt umfang zinseszins* stammfunktion
math 2: wurzel prozent löse volumen würfel* kegel* zylinder* kugel* matrix summe rechnen
math 2: ausrechnen addier* multiplizier* dividier* durchschnitt* aufgabe
math 1.5: lös* zahl zahlen radius höhe seitenlänge* preis kostet
speed 3: klassifizier* stichwort
speed 2: kurz schnell synonym hauptstadt abkürzung nenne antworte knapp
speed 1: heißt
speed 0.5: nur ja nein
general 1.5: rezept* kochen urlaub reise* ausflug tipps empfehl* empfiehl* geschenk*
general 1.5: abnehmen schlafen hund katze pflanze* balkon garten wochenende
general 1: lernen kinder gesund* sport freund freundin film* buch bücher geschenkidee*
general 0.75: möchte eignen hilft erzähl*
""",
    "French": """
code 3: programm* compil* refactoris* débogu* algorithme* regex
code 2: formulaire navigateur bouton répertoire fonction* requête* boucle* classe
code 2: méthode* fichier* implément* serveur* dépôt logiciel développeur script*
code 2: exception* variable* installer
code 1.5: erreur* code colonne* dossier* bogue
writing 3: traduis* tradui* traduction* rédig* reformul* poème* lettre* rédaction
writing 3: paraphras* slogan* dissertation discours corrig* réécri* résiliation toast
writing 3: haïku comptine rime*
writing 2.5: accroch* roman dialogue scène hommage éloge biographie réclamation chapitre
writing 2.5: orthographe fautes grammaire courriel* conte mail email
writing 2: récit annonc* remercier fluide écri* écris écrire écrivez histoire texte*
writing 2: article invitation* motivation message annonce légende accroche* poli polie
writing 2: félicitation*
writing 1.5: remerci* phrase* paragraphe*
writing 1: formel titre
analysis 3: analys* résum* compar* synthèse synthétis* évalu*
analysis 2.5: inconvénient* conséquence* enjeux interpr*
analysis 2: argumentaire perspectives rentab* concurren* stratégique échanges leçons
analysis 2: crise vaut faudrait bilan enjeu pertinen* cohéren* avantage* cause* causes
analysis 2: différence* facteurs facteur stratégie* tendance* risque* argument* critiqu*
analysis 2: hypothèse* impact* expliqu* limites
analysis 1.5: rapport* données étude* résultat* ventes entreprise* marché pourquoi
analysis 1.5: contrat* effets
analysis 1: économ* politique* clients
math 3: équation* intégral* dérivée* probabilité* démontr* calcul* théorème* résous
math 3: résoud* racine* polynôme* prouv* matrice
math 2: pourcentage* aire périmètre triangle somme nombre nombres premiers fraction*
math 2: vitesse volume moyenne additionn* multipli*
math 1: combien prix
speed 3: classifi* synonyme* catégoris*
speed 2.5: brièvement rapidement
speed 2: vrai faux extrai* monnaie
speed 1: mot seul seulement catégorie
speed 0.5: oui non
general 1.5: recette* cuisin* voyage* conseil* conseiller cadeau* vacances recommand*
general 1.5: chien chat jardin* plante* dormir maigrir apprendre restaurant* film*
general 0.75: choisir aime enfants visiter idée idées
""",
    "Spanish": """
code 3: program* compil* depur* refactoriz* algoritmo* código codigo
code 2: formulario navegador botón devuelve función funciones consulta* bucle* clase
code 2: método* archivo* servidor* implement* script* excepción variable* instalar
code 2: terminal comando* desplieg* carpeta*
code 1.5: error errores columna* fila filas
writing 3: traduc* traduz* poema* redact* reformul* parafrase* cuento* ensayo* eslogan
writing 3: soneto* corrig* correg* reescrib* guion rima* brindis traducción discurso*
writing 2.5: diálogo novela escena biografía personaje* queja reclamación despedida
writing 2.5: ortografía gramática correo* carta* mail email
writing 2: tarjeta felicit* dedicatoria escrib* escríb* relato* artículo mensaje*
writing 2: invitación anuncio* felicitación párrafo* publicación
writing 1.5: texto* tono frase* formal amable historia
writing 1: título
analysis 3: analiz* análisis resum* compar* resumen evalú* evalu*
analysis 2.5: desventaja* inconveniente* conclusion* conclusión interpret* implicacion*
analysis 2: éxito rentab* competidor* tesis perspectiva* débiles fuertes identific*
analysis 2: conviene propuesta crisis fracas* opin* ventaja* causa causas riesgo*
analysis 2: estrategia* tendencia* diferencia* factor* argument* crític* consecuencia*
analysis 2: impacto* efecto* hipótesis explic*
analysis 1.5: informe* datos estudio* ventas empresa* mercado* contrato* resultado*
analysis 1.5: encuesta* clientes
analysis 1: economía económic* política*
math 3: ecuacion* ecuación integral* derivad* probabilidad* demuestr* calcul* teorema*
math 3: resuelv* raíz raices polinomio* matriz cálculo
math 2: porcentaje área perímetro triángulo suma número números primos fracción
math 2: velocidad volumen promedio sumar multiplic* cuadrada
math 1: cuánto cuántos cuántas precio
speed 3: clasific* sinónimo* categoriz*
speed 2.5: brevemente rápidamente rápido
speed 2: verdadero falso extrae extraer extraiga
speed 1: solo solamente palabra categoría
general 1.5: receta* cocin* viaje* consejo* recomiend* recomend* regal* vacaciones perro
general 1.5: gato jardín planta* dormir adelgazar aprender restaurante* película*
general 0.75: quiero ayuda visitar cuéntame idea ideas novia novio
""",
    "Italian": """
code 3: programm* compil* codice algoritmo
code 2: pulsante browser funzione funzioni interroga* ciclo classe metodo server
code 2: implementa* database script variabile variabili installare comando cartella
code 1.5: errore errori colonna
writing 3: traduci* tradurre traduc* poesia poesie riscriv* riformul* corregg* racconto*
writing 3: favola saggio discorso filastrocca rima slogan
writing 2.5: dialogo romanzo scena biografia personaggio reclamo lettera grammatica
writing 2.5: ortografia mail email
writing 2: biglietto auguri dedica scriv* messaggio invito annuncio articolo storia
writing 2: didascalia
writing 1.5: testo frase tono formale gentile
analysis 3: analizz* analisi riassum* riassunto confront* valut*
analysis 2.5: svantagg* conseguenz* conclusion*
analysis 2: successo redditiv* concorren* tesi prospettiv* conviene deboli proposta
analysis 2: crisi fallit* opinion* vantagg* cause rischi rischio strategi* tendenz*
analysis 2: differenz* fattori argoment* critic* impatto effetti ipotesi spieg*
analysis 1.5: rapporto relazione dati studio vendite azienda mercato contratto perché
math 3: equazion* integral* derivat* probabilità dimostr* calcol* teorema risolv* radice
math 3: polinomio matrice
math 2: percentuale area perimetro triangolo somma numero numeri primi frazione velocità
math 2: volume
math 1: quanto quanti quante quantos quantas
speed 3: classific* sinonimo
speed 2: brevemente velocemente vero falso estrai
speed 1: sì solo parola
general 1.5: ricett* cucin* viaggi* consigl* regal* vacanz* cane gatto giardino dormire
general 1.5: dimagrire imparare ristorant* visitare giorni
""",
    "Portuguese": """
code 3: program* compil* depur* refator* algoritmo* código
code 2: formulário navegador botão função funções consulta laço classe método arquivo*
code 2: servidor implement* script* variável variáveis instalar comando pasta conect*
code 1.5: erro erros coluna
writing 3: traduz* tradu* poema* redij* redig* reescrev* reformul* parafrase* conto
writing 3: redação corrij* corrig* rima* discurso*
writing 2.5: diálogo romance cena biografia personagem reclamação ortografia gramática
writing 2.5: carta email mail legenda*
writing 2: cartão parabéns dedicatória escrev* mensagem convite anúncio artigo história
writing 1.5: texto* frase* formal divertido
analysis 3: analis* análise* resum* compar* resumo avali*
analysis 2.5: desvantage* conclus* interpret*
analysis 2: sucesso rentab* concorren* tese perspectiv* fracos fortes proposta crise
analysis 2: fracass* compens* vantage* causa causas risco* estratégia* tendência*
analysis 2: diferença* fatores argument* crític* consequência* impacto* efeito*
analysis 2: hipótese* expliqu* explic*
analysis 1.5: relatório* dados estudo* vendas empresa* mercado contrato investir
math 3: equaç* equação equações integral derivada* probabilidade* demonstr* calcul*
math 3: teorema resolv* raiz polinômio matriz prove
math 2: porcentagem área perímetro triângulo soma número números primos fração
math 2: velocidade volume
speed 3: classifi* sinônimo*
speed 2.5: brevemente rapidamente rápido
speed 2: verdadeiro extrai*
speed 1: apenas palavra
speed 0.5: sim não só
general 1.5: receita* cozinh* viage* viaj* dica* recomend* presente férias cachorro gato
general 1.5: jardim planta* cuidar dormir emagrecer aprender restaurante* filme*
general 0.75: orquídea visitar ideia ideias
""",
    "Russian": """
code 3: парсер* json csv код кода коде коду программ* скрипт* функци* алгоритм*
code 3: компилир* компиляц* питон* сервер* регулярк* отлад* рефактор* джава
code 2: кнопк* браузер* папк* парсинг сайт сайта ошибк* массив* цикл* класс* метод*
code 2: запрос* файл* контейнер* переменн* установить настроить библиотек* строк*
code 2: консол* команд* окружени* тест тесты
writing 3: переведи* перевод* перевед* стихотворени* стих* рассказ* сказк* эссе
writing 3: сочинени* письм* поздравлени* слоган* перефразир* перепиш* реферат* тост
writing 3: отредактир* сочини* рекламн* резюме исправь исправьте пост поста
writing 2.5: диалог* сцену роман биографи* жалоб* заявлени* тост* сообщение грамматик*
writing 2.5: орфограф* заголов* придумай*
writing 2: открытк* стихи сценари* легенд* сочин* напиш* написать составь* текст*
writing 2: вежлив* формальн* приглашени*
writing 1.5: официальн* абзац* предложени* статью статья описание историю
analysis 3: проанализир* анализ* сравн* сравнени* суммир* обобщ* резюмир*
analysis 2.5: оцен* выдел* вывод* недостат* преимуществ* минус* плюс*
analysis 2: конкурент* прибыл* рентабельн* перспектив* эффективн* сильные слабые сторон*
analysis 2: стоит кризис* аргументир* противоречи* причин* последстви* стратег* тренд*
analysis 2: тенденци* риск* отлича* отличи* разниц* фактор* аргумент* отзыв* влияни*
analysis 2: повлия* гипотез*
analysis 1.5: отчет* отчёт* данны* исследовани* продаж* компани* рынк* договор* объясн*
analysis 1.5: почему выручк*
math 3: уравнени* интеграл* производн* вероятност* докаж* вычисли* теорем* реши решите
math 3: корень корни многочлен* матриц* посчита* рассчита*
math 2: процент* площад* периметр* треугольник* сумм* числ* дроб* скорост* объем объём
math 2: задач* квадрат*
math 1: сколько
speed 3: классифицир* синоним* столиц*
speed 2.5: кратко коротко одним быстро
speed 2: извлеки определи ответь
speed 1: только слово слов
speed 0.5: да нет
general 1.5: рецепт* приготов* путешеств* совет* посоветуй* подарок подарить отпуск
general 1.5: собак* кошк* сад растени* выспаться похудеть научиться ресторан* фильм*
general 1.5: расскаж*
general 1: вставать
""",
}

# A weight below 0 is for what is called code and is none.
PHRASES = """
code 4: exit code, permission denied, segmentation fault, connection refused
code 3: keyboard shortcut for vs code, data class, abstract class, base class
code 3: type error, access token, api key, rest endpoint, query string
code 3: full text search, stored procedure, thread pool, message queue
code 3: cache invalidation, docker compose, docker image, java class, python class
code 3: python script, python code, bash script, shell command, array of
code 3: integer array, operating system, binary tree, dynamic programming
code 3: sorting algorithm, breadth first search, depth first, big o, object oriented
code 3: web app, mobile app, unit test, pull request, linked list, binary search
code 3: hash map, hash table, type hint, data structure, rest api, stack trace
code 3: time complexity, regular expression, design pattern, race condition
code 3: shell script, web scraper, console log, call stack, foreign key, primary key
code 3: insert into, create table, delete from, inner join, left join, alter table
code 3: code review, environment variable, raspberry pi, google sheets, google apps
code 3: machine learning model, null pointer, infinite loop, while loop, for loop
code 3: one liner, import error, no module named, cannot find module, is not defined
code 3: is not a function, github actions, visual studio, syntax error, line of code
code 3: lines of code, dark mode toggle, drop down menu, base de données
code 3: base de datos, banco de dados, code snippet, chrome extension, discord bot
code 3: telegram bot, given an array, given an integer, given a string
code 3: you are given an array, thread safe, exit status, asp net, command prompt
code 3: build fails, merge sort, quick sort, rate limiter, let and var, var and let
code 3: list comprehension, already in use, conditional formatting, power query
code 3: power bi, pivot table, z index, media query, http status, status code
code 3: background job, dependency injection, pull requests, feature flag
code 3: load balancer, virtual environment, react native, next js, vue js, node js
code 3: spring boot, ruby on rails, objective c
code 2.5: web page, web server, web site, login page, login form, drag and drop
code 2.5: dark mode, local storage, session storage, event listener, event loop
code 2.5: stack frame, unit tests
code 2: in javascript, in python, in haskell, in c, in java, in sql, in bash, in rust
code 2: in go, in typescript, in kotlin, in php, in ruby, in swift, in excel, in react
code 2: in css, sort by, group by, order by, convert a string, parse a, off by one
code 2: at runtime, file path, text editor, open source, remote branch, feature branch
code 2: main branch, a script that, a script to, an app that, a class that
code 2: command line, source code, merge conflict, memory leak, coding assistant
code 2: software engineer, software developer, stack overflow, core dumped
code 2: not found exception, ci cd, key value, open source library, returns none
code 2: works locally, version control, does not compile, doesn t compile
code 2: doesn t work, stopped working, not working, throws an, gives me an error
code 2: hot reload, page reload, submit button, read a file, write to a file
code 2: json array, mock data, json file, csv file, yaml file, drop table, config file
code 2: log file, user input, edge cases, test cases
code 1.5: returns an empty, returns nothing, gets called, is called twice
code 1.5: after upgrading, does nothing, throws error, works fine locally
code 1.5: works on my machine, line by line, at line, on line, in production
code 1.5: tech stack, a function, a program, a script, a query, a method, an algorithm
code 1.5: a regex, fails with, keeps failing, keeps crashing, won t start, t start
code 1.5: doesn t load
code -2: television program, tv program, space program, training program
code -2: exercise program, loyalty program, graduate program, school program
code -2.5: country code, dress code, zip code, area code, postal code, morse code
code -2.5: code of conduct, penal code, qr code, promo code, building code
code -2.5: discount code, civil code, tax code
code -4: no code, without code, don t write code, don t need code, not code, kein code
code -4: keinen code, ohne code, sans code, sin código
writing 3: wedding vows, thank you email, farewell email, farewell speech
writing 3: holiday card, christmas card, sympathy card, get well, invitation to our
writing 3: real estate listing, job ad, job posting, job advert, airbnb listing
writing 3: ebay listing, etsy listing, opening line, opening paragraph
writing 3: closing paragraph, first chapter, plot twist, character description
writing 3: meet cute, love story, ghost story, horror story, rewrite in, write in the
writing 3: tone down, make it shorter, make it longer, make this shorter
writing 3: make this longer, make it more, make this more, make this sound
writing 3: make it less, check the spelling, check my spelling, check my grammar
writing 3: correct my, native speaker, how to phrase, how to word, how do i phrase
writing 3: help me phrase, better wording, video script, podcast script, movie script
writing 3: script for a, cover letter, press release, product description
writing 3: thank you note, short story, landing page copy, song lyrics
writing 3: continue the story, opening scene, love letter, bedtime story
writing 3: job description, out of office, thank you card, fairy tale, call to action
writing 3: subject line, bullet points into, write up, cold email, follow up email
writing 3: dating profile, mission statement, letter of recommendation
writing 3: recommendation letter, resignation letter, ad copy, blog post
writing 3: wedding speech, best man, text to my, note to my, email to, mail to
writing 3: message to my, letter to, reply to this, respond to this email
writing 3: less robotic, more human, more natural, more formal, more professional
writing 3: more polite, more concise, less formal, sound better, sounds better
writing 3: flow better, in your own words, fix the grammar, correct the grammar
writing 3: voice over, elevator pitch, radio spot, plain language, sci fi, scene where
writing 2.5: write something, write me, write about, something funny
writing 2.5: something heartfelt, in the tone of, as if you were
writing 2.5: from the perspective of, from the point of view, respond to this
writing 2.5: answer this email, reply to, politely decline, say no to
writing 2.5: personal statement, opinion piece, product review, birthday card
writing 2.5: write a reply, help me word, help me write, how should i word
writing 2.5: how do i say, nicer way, polite way, better way to say, a few lines
writing 2.5: into english, into german, into french, into spanish, to english
writing 2.5: to german, to french, to spanish, in german, in french, in spanish
writing 2.5: in italian, in japanese, in chinese, to japanese, to chinese, to italian
writing 2.5: ins deutsche, ins englische, auf englisch, auf deutsch, en anglais
writing 2.5: en français, al inglés, al español, en inglés, in inglese, in italiano
writing 2.5: para o inglês, para inglês, на русский, на английский, для инстаграма
writing 2.5: say it nicer, make it nicer, less wordy, complaint to, complaint letter
writing 2.5: next scene, make up a, improve this text, improve my text
writing 2.5: improve the text, word this, two sentence, brand name, product name
writing 2.5: greeting card, rewrite it, ins französische, ins spanische
writing 2.5: ins italienische, mach daraus, mach aus, en español, em inglês
writing 2.5: in tedesco, en allemand, al francés, per email, check my english
writing 2.5: imagine you are, imagine you re, how would you say, in english please
writing 2.5: plus fluide, ce texte, dieses schreiben, etwas lockerer
writing 2.5: alternative ending, i have to give a speech, sound good, brand voice
writing 2.5: something nice, what should i write, what should i say, what do i write
writing 2.5: turn this into, turn these, make it rhyme, in a friendly tone
writing 2.5: tone of voice, conversation between, dialogue between, third person
writing 2.5: website copy
writing 2: a speech, an essay, a short text, an article, a story, a letter, a song
writing 2: words on, word essay, a note, a message to, a caption, a title for
writing 2: titles for, a card, the card, the website about, about page, about us page
writing 2: for the website, sound more, in the style of, come up with, make this
writing 2: write a speech, sound less, keep the length, same meaning, first person
writing 2: in the voice of, name for a, names for a, fill in the dialogue
writing 2: make it sound, set in, happy birthday, year old reader, keep it under
writing 2: words long, word count
writing 1.5: to my boss, to my landlord, to my team, to my neighbor, to my neighbour
writing 1.5: to a client, to the client, to a customer, to our customers
writing 1.5: to my teacher
writing -2: email thread, email address, mail address, email from, message from
writing -2: emails from, news story, user story, user stories, text field, text file
writing -2: error message, commit message, letter of the alphabet, this email
writing -2: this message, mail server
analysis 3: pull out the, key insights, key themes, main themes, main argument
analysis 3: main idea, main ideas, central argument, executive summary, bottom line
analysis 3: board meeting, what are the implications, what are the main
analysis 3: what is driving, what s driving, what s going on, what is going on
analysis 3: where is the problem, why is it that, why does our, why do our, why has
analysis 3: why have, why was the, why were, is this argument, logical fallacy
analysis 3: root cause, pros and cons, cost benefit, post mortem, trade off, tl dr
analysis 3: go to market, business case, key points, main takeaways, key takeaways
analysis 3: what went wrong, what stands out, what can we learn, lessons learned
analysis 3: action items, key differences, what does this tell, what do these
analysis 3: what does the data, most likely cause, make sense of, holes in, poke holes
analysis 3: devil s advocate, main arguments, why or why not, strong and weak
analysis 3: in favour of, in favor of, cash flow, balance sheet, income statement
analysis 3: gross margin, puntos débiles, puntos fuertes, punti deboli, pontos fracos
analysis 3: points faibles, сильные и слабые, vale la pena, vale a pena, vaut il mieux
analysis 3: lohnt sich, стоит ли, meeting minutes, open issues
analysis 2.5: in the long run, which approach, which option, which strategy
analysis 2.5: which factors, which vendor, which supplier, build or buy, buy or lease
analysis 2.5: rent or buy, buy or rent, make or buy, buy versus, better choice
analysis 2.5: better option, better investment, should i accept, should i take the
analysis 2.5: should i switch, should i invest, how does the author
analysis 2.5: how would you interpret, what can be inferred, infer from
analysis 2.5: what do the numbers, what do the data, these numbers, these figures
analysis 2.5: this data, this dataset, this report, this article, this paper
analysis 2.5: this study, this transcript, this contract, this proposal, this passage
analysis 2.5: this argument, this claim, this interview, key findings, main points
analysis 2.5: main factors, how would we, open questions, case study
analysis 2.5: strengths and weaknesses, explain your, main insights, what could be the
analysis 2.5: fasse das, fasse die, fass den, fass das, fass die, fasse den
analysis 2.5: fasse diesen, fass diesen, for and against, advantages and
analysis 2.5: what could explain, what might explain, what explains, should we
analysis 2.5: which of these, which one is better, which is better, is it worth
analysis 2.5: what would happen if, red flags, what are the risks, points forts
analysis 2.5: welche risiken, le pour et le contre, pro und contra, vor und nachteile
analysis 2.5: pros y contras, ventajas y desventajas, pro e contro, prós e contras
analysis 2.5: плюсы и минусы, за и против, wie unterscheid, who owes, who would you
analysis 2.5: which would you, would you choose, would you pick
analysis 2.5: would you recommend for our, give reasons, business idea, climate change
analysis 2.5: what is the subtext, what lessons, quelles leçons, qué lecciones
analysis 2.5: was lernen, in what ways, boil down, boil this, does it make sense
analysis 2.5: would it make sense, what do you make, your take on, blind spots
analysis 2.5: any connection, denkfehler in, a b test, talk me through, in common
analysis 2.5: stronger case, several angles, why might, why would, what s the catch
analysis 2.5: how credible, reason for, reasons for, was spricht, woran liegt
analysis 2.5: woran könnte, que penses tu, qué opinas, cosa ne pensi, o que você acha
analysis 2.5: что думаешь, was hältst du, does the conclusion, pull out
analysis 2: meeting notes, call notes, chat log, support tickets, incident timeline
analysis 2: feedback from, survey results, test results, exam results
analysis 2: quarterly results, focus group, pain points, use case for our
analysis 2: evaluate whether, assess whether, decide whether, how would a
analysis 2: how would the, play out, what role, what impact, how likely, how effective
analysis 2: how reliable, how realistic, is it realistic, rate these, do you agree
analysis 2: argue for, hard to copy, interest rate, reasoning sound, is it smart
analysis 2: the fall of, the rise of, the impact of, the role of, the effects of
analysis 2: the effect of, the future of, the significance of, view of, views on
analysis 2: what would you test, landing page, sign ups, lead to, led to, fact check
analysis 2: line of reasoning, what do our, where are we, where am i
analysis 2: how would you prioriti, what matters, ship it, matters most, how should we
analysis 2: what do they, can we conclude, marketing plan, business plan, action plan
analysis 2: what should we, break down, walk me through, both sides, what drives
analysis 2: what led to, to what extent, next steps, gap analysis, case for
analysis 2: argue that, point of view, market share, supply chain, business model
analysis 2: unit economics, burn rate, what patterns, do you see
analysis 2: give me your assessment, second opinion, sanity check, how do they differ
analysis 2: how does this compare, worth it, go through, look at these, look at this
analysis 2: what changed, why is our, why are our, our customers, our sales, our team
analysis 2: our users, is the conclusion
analysis 1.5: difference between, differences between, what makes, point out, how has
analysis 1.5: how have, makes sense to, is this a good, opinion on, thoughts on
analysis 1.5: how important, a good idea, would it be, pick apart, what s happening
analysis 1.5: what is happening, who is right, make the case, read the following
analysis 1.5: based on the, according to the, long term, short term, why did, how did
analysis 1.5: customer reviews, sales data, year over year, per cent of
analysis 1: what am i missing, why do
analysis -1.5: customer support, customer service
math 3: log base, natural log, to radians, to degrees, inverse of, geometric series
math 3: percent of, what is the probability, the chance of, chance that, odds of
math 3: mean and, in a row, is divisible by, is a multiple, common multiple
math 3: sum of the, product of two, next number, missing number, number sequence
math 3: all real, real numbers, real x, local maxima, local minima, how many ways
math 3: expected value, standard deviation, expected number, show that, square root
math 3: cube root, chain rule, prime number, word problem, at random
math 3: without replacement, compound interest, right triangle, least common
math 3: greatest common, find the area, find the value, solve for, in terms of x
math 3: find x, step by step solution, rolls of, fair coin, fair die, linear algebra
math 3: closed form, confidence interval, differential equation, per annum, sum of
math 2.5: km h, miles per, per hour, product of, is divisible, evaluate the limit
math 2: a bill of, grows by, equally among, slope of, how many years
math 2: how much interest, how many students, at a rate of, por ciento, pour cent
math 2: total amount, how many times, in total, per year after
math 2: expressed as a fraction, what is the sum, how many does, how much does each
math 2: times as, at what time, how old is, years old, how many are left
math 2: how much change, do i have after, how much will, monthly payment
math 1.5: find all, how many different, times as many, original price, let f, let n
math 1.5: times table, how much did, how many more, how much money
math 1: how many minutes, how many hours, how many days, how many people, per week
math 1: each day, per day, each week
speed 6: one word
speed 5: y or n, answer y, answer n, y n, yes no question, yes or no, yes no
speed 5: true or false, true false, single word, ja nein, ja oder nein, oui ou non
speed 5: sí o no, si o no, in einem wort, un mot, una palabra, sì o no, sim ou não
speed 5: да или нет, одним словом, uma palavra, одно слово, una sola parola
speed 5: un seul mot, solo sí o no
speed 4: answer briefly, be brief, in five words, in three words, in two words
speed 4: max 5 words, answer only, reply only, just the letter, single label
speed 4: short answer, quick question, keep it short, one letter, one of the following
speed 4: exactly one of, answer with only, answer with just, quick q, one of these
speed 4: respond only with, choose one, pick one, options are, which category
speed 4: categories are, intent classifier
speed 3.5: one sentence, one line, in a sentence, ten words, five words, einem satz
speed 3.5: une phrase, una frase, uma frase, одной фразой, output 1, otherwise 0
speed 3: just the answer, just the number, only the number, only the name
speed 3: the answer only, extract the name, extract the date, extract the email
speed 3: extract the phone, find the name, categorize the, classify the, classify this
speed 3: classify as, following categories, either a or b, the intent, the language of
speed 3: detect the language, just give me, give me just, nur mit, pick the, spam or
speed 3: or not spam, address only, number only, positive or negative
speed 3: positive negative, name only, the category, the label, is this spam
speed 3: is it spam, what language is
speed 2.5: a word that, a word for, stand for, the date out, the name out, symbol only
speed 2.5: format yyyy, capital of, opposite of, in short, the capital, die hauptstadt
speed 2.5: la capitale, la capital, another word, a capital, как называется, what time
speed 2.5: what day, spell check, the matching, correct spelling, the country code
speed 2.5: is it spelled, eine kategorie, einer kategorie, le féminin, le pluriel
speed 2.5: boiling point, iso code, as fast as, real quick, how do you spell
speed 2.5: how do you pronounce, plural of, how do you say, reply with, respond with
speed 2.5: answer with, return only
speed 2: output only, return a json, as json, json object, with the fields
speed 2: the sentiment
speed 1.5: what year, which year, which country, which city, how many people live
speed 1.5: what is the name, is it true, name one, name two, name three
speed 1.5: give me a synonym, what s another, extract the, nothing else
speed 1.5: no explanation, the following fields, phone number
speed 1: who is the, who was the, when did, when was, where is, what s the name
speed 1: name a, past tense
speed 0.75: what does, only the, just the
general 2.5: tell me what you, tell me about, tell me something, should i wear
general 2.5: how do i get, what to do, recommend me, can you help, like i m five
general 2.5: explain like, i m feeling, i feel, my dog, my cat, my kids, my son
general 2.5: my daughter, my mom, my dad, my wife, my husband, my girlfriend
general 2.5: my boyfriend, good books, book recommend, plan a, day trip, first time
general 2.5: let s play, just for fun, what s it like
general 2: what are the benefits, what are the rules, is it safe, is it hard
general 2: is it normal, is it bad, what would you do, i want to start
general 2: i want to learn, get rid of, get better at, how does a, what happens
general 2: living room, date night, for dinner, was kann man, que faire, qué puedo
general 2: cosa posso, o que fazer, что делать, wie fange ich, wie kann ich
general 2: comment faire, cómo puedo, como posso, как мне, how are you, who are you
general 2: what can you do, tell me a joke, a joke
general 1.5: what should i, should i be, any tips, some ideas
general 1.25: how does the, how do the, explain how
general 1: how can i, how do i, how to, the rules of
"""

# What the first word of a request adds to its usual meaning, or says only there.
LEADING = """
code 1.5: implement refactor debug optimise optimize port deploy code programmiere
code 1: fix build configure install convert add create
writing 1: translate rewrite rephrase paraphrase proofread compose draft übersetze
writing 1: traduis traduce rédige redacta polish edit formuliere shorten reword traduza
writing 1: traduci переведи reformule umformuliere write schreibe schreib écris escribe
writing 1: scrivi escreva напиши craft continue turn
analysis 3: resume examine contrast
analysis 1.5: analysiere analiza interpret critique résume identify compara analise
analysis 1.5: resuma подведи проанализируй сравни оцени confronta valuta riassumi fasse
analysis 1.5: rate judge grade
analysis 1: compare analyse analyze evaluate assess summarise summarize vergleiche why
analysis 1: warum pourquoi wieso perché почему discuss weigh review read
math 1.5: prove solve calculate compute simplify berechne löse beweise find determine
math 1: integrate démontrez calcule calcula resuelve differentiate show
speed 2: classify label extract categorize quick name pick tag detect
speed 1.5: assign map
"""

EAST_ASIAN = """
code 3: 写代码 網頁 网页 前端 后端 プログラミング 정렬 代码 代碼 编程 編程 程式 函数
code 3: 函數 関数 爬虫 报错 正则 调试 코드 함수 单元测试 コード アルゴリズム 报异常
code 3: スクリプト プログラム 数据库 排序 单例 空指针 组件 编译 线程 索引 後端 資料庫
code 3: 除錯 エラーが出 コンパイル クラスを メソッド ソート 正規表現 配列 변수 오류
code 3: 함수를 파이썬 스크립트 데이터베이스 컴파일 异常 字符串 数组 循环 链表 二叉树
code 3: 接口 服务器
code 2: 程序 算法 演算法 脚本 部署 实现 データベース バグ 알고리즘 变量 命令 エラー
code 2: サーバー 실행 配置 安装 内存 公式 单元格 表格 このエラー 変数 ファイル
code -9: 不要写代码 不要代码 不用代码 コードは不要
writing 3: 俳句 手紙 周报 简历 履歴書 广告语 口号 演讲 推文 散文 短编 소설 이메일 翻译
writing 3: 翻譯 翻訳 번역 润色 潤色 改写 改寫 文案 作文 书信 邮件 郵件 诗歌 首诗 的诗
writing 3: 写诗 詩を 首詩 的詩 故事 小说 小說 物語 演讲稿 歌词 メール 文面 添削 에세이
writing 3: 朋友圈 情书 检讨书 贺词 祝福语 请假条 公众号 小红书 剧本 对联 童话 扩写 缩写
writing 3: 续写 仿写 语病 病句 邀请函 英訳 和訳 訳して 言い換え スピーチ 挨拶文
writing 3: キャッチコピー 短編 昔話 부고 편지 자기소개서 시를 맞춤법 사과문 축사 介绍信
writing 3: 道歉信 感谢信 自我介绍 书面语 口语化 记叙文 议论文 为题 作文题 发言稿 主持词
writing 3: 读后感 日本語に訳 英語に訳 书面 讲稿 悼词 广告词 推荐信 申请书 投诉信
writing 3: あらすじ 紹介文 志望動機 台詞 脚本を
writing 2: 日本語に 英語に 書き直 译成 译为 翻成 韩文 成英文 成中文 更通顺 字的 800字
writing 2: 500字 委婉 怎么说更 肉麻 更好听 更礼貌 もっと自然 写一篇 写一首 写一封 寫一
writing 2: 書いて 文章を 标题 작성 语气 口吻 敬語 通顺 起个名字 写一段 写一份 帮我写
writing 2: 丁寧 お礼 お詫び 自然な日本語 自然な英語 써주세요
writing 1.5: 作成して 写作 文章 标语 써줘 文采 正式 改得 自然な
analysis 3: 分析 总结 總結 概括 要約 요약 분석 评估 評估 評価 优缺点 優缺點 对比 對比
analysis 3: 比较 比較 비교 利弊 まとめて 考察 摘要 归纳 歸納 梳理 优劣 メリット
analysis 3: デメリット 洞察 解析 장단점 평가 원인 可行性 论证 漏洞 弱点 指摘 待办事项
analysis 3: 会议纪要 哪个更好 问题所在 長所 短所 べきか 강점 약점 시사점
analysis 2: 解读 解讀 评价 評價 区别 區別 报告 報告 レポート 要点 比べて 違い 傾向 차이
analysis 2: 原因 为什么 為什麼 异同 市场份额 为何 竞争 财务 财报 営収 売上 営業 数据
analysis 2: 數據 划算 哪一份 哪家 哪个方案 优势 劣势 挑战 机遇 背后 启示 反驳 论点
analysis 2: 你怎么看 何がわかり 怎么看待 反对 支持 观点 依据 アンケート 결과 提案 理由
analysis 2: 角度看 用户留存 優先 可能的原因 근거 なぜ 議論 検討 影响 影響 영향 전략 推移
analysis 2: 読み取れ
analysis 1.5: 风险 風險 策略 趋势 趨勢 課題 角度 问题出在 说明 説明 戦略 政策 建议 合同
analysis 1.5: 条款 营收 利润 增长 下降 客户 反馈 用户评论
math 3: 平方根 三角形 几何 幾何 数列 百分之 解いて 求导 倍数 约数 面积 面積 证明 證明
math 3: 証明 증명 计算 計算 계산 方程 概率 機率 確率 积分 積分 导数 導數 微分 矩阵 矩陣
math 3: 等于多少 求解 解方程 因数 不等式 偶数 极值 求和 列式 質数 质数 素数 求めよ
math 3: 求めなさい 前n项 等差 等比 应用题 확률 방정식 적분 미분 구하 体积 周长
math 2: 共花 多少元 每支 每本 每千克 平方米 相遇 追上 まで何 何個 何円 涨价 降价 原价
math 2: 打折 合计 一共 平均 求出 答えを 割合 速度 时速 分给 每人 每个 个苹果 还剩
speed 4: 一句话 一句話 一个词 一個詞 是或否 只回答 一言で いいえ 只输出 只需回答 是还是
speed 4: 単語で 一語で 아니오 只返回 是否 正面还是负面 ポジティブ 分类
speed 3: 英語で 英语怎么说 用英语 何語 怎么读 首都 快速 简短 簡短 簡単に 수도 分類 提取
speed 3: 抽出 判断 反义词 同义词 近义词
general 2: 推荐 推薦 おすすめ 추천 旅游 旅遊 旅行 여행 菜谱 食谱 レシピ 好玩 好吃 礼物
general 2: 礼品 怎么办 失眠 减肥 健身 养猫 养狗 怎么养 教えてください 历史 観光 周末
general 2: 电影 映画 無聊 聊天 学习 睡眠 感冒 头疼 心情 喜欢
"""

COMMON = """
about all also and any are because but can come could did does each for from get give
good had has have here how how's into just know like long look made make many me more
most much need not now one only other our over people same should some take tell than
that the their them then there these they thing this those time under use very want was
way were what when where which while who why will with work would year your best better
first last next main per two three you your see say one was it yours why new right
"""
"""Words so frequent that a phrase is looked for by another of its words."""

NEGATORS = "don don't not no without never kein keinen keine ohne sans"
"""Words that take back the one after them."""

MAKING = "t write give include use show add produce output generate do need want any"
"""Words that pass a negation on to what they make: "don't write code"."""

COURTESIES = """
please can could would you help me to i need want like now and then so kindly d we let s
bitte kannst du mir por favor pouvez vous peux tu us have hi hello hey ok okay thanks
thx ll m just maybe also quickly pls plz dear using given hallo hola bonjour salut
können sie mich ich brauche möchte könntest puedes podrías necesito quiero je voudrais
veux besoin de j ai puoi vorrei per favore você pode preciso quero пожалуйста мне нужно
помоги можешь привет the following great good cool nice perfect your task is this that
it for in und jetzt ahora maintenant mal eben bonsoir guten tag
"""
"""Words that stand before the verb that counts."""

SMALL_TALK = """
hi hello hey yo hiya there thanks thank you thx ty cheers ok okay k kk cool great good
nice perfect awesome morning evening afternoon night day bye goodbye see later ya so
much very a lot that s all it works now worked fine got alright sure yes no yep nope
ping test testing lol haha wow sorry please welcome how are is what up sup gm gn exactly
right super hallo danke schön vielen dank dir guten morgen tag abend moin servus tschüss
klar passt bonjour salut merci beaucoup bien ça va bonsoir au revoir d accord coucou
hola gracias muchas buenos días buenas tardes noches qué tal vale adiós perfecto ciao
grazie mille buongiorno buonasera prego olá oi obrigado obrigada bom dia boa tarde noite
tudo bem valeu tchau привет спасибо большое здравствуйте добрый день доброе утро вечер
пока хорошо понял поняла
"""
"""A short message of nothing but these is a greeting, a thank-you or an assent."""
