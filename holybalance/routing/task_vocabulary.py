"""Owns the words that speak for a task, as plain tables by language; reads nothing."""

from __future__ import annotations

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
    "Spanish": "- a as ar e es en o os an ado ada ido ir er ción ciones ame alo arlo s irle irlo irme eme ele ela",
    "Italian": "- a are ami i e o ere ire ando ata ato zione zioni mi",
    "Portuguese": "- a e ar er ir ir o os as es ção ções ando ado ada r",
    "Russian": "- а я у ю ы и е о ь й ть ти ите йте те ать ить ал ом ой ов ам ами ах ей"
    " ия ию ии ию ние ния ий ые ый ая ую ых",
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
code 3: gradle jvm dotnet blazor linq xamarin swiftui xcode cocoapods elixir
code 3: clojure erlang ocaml fortran cobol verilog vhdl arduino esp32 raspi unittest*
code 3: microservice* rabbitmq kafka elasticsearch dynamodb cassandra firebase supabase
code 3: openapi swagger postman oauth2 jwt tokenizer lexer bytecode opcode ioctl mmap
code 3: quicksort mergesort quicksorts heapsort bfs dfs crud bst trie logcat bean
code 3: malloc calloc printf println scanf iostream vscode neovim tmux zsh awk sed curl
code 3: wget rsync crontab systemd systemctl iptables vagrant jenkins circleci helm
code 3: podman ubuntu debian centos homebrew brew pip venv conda pipenv
code 3: virtualenv jupyter matplotlib seaborn sklearn scikit scipy opencv selenium
code 3: playwright puppeteer cypress beautifulsoup scrapy celery gunicorn uvicorn
code 3: pydantic asyncio multiprocessing multithread* deadlock* memoiz* backtracking
code 3: serializ* deserializ* transpil* minif* lint linter* dto orm orms crud mvc sdk
code 3: vlookup xlookup sumif sumifs countif countifs autohotkey applescript
code 3: modulenotfounderror importerror unicodedecodeerror filenotfounderror econnrefused
code 3: enoent cuda tsconfig eslintrc gitignore npx nodejs
code 3: tomcat jetty wildfly httpd caddy traefik haproxy istio grafana prometheus kibana
code 3: logstash airflow dbt bigquery redshift hadoop databricks duckdb polars dplyr
code 3: ggplot ggplot2 tidyverse rstudio xgboost keras huggingface langchain spacy nltk
code 3: tkinter pyqt pyside gtk flutter ionic cordova nuxt gatsby redux zustand mobx
code 3: rxjs vuex pinia nestjs fastify mongoose prisma typeorm sequelize openpyxl
code 3: mockito jest vitest mocha rspec solidity hardhat luau prolog x86 riscv bazel
code 3: ffmpeg imagemagick ldap saml ssl tls openssl certbot letsencrypt virtualbox wsl
code 3: proxmox zfs ext4 ntfs flexbox viewport dax dapper entityframework nullpointer
code 3: configmap ingress kubelet eks gke stdlib changelog monorepo hotfix concurrenthashmap
code 3: namespace* pseudocode boilerplate scaffold* codegen idempotent polymorphi* getter*
code 3: setter* constructor* destructor* typedef typecheck* stylelint pylint flake8 unicode
code 3: utf8 ascii utf base64 md5 sha256 uuid uuids guid jvm gc ioerror oserror runtimeerror
code 3: nameerror permissionerror zerodivisionerror nullreferenceexception parser parsers
code 2: scraper* crawler* crawl tooltip sidebar footer responsive electron dart
code 2: lua julia scheme lisp assembly vpn vm vmware apache spark snowflake hive sentry
code 2: roblox bios kernel modal popup overflow nested async regexps inherit* refs prod
code 2.5: webpage* website* leetcode hackerrank compil* ssh cors null undefined
code 2.5: function functions
code 2: program* div selector* stylesheet* python java php perl haskell rust matlab
code 2: json yaml xml toml docker github gitlab redis api apis backend frontend fullstack
code 2: react vue angular linux unix code codebase bug bugs buggy algorithm* array*
code 2: recurs* recursive decorator* callback* singleton snippet* cron js jsx ts tsx cpp
code 2: lambda* config repo repos iterator* boolean* subclass* middleware oauth runtime
code 2: compiler* enum enums tuple tuples hashmap hashset linkedlist dict dictionar*
code 2: coroutine* closure* dns tcp udp http https header* payload* daemon kernel
code 2: emulator chromium dom shader* vertex opengl vulkan unity3d godot
code 1.5: script* implement* implementation* macro* query queries querying database*
code 1.5: schema* endpoint* loop loops looping pointer* exception* repository
code 1.5: deploy* deployment* server* app cli aws azure gcp lambda s3 ec2 ruby scala node
code 1.5: software iteratively parse* pars* parameter* crash* timeout*
code 1.5: plugin* terminal shell ide formulas spreadsheet* pivot cache*
code 1.5: caching pagination paginat* authenticat* login config* configur* migrat*
code 1.5: proxy hostname subnet firewall dependency dependencies package* library
code 1.5: module* import* commit* branch* merge* rebase stash bitwise hash*
code 1.5: token* encrypt* decrypt* webhook* cookie* session* checkbox dropdown navbar
code 1.5: component* props hook hooks template* widget* csv vim emacs
code 1.5: iterat* async await mock* stub* fixture* assert* logs
code 1.5: logger logging stacktraces error errors warning
code 2: submit* developer* devs dev web browser* scroll* ping pings crashloopbackoff
code 1.5: pod pods site websites
code 1: hosts print prints click clicks clicked screen page desktop mobile tab tabs form
code 1: variable* string* thread* ci struct* test tests url urls excel method* const
code 1: std fehler latency workflow* stack install* upgrade* version button* column*
code 1: row rows cell cells file files folder* directory input output returns returned
code 1: throw throws command* bot scrap* automat* object* instance*
code 1: validation validate* sort sorts sorted sorting reverse* filter* index*
code 1: dropdown buffer* socket* port ports container* build
code 1: builds pipeline* architecture refactoring legacy migration
writing 3: translat* poem poems poetry sonnet* haiku haikus limerick* lyric* ballad
writing 3: essay* eulog* slogan* tagline* rephras* paraphras* proofread* reword*
writing 3: screenplay* fairytale* rewrit* rewrote copywrit* villanelle couplet acrostic
writing 3: valediction fanfic fanfiction monologue* obituar* ghostwrit* stanza stanzas
writing 3: rap jingle*
writing 2.5: compose* compos* story stories fable* newsletter* rhyme* rhyming
writing 2.5: storytelling blogpost* grammatical* spellcheck* typo typos draft*
writing 2: imagery vivid podcast* verse* ode email* mails polish* tale tales blog*
writing 2: tweet* headline* caption* dialogue* grammar invitation* paragraph paragraphs translation* poet
writing 2: scene scenes prose speech* toast wording testimonial* brochure* flyer*
writing 2: punctuation spelling linkedin instagram advert* motto vows
writing 2: farewell apology apologiz* apologis* congratulat* condolence* catchy
writing 2: persuasive synopsis prologue epilogue protagonist villain noir
writing 2: shorten* condense* concise* politely
writing 1.5: write writes writing written craft* letter* brief carta edit edited editing
writing 1.5: bio polite* tone friendlier outline* paragraph* rewritten postcard* resume
writing 1.5: cv announcement* announc* warm* witty humorous heartfelt sincere casual
writing 1.5: wording greeting wishes birthday wedding retirement whimsical poetic
writing 1.5: cheesy fluent fluently idiomatic readable tense marketing
writing 2.5: tighten* reword wordy jazz soften* lengthen* embellish* humaniz* humanis*
writing 2.5: narrat* hashtag* legend skit sitcom screenwrit* chorus refrain melanchol*
writing 2: petition yearbook pitch nicer nicely phrasing wittier punchy
writing 2: letterhead memoir autobiograph* biograph* folktale parody satire satirical
writing 1.5: horror romance cute memo signature complaint quote invent imagine spot
writing 1: ad ads abstract smth plain describe describing
writing 1: confident* enthusiastic sarcastic card cards lines endings ending spell
writing 2: backstor* thriller* roast pun puns teaser blurb foreword byline
writing 1: article creative creatively plot character* captivat* engag* mail message
writing 1: messages note post posts formal formally professional* fictional narrator
writing 1: novel* chapter* introduction friendly style sentence* phrase* word words
writing 1: title titles sound sounds reply tweets funny humor humour audience cozy
writing 0.75: landlord boss neighbor neighbour colleague* invite invites sequel hero
writing 1: flowery dragon wizard princess knight
analysis 3: analys* analyz* analysis analyses analytical summaris* summariz* swot
analysis 3: tldr
analysis 2.5: compar* assess* summary summaries implication* insight* interpret*
analysis 2.5: critiqu* postmortem* disadvantage* takeaway* comparison* comparative
analysis 2: cause* evaluat* strateg* trend* outlier* diagnos* finding findings
analysis 2: symbolism strength strengths weakness* methodolog* tradeoff* critically
analysis 2: summarized pattern* hypothes* correlat* weigh* drawback* downside* pros
analysis 2: cons recap bottleneck* counterargument* fallacy fallacies bias* biased
analysis 2.5: gist subtext assumption* reconcil* critici* rebut* steelman underly*
analysis 2: lessons roadmap owes subscription* mrr arr ltv cac arpu okr
analysis 2: philosoph* capitalis* socialis* communis* democrac* ideolog* inequalit* debate*
analysis 2: regression allegor* metaphor* motif motifs foreshadow* irony
analysis 2: prognos* outlook swot pestle porter stagnat* underperform* overestimat*
analysis 1.5: crisis judge judged hire candidates candidate theory theories society sources
analysis 1.5: visits signups leads excerpt nda cashflow leverage overhead backlog bottom
analysis 1.5: delays delay
analysis 2.5: loophole* flaw* caveat* misleading gaps
analysis 1: rate opinion
analysis 2: rivals grade debt connection* reasons
analysis 2: credib* considerations credence nps angles
analysis 1.5: founders runway exclusiv* common board wast* compet* comments
analysis 2: contradict* inconsisten* ambigu* churn kpi kpis roi ebitda
analysis 2: cohort* segmentation benchmark* competitor* stakeholder* thematic
analysis 2: insightful anomal* synthesiz* synthesis synthesis* distill* ramification*
analysis 2: viability viable feasib* feasibility prioritiz* prioritis* scrutin*
analysis 1.5: factor* driver* advantage* report* conclud* conclusion* argument* theme*
analysis 1.5: competitive risk* risky justif* differ differs difference* versus vs
analysis 1.5: contrast* rank ranking rankings evidence explanation* transcript* revenue*
analysis 1.5: margin* profitab* retention conversion* funnel forecast* quarterly q1 q2
analysis 1.5: q3 q4 yoy budget* vendor* supplier* invest* investor* acquisition merger
analysis 1.5: dataset* significan* confound* causal causation survey* respondent*
analysis 1.5: feedback complaint* review reviews minutes clause* contract*
analysis 1.5: liabilit* complian* regulat* legislation geopolit* macroeconomic* economic
analysis 1.5: economics inflation recession tariff* election* ethical ethic* persuad*
analysis 1.5: plausib* reasoning consequence* impact* imply implies
analysis 1.5: indicate* rationale pitfall* clinical recommendations
analysis 1: interview* market* study studies recommendation data metric* scenario* identif*
analysis 1: examin* severit* likelihood effect effects policy policies better decid*
analysis 1: decision* option* passage abstract document findings sales customer*
analysis 1: growth decline* declin* dropped increase* decrease* fell rose pricing
analysis 1: argue* author stance claim* company companies
analysis 1: business* industry* sector* organization* organisation*
analysis 1: region* department* employee* turnover startup* expand* expansion launch*
analysis 0.75: explain explains
analysis 1: highlight* flag flags tables chart* memo article
analysis 1: affect* influenc* role historical revolution* empire war
analysis 1: sustainable* scalab* perspective* viewpoint*
math 3: equation* integral* derivativ* eigenvalue* eigenvector* probabilit* theorem*
math 3: lemma* polynomial* calculus algebra trigonometr* logarithm* permutation*
math 3: arithmetic pigeonhole binomial antiderivative* determinant* factorial* quadratic
math 3: gcd lcm bijection* bijective injective surjective homomorphism* isomorph*
math 3: isomorphic cosine sine asymptote* hypotenuse parabola* hyperbola*
math 3: ellipse vertices maclaurin riemann gaussian laplacian jacobian
math 3: hessian modulo congruen* divisib* differentiat*
math 2.5: prove proves proving calculat* solve solves solving factorise* factoriz*
math 2.5: perimeter* mathematical* circumference radius diameter compounded
math 2: compute* proof* simplif* integer* fraction* converg* matrices geometr* remainder
math 2: variance math maths mathematics dice diverg* abelian marbles
math 2: deduce numerator denominator exponent* coefficient* slope
math 2: summation triangle* rectangle* parallelogram trapezoid octagon hexagon pentagon
math 1: interest
math 2: percent* percentage* decimal decimals
math 1.5: sum sums prime primes inequalit* matrix induction median cos sin tan coin
math 1.5: coins combination* multiply multiplied multiplication divided divid* subtract* vector vectors infinity
math 1.5: cube cubes cylinder* sphere cone cones angle* perpendicular parallel
math 1.5: apples cards deck drawn urn ratio* proportion* average averages odds equals
math 1.5: root roots tiles fence mph kmh
math 1: area volume discount* cm km km/h metres meters limit limits series total circle
math 1: digit* digits sequence* consecutive twice speed invested
math 1: tank pipe train trains travels costs cost price save saves saved
math 1: paid pays spend spends spent sells buys sold earn earns tip split evenly
math 1: miles gallons liters litres kg pounds dollars cents minutes weighs
speed 3: yesno
speed 2.5: categoriz* categoris* briefly synonym* antonym* tersely
speed 2.5: classif* classification*
speed 2: spam ham acronym abbreviation asap
speed 1.5: quick extract* label* category categories quickly pls
speed 0.5: yes
speed 1: only just solo sentiment positive negative neutral detect* true false
speed 1: sentiment normalize tag tags capital timezone plural
general 2: recipe* restaurant* itinerar* movie* hobby hobbies vacation*
general 1.5: advice advise* tips trip trips travel* cook* dinner gift gifts
general 1.5: recommend* suggestions bored lonely motivat* friendship roommate girlfriend
general 1.5: boyfriend husband dating garden* houseplant* puppy kitten dog dogs cat cats
general 1.5: workout* diet sleep insomnia headache hiking camping
general 1.5: knit* crochet guitar piano hobby hike netflix clean cleaning stain stains
general 1: fun interesting curious wonder* feeling feel hungry tired weekend
general 1: favorite favourite learn learning beginner* kids toddler baby
general 1: meal* vegetarian breakfast lunch habit habits stress* anxious anxiety doctor
general 1: healthy health weight running jog gym muscle* yoga meditat* pets pet
general 1: visit visiting tourist* sightseeing museum* beach flight hotel hotels
general 1: born history religion mythology universe planet* evolution
general 1: dinosaur* octopus* animals bird birds
general 0.75: house apartment car coffee tea music song band game games
general 0.75: play chat talk friend friends mom dad sister brother tonight tomorrow
general 0.75: favorite advice
""",
    "German": """
writing 2.5: nachruf vorwort grußwort kurzbiografie dialog szene kapitel pressetext
writing 2.5: stellenanzeige arbeitszeugnis mahnung beschwerde* witzig* roman figur
analysis 2: denkfehler argumentation kernaussage* hintergründe konsequenz* kennzahl*
analysis 2: bilanz wettbewerb* konkurren* perspektive* rentab* wirtschaftlich*
code 2: formular* schaltfläche* browser absturz anwendung endlosschleife verzeichnis
writing 2.5: flüssig* stichworte* grußkarte* geschichten erzählung verse liebesbrief*
analysis 2: lohnt gescheitert gewicht* schwachstell* fazit einschätzung wieso abwägung
analysis 2: widerspruch widersprüch* annahme* plausibel
code 3: programmier* refaktorier* kompilier* quellcode quelltext codezeile* datenbank*
code 3: webseite* programmcode skript* debugge* algorithmus algorithmen
code 2: funktion* abfrage* klasse methode* fehlermeldung* schleife* schnittstelle*
code 2: programm programme befehl* konsole ausführ* abstürz* stürzt implementier*
code 2: installier* konfigurier* endpunkt* tabellenblatt makro variable* zeichenkette*
code 2: testfall testfälle
code 1.5: fehler server datei* ordner spalte* zeile* befehlszeile eingabe
code 1.5: bricht läuft zellen zelle
writing 3: übersetz* gedicht* kurzgeschichte* märchen umformulier* formulier* aufsatz
writing 3: bewerbungsschreiben motivationsschreiben anschreiben geburtstagsgedicht slogan
writing 3: reime reim liedtext korrekturles* schreibstil pressemitteilung*
writing 3: produktbeschreibung* glückwunschkarte trauerrede rechtschreib* hochzeitsrede
writing 3: einladungstext dankesrede newslettertext werbetext*
writing 2.5: spruch sprüche
writing 2: brief rede geschichte nachricht einladung* verfass* dicht* mail email
writing 2: höflicher höflich grammatik korrigier* rechtschreibfehler bewerbung* überschrift*
writing 2: werbe* kündigungsschreiben kündigung entschuldigung* glückwunsch* geburtstag
writing 2: blogartikel blogbeitrag umschreib* absage dankeschön
writing 1.5: schreib* text texte locker freundlicher förmlich* kürzer lesbarer
writing 1: freundlich text satz sätze absatz klingt
analysis 3: analysier* analyse* zusammenfass* zusammenfassung* vergleich* swot
analysis 2.5: nachteil* bewert* beurteil* ursache* erkenntnis* auswert* schlussfolger*
analysis 2.5: gegenüberstell* interpretier* einschätz* einordn*
analysis 2: vorteil* auswirkung* risiken risiko trend* strategie* unterschied* argument*
analysis 2: entwicklung* ableit* zusammenhang zusammenhänge stärken schwächen
analysis 2: untersuch* erörter* kritisch* kernaussage* stichpunkt* folgen
analysis 1.5: bericht* vertrag* umsatz umsätze daten studie* umfrage* abwäg* gründe
analysis 1.5: warum hinsichtlich bezüglich einfluss markt marktanteil quartal
analysis 1: erklär* unternehmen wirtschaft* kunden lohnt entscheid* sinnvoller
math 3: gleichung* wahrscheinlichkeit* ableitung* integral* beweis* berechn* rechne
math 3: primzahl* nullstelle* eigenwert* quadratwurzel bruchrechn* dreieck*
math 3: kreisfläche oberfläche flächeninhalt umfang zinseszins* stammfunktion
math 2: wurzel prozent löse volumen würfel* kegel* zylinder* kugel* matrix summe
math 2: rechnen ausrechnen addier* multiplizier* dividier* durchschnitt* aufgabe
math 1.5: lös* zahl zahlen radius höhe seitenlänge* preis kostet
speed 3: klassifizier* stichwort
speed 2: kurz schnell synonym hauptstadt abkürzung nenne antworte knapp
speed 0.5: nur ja nein
speed 1: heißt
general 1.5: rezept* kochen urlaub reise* ausflug tipps empfehl* empfiehl* geschenk*
general 1.5: abnehmen schlafen hund katze pflanze* balkon garten wochenende
general 1: lernen kinder gesund* sport freund freundin film* buch bücher geschenkidee*
general 0.75: möchte eignen hilft erzähl*
""",
    "French": """
writing 2.5: accroch* roman dialogue scène hommage éloge biographie réclamation chapitre
analysis 2: argumentaire perspectives rentab* concurren* stratégique échanges
code 2: formulaire navigateur bouton répertoire
writing 2: récit annonc* remercier fluide
analysis 2: leçons crise vaut faudrait bilan enjeu pertinen* cohéren*
code 3: programm* compil* refactoris* débogu* algorithme* regex
code 2: fonction* requête* boucle* classe méthode* fichier*
code 2: implément* serveur* dépôt logiciel développeur
code 2: script* exception* variable* installer
code 1.5: erreur* code colonne* dossier* bogue
writing 3: traduis* tradui* traduction* rédig* reformul* poème* lettre* rédaction
writing 3: paraphras* slogan* dissertation discours corrig* réécri*
writing 3: résiliation toast haïku comptine rime*
writing 2.5: orthographe fautes grammaire courriel* conte mail email
writing 2: écri* écris écrire écrivez histoire texte* article invitation* motivation
writing 2: message annonce légende accroche* poli polie félicitation*
writing 1.5: remerci* phrase* paragraphe*
writing 1: formel titre
analysis 3: analys* résum* compar* synthèse synthétis* évalu*
analysis 2.5: inconvénient* conséquence* enjeux interpr*
analysis 2: avantage* cause* causes différence* facteurs facteur stratégie* tendance*
analysis 2: risque* argument* critiqu* hypothèse* impact* expliqu* limites
analysis 1.5: rapport* données étude* résultat* ventes entreprise* marché pourquoi
analysis 1.5: contrat* effets
analysis 1: économ* politique* clients
math 3: équation* intégral* dérivée* probabilité* démontr* calcul* théorème* résous
math 3: résoud* racine* polynôme* prouv* matrice
math 2: pourcentage* aire périmètre triangle somme nombre nombres premiers
math 2: fraction* vitesse volume moyenne additionn* multipli*
math 1: combien prix
speed 3: classifi* synonyme* catégoris*
speed 2.5: brièvement rapidement
speed 2: vrai faux extrai* monnaie
speed 0.5: oui non
speed 1: mot seul seulement catégorie
general 1.5: recette* cuisin* voyage* conseil* conseiller cadeau* vacances recommand*
general 1.5: chien chat jardin* plante* dormir maigrir apprendre restaurant* film*
general 0.75: choisir aime enfants visiter idée idées
""",
    "Spanish": """
writing 2.5: diálogo novela escena biografía personaje* queja reclamación despedida
analysis 2: éxito rentab* competidor* tesis perspectiva*
code 2: formulario navegador botón devuelve
writing 2: tarjeta felicit* dedicatoria
analysis 2: débiles fuertes identific* conviene propuesta crisis fracas* opin*
code 3: program* compil* depur* refactoriz* algoritmo* código codigo
code 2: función funciones consulta* bucle* clase método* archivo* servidor* implement*
code 2: script* excepción variable* instalar terminal comando* desplieg*
code 2: carpeta*
code 1.5: error errores columna* fila filas
writing 3: traduc* traduz* poema* redact* reformul* parafrase* cuento* ensayo* eslogan
writing 3: soneto* corrig* correg* reescrib* guion rima* brindis
writing 3: traducción discurso*
writing 2.5: ortografía gramática correo* carta* mail email
writing 2: escrib* escríb* relato* artículo mensaje* invitación anuncio*
writing 2: felicitación párrafo* publicación
writing 1.5: texto* tono frase* formal amable historia
writing 1: título
analysis 3: analiz* análisis resum* compar* resumen evalú* evalu*
analysis 2.5: desventaja* inconveniente* conclusion* conclusión interpret* implicacion*
analysis 2: ventaja* causa causas riesgo* estrategia* tendencia* diferencia* factor*
analysis 2: argument* crític* consecuencia* impacto* efecto* hipótesis explic*
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
general 1.5: receta* cocin* viaje* consejo* recomiend* recomend* regal* vacaciones
general 1.5: perro gato jardín planta* dormir adelgazar aprender restaurante* película*
general 0.75: quiero ayuda visitar cuéntame idea ideas novia novio
""",
    "Italian": """
writing 2.5: dialogo romanzo scena biografia personaggio reclamo
analysis 2: successo redditiv* concorren* tesi prospettiv*
code 2: pulsante browser
writing 2: biglietto auguri dedica
analysis 2: conviene deboli proposta crisi fallit* opinion*
code 3: programm* compil* codice algoritmo
code 2: funzione funzioni interroga* ciclo classe metodo server implementa*
code 2: database script variabile variabili installare comando cartella
code 1.5: errore errori colonna
writing 3: traduci* tradurre traduc* poesia poesie riscriv* riformul* corregg*
writing 3: racconto* favola saggio discorso filastrocca rima slogan
writing 2.5: lettera grammatica ortografia mail email
writing 2: scriv* messaggio invito annuncio articolo storia didascalia
writing 1.5: testo frase tono formale gentile
analysis 3: analizz* analisi riassum* riassunto confront* valut*
analysis 2.5: svantagg* conseguenz* conclusion*
analysis 2: vantagg* cause rischi rischio strategi* tendenz* differenz* fattori
analysis 2: argoment* critic* impatto effetti ipotesi spieg*
analysis 1.5: rapporto relazione dati studio vendite azienda mercato contratto perché
math 3: equazion* integral* derivat* probabilità dimostr* calcol* teorema risolv*
math 3: radice polinomio matrice
math 2: percentuale area perimetro triangolo somma numero numeri primi frazione
math 2: velocità volume
math 1: quanto quanti quante quantos quantas
speed 3: classific* sinonimo
speed 2: brevemente velocemente vero falso estrai
speed 1: sì solo parola
general 1.5: ricett* cucin* viaggi* consigl* regal* vacanz* cane gatto giardino dormire
general 1.5: dimagrire imparare ristorant* visitare giorni
""",
    "Portuguese": """
writing 2.5: diálogo romance cena biografia personagem reclamação
analysis 2: sucesso rentab* concorren* tese perspectiv*
code 2: formulário navegador botão
writing 2: cartão parabéns dedicatória
analysis 2: fracos fortes proposta crise fracass* compens*
code 3: program* compil* depur* refator* algoritmo* código
code 2: função funções consulta laço classe método arquivo* servidor implement*
code 2: script* variável variáveis instalar comando pasta conect*
code 1.5: erro erros coluna
writing 3: traduz* tradu* poema* redij* redig* reescrev* reformul* parafrase* conto
writing 3: redação corrij* corrig* rima* discurso*
writing 2.5: ortografia gramática carta email mail legenda*
writing 2: escrev* mensagem convite anúncio artigo história
writing 1.5: texto* frase* formal divertido
analysis 3: analis* análise* resum* compar* resumo avali*
analysis 2.5: desvantage* conclus* interpret*
analysis 2: vantage* causa causas risco* estratégia* tendência* diferença* fatores
analysis 2: argument* crític* consequência* impacto* efeito* hipótese* expliqu* explic*
analysis 1.5: relatório* dados estudo* vendas empresa* mercado contrato investir
math 3: equaç* equação equações integral derivada* probabilidade* demonstr* calcul*
math 3: teorema resolv* raiz polinômio matriz prove
math 2: porcentagem área perímetro triângulo soma número números primos fração
math 2: velocidade volume
speed 3: classifi* sinônimo*
speed 2.5: brevemente rapidamente rápido
speed 2: verdadeiro extrai*
speed 0.5: sim não só
speed 1: apenas palavra
general 1.5: receita* cozinh* viage* viaj* dica* recomend* presente férias cachorro gato
general 1.5: jardim planta* cuidar dormir emagrecer aprender restaurante* filme*
general 0.75: orquídea visitar ideia ideias
""",
    "Russian": """
writing 2.5: диалог* сцену роман биографи* жалоб* заявлени* тост*
analysis 2: конкурент* прибыл* рентабельн* перспектив* эффективн*
code 2: кнопк* браузер* папк* парсинг сайт сайта
writing 2: открытк* стихи сценари* легенд* сочин*
analysis 2: сильные слабые сторон* стоит кризис* аргументир* противоречи*
code 3: парсер* json csv
code 3: код кода коде коду программ* скрипт* функци* алгоритм* компилир* компиляц*
code 3: питон* сервер* регулярк* отлад* рефактор* джава
code 2: ошибк* массив* цикл* класс* метод* запрос* файл* контейнер* переменн*
code 2: установить настроить библиотек* строк* консол* команд* окружени* тест тесты
writing 3: переведи* перевод* перевед* стихотворени* стих* рассказ* сказк* эссе сочинени*
writing 3: письм* поздравлени* слоган* перефразир* перепиш* реферат* тост отредактир*
writing 3: сочини* рекламн* резюме исправь исправьте пост поста
writing 2.5: сообщение грамматик* орфограф* заголов* придумай*
writing 2: напиш* написать составь* текст* вежлив* формальн* приглашени*
writing 1.5: официальн* абзац* предложени* статью статья описание историю
analysis 3: проанализир* анализ* сравн* сравнени* суммир* обобщ* резюмир*
analysis 2.5: оцен* выдел* вывод* недостат* преимуществ* минус* плюс*
analysis 2: причин* последстви* стратег* тренд* тенденци* риск* отлича* отличи* разниц*
analysis 2: фактор* аргумент* отзыв* влияни* повлия* гипотез*
analysis 1.5: отчет* отчёт* данны* исследовани* продаж* компани* рынк* договор* объясн*
analysis 1.5: почему выручк*
math 3: уравнени* интеграл* производн* вероятност* докаж* вычисли* теорем* реши решите
math 3: корень корни многочлен* матриц* посчита* рассчита*
math 2: процент* площад* периметр* треугольник* сумм* числ* дроб* скорост* объем объём
math 1: сколько
math 2: задач* квадрат*
speed 3: классифицир* синоним* столиц*
speed 2.5: кратко коротко одним быстро
speed 2: извлеки определи ответь
speed 0.5: да нет
speed 1: только слово слов
general 1.5: рецепт* приготов* путешеств* совет* посоветуй* подарок подарить отпуск собак*
general 1.5: кошк* сад растени* выспаться похудеть научиться ресторан* фильм* расскаж*
general 1: вставать
""",
}

# A weight below 0 is for what is called code and is none.
PHRASES = """
code 3: keyboard shortcut for vs code, data class, abstract class, base class, type error
code 3: access token, api key, rest endpoint, query string, full text search, stored procedure
code 3: thread pool, message queue, cache invalidation, docker compose, docker image
code 3: java class, python class, python script, python code, bash script, shell command
code 2.5: web page, web server, web site, login page, login form, drag and drop, dark mode
code 2.5: local storage, session storage, event listener, event loop, stack frame, unit tests
code 2: sort by, group by, order by, convert a string, parse a, off by one, at runtime
code 2: file path, text editor, open source, remote branch, feature branch, main branch
code 1.5: returns an empty, returns nothing, gets called, is called twice, after upgrading
code 1.5: does nothing, throws error, works fine locally, works on my machine
writing 3: wedding vows, thank you email, farewell email, farewell speech, holiday card
writing 3: christmas card, sympathy card, get well, invitation to our, real estate listing
writing 3: job ad, job posting, job advert, airbnb listing, ebay listing, etsy listing
writing 3: opening line, opening paragraph, closing paragraph, first chapter, plot twist
writing 3: character description, meet cute, love story, ghost story, horror story
writing 3: rewrite in, write in the, tone down, make it shorter, make it longer, make this shorter
writing 3: make this longer, make it more, make this more, make this sound, make it less
writing 3: check the spelling, check my spelling, check my grammar, correct my, native speaker
writing 3: how to phrase, how to word, how do i phrase, help me phrase, better wording
writing 2.5: write something, write me, write about, something funny, something heartfelt
writing 2.5: in the tone of, as if you were, from the perspective of, from the point of view
writing 2.5: respond to this, answer this email, reply to, politely decline, say no to
writing 2: a speech, an essay, a short text, an article, a story, a letter, a song
analysis 3: pull out the, key insights, key themes, main themes, main argument, main idea
analysis 3: main ideas, central argument, executive summary, bottom line, board meeting
analysis 3: what are the implications, what are the main, what is driving, what s driving
analysis 3: what s going on, what is going on, where is the problem, why is it that, why does our
analysis 3: why do our, why has, why have, why was the, why were, is this argument, logical fallacy
analysis 2.5: in the long run, which approach, which option, which strategy, which factors
analysis 2.5: which vendor, which supplier, build or buy, buy or lease, rent or buy, buy or rent
analysis 2.5: make or buy, buy versus, better choice, better option, better investment
analysis 2.5: should i accept, should i take the, should i switch, should i invest
analysis 2.5: how does the author, how would you interpret, what can be inferred, infer from
analysis 2.5: what do the numbers, what do the data, these numbers, these figures, this data
analysis 2.5: this dataset, this report, this article, this paper, this study, this transcript
analysis 2.5: this contract, this proposal, this passage, this argument, this claim, this interview
analysis 2: meeting notes, call notes, chat log, support tickets, incident timeline, feedback from
analysis 2: survey results, test results, exam results, quarterly results, focus group
analysis 2: pain points, use case for our, evaluate whether, assess whether, decide whether
math 3: percent of, what is the probability, the chance of, chance that, odds of, mean and
math 3: in a row, is divisible by, is a multiple, common multiple, sum of the, product of two
math 1: how many minutes, how many hours, how many days, how many people, per week
math 1: each day, per day, each week
math 2: how much interest, how many students, at a rate of
speed 4: answer briefly, be brief, in five words, in three words, in two words, max 5 words
speed 3: just the answer, just the number, only the number, only the name, the answer only
speed 1: who is the, who was the, when did, when was, where is, what s the name, name a
speed 1.5: what year, which year, which country, which city, how many people live
speed 1.5: what is the name, is it true, name one, name two, name three, give me a synonym, what s another
speed 3: extract the name, extract the date, extract the email, extract the phone, find the name
speed 3: categorize the, classify the, classify this, classify as, following categories
speed 3: either a or b, the intent, the language of, detect the language
code -4: no code, without code, don t write code, don t need code, not code
code -4: kein code, keinen code, ohne code, sans code, sin código
code 4: exit code, permission denied, segmentation fault, connection refused
code 3: array of, integer array, operating system, binary tree, dynamic programming
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
code 3: lines of code, dark mode toggle, drop down menu, base de données, base de datos
code 3: banco de dados, code snippet, chrome extension, discord bot, telegram bot
code 3: given an array, given an integer, given a string, you are given an array
code 3: thread safe, exit status, asp net, command prompt, build fails, merge sort, quick sort, rate limiter
code 2: a script that, a script to, an app that, a class that, command line
code 2: source code, merge conflict, memory leak, coding assistant, software engineer
code 2: software developer, stack overflow, core dumped, not found exception
code 1.5: line by line, at line, on line, in production, tech stack
code 2: ci cd, key value, open source library, returns none, works locally, version control
code 2: does not compile, doesn t compile, doesn t work, stopped working, in excel
code 1.5: a function, a program, a script, a query, a method, an algorithm, a regex
writing -2: email thread, email address, mail address, email from, message from, emails from
writing -2: news story, user story, user stories, text field, text file, error message
writing -2: commit message, letter of the alphabet, this email, this message, mail server
code 3: let and var, var and let, list comprehension, already in use, conditional formatting, power query, power bi
code 3: pivot table, z index, media query, http status, status code, background job
code 3: dependency injection, pull requests, feature flag, load balancer, virtual environment
code 3: react native, next js, vue js, node js, spring boot, ruby on rails, objective c
code 2: not working, throws an, gives me an error, hot reload, page reload, submit button
code 1.5: fails with, keeps failing, keeps crashing, won t start, t start, doesn t load
code 2: read a file, write to a file, json array, mock data, json file, csv file, yaml file
code 2: text file, drop table, config file, log file, user input, edge cases, test cases
code -2: television program, tv program, space program, training program
code -2: exercise program, loyalty program, graduate program, school program
code -2.5: country code, dress code, zip code, area code, postal code, morse code
code -2.5: code of conduct, penal code, qr code, promo code, building code
code -2.5: discount code, civil code, tax code
writing 3: video script, podcast script, movie script, script for a, cover letter
writing 3: press release, product description, thank you note, short story
writing 3: landing page copy, song lyrics, continue the story, opening scene
writing 3: love letter, bedtime story, job description, out of office, thank you card
writing 3: fairy tale, call to action, subject line, bullet points into, write up
writing 3: cold email, follow up email, dating profile, mission statement
writing 3: letter of recommendation, recommendation letter, resignation letter, ad copy
writing 3: blog post, wedding speech, best man, text to my, note to my, email to
writing 3: mail to, message to my, letter to, reply to this, respond to this email
writing 3: less robotic, more human, more natural, more formal, more professional
writing 3: more polite, more concise, less formal, sound better, sounds better
writing 3: flow better, in your own words, fix the grammar, correct the grammar
writing 2.5: personal statement, opinion piece, product review, birthday card
writing 2.5: write a reply, help me word, help me write, how should i word, how do i say
writing 2.5: nicer way, polite way, better way to say, rewrite this, a few lines
writing 2.5: into english, into german, into french, into spanish, to english
writing 2.5: to german, to french, to spanish, in german, in french, in spanish
writing 2.5: in italian, in japanese, in chinese, to japanese, to chinese, to italian
writing 2.5: ins deutsche, ins englische, auf englisch, auf deutsch, en anglais
writing 2.5: en français, al inglés, al español, en inglés, in inglese, in italiano
writing 2.5: para o inglês, para inglês, на русский, на английский, для инстаграма
writing 3: voice over, elevator pitch, radio spot, plain language, sci fi, scene where
writing 2.5: say it nicer, make it nicer, less wordy, complaint to, complaint letter, next scene
writing 2.5: make up a, improve this text, improve my text, improve the text, word this
writing 2.5: two sentence, brand name, product name, greeting card, rewrite it
writing 2.5: ins französische, ins spanische, ins italienische, mach daraus, mach aus
writing 2.5: en español, em inglês, in tedesco, en allemand, al francés, per email
writing 2: words on, word essay, a note, a message to, a caption, a title for, titles for
writing 2.5: check my english, imagine you are, imagine you re, how would you say
writing 2.5: in english please, plus fluide, ce texte, dieses schreiben, etwas lockerer
writing 2.5: alternative ending, i have to give a speech, sound good, brand voice
writing 2.5: something nice, what should i write, what should i say, what do i write
writing 2.5: turn this into, turn these, make it rhyme, in a friendly tone, tone of voice
writing 2: a card, the card, the website about, about page, about us page, for the website
writing 2: sound more, in the style of, come up with, make this, write a speech
writing 2.5: conversation between, dialogue between, third person, website copy
writing 2: sound less, keep the length, same meaning, first person
writing 2: in the voice of, name for a, names for a, fill in the dialogue, make it sound
writing 2: set in, happy birthday, year old reader, keep it under, words long, word count
writing 1.5: to my boss, to my landlord, to my team, to my neighbor, to my neighbour
writing 1.5: to a client, to the client, to a customer, to our customers, to my teacher
analysis 3: root cause, pros and cons, cost benefit, post mortem, trade off, tl dr
analysis 3: go to market, business case, key points, main takeaways, key takeaways
analysis 3: what went wrong, what stands out, what can we learn, lessons learned
analysis 1.5: difference between, differences between
analysis 3: action items, key differences
analysis 3: what does this tell, what do these, what does the data, most likely cause
analysis 3: make sense of, holes in, poke holes, devil s advocate, main arguments
analysis 2.5: key findings, main points, main factors, how would we, open questions
analysis 2.5: case study, strengths and weaknesses, explain your, main insights
analysis 2.5: what could be the, fasse das, fasse die, fass den, fass das, fass die
analysis 2.5: fasse den, fasse diesen, fass diesen, for and against, advantages and
analysis 2.5: what could explain, what might explain, what explains, should we
analysis 2.5: which of these, which one is better, which is better, is it worth
analysis 2.5: what would happen if, red flags, what are the risks, points forts
analysis 2.5: welche risiken, le pour et le contre, pro und contra, vor und nachteile
analysis 2.5: pros y contras, ventajas y desventajas, pro e contro, prós e contras
analysis 2.5: плюсы и минусы, за и против, wie unterscheid
analysis 3: why or why not, strong and weak, in favour of, in favor of, cash flow
analysis 3: balance sheet, income statement, gross margin, puntos débiles, puntos fuertes
analysis 3: punti deboli, pontos fracos, points faibles, сильные и слабые, vale la pena
analysis 3: vale a pena, vaut il mieux, lohnt sich, стоит ли, meeting minutes, open issues
analysis 2.5: who owes, who would you, which would you, would you choose, would you pick
analysis 2.5: would you recommend for our, give reasons, business idea, climate change
analysis 2.5: what is the subtext, what lessons, quelles leçons, qué lecciones, was lernen
analysis 2.5: in what ways, boil down, boil this, does it make sense, would it make sense
analysis 2.5: what do you make, your take on, blind spots, any connection, denkfehler in
analysis 2: how would a, how would the, play out, what role, what impact
analysis 2: how likely, how effective, how reliable, how realistic, is it realistic, rate these
analysis 2: do you agree, argue for, hard to copy, interest rate, reasoning sound, is it smart
analysis 1.5: what makes, point out, how has, how have, makes sense to, is this a good
analysis 1.5: opinion on, thoughts on, how important, a good idea, would it be, pick apart
math -2: interest rate
analysis 2: the fall of, the rise of, the impact of, the role of, the effects of, the effect of
analysis 2: the future of, the significance of, view of, views on, what would you test
analysis 2: landing page, sign ups, lead to, led to, fact check, line of reasoning
analysis 1.5: what s happening, what is happening, who is right, make the case
analysis -1.5: customer support, customer service
analysis 2.5: a b test, talk me through, in common, stronger case, several angles
analysis 2.5: why might, why would, what s the catch, how credible, reason for, reasons for
analysis 2.5: was spricht, woran liegt, woran könnte, que penses tu, qué opinas, cosa ne pensi
analysis 2.5: o que você acha, что думаешь, was hältst du, does the conclusion, pull out
analysis 2: what do our, where are we, where am i, how would you prioriti, what matters
analysis 2: ship it, matters most, how should we, what do they, can we conclude
analysis 2: marketing plan, business plan, action plan, what should we, break down
analysis 2: walk me through, both sides, what drives, what led to, to what extent
analysis 1.5: read the following, based on the, according to the, long term, short term
analysis 2: next steps, gap analysis, case for, argue that, point of view, market share
analysis 2: supply chain, business model, unit economics, burn rate, what patterns
analysis 2: do you see, give me your assessment, second opinion, sanity check
analysis 1: what am i missing
analysis 2: how do they differ, how does this compare, worth it
analysis 2: go through, look at these, look at this, what changed, why is our, why are our
analysis 2: our customers, our sales, our team, our users, is the conclusion
analysis 1: why do
analysis 1.5: why did, how did, customer reviews, meeting notes, sales data, year over year, per cent of
math 3: next number, missing number, number sequence, all real, real numbers, real x
math 3: local maxima, local minima, how many ways, expected value, standard deviation, expected number, show that
math 3: square root, cube root, chain rule, prime number, word problem, at random
math 3: without replacement, compound interest, right triangle, least common, greatest common
math 3: find the area, find the value, solve for, in terms of x, find x
math 3: step by step solution, rolls of, fair coin, fair die, linear algebra
math 3: closed form, confidence interval, differential equation, per annum, sum of
math 2.5: km h, miles per, per hour, product of, is divisible, evaluate the limit
math 2: por ciento, pour cent, total amount, how many times, in total, per year after
math 2: expressed as a fraction, what is the sum, how many does, how much does each
math 2: times as, at what time, how old is, years old
math 2: how many are left, how much change, do i have after, how much will, monthly payment
math 1.5: find all, how many different, times as many, original price, let f, let n
math 1.5: times table, how much did, how many more, how much money
speed 6: one word
speed 5: y n, yes no question
speed 0.75: what does
speed 2.5: stand for, the date out, the name out, symbol only, format yyyy
speed 5: yes or no, yes no, true or false, true false, single word, ja nein
speed 5: ja oder nein, oui ou non, sí o no, si o no, in einem wort, un mot
speed 5: una palabra, sì o no, sim ou não, да или нет, одним словом, uma palavra
speed 5: одно слово, una sola parola, un seul mot, solo sí o no
speed 4: answer only, reply only, just the letter, single label, short answer
speed 4: quick question, keep it short, one letter, one of the following, exactly one of
speed 4: answer with only, answer with just, quick q, one of these, respond only with
speed 4: choose one, pick one, options are, which category, categories are, intent classifier
speed 3.5: one sentence, one line, in a sentence, ten words, five words
speed 3.5: einem satz, une phrase, una frase, uma frase, одной фразой, output 1, otherwise 0
speed 3: just give me, give me just, nur mit, pick the, spam or, or not spam
speed 3: stand for, address only, number only, positive or negative, positive negative
speed 3: name only, the category, the label, is this spam, is it spam, what language is
speed 2.5: capital of, opposite of, in short, the capital, die hauptstadt, la capitale
speed 2.5: la capital, another word, a capital, как называется, what time, what day
speed 2.5: spell check, the matching, correct spelling, the country code, is it spelled
speed 2.5: eine kategorie, einer kategorie, le féminin, le pluriel, boiling point, iso code
speed 2.5: as fast as, real quick, how do you spell, how do you pronounce, plural of
speed 1: past tense
speed 2.5: how do you say, reply with, respond with, answer with, return only
speed 2: output only
speed 2: return a json, as json, json object, with the fields, the sentiment
speed 0.75: only the, just the
speed 1.5: extract the, nothing else, no explanation
speed 1.5: the following fields, phone number, email address
general 2: is it safe, is it hard, is it normal, is it bad, what would you do
general 2.5: tell me what you, tell me about, tell me something, should i wear, how do i get, what to do
general 1: how can i, how do i
general 2.5: recommend me, can you help, like i m five, explain like, i m feeling
general 2.5: i feel, my dog, my cat, my kids, my son, my daughter, my mom, my dad
general 2.5: my wife, my husband, my girlfriend, my boyfriend, good books, book recommend
general 2.5: plan a, day trip, first time, let s play, just for fun, what s it like
general 1.5: what should i, should i be, any tips, some ideas
general 2: i want to start, i want to learn, get rid of, get better at, how does a
general 1.25: how does the, how do the, explain how
general 1: how to, the rules of
general 2: what happens, living room, date night, for dinner
general 2: was kann man, que faire, qué puedo, cosa posso, o que fazer, что делать
general 2: wie fange ich, wie kann ich, comment faire, cómo puedo, como posso, как мне
general 2: how are you, who are you, what can you do, tell me a joke, a joke
"""

# What the first word of a request adds to its usual meaning, or says only there.
LEADING = """
code 1.5: implement refactor debug optimise optimize port deploy code programmiere
code 1: fix build configure install convert add create
writing 2: translate rewrite rephrase paraphrase proofread compose draft übersetze
writing 2: traduis traduce rédige redacta polish edit formuliere shorten reword traduza
writing 2: traduci переведи reformule umformuliere
writing 1: write schreibe schreib écris escribe scrivi escreva напиши craft continue turn
analysis 3: resume examine contrast
analysis 1.5: compare analyse analyze evaluate assess summarise summarize vergleiche
analysis 1: why warum pourquoi wieso perché почему
analysis 1.5: analysiere analiza interpret critique résume identify
analysis 1: discuss weigh review read
analysis 1.5: compara analise resuma resume подведи
analysis 1.5: проанализируй сравни оцени confronta valuta riassumi fasse
math 1.5: prove solve calculate compute simplify berechne löse beweise find determine
math 1: integrate démontrez calcule calcula resuelve differentiate evaluate show
analysis 1.5: rate judge grade
speed 1.5: assign map
speed 2: classify label extract categorize quick name pick tag detect
"""

EAST_ASIAN = """
code 3: 写代码 網頁 网页 前端 后端 プログラミング 정렬 代码 代碼 编程 編程 程式 函数
code 3: 函數 関数 爬虫 报错 正则 调试 코드 함수 单元测试 コード アルゴリズム 报异常
code 3: スクリプト プログラム 数据库 排序 单例 空指针 组件 编译 线程 索引 後端 資料庫 除錯
code 3: エラーが出 コンパイル クラスを メソッド ソート 正規表現 配列 변수 오류 함수를 파이썬
code 3: 스크립트 데이터베이스 컴파일 异常 字符串 数组 循环 链表 二叉树 接口 服务器
code 2: 程序 算法 演算法 脚本 部署 实现 データベース バグ 알고리즘 变量 命令 エラー サーバー
code 2: 실행 配置 安装 内存 公式 单元格 表格 このエラー 変数 ファイル
code -9: 不要写代码 不要代码 不用代码 コードは不要
writing 3: 俳句 手紙 周报 简历 履歴書 广告语 口号 演讲 推文 散文 短编 소설 이메일 翻译
writing 3: 翻譯 翻訳 번역 润色 潤色 改写 改寫 文案 作文 书信 邮件 郵件 诗歌 首诗 的诗 写诗 詩を 首詩 的詩 故事 小说
writing 3: 小說 物語 演讲稿 歌词 メール 文面 添削 에세이 朋友圈 情书 检讨书 贺词 祝福语
writing 3: 请假条 公众号 小红书 剧本 对联 童话 扩写 缩写 续写 仿写 语病 病句 邀请函
writing 3: 英訳 和訳 訳して 言い換え スピーチ 挨拶文 キャッチコピー 短編 昔話 부고 편지
writing 3: 자기소개서 시를 맞춤법 사과문 축사 介绍信 道歉信 感谢信 自我介绍
writing 3: 书面语 口语化 记叙文 议论文 为题 作文题 发言稿 主持词 读后感 日本語に訳 英語に訳 书面 讲稿
writing 2: 日本語に 英語に 書き直 译成 译为 翻成 韩文 成英文 成中文 更通顺 字的 800字 500字
writing 3: 悼词 广告词 推荐信 申请书 投诉信 あらすじ 紹介文 志望動機 台詞 脚本を
writing 2: 委婉 怎么说更 肉麻 更好听 更礼貌 もっと自然
writing 2: 写一篇 写一首 写一封 寫一 書いて 文章を 标题 작성 语气 口吻 敬語 通顺 起个名字
writing 2: 写一段 写一份 帮我写 丁寧 お礼 お詫び 自然な日本語 自然な英語 써주세요
writing 1.5: 作成して 写作 文章 标语 써줘 文采 正式 改得 自然な
analysis 3: 分析 总结 總結 概括 要約 요약 분석 评估 評估 評価 优缺点 優缺點 对比 對比
analysis 3: 比较 比較 비교 利弊 まとめて 考察 摘要 归纳 歸納 梳理 优劣 メリット デメリット
analysis 3: 洞察 解析 장단점 평가 원인 读后感 可行性 论证 漏洞
analysis 2: 解读 解讀 评价 評價 区别 區別 报告 報告 レポート 要点 比べて 違い 傾向 차이
analysis 2: 原因 为什么 為什麼 异同 市场份额 为何 竞争 财务 财报 営収 売上 営業 数据 數據
analysis 3: 弱点 指摘 待办事项 会议纪要 哪个更好 问题所在 長所 短所 べきか 강점 약점 시사점
analysis 2: 划算 哪一份 哪家 哪个方案 优势 劣势 挑战 机遇 背后 启示 反驳 论点
analysis 2: 你怎么看 何がわかり 怎么看待 反对 支持 观点 依据 アンケート 결과
analysis 2: 提案 理由 角度看 用户留存 優先 可能的原因 근거
analysis 2: なぜ 議論 検討 影响 影響 영향 전략 推移 読み取れ
analysis 1.5: 风险 風險 策略 趋势 趨勢 观点 課題 角度 问题出在 说明 説明 戦略 政策 建议
analysis 1.5: 合同 条款 营收 利润 增长 下降 客户 反馈 用户评论
math 3: 平方根 三角形 几何 幾何 数列 百分之 解いて 求导 公式 倍数 约数 面积 面積 证明
math 3: 證明 証明 증명 计算 計算 계산 方程 概率 機率 確率 积分 積分 导数 導數 微分
math 3: 矩阵 矩陣 等于多少 求解 解方程 因数 不等式 偶数 极值 求和 列式 質数 质数 素数
math 3: 求めよ 求めなさい 前n项 等差 等比 应用题 확률 방정식 적분 미분 구하 体积 周长
math 2: 共花 多少元 每支 每本 每千克 平方米 相遇 追上 まで何 何個 何円
math 2: 涨价 降价 原价 打折
math 2: 合计 一共 平均 求出 答えを 割合 速度 时速 分给 每人 每个 个苹果 还剩
speed 4: 一句话 一句話 一个词 一個詞 是或否 只回答 一言で いいえ 只输出 只需回答 是还是
speed 4: 単語で 一語で 아니오 只返回 是否 正面还是负面 ポジティブ 分类
speed 3: 英語で 英语怎么说 用英语 何語 怎么读
speed 3: 首都 快速 简短 簡短 簡単に 수도 分類 提取 抽出 判断 反义词 同义词 近义词 缩写
general 2: 推荐 推薦 おすすめ 추천 旅游 旅遊 旅行 여행 菜谱 食谱 レシピ 好玩 好吃 礼物 礼品
general 2: 怎么办 失眠 减肥 健身 养猫 养狗 怎么养 教えてください 历史 観光 周末 电影 映画 無聊 聊天 学习
general 2: 睡眠 感冒 头疼 心情 喜欢
"""

NEGATORS = "don don't not no without never kein keinen keine ohne sans"
"""Words that take back the one after them."""

MAKING = "t write give include use show add produce output generate do need want any"
"""Words that pass a negation on to what they make: "don't write code"."""

COURTESIES = """
please can could would you help me to i need want like now and then so kindly d we let s
bitte kannst du mir por favor pouvez vous peux tu us have hi hello hey ok okay thanks thx
ll m just maybe also quickly pls plz dear using given hallo hola bonjour salut können sie
mich ich brauche möchte könntest puedes podrías necesito quiero me je voudrais veux besoin
de d j ai puoi vorrei per favore você pode por favor preciso quero пожалуйста мне нужно
помоги можешь привет the following great good cool nice perfect your task is this that it
for in und and jetzt ahora maintenant mal eben bonsoir guten tag
"""
"""Words that stand before the verb that counts."""

SMALL_TALK = """
hi hello hey yo hiya there thanks thank you thx ty cheers ok okay k kk cool great good nice
perfect awesome morning evening afternoon night day bye goodbye see later ya so much very
a lot that s all it works now worked fine got alright sure yes no yep nope ping test testing
lol haha wow sorry please welcome how are is what up sup gm gn exactly right super
hallo danke schön vielen dank dir guten morgen tag abend moin servus tschüss klar passt
bonjour salut merci beaucoup bien ça va bonsoir au revoir d accord coucou
hola gracias muchas buenos días buenas tardes noches qué tal vale adiós perfecto
ciao grazie mille buongiorno buonasera prego
olá oi obrigado obrigada bom dia boa tarde noite tudo bem valeu tchau
привет спасибо большое здравствуйте добрый день доброе утро вечер пока хорошо понял поняла
"""
"""A short message of nothing but these is a greeting, a thank-you or an assent."""
