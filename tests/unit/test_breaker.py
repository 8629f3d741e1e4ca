"""When a circuit opens, whom it lets try, and how it closes; against a model."""

from __future__ import annotations

import datetime as dt
import gc
import time
import weakref
from typing import Any, NamedTuple

import pybreaker
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from holybalance.balancing.breaker import (
    CLOSED,
    HALF_OPEN,
    LEAST_WARMTH,
    OPEN,
    Breaker,
    Permit,
)
from holybalance.balancing.verdict import Blame
from holybalance.config import BreakerConfig

CONFIG = BreakerConfig()
START = 1000.0
SLICE_S = 3.0


class Ticket(NamedTuple):
    """A call under way: its permit, and the model's number of the state it is of."""

    permit: Permit
    age: int


class Model(RuleBasedStateMachine):
    """The breaker as the design says it is, in the plainest words, beside the real."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(CONFIG)
        self.now = START
        self.state = CLOSED
        self.age = 0
        self.in_a_row = 0
        self.recent: list[tuple[int, bool]] = []
        self.trips = 0
        self.open_until = 0.0
        self.closed_at: float | None = None
        self.next_probe = 0.0
        self.half_open_at = 0.0
        self.under_way = 0
        self.successes = 0

    @rule(seconds=st.sampled_from([0.25, 0.5, 1, 3, 6, 15, 30, 60, 120, 301]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=tickets, count=st.integers(1, 12))
    def admit(self, count: int) -> MultipleResults[Ticket]:
        """Some calls ask; as many get leave as should."""
        return multiple(*filter(None, [self._admit() for _ in range(count)]))

    @rule(target=tickets)
    def admit_probe(self) -> MultipleResults[Ticket]:
        permit = self.breaker.admit_probe(self.now)
        allowed = self.state == OPEN and self.now >= self.next_probe
        assert allowed is (permit is not None)
        if permit is None:
            return multiple()
        self.next_probe = self.now + 1
        return multiple(Ticket(permit, self.age))

    @rule(ticket=consumes(tickets), blame=st.sampled_from(Blame))
    def finish(self, ticket: Ticket, blame: Blame) -> None:
        before = vars(self.breaker).copy(), self.breaker.state
        self.breaker.record(ticket.permit, blame, self.now)
        if ticket.age != self.age:
            assert before == (vars(self.breaker), self.breaker.state)
            return
        if self.state == HALF_OPEN:
            self.under_way -= 1
        if blame is Blame.CREDIT:
            self._credit(ticket.permit.is_probe)
        elif blame is Blame.FAILURE and not ticket.permit.is_probe:
            self._failure()

    @rule(failed=st.lists(st.booleans(), min_size=5, max_size=12))
    def many_calls(self, failed: list[bool]) -> None:
        """Calls come and end one after the other, so that ratios are reached."""
        for is_failure in failed:
            ticket = self._admit()
            if ticket is not None:
                self.finish(ticket, Blame.FAILURE if is_failure else Blame.CREDIT)

    @invariant()
    def is_as_the_model(self) -> None:
        assert self.state == self.breaker.state
        assert self.open_until == self.breaker._open_until
        assert self.trips == self.breaker._trips

    @invariant()
    def trials_are_bounded(self) -> None:
        breaker = self.breaker
        if breaker.state == HALF_OPEN:
            assert self.under_way == breaker._trials
            admitted = breaker._trials + breaker._ledger.success_counter
            assert 0 <= breaker._trials <= admitted <= CONFIG.half_open_max_calls

    @invariant()
    def warmth_ramps(self) -> None:
        expected = 1.0
        if self.closed_at is not None:
            elapsed = self.now - self.closed_at
            expected = min(1.0, max(LEAST_WARMTH, elapsed / CONFIG.slow_start))
        assert expected == pytest.approx(self.breaker.warmth(self.now))

    def _admit(self) -> Ticket | None:
        expected = self._allows()
        assert expected is self.breaker.would_admit(self.now)
        permit = self.breaker.admit(self.now)
        assert expected is (permit is not None)
        if permit is None:
            return None
        if self.state == OPEN or self._is_stale():
            self._half_open()
        if self.state == HALF_OPEN:
            self.under_way += 1
        return Ticket(permit, self.age)

    def _allows(self) -> bool:
        if self.state == OPEN:
            return self.now >= self.open_until
        trials = self.under_way + self.successes
        has_room = trials < CONFIG.half_open_max_calls
        return self.state == CLOSED or has_room or self._is_stale()

    def _is_stale(self) -> bool:
        age = self.now - self.half_open_at
        return self.state == HALF_OPEN and age >= CONFIG.max_open_for

    def _half_open(self) -> None:
        self.state = HALF_OPEN
        self.half_open_at = self.now
        self.age += 1
        self.under_way = self.successes = 0

    def _credit(self, is_probe: bool) -> None:
        if is_probe:
            self._half_open()
        self.in_a_row = 0
        if self.state == CLOSED:
            self._remember(failed=False)
            return
        self.successes += 1
        if self.successes == CONFIG.half_open_max_calls:
            self.state = CLOSED
            self.age += 1
            self.closed_at = self.now

    def _failure(self) -> None:
        self.in_a_row += 1
        self._remember(failed=True)
        failures = sum(failed for _, failed in self.recent)
        calls = len(self.recent)
        is_half = calls >= CONFIG.min_calls and 2 * failures >= calls
        if self.state == HALF_OPEN or self.in_a_row >= CONFIG.failures or is_half:
            self._trip()

    def _trip(self) -> None:
        was_well = self.closed_at is not None and self.now - self.closed_at > 300
        self.trips = 1 if was_well else self.trips + 1
        self.open_until = self.now + min(30 * self.trips, 300)
        self.state = OPEN
        self.age += 1
        self.next_probe = self.now + 1
        self.closed_at = None
        self.recent = []
        self.in_a_row = 0

    def _remember(self, *, failed: bool) -> None:
        number = int(self.now / SLICE_S)
        self.recent = [seen for seen in self.recent if seen[0] > number - 10]
        self.recent.append((number, failed))


Model.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestModel = Model.TestCase


def fail(breaker: Breaker, times: int, now: float = START) -> None:
    """Have calls fail, one after the other."""
    for _ in range(times):
        permit = breaker.admit(now)
        assert permit is not None
        breaker.record(permit, Blame.FAILURE, now)


def succeed(breaker: Breaker, times: int, now: float) -> None:
    """Have calls succeed, one after the other."""
    for _ in range(times):
        permit = breaker.admit(now)
        assert permit is not None
        breaker.record(permit, Blame.CREDIT, now)


def test_four_failures_in_a_row_are_borne() -> None:
    """The circuit stays closed."""
    breaker = Breaker(CONFIG)

    fail(breaker, 4)

    assert CLOSED == breaker.state


def test_the_fifth_failure_in_a_row_opens() -> None:
    """Exactly five, whatever else there was before."""
    breaker = Breaker(CONFIG)
    fail(breaker, 4)
    succeed(breaker, 1, START)

    fail(breaker, 5)

    assert OPEN == breaker.state
    assert None is breaker.admit(START)


def test_neutral_results_do_not_break_a_row() -> None:
    """A 429 between two failures says nothing of health."""
    breaker = Breaker(CONFIG)
    fail(breaker, 4)
    permit = breaker.admit(START)
    assert permit is not None
    breaker.record(permit, Blame.NONE, START)

    fail(breaker, 1)

    assert OPEN == breaker.state


@pytest.mark.parametrize(("calls", "state"), [(9, CLOSED), (10, OPEN)])
def test_half_of_ten_failing_opens(calls: int, state: str) -> None:
    """Failures that are never in a row open the circuit by their share."""
    breaker = Breaker(CONFIG)
    for number in range(calls):
        if number % 2:
            fail(breaker, 1, START + number)
        else:
            succeed(breaker, 1, START + number)

    assert state == breaker.state


def test_failures_older_than_the_window_do_not_count() -> None:
    """Half of ten calls, but spread over more than thirty seconds."""
    breaker = Breaker(CONFIG)
    for number in range(10):
        now = START + 7 * number
        (fail if number % 2 else succeed)(breaker, 1, now)

    assert CLOSED == breaker.state


def test_trials_come_after_thirty_seconds() -> None:
    """Not a moment before, and three at most."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)

    assert None is breaker.admit(START + 29.99)
    trials = [breaker.admit(START + 30) for _ in range(20)]
    assert 3 == sum(trial is not None for trial in trials)
    assert HALF_OPEN == breaker.state


def test_three_successes_close() -> None:
    """The third closes it, not the second."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)

    succeed(breaker, 2, START + 30)
    before = breaker.state
    succeed(breaker, 1, START + 30)

    assert (HALF_OPEN, CLOSED) == (before, breaker.state)


def test_a_straggler_neither_prolongs_nor_ends_an_open_circuit() -> None:
    """Calls from before the trip end after it, and are not heard."""
    breaker = Breaker(CONFIG)
    stragglers = [breaker.admit(START) for _ in range(6)]
    fail(breaker, 5)

    for blame in (Blame.FAILURE, Blame.CREDIT, Blame.NONE):
        for straggler in stragglers:
            assert straggler is not None
            breaker.record(straggler, blame, START + 20)

    assert OPEN == breaker.state
    assert START + 30 == breaker.half_opens_at(START + 20)


def test_each_trip_is_longer_up_to_the_cap() -> None:
    """30 s times the trips, 300 s at most, and the last failure of a trial counts."""
    breaker = Breaker(CONFIG)
    now, waits = START, []
    fail(breaker, 5, now)
    for _ in range(14):
        waits.append(breaker.half_opens_at(now) - now)
        now = breaker.half_opens_at(now)
        fail(breaker, 1, now)

    assert [30.0 * n for n in range(1, 11)] + [300.0] * 4 == waits


def test_one_that_once_recovered_and_died_still_waits_longer_each_time() -> None:
    """Time spent failing trials is no health that would have trips forgotten."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5, START)
    succeed(breaker, 3, START + 30)
    now, waits = START + 40, []
    fail(breaker, 5, now)
    for _ in range(11):
        waits.append(breaker.half_opens_at(now) - now)
        now = breaker.half_opens_at(now)
        fail(breaker, 1, now)

    assert [30.0 * n for n in range(2, 11)] + [300.0] * 2 == waits


def test_long_health_has_the_trips_forgotten() -> None:
    """After `max_open_for` of health the next trip is a first one."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5, START)
    succeed(breaker, 3, START + 30)

    fail(breaker, 5, START + 331)

    assert START + 361 == breaker.half_opens_at(START + 331)


def test_an_open_circuit_gives_one_probe_a_second() -> None:
    """The first a second after the trip, then one a second, whoever asks how often."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)

    asked = [START + tenth / 10 for tenth in range(50)]
    given = [now for now in asked if breaker.admit_probe(now) is not None]

    assert [START + second for second in (1, 2, 3, 4)] == given


def test_a_probe_that_succeeds_is_the_first_of_three_trials() -> None:
    """It half-opens the circuit with one success, so two more close it."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)
    probe = breaker.admit_probe(START + 1)
    assert probe is not None

    breaker.record(probe, Blame.CREDIT, START + 1)
    states = [breaker.state]
    succeed(breaker, 1, START + 1)
    states.append(breaker.state)
    succeed(breaker, 1, START + 1)
    states.append(breaker.state)

    assert [HALF_OPEN, HALF_OPEN, CLOSED] == states


def test_a_probe_that_fails_changes_nothing_but_the_next_probe() -> None:
    """The trial that is due anyway is not put off."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)
    probe = breaker.admit_probe(START + 10)
    assert probe is not None

    breaker.record(probe, Blame.FAILURE, START + 10)

    assert OPEN == breaker.state
    assert START + 30 == breaker.half_opens_at(START + 10)
    assert START + 11 == breaker.next_probe_at(START + 10)


def test_a_single_success_closes_where_one_trial_is_all() -> None:
    """With one trial configured, a probe that succeeds closes the circuit."""
    breaker = Breaker(BreakerConfig(half_open_max_calls=1))
    fail(breaker, 5)
    probe = breaker.admit_probe(START + 1)
    assert probe is not None

    breaker.record(probe, Blame.CREDIT, START + 1)

    assert CLOSED == breaker.state


@pytest.mark.parametrize(
    ("elapsed", "warmth"), [(0, 0.1), (1.5, 0.1), (15, 0.5), (29.7, 0.99), (30, 1.0)]
)
def test_slow_start_is_a_line(elapsed: float, warmth: float) -> None:
    """From a tenth to the whole over thirty seconds."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)
    succeed(breaker, 3, START + 30)

    assert warmth == pytest.approx(breaker.warmth(START + 30 + elapsed))


def test_repr_shows_the_state() -> None:
    """And nothing else than people want to know."""
    breaker = Breaker(CONFIG)
    fail(breaker, 5)

    assert "<Breaker open trips=1>" == repr(breaker)


def _trace() -> list[Any]:
    """Walk a breaker through every state, and note all that shows."""
    breaker = Breaker(CONFIG)
    seen: list[Any] = []
    for step in range(120):
        now = START + step
        permit = breaker.admit(now) or breaker.admit_probe(now)
        if permit is not None:
            blame = Blame.CREDIT if 8 < step % 50 < 30 else Blame.FAILURE
            breaker.record(permit, blame, now)
        seen.append((permit, breaker.state, breaker.half_opens_at(now)))
    return seen


def test_the_wall_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may jump an hour back and forth; pybreaker's own timing is never asked."""
    expected = _trace()
    jumps = iter(range(1, 10**6))

    class Jumping(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            hours = next(jumps) % 3 - 1
            return dt.datetime(2030, 1, 1, 12 + hours, tzinfo=tz)

    monkeypatch.setattr(pybreaker, "datetime", Jumping)
    monkeypatch.setattr(time, "time", lambda: 3600.0 * (next(jumps) % 3))

    assert expected == _trace()
    assert {CLOSED, OPEN, HALF_OPEN} == {state for _, state, _ in expected}


def test_a_failure_holds_no_frame_of_its_callers() -> None:
    """What a caller had in hand goes with the call, without a garbage collection."""

    class Prompt:
        pass

    def call() -> weakref.ref[Prompt]:
        prompt = Prompt()
        fail(Breaker(CONFIG), 5)
        return weakref.ref(prompt)

    gc.collect()
    gc.disable()
    try:
        assert None is call()()
    finally:
        gc.enable()


# What other processes have found.


def test_following_opens_up_to_an_instant() -> None:
    """Then it has its trials, and closes as after a trip of its own."""
    breaker = Breaker(BreakerConfig(half_open_max_calls=1))
    breaker.follow(30.0, 0.0)

    assert breaker.state == OPEN
    assert breaker.admit(29.0) is None
    permit = breaker.admit(30.0)
    assert permit is not None
    breaker.record(permit, Blame.CREDIT, 30.5)
    assert breaker.state == CLOSED
    assert breaker.warmth(30.5) < 1


def test_following_lets_a_probe_through_each_second() -> None:
    """As in any outage."""
    breaker = Breaker(BreakerConfig())
    breaker.follow(30.0, 0.0)

    probes = [breaker.admit_probe(t) is not None for t in (0.5, 1.0, 1.5, 2.0)]
    assert [False, True, False, True] == probes


def test_following_never_shortens() -> None:
    """The later of two ends holds."""
    breaker = Breaker(BreakerConfig())
    breaker.follow(30.0, 0.0)
    breaker.follow(20.0, 1.0)

    assert 30.0 == breaker.half_opens_at(2.0)


def test_calls_from_before_following_count_for_nothing() -> None:
    """They neither close it nor prolong it."""
    breaker = Breaker(BreakerConfig())
    permit = breaker.admit(0.0)
    breaker.follow(30.0, 1.0)
    breaker.record(permit, Blame.CREDIT, 2.0)
    breaker.record(permit, Blame.FAILURE, 2.0)

    assert (OPEN, 30.0) == (breaker.state, breaker.half_opens_at(2.0))


def test_a_failed_trial_after_following_is_a_trip() -> None:
    """The first of its own."""
    breaker = Breaker(BreakerConfig(open_for=10.0))
    breaker.follow(5.0, 0.0)
    breaker.record(breaker.admit(6.0), Blame.FAILURE, 6.0)

    assert (OPEN, 16.0) == (breaker.state, breaker.half_opens_at(6.0))


def test_the_end_of_a_rest_lets_trials_through() -> None:
    """Not more: it is not closed before it has shown here that it works."""
    breaker = Breaker(BreakerConfig(half_open_max_calls=2))
    breaker.follow(30.0, 0.0)
    breaker.end_rest(3.0)

    assert breaker.state == OPEN
    assert [True, True, False] == [breaker.admit(3.0) is not None for _ in range(3)]
    assert breaker.state == HALF_OPEN


def test_the_end_of_a_rest_is_nothing_to_a_closed_circuit() -> None:
    """It has ended by itself."""
    breaker = Breaker(BreakerConfig())
    breaker.end_rest(3.0)

    assert breaker.state == CLOSED
