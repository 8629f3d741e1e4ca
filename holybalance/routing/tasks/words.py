"""Owns how the words of a text are found, and what each says of its task."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from holybalance.routing.tasks import vocabulary


class Sign(NamedTuple):
    """Something that speaks for a task."""

    task: str
    weight: float
    """3 settles it alone, 2 is enough where nothing else speaks, 1 is a hint."""
    text: str
    """What it is, for people."""


Phrases = dict[bytes, tuple[tuple[bytes, Sign], ...]]
"""By a word: phrases with a space before each, as they stand in a text of `normal`."""


class Entry(NamedTuple):
    """What a known word says by itself, first in a request, and in phrases."""

    alone: Sign | None
    leading: Sign | None
    after: Phrases
    """Phrases in which this word comes right after the one given."""
    before: Phrases
    """Phrases in which this word comes right before the one given."""


def _kept(byte: int) -> bool:
    """Tell whether a byte is part of a word; all of a letter beyond ASCII is."""
    return byte >= 0x80 or chr(byte).isalnum() or chr(byte) in "_+#"


# Text in lower case to words: what is no part of one becomes a space.
_TO_SPACES = bytes(byte if _kept(byte) else 0x20 for byte in range(256))
_LATIN_ONLY = bytes(byte if byte < 0x80 else 0x20 for byte in range(256))
# What the UTF-8 of U+3000 to U+D7FF begins with: kana, Han and Hangul.
_EAST_ASIAN_BYTES = bytes(range(0xE3, 0xEE))
# U+2000 to U+203F has the curved quotes and dashes, U+00A0 to U+00BF "¿", "«" and "»".
_PUNCTUATION = re.compile(rb"\xe2\x80[\x80-\xbf]|\xc2[\xa0-\xbf]")


def normal(text: str) -> bytes:
    """Give a text in lower case, with spaces for all that is no part of a word."""
    raw = text.lower().encode("utf-8", "replace")
    if b"\xe2\x80" in raw or b"\xc2" in raw:
        raw = _PUNCTUATION.sub(b" ", raw)
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
    found: dict[str, Sign] = {}
    for task, weight, words in _rows(table):
        for word in words.split():
            found.setdefault(word, Sign(task, weight, template.format(word)))
    return found


_SHORT = 4
"""Words of no more letters are others without their accents."""


def _words() -> dict[str, Sign]:
    """Give what each word says by itself; one with an ending after all without."""
    written: dict[str, Sign] = {}
    made: dict[str, Sign] = {}
    for language, table in vocabulary.WORDS.items():
        endings = vocabulary.ENDINGS[language].replace("-", "").split(" ")
        for task, weight, words in _rows(table):
            for word in words.split():
                for spelling in _spellings(word.rstrip("*"), language):
                    if word.endswith("*"):
                        _put(made, [spelling + end for end in endings], task, weight)
                    else:
                        _put(written, [spelling], task, weight)
    return made | written


def _put(
    found: dict[str, Sign], words: Iterable[str], task: str, weight: float
) -> None:
    for word in words:
        if word not in found:
            found[word] = Sign(task, weight, f'the word "{word}"')


def _spellings(word: str, language: str) -> tuple[str, ...]:
    """Give a word as it is, and as it is written without accents or umlauts."""
    if word.isascii():
        return (word,)
    if language == "Russian":
        return word, word.replace("ё", "е")  # noqa: RUF001 - Cyrillic "e" is meant
    marks = unicodedata.normalize("NFD", word)
    bare = "".join(mark for mark in marks if not unicodedata.combining(mark))
    # "lös" without its umlaut would be the Spanish "los".
    spellings = (word, bare) if len(bare) > _SHORT else (word,)
    if language != "German":
        return spellings
    # A vowel with "e" stands for its umlaut.
    return *spellings, unicodedata.normalize("NFC", marks.replace("\u0308", "e"))


_SHORTEST = 2
_COMMON = frozenset(vocabulary.COMMON.split())


def _phrases() -> Iterator[tuple[str, bool, str, tuple[bytes, Sign]]]:
    """
    Give each phrase with two neighbours in it, so that a look at one finds the other.

    Yields:
        The word that is likely to be the rarest, whether it comes after the other,
        the other, and the phrase with what it says.
    """
    for task, weight, texts in _rows(vocabulary.PHRASES):
        for text in texts.split(", "):
            words = text.split()
            known = (f" {text}".encode(), Sign(task, weight, f'the words "{text}"'))
            at = words.index(max(words, key=_rarity))
            for ending in ("", "s") if len(words) == 2 else ("",):
                # The last may be inflected.
                if at > 0:
                    yield words[at] + ending, True, words[at - 1], known
                else:
                    yield words[0], False, words[1] + ending, known


def _rarity(word: str) -> tuple[bool, int]:
    """Give a measure of how rare a word is likely to be: long words are."""
    return len(word) > _SHORTEST and word not in _COMMON, len(word)


def _set(words: str) -> frozenset[bytes]:
    return frozenset(words.encode().split())


NEGATORS = _set(vocabulary.NEGATORS)
"""Words that take back the one after them."""
MAKING = _set(vocabulary.MAKING)
"""Words that pass a negation on to what they make: "don't write code"."""
COURTESIES = _set(vocabulary.COURTESIES)
"""Words that stand before the verb that counts."""
SMALL_TALK = _set(vocabulary.SMALL_TALK)
"""A short message of nothing but these is a greeting, a thank-you or an assent."""


def _lexicon() -> dict[bytes, Entry]:
    alone = _words()
    leading = _signs(vocabulary.LEADING, 'a request that begins with "{}"')
    none: Phrases = {}
    found = {
        word.encode(): Entry(alone.get(word), leading.get(word), none, none)
        for word in (*alone, *leading, *vocabulary.NEGATORS.split())
    }
    for word, is_after, other, phrase in _phrases():
        entry = found.get(word.encode(), Entry(None, None, none, none))
        phrases = dict(entry.after if is_after else entry.before)
        phrases[other.encode()] = (*phrases.get(other.encode(), ()), phrase)
        found[word.encode()] = (
            entry._replace(after=phrases)
            if is_after
            else entry._replace(before=phrases)
        )
    return found


LEXICON: Mapping[bytes, Entry] = _lexicon()
"""What is known of a word, by the word in UTF-8 and lower case."""


def _east_asian() -> dict[str, tuple[tuple[str, Sign], ...]]:
    found: dict[str, tuple[tuple[str, Sign], ...]] = {}
    for word, sign in _signs(vocabulary.EAST_ASIAN, '"{}"').items():
        found[word[:2]] = (*found.get(word[:2], ()), (word, sign))
    return found


def _letters(at: int) -> str:
    return "".join(sorted({start[at] for start in EAST_ASIAN}))


EAST_ASIAN: Mapping[str, tuple[tuple[str, Sign], ...]] = _east_asian()
"""Words of languages that put no spaces between them, by their first two letters."""

# Two letters that may begin such a word; most that may not are passed over at once.
EAST_ASIAN_START = re.compile(f"[{_letters(0)}](?=[{_letters(1)}])")
