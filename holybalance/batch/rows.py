"""
Owns what a line of the input means: a call to make, or what is wrong with it.

A row of OpenAI's batch input is `{"custom_id", "method", "url", "body"}`. `method` and
`url` may be left out, as Together's batches do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, NamedTuple

import orjson

from holybalance.batch.lines import Line

FORMATS = ("auto", "lines", "jsonl")
_BY_SUFFIX = {".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "lines"}
_FIXED = {"method": "POST", "url": "/v1/chat/completions"}
# What `Client.chat` takes besides OpenAI's parameters has its place elsewhere.
_NOT_IN_BODY = {
    "system": "put a system message into messages",
    "timeout": "set it for the whole run",
    "session": "leave it out",
}
_BOUNDS = ("max_tokens", "max_completion_tokens")
# llama.cpp takes -1 for no bound. Anything else is left for the upstream to judge.
_UNBOUNDED = (None, -1)
_DIGEST_BYTES = 16


class Label(NamedTuple):
    """
    What tells a row from all others, in its answer too.

    Args:
        line: its number in the input.
        id: says what was asked: equal lines have equal ones.
    """

    line: int
    custom_id: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the input that asks for a call.

    Args:
        call: what `Client.chat` takes, by name.
    """

    label: Label
    call: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """One line of the input that no call can be made of, and why."""

    label: Label
    message: str


class _Flaw(ValueError):
    """What is wrong with a row, as a sentence without its place."""


def guess_format(name: str, peek: Callable[[], Line | None]) -> str:
    """
    Tell which of `FORMATS` an input has.

    Args:
        name: its file's name, whose suffix decides where it is a known one.
        peek: gives its first line, which decides otherwise: does it begin as JSON does?
    """
    known = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    if known is not None:
        return known
    first = peek()
    # Also a row that is no sound JSON: its answer will say so, for no money.
    begins_json = first is not None and first.content.lstrip().startswith((b"{", b"["))
    return "jsonl" if begins_json else "lines"


def read(line: Line, kind: str, system: str | None) -> Row | BadRow:
    """
    Read a line.

    Args:
        kind: "lines" or "jsonl".
        system: put before each prompt of "lines".
    """
    return _read_jsonl(line) if kind == "jsonl" else _read_prompt(line, system)


def bounded(call: Mapping[str, Any], max_tokens: int | None) -> Mapping[str, Any]:
    """
    Bound the answer of a call that sets no bound of its own.

    Args:
        max_tokens: the longest answer; `None` leaves every call as it is.
    """
    if max_tokens is None or any(call.get(key) not in _UNBOUNDED for key in _BOUNDS):
        return call
    rest = {key: value for key, value in call.items() if key not in _BOUNDS}
    return {**rest, "max_tokens": max_tokens}


def tagged(call: Mapping[str, Any], tags: Sequence[str]) -> Mapping[str, Any]:
    """Put tags before those that a call has of its own."""
    own = call.get("tags", ())
    # What is no list is left for whoever checks the call.
    if not tags or not isinstance(own, Sequence) or isinstance(own, str):
        return call
    return {**call, "tags": [*tags, *own]}


def label_of(line: Line, kind: str) -> Label:
    """Name a line as `read` does, for less work."""
    name = _default_id(line)
    if kind == "jsonl":
        with contextlib.suppress(_Flaw):
            name = _custom_id(_object(line), name)
    return _label(line, name)


def question_of(line: Line, kind: str) -> bytes | None:
    """Digest what is asked, whatever its row is called; `None` for a bad row."""
    if kind != "jsonl":
        return _digest(line.content)
    try:
        body = _object(line).get("body")
    except _Flaw:
        return None
    if not isinstance(body, dict):
        return None
    return _digest(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


def _read_prompt(line: Line, system: str | None) -> Row | BadRow:
    label = _label(line, _default_id(line))
    try:
        prompt = line.content.decode()
    except UnicodeDecodeError as error:
        message = f"it is not UTF-8 text, from byte {error.start + 1} on"
        return BadRow(label=label, message=message)
    return Row(label=label, call={"messages": prompt, "system": system})


def _read_jsonl(line: Line) -> Row | BadRow:
    name = _default_id(line)
    try:
        document = _object(line)
        name = _custom_id(document, name)
        call = _call(document)
    except _Flaw as flaw:
        return BadRow(label=_label(line, name), message=str(flaw))
    return Row(label=_label(line, name), call=call)


def _object(line: Line) -> dict[str, Any]:
    try:
        document = orjson.loads(line.content)
    except orjson.JSONDecodeError as error:
        raise _Flaw(f"it is not JSON: {error.msg} (column {error.colno})") from error
    if not isinstance(document, dict):
        raise _Flaw('it is not a JSON object such as {"custom_id": …, "body": {…}}')
    return document


def _custom_id(document: Mapping[str, Any], default: str) -> str:
    name = document.get("custom_id", default)
    if not isinstance(name, str):
        raise _Flaw("custom_id must be a string")
    return name


def _call(document: Mapping[str, Any]) -> Mapping[str, Any]:
    for key, only in _FIXED.items():
        if document.get(key, only) != only:
            raise _Flaw(f'{key} must be "{only}", or left out')
    body = document.get("body")
    if not isinstance(body, dict):
        raise _Flaw("body must be an object with messages")
    if not isinstance(body.get("messages"), list):
        raise _Flaw("body.messages must be a list of messages")
    if body.get("stream"):
        raise _Flaw("body.stream must be false, or left out")
    for key, advice in _NOT_IN_BODY.items():
        if key in body:
            raise _Flaw(f"body.{key} is no parameter of a chat completion; {advice}")
    return body


def _default_id(line: Line) -> str:
    return f"row-{line.number}"


def _label(line: Line, custom_id: str) -> Label:
    name = f"batch_req_{_digest(line.content).hex()}"
    return Label(line.number, custom_id, name)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
