"""
Owns a discrete-event simulation of a whole balancer: virtual time, virtual callers.

What is real: policy, endpoints, breakers, limits, retry budget, `judge`. What is not:
threads and waiting. A caller here is two events, the beginning and the end of an
attempt; one that is refused everywhere goes away, one whose attempt may be repeated
tries again at once, as a fresh endpoint allows.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from holybalance.balancing.balancer import Balancer
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Lease
from holybalance.balancing.legs import Leg, Legs
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import CONSEQUENCES, judge
from holybalance.config import Defaults
from holybalance.messages import Outcome, Verdict
from tests.unit.stubs import (
    Clock,
    ScriptedTransport,
    make_endpoint,
    no_budgets,
    reply,
    request,
)

OK = Outcome(status=200, body={"choices": []})
ERROR = Outcome(status=500)
MAX_ATTEMPTS = 4


@dataclass
class Upstream:
    """What an upstream does with a call that begins at an instant."""

    seconds: Callable[[float], float] = lambda now: 1.0
    outcome: Callable[[float], Outcome] = lambda now: OK


class Began(NamedTuple):
    """An attempt that was let through."""

    at: float
    endpoint: str
    in_flight: int


class Simulation:
    """
    Callers that come at random, so many a second, whatever becomes of them.

    Time begins at 0. Latencies vary by a quarter either way.
    """

    def __init__(
        self, upstreams: dict[str, Upstream], rate: float, **defaults: object
    ) -> None:
        self.clock = Clock(0.0)
        self.rng = random.Random(12345)
        self.upstreams = upstreams
        self.rate = rate
        runtime = Runtime(clock=self.clock, rng=random.Random(54321))
        settings = Defaults(**defaults)  # type: ignore[arg-type] # any of its fields
        self.endpoints: dict[str, Endpoint] = {
            name: make_endpoint(
                runtime,
                ScriptedTransport(self.clock, [reply()]),
                name=name,
                breaker=settings.breaker,
                max_in_flight=10_000,
            )
            for name in upstreams
        }
        self.balancer = Balancer(
            list(self.endpoints.values()), settings, no_budgets(), runtime
        )
        self.began: list[Began] = []
        self.ended: list[tuple[float, Verdict]] = []
        self.unserved: list[float] = []
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def run(self, until: float) -> Simulation:
        """Let time pass up to an instant."""
        self._at(self.rng.expovariate(self.rate), self._arrive)
        while self._events and self._events[0][0] <= until:
            self.clock.now, _, event = heapq.heappop(self._events)
            event()
        return self

    def share(self, name: str, begin: float, end: float) -> float:
        """Give an upstream's share of the attempts that began within a time."""
        names = [b.endpoint for b in self.began if begin <= b.at < end]
        return names.count(name) / len(names)

    def calls(self, name: str, begin: float, end: float) -> int:
        """Count an upstream's attempts that began within a time."""
        return sum(b.endpoint == name and begin <= b.at < end for b in self.began)

    def most_in_flight(self, name: str, begin: float, end: float) -> int:
        """Give the most calls that an upstream had under way within a time."""
        return max(
            b.in_flight
            for b in self.began
            if b.endpoint == name and begin <= b.at < end
        )

    def _at(self, instant: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (instant, next(self._order), event))

    def _arrive(self) -> None:
        now = self.clock.now
        self._at(now + self.rng.expovariate(self.rate), self._arrive)
        asked = request()
        pool = self.balancer.pools.of_model(asked.model)
        pool.budget.deposit()
        self._attempt(Trail(asked, Legs(lambda _: Leg(asked, asked.model, pool)), now))

    def _attempt(self, trail: Trail) -> None:
        lease = self.balancer.admission.try_lease(trail)
        now = self.clock.now
        if not isinstance(lease, Lease):
            self.unserved.append(now)
            return
        endpoint = lease.endpoint
        self.began.append(Began(now, endpoint.name, endpoint.in_flight))
        upstream = self.upstreams[endpoint.name]
        outcome = upstream.outcome(now)
        takes = upstream.seconds(now) * self.rng.uniform(0.75, 1.25)
        self._at(now + takes, lambda: self._end(trail, lease, outcome))

    def _end(self, trail: Trail, lease: Lease, outcome: Outcome) -> None:
        verdict = judge(outcome)
        with lease:
            trail.note(lease, lease.settle(outcome, verdict))
        may_retry = CONSEQUENCES[verdict].retry and len(trail.attempts) < MAX_ATTEMPTS
        if may_retry and trail.leg.pool.budget.withdraw():
            self._attempt(trail)
        else:
            self.ended.append((self.clock.now, verdict))
