"""Owns what the balancer takes from outside: time, chance, waiting, giving up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# How often, in seconds, a waiting call looks whether it has been given up.
GLANCE_S = 1.0


class GivenUp(Exception):
    """The client was closed, or the interpreter is ending, while a call waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """
    Time, chance and waiting, so that tests can bring their own.

    Args:
        clock: monotonic seconds.
        wait: waits for an event for at most so many seconds, true when it was set.
        is_given_up: asked at least once a second by whoever waits.
        ask_soon: has what processes share exchanged at once; `None` where each has
            rate limits and rests of its own.
    """

    clock: Callable[[], float] = time.monotonic
    rng: random.Random = field(default_factory=random.Random)
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait
    is_given_up: Callable[[], bool] = bool
    ask_soon: Callable[[], None] | None = None

    def sleep(self, seconds: float) -> None:
        """
        Let time pass.

        Raises:
            GivenUp: the call is no longer wanted.
        """
        self.wait_until(threading.Event(), self.clock() + seconds)

    def wait_until(self, event: threading.Event, until: float) -> bool:
        """
        Wait for an event or an instant of the clock; tell whether the event came.

        Raises:
            GivenUp: the call is no longer wanted.
        """
        while True:
            if self.is_given_up():
                raise GivenUp
            left = until - self.clock()
            if left <= 0:
                return event.is_set()
            if self.wait(event, min(left, GLANCE_S)):
                return True
