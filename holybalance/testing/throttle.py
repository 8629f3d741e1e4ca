"""Owns the mock upstream's rate limit: a token bucket; knows no format's headers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

_TOKENS_PER_REQUEST = 1000


class Level(NamedTuple):
    """
    How much of a rate limit is left.

    Args:
        limit: requests that may come at once.
        left: requests that may come now.
        reset_s: seconds until the limit is whole again.
    """

    limit: int
    left: int
    reset_s: float

    @property
    def token_limit(self) -> int:
        """The limit in tokens, of which a request stands for so many."""
        return self.limit * _TOKENS_PER_REQUEST

    @property
    def tokens_left(self) -> int:
        """What is left, in tokens."""
        return self.left * _TOKENS_PER_REQUEST


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

    def level(self) -> Level:
        """How full it is now."""
        self._refill()
        reset_s = (self._size - self._level) / self._rate
        return Level(self._size, math.floor(self._level), reset_s)

    def _refill(self) -> None:
        now = self._clock()
        added = (now - self._filled_at) * self._rate
        self._level = min(float(self._size), self._level + added)
        self._filled_at = now


def duration(seconds: float) -> str:
    """Write seconds as OpenAI writes a reset."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    return f"{seconds:.3f}s"
