"""Owns what the words of a text say of its task; knows no conversation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count

from holybalance.routing.tasks.words import (
    COURTESIES,
    EAST_ASIAN,
    EAST_ASIAN_START,
    LEXICON,
    MAKING,
    NEGATORS,
    Sign,
    latin,
    normal,
)

# A Chinese sentence has a third of the letters of an English one.
_EAST_ASIAN_WORDS = 120


def of_text(text: str) -> list[Sign]:
    """Find what the words of a text say."""
    found: list[Sign] = []
    plain, words = read(text, found)
    of_words(plain, words, found)
    return found


def scaled(signs: list[Sign], factor: float) -> list[Sign]:
    """Give signs with their weights times a factor."""
    return [Sign(task, weight * factor, text) for task, weight, text in signs]


def read(text: str, found: list[Sign]) -> tuple[bytes, list[bytes]]:
    """Give a text's normal form and its words; add what East Asian words say."""
    whole = normal(text)
    plain = latin(whole)
    if plain is not whole:
        _of_east_asian(text[:_EAST_ASIAN_WORDS], found)
    return plain, plain.split()


def _of_east_asian(text: str, found: list[Sign]) -> None:
    places = [match.start() for match in EAST_ASIAN_START.finditer(text)]
    for start in dict.fromkeys([text[at : at + 2] for at in places]):
        for word, sign in EAST_ASIAN.get(start, ()):
            if word in text:
                found.append(sign)


def of_words(plain: bytes, words: list[bytes], found: list[Sign]) -> None:
    """Find what each word and each phrase of a text says."""
    # Most words are known to say nothing; this passes over them at the speed of C.
    known = list(compress(count(), map(LEXICON.__contains__, words)))
    if not known:
        return
    struck: frozenset[int] = frozenset()
    if not NEGATORS.isdisjoint([words[at] for at in known]):
        struck = _struck(words)
    said: dict[bytes, Sign] = {}
    last = len(words) - 1
    for at in known:
        word = words[at]
        alone, _, after, before = LEXICON[word]
        if alone is not None and at not in struck:
            said[word] = alone
        if after and at:
            for phrase, sign in after.get(words[at - 1], ()):
                if phrase in plain:
                    said[phrase] = sign
        if before and at < last:
            for phrase, sign in before.get(words[at + 1], ()):
                if phrase in plain:
                    said[phrase] = sign
    found += said.values()


def of_verb(words: Sequence[bytes], found: list[Sign]) -> None:
    """Find what the word says that a request begins with, after its courtesies."""
    for word in words[:8]:
        entry = LEXICON.get(word)
        if entry is not None and entry.leading is not None:
            found.append(entry.leading)
            return
        if word not in COURTESIES:
            return


def _struck(words: Sequence[bytes]) -> frozenset[int]:
    """Find what a negation takes back: "don't write code", "no code"."""
    found = []
    struck = 0
    for at, word in enumerate(words):
        if word in NEGATORS:
            struck = 1
        elif struck:
            found.append(at)
            struck = 2 if word in MAKING else struck - 1
    return frozenset(found)
