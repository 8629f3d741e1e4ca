"""Owns the words that speak for a task, in several languages, and how much they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple


class Sign(NamedTuple):
    """Something that speaks for a task."""

    task: str
    weight: float
    """3 settles it alone, 2 is enough where nothing else speaks, 1 is a hint."""
    text: str
    """What it is, for people."""


class Entry(NamedTuple):
    """What a known word says by itself, first in a request, and in phrases."""

    alone: Sign | None = None
    leading: Sign | None = None
    phrases: tuple[tuple[bytes, Sign], ...] = ()
    """Each with a space before it, as it stands in a text of `normal`."""


# One row per task and weight. Words that mean little by themselves are left out, and
# so are those with an everyday meaning: "class", "swift", "spring", "mean".
_WORDS = """
code 5: traceback
code 3: subarray substring subarrays substrings javascript typescript golang kotlin
code 3: sql bash powershell html css regex regexp vba c++ c++11 c++17 c++20 c# numpy
code 3: pandas pytorch tensorflow django flask fastapi npm dockerfile kubernetes
code 3: kubectl git terraform ansible nginx postgres postgresql mysql sqlite mongodb
code 3: pytest junit webpack cmake gcc makefile refactor refaktoriere debug debugging
code 3: segfault mutex semaphore localhost dataframe dataclass docstring docstrings
code 3: stdin stdout stacktrace nullpointerexception valgrind usestate useeffect
code 3: programmiere coding jsonb css3 html5 async goroutine panicked typeerror
code 3: valueerror keyerror indexerror attributeerror referenceerror syntaxerror grep
code 3: sudo chmod stderr uncaught
code 2.25: function functions program programs webpage website
code 2: div selector stylesheet python java php perl haskell rust matlab json yaml xml
code 2: docker github gitlab redis api apis cors backend frontend react vue angular
code 2: linux ubuntu code codebase bug bugs compile compiler compiles algorithm
code 2: algorithms array arrays recursion recursive decorator callback singleton
code 2: snippet unittest código codigo quellcode cron js jsx ts tsx cpp lambda config
code 2: repo iterator boolean subclass middleware oauth код кода функцию программу
code 2: programa
code 1.5: funktion fonction función funzione função script scripts skript implement
code 1.5: implementation implementiere implémente implementa macro query queries
code 1.5: abfrage requête consulta database datenbank schema endpoint endpoints loop
code 1.5: pointer exception repository thread-safe deploy server app cli aws azure
code 1.5: ruby scala node programming software iteratively
code 1: variable variables string strings thread threads deployment ci commit branch
code 1: parse parser struct tests http https url csv excel klasse method crash error
code 1: const std errors fehler package library import latency timeout workflow stack
writing 3: translate übersetze übersetzen traduis traduire traduisez traduce traducir
writing 3: traduci traduza переведи poem poems poème poema gedicht sonnet haiku
writing 3: limerick lyrics ballad essay essays eulogy slogan slogans tagline taglines
writing 3: rephrase paraphrase proofread reword reformule screenplay fairytale
writing 3: стихотворение стих
writing 2.5: rewrite compose rédige rédigez redacta redactar formuliere umformulieren
writing 2.5: story stories cuento märchen fable newsletter ensayo aufsatz rhyme
writing 2.5: copywriter monologue obituary storytelling kurzgeschichte racconto
writing 2: imagery vivid podcast verses villanelle ode draft email e-mail polish tale
writing 2: blog tweet headline headlines caption captions dialogue correo grammar
writing 2: invitation lettre anschreiben bewerbung höflicher translation traduction
writing 2: traducción poet écris écrire écrivez scene verse prose speech toast письмо
writing 2: рассказ wording testimonial brochure
writing 1.5: write schreibe schreib escribe escribir scrivi escreva напиши writing
writing 1.5: rede discurso craft letter brief carta edit bio polite tone friendlier
writing 1.5: outline article paragraph rewritten postcard nachricht geschichte
writing 1.5: discours resume
writing 1: creative creatively plot characters captivating engaging mail message note
writing 1: post formal formally professional fictional character narrator novel
writing 1: chapter histoire texte tweets introduction friendly style
analysis 3: analyse analyze analysis analysiere analysieren analysez analiza analizar
analysis 3: análisis analizza проанализируй summarise summarize zusammenfassung
analysis 3: zusammenfassen riassumi swot
analysis 2.5: compare vergleiche vergleich comparez compara comparar confronta сравни
analysis 2.5: assess summary résume résumer résumez resumen resumir resuma
analysis 2.5: implications insights interpret critique post-mortem postmortem
analysis 2.5: cost-benefit disadvantages inconvénients desventajas nachteile takeaways
analysis 2: causes ursachen causas evaluate bewerte évalue évaluez evalúa evaluar
analysis 2: strategy strategies strategic stratégie estrategia trends trend outliers
analysis 2: diagnose findings symbolism strengths weaknesses methodology trade-offs
analysis 2: tradeoffs critically erkenntnisse summarized pattern patterns hypotheses
analysis 2: correlation weigh
analysis 1.5: factors factores facteurs drivers advantages vorteile avantages ventajas
analysis 1.5: report bericht informe rapport conclude conclusions argument arguments
analysis 1.5: themes competitive risks risiken risques riesgos justify differ
analysis 1.5: differences versus contrast rank evidence explanations prioritize
analysis 1.5: transcript feasibility
analysis 1: reasoning revenue churn market survey dataset study impact consequences
analysis 1: recommendation recommendations data metrics stakeholders scenario
analysis 1: scenarios identify examine severity likelihood compared effect effects
analysis 1: policy better
math 3: equation equations gleichung gleichungen équation équations ecuación
math 3: ecuaciones equazione уравнение integral integrals intégrale derivative
math 3: derivatives ableitung dérivée derivada eigenvalue eigenvalues eigenvector
math 3: probability wahrscheinlichkeit probabilité probabilidad вероятность theorem
math 3: theorems lemma polynomial polynomials calculus algebra trigonometry logarithm
math 3: permutations beweise démontrer démontrez démontre berechne докажи вычисли
math 3: arithmetic pigeonhole
math 2.5: prove calculate calcule calculer calculez calcula calcular calcola solve
math 2.5: löse résous résoudre resuelve resolver реши factorise factorize divisible
math 2.5: perimeter mathematically demuestra prouve rechne differentiate
math 2: wurzel raíz prozent compute proof simplify integers fractions converge
math 2: converges matrices geometry radius hypotenuse modulo remainder variance cosine
math 2: sine math maths mathematics mathe dice diverges abelian
math 1.5: sum prime primes percentage fraction triangle rectangle inequality matrix
math 1.5: induction median cos sin tan coin combinations multiply multiplied divided
math 1.5: subtract quadratic vector vectors infinity
math 1: percent factor area volume discount angle cm km km/h mph metres meters integer
math 1: limit series average total circle digits
speed 2.5: categorize categorise klassifiziere clasifica classifie briefly brièvement
speed 2.5: brevemente synonym synonyms antonym tersely
speed 1.5: quick label extract sentiment category kurz spam ham rapidement classify
speed 1: quickly yes only just nur solo abbreviation acronym
"""

# A weight below 0 is for what is called code and is none.
_PHRASES = """
code 3: array of, integer array, operating system, binary tree, dynamic programming
code 3: sorting algorithm, breadth first search, depth first, big o, object oriented
code 3: web app, mobile app, unit test, pull request, linked list, binary search
code 3: hash map, hash table, type hint, data structure, rest api, stack trace
code 3: time complexity, regular expression, design pattern, race condition
code 3: shell script, web scraper, console log, call stack, foreign key, primary key
code 3: insert into, create table, delete from, inner join, left join, alter table
code 2: a script that, a script to, an app that, a class that, command line
code 2: source code, merge conflict, memory leak, coding assistant, software engineer
code 2: software developer
code 1.5: a function, a program, a script, a query, a method, an algorithm
code -2: television program, tv program, space program, training program
code -2.5: country code, dress code, zip code, area code, postal code, morse code
code -2.5: code of conduct, penal code, qr code, promo code, building code
code -2.5: discount code
writing 3: video script, podcast script, movie script, script for a, cover letter
writing 3: press release, product description, thank you note, short story
writing 3: landing page, song lyrics, continue the story, opening scene, love letter
writing 2.5: personal statement, opinion piece, product review, birthday card
writing 2: sound more, in the style of, come up with, make this, write a speech
writing 2: blog post, fix the grammar, copy for
analysis 3: root cause, pros and cons, cost benefit, post mortem, trade off
analysis 3: go to market, business case, key points
analysis 2.5: key findings, main points, main factors, how would we, open questions
analysis 2.5: case study, strengths and weaknesses, explain your, main insights
analysis 2.5: what could be the, fasse das, fasse die, fass den, fass das, fass die
analysis 2: marketing plan, business plan, action plan, what should we
analysis 2: what does this tell, what explains, break down, walk me through
analysis 2: both sides, fasse den
math 3: how many ways, expected value, standard deviation, expected number, show that
math 3: square root
math 2: prime number, por ciento, pour cent, total amount, how many times, in total
math 2: expressed as a fraction, what is the sum, how many does, how much does each
math 1.5: find all, how many different, times as many, original price
speed 5: yes or no, yes no, true or false, true false, one word, single word
speed 5: ja oder nein, oui ou non, sí o no, si o no, in einem wort, un mot
speed 5: une palabra, una palabra
speed 4: answer only, reply only, just the letter, single label, short answer
speed 4: quick question, keep it short, one letter
speed 3.5: return only, output only, one sentence, one line, reply with, respond with
speed 3.5: einem satz, une phrase
speed 3: just give me, give me just, only the, just the, nur mit, which category
speed 3: stand for, address only, number only
speed 2: in short, the capital, die hauptstadt, la capitale, la capital, another word
speed 2: as fast as, real quick
"""

# What the first word of a request adds to its usual meaning, or says only there.
_LEADING = """
code 1.5: implement refactor debug optimise optimize port deploy code
writing 2: translate rewrite rephrase paraphrase proofread compose draft übersetze
writing 2: traduis traduce rédige redacta polish edit formuliere
writing 1: write schreibe schreib écris escribe scrivi escreva напиши craft
analysis 3: resume examine contrast
analysis 1.5: compare analyse analyze evaluate assess summarise summarize vergleiche
analysis 1.5: analysiere analiza interpret critique résume
math 1.5: prove solve calculate compute simplify berechne löse beweise find
math 1: integrate démontrez calcule calcula resuelve differentiate
speed 2.5: hi hello hey thanks thx ok okay ping hola bonjour hallo danke
speed 2: classify label extract categorize quick name
"""

_EAST_ASIAN = """
code 3: 写代码 網頁 网页 前端 后端 プログラミング 정렬 代码 代碼 编程 編程 程式 函数
code 3: 函數 関数 爬虫 报错 正则 调试 코드 함수 单元测试 コード アルゴリズム
code 3: スクリプト プログラム 数据库 排序 单例
code 2: 程序 算法 演算法 脚本 接口 编译 部署 实现 データベース バグ 알고리즘
code -9: 不要写代码 不要代码 不用代码 コードは不要
writing 3: 俳句 手紙 周报 简历 履歴書 广告语 口号 演讲 推文 散文 短编 소설 이메일 翻译
writing 3: 翻譯 翻訳 번역 润色 潤色 改写 改寫 文案 作文 书信 邮件 郵件 诗 詩 故事 小说
writing 3: 小說 物語 演讲稿 歌词 メール 文面 添削 에세이
writing 2: 写一篇 写一首 写一封 寫一 書いて 文章を 标题 작성
writing 1.5: 作成して 写作 文章 标语 써줘
analysis 3: 分析 总结 總結 概括 要約 요약 분석 评估 評估 評価 优缺点 優缺點 对比 對比
analysis 3: 比较 比較 비교 利弊 まとめて 考察 摘要
analysis 2: 解读 解讀 评价 評價 区别 區別 报告 報告 レポート 要点 比べて 違い
analysis 1.5: 原因 风险 風險 策略 趋势 趨勢 观点 影响 影響 課題 角度
math 3: 平方根 三角形 几何 幾何 数列 百分之 解いて 求导 公式 倍数 约数 面积 面積 证明
math 3: 證明 証明 증명 计算 計算 계산 方程 概率 機率 確率 积分 積分 导数 導數 微分
math 3: 矩阵 矩陣 等于多少 求解 解方程 因数 不等式 偶数
speed 4: 一句话 一句話 一个词 一個詞 是或否 只回答 一言で いいえ
speed 3: 首都 快速 简短 簡短 簡単に
"""

NEGATORS = frozenset((b"don't", b"don\xe2\x80\x99t", b"not", b"no", b"without"))
NEGATORS |= {b"never", b"kein", b"keinen", b"keine", b"ohne", b"sans"}
"""Words that take back the one after them."""


def _kept(byte: int) -> bool:
    """Tell whether a byte is part of a word; all of a letter beyond ASCII is."""
    return byte >= 0x80 or chr(byte).isalnum() or chr(byte) in "'_+#-"


# Text in lower case to words: what is no part of one becomes a space.
_TO_SPACES = bytes(byte if _kept(byte) else 0x20 for byte in range(256))
_LATIN_ONLY = bytes(byte if byte < 0x80 else 0x20 for byte in range(256))
# What the UTF-8 of U+3000 to U+D7FF begins with: kana, Han and Hangul.
_EAST_ASIAN_BYTES = bytes(range(0xE3, 0xEE))


def normal(text: str) -> bytes:
    """Give a text in lower case, with spaces for all that is no part of a word."""
    raw = text.lower().encode("utf-8", "replace")
    return b" " + raw.translate(_TO_SPACES) + b" "


def latin(plain: bytes) -> bytes:
    """Give a normal form without East Asian words, if there were any, else as it is."""
    if plain.isascii() or len(plain.translate(None, _EAST_ASIAN_BYTES)) == len(plain):
        return plain
    return plain.translate(_LATIN_ONLY)


def _rows(table: str) -> Iterator[tuple[str, float, str]]:
    """Read a table: each row has a task and a weight, a colon, and words."""
    for row in table.strip().splitlines():
        head, words = row.split(": ", 1)
        task, weight = head.split()
        yield task, float(weight), words


def _signs(table: str, template: str) -> dict[str, Sign]:
    return {
        word: Sign(task, weight, template.format(word))
        for task, weight, words in _rows(table)
        for word in words.split()
    }


def _phrases() -> dict[str, tuple[tuple[bytes, Sign], ...]]:
    """Give the phrases by a word of each, the one that is likely to be the rarest."""
    found: dict[str, tuple[tuple[bytes, Sign], ...]] = {}
    for task, weight, texts in _rows(_PHRASES):
        for text in texts.split(", "):
            sign = Sign(task, weight, f'the words "{text}"')
            word = _rarest(text.split())
            found[word] = (*found.get(word, ()), (f" {text}".encode(), sign))
    return found


def _rarest(words: Sequence[str]) -> str:
    """Give the longest word, but the last, which may be inflected, only at need."""
    long = [word for word in words[:-1] if len(word) > 3]
    return max(long or words, key=len)


def _lexicon() -> dict[bytes, Entry]:
    alone = _signs(_WORDS, 'the word "{}"')
    leading = _signs(_LEADING, 'a request that begins with "{}"')
    phrases = _phrases()
    words = (*alone, *leading, *phrases, *(word.decode() for word in NEGATORS))
    return {
        word.encode(): Entry(alone.get(word), leading.get(word), phrases.get(word, ()))
        for word in words
    }


LEXICON: Mapping[bytes, Entry] = _lexicon()
"""What is known of a word, by the word in UTF-8 and lower case."""

EAST_ASIAN: Mapping[str, Sign] = _signs(_EAST_ASIAN, '"{}"')
"""What is known of words of languages that put no spaces between them."""

# The longest first, or "方程" would hide what begins with it.
EAST_ASIAN_WORD = re.compile("|".join(sorted(EAST_ASIAN, key=len, reverse=True)))

MAKING = frozenset(b"write give include use show add produce output generate".split())
"""Verbs that pass a negation on to what they make: "don't write code"."""

COURTESIES = frozenset(
    b"please can could would you help me to i need want like now and then so kindly"
    b" i'd we let's bitte kannst du mir por favor pouvez vous peux tu us have".split()
)
"""Words that stand before the verb that counts."""
