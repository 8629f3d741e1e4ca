"""Owns an upstream's own count: what came when, from which process, for which model."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from tests.faults.scripted import Peer, http, reply

PROMPT_TOKENS, ANSWER_TOKENS = 6, 14
TOKENS = PROMPT_TOKENS + ANSWER_TOKENS
"""What each call is said to have used."""

_USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": ANSWER_TOKENS,
    "total_tokens": TOKENS,
}
_OK = http(reply(usage=_USAGE))


class Arrival(NamedTuple):
    """
    A request that came.

    Args:
        at: when it had come whole, in monotonic seconds.
        member: whose key it had.
        model: which one it asked for.
    """

    at: float
    member: str
    model: str


class Recorder:
    """
    A script for an upstream that notes every request and answers it.

    Args:
        latency_s: before each answer.
    """

    def __init__(self, latency_s: float = 0.0) -> None:
        self._latency_s = latency_s
        # Guards all that follows.
        self._lock = threading.Lock()
        self._arrivals: list[Arrival] = []
        self._refusals: dict[str, deque[bytes]] = {}
        self._refused_at: list[float] = []
        self._marks: list[float] = []

    def __call__(self, peer: Peer) -> None:
        """Serve a connection."""
        while True:
            request = peer.request()
            member = request.headers["authorization"].removeprefix("Bearer ")
            model = str(orjson.loads(request.body)["model"])
            refusal = self._note(Arrival(time.monotonic(), member, model))
            if self._latency_s:
                peer.upstream.stopping.wait(self._latency_s)
            peer.send(refusal or _OK)
            if refusal is not None:
                with self._lock:
                    self._refused_at.append(time.monotonic())

    @property
    def arrivals(self) -> list[Arrival]:
        """All requests so far, in order."""
        with self._lock:
            return sorted(self._arrivals)

    @property
    def refused_at(self) -> list[float]:
        """When each refusal had been sent."""
        with self._lock:
            return list(self._refused_at)

    @property
    def marks(self) -> list[float]:
        """The instants of `mark`."""
        with self._lock:
            return list(self._marks)

    def mark(self) -> None:
        """Note this instant."""
        with self._lock:
            self._marks.append(time.monotonic())

    def times(
        self, model: str, *, since: float = 0.0, until: float = float("inf")
    ) -> list[float]:
        """Give the instants of a model's requests within a span."""
        arrivals = self.arrivals
        return [a.at for a in arrivals if a.model == model and since <= a.at < until]

    def refuse(self, member: str, *answers: bytes) -> None:
        """Answer a process's next requests with these, one each."""
        with self._lock:
            self._refusals.setdefault(member, deque()).extend(answers)

    def _note(self, arrival: Arrival) -> bytes | None:
        with self._lock:
            self._arrivals.append(arrival)
            refusals = self._refusals.get(arrival.member)
            return refusals.popleft() if refusals else None


def excess(times: Iterable[float], per_s: float) -> float:
    """
    Tell by how many requests the worst of all spans was above a rate.

    It is the highest level of a bucket that leaks at the rate and gets one for each
    request: a span of w seconds, of any w, had `per_s * w` and so many more at the most
    (network calculus: Cruz, 1991).
    """
    level = worst = 0.0
    last = 0.0
    for at in times:
        level = max(0.0, level - (at - last) * per_s) + 1
        worst, last = max(worst, level), at
    return worst


def most_within(times: Sequence[float], seconds: float) -> int:
    """Count the requests of the fullest span of so many seconds; `times` ascend."""
    most = first = 0
    for position, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, position - first + 1)
    return most
