"""
Owns what a line of the input means: a call to make, or what is wrong with it.

A row of OpenAI's batch input is `{"custom_id", "method", "url", "body"}`. `method` and
`url` may be left out, as Together's batches do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import orjson

from holybalance_cli.batch.lines import Line

FORMATS = ("auto", "lines", "jsonl")
_BY_SUFFIX = {".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "lines"}
_FIXED = {"method": "POST", "url": "/v1/chat/completions"}
# What `Client.chat` takes besides OpenAI's parameters has its place elsewhere.
_NOT_IN_BODY = {
    "system": "put a system message into messages",
    "timeout": "use --timeout",
    "session": "leave it out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the input that asks for a call.

    Args:
        line: its number.
        custom_id: what the answer is to be found by.
        call: what `Client.chat` takes, by name.
        is_named: whether the line itself says the custom_id.
    """

    line: int
    custom_id: str
    call: Mapping[str, Any]
    is_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """One line of the input that no call can be made of, and why."""

    line: int
    custom_id: str
    message: str
    is_named: bool = False


class _Flaw(ValueError):
    """What is wrong with a row, as a sentence without its place."""


def guess_format(name: str, first: Line | None) -> str:
    """
    Tell which of `FORMATS` an input has.

    Args:
        name: its file's name, whose suffix decides where it is a known one.
        first: its first line, which decides otherwise: does it begin as JSON does?
    """
    known = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    if known is not None:
        return known
    # Also a row that is no sound JSON: its answer will say so, for no money.
    begins_json = first is not None and first.content.lstrip().startswith((b"{", b"["))
    return "jsonl" if begins_json else "lines"


def read_rows(
    lines: Iterator[Line], kind: str, system: str | None
) -> Iterator[Row | BadRow]:
    """
    Read lines as they are asked for; each gives one row.

    Args:
        kind: "lines" or "jsonl".
        system: put before each prompt of "lines".
    """
    read = _read_jsonl if kind == "jsonl" else _reader_of_prompts(system)
    return map(read, lines)


def _reader_of_prompts(system: str | None) -> Callable[[Line], Row | BadRow]:
    def read(line: Line) -> Row | BadRow:
        name = _default_id(line)
        try:
            prompt = line.content.decode()
        except UnicodeDecodeError as error:
            message = f"it is not UTF-8 text, from byte {error.start + 1} on"
            return BadRow(line=line.number, custom_id=name, message=message)
        call = {"messages": prompt, "system": system}
        return Row(line=line.number, custom_id=name, call=call)

    return read


def _read_jsonl(line: Line) -> Row | BadRow:
    name, is_named = _default_id(line), False
    try:
        document = _object(line)
        name, is_named = _custom_id(document, name), "custom_id" in document
        call = _call(document)
    except _Flaw as flaw:
        return BadRow(
            line=line.number, custom_id=name, message=str(flaw), is_named=is_named
        )
    return Row(line=line.number, custom_id=name, call=call, is_named=is_named)


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
