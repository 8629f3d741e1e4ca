"""Owns how fast calls may begin, where the user has set a cap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# What a thread that wakes up late may make up for; else each turn would be later than
# the cap asks for, by what waking up takes.
LAG_S = 0.01


class Pacer:
    """
    Gives each call a turn, evenly spaced; safe from any thread.

    Turns that nobody took are lost, so there is never a burst; one that is called off
    is the next one's.

    Args:
        per_s: turns a second.
        first_s: when the first turn is, from now on.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        per_s: float,
        first_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap_s = 1 / per_s
        self._clock = clock
        # Guards `_next`; held while waiting for it, as the others come after that.
        self._lock = threading.Lock()
        self._next = clock() + first_s

    def wait_for_turn(self, is_over: threading.Event) -> bool:
        """Wait for a turn; tell whether it came before `is_over` was set."""
        with self._lock:
            if is_over.wait(max(0.0, self._next - self._clock())):
                return False
            self._next = max(self._next, self._clock() - LAG_S) + self._gap_s
            return True
