"""Owns the signs of a task that are no words: shapes of code, formulas, questions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from holybalance.routing.task_words import Sign

FENCE = "```"
_HEAD, _TAIL = 400, 200
"""Where shapes are looked for in a long text: what lies between is much the same."""
_FORMULAS_IN = 300


class _Group(NamedTuple):
    """Signs that need one character to be there, which costs next to nothing to see."""

    character: str
    literals: tuple[tuple[str, Sign], ...] = ()
    patterns: tuple[tuple[str, re.Pattern[str], Sign], ...] = ()
    """Each with a literal that must be there before the pattern is tried."""


def _pattern(
    literal: str, pattern: str, task: str, weight: float, what: str
) -> tuple[str, re.Pattern[str], Sign]:
    return literal, re.compile(pattern, re.MULTILINE), Sign(task, weight, what)


# Formulas come first, since the search ends with enough signs. Patterns begin with a
# literal where they can, and look behind it: `re` finds a literal ten times as fast as
# a class of characters. Every repetition is bounded: none backtracks over a long text.
_GROUPS = (
    _Group(
        "\\",
        (("\\;", Sign("code", 1.5, "a shell escape")),),
        (
            _pattern(
                "\\",
                r"\\(?:int|frac|sum|sqrt|lim|begin|infty|cdot|mathbb)(?![a-z])",
                "math",
                4,
                "a LaTeX formula",
            ),
        ),
    ),
    _Group(
        "^",
        (),
        (_pattern("^", r"\^(?<=[\w)]\^)[\w({-]", "math", 3, "a power like x^2"),),
    ),
    _Group(
        "%",
        (),
        (
            _pattern(
                "% of ",
                r"% of (?:(?<=\d% of )|(?<=\d % of ))",
                "math",
                3.5,
                "a share of a number",
            ),
        ),
    ),
    _Group(
        "$",
        (("${", Sign("code", 2, "a shell variable")),),
        (
            _pattern("$ ", r"\$ (?<!\S\$ )[a-z]{2}", "code", 4, "a shell prompt"),
            _pattern(
                "$", r"\$[A-Za-z\\][^$\n]{0,80}\$", "math", 3, "a formula in dollars"
            ),
        ),
    ),
    _Group(
        "`",
        (),
        (_pattern("`", r"`[\w .()-]{1,60}`", "code", 1.5, "code in backquotes"),),
    ),
    _Group(
        "(",
        (
            ("();", Sign("code", 2.5, "calls that end in ();")),
            (");\n", Sign("code", 2, "lines that end in );")),
            ("print(", Sign("code", 2.5, "a print call")),
        ),
        (
            _pattern(
                "def ", r"def (?<!\wdef )\w{1,60}\(", "code", 4, "a Python function"
            ),
            _pattern(
                "function", r"function ?\w{0,60}\(", "code", 3, "a JavaScript function"
            ),
            _pattern("fn ", r"fn (?<!\wfn )\w{1,60}[(<]", "code", 4, "a Rust function"),
            _pattern("func ", r"func \w{1,60}\(", "code", 4, "a Go function"),
            _pattern("_", r"_(?<=[a-z]_)[a-z]\w{0,60}\(", "code", 2, "a call"),
            _pattern(".", r"\.(?<=[a-z]\.)[a-z]\w{0,30}\(", "code", 2, "a method call"),
            _pattern(
                "at ",
                r"at (?<=\sat )\S{1,80} ?\(\S{1,80}:\d",
                "code",
                4,
                "a stack trace",
            ),
        ),
    ),
    _Group(
        "{",
        (
            (") {", Sign("code", 2, "a block in braces")),
            ("){", Sign("code", 2, "a block in braces")),
            ("};", Sign("code", 2, "a block in braces")),
        ),
    ),
    _Group(
        "=",
        (
            ("=>", Sign("code", 1.5, "an arrow =>")),
            (" == ", Sign("code", 1.5, "an == comparison")),
            ('="', Sign("code", 1, "an attribute")),
        ),
        (
            _pattern(
                "= ", r"\n {0,20}[\w.\[\]']{1,40} \+?= ?\S", "code", 1, "an assignment"
            ),
        ),
    ),
    _Group(
        "#",
        (
            ("#include", Sign("code", 4, "an #include line")),
            ("#!/", Sign("code", 4, "a shebang line")),
        ),
    ),
    _Group("<", (("</", Sign("code", 2, "markup tags")),)),
    _Group("&", (("&&", Sign("code", 1.5, "an && operator")),)),
    _Group(
        "|",
        (
            (" | grep", Sign("code", 3, "a shell pipe")),
            ("||", Sign("code", 1.5, "an || operator")),
        ),
    ),
    _Group(
        "[",
        (
            ("error[E", Sign("code", 5, "a Rust compiler error")),
            ("[0]", Sign("code", 1.5, "an index")),
        ),
    ),
    _Group(
        "_",
        (),
        (_pattern("_", r"_(?<=[a-z]_)[a-z]{2}", "code", 1, "a name in snake_case"),),
    ),
    _Group(";", ((";\n", Sign("code", 1.5, "lines that end in ;")),)),
)
_DIGITS = b"0123456789"
_SYMBOLS_AND_DIGITS = "".join(group.character for group in _GROUPS).encode() + _DIGITS

_FENCED = Sign("code", 4, "a fenced code block")
_INDENTED = Sign("code", 1.5, "an indented block")
_IMPORT = Sign("code", 2, "an import")
_COMMAND = re.compile(r" -{1,2}[a-z]{1,20} ['\"/*.+\d]")
_OPTIONS = Sign("code", 1.5, "command options")
_FILE = re.compile(r"\.(?<=\w\.)(?:py|js|tsx?|rs|go|cpp|java|sql|sh|ya?ml)\b")
_SOURCE = Sign("code", 1.5, "the name of a source file")
_SQL = Sign("code", 4, "an SQL statement")
# Prose puts a space before its parentheses.
_CALL = re.compile(r"\((?<=\w\()")
_STORY = 1_000
"""Problems told in words are no longer."""
_MANY = 4
"""More signs of one kind or another make nothing clearer, and each costs time."""
_ENOUGH = 4.0
"""Signs of code of this weight make figures in it part of it."""


def of_shape(text: str, signs: list[Sign]) -> None:
    """Find the shapes of code and formulas; `text` is to be of bounded length."""
    start = text
    if len(text) > _HEAD + _TAIL:
        start = text[:_HEAD] + "\n" + text[-_TAIL:]
    # A fence is one wherever it stands.
    if "`" in text and FENCE in text:
        signs.append(_FENCED)
    raw = start.encode("utf-8", "replace")
    plain = len(raw.translate(None, _SYMBOLS_AND_DIGITS)) == len(raw)
    if not plain:
        _of_groups(start, signs)
    if " -" in start and _COMMAND.search(start):
        signs.append(_OPTIONS)
    if "." in start and _FILE.search(start):
        signs.append(_SOURCE)
    if "\n" in start:
        if ":\n    " in start:
            signs.append(_INDENTED)
        if "\nimport " in start or "\nfrom " in start:
            signs.append(_IMPORT)
    # Capitals, since in small letters these are everyday words.
    if "SELECT " in start and "FROM " in start:
        signs.append(_SQL)
    if len(text) <= _STORY and ("?" in text or "\uff1f" in text):
        _of_word_problem(start, signs)
    if plain and len(raw) == len(start):
        return
    if sum(sign.weight for sign in signs if sign.task == "code") < _ENOUGH:
        _of_figures(text[:_FORMULAS_IN], signs)


def _of_groups(text: str, signs: list[Sign]) -> None:
    for character, literals, patterns in _GROUPS:
        if len(signs) >= _MANY:
            return
        if character in text:
            for literal, sign in literals:
                if literal in text:
                    signs.append(sign)
            if character == "(" and not _CALL.search(text):
                continue
            for literal, pattern, sign in patterns:
                if literal in text and pattern.search(text):
                    signs.append(sign)


_ARITHMETIC = re.compile(r"[\d)] ?[+*/\xd7\xf7-] ?[\d(]")
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{3,}-\d|\d/\d\b")
_EQUATION = re.compile(
    r"(?<![\w.])\d{0,6}[a-z](?:'{1,2}|\(\w{1,6}\)|[²³])? ?[-+=]"
    r" ?\d{0,6}[a-z]? ?[-+=]? ?\d|(?<![\w.])[a-z] ?[-+*/] ?[a-z] ?="
)
_UNICODE = re.compile("[∫∑∏√∞≤≥∩\u222a∈πθ²³ⁿ∂]")
_FACTORIAL = re.compile(r"\d!(?!!)")
_FORMULA = Sign("math", 2.5, "mathematical symbols")
_SUM = Sign("math", 2.5, "a sum in figures")
_AN_EQUATION = Sign("math", 2.5, "an equation")
_NUMBER = re.compile(r"\d+|\b(?:two|three|four|five|six|ten|half|twice|dozen)\b")
_WORD_PROBLEM = Sign("math", 2, "several numbers and a question about them")
_HOW_MUCH = (
    *("how many", "how much", "how long", "how far", "how fast", "how old", "when do"),
    *("when will", "what is", "what are", "what was", "what percent", "what fraction"),
    *("combien", "cuánt", "wie viel", "多少", "几", "幾", "いくつ"),
)


def _of_figures(text: str, signs: list[Sign]) -> None:
    raw = text.encode("utf-8", "replace")
    if len(raw) != len(text) and _UNICODE.search(text):
        signs.append(_FORMULA)
    if "=" in text and _EQUATION.search(text):
        signs.append(_AN_EQUATION)
    if len(raw.translate(None, _DIGITS)) == len(raw):
        return
    if _ARITHMETIC.search(text) and not _DATE.search(text):
        signs.append(_SUM)
    if "!" in text and _FACTORIAL.search(text):
        signs.append(_FORMULA)


def _of_word_problem(text: str, signs: list[Sign]) -> None:
    lowered = text.lower()
    asked = any(question in lowered for question in _HOW_MUCH)
    if asked and len(_NUMBER.findall(lowered)) >= 2:
        signs.append(_WORD_PROBLEM)


_BRIEF = 70
_BARE = Sign("speed", 1.75, "a message of a few letters")
_QUESTION = Sign("speed", 1.75, "a short question of fact")
# What may follow the word that a question of fact begins with; nothing: anything may.
_ASKING: dict[bytes, frozenset[bytes]] = {
    first.encode(): frozenset(second.encode().split())
    for first, second in (
        ("who", "is was wrote won invented painted discovered founded"),
        ("what", "is was are year time day color colour language currency does"),
        ("when", "is was did does do are were"),
        ("where", "is was did does do are were"),
        ("how", "many much tall old big far long high deep heavy fast"),
        *((word, "") for word in ("who's", "what's", "whats", "which", "is", "are")),
        *((word, "") for word in ("does", "did", "was", "wer", "wann", "wo", "ist")),
        ("wie", "heißt heisst viel viele alt hoch groß"),
        *((word, "") for word in ("qui", "quand", "où", "quel", "quelle", "combien")),
        *((word, "") for word in ("quién", "cuándo", "cuál", "cuánto", "dónde", "qué")),
    )
}
_OPEN_ENDED = frozenset(
    b"why should you feel like think people pourquoi warum some good best".split()
)
_EAST_ASIAN_FACT = re.compile("[谁誰哪几幾]|什么|什麼|多少|何時|いつ|どこ|だれ|吗|嗎")
_EAST_ASIAN_OPEN = re.compile("怎|如何|为什么|為什麼|推荐|推薦|なぜ|どう|写|解释|解釋")


def of_brevity(text: str, words: Sequence[bytes], signs: list[Sign]) -> None:
    """Find what the form of a short message says: a greeting, a question of fact."""
    length = len(text)
    if length > _BRIEF or not text.strip():
        return
    if length <= (12 if text.isascii() else 6):
        signs.append(_BARE)
    after = _ASKING.get(words[0].strip(b"\xc2\xbf")) if words else None
    if after is not None and (not after or (len(words) > 1 and words[1] in after)):
        # A second question, with "how" or "why", asks for more than a fact.
        if _OPEN_ENDED.isdisjoint(words) and b"how" not in words[1:]:
            signs.append(_QUESTION)
    elif length <= 24 and not text.isascii() and _is_east_asian_fact(text):
        signs.append(_QUESTION)


def _is_east_asian_fact(text: str) -> bool:
    return bool(_EAST_ASIAN_FACT.search(text)) and not _EAST_ASIAN_OPEN.search(text)
