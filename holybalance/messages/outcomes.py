"""Owns what one attempt came to, as the wire saw it and as people are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from holybalance.messages.verdicts import Fault, Problem, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """
    Tokens of one reply, as the upstream counted them.

    `cached_tokens`, read from a prompt cache, and `cache_write_tokens`, written to one,
    are part of `input_tokens`; `reasoning_tokens` are part of `output_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class RateLimits(NamedTuple):
    """
    What an upstream's headers say is left; `None` where they say nothing.

    `wait_s` is for how long to stay away, in seconds from the moment of the reply,
    since a window is empty; 0 when none is.
    """

    requests_left: int | None = None
    tokens_left: int | None = None
    wait_s: float = 0.0


class Outcome(NamedTuple):
    """
    One attempt as the wire saw it, in terms that no provider owns.

    Either `fault` is set, or `status` is. `body` is the OpenAI-shaped reply and is
    set only when the answer was whole and well-formed; a `problem` beside it is that
    the model refused the content. `error` is what the upstream says of a
    failure, in OpenAI's shape. `connect_s` are seconds spent on a new connection, 0 on
    a kept-alive one; `first_token_s`, those from the attempt's begin to a stream's
    first token.
    """

    # A named tuple, for one is made with every attempt, and a frozen dataclass takes
    # five times as long to make.

    status: int | None = None
    fault: Fault | None = None
    body: Mapping[str, Any] | None = None
    usage: Usage | None = None
    problem: Problem | None = None
    code: str | None = None
    message: str = ""
    retry_after_s: float | None = None
    rate_limits: RateLimits | None = None
    request_id: str | None = None
    connect_s: float = 0.0
    headers: Mapping[bytes, bytes] = {}
    error: Mapping[str, Any] | None = None
    first_token_s: float | None = None


class Rejection(NamedTuple):
    """
    What an upstream said that gave no reply.

    Args:
        error: OpenAI-shaped, with `message`, `type`, `param` and `code` as far as it
            said them, and what it said besides.
        head: its HTTP headers as they came.
    """

    status: int
    error: Mapping[str, Any]
    head: Mapping[bytes, bytes] = {}

    @property
    def headers(self) -> dict[str, str]:
        """Its HTTP headers, their names in lower case."""
        return texts_of(self.head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one endpoint, for people who want to know what happened."""

    endpoint: str
    verdict: Verdict
    latency_s: float
    status: int | None = None
    code: str | None = None
    message: str = ""
    request_id: str | None = None

    def __str__(self) -> str:
        status = f" {self.status}" if self.status is not None else ""
        message = f": {self.message}" if self.message else ""
        return (
            f"{self.endpoint} {self.verdict.value}{status} "
            f"after {self.latency_s:.3f} s{message}"
        )


def texts_of(head: Mapping[bytes, bytes]) -> dict[str, str]:
    """Read HTTP headers as texts."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in head.items()
    }
