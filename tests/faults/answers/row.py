"""Owns what a row of the matrix is: an answer's bytes, and what a call comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from holybalance.errors import (
    CallError,
    RequestError,
    RetriesExhausted,
    StreamInterrupted,
)
from holybalance.messages import Usage, Verdict
from tests.faults.scripted import http
from tests.faults.streaming import END, framed

KINDS = ("whole", "stream")
SCENARIOS = (
    "ok",
    "tool call",
    "400",
    "401",
    "429",
    "500",
    "overloaded",
    "cut",
    "garbage",
    "refusal",
)
TEXT = "Once upon"
WAIT_S = 20.0
"""What each 429 here asks for, in its provider's own way."""

PRICE = {"input": 1.0, "output": 10.0, "cached": 0.1, "cache_write": 1.25}

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("get_weather", {"city": "Paris", "days": 2}),
    ("get_time", {"zone": "Europe/Paris"}),
]
RESULTS = ['{"celsius": 21}', "noon"]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {
                "type": "object",
                "properties": {key: {} for key in arguments},
            },
        },
    }
    for name, arguments in CALLS
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What a reply says.

    Args:
        refusal: OpenAI's `message.refusal`.
        calls: names and arguments of tool calls.
    """

    text: str = ""
    finish: str = "stop"
    refusal: str | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)
    usage: Usage | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    An answer, and what a call comes to that gets it.

    Args:
        answer: the bytes, HTTP's head included.
        rest: what follows when the first token has been read; `None` for nothing.
        closes: whether the connection is closed then.
        verdict: on the attempt.
        status: of the attempt, and where the request is at fault of the error.
        code: likewise.
        told: the reply; `None` where there is none.
        error: what is raised where no other endpoint is there.
        is_heard: whether the error has what the upstream said.
        goes_on: whether a second endpoint is asked.
        falls_back: whether another model is, with `content_policy_fallback`.
        wait_s: for how long the endpoint is left alone, as it asked.
        request_id: of the attempt.
    """

    answer: bytes
    rest: bytes | None = None
    closes: bool = False
    verdict: Verdict = Verdict.OK
    status: int | None = 200
    code: str | None = None
    told: Told | None = None
    error: type[CallError] | None = None
    is_heard: bool = False
    goes_on: bool = False
    falls_back: bool = False
    wait_s: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """
    A format's rows.

    Args:
        endpoint: what its endpoints' tables have.
        targets: where requests go, by kind.
        rows: by kind and scenario.
        sent_back: finds in a request what came of calls and results in its messages.
        back: what that is to be.
    """

    endpoint: Mapping[str, Any]
    targets: Mapping[str, str]
    rows: Mapping[tuple[str, str], Row]
    sent_back: Callable[[Any], Any]
    back: Any


def replied(answer: bytes, told: Told, **more: Any) -> Row:
    """Make the row of an answer that is a reply."""
    return Row(answer=answer, told=told, **more)


def rejected(
    answer: bytes,
    status: int,
    code: str | None,
    verdict: Verdict = Verdict.CALLER,
    **more: Any,
) -> Row:
    """Make the row of a request that is at fault."""
    return Row(
        answer=answer,
        verdict=verdict,
        status=status,
        code=code,
        error=RequestError,
        is_heard=True,
        falls_back=verdict is Verdict.REFUSED,
        **more,
    )


def failed(
    answer: bytes,
    verdict: Verdict,
    status: int | None,
    code: str | None = None,
    **more: Any,
) -> Row:
    """Make the row of an endpoint that is at fault."""
    return Row(
        answer=answer,
        verdict=verdict,
        status=status,
        code=code,
        error=RetriesExhausted,
        is_heard=status is not None,
        goes_on=True,
        **more,
    )


def interrupted(
    answer: bytes, rest: bytes, verdict: Verdict, text: str, **more: Any
) -> Row:
    """Make the row of a stream that breaks off after its first token."""
    return Row(
        answer=answer,
        rest=rest,
        verdict=verdict,
        told=Told(text=text),
        error=StreamInterrupted,
        **more,
    )


def json(document: Any, status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer of JSON."""
    kind = "Content-Type: application/json"
    return http(orjson.dumps(document), status, kind, *headers)


def opening(*events: bytes, headers: tuple[str, ...] = ()) -> bytes:
    """Write a stream's head and its first events."""
    head = http(
        b"",
        "200 OK",
        "Content-Type: text/event-stream; charset=utf-8",
        "Transfer-Encoding: chunked",
        *headers,
        length=False,
    )
    return head + framed(*events)


def stream(*events: bytes, headers: tuple[str, ...] = ()) -> bytes:
    """Write a stream up to the end of HTTP."""
    return opening(*events, headers=headers) + END


def half(answer: bytes) -> bytes:
    """Cut an answer in its body."""
    return answer[: -len(answer.partition(b"\r\n\r\n")[2]) // 2]


def for_both(rows: Mapping[str, Row]) -> dict[tuple[str, str], Row]:
    """Give rows that are the same for whole answers and for streams."""
    return {(kind, name): row for kind in KINDS for name, row in rows.items()}


def of_kind(kind: str, rows: Mapping[str, Row]) -> dict[tuple[str, str], Row]:
    """Give rows of one kind."""
    return {(kind, name): row for name, row in rows.items()}


WEB_PAGE = http(b"<html>Welcome</html>", "200 OK", "Content-Type: text/html")
