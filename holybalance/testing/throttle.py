"""Owns the mock upstream's rate limit: a token bucket and the headers it sends."""

from __future__ import annotations

import math
from collections.abc import Callable

_TOKENS_PER_REQUEST = 1000


class TokenBucket:
    """
    Lets `burst` requests through at once and `rate` per second after that.

    Args:
        rate: requests per second, above 0.
        burst: the bucket's size in requests; `None`: what `rate` allows in a second.
        clock: monotonic seconds.
    """

    def __init__(
        self, rate: float, burst: int | None, clock: Callable[[], float]
    ) -> None:
        self._rate = rate
        self._size = burst if burst is not None else max(1, math.floor(rate))
        self._clock = clock
        self._level = float(self._size)
        self._filled_at = clock()

    def take(self) -> bool:
        """Take one request's place; `False` if there is none."""
        self._refill()
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def wait_s(self) -> float:
        """Seconds until the next place."""
        self._refill()
        return max(0.0, 1 - self._level) / self._rate

    def headers(self) -> tuple[str, ...]:
        """
        OpenAI's six `x-ratelimit-*` headers as they stand now.

        A reset is the time until the bucket is full again, as a duration.
        """
        self._refill()
        left = math.floor(self._level)
        reset = _duration((self._size - self._level) / self._rate)
        return (
            f"x-ratelimit-limit-requests: {self._size}",
            f"x-ratelimit-remaining-requests: {left}",
            f"x-ratelimit-reset-requests: {reset}",
            f"x-ratelimit-limit-tokens: {self._size * _TOKENS_PER_REQUEST}",
            f"x-ratelimit-remaining-tokens: {left * _TOKENS_PER_REQUEST}",
            f"x-ratelimit-reset-tokens: {reset}",
        )

    def _refill(self) -> None:
        now = self._clock()
        added = (now - self._filled_at) * self._rate
        self._level = min(float(self._size), self._level + added)
        self._filled_at = now


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    return f"{seconds:.3f}s"
