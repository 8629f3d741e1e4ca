"""Owns which of several willing endpoints a call goes to: a load, and a chooser."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from holybalance.config import Price
from holybalance.messages import Request

TAU_S = 30.0
# What an endpoint that has only failed is taken to need: a short reply's second.
PRIOR_S = 1.0
# And one whose first answer is still awaited: longer than models take to answer, or
# it would look fast beside those that do (Finagle's penalty for the same case).
UNSEEN_S = 60.0
# Consistent hashing with bounded loads (Mirrokni et al. 2016), with their c = 1.25.
AFFINITY_BOUND = 1.25


class Candidate(Protocol):
    """What a policy may know of an endpoint."""

    @property
    def name(self) -> str:
        """The endpoint's name."""

    @property
    def weight(self) -> float:
        """Its configured share."""

    @property
    def in_flight(self) -> int:
        """Calls under way there."""

    def warmth(self) -> float:
        """From 0.1 to 1 in slow start, else 1."""

    def latency_s(self) -> float | None:
        """Its peak EWMA in seconds, `None` before the first answer."""

    def first_token_s(self) -> float | None:
        """The same for the first tokens of streams."""

    def price(self, model: str) -> Price | None:
        """What a model costs there, `None` when unknown."""


C = TypeVar("C", bound=Candidate)
Policy = Callable[[Sequence[C], Request], C]


class PeakEwma:
    """
    A latency average that rises at once and falls slowly, in seconds.

    w = e^(-Δt/τ), cost = rtt when that is higher, else cost·w + rtt·(1-w), after
    Finagle's PeakEwma with τ = 30 s for the longer latencies of models. An average
    that nothing has confirmed for τ fades, so that an endpoint that was once slow is
    tried again. Its endpoint's lock guards writes; reads need none.
    """

    __slots__ = ("_cost", "_stamp")

    def __init__(self) -> None:
        self._cost: float | None = None
        self._stamp = 0.0

    def observe(self, seconds: float, now: float) -> None:
        """Take an answer's latency."""
        cost = self._cost
        if cost is None or seconds > cost:
            self._cost = seconds
        else:
            weight = math.exp((self._stamp - now) / TAU_S)
            self._cost = cost * weight + seconds * (1 - weight)
        self._stamp = now

    def observe_failure(self, seconds: float, now: float) -> None:
        """Take a failure's latency, which may raise the average and never lowers it."""
        known = self.value(now)
        self._cost = max(PRIOR_S if known is None else known, seconds)
        self._stamp = now

    def value(self, now: float) -> float | None:
        """Give the average, faded by what it has been idle beyond τ."""
        cost, idle = self._cost, now - self._stamp
        if cost is None or idle <= TAU_S:
            return cost
        return cost * math.exp((TAU_S - idle) / TAU_S)


def load(candidate: Candidate, *, is_stream: bool = False) -> float:
    """
    Estimate what one more call there would take: latency x (in flight + 1) / share.

    An endpoint that has not answered yet counts as idle until a first call is under
    way, and as slow from then on: it is asked once, not flooded.
    """
    latency = candidate.first_token_s() if is_stream else candidate.latency_s()
    if latency is None:
        latency = UNSEEN_S if candidate.in_flight else 0.0
    return latency * (candidate.in_flight + 1) / _share(candidate)


def _share(candidate: Candidate) -> float:
    return candidate.weight * candidate.warmth()


def power_of_two(rng: random.Random) -> Policy[C]:
    """Draw two at random, take the one with less load (Mitzenmacher 2001)."""

    def choose(candidates: Sequence[C], request: Request) -> C:
        count = len(candidates)
        first = int(rng.random() * count)
        second = int(rng.random() * (count - 1))
        second += second >= first
        one, other = candidates[first], candidates[second]
        is_stream = request.is_stream
        loads = load(one, is_stream=is_stream), load(other, is_stream=is_stream)
        return one if loads[0] <= loads[1] else other

    return choose


def round_robin(rng: random.Random) -> Policy[C]:
    """Take each in turn, whatever its weight; one in slow start often passes."""
    # Guards `last`: the number of the last turn of each endpoint, by name.
    lock = threading.Lock()
    last: dict[str, int] = {}
    turns = itertools.count()

    def longest_ago(candidates: Sequence[C]) -> C:
        # A position modulo the count would favour whoever follows one that refuses.
        with lock:
            chosen = min(candidates, key=lambda c: last.get(c.name, -1))
            last[chosen.name] = next(turns)
        return chosen

    def choose(candidates: Sequence[C], request: Request) -> C:
        for _ in candidates:
            chosen = longest_ago(candidates)
            if rng.random() < chosen.warmth():
                break
        return chosen

    return choose


def weighted(rng: random.Random) -> Policy[C]:
    """Draw at random in proportion to the weights."""

    def choose(candidates: Sequence[C], request: Request) -> C:
        return rng.choices(candidates, [_share(c) for c in candidates])[0]

    return choose


def least_in_flight(rng: random.Random) -> Policy[C]:
    """Take the one with the fewest calls under way for its weight."""

    def choose(candidates: Sequence[C], request: Request) -> C:
        return min(
            candidates, key=lambda c: ((c.in_flight + 1) / _share(c), rng.random())
        )

    return choose


def cheapest(rng: random.Random) -> Policy[C]:
    """Take the lowest price; among equals, the one with less load."""
    among_equals: Policy[C] = power_of_two(rng)

    def choose(candidates: Sequence[C], request: Request) -> C:
        prices = [_blend(c.price(request.model)) for c in candidates]
        lowest = min(prices)
        equals = [c for c, p in zip(candidates, prices, strict=True) if p == lowest]
        return equals[0] if len(equals) == 1 else among_equals(equals, request)

    return choose


def _blend(price: Price | None) -> float:
    """Blend input and output 3 : 1, the usual mix; an unknown price comes last."""
    return math.inf if price is None else (3 * price.input + price.output) / 4


POLICIES = {
    "p2c": power_of_two,
    "round_robin": round_robin,
    "weighted": weighted,
    "least_in_flight": least_in_flight,
    "cheapest": cheapest,
}


def with_affinity(policy: Policy[C]) -> Policy[C]:
    """
    Let calls of one session go to one endpoint, whose prompt cache they then find.

    Weighted rendezvous hashing gives each session its order of endpoints; the first
    that is not overloaded is taken. Calls without a session go by `policy`.
    """

    def choose(candidates: Sequence[C], request: Request) -> C:
        if request.session is None or len(candidates) == 1:
            return policy(candidates, request) if len(candidates) > 1 else candidates[0]
        session = request.session
        ranked = sorted(candidates, key=lambda c: _rendezvous(session, c), reverse=True)
        total = 1 + sum(c.in_flight for c in candidates)
        shares = sum(_share(c) for c in candidates)
        for candidate in ranked:
            fair = total * _share(candidate) / shares
            if candidate.in_flight + 1 <= math.ceil(AFFINITY_BOUND * fair):
                return candidate
        return ranked[0]

    return choose


def _rendezvous(session: str, candidate: Candidate) -> float:
    key = f"{session}\0{candidate.name}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(key, digest_size=8).digest()
    # 52 bits and a half: all that a float between 0 and 1 holds without being either.
    fraction = ((int.from_bytes(digest, "big") >> 12) + 0.5) / 2**52
    return -candidate.weight / math.log(fraction)
