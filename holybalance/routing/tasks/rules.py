"""Owns the rules by which a conversation tells its task; knows no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from holybalance.routing.tasks.brevity import (
    of_brevity,
    of_choices,
    of_end,
    of_few_words,
)
from holybalance.routing.tasks.reading import of_text, of_verb, of_words, read, scaled
from holybalance.routing.tasks.signs import FENCE, of_shape
from holybalance.routing.tasks.verdict import Classified
from holybalance.routing.tasks.words import Sign, normal

HEAD, TAIL = 1_400, 600
"""How many characters of a long message are looked at, from its start and end."""
_HEAD_WORDS, _TAIL_WORDS = 400, 200
_CONTEXT = 300

_LONG = 60_000
_LONG_DOCUMENT = 24_000
"""Fewer characters are long where the message speaks of a document."""
_DOCUMENTS = frozenset(
    b"document documents book attached contract manuscript transcript log report"
    b" article thesis paper novel dokument angeh\xc3\xa4ngte buch documento libro livre"
    b" file pdf text below following".split()
)
# A tuple, since a part may have a type that has no hash.
_IMAGES = ("image_url", "input_image", "image")

_CLEAR = 1.25
"""Less than this speaks for nothing in particular."""
_MATERIAL = 0.5
"""What a word counts for that stands after the request, in what it is about."""
_SYSTEM = 0.35
_EARLIER = 0.3
_FOLLOW_UP = 0.7
_STRONG = 2.5
"""What needs no context to be understood."""
_PLAIN_CODE = 2
"""So many shapes of code or formulas leave no doubt of what the text is."""
_BESIDE = 0.5
"""What context counts for beside a request that needs none."""
_SHORT = 80
"""A text of no more characters is one request, colon or not."""
_PASTED = 400
"""More characters than a request alone has."""
_LONG_TEXT = Sign("analysis", 0.75, "a text of some length")
_FENCE_BEFORE = Sign("code", 2.5, "code in an earlier answer")
# What ends a request, each by a character that must be there; the last is full-width.
_MATERIAL_AFTER = (("\n", ("\n\n",)), (":", (":\n", ": ")), ("\uff1a", ("\uff1a",)))
_IMAGE = Sign("vision", 100, "an image")
_NOTHING_CLEAR = ("nothing speaks clearly for another task",)
_NEW_TOPICS = ("by the way", "something else", "btw", "different topic", "unrelated")
_REFERRING = frozenset(
    ("it", "that", "this", "now", "again", "also", "instead", "same", "them")
)


_Content = Any
_Turn = tuple[str, _Content]
_LISTS = (list, tuple)


def classify(messages: Sequence[Mapping[str, Any]]) -> Classified:
    """
    Tell what kind of task OpenAI-shaped messages ask for.

    The last message of the user decides; a system message and earlier turns say a
    little. An image goes before length, and length before all that words say.

    Args:
        messages: Anything; what is no message and no text is passed over.
    """
    turns = _turns(messages)
    if not turns:
        return _conclude([])
    last = _last_of_user(turns)
    content = turns[last][1]
    request = excerpt(content)
    found = _of_request(request)
    if isinstance(content, _LISTS) and _has_image(content):
        found.append(_IMAGE)
    size = _size(turns)
    if size >= _LONG_DOCUMENT and _is_long(size, request):
        found.append(Sign("long_context", 50, f"{size:,} characters of text"))
    if len(turns) > 1:
        found += _of_context(turns, last, request, found)
    return _conclude(found)


def _turns(messages: Any) -> list[_Turn]:
    """Give the role and the content of each message that is one."""
    if not isinstance(messages, _LISTS):
        messages = messages if isinstance(messages, Sequence) else ()
    turns = []
    for message in messages:
        if isinstance(message, (dict, Mapping)):
            role = message.get("role", "user")
            if isinstance(role, str):
                turns.append((role, message.get("content")))
    return turns


def _last_of_user(turns: Sequence[_Turn]) -> int:
    """Give the position of the user's last message, or else of the last."""
    for index in reversed(range(len(turns))):
        if turns[index][0] == "user":
            return index
    return len(turns) - 1


def _texts(content: _Content) -> Iterator[str]:
    """Give the texts of a message's content, whatever else is among its parts."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, _LISTS):
        for part in content:
            text = part.get("text") if isinstance(part, Mapping) else part
            if isinstance(text, str):
                yield text


def _size(turns: Sequence[_Turn]) -> int:
    size = 0
    for _, content in turns:
        if isinstance(content, str):
            size += len(content)
        else:
            size += sum(map(len, _texts(content)))
    return size


def excerpt(content: _Content, head: int = HEAD, tail: int = TAIL) -> str:
    """Give all that is looked at of a message's content: its start and its end."""
    if isinstance(content, str):
        text = content
    else:
        texts = list(_texts(content))
        parts = texts if len(texts) <= 8 else texts[:4] + texts[-4:]
        text = "\n".join(excerpt(part, head, tail) for part in parts)
    if len(text) <= head + tail:
        return text
    return text[:head] + "\n" + text[len(text) - tail :]


def _has_image(content: Sequence[Any]) -> bool:
    return any(
        isinstance(part, Mapping) and part.get("type") in _IMAGES for part in content
    )


def _is_long(size: int, request: str) -> bool:
    """Tell whether so many characters are long, with what the request says of them."""
    return size >= _LONG or not _DOCUMENTS.isdisjoint(normal(request[:500]).split())


def _of_request(text: str) -> list[Sign]:
    """Find what the user's last message says, in its shape and in its words."""
    found: list[Sign] = []
    of_shape(text, found)
    shapes = len(found)
    at = _material(text)
    plain, words = read(text[:at], found)
    # A formula or a line of code is short without asking for anything short.
    if not shapes:
        short = text if len(text) <= _SHORT else text[:at]
        of_brevity(short, words, len(text) > len(short), found)
    of_choices(text[:_HEAD_WORDS], found)
    of_verb(words, found)
    of_words(plain, words, found)
    length = len(text)
    if at < length:
        _of_material(text, at, shapes >= _PLAIN_CODE, found)
    if length > _PASTED and not shapes:
        found.append(_LONG_TEXT)
    of_end(text, found)
    if not found:
        of_few_words(text, words, found)
    return found


def _of_material(text: str, at: int, is_code: bool, found: list[Sign]) -> None:
    """
    Find what the words say that stand after the request, and at the text's end.

    In code, words are names and say nothing; but a request may stand at its end.
    """
    # Where nothing was asked for before it, it is the request.
    factor = _MATERIAL if found else 1.0
    if at < _HEAD_WORDS and not is_code:
        found += scaled(of_text(text[at:_HEAD_WORDS]), factor)
    if len(text) <= _HEAD_WORDS:
        return
    tail = text[max(_HEAD_WORDS, len(text) - _TAIL_WORDS) :]
    before, _, end = tail.rpartition("\n")
    if not before:
        found += scaled(of_text(end), factor)
        return
    if not is_code:
        found += scaled(of_text(before), _MATERIAL)
    plain, words = read(end, found)
    of_verb(words, found)
    of_words(plain, words, found)


def _material(text: str) -> int:
    """Give where the request ends and what it is about begins, at most so far on."""
    at = min(len(text), _HEAD_WORDS)
    for character, marks in _MATERIAL_AFTER:
        if character in text:
            for mark in marks:
                found = text.find(mark, 8, at)
                at = found if found >= 0 else at
    return at


def _of_context(
    turns: Sequence[_Turn], last: int, request: str, asked: Sequence[Sign]
) -> list[Sign]:
    """Find what the system message and the turns just before the last one say."""
    found: list[Sign] = []
    strength = max(_scores(asked).values(), default=0.0)
    if turns[0][0] in ("system", "developer"):
        text = excerpt(turns[0][1], _CONTEXT, 0)
        said = of_text(text)
        of_choices(text, said)
        # Where the request says little, it is what the instructions are for.
        bare = strength < _CLEAR or (strength < _STRONG and "?" not in request)
        factor = 1.0 if bare else _SYSTEM
        for sign in said:
            # How to answer is an instruction wherever it stands.
            found += scaled([sign], 1.0 if sign.task == "speed" else factor)
    start = request[:_CONTEXT].lower()
    if any(phrase in start for phrase in _NEW_TOPICS):
        return found
    refers = len(request) < _CONTEXT and not _REFERRING.isdisjoint(start.split())
    factor = _FOLLOW_UP if refers else _EARLIER
    if strength >= _STRONG:
        factor *= _BESIDE
    for role, content in turns[max(0, last - 3) : last]:
        text = excerpt(content, _CONTEXT, _CONTEXT)
        if role == "user":
            found += scaled(of_text(text), factor)
        elif role == "assistant" and FENCE in text:
            found += scaled([_FENCE_BEFORE], factor)
    return found


def _scores(found: Sequence[Sign]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for task, weight, _ in found:
        scores[task] = scores[task] + weight if task in scores else weight
    return scores


def _conclude(found: Sequence[Sign]) -> Classified:
    scores = _scores(found)
    # Among equals, the first found.
    best = max(scores, key=scores.__getitem__) if scores else "general"
    if min(scores.values(), default=1.0) <= 0:
        scores = {task: score for task, score in scores.items() if score > 0}
    if scores.get(best, 0.0) < _CLEAR:
        return Classified("general", _NOTHING_CLEAR, scores)
    texts = {text: None for task, weight, text in found if task == best and weight > 0}
    return Classified(best, tuple(texts), scores)
