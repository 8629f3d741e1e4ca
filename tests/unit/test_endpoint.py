"""Whom an endpoint admits, and what it learns from how calls end."""

from __future__ import annotations

import random
from typing import Any

import pytest

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Ask, Lease, Refused
from holybalance.balancing.limits import Refusal
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.verdict import judge
from holybalance.config import Price, Secret
from holybalance.messages import Fault, Outcome, Problem, Usage, Verdict
from holybalance.wire.transport import Response
from tests.unit.stubs import (
    MODEL,
    Clock,
    ScriptedTransport,
    Step,
    ask,
    fault,
    make_endpoint,
    reply,
    status,
)

ASK = ask(MODEL, tokens=100)


class Bench:
    """One endpoint on a clock."""

    def __init__(self, *script: Step, **changes: Any) -> None:
        self.clock = Clock()
        runtime = Runtime(clock=self.clock, rng=random.Random(7))
        transport = ScriptedTransport(self.clock, script or [reply()])
        self.endpoint = make_endpoint(runtime, transport, **changes)

    def lease(self, ask: Ask = ASK, *, as_probe: bool = False) -> Lease:
        """Take a lease that must be given."""
        lease = Lease(self.endpoint, ask)
        assert lease.take(as_probe=as_probe) is None
        return lease

    def end(self, outcome: Outcome, takes: float = 0.0) -> None:
        """Have a call end so."""
        with self.lease() as lease:
            self.clock.now += takes
            lease.settle(outcome, judge(outcome))

    def refusal(self, ask: Ask = ASK) -> Refused:
        """Be refused, as must be."""
        refused = Lease(self.endpoint, ask).take()
        assert refused is not None
        return refused


OK = Outcome(status=200, body={"choices": []}, usage=Usage(input_tokens=100))


def test_a_lease_takes_a_slot_and_gives_it_back() -> None:
    """In flight while it lasts, and not after."""
    bench = Bench()
    with bench.lease() as lease:
        during = bench.endpoint.in_flight
        lease.settle(OK, Verdict.OK)

    assert (1, 0) == (during, bench.endpoint.in_flight)


def test_a_lease_without_an_outcome_gives_everything_back() -> None:
    """An exception on the way blames nobody and leaks neither slot nor tokens."""
    bench = Bench(rpm=60, tpm=6000)

    with pytest.raises(KeyError), bench.lease():
        raise KeyError

    assert 0 == bench.endpoint.in_flight
    assert bench.endpoint.might_admit(MODEL)
    assert 0 == bench.endpoint.tally().attempts
    bench.lease()


def test_a_full_endpoint_refuses() -> None:
    """When it has room again is anyone's guess."""
    bench = Bench(max_in_flight=1)
    bench.lease()

    assert (bench.endpoint, Refusal.FULL, None) == bench.refusal()
    assert not bench.endpoint.might_admit(MODEL)


def test_room_is_announced_after_the_lock_is_free() -> None:
    """A listener may ask the endpoint whatever it likes."""
    bench = Bench()
    seen: list[int] = []
    bench.endpoint.on_room(lambda e: seen.append(e.state()["in_flight"]))

    bench.end(OK)
    with bench.lease():
        pass

    assert [0, 0] == seen


@pytest.mark.parametrize("kind", [Fault.UNREACHABLE, Fault.LOCAL])
def test_what_was_never_sent_uses_no_limit(kind: Fault) -> None:
    """The reservation of requests and tokens is given back."""
    bench = Bench(rpm=60, tpm=6000)

    bench.end(Outcome(fault=kind))

    bench.lease()


@pytest.mark.parametrize("kind", [Fault.BROKEN, Fault.NO_ANSWER, Fault.DEADLINE])
def test_what_may_have_been_sent_uses_the_limits(kind: Fault) -> None:
    """The upstream may have counted it."""
    bench = Bench(rpm=60)

    bench.end(Outcome(fault=kind))

    assert Refusal.LIMITED is bench.refusal().reason


def test_a_refused_key_is_benched() -> None:
    """A 401, whatever Retry-After it carries; `restore` ends it at once."""
    bench = Bench()

    bench.end(Outcome(status=401, retry_after_s=1.0))
    bench.clock.now += 59
    reason = bench.refusal().reason
    bench.endpoint.restore()

    assert Refusal.BENCHED is reason
    bench.lease()


def test_a_used_up_quota_is_benched_for_long() -> None:
    """Though it comes as a 429 with a short Retry-After."""
    bench = Bench()

    bench.end(Outcome(status=429, problem=Problem.QUOTA, retry_after_s=1.0))

    refused = bench.refusal()
    assert (Refusal.EXHAUSTED, bench.clock.now + 3600) == refused[1:]


@pytest.mark.parametrize(
    ("code", "is_cooling"), [(429, True), (503, True), (413, False), (400, False)]
)
def test_retry_after_of_an_ailing_endpoint_is_heeded(
    code: int, is_cooling: bool
) -> None:
    """That of a request at fault is no reason to keep others away."""
    bench = Bench()

    bench.end(Outcome(status=code, retry_after_s=5.0))

    assert is_cooling is (Lease(bench.endpoint, ASK).take() is not None)


def test_a_throttle_is_no_failure() -> None:
    """A hundred 429s never open the circuit."""
    bench = Bench()
    for _ in range(100):
        bench.end(Outcome(status=429, retry_after_s=1.0))
        bench.clock.now += 3

    assert "closed" == bench.endpoint.state()["breaker"]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(status=400),
        Outcome(status=404),
        Outcome(fault=Fault.DEADLINE),
        Outcome(fault=Fault.LOCAL),
        Outcome(status=400, problem=Problem.CONTEXT_LENGTH),
        Outcome(status=400, problem=Problem.CONTENT_POLICY),
    ],
)
def test_nobody_elses_fault_opens_the_circuit(outcome: Outcome) -> None:
    """The caller's and this machine's faults never blame an endpoint."""
    bench = Bench()
    for _ in range(50):
        bench.end(outcome)

    assert "closed" == bench.endpoint.state()["breaker"]


def test_an_open_circuit_refuses_until_its_trials() -> None:
    """And says when those are."""
    bench = Bench()
    for _ in range(5):
        bench.end(Outcome(status=500))

    assert (Refusal.OPEN, bench.clock.now + 30) == bench.refusal()[1:]
    bench.clock.now += 30
    for _ in range(3):
        assert bench.endpoint.might_admit(MODEL)
        bench.lease()
    assert (Refusal.TRIALS, None) == bench.refusal()[1:]
    assert not bench.endpoint.might_admit(MODEL)


def test_failures_raise_the_latency_and_never_lower_it() -> None:
    """A quick 500 does not make an endpoint look quick."""
    bench = Bench()
    bench.end(OK, takes=2.0)

    bench.end(Outcome(status=500), takes=0.001)
    after_quick = bench.endpoint.latency_s()
    bench.end(Outcome(fault=Fault.NO_ANSWER), takes=9.0)

    assert (2.0, 9.0) == (after_quick, bench.endpoint.latency_s())


def test_the_fastest_answer_is_remembered() -> None:
    """Of answers only, not of errors."""
    bench = Bench()
    for outcome, takes in ((OK, 2.0), (Outcome(status=500), 0.1), (OK, 1.5), (OK, 3.0)):
        bench.end(outcome, takes)

    assert 1.5 == bench.endpoint.fastest_s


def test_answers_are_priced() -> None:
    """Cached tokens have their own price, and are part of the input."""
    prices = {MODEL: Price(input=2.0, output=8.0, cached=0.5)}
    bench = Bench(prices=prices)
    usage = Usage(input_tokens=1000, output_tokens=100, cached_tokens=400)

    with bench.lease() as lease:
        ended = lease.settle(Outcome(status=200, body={}, usage=usage), Verdict.OK)

    assert pytest.approx((600 * 2 + 400 * 0.5 + 100 * 8) / 1e6) == ended.cost_usd


def test_an_unknown_price_is_none() -> None:
    """Not zero, which would be a lie."""
    bench = Bench()

    bench.end(OK)

    snapshot = bench.endpoint.tally().snapshot()
    assert (None, 1) == (snapshot["cost_usd"], snapshot["unpriced"])


def test_an_upstream_that_repeats_the_key_is_masked() -> None:
    """In errors, which people copy into tickets."""
    key = "sk-canary-7Zq"
    bench = Bench(api_key=Secret(key))

    body = b'{"error": {"message": "bad key %s!"}}' % key.encode()
    shown = bench.endpoint.speech.read(Response(401, {}, body))

    assert "bad key ****!" == shown.message


def test_an_exchange_ends_in_an_outcome() -> None:
    """Answers, errors and faults alike."""
    bench = Bench(reply(), status(500), fault(Fault.CUT))

    outcomes = []
    for _ in range(3):
        with bench.lease() as lease:
            outcomes.append(lease.exchange(bench.clock.now + 1))

    assert [200, 500, None] == [outcome.status for outcome in outcomes]
    assert [None, None, Fault.CUT] == [outcome.fault for outcome in outcomes]


def test_repr_shows_the_state() -> None:
    """Its name, its circuit and its slots."""
    endpoint: Endpoint = Bench(max_in_flight=3).endpoint

    assert "<Endpoint one closed in_flight=0/3>" == repr(endpoint)


def test_connecting_does_not_make_an_endpoint_look_slow() -> None:
    """The next call finds the connection there."""
    bench = Bench()

    bench.end(OK._replace(connect_s=0.9), takes=1.0)

    assert pytest.approx(0.1) == bench.endpoint.latency_s()


def test_a_throttle_does_not_make_an_endpoint_look_slow() -> None:
    """The cool-down keeps calls away, and then it is as good as any."""
    bench = Bench()

    bench.end(Outcome(status=429, retry_after_s=0.1))

    assert None is bench.endpoint.latency_s()
