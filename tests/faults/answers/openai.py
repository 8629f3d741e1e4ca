"""Owns OpenAI's answers, as its API gives them."""

from __future__ import annotations

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
from tests.faults.streaming import DONE, END, event, framed

REQUEST_ID = "req_e1a3"
HEADERS = (f"x-request-id: {REQUEST_ID}", "openai-processing-ms: 412")
NO = "I'm sorry, I can't help with that."

_HEAD = {"id": "chatcmpl-C1", "created": 1790000000, "model": "gpt-5.1-2025-11-13"}
_USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 0},
}
_NOTHING_USED = {"prompt_tokens": 12, "completion_tokens": 0, "total_tokens": 12}

SPENT = Usage(input_tokens=12, output_tokens=5, cached_tokens=4, reasoning_tokens=2)
# 8 of input, 4 cached, 5 of output, at `PRICE`.
COST_USD = 58.4e-6
PROMPT = Usage(input_tokens=12)
PROMPT_USD = 12e-6

TALE = Told(text=TEXT, usage=SPENT, cost_usd=COST_USD)
CALLING = Told(finish="tool_calls", calls=CALLS, usage=SPENT, cost_usd=COST_USD)
DECLINED = Told(refusal=NO, usage=SPENT, cost_usd=COST_USD)
FILTERED = Told(finish="content_filter", usage=PROMPT, cost_usd=PROMPT_USD)
BROKEN_OFF = Told(text=TEXT, finish="content_filter", usage=SPENT, cost_usd=COST_USD)


def whole(
    message: dict[str, Any],
    finish: str = "stop",
    usage: Any = None,
    **more: Any,
) -> bytes:
    """Write a completion."""
    told: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    said = {**told, "annotations": [], **message}
    choice = {"index": 0, "message": said, **more}
    document = {
        **_HEAD,
        "object": "chat.completion",
        "choices": [{**choice, "logprobs": None, "finish_reason": finish}],
        "usage": usage or _USAGE,
        "service_tier": "default",
        "system_fingerprint": None,
    }
    return json(document, "200 OK", *HEADERS)


def error(
    line: str, code: str | None, kind: str, message: str, *headers: str, **more: Any
) -> bytes:
    """Write an error."""
    told = {"message": message, "type": kind, "param": None, "code": code, **more}
    return json({"error": told}, line, *HEADERS, *headers)


def chunk(
    delta: dict[str, Any] | None, finish: str | None = None, **more: Any
) -> bytes:
    """Write a piece of the only choice."""
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, **more}
    return _chunk([{**choice, "finish_reason": finish}], None)


def _chunk(choices: list[Any], usage: Any) -> bytes:
    return event(
        {
            **_HEAD,
            "object": "chat.completion.chunk",
            "service_tier": "default",
            "system_fingerprint": None,
            "choices": choices,
            "usage": usage,
            "obfuscation": "xU2",
        }
    )


ROLE = chunk({"role": "assistant", "content": "", "refusal": None})
FIRST = chunk({"content": "Once "})


def said(*chunks: bytes, usage: Any = None) -> bytes:
    """Write a stream with its usage and end."""
    events = (ROLE, *chunks, _chunk([], usage or _USAGE), DONE)
    return stream(*events, headers=HEADERS)


def _call(number: int) -> dict[str, Any]:
    name, arguments = CALLS[number]
    function = {"name": name, "arguments": orjson.dumps(arguments).decode()}
    return {"id": f"call_{number}", "type": "function", "function": function}


def _call_pieces(number: int) -> list[bytes]:
    call = _call(number)
    function = call["function"]
    text = function["arguments"]
    first = {**call, "index": number, "function": {**function, "arguments": ""}}
    pieces = [{"index": number, "function": {"arguments": a}} for a in _cut(text)]
    return [chunk({"tool_calls": [piece]}) for piece in [first, *pieces]]


def _cut(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]


_LIMITS = (
    "x-ratelimit-limit-requests: 3",
    "x-ratelimit-remaining-requests: 0",
    "x-ratelimit-reset-requests: 20s",
    "x-ratelimit-limit-tokens: 150000",
    "x-ratelimit-remaining-tokens: 149990",
    "x-ratelimit-reset-tokens: 4ms",
)
_TOLD: dict[str, Any] = {"request_id": REQUEST_ID}
_OVERLOADED = {
    "message": "Our servers are currently overloaded. Please try again later.",
    "type": "service_unavailable_error",
    "param": None,
    "code": "server_is_overloaded",
}
_SPENT = {"message": "You exceeded your current quota.", "code": "insufficient_quota"}
_FILTERED = {"message": "The prompt was filtered.", "code": "content_filter"}
_BROKE_DOWN = {"message": "Upstream error from Chutes", "code": "502"}
_FLAGGED = (
    "Invalid prompt: your prompt was flagged as potentially violating our usage "
    "policy. Please try again with a different prompt: "
    "https://platform.openai.com/docs/guides/reasoning#advice-on-prompting"
)

ERRORS: dict[str, Row] = {
    "400": rejected(
        error(
            "400 Bad Request",
            "unsupported_value",
            "invalid_request_error",
            "Unsupported value: 'temperature' does not support 0.2 with this model.",
            param="temperature",
        ),
        400,
        "unsupported_value",
        **_TOLD,
    ),
    "401": failed(
        error(
            "401 Unauthorized",
            "invalid_api_key",
            "invalid_request_error",
            "Incorrect API key provided: sk-canar********-a. You can find your API "
            "key at https://platform.openai.com/account/api-keys.",
        ),
        Verdict.DENIED,
        401,
        "invalid_api_key",
        **_TOLD,
    ),
    "429": failed(
        error(
            "429 Too Many Requests",
            "rate_limit_exceeded",
            "requests",
            "Rate limit reached for gpt-5.1 in organization org-1 on requests per min "
            "(RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
            "retry-after: 20",
            "retry-after-ms: 20000",
            *_LIMITS,
        ),
        Verdict.THROTTLED,
        429,
        "rate_limit_exceeded",
        wait_s=WAIT_S,
        **_TOLD,
    ),
    # OpenRouter's, when a model had begun to answer.
    "429, within a 200": failed(
        json(
            {"error": {"code": "429", "message": "Provider returned error"}},
            "200 OK",
            "retry-after: 20",
            *HEADERS,
        ),
        Verdict.THROTTLED,
        429,
        "429",
        wait_s=WAIT_S,
        **_TOLD,
    ),
    "500": failed(
        error(
            "500 Internal Server Error",
            None,
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
        ),
        Verdict.SICK,
        500,
        "server_error",
        **_TOLD,
    ),
    "overloaded": failed(
        json({"error": _OVERLOADED}, "503 Service Unavailable", *HEADERS),
        Verdict.SICK,
        503,
        "server_is_overloaded",
        **_TOLD,
    ),
    "refusal": rejected(
        error(
            "400 Bad Request",
            "content_policy_violation",
            "invalid_request_error",
            "Your request was rejected as a result of our safety system.",
        ),
        400,
        "content_policy_violation",
        Verdict.REFUSED,
        **_TOLD,
    ),
    # What OpenAI's chats answer today where they refuse a prompt.
    "refusal, a flagged prompt": rejected(
        error("400 Bad Request", "invalid_prompt", "invalid_request_error", _FLAGGED),
        400,
        "invalid_prompt",
        Verdict.REFUSED,
        **_TOLD,
    ),
    "refusal, Azure's": rejected(
        error(
            "400 Bad Request",
            "content_filter",
            "",
            "The response was filtered due to the prompt triggering Azure OpenAI's "
            "content management policy.",
            param="prompt",
            status=400,
            innererror={"code": "ResponsibleAIPolicyViolation"},
        ),
        400,
        "content_filter",
        Verdict.REFUSED,
        **_TOLD,
    ),
}

_TALE = whole({"content": TEXT})
WHOLE: dict[str, Row] = {
    "ok": replied(_TALE, TALE, **_TOLD),
    "tool call": replied(
        whole({"tool_calls": [_call(0), _call(1)]}, "tool_calls"), CALLING, **_TOLD
    ),
    "cut": failed(half(_TALE), Verdict.MALFORMED, None, closes=True),
    "garbage": failed(http(b"\x00\xff{{{ no JSON"), Verdict.MALFORMED, 200),
    "garbage, a web page": failed(WEB_PAGE, Verdict.MALFORMED, 200),
    "500, in a choice": failed(
        whole({"content": TEXT}, "error", error=_BROKE_DOWN),
        Verdict.SICK,
        502,
        "502",
        **_TOLD,
    ),
    "refusal, in words": replied(whole({"refusal": NO}), DECLINED, **_TOLD),
    "refusal, filtered": replied(
        whole({"content": ""}, "content_filter", _NOTHING_USED),
        FILTERED,
        verdict=Verdict.REFUSED,
        falls_back=True,
        **_TOLD,
    ),
    "refusal, after thoughts": replied(
        whole({"reasoning_content": "Hm."}, "content_filter", _NOTHING_USED),
        FILTERED,
        verdict=Verdict.REFUSED,
        falls_back=True,
        **_TOLD,
    ),
    "refusal, after a text": replied(
        whole({"content": TEXT}, "content_filter"), BROKEN_OFF, **_TOLD
    ),
}

_TEXTS = (FIRST, chunk({"content": "upon"}))
_STOP = chunk(None, "stop")
STREAM: dict[str, Row] = {
    "ok": replied(said(*_TEXTS, _STOP), TALE, **_TOLD),
    "tool call": replied(
        said(*_call_pieces(0), *_call_pieces(1), chunk(None, "tool_calls")),
        CALLING,
        **_TOLD,
    ),
    "overloaded, in the stream": failed(
        opening(ROLE, event({"error": _OVERLOADED}), headers=HEADERS),
        Verdict.SICK,
        503,
        "server_is_overloaded",
        **_TOLD,
    ),
    "500, in a piece's choice": failed(
        stream(chunk(None, "error", error=_BROKE_DOWN), DONE, headers=HEADERS),
        Verdict.SICK,
        502,
        "502",
        **_TOLD,
    ),
    "quota, in the stream": failed(
        stream(event({"error": _SPENT}), DONE, headers=HEADERS),
        Verdict.EXHAUSTED,
        429,
        "insufficient_quota",
        **_TOLD,
    ),
    "refusal, in the stream": rejected(
        stream(event({"error": _FILTERED}), DONE, headers=HEADERS),
        400,
        "content_filter",
        Verdict.REFUSED,
        **_TOLD,
    ),
    "500, in the stream": failed(
        stream(
            event(
                {
                    "error": {
                        "message": "The server experienced an error.",
                        "type": "server_error",
                        "param": None,
                        "code": None,
                    }
                }
            ),
            DONE,
            headers=HEADERS,
        ),
        Verdict.SICK,
        500,
        "server_error",
        **_TOLD,
    ),
    "cut": failed(
        opening(ROLE, headers=HEADERS),
        Verdict.MALFORMED,
        None,
        closes=True,
        **_TOLD,
    ),
    "cut, after the first token": interrupted(
        opening(ROLE, FIRST, headers=HEADERS),
        b"",
        Verdict.MALFORMED,
        "Once ",
        closes=True,
        status=None,
        **_TOLD,
    ),
    "cut, without its end marker": interrupted(
        opening(ROLE, FIRST, headers=HEADERS),
        framed(_STOP) + END,
        Verdict.MALFORMED,
        "Once ",
        status=None,
        **_TOLD,
    ),
    "overloaded, after the first token": interrupted(
        opening(ROLE, FIRST, headers=HEADERS),
        framed(event({"error": _OVERLOADED})),
        Verdict.SICK,
        "Once ",
        status=503,
        code="server_is_overloaded",
        is_heard=True,
        **_TOLD,
    ),
    "garbage": failed(
        stream(b"data: {{{ no JSON\n\n", headers=HEADERS),
        Verdict.MALFORMED,
        None,
        **_TOLD,
    ),
    "garbage, a web page": failed(WEB_PAGE, Verdict.MALFORMED, 200),
    "garbage, a whole reply": failed(
        _TALE, Verdict.MALFORMED, 200, request_id=REQUEST_ID
    ),
    "refusal, in words": replied(
        said(chunk({"refusal": NO[:9]}), chunk({"refusal": NO[9:]}), _STOP),
        DECLINED,
        **_TOLD,
    ),
    "refusal, filtered": replied(
        said(chunk(None, "content_filter"), usage=_NOTHING_USED),
        FILTERED,
        verdict=Verdict.REFUSED,
        falls_back=True,
        **_TOLD,
    ),
    "refusal, after a text": replied(
        said(*_TEXTS, chunk(None, "content_filter")), BROKEN_OFF, **_TOLD
    ),
}


def sent_back(body: Any) -> Any:
    """Find the calls and their results."""
    calls, *results = body["messages"][1:]
    return [calls["tool_calls"], *results]


FORMAT = Format(
    endpoint={
        "provider": "openai",
        "models": {"m": "gpt-5.1", "n": "gpt-5-mini"},
        "prices": {"m": PRICE, "n": PRICE},
    },
    targets=dict.fromkeys(("whole", "stream"), "/v1/chat/completions"),
    rows=for_both(ERRORS) | of_kind("whole", WHOLE) | of_kind("stream", STREAM),
    sent_back=sent_back,
    back=[
        [_call(0), _call(1)],
        *(
            {"role": "tool", "tool_call_id": f"call_{number}", "content": result}
            for number, result in enumerate(RESULTS)
        ),
    ],
)
