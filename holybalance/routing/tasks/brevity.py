"""Owns the signs of a short answer: small talk, questions of fact, given choices."""

from __future__ import annotations

import re
from collections.abc import Sequence

from holybalance.routing.tasks.signs import kinds
from holybalance.routing.tasks.words import SMALL_TALK, Sign

_WORDS_OF_CHOICE = re.compile(
    r"(?<![\w/.:~@])[A-Za-z]{2,20} ?/ ?[A-Za-z ]{2,20}/ ?[A-Za-z]{2,20}(?![/.\w])"
)
_LABELS = re.compile(r"\b[A-Z_]{2,20}(?: or |, )[A-Z_]{2,20}\b")
_IN_BRACKETS = re.compile(
    r"\[[\"']?[A-Za-z]\w{1,20}[\"']?(?:, [\"']?\w{2,20}[\"']?){2}"
)
_CHOICE = Sign("speed", 2, "a choice of answers")


_IN_PARENTHESES = re.compile(r" \((?:\w{2,20}, ){2,9}(?:or )?\w{2,20}\)")


def of_choices(text: str, signs: list[Sign]) -> None:
    """Find a choice of short answers: "low/med/high", "URGENT or NOT", "A) … B) …"."""
    if (
        ("/" in text and _WORDS_OF_CHOICE.search(text))
        or ((" or " in text or "," in text) and _is_of_labels(text))
        or ("[" in text and _IN_BRACKETS.search(text))
        or ("(" in text and _IN_PARENTHESES.search(text))
        or (")" in text and "A)" in text and "B)" in text)
    ):
        signs.append(_CHOICE)


def _is_of_labels(text: str) -> bool:
    return (
        b"AA" in kinds(text.encode("utf-8", "replace"))
        and _LABELS.search(text) is not None
    )


_BRIEF = 80
_VERY_BRIEF = 32
_TALK = 6
_BARE = Sign("speed", 1.5, "a message of a few letters")
_SMALL_TALK = Sign("speed", 6, "small talk")
_QUESTION = Sign("speed", 1.75, "a short question of fact")
_SHORT_QUESTION = Sign("speed", 1.75, "a very short question")
_CLOSED = Sign("speed", 1.25, "a closed question about a text")


def _set(words: str) -> frozenset[bytes]:
    return frozenset(words.encode().split())


_ASKING = _set(
    "who when where which is are does did was were do has have whose whom can will"
    " who's what whats wer wann wo ist sind war hat welche welcher welches"
    " qui quand où quel quelle quels quelles est combien quién cuándo cuál cuánto"
    " cuántos dónde es qué que chi quando dove qual quale quanti quem onde quantos"
    " кто когда где сколько какой какая какое столица en"
)
"""What a question of fact begins with."""
_BEFORE_ASKING = _set("de en a à in di da con con auf mit от в на and so")
_MEASURES = _set(
    "many much tall old big far long high deep heavy fast viel viele alt hoch groß lang"
    " weit heißt heisst de d spell"
)
"""What makes a question of fact of "how"."""
_OPEN = _set(
    "why how should you feel like think people pourquoi warum some good best tips ideas"
    " i my we our me gut tun kann man puedo posso faire idee ideen recommend suggest"
    " как почему wie comment cómo como come perché qu mi mein meine mon ma ich je"
    " haben hast tell know pros difference better better worth"
)
"""What makes a short question one that no short answer will do for."""
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_EAST_ASIAN_BRIEF = 26
_EAST_ASIAN_FEW = 4
_FEW_LETTERS = 12
_EAST_ASIAN_TALK = re.compile(
    "^(?:你好|您好|谢谢|謝謝|多谢|早上好|晚上好|晚安|再见|好的|明白|收到|在吗|嗨|哈喽|辛苦"
    "|ありがとう|こんにちは|おはよう|こんばんは|はい|了解|どうも|안녕|감사|고마|네)"
)
_EAST_ASIAN_FACT = re.compile(
    "[谁誰哪几幾?\uff1f]|什么|什麼|多少|何時|いつ|どこ|だれ|吗|嗎|ですか|누구|언제|어디"
)
_EAST_ASIAN_OPEN = re.compile(
    "怎么[^说样]|怎样|怎么样|如何|为什么|為什麼|推荐|推薦|なぜ|どう|写|解释|解釋|介绍|讲讲|行けば|教え"
    "|哪些|おすすめ|看法|分析|比较|怎么看|要准备|어떻게|왜|추천"
)


def of_brevity(
    text: str, words: Sequence[bytes], followed: bool, signs: list[Sign]
) -> None:
    """
    Find what the form of a short request says: a greeting, a question of fact.

    Args:
        text: The request.
        words: Its words.
        followed: Whether a text comes after it.
        signs: What is found is added to these.
    """
    length = len(text)
    if length > _BRIEF or not text.strip():
        return
    if not words or (words[0].isascii() and _is_east_asian(text)):
        _of_east_asian_brevity(text, signs)
        return
    if len(words) <= _TALK and SMALL_TALK.issuperset(words):
        signs.append(_SMALL_TALK)
        return
    asked = "?" in text or "\uff1f" in text
    first = words[0]
    if first in _BEFORE_ASKING and len(words) > 1:
        words = words[1:]
        first = words[0]
    fact = first in _ASKING or (
        first in (b"how", b"wie") and len(words) > 1 and words[1] in _MEASURES
    )
    rest = words[1:] if fact else words
    if not _OPEN.isdisjoint(rest):
        return
    if followed:
        if fact and asked:
            signs.append(_CLOSED)
    elif fact:
        signs.append(_QUESTION)
    elif asked and length <= _VERY_BRIEF:
        signs.append(_SHORT_QUESTION)


def of_few_words(text: str, words: Sequence[bytes], signs: list[Sign]) -> None:
    """Find whether a text is so short that only its shortness says anything."""
    if text.isascii():
        brief = len(text) <= _VERY_BRIEF and _OPEN.isdisjoint(words)
    else:
        brief = len(text) <= _FEW_LETTERS and not _EAST_ASIAN_OPEN.search(text)
    if brief and text.strip():
        signs.append(_BARE)


_LABEL, _BLANK = 60, 3
_TO_FILL_IN = Sign("speed", 2, "a blank to fill in at the end")


def of_end(text: str, signs: list[Sign]) -> None:
    """Find a label at the end that waits for its value, such as "Category:"."""
    if ":" in text[-_BLANK:] and "\n" in text[-_LABEL:] and text.rstrip()[-1] == ":":
        signs.append(_TO_FILL_IN)


def _is_east_asian(text: str) -> bool:
    return not text.isascii() and _EAST_ASIAN.search(text) is not None


def _of_east_asian_brevity(text: str, signs: list[Sign]) -> None:
    length = len(text)
    if length <= _FEW_LETTERS and _EAST_ASIAN_TALK.search(text):
        signs.append(_SMALL_TALK)
    elif length <= _EAST_ASIAN_BRIEF and not _EAST_ASIAN_OPEN.search(text):
        if _EAST_ASIAN_FACT.search(text):
            signs.append(_QUESTION)
        elif length <= _EAST_ASIAN_FEW:
            signs.append(_BARE)
