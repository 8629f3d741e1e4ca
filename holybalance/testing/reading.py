"""Owns what a request says, and the error objects for those that say it wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from holybalance.testing import replies

_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One whole HTTP request; header names are lower case."""

    method: bytes
    path: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What a reply depends on in the body of a chat request."""

    model: str
    messages: Sequence[Any]


class RefusalError(Exception):
    """
    A request gets an error object instead of a reply.

    Args:
        status: the HTTP status, 400 or more.
        message: for people.
        code: for programs.
        headers: further headers, each a whole line without its end.
        delay_s: seconds before the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        headers: tuple[str, ...] = (),
        delay_s: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = replies.error(status, message, code)
        self.headers = headers
        self.delay_s = delay_s


def read_chat(body: bytes) -> Chat:
    """
    Read the body of a chat request.

    Raises:
        RefusalError: it is no JSON object, lacks a model or messages, or asks for a
            stream, which this upstream cannot do.
    """
    content = _load(body)
    if not isinstance(content, dict):
        raise RefusalError(
            _BAD_REQUEST, "The body is not a JSON object.", "invalid_json"
        )
    model, messages = content.get("model"), content.get("messages")
    if not (isinstance(model, str) and model):
        raise RefusalError(_BAD_REQUEST, "You must provide a model.", "missing_model")
    if not (isinstance(messages, list) and _are_objects(messages)):
        message = "'messages' must be a list of at least one object."
        raise RefusalError(_BAD_REQUEST, message, "missing_messages")
    if content.get("stream"):
        message = "This mock upstream does not stream."
        raise RefusalError(_BAD_REQUEST, message, "unsupported_value")
    return Chat(model=model, messages=messages)


def read_what_there_is(body: bytes) -> Chat:
    """Read the body of a scripted request, which meets its fault however it looks."""
    try:
        return read_chat(body)
    except RefusalError:
        return Chat(model="unknown", messages=())


def _load(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _are_objects(messages: list[Any]) -> bool:
    return bool(messages) and all(isinstance(message, dict) for message in messages)
