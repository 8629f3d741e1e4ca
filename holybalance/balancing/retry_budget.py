"""Owns the bound on the extra load that retries put on upstreams."""

from __future__ import annotations

import threading
from collections.abc import Callable

# Every second allows one retry whatever the traffic, after Finagle's minRetriesPerSec.
RETRIES_PER_S = 1.0


class RetryBudget:
    """
    Bounds the extra load that retries put on the upstreams of a model.

    A token bucket: each call adds `ratio`, each second adds 1, each retry takes 1
    (after Finagle's RetryBudget). It holds `reserve` at most and at first, so that
    one endpoint may die with all its slots in use and each of its calls is retried.
    """

    def __init__(
        self, ratio: float, reserve: float, clock: Callable[[], float]
    ) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._clock = clock
        # Guards `_balance` and `_updated`.
        self._lock = threading.Lock()
        self._balance = reserve
        self._updated = clock()

    def deposit(self) -> None:
        """Take note of a call."""
        with self._lock:
            self._balance = min(self._reserve, self._balance + self._ratio)

    def withdraw(self) -> bool:
        """Take a retry's token; false when there is none."""
        with self._lock:
            now = self._clock()
            gained = (now - self._updated) * RETRIES_PER_S
            self._balance = min(self._reserve, self._balance + gained)
            self._updated = now
            if self._balance < 1:
                return False
            self._balance -= 1
            return True
