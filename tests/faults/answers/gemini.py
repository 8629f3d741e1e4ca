"""Owns Gemini's answers, as its API gives them."""

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
from tests.faults.streaming import END, framed

HEADERS = ("Vary: Origin", "Server: scaffolding on HTTPServer2")
LOOKING = "I will look."
SIGNATURE = "Co8BAdHtim8="

_MORE = {"modelVersion": "gemini-3-pro-preview", "responseId": "q1LxaI"}
_USAGE = {
    "promptTokenCount": 12,
    "candidatesTokenCount": 3,
    "thoughtsTokenCount": 2,
    "cachedContentTokenCount": 4,
    "totalTokenCount": 17,
}
_PROMPT = {"promptTokenCount": 12, "totalTokenCount": 12}

SPENT = Usage(input_tokens=12, output_tokens=5, cached_tokens=4, reasoning_tokens=2)
# 8 of input, 4 cached, 5 of output, at `PRICE`.
COST_USD = 58.4e-6
PROMPT = Usage(input_tokens=12)
PROMPT_USD = 12e-6

TALE = Told(text=TEXT, usage=SPENT, cost_usd=COST_USD)
CALLING = Told(
    text=LOOKING, finish="tool_calls", calls=CALLS, usage=SPENT, cost_usd=COST_USD
)
STOPPED = Told(finish="content_filter", usage=PROMPT, cost_usd=PROMPT_USD)
BROKEN_OFF = Told(text=TEXT, finish="content_filter", usage=SPENT, cost_usd=COST_USD)


def _call(number: int) -> dict[str, Any]:
    name, arguments = CALLS[number]
    return {"functionCall": {"name": name, "args": arguments}}


THOUGHT = {"text": "Which city?", "thought": True}
CALLING_PARTS = [
    THOUGHT,
    {"text": LOOKING},
    {**_call(0), "thoughtSignature": SIGNATURE},
    _call(1),
]


def answer(parts: list[Any] | None, reason: str | None, usage: Any = None) -> Any:
    """Make an answer, whole or a piece of one."""
    candidate: dict[str, Any] = {"index": 0}
    if parts is not None:
        candidate["content"] = {"parts": parts, "role": "model"}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "usageMetadata": usage or _USAGE, **_MORE}


BLOCKED = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": _PROMPT,
    **_MORE,
}
_SAFETY = {
    **answer(None, "SAFETY", _PROMPT),
    "promptFeedback": {"safetyRatings": []},
}


def whole(document: Any) -> bytes:
    """Write an answer."""
    return json(document, "200 OK", *HEADERS)


def error(
    status: str, name: str, message: str, *details: Any, code: int | None = None
) -> bytes:
    """Write an error."""
    told = _error(code or int(status[:3]), name, message, *details)
    return json(told, status, *HEADERS)


def _error(code: int, name: str, message: str, *details: Any) -> Any:
    told: dict[str, Any] = {"code": code, "message": message, "status": name}
    return {"error": told | ({"details": list(details)} if details else {})}


def _detail(kind: str, **content: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **content}


def event(document: Any) -> bytes:
    """Write an event; Google ends its lines so."""
    return b"data: %b\r\n\r\n" % orjson.dumps(document)


def said(*documents: Any) -> bytes:
    """Write a stream from begin to end."""
    return stream(*map(event, documents), headers=HEADERS)


FIRST = event(answer([{"text": "Once "}], None, _PROMPT))
_OVERLOADED = (503, "UNAVAILABLE", "The model is overloaded. Please try again later.")

ERRORS: dict[str, Row] = {
    "400": rejected(
        error(
            "400 Bad Request",
            "INVALID_ARGUMENT",
            "* GenerateContentRequest.contents: contents is not specified",
        ),
        400,
        "INVALID_ARGUMENT",
    ),
    # Google says it with another status than others, and it is one all the same.
    "401": failed(
        error(
            "400 Bad Request",
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            _detail(
                "ErrorInfo",
                reason="API_KEY_INVALID",
                domain="googleapis.com",
                metadata={"service": "generativelanguage.googleapis.com"},
            ),
            _detail("LocalizedMessage", locale="en-US", message="API key not valid."),
        ),
        Verdict.DENIED,
        401,
        "API_KEY_INVALID",
    ),
    "401, a token": failed(
        error(
            "401 Unauthorized",
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
            _detail(
                "ErrorInfo",
                reason="ACCESS_TOKEN_TYPE_UNSUPPORTED",
                domain="googleapis.com",
            ),
        ),
        Verdict.DENIED,
        401,
        "UNAUTHENTICATED",
    ),
    "429": failed(
        error(
            "429 Too Many Requests",
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing "
            "details. Please retry in 20.074824224s.",
            _detail("Help", links=[{"url": "https://ai.google.dev/gemini-api/docs"}]),
            _detail(
                "QuotaFailure",
                violations=[
                    {
                        "quotaMetric": "generativelanguage.googleapis.com/"
                        "generate_content_paid_tier_requests",
                        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
                        "quotaValue": "5",
                    }
                ],
            ),
            _detail("RetryInfo", retryDelay="20.074824224s"),
        ),
        Verdict.THROTTLED,
        429,
        "RESOURCE_EXHAUSTED",
        wait_s=WAIT_S,
    ),
    "500": failed(
        error(
            "500 Internal Server Error",
            "INTERNAL",
            "An internal error has occurred. Please retry or report in "
            "https://developers.generativeai.google/guide/troubleshooting",
        ),
        Verdict.SICK,
        500,
        "INTERNAL",
    ),
    "overloaded": failed(
        json(_error(*_OVERLOADED), "503 Service Unavailable", *HEADERS),
        Verdict.SICK,
        503,
        "UNAVAILABLE",
    ),
}


def _blocked(bytes_: bytes) -> Row:
    return rejected(bytes_, 200, "PROHIBITED_CONTENT", Verdict.REFUSED)


_TALE = whole(answer([{"text": TEXT}], "STOP"))
WHOLE: dict[str, Row] = {
    "ok": replied(_TALE, TALE),
    "tool call": replied(whole(answer(CALLING_PARTS, "STOP")), CALLING),
    "cut": failed(half(_TALE), Verdict.MALFORMED, None, closes=True),
    "garbage": failed(http(b"\x00\xff{{{ no JSON"), Verdict.MALFORMED, 200),
    "garbage, a web page": failed(WEB_PAGE, Verdict.MALFORMED, 200),
    "refusal": _blocked(whole(BLOCKED)),
    "refusal, of the answer": replied(
        whole(_SAFETY), STOPPED, verdict=Verdict.REFUSED, falls_back=True
    ),
    "refusal, after a text": replied(
        whole(answer([{"text": TEXT}], "SAFETY")), BROKEN_OFF
    ),
}

STREAM: dict[str, Row] = {
    "ok": replied(
        said(
            answer([{"text": "Once "}], None, _PROMPT),
            answer([{"text": "upon"}], "STOP"),
        ),
        TALE,
    ),
    "tool call": replied(
        said(
            answer([THOUGHT], None, _PROMPT),
            answer(CALLING_PARTS[1:3], None, _PROMPT),
            answer(CALLING_PARTS[3:], None, _PROMPT),
            answer([{"text": ""}], "STOP"),
        ),
        CALLING,
    ),
    "overloaded, in the stream": failed(
        said(_error(*_OVERLOADED)), Verdict.SICK, 503, "UNAVAILABLE"
    ),
    "cut": failed(
        opening(FIRST[:40], headers=HEADERS), Verdict.MALFORMED, None, closes=True
    ),
    "cut, after the first token": interrupted(
        opening(FIRST, headers=HEADERS),
        b"",
        Verdict.MALFORMED,
        "Once ",
        closes=True,
        status=None,
    ),
    "cut, without its end marker": interrupted(
        opening(FIRST, headers=HEADERS), END, Verdict.MALFORMED, "Once ", status=None
    ),
    "overloaded, after the first token": interrupted(
        opening(FIRST, headers=HEADERS),
        framed(event(_error(*_OVERLOADED))),
        Verdict.SICK,
        "Once ",
        status=503,
        code="UNAVAILABLE",
        is_heard=True,
    ),
    "garbage": failed(
        stream(b"data: {{{ no JSON\r\n\r\n", headers=HEADERS), Verdict.MALFORMED, None
    ),
    "garbage, a web page": failed(WEB_PAGE, Verdict.MALFORMED, 200),
    "garbage, a whole reply": failed(_TALE, Verdict.MALFORMED, 200),
    "refusal": _blocked(said(BLOCKED)),
    "refusal, of the answer": replied(
        said(_SAFETY), STOPPED, verdict=Verdict.REFUSED, falls_back=True
    ),
    "refusal, after a text": replied(
        said(
            answer([{"text": "Once "}], None, _PROMPT),
            answer([{"text": "upon"}], "SAFETY"),
        ),
        BROKEN_OFF,
    ),
}


def sent_back(body: Any) -> Any:
    """Find the calls and their results; the ids, which are our own, apart."""
    calls, results = body["contents"][1:]
    ids = [
        part[name].pop("id")
        for content, name in ((calls, "functionCall"), (results, "functionResponse"))
        for part in content["parts"]
        if name in part
    ]
    return [calls, results, ids[:2] == ids[2:] and len(set(ids)) == len(CALLS)]


FORMAT = Format(
    endpoint={
        "provider": "gemini",
        "models": {"m": "gemini-3-pro-preview", "n": "gemini-2.5-flash"},
        "prices": {"m": PRICE, "n": PRICE},
    },
    targets={
        "whole": "/v1/models/gemini-3-pro-preview:generateContent",
        "stream": "/v1/models/gemini-3-pro-preview:streamGenerateContent?alt=sse",
    },
    rows=for_both(ERRORS) | of_kind("whole", WHOLE) | of_kind("stream", STREAM),
    sent_back=sent_back,
    back=[
        {"role": "model", "parts": CALLING_PARTS[1:]},
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "name": CALLS[0][0],
                        "response": orjson.loads(RESULTS[0]),
                    }
                },
                {
                    "functionResponse": {
                        "name": CALLS[1][0],
                        "response": {"result": RESULTS[1]},
                    }
                },
            ],
        },
        True,
    ],
)
