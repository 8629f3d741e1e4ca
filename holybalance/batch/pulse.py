"""Owns how often those who only leave out lines let others have a turn."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERVAL_S = 0.1


class Pulse:
    """
    Comes due ten times a second, for whoever asks.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def is_due(self) -> bool:
        """Tell whether it is time to give `None`, so that answers can be taken."""
        now = self._clock()
        if now - self._last < INTERVAL_S:
            return False
        self._last = now
        return True
