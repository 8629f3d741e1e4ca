"""Owns how a mock upstream behaves when nothing is scripted: one frozen value."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holybalance.testing.latency import parse_latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """
    How a mock upstream answers; change one with `dataclasses.replace`.

    Args:
        latency: seconds before an answer, or how to draw them: `"0.05"`,
            `"uniform:LOW:HIGH"`, `"normal:MEAN:DEVIATION"`,
            `"lognormal:MEDIAN:SIGMA"` or `"exponential:MEAN"`. Replies and drawn
            errors wait for it; 400, 401, 404 and 429 come at once. Of a stream it is
            the time to the first piece.
        pieces: into how many pieces a stream cuts the reply, if it is long enough;
            `None`: into words.
        piece_interval: seconds between two pieces of a stream, or how to draw them,
            as `latency`.
        head_first: whether the head of a stream comes at once, as of most servers,
            and only its first piece waits for `latency`; else both wait.
        error_rate: the share of requests, 0 to 1, that get `error_status`.
        error_status: the HTTP status of a drawn error, 400 to 599.
        rate: requests per second let through, the others get 429; `None`: all.
        burst: how many requests may come at once before `rate` holds; `None`: as
            many as `rate` allows in a second, at least one.
        retry_after: the `Retry-After` header of a 429, in seconds or raw; `None`:
            whole seconds until the next request would pass. Gemini's is in the body.
        rate_limit_headers: whether answers carry OpenAI's or Anthropic's headers
            about it where `rate` is set. A request stands for 1,000 tokens there.
        reply: the text of every reply.
        echo: whether the reply is the text of the last message instead.
        tool_call: the call that every reply makes in place of the text, such as
            `{"name": "look_up", "arguments": {"city": "Rome"}}`; a request whose last
            message is a tool's result gets the text.
        dimensions: how many numbers a vector has where a request does not say.
        models: what the lists of models have in them.
        strict_models: whether a model that is not listed gets 404.
        api_key: the only key let in, in any of the headers that providers take it
            from. The others get 401, or what Gemini says; `None`: any key or none.
        seed: what the random numbers start from; `None`: something else each time.
        prompt_tokens: the usage to report; `None`: characters / 4.
        completion_tokens: the usage to report; `None`: characters / 4.

    Raises:
        ValueError: a field is out of range.
    """

    latency: float | str = 0.0
    pieces: int | None = None
    piece_interval: float | str = 0.0
    head_first: bool = True
    error_rate: float = 0.0
    error_status: int = 500
    rate: float | None = None
    burst: int | None = None
    retry_after: float | str | None = None
    rate_limit_headers: bool = True
    reply: str = "This is a mock reply."
    echo: bool = False
    tool_call: Mapping[str, Any] | None = field(default=None, hash=False)
    dimensions: int = 16
    models: tuple[str, ...] = ("mock-model",)
    strict_models: bool = False
    api_key: str | None = field(default=None, repr=False)
    seed: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def __post_init__(self) -> None:
        parse_latency(self.latency)
        parse_latency(self.piece_interval, "piece_interval")
        self._keep_models()
        self._keep_tool_call()
        _require(
            _is_number(self.error_rate) and 0 <= self.error_rate <= 1,
            "error_rate",
            self.error_rate,
            "a number from 0 to 1",
        )
        _require(
            self.error_status in range(400, 600),
            "error_status",
            self.error_status,
            "an HTTP status from 400 to 599",
        )
        _require(isinstance(self.reply, str), "reply", self.reply, "a text")
        self._check_rate()
        _check_at_least(1, "pieces", self.pieces)
        _require(
            type(self.dimensions) is int and self.dimensions >= 1,
            "dimensions",
            self.dimensions,
            "1 or more",
        )
        _check_at_least(0, "prompt_tokens", self.prompt_tokens)
        _check_at_least(0, "completion_tokens", self.completion_tokens)

    def _keep_models(self) -> None:
        # A list is welcome, but a text would quietly become a tuple of letters.
        _require(
            not isinstance(self.models, str), "models", self.models, "a list of names"
        )
        object.__setattr__(self, "models", tuple(self.models))
        _require(
            self.models or not self.strict_models,
            "models",
            self.models,
            "at least one name when strict_models is set",
        )

    def _keep_tool_call(self) -> None:
        if self.tool_call is None:
            return
        call = {"arguments": {}, **self.tool_call}
        _require(
            set(call) == {"name", "arguments"}
            and call["name"]
            and isinstance(call["name"], str)
            and isinstance(call["arguments"], Mapping)
            and _is_json(call["arguments"]),
            "tool_call",
            self.tool_call,
            'a name and JSON arguments, as {"name": "f", "arguments": {}}',
        )
        object.__setattr__(self, "tool_call", call)

    def _check_rate(self) -> None:
        _require(
            self.rate is None
            or (_is_number(self.rate) and math.isfinite(self.rate) and self.rate > 0),
            "rate",
            self.rate,
            "requests per second above 0, or None",
        )
        _check_at_least(1, "burst", self.burst)
        _require(
            _is_header_value(self.retry_after),
            "retry_after",
            self.retry_after,
            "seconds from 0 up, one line of text, or None",
        )


def _is_header_value(value: float | str | None) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return value.isascii() and not set(value) & {"\r", "\n"}
    return _is_number(value) and math.isfinite(value) and value >= 0


def _is_json(value: Mapping[str, Any]) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_at_least(least: int, name: str, value: int | None) -> None:
    _require(
        value is None or (_is_number(value) and value >= least),
        name,
        value,
        f"{least} or more, or None",
    )


def _require(holds: object, name: str, value: object, expected: str) -> None:
    if not holds:
        raise ValueError(f"{name} must be {expected}, not {value!r}")
