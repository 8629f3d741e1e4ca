"""Owns how a mock upstream behaves when nothing is scripted: one frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from holybalance.testing.latency import parse_latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """
    How a mock upstream answers chat requests; change one with `dataclasses.replace`.

    Args:
        latency: seconds before an answer, or how to draw them: `"0.05"`,
            `"uniform:LOW:HIGH"`, `"normal:MEAN:DEVIATION"`,
            `"lognormal:MEDIAN:SIGMA"` or `"exponential:MEAN"`. Replies and drawn
            errors wait for it; 400, 401, 404 and 429 come at once.
        error_rate: the share of requests, 0 to 1, that get `error_status`.
        error_status: the HTTP status of a drawn error, 400 to 599.
        rate: requests per second let through, the others get 429; `None`: all.
        burst: how many requests may come at once before `rate` holds; `None`: as
            many as `rate` allows in a second, at least one.
        retry_after: the `Retry-After` header of a 429, in seconds or raw; `None`:
            whole seconds until the next request would pass.
        rate_limit_headers: whether answers carry `x-ratelimit-*` where `rate` is
            set. A request stands for 1,000 tokens there.
        reply: the text of every reply.
        echo: whether the reply is the text of the last message instead.
        models: what `GET /v1/models` lists.
        strict_models: whether a model that is not listed gets 404.
        api_key: the only key let in, the others get 401; `None`: any key or none.
        seed: what the random numbers start from; `None`: something else each time.
        prompt_tokens: the usage to report; `None`: characters / 4.
        completion_tokens: the usage to report; `None`: characters / 4.

    Raises:
        ValueError: a field is out of range.
    """

    latency: float | str = 0.0
    error_rate: float = 0.0
    error_status: int = 500
    rate: float | None = None
    burst: int | None = None
    retry_after: float | str | None = None
    rate_limit_headers: bool = True
    reply: str = "This is a mock reply."
    echo: bool = False
    models: tuple[str, ...] = ("mock-model",)
    strict_models: bool = False
    api_key: str | None = field(default=None, repr=False)
    seed: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def __post_init__(self) -> None:
        parse_latency(self.latency)
        self._keep_models()
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
