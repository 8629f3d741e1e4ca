"""Owns Anthropic's Messages, as its API reference and package have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from holybalance.testing.formats.values import (
    Asked,
    Failure,
    Said,
    Telling,
)
from holybalance.testing.reading import (
    RefusalError,
    Request,
    list_of_objects,
    load,
    name_in,
    whole_number,
)
from holybalance.testing.throttle import Level

REQUEST_ID = "request-id"
WRONG_KEY = (401, "invalid x-api-key", "invalid_api_key")

_VERSION = b"anthropic-version"
_BAD_REQUEST = 400
_FIRST_SERVER_ERROR = 500
_ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_GARBAGE = b'event: content_block_delta\ndata: {"type":"content_block_delta","ind\n\n'


def speaks(request: Request) -> bool:
    """Whether a request on a path that several formats share is an Anthropic one."""
    return _VERSION in request.headers


def read_chat(request: Request) -> Asked:
    """
    Read a request for a message.

    Raises:
        RefusalError: it is no JSON object, does not say which version of the API it
            means, or lacks a model, messages or max_tokens.
    """
    content = load(request.body)
    if not speaks(request):
        raise _refusal("anthropic-version: header is required")
    model = name_in(content, "model")
    messages = list_of_objects(content, "messages")
    if whole_number(content, "max_tokens", 1) is None:
        raise _refusal("max_tokens: Field required")
    said = [_text_of(message.get("content")) for message in messages]
    return Asked(
        model,
        [_text_of(content.get("system")), *said],
        is_stream=bool(content.get("stream")),
        is_result=_has_result(messages[-1].get("content")),
    )


def _refusal(message: str) -> RefusalError:
    return RefusalError(_BAD_REQUEST, message, "invalid_request")


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    texts = [block.get("text") for block in _blocks(content)]
    return "".join(text for text in texts if isinstance(text, str))


def _has_result(content: object) -> bool:
    return any(block.get("type") == "tool_result" for block in _blocks(content))


def _blocks(content: object) -> list[Mapping[str, Any]]:
    blocks = content if isinstance(content, list) else []
    return [block for block in blocks if isinstance(block, dict)]


def reply(said: Said) -> bytes:
    """Write a whole message."""
    message = _message(said, [_block(said)], said.completion_tokens)
    return orjson.dumps(message | {"stop_reason": _reason(said)})


def _message(
    said: Said, content: list[dict[str, Any]], output_tokens: int
) -> dict[str, Any]:
    return {
        "id": f"msg_{said.request_id}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": said.prompt_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
            "service_tier": "standard",
        },
    }


def _block(said: Said) -> dict[str, Any]:
    if said.tool_call is None:
        return {"type": "text", "text": said.text}
    return _use(said) | {"input": said.tool_call["arguments"]}


def _use(said: Said) -> dict[str, Any]:
    assert said.tool_call is not None
    use = {"type": "tool_use", "id": f"toolu_{said.request_id}"}
    return {**use, "name": said.tool_call["name"], "input": {}}


def _reason(said: Said) -> str:
    return "end_turn" if said.tool_call is None else "tool_use"


def stream(said: Said, texts: Sequence[str]) -> Telling:
    """Tell a message as events: one block of text, or of the use of a tool."""
    is_text = said.tool_call is None
    block = {"type": "text", "text": ""} if is_text else _use(said)
    delta = ("text_delta", "text") if is_text else ("input_json_delta", "partial_json")

    def tell(_: int, text: str) -> bytes:
        content = {"type": delta[0], delta[1]: text}
        return _event("content_block_delta", index=0, delta=content)

    # The count in the first event is what there is of the answer when it is sent.
    return Telling(
        opening=[
            _event("message_start", message=_message(said, [], 1)),
            _event("content_block_start", index=0, content_block=block),
            _PING,
        ],
        texts=texts,
        tell=tell,
        closing=[_event("content_block_stop", index=0), _end(said), _STOP],
        chatter=_PING,
        garbage=_GARBAGE,
    )


def _end(said: Said) -> bytes:
    return _event(
        "message_delta",
        delta={"stop_reason": _reason(said), "stop_sequence": None},
        usage={"output_tokens": said.completion_tokens},
    )


def _event(kind: str, **content: Any) -> bytes:
    data = orjson.dumps({"type": kind, **content})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


_STOP = _event("message_stop")


def error(failure: Failure) -> bytes:
    """Write an error object."""
    kind = _ERROR_TYPES.get(failure.status)
    if kind is None:
        server = failure.status >= _FIRST_SERVER_ERROR
        kind = "api_error" if server else "invalid_request_error"
    told = {"type": "error", "error": {"type": kind, "message": failure.message}}
    return orjson.dumps({**told, "request_id": failure.request_id})


def error_event(failure: Failure) -> bytes:
    """Write an error object as an event."""
    return b"event: error\ndata: %b\n\n" % error(failure)


def limit_headers(level: Level) -> tuple[str, ...]:
    """Write Anthropic's headers; a reset is the moment when all is back."""
    moment = datetime.now(UTC) + timedelta(seconds=level.reset_s)
    reset = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return (
        f"anthropic-ratelimit-requests-limit: {level.limit}",
        f"anthropic-ratelimit-requests-remaining: {level.left}",
        f"anthropic-ratelimit-requests-reset: {reset}",
        f"anthropic-ratelimit-tokens-limit: {level.token_limit}",
        f"anthropic-ratelimit-tokens-remaining: {level.tokens_left}",
        f"anthropic-ratelimit-tokens-reset: {reset}",
    )


def wait_headers(retry_after: str) -> tuple[str, ...]:
    """Write `Retry-After`."""
    return (f"retry-after: {retry_after}",)
