"""Owns the bytes of the mock upstream's answers; not when or how they are sent."""

from __future__ import annotations

import functools
import http
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from holybalance.testing.behaviour import Behaviour

JSON = "application/json"
HTML = "text/html; charset=utf-8"

_CHARACTERS_PER_TOKEN = 4
_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    One answer before it is framed.

    Args:
        request_id: the `x-request-id` header.
        status: the HTTP status.
        body: the body's bytes.
        content_type: the `content-type` header.
        headers: further headers, each a whole line without its end.
        keep_alive: whether the connection is meant to stay open.
    """

    request_id: str
    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[str, ...] = ()
    keep_alive: bool = True

    def head(self, *framing: str) -> bytes:
        """The head, with `framing` (whole header lines) to say where the body ends."""
        lines = (*framing, *self.headers)
        if not self.keep_alive:
            lines += ("connection: close",)
        opening = _opening(self.status, self.content_type)
        return f"{opening}{self.request_id}\r\n{_END.join(lines)}\r\n\r\n".encode(
            "latin-1"
        )

    def whole(self) -> bytes:
        """Head and body, framed by a correct Content-Length."""
        return self.head(f"content-length: {len(self.body)}") + self.body


_END = "\r\n"


@functools.cache
def _opening(status: int, content_type: str) -> str:
    phrase = _PHRASES.get(status, "Unknown")
    return (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {content_type}\r\nx-request-id: "
    )


_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


def completion(
    behaviour: Behaviour, request_id: str, model: str, messages: Sequence[Any]
) -> bytes:
    """A whole `chat.completion` for these messages."""
    content = text_of(messages[-1]) if behaviour.echo and messages else behaviour.reply
    return orjson.dumps(
        {
            "id": f"chatcmpl-{request_id}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content},
                    "finish_reason": "stop",
                }
            ],
            "usage": _usage(behaviour, messages, content),
        }
    )


def _usage(
    behaviour: Behaviour, messages: Sequence[Any], content: str
) -> dict[str, int]:
    prompt = behaviour.prompt_tokens
    if prompt is None:
        prompt = _tokens(sum(len(text_of(message)) for message in messages))
    reply = behaviour.completion_tokens
    if reply is None:
        reply = _tokens(len(content))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reply,
        "total_tokens": prompt + reply,
    }


def _tokens(characters: int) -> int:
    return math.ceil(characters / _CHARACTERS_PER_TOKEN)


def text_of(message: Any) -> str:
    """The text of one OpenAI-shaped message, its parts joined; "" if it has none."""
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def error(status: int, message: str, code: str | None = None) -> bytes:
    """An OpenAI-shaped error object."""
    kind = _ERROR_TYPES.get(status)
    if kind is None:
        server = status >= _FIRST_SERVER_ERROR
        kind = "server_error" if server else "invalid_request_error"
    return orjson.dumps(
        {"error": {"message": message, "type": kind, "param": None, "code": code}}
    )


_ERROR_TYPES = {429: "requests", 402: "insufficient_quota"}


def model_list(behaviour: Behaviour) -> bytes:
    """The body of `GET /v1/models`."""
    models = [
        {"id": name, "object": "model", "created": 0, "owned_by": "mock"}
        for name in behaviour.models
    ]
    return orjson.dumps({"object": "list", "data": models})
