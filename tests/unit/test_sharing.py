"""Rests that processes share: begun by one, kept by all, ended early, never echoed."""

from __future__ import annotations

from typing import Any

import pytest

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Lease, Refused
from holybalance.balancing.limits import Refusal
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.verdict import judge
from holybalance.config import BreakerConfig
from holybalance.messages import Outcome, Problem
from holybalance.state.exchange import Exchange
from holybalance.state.store import News, Store
from tests.unit.stubs import (
    MODEL,
    Clock,
    ScriptedStore,
    ScriptedTransport,
    ask,
    make_endpoint,
    memory,
    reply,
)

THROTTLED = Outcome(status=429, retry_after_s=30.0)
SICK = Outcome(status=500)
QUOTA = Outcome(status=429, problem=Problem.QUOTA)
DENIED = Outcome(status=401)
OK = Outcome(status=200, body={"choices": []})


class Part:
    """One process's endpoint, and its exchange without a thread."""

    def __init__(self, store: Store, clock: Clock, **settings: Any) -> None:
        self.clock = clock
        self.store = ScriptedStore(store)
        self.exchange = Exchange(lambda: self.store, clock, is_shared=True, processes=2)
        self.asked = 0
        runtime = Runtime(clock=clock, ask_soon=self._ask)
        transport = ScriptedTransport(clock, [reply()])
        self.endpoint: Endpoint = make_endpoint(
            runtime, transport, breaker=BreakerConfig(failures=2), **settings
        )
        self.rooms = 0
        self.endpoint.on_room(self._note_room)
        self.exchange.join([self.endpoint.sharing])

    def end(self, outcome: Outcome, model: str = MODEL) -> None:
        """Make an attempt that ends so."""
        lease = Lease(self.endpoint, ask(model))
        assert lease.take() is None
        lease.settle(outcome, judge(outcome))

    def refusal(self, model: str = MODEL) -> Refused | None:
        """Ask for a slot, and give it back."""
        with Lease(self.endpoint, ask(model)) as lease:
            return lease.take()

    def reason(self, model: str = MODEL) -> Refusal | None:
        """Say why it takes no call."""
        refused = self.refusal(model)
        return None if refused is None else refused.reason

    def round(self) -> None:
        """Exchange."""
        assert self.exchange.round()

    def told(self) -> int:
        """Count the rests that it has told of."""
        return sum(len(news.rests) for news in self.store.heard)

    def _ask(self) -> None:
        self.asked += 1

    def _note_room(self, endpoint: Endpoint) -> None:
        self.rooms += 1


def parts(count: int = 2, **settings: Any) -> tuple[Clock, list[Part]]:
    """Processes at one store."""
    clock = Clock()
    store = memory(clock)
    return clock, [Part(store, clock, **settings) for _ in range(count)]


def trip(part: Part) -> None:
    """Open a circuit."""
    for _ in range(2):
        part.end(SICK)


def test_a_cool_down_is_everybodys() -> None:
    """After one exchange each, of its model alone."""
    clock, (one, other) = parts(models={MODEL: MODEL, "m2": "m2"})
    one.end(THROTTLED)
    for each in (one, other):
        each.round()

    refused = other.refusal()
    assert refused is not None
    assert Refusal.COOLING is refused.reason
    left = (refused.ready_at or 0) - clock.now
    assert 30 <= left <= 31.5
    assert other.reason("m2") is None


def test_a_trip_is_everybodys() -> None:
    """And half-opens for all at one time."""
    clock, (one, other) = parts()
    trip(one)
    for each in (one, other):
        each.round()

    assert Refusal.OPEN is other.reason()
    clock.now += 30.1
    assert other.reason() is None


def test_a_used_up_quota_is_everybodys() -> None:
    """Nobody else has to find out."""
    _, (one, other) = parts()
    one.end(QUOTA)
    for each in (one, other):
        each.round()

    assert Refusal.EXHAUSTED is other.reason()


def test_a_refused_key_is_not_shared() -> None:
    """Each process may have one of its own."""
    _, (one, other) = parts()
    one.end(DENIED)
    for each in (one, other):
        each.round()

    assert 0 == one.told()
    assert other.reason() is None


def test_a_cool_down_that_is_lifted() -> None:
    """By `restore`: the others need not wait any more, and calls in line are woken."""
    _, (one, other) = parts()
    one.end(THROTTLED)
    for each in (one, other):
        each.round()
    one.endpoint.restore()
    rooms = other.rooms
    for each in (one, other):
        each.round()

    assert other.reason() is None
    assert rooms < other.rooms
    assert one.reason() is None


def test_a_trip_that_is_lifted() -> None:
    """A probe found that it works: the others try again at once."""
    clock, (one, other) = parts()
    trip(one)
    for each in (one, other):
        each.round()
    clock.now += 2
    probe = Lease(one.endpoint, ask(MODEL))
    assert probe.take(as_probe=True) is None
    probe.settle(OK, judge(OK))
    for each in (one, other):
        each.round()

    assert "open" == other.endpoint.circuit
    assert other.reason() is None


def test_a_quota_that_is_restored() -> None:
    """Somebody has paid, and told one process."""
    _, (one, other) = parts()
    one.end(QUOTA)
    for each in (one, other):
        each.round()
    other.endpoint.restore()
    for each in (other, one):
        each.round()

    assert one.reason() is None


def test_each_rest_is_told_once() -> None:
    """A hundred rounds of both: nobody tells what others have told."""
    clock, (one, other) = parts()
    one.end(THROTTLED)
    other.end(replaced(THROTTLED, 20.0))
    trip_after = 50
    for number in range(100):
        if number == trip_after:
            clock.now += 31.5
            trip(one)
        for each in (one, other):
            clock.now += 0.01
            each.round()

    # The shorter cool-down came second, so it was no news.
    assert (2, 1) == (one.told(), other.told())
    assert [] == [n for n in (*one.store.heard, *other.store.heard) if n.lifted]


def replaced(outcome: Outcome, retry_after_s: float) -> Outcome:
    """The same with another Retry-After."""
    return outcome._replace(retry_after_s=retry_after_s)


def test_the_later_end_holds() -> None:
    """Whoever told it, and whenever."""
    clock, (one, other) = parts()
    one.end(THROTTLED)
    other.end(replaced(THROTTLED, 60.0))
    for each in (one, other, one):
        each.round()

    refused = one.refusal()
    assert refused is not None
    assert (refused.ready_at or 0) - clock.now >= 60


def test_a_rest_that_ends_by_itself_is_no_news() -> None:
    """Nobody is told, and nobody is woken for it."""
    clock, (one, other) = parts()
    one.end(THROTTLED)
    for each in (one, other):
        each.round()
    clock.now += 40
    for each in (one, other, one):
        each.round()

    assert [] == [n for n in (*one.store.heard, *other.store.heard) if n.lifted]
    assert other.reason() is None


def test_a_store_that_has_forgotten_ends_no_rest() -> None:
    """An upstream's Retry-After holds all the same, and is told again."""
    clock, (one, other) = parts()
    one.end(THROTTLED)
    for each in (one, other):
        each.round()
    forgetful = memory(clock)
    for each in (one, other):
        each.store.store = forgetful
    third = Part(forgetful, clock)
    for _ in range(2):
        for each in (one, other, third):
            each.round()

    assert [Refusal.COOLING] * 3 == [each.reason() for each in (one, other, third)]


def test_a_lost_answer_ends_no_rest() -> None:
    """What was told is told again as it was."""
    _, (one, other) = parts()
    one.end(THROTTLED)
    one.store.loses = 1
    assert not one.exchange.round()
    for each in (other, one, other):
        each.round()

    assert Refusal.COOLING is one.reason()
    assert Refusal.COOLING is other.reason()


@pytest.mark.parametrize(
    ("outcome", "asks"),
    [(THROTTLED, 1), (SICK, 1), (QUOTA, 1), (OK, 0), (Outcome(status=400), 0)],
)
def test_who_rests_says_so_at_once(outcome: Outcome, asks: int) -> None:
    """A caller's own fault is nobody else's concern."""
    _, (one, _) = parts()

    one.end(outcome)

    assert asks == one.asked


def test_draws_are_each_endpoints_own() -> None:
    """What was granted goes to the bucket that asked."""
    _, (one,) = parts(1, rpm=600.0, tpm=60_000.0)
    assert Refusal.AWAITED is one.reason()
    one.round()

    assert one.reason() is None


def test_alone_it_takes_its_share() -> None:
    """And those in line are woken."""
    clock, (one,) = parts(1, rpm=600.0)
    assert Refusal.AWAITED is one.reason()
    one.store.is_down = True
    rooms = one.rooms
    for _ in range(2):
        assert not one.exchange.round()
        clock.now += 1

    assert rooms < one.rooms
    assert one.reason() is None


@pytest.mark.parametrize("key", ["", "one", "one\ntrip", "\n\n"])
def test_what_somebody_else_has_put_there_is_none_of_ours(key: str) -> None:
    """Rests of other names, and what is no rest of ours at all."""
    _, (one,) = parts(1)
    name = one.endpoint.name
    strange = {key.replace("one", name): 100.0}
    one.store.exchange(News("stranger", 1, rests=strange))

    one.round()

    assert one.reason() is None
