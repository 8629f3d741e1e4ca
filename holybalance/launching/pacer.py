"""Owns how fast calls may begin, where the user has set a cap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pacer:
    """
    Gives each call a turn, evenly spaced; safe from any thread.

    Turns that nobody took are lost, so there is never a burst.

    Args:
        per_s: turns a second.
        clock: monotonic seconds.
    """

    def __init__(
        self, per_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap_s = 1 / per_s
        self._clock = clock
        # Guards `_next`.
        self._lock = threading.Lock()
        self._next = clock()

    def wait_for_turn(self, is_over: threading.Event) -> bool:
        """Wait for a turn; tell whether it came before `is_over` was set."""
        if is_over.is_set():
            return False
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap_s
        return turn <= now or not is_over.wait(turn - now)
