"""Owns when a stream may be started a second time, since its first token is late."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable

# After "The Tail at Scale" (Dean and Barroso, 2013): a second request is worth its load
# once the first has taken longer than 95 % of them do.
LATE_SHARE = 0.95
# Of so many first tokens the 95th percentile is taken, and not of fewer than so many.
RECENT = 200
ENOUGH = 20
# So many hedges may be saved up while nothing is late.
RESERVE = 10.0
# Where somebody has just said that it is too much, nobody asks for more.
SUSPENDED_S = 30.0


class Hedges:
    """
    Says of one model's streams when a first token is late, and bounds the extra load.

    A token bucket as the retry budget is, but empty at first: each stream adds `share`,
    each hedge takes 1.

    Args:
        share: hedges as a share of streams.
        clock: monotonic seconds.
    """

    def __init__(self, share: float, clock: Callable[[], float]) -> None:
        self._share = share
        self._clock = clock
        # Guards everything below.
        self._lock = threading.Lock()
        self._balance = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._suspended_until = -math.inf

    def note_stream(self) -> None:
        """Take note that a stream begins."""
        with self._lock:
            self._balance = min(RESERVE, self._balance + self._share)

    def note_first_token(self, seconds: float) -> None:
        """Take note of how long a first token took."""
        with self._lock:
            self._recent.append(seconds)

    def suspend(self) -> None:
        """Take note that somebody throttles."""
        with self._lock:
            self._suspended_until = self._clock() + SUSPENDED_S

    def late_after_s(self) -> float | None:
        """Say after how many seconds to hedge; `None` when that is not to be done."""
        with self._lock:
            is_ready = self._balance >= 1 and len(self._recent) >= ENOUGH
            if not is_ready or self._clock() < self._suspended_until:
                return None
            ordered = sorted(self._recent)
        return ordered[math.ceil(LATE_SHARE * len(ordered)) - 1]

    def withdraw(self) -> bool:
        """Take a hedge's token; false when there is none, or hedging is suspended."""
        with self._lock:
            if self._balance < 1 or self._clock() < self._suspended_until:
                return False
            self._balance -= 1
            return True
