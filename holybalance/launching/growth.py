"""Owns how many threads a worker runs: Little's law, with what it has measured."""

from __future__ import annotations

import math
from typing import NamedTuple

FIRST_THREADS = 4
# Before the first reply nothing is known of the latency: enough to learn of it soon.
UNSEEN_THREADS = 256
# The share of a core that a worker's calls are to use: the rest is for the threads to
# get at the interpreter in time.
AIM = 0.7
# Beyond this share there is no growth: where the machine is shared, what looks like
# latency is then largely waiting for a core or for the interpreter's lock.
BUSY = 0.25
# Threads beyond rate * latency where calls are capped: with none to spare, each call
# that takes longer than the average loses a turn.
_SPARE = 1.25
# How much a look weighs against those before it.
_WEIGHT = 0.5


class Look(NamedTuple):
    """
    What happened in a worker since the last look.

    Args:
        threads: how many there are.
        seconds: how long it was.
        cpu_s: seconds of CPU that the process used meanwhile.
        calls: how many ended.
        latency_s: the sum of how long they took.
        has_backlog: whether items wait for a thread.
        is_saturated: whether calls wait for room at an endpoint.
    """

    threads: int
    seconds: float
    cpu_s: float
    calls: int
    latency_s: float
    has_backlog: bool
    is_saturated: bool


class Growth:
    """
    Says how many threads are wanted, never fewer than there are.

    Calls in flight = rate * latency (Little 1961). The rate to aim at is what one
    interpreter can do, by the CPU that a call has cost so far, or less where calls are
    capped; the latency is that of late.

    Args:
        most: never more threads than these.
        calls_per_s: the cap, if there is one.
    """

    def __init__(self, most: int, calls_per_s: float | None) -> None:
        self._most = most
        self._cap = math.inf if calls_per_s is None else calls_per_s
        self._latency_s: float | None = None
        self._cpu_s = 0.0

    def first(self) -> int:
        """Say how many threads to begin with."""
        return min(FIRST_THREADS, self._most)

    def wanted(self, look: Look) -> int:
        """Learn from a look, and say how many threads there should be."""
        self._learn(look)
        is_busy = look.cpu_s >= BUSY * look.seconds
        if not look.has_backlog or look.is_saturated or is_busy:
            return look.threads
        return max(look.threads, min(self._most, self._by_littles_law()))

    def _by_littles_law(self) -> int:
        if self._latency_s is None:
            return UNSEEN_THREADS
        rate = self._cap * _SPARE
        if self._cpu_s:
            rate = min(rate, AIM / self._cpu_s)
        in_flight = rate * self._latency_s
        return self._most if in_flight >= self._most else math.ceil(in_flight)

    def _learn(self, look: Look) -> None:
        if not look.calls:
            return
        latency_s, cpu_s = look.latency_s / look.calls, look.cpu_s / look.calls
        if self._latency_s is None:
            self._latency_s, self._cpu_s = latency_s, cpu_s
        else:
            self._latency_s += _WEIGHT * (latency_s - self._latency_s)
            self._cpu_s += _WEIGHT * (cpu_s - self._cpu_s)
