"""Owns the signs of a task that are shapes: of code, of formulas, of tables."""

from __future__ import annotations

import re
from typing import NamedTuple

from holybalance.routing.tasks.words import Sign

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
                "function",
                r"function ?(?![fgh]\([xt]\))\w{0,60}\(",
                "code",
                3,
                "a JavaScript function",
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
_KINDS = bytes(
    0x61 if chr(byte).islower() and byte < 0x80 else 0x41 if 0x41 <= byte <= 0x5A else 0
    for byte in range(256)
)
_CAMEL = re.compile(
    r"\b[a-z]{2,30}[A-Z][a-z]|\b[A-Z][a-z]{1,20}[A-Z][a-z]{1,20}[A-Z][a-z]"
)
_CAMEL_CASE = Sign("code", 1.5, "a name in camelCase")
_RAISED = re.compile(r"(?:Error(?<=[a-z]Error)|Exception(?<=[a-z]Exception))\b")
_ERROR = Sign("code", 2.5, "the name of an error")
_TABLE = Sign("analysis", 1.75, "a table")
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
    if len(signs) < _MANY:
        _of_names(start, raw, signs)
        if "\n" in start:
            _of_lines(start, signs)
    # Capitals, since in small letters these are everyday words.
    if "SELECT " in start and "FROM " in start:
        signs.append(_SQL)
    if len(text) <= _STORY and ("?" in text or "\uff1f" in text):
        _of_word_problem(start, signs)
    if plain and len(raw) == len(start):
        return
    if sum(sign.weight for sign in signs if sign.task == "code") < _ENOUGH:
        _of_figures(text[:_FORMULAS_IN], signs)


def kinds(raw: bytes) -> bytes:
    """
    Give each letter of a text in UTF-8 as "a" or "A".

    It costs a fraction of a search, and shows whether a search may find anything.
    """
    return raw.translate(_KINDS)


def _of_names(text: str, raw: bytes, signs: list[Sign]) -> None:
    if b"aAa" in kinds(raw):
        if _CAMEL.search(text):
            signs.append(_CAMEL_CASE)
        if _RAISED.search(text):
            signs.append(_ERROR)
    if " -" in text and _COMMAND.search(text):
        signs.append(_OPTIONS)
    if "." in text and _FILE.search(text):
        signs.append(_SOURCE)


def _of_lines(text: str, signs: list[Sign]) -> None:
    if ":\n    " in text:
        signs.append(_INDENTED)
    if "\nimport " in text or "\nfrom " in text:
        signs.append(_IMPORT)
    if not signs and _is_table(text):
        signs.append(_TABLE)


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


# "3-4 lines" and "9/10 people" are no sums.
_ARITHMETIC = re.compile(r"[\d)] ?[+*\xd7\xf7] ?[\d(]|[\d)] [-/] [\d(]|\d[-/]\d+ ?=")
_FRACTION = re.compile(r"\d[-/]\d")
_FEW = 30
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{3,}-\d")
_EQUATION = re.compile(
    r"(?<![\w.])\d{0,6}[a-z](?:'{1,2}|\(\w{1,6}\)|[²³])? ?[-+=]"
    r" ?\d{0,6}[a-z]? ?[-+=]? ?\d|(?<![\w.])[a-z] ?[-+*/] ?[a-z] ?="
)
_UNICODE = re.compile("[∫∑∏√∞≤≥∩\u222a∈πθ²³ⁿ∂]")
_SPOKEN = re.compile(
    r"\d (?:times|plus|minus|divided by|mal|geteilt durch|fois|por|per|più|mais) \d"
)
_FACTORIAL = re.compile(r"\d!(?!!)")
_FORMULA = Sign("math", 2.5, "mathematical symbols")
_SUM = Sign("math", 2.5, "a sum in figures")
_AN_EQUATION = Sign("math", 2.5, "an equation")
# A year is no number to calculate with.
_NUMBER = re.compile(
    r"\b(?!(?:19|20)\d\d\b)\d+|\b(?:two|three|four|five|six|ten|half|twice|dozen)\b"
)
_WORD_PROBLEM = Sign("math", 2, "several numbers and a question about them")
_ONE_NUMBER = Sign("math", 0.75, "a number and a question about it")
_HOW_MUCH = (
    *("how many", "how much", "how long", "how far", "how fast", "how old", "when do"),
    *("how high", "how deep", "how wide", "how large", "how big", "how heavy"),
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
    if (
        _ARITHMETIC.search(text) or (len(text) <= _FEW and _FRACTION.search(text))
    ) and not _DATE.search(text):
        signs.append(_SUM)
    elif ")(" in text:
        signs.append(_FORMULA)
    elif " " in text and _SPOKEN.search(text):
        signs.append(_SUM)
    if "!" in text and _FACTORIAL.search(text):
        signs.append(_FORMULA)


def _of_word_problem(text: str, signs: list[Sign]) -> None:
    lowered = text.lower()
    if any(question in lowered for question in _HOW_MUCH):
        numbers = len(_NUMBER.findall(lowered))
        if numbers:
            signs.append(_WORD_PROBLEM if numbers > 1 else _ONE_NUMBER)


def _is_table(text: str) -> bool:
    """Tell whether there are three rows or more with the same separators."""
    rows = text.split("\n", 12)
    for separator in (",", ";", "\t", "|"):
        counts = [row.count(separator) for row in rows]
        if max(counts) > 1 and max(map(counts.count, set(counts) - {0, 1})) > 2:
            return True
    return False
