"""
Owns what a line of the input means: a call to make, or what is wrong with it.

A row of OpenAI's batch input is `{"custom_id", "method", "url", "body"}`. `method` and
`url` may be left out, as Together's batches do: then the body tells what is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, NamedTuple

import orjson

from holybalance.batch.lines import Line
from holybalance.batch.terms import Terms
from holybalance.config import Config
from holybalance.messages import ChatRequest, EmbedRequest
from holybalance.prompts import make_embedding, make_request

FORMATS = ("auto", "lines", "jsonl")
_BY_SUFFIX = {".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "lines"}
TEXTS = "texts"
"""What "lines" are called that are to be embedded: texts, where others are prompts."""
_METHOD = "POST"
CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
# What `Client.chat` and `Client.embed` take besides OpenAI's parameters has its place
# elsewhere.
_ELSEWHERE = {
    "timeout": "set it for the whole run",
    "session": "leave it out",
}
_NOT_IN_CHAT = {"system": "put a system message into messages", **_ELSEWHERE}
_NOT_IN_EMBEDDINGS = {
    "system": "put it into the texts",
    "messages": "what is embedded is input",
    "inputs": "it is called input",
    "max_cost": "leave it out",
    "max_latency": "leave it out",
    **_ELSEWHERE,
}
_OF_TEXTS = f"{EMBEDDINGS} ".encode()
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
        call: what `Client.chat` takes, by name, or `Client.embed` where it is one for
            embeddings.
    """

    label: Label
    call: Mapping[str, Any]
    is_embedding: bool = False

    def request(self, config: Config) -> ChatRequest | EmbedRequest:
        """
        Check what it asks for, as whoever makes the call does.

        Raises:
            RequestError: something in it can never work.
        """
        make = make_embedding if self.is_embedding else make_request
        return make(config, **self.call)


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


def read(line: Line, kind: str, terms: Terms) -> Row | BadRow:
    """
    Read a line, and complete what it asks for.

    Args:
        kind: "lines", "texts" or "jsonl".
    """
    try:
        return _read(line, kind, terms)
    except _Flaw as flaw:
        return BadRow(label=label_of(line, kind), message=str(flaw))


def label_of(line: Line, kind: str) -> Label:
    """Name a line as `read` does, for less work."""
    name = _default_id(line)
    if kind == "jsonl":
        with contextlib.suppress(_Flaw):
            name = _custom_id(_object(line), name)
    return _label(line, name, kind)


def question_of(line: Line, kind: str) -> bytes | None:
    """Digest what is asked, whatever its row is called; `None` for a bad row."""
    if kind != "jsonl":
        return _digest(line.content)
    try:
        document = _object(line)
        _custom_id(document, "")
        url, body = _asked(document)
    except _Flaw:
        return None
    return _digest(url.encode() + orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


def _read(line: Line, kind: str, terms: Terms) -> Row:
    name = _default_id(line)
    if kind == TEXTS:
        return _embedding_row(_label(line, name, kind), {"inputs": _text(line)}, terms)
    if kind != "jsonl":
        call = {"messages": _text(line), "system": terms.system}
        return Row(label=_label(line, name, kind), call=terms.of_chat(call))
    document = _object(line)
    label = _label(line, _custom_id(document, name), kind)
    url, body = _asked(document)
    if url == EMBEDDINGS:
        return _embedding_row(label, _embedding(body), terms)
    return Row(label=label, call=terms.of_chat(_chat(body)))


def _embedding_row(label: Label, call: Mapping[str, Any], terms: Terms) -> Row:
    completed = terms.of_embedding(call)
    if completed.get("model") is None:
        raise _Flaw(
            "no model given, and embeddings have no default; set body.model, or the "
            "run's model (--model)"
        )
    return Row(label=label, call=completed, is_embedding=True)


def _text(line: Line) -> str:
    try:
        return line.content.decode()
    except UnicodeDecodeError as error:
        raise _Flaw(f"it is not UTF-8 text, from byte {error.start + 1} on") from error


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


def _asked(document: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Find what is asked for, by its url, and the body of it."""
    if document.get("method", _METHOD) != _METHOD:
        raise _Flaw(f'method must be "{_METHOD}", or left out')
    url, body = document.get("url"), document.get("body")
    if url not in (CHAT, EMBEDDINGS) and "url" in document:
        raise _Flaw(f'url must be "{CHAT}" or "{EMBEDDINGS}", or left out')
    if not isinstance(body, dict):
        raise _Flaw("body must be an object with messages, or with input")
    if url is None:
        has_input = "input" in body and "messages" not in body
        url = EMBEDDINGS if has_input else CHAT
    return url, body


def _chat(body: dict[str, Any]) -> Mapping[str, Any]:
    if not isinstance(body.get("messages"), list):
        raise _Flaw("body.messages must be a list of messages")
    _refuse_others(body, _NOT_IN_CHAT, "a chat completion")
    return body


def _embedding(body: dict[str, Any]) -> Mapping[str, Any]:
    if not isinstance(body.get("input"), str | list):
        raise _Flaw("body.input must be a text, or a list of texts or of token ids")
    _refuse_others(body, _NOT_IN_EMBEDDINGS, "embeddings")
    rest = {key: value for key, value in body.items() if key != "input"}
    return {**rest, "inputs": body["input"]}


def _refuse_others(
    body: Mapping[str, Any], others: Mapping[str, str], what: str
) -> None:
    if body.get("stream"):
        raise _Flaw("body.stream must be false, or left out: a row gets a whole reply")
    for key, advice in others.items():
        if key in body:
            raise _Flaw(f"body.{key} is no parameter of {what}; {advice}")


def _default_id(line: Line) -> str:
    return f"row-{line.number}"


def _label(line: Line, custom_id: str, kind: str) -> Label:
    # A text to embed is another question than a prompt of the same words.
    content = _OF_TEXTS + line.content if kind == TEXTS else line.content
    return Label(line.number, custom_id, f"batch_req_{_digest(content).hex()}")


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
