"""Where calls go: spreads over many seeded picks, and the latency average."""

from __future__ import annotations

import heapq
import itertools
import math
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.balancing.policy import (
    POLICIES,
    TAU_S,
    PeakEwma,
    Policy,
    load,
    with_affinity,
)
from holybalance.config import Price
from holybalance.config.schema import POLICIES as CONFIGURABLE
from tests.unit.stubs import request

PICKS = 100_000


@dataclass(eq=False)
class Stub:
    """All that a policy may know of an endpoint."""

    name: str
    weight: float = 1.0
    in_flight: int = 0
    warm: float = 1.0
    latency: float | None = 1.0
    cost: Price | None = None

    def warmth(self) -> float:
        return self.warm

    def first_token_s(self) -> float | None:
        """None are known."""
        return None

    def latency_s(self) -> float | None:
        return self.latency

    def price(self, model: str) -> Price | None:
        return self.cost


def policy_of(name: str) -> Policy[Any]:
    """Make a policy with a known seed."""
    factory: Any = POLICIES[name]
    made: Policy[Any] = factory(random.Random(12345))
    return made


def spread(
    policy: Policy[Any], stubs: Sequence[Stub], picks: int, at_once: int
) -> dict[str, float]:
    """Keep so many calls under way, each for its latency, and give the shares."""
    shares: Counter[str] = Counter()
    ends: list[tuple[float, int, Stub]] = []
    now, asked = 0.0, request()
    for number in range(picks):
        if len(ends) == at_once:
            now, _, ended = heapq.heappop(ends)
            ended.in_flight -= 1
        chosen = policy(stubs, asked)
        chosen.in_flight += 1
        shares[chosen.name] += 1
        heapq.heappush(ends, (now + (chosen.latency or 1.0), number, chosen))
    return {stub.name: shares[stub.name] / picks for stub in stubs}


def test_every_name_of_a_configuration_is_a_policy() -> None:
    """And no policy is out of reach."""
    assert set(CONFIGURABLE) == set(POLICIES)


def test_p2c_is_even_over_equals() -> None:
    """Ten alike endpoints: each gets a tenth, within three per cent of it."""
    shares = spread(policy_of("p2c"), [Stub(str(n)) for n in range(10)], PICKS, 50)

    assert {str(n): pytest.approx(0.1, rel=0.03) for n in range(10)} == shares


@pytest.mark.parametrize("name", ["p2c", "least_in_flight", "weighted"])
def test_shares_follow_weights(name: str) -> None:
    """Weights of 1, 2 and 3 get a sixth, two and three."""
    stubs = [Stub(str(n), weight=n) for n in (1, 2, 3)]

    shares = spread(policy_of(name), stubs, 10_000, 60)

    # p2c never draws the same twice, which with three evens out a little.
    assert [pytest.approx(n / 6, rel=0.15) for n in (1, 2, 3)] == [*shares.values()]


def test_weighted_is_exact_in_the_long_run() -> None:
    """Whatever is under way."""
    stubs = [Stub("one", weight=1), Stub("nine", weight=9, in_flight=1000)]

    policy, asked = policy_of("weighted"), request()
    shares = Counter(policy(stubs, asked).name for _ in range(PICKS))

    assert pytest.approx(0.9, rel=0.01) == shares["nine"] / PICKS


def test_p2c_gives_the_faster_more() -> None:
    """Twice as fast gets at least twice as many, and the slower is not cut off."""
    stubs = [Stub("fast", latency=1.0), Stub("slow", latency=2.0)]

    shares = spread(policy_of("p2c"), stubs, 10_000, 40)

    assert 2 <= shares["fast"] / shares["slow"] <= 4.5


def test_an_unseen_endpoint_is_asked_at_once() -> None:
    """Idle, it has the least load of all."""
    assert load(Stub("new", latency=None)) < load(Stub("known", latency=0.001))


@pytest.mark.parametrize("latency", [0.1, 1.0, 10.0])
def test_an_unseen_endpoint_is_not_flooded(latency: float) -> None:
    """Until its first answer it gets one call, however slow the others are."""
    known = [Stub(str(n), latency=latency, in_flight=2) for n in range(3)]
    unseen = Stub("new", latency=None)
    policy, asked = policy_of("p2c"), request()
    for _ in range(100):
        chosen = policy([*known, unseen], asked)
        if chosen is unseen:
            unseen.in_flight += 1

    assert 1 == unseen.in_flight


def test_unseen_endpoints_share_evenly() -> None:
    """At the start none has answered, and all are alike."""
    stubs = [Stub(str(n), latency=None) for n in range(4)]
    policy, asked = policy_of("p2c"), request()
    for _ in range(1000):
        policy(stubs, asked).in_flight += 1

    assert all(240 <= stub.in_flight <= 260 for stub in stubs)


def test_round_robin_takes_turns() -> None:
    """One after the other, whatever the weights."""
    stubs = [Stub(name, weight=n + 1) for n, name in enumerate("abc")]
    policy, asked = policy_of("round_robin"), request()

    assert "abcabcabc" == "".join(policy(stubs, asked).name for _ in range(9))


def test_round_robin_stays_even_when_one_refuses() -> None:
    """The turns of an open circuit are shared by all others, not by the next one."""
    stubs = [Stub(name) for name in "abcd"]
    policy, asked = policy_of("round_robin"), request()
    shares: Counter[str] = Counter()
    for _ in range(3000):
        chosen = policy(stubs, asked)
        if chosen.name == "c":
            chosen = policy([s for s in stubs if s is not chosen], asked)
        shares[chosen.name] += 1

    assert {"a": 1000, "b": 1000, "d": 1000} == shares


def test_round_robin_is_even_over_threads() -> None:
    """No turn is lost or taken twice."""
    stubs = [Stub(name) for name in "abcd"]
    policy, asked = policy_of("round_robin"), request()
    shares: Counter[str] = Counter()
    lock = threading.Lock()

    def pick() -> None:
        mine = Counter(policy(stubs, asked).name for _ in range(500))
        with lock:
            shares.update(mine)

    threads = [threading.Thread(target=pick) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert dict.fromkeys("abcd", 1000) == shares


def test_least_in_flight_takes_the_idlest_for_its_weight() -> None:
    """Two of weight one are as many as six of weight three."""
    stubs = [Stub("a", in_flight=2), Stub("b", in_flight=6, weight=3)]
    policy = policy_of("least_in_flight")

    assert "b" == policy(stubs, request()).name
    stubs[1].in_flight = 9
    assert "a" == policy(stubs, request()).name


def test_least_in_flight_breaks_ties_by_chance() -> None:
    """Idle endpoints share alike."""
    stubs = [Stub(name) for name in "abcd"]
    policy, asked = policy_of("least_in_flight"), request()

    shares = Counter(policy(stubs, asked).name for _ in range(20_000))

    assert all(0.25 == pytest.approx(n / 20_000, rel=0.05) for n in shares.values())


CHEAP, DEAR = Price(input=1.0, output=1.0), Price(input=1.0, output=2.0)


def test_cheapest_takes_the_lowest_price() -> None:
    """However busy it is."""
    stubs = [Stub("dear", cost=DEAR), Stub("cheap", cost=CHEAP, in_flight=50)]

    assert "cheap" == policy_of("cheapest")(stubs, request()).name


def test_cheapest_puts_an_unknown_price_last() -> None:
    """It may be anything."""
    stubs = [Stub("unknown"), Stub("dear", cost=DEAR)]

    assert "dear" == policy_of("cheapest")(stubs, request()).name


@pytest.mark.parametrize("cost", [CHEAP, None])
def test_cheapest_breaks_ties_by_load(cost: Price | None) -> None:
    """Among equals, known or unknown, the one with less to do."""
    stubs = [Stub("busy", cost=cost, in_flight=5), Stub("idle", cost=cost)]

    assert "idle" == policy_of("cheapest")(stubs, request()).name


@pytest.mark.parametrize("name", [*POLICIES])
def test_slow_start_grows_a_share(name: str) -> None:
    """At a tenth of its warmth an endpoint gets little, at half more, then its all."""
    shares = []
    for warm in (0.1, 0.5, 1.0):
        stubs = [Stub("a"), Stub("b"), Stub("new", warm=warm)]
        shares.append(spread(policy_of(name), stubs, 3000, 60)["new"])

    assert shares[0] < 0.1
    assert shares[0] < shares[1] < shares[2] == pytest.approx(1 / 3, rel=0.06)


# Affinity.


def homes(stubs: Sequence[Stub], sessions: int) -> list[str]:
    """Give the endpoint of each session while nothing is under way."""
    policy = with_affinity(policy_of("p2c"))
    return [policy(stubs, request(session=f"s{n}")).name for n in range(sessions)]


def test_a_session_stays_with_its_endpoint() -> None:
    """Whichever order the candidates come in."""
    stubs = [Stub(str(n)) for n in range(5)]
    policy = with_affinity(policy_of("p2c"))

    chosen = {
        policy(order, request(session="one")).name
        for order in itertools.permutations(stubs)
    }

    assert 1 == len(chosen)


def test_a_session_leaves_an_overloaded_endpoint_and_comes_back() -> None:
    """It moves beyond 1.25 times the fair share, and only as long as that lasts."""
    stubs = [Stub(str(n), in_flight=8) for n in range(4)]
    policy, asked = with_affinity(policy_of("p2c")), request(session="one")
    home = policy(stubs, asked)

    home.in_flight = 100
    refuge = policy(stubs, asked)
    home.in_flight = 8

    assert home is not refuge
    assert home is policy(stubs, asked)


def test_sessions_spread_evenly() -> None:
    """Two thousand over four."""
    shares = Counter(homes([Stub(str(n)) for n in range(4)], 2000))

    assert all(0.25 == pytest.approx(n / 2000, rel=0.15) for n in shares.values())


def test_sessions_spread_by_weight() -> None:
    """Three quarters go to the one with three times the weight."""
    shares = Counter(homes([Stub("one"), Stub("three", weight=3)], 2000))

    assert 0.75 == pytest.approx(shares["three"] / 2000, rel=0.05)


def test_a_new_endpoint_moves_few_sessions() -> None:
    """Only those that are its own now: about one in five."""
    stubs = [Stub(str(n)) for n in range(4)]
    before = homes(stubs, 2000)
    after = homes([*stubs, Stub("new")], 2000)

    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert {"new"} == set(moved)
    assert 1 / 5 == pytest.approx(len(moved) / 2000, rel=0.15)


def test_sessions_heed_slow_start() -> None:
    """An endpoint that has just recovered does not get all of its sessions at once."""
    stubs = [Stub(str(n), in_flight=20) for n in range(3)]
    policy = with_affinity(policy_of("p2c"))
    recovered = stubs[0]
    recovered.in_flight, recovered.warm = 0, 0.1
    for number in range(200):
        chosen = policy(stubs, request(session=f"s{number}"))
        if chosen is recovered:
            chosen.in_flight += 1

    assert recovered.in_flight <= 3


def test_calls_without_a_session_go_by_the_policy() -> None:
    """Affinity does not touch them."""
    stubs = [Stub("slow", latency=5.0), Stub("fast")]

    assert "fast" == with_affinity(policy_of("p2c"))(stubs, request()).name


def test_any_text_is_a_session() -> None:
    """A lone surrogate too, which UTF-8 cannot hold."""
    stubs = [Stub("a"), Stub("b")]

    assert with_affinity(policy_of("p2c"))(stubs, request(session="\ud800")) in stubs


# The latency average.

seconds = st.floats(0.001, 1000)


@given(known=seconds, new=seconds, idle=st.floats(0, 500))
def test_the_average_rises_at_once(known: float, new: float, idle: float) -> None:
    """A slower answer than all before is believed on the spot."""
    average = PeakEwma()
    average.observe(known, 0.0)
    average.observe(new, idle)

    value = average.value(idle)
    assert value is not None
    if new > known:
        assert new == value
    else:
        assert new * (1 - 1e-9) <= value <= known * (1 + 1e-9)


@given(known=seconds, failures=st.lists(st.tuples(seconds, st.floats(0, 100))))
def test_a_failure_never_lowers_the_average(
    known: float, failures: list[tuple[float, float]]
) -> None:
    """Nor does a row of them, however quick, before or after it has faded."""
    average, now = PeakEwma(), 0.0
    average.observe(known, now)
    for took, later in failures:
        now += later
        before = average.value(now)
        average.observe_failure(took, now)
        after = average.value(now)
        assert before is not None
        assert after is not None
        assert after >= before
        assert after >= took


def test_the_average_falls_with_tau() -> None:
    """After τ of quick answers, a third of the distance is left."""
    average = PeakEwma()
    average.observe(10.0, 0.0)
    for second in range(1, int(TAU_S) + 1):
        average.observe(1.0, float(second))

    assert 1 + 9 * math.exp(-1) == pytest.approx(average.value(TAU_S))


@pytest.mark.parametrize(
    ("idle", "value"), [(0, 10.0), (TAU_S, 10.0), (2 * TAU_S, 10 / math.e)]
)
def test_the_average_fades_only_after_tau(idle: float, value: float) -> None:
    """One that was slow is tried again some time."""
    average = PeakEwma()
    average.observe(10.0, 0.0)

    assert value == pytest.approx(average.value(idle))


def test_nothing_is_known_before_the_first_answer() -> None:
    """And a failure that was quick is no sign of speed."""
    average = PeakEwma()
    before = average.value(0.0)
    average.observe_failure(0.001, 0.0)

    assert (None, 1.0) == (before, average.value(0.0))
