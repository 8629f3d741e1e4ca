"""Owns Anthropic's answers, as its API gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson

from holybalance.messages import Usage, Verdict
from tests.faults.answers.row import (
    CALLS,
    PRICE,
    RESULTS,
    TEXT,
    WAIT_S,
    WEB_PAGE,
    Format,
    Row,
    Told,
    failed,
    for_both,
    half,
    interrupted,
    json,
    of_kind,
    opening,
    rejected,
    replied,
    stream,
)
from tests.faults.scripted import http
from tests.faults.streaming import END, framed

REQUEST_ID = "req_011CZAau32"
HEADERS = (f"request-id: {REQUEST_ID}", "anthropic-organization-id: org-1")
LOOKING = "I will look."

_USED = {
    "input_tokens": 8,
    "cache_creation_input_tokens": 2,
    "cache_read_input_tokens": 4,
    "service_tier": "standard",
}
SPENT = Usage(input_tokens=14, output_tokens=5, cached_tokens=4, cache_write_tokens=2)
# 8 of input, 4 cached, 2 written to the cache, 5 of output, at `PRICE`.
COST_USD = 60.9e-6
PROMPT = Usage(input_tokens=14, output_tokens=0, cached_tokens=4, cache_write_tokens=2)
PROMPT_USD = 10.9e-6

TALE = Told(text=TEXT, usage=SPENT, cost_usd=COST_USD)
CALLING = Told(
    text=LOOKING, finish="tool_calls", calls=CALLS, usage=SPENT, cost_usd=COST_USD
)
REFUSED = Told(finish="content_filter", usage=PROMPT, cost_usd=PROMPT_USD)
BROKEN_OFF = Told(text=TEXT, finish="content_filter", usage=SPENT, cost_usd=COST_USD)

THINKING = {"type": "thinking", "thinking": "Which city?", "signature": "EqQB=="}
_DETAILS = {
    "type": "refusal",
    "category": "cyber",
    "explanation": "This request was declined.",
}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _use(number: int) -> dict[str, Any]:
    name, arguments = CALLS[number]
    return {
        "type": "tool_use",
        "id": f"toolu_{number}",
        "name": name,
        "input": arguments,
    }


CALLING_BLOCKS = [THINKING, _text(LOOKING), _use(0), _use(1)]


def _message(
    content: list[Any], reason: str | None, output_tokens: int, **more: Any
) -> dict[str, Any]:
    return {
        "id": "msg_01A",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {**_USED, "output_tokens": output_tokens},
        **more,
    }


def whole(
    content: list[Any], reason: str = "end_turn", tokens: int = 5, **more: Any
) -> bytes:
    """Write a message."""
    return json(_message(content, reason, tokens, **more), "200 OK", *HEADERS)


def error(status: str, kind: str, message: str, *headers: str) -> bytes:
    """Write an error."""
    return json(_error(kind, message), status, *HEADERS, *headers)


def _error(kind: str, message: str) -> dict[str, Any]:
    told = {"type": kind, "message": message}
    return {"type": "error", "error": told, "request_id": REQUEST_ID}


def event(kind: str, **content: Any) -> bytes:
    """Write an event."""
    data = orjson.dumps({"type": kind, **content})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


START = event("message_start", message=_message([], None, 1))
PING = event("ping")
STOP = event("message_stop")
OVERLOADED = b"event: error\ndata: %b\n\n" % orjson.dumps(
    _error("overloaded_error", "Overloaded")
)


def _delta(number: int, kind: str, name: str, value: str) -> bytes:
    delta = {"type": kind, name: value}
    return event("content_block_delta", index=number, delta=delta)


def _block(number: int, empty: dict[str, Any], *deltas: bytes) -> list[bytes]:
    start = event("content_block_start", index=number, content_block=empty)
    return [start, *deltas, event("content_block_stop", index=number)]


def _end(reason: str, tokens: int = 5, **more: Any) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return event("message_delta", delta=delta, usage={"output_tokens": tokens})


def _text_block(number: int, *texts: str) -> list[bytes]:
    deltas = [_delta(number, "text_delta", "text", text) for text in texts]
    return _block(number, _text(""), *deltas)


def _use_block(number: int, place: int) -> list[bytes]:
    use = _use(number)
    text = orjson.dumps(use["input"]).decode()
    deltas = [
        _delta(place, "input_json_delta", "partial_json", piece)
        for piece in ("", text[:7], text[7:])
    ]
    return _block(place, {**use, "input": {}}, *deltas)


def said(*events: bytes) -> bytes:
    """Write a stream from begin to end."""
    return stream(START, PING, *events, STOP, headers=HEADERS)


FIRST = _text_block(0, "Once ")[:2]
_TEXTS = _text_block(0, "Once ", "upon")
_CALLS = [
    *_block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        _delta(0, "thinking_delta", "thinking", THINKING["thinking"]),
        _delta(0, "signature_delta", "signature", THINKING["signature"]),
    ),
    *_text_block(1, LOOKING),
    *_use_block(0, 2),
    *_use_block(1, 3),
]

_NOW = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
_LIMITS = (
    f"date: {format_datetime(_NOW, usegmt=True)}",
    "anthropic-ratelimit-requests-limit: 5",
    "anthropic-ratelimit-requests-remaining: 0",
    "anthropic-ratelimit-requests-reset: 2026-09-01T12:00:12Z",
    "anthropic-ratelimit-input-tokens-limit: 30000",
    "anthropic-ratelimit-input-tokens-remaining: 30000",
    "anthropic-ratelimit-input-tokens-reset: 2026-09-01T12:00:00Z",
)
_TOLD: dict[str, Any] = {"request_id": REQUEST_ID}

ERRORS: dict[str, Row] = {
    "400": rejected(
        error(
            "400 Bad Request",
            "invalid_request_error",
            "max_tokens: 900000 > 64000, which is the maximum allowed number of "
            "output tokens for claude-sonnet-4-5-20250929",
        ),
        400,
        "invalid_request_error",
        **_TOLD,
    ),
    "401": failed(
        error("401 Unauthorized", "authentication_error", "invalid x-api-key"),
        Verdict.DENIED,
        401,
        "authentication_error",
        **_TOLD,
    ),
    "429": failed(
        error(
            "429 Too Many Requests",
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 5 requests "
            "per minute.",
            "retry-after: 20",
            *_LIMITS,
        ),
        Verdict.THROTTLED,
        429,
        "rate_limit_error",
        wait_s=WAIT_S,
        **_TOLD,
    ),
    "500": failed(
        error("500 Internal Server Error", "api_error", "Internal server error"),
        Verdict.SICK,
        500,
        "api_error",
        **_TOLD,
    ),
    "overloaded": failed(
        error(
            "529 Overloaded", "overloaded_error", "Overloaded", "x-should-retry: true"
        ),
        Verdict.THROTTLED,
        529,
        "overloaded_error",
        **_TOLD,
    ),
    "refusal, held back": rejected(
        error(
            "400 Bad Request",
            "invalid_request_error",
            "Output blocked by content filtering policy",
        ),
        400,
        "invalid_request_error",
        Verdict.REFUSED,
        **_TOLD,
    ),
}

_TALE = whole([_text(TEXT)])
WHOLE: dict[str, Row] = {
    "ok": replied(_TALE, TALE, **_TOLD),
    "tool call": replied(whole(CALLING_BLOCKS, "tool_use"), CALLING, **_TOLD),
    "cut": failed(half(_TALE), Verdict.MALFORMED, None, closes=True),
    "garbage": failed(http(b"\x00\xff{{{ no JSON"), Verdict.MALFORMED, 200),
    "garbage, a web page": failed(WEB_PAGE, Verdict.MALFORMED, 200),
    "refusal": replied(
        whole([], "refusal", 0, stop_details=_DETAILS),
        REFUSED,
        verdict=Verdict.REFUSED,
        falls_back=True,
        **_TOLD,
    ),
    "refusal, after a text": replied(
        whole([_text(TEXT)], "refusal", stop_details=_DETAILS), BROKEN_OFF, **_TOLD
    ),
}

STREAM: dict[str, Row] = {
    "ok": replied(said(*_TEXTS, _end("end_turn")), TALE, **_TOLD),
    "tool call": replied(said(*_CALLS, _end("tool_use")), CALLING, **_TOLD),
    "overloaded": failed(
        opening(START, PING, OVERLOADED, headers=HEADERS),
        Verdict.THROTTLED,
        529,
        "overloaded_error",
        **_TOLD,
    ),
    "overloaded, as a status": ERRORS["overloaded"],
    "cut": failed(
        opening(START, PING, headers=HEADERS),
        Verdict.MALFORMED,
        None,
        closes=True,
        **_TOLD,
    ),
    "cut, after the first token": interrupted(
        opening(START, PING, *FIRST, headers=HEADERS),
        b"",
        Verdict.MALFORMED,
        "Once ",
        closes=True,
        status=None,
        **_TOLD,
    ),
    "cut, without its end marker": interrupted(
        opening(START, PING, *FIRST, headers=HEADERS),
        framed(_end("end_turn")) + END,
        Verdict.MALFORMED,
        "Once ",
        status=None,
        **_TOLD,
    ),
    "overloaded, after the first token": interrupted(
        opening(START, PING, *FIRST, headers=HEADERS),
        framed(OVERLOADED),
        Verdict.THROTTLED,
        "Once ",
        status=529,
        code="overloaded_error",
        is_heard=True,
        **_TOLD,
    ),
    "garbage": failed(
        stream(b"event: message_start\ndata: {{{ no JSON\n\n", headers=HEADERS),
        Verdict.MALFORMED,
        None,
        **_TOLD,
    ),
    "garbage, a web page": failed(WEB_PAGE, Verdict.MALFORMED, 200),
    "garbage, a whole reply": failed(
        _TALE, Verdict.MALFORMED, 200, request_id=REQUEST_ID
    ),
    "refusal": replied(
        said(_end("refusal", 0, stop_details=_DETAILS)),
        REFUSED,
        verdict=Verdict.REFUSED,
        falls_back=True,
        **_TOLD,
    ),
    "refusal, after a text": replied(
        said(*_TEXTS, _end("refusal", stop_details=_DETAILS)), BROKEN_OFF, **_TOLD
    ),
}


def sent_back(body: Any) -> Any:
    """Find the calls and their results."""
    return body["messages"][1:]


FORMAT = Format(
    endpoint={
        "provider": "anthropic",
        "models": {"m": "claude-sonnet-4-5", "n": "claude-haiku-4-5"},
        "prices": {"m": PRICE, "n": PRICE},
    },
    targets=dict.fromkeys(("whole", "stream"), "/v1/messages"),
    rows=for_both(ERRORS) | of_kind("whole", WHOLE) | of_kind("stream", STREAM),
    sent_back=sent_back,
    back=[
        {"role": "assistant", "content": CALLING_BLOCKS},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": f"toolu_{number}",
                    "content": result,
                }
                for number, result in enumerate(RESULTS)
            ],
        },
    ],
)
