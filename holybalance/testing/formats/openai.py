"""Owns OpenAI's chat and embeddings, as its API reference and package have them."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.formats.values import (
    Asked,
    Failure,
    Said,
    Telling,
    Wanted,
    arguments_of,
)
from holybalance.testing.reading import (
    RefusalError,
    Request,
    list_of_objects,
    load,
    name_in,
    whole_number,
)
from holybalance.testing.throttle import Level, duration
from holybalance.testing.vectors import MOST_DIMENSIONS, tokens_in, unpacked

REQUEST_ID = "x-request-id"
WRONG_KEY = (401, "Incorrect or missing API key.", "invalid_api_key")

_MOST_CHOICES = 128
_MOST_INPUTS = 2048
"""OpenAI's API reference for embeddings: the array is to have 2,048 items or less."""
_BAD_REQUEST = 400
_FIRST_SERVER_ERROR = 500
_ERROR_TYPES = {429: "requests", 402: "insufficient_quota"}
_DONE = b"data: [DONE]\n\n"
_CHATTER = b": keep-alive\n\n"
_GARBAGE = b'data: {"choices": [{"index": 0, "delta": {"cont\n\n'


def read_chat(request: Request) -> Asked:
    """
    Read a chat request.

    Raises:
        RefusalError: it is no JSON object, or lacks a model or messages.
    """
    content = load(request.body)
    model = name_in(content, "model")
    messages = list_of_objects(content, "messages")
    options = content.get("stream_options")
    return Asked(
        model,
        [_text_of(message) for message in messages],
        bool(content.get("stream")),
        isinstance(options, dict) and bool(options.get("include_usage")),
        whole_number(content, "n", 1, _MOST_CHOICES) or 1,
        messages[-1].get("role") == "tool",
    )


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def reply(said: Said) -> bytes:
    """Write a whole `chat.completion`."""
    message = _message(said)
    reason = _reason(said)
    return orjson.dumps(
        {
            "id": f"chatcmpl-{said.request_id}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": said.model,
            "choices": [
                {"index": index, "message": message, "finish_reason": reason}
                for index in range(said.choices)
            ],
            "usage": _usage(said),
        }
    )


def _message(said: Said) -> dict[str, Any]:
    if said.tool_call is None:
        return {"role": "assistant", "content": said.text}
    call = _call(said, arguments_of(said.tool_call))
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _call(said: Said, arguments: str) -> dict[str, Any]:
    assert said.tool_call is not None
    function = {"name": said.tool_call["name"], "arguments": arguments}
    return {"id": f"call_{said.request_id}", "type": "function", "function": function}


def _reason(said: Said) -> str:
    return "stop" if said.tool_call is None else "tool_calls"


def _usage(said: Said) -> dict[str, int]:
    return {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.completion_tokens,
        "total_tokens": said.prompt_tokens + said.completion_tokens,
    }


def stream(said: Said, texts: Sequence[str]) -> Telling:
    """
    Tell a reply as `chat.completion.chunk`s.

    The first names the role and the called tool, the last ones the reason to end, the
    usage where it is asked for, and `[DONE]`.
    """
    chunk = {
        "id": f"chatcmpl-{said.request_id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": said.model,
    }
    # With include_usage all chunks have the field, and only the last one a value.
    usage = {"usage": None} if said.shows_usage else {}

    def event(index: int, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        return _event({**chunk, "choices": [choice], **usage})

    def tell(choice: int, text: str) -> bytes:
        return event(choice, _delta(said, text))

    choices = range(said.choices)
    closing = [event(index, {}, _reason(said)) for index in choices]
    if said.shows_usage:
        closing.append(_event({**chunk, "choices": [], "usage": _usage(said)}))
    return Telling(
        opening=[event(index, _first(said)) for index in choices],
        texts=texts,
        tell=tell,
        closing=[*closing, _DONE],
        chatter=_CHATTER,
        garbage=_GARBAGE,
        choices=said.choices,
    )


def _event(content: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(content)


def _first(said: Said) -> dict[str, Any]:
    if said.tool_call is None:
        return {"role": "assistant", "content": "", "refusal": None}
    call = {"index": 0, **_call(said, "")}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _delta(said: Said, text: str) -> dict[str, Any]:
    if said.tool_call is None:
        return {"content": text}
    return {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}


def read_embeddings(request: Request) -> Wanted:
    """
    Read a request for embeddings of texts or token ids, one or several.

    Raises:
        RefusalError: something in it is not as it must be.
    """
    content = load(request.body)
    model = name_in(content, "model")
    given = content.get("input")
    is_one = isinstance(given, str) or _are_ids(given)
    inputs = [given] if is_one else given
    if not (isinstance(inputs, list) and 0 < len(inputs) <= _MOST_INPUTS):
        raise _wrong_input(f"must be 1 to {_MOST_INPUTS:,} texts or lists of token ids")
    sources = [_source(item) for item in inputs]
    return Wanted(
        model,
        sources,
        sum(len(i) if isinstance(i, list) else tokens_in(i) for i in inputs),
        whole_number(content, "dimensions", 1, MOST_DIMENSIONS),
        content.get("encoding_format") == "base64",
    )


def _source(item: object) -> bytes:
    if isinstance(item, str) and item:
        return item.encode("utf-8", "surrogatepass")
    if _are_ids(item):
        return orjson.dumps(item)
    raise _wrong_input("has an item that is neither a text nor a list of token ids")


def _are_ids(item: object) -> bool:
    return isinstance(item, list) and bool(item) and all(type(i) is int for i in item)


def _wrong_input(what: str) -> RefusalError:
    return RefusalError(_BAD_REQUEST, f"'input' {what}.", "invalid_input")


def embeddings(wanted: Wanted, vectors: Sequence[bytes], behaviour: Behaviour) -> bytes:
    """Write the vectors."""
    tokens = wanted.tokens
    if behaviour.prompt_tokens is not None:
        tokens = behaviour.prompt_tokens
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(vector, wanted)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return orjson.dumps(
        {"object": "list", "data": data, "model": wanted.model, "usage": usage}
    )


def _vector(vector: bytes, wanted: Wanted) -> str | tuple[float, ...]:
    return base64.b64encode(vector).decode() if wanted.is_base64 else unpacked(vector)


def error(failure: Failure) -> bytes:
    """Write an error object."""
    kind = _ERROR_TYPES.get(failure.status)
    if kind is None:
        server = failure.status >= _FIRST_SERVER_ERROR
        kind = "server_error" if server else "invalid_request_error"
    told = {"message": failure.message, "type": kind, "param": None}
    return orjson.dumps({"error": {**told, "code": failure.code}})


def error_event(failure: Failure) -> bytes:
    """Write an error object as an event."""
    return b"data: %b\n\n" % error(failure)


def limit_headers(level: Level) -> tuple[str, ...]:
    """Write OpenAI's six headers; a reset is the time until all is back."""
    reset = duration(level.reset_s)
    return (
        f"x-ratelimit-limit-requests: {level.limit}",
        f"x-ratelimit-remaining-requests: {level.left}",
        f"x-ratelimit-reset-requests: {reset}",
        f"x-ratelimit-limit-tokens: {level.token_limit}",
        f"x-ratelimit-remaining-tokens: {level.tokens_left}",
        f"x-ratelimit-reset-tokens: {reset}",
    )


def wait_headers(retry_after: str) -> tuple[str, ...]:
    """Write `Retry-After`."""
    return (f"retry-after: {retry_after}",)
