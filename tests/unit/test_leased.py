"""A process's part of a shared rate limit: drawn, given back, owed, and alone."""

from __future__ import annotations

import random

import pytest

from holybalance.balancing.leased import LeasedBucket
from holybalance.state.exchange import TICK_S
from holybalance.state.store import Draw, News, Store
from tests.unit.stubs import Clock, memory

KEY = "a\nrpm"
PER_MINUTE = 6000.0  # a hundred a second, in bursts of sixty


class Part:
    """One process's bucket, and its exchanges with a store."""

    def __init__(
        self, store: Store, clock: Clock, name: str, per_minute: float = PER_MINUTE
    ) -> None:
        self.store, self.clock, self.name = store, clock, name
        self.asked = 0
        self.number = 0
        self.said: list[Draw] = []
        self.taken = 0.0
        self.bucket = LeasedBucket(KEY, per_minute, clock.now, self._ask)

    def exchange(self) -> bool:
        """Draw from the store; tell whether calls are to try again."""
        self.number += 1
        self.said.append(self.bucket.draw(self.clock.now))
        news = News(self.name, self.number, draws=(self.said[-1],))
        answer = self.store.exchange(news)
        (granted,) = answer.drawn
        return self.bucket.take_drawn(granted, answer.processes, self.clock.now)

    def take(self, amount: float = 1.0) -> bool:
        """Take, if it is there."""
        if self.bucket.ready_at(amount, self.clock.now) != self.clock.now:
            return False
        self.bucket.take(amount, self.clock.now)
        self.taken += amount
        return True

    def _ask(self) -> None:
        self.asked += 1


def parts(count: int, per_minute: float = PER_MINUTE) -> tuple[Clock, list[Part]]:
    """Processes at one store."""
    clock = Clock()
    store = memory(clock)
    return clock, [Part(store, clock, f"p{n}", per_minute) for n in range(count)]


def test_nothing_is_there_before_the_store_gave_it() -> None:
    """The store is asked, and then there is."""
    _, (one,) = parts(1)

    assert not one.take()
    assert 1 == one.asked
    assert one.exchange()
    assert one.take()


def test_no_more_is_granted_than_was_drawn() -> None:
    """Ten seconds of three greedy processes: the rate, and the burst once."""
    clock, processes = parts(3)
    rng = random.Random(3)
    for _ in range(1000):
        clock.now += 0.01
        process = rng.choice(processes)
        while process.take():
            pass
        process.exchange()

    taken = sum(process.taken for process in processes)
    assert taken <= 60 + 10 * 100 + 1
    assert taken >= 10 * 100 * 0.9


def test_drawing_ahead_follows_the_pace() -> None:
    """As much as the next exchange's time takes, so that calls need not wait."""
    clock, (one,) = parts(1)
    waited = 0
    for tick in range(100):
        for _ in range(10):  # forty a second
            clock.now += TICK_S / 10
            if not one.take():
                waited += tick > 10
                one.exchange()
                assert one.take()
            if one.asked:
                one.asked = 0
                one.exchange()
        one.exchange()

    assert 0 == waited


def test_exchanges_in_quick_succession_are_no_pace() -> None:
    """A single call a moment after one is not taken for a thousand a second."""
    clock, (one,) = parts(1)
    clock.now += 1
    one.exchange()
    one.take()
    one.exchange()
    assert one.take()
    clock.now += 0.001
    one.exchange()

    assert one.bucket._drawn <= 2


def test_what_is_not_needed_any_more_is_given_back() -> None:
    """After some seconds without calls all of it."""
    clock, (one, other) = parts(2)
    for _ in range(40):
        one.take() or one.exchange()
        clock.now += 0.01
    for _ in range(40):
        clock.now += TICK_S
        one.exchange()

    assert one.bucket._drawn < 1e-6
    assert one.said[-1].back < 1e-6
    other.take(60)
    other.exchange()
    assert other.take(60)


@pytest.mark.parametrize(("used", "left"), [(1, 59), (20, 40), (80, 0)])
def test_leaving(used: float, left: float) -> None:
    """All that was not used is there for others; what is owed is not."""
    clock, (one, other) = parts(2)
    one.take(50)
    one.exchange()
    one.bucket.take(used, clock.now)
    draw = one.bucket.last_draw()
    one.store.exchange(News("one", 9, draws=(draw,), is_leaving=True))

    other.bucket.ready_at(60, clock.now)
    other.exchange()
    assert left == pytest.approx(other.bucket._drawn)
    assert 0 == draw.want


def test_a_debt_is_paid_by_the_next_draws() -> None:
    """A call that used more than was thought."""
    clock, (one,) = parts(1)
    one.take()
    one.exchange()
    one.take()
    one.bucket.take(100, clock.now)

    for _ in range(3):
        assert not one.take()
        one.exchange()
    clock.now += 1.2
    one.take()
    one.exchange()

    assert one.take()


def test_more_than_fits_waits_for_a_full_bucket() -> None:
    """And is taken whole, on credit."""
    _, (one,) = parts(1)
    one.take(1000)
    one.exchange()

    assert one.take(1000)
    assert -940 == pytest.approx(one.bucket._drawn)


def test_an_empty_store_is_not_asked_again_at_once() -> None:
    """It says nothing new before there is enough; calls hear when that is."""
    clock, (one, other) = parts(2, per_minute=60.0)
    other.take()
    other.exchange()
    one.take()
    assert one.exchange()
    one.asked = 0
    assert clock.now + TICK_S == one.bucket.ready_at(1.0, clock.now)

    for _ in range(50):
        assert not one.take()

    assert 0 == one.asked


def test_a_call_that_waits_gets_its_turn() -> None:
    """Rounds are few, and its part comes in time."""
    clock, (one, other) = parts(2, per_minute=60.0)
    other.take()
    other.exchange()
    other.take()
    began = clock.now
    while not one.take():
        ready_at = one.bucket.ready_at(1.0, clock.now)
        if ready_at is None:
            one.exchange()
        else:
            clock.now = ready_at

    assert 1.0 == pytest.approx(clock.now - began, abs=0.05)
    assert one.number <= 6


def test_running_low_asks_once() -> None:
    """However many calls take meanwhile."""
    clock, (one,) = parts(1)
    for _ in range(30):
        one.take() or one.exchange()
        clock.now += 0.01
    one.exchange()
    one.asked = 0
    while one.take():
        pass

    assert one.asked <= 2  # as it ran low, and as it ran out


def test_lowering() -> None:
    """An upstream that says little is left is believed, here and by all."""
    clock, (one, other) = parts(2)
    one.take(10)
    one.exchange()
    one.bucket.lower(2, clock.now)

    assert not one.take(3)
    one.exchange()
    other.take(10)
    other.exchange()
    assert not other.take(10)
    assert [2.0] == [d.lower_to for d in one.said if d.lower_to is not None]


def test_the_lowest_of_several_holds() -> None:
    """Until it is said."""
    clock, (one,) = parts(1)
    for left in (5, 2, 9):
        one.bucket.lower(left, clock.now)

    assert 2 == one.bucket.draw(clock.now).lower_to
    assert one.bucket.draw(clock.now).lower_to is None


def test_alone_a_process_goes_on_with_its_share() -> None:
    """Of the rate and of the burst, and no more, however long it lasts."""
    clock, (one,) = parts(1)
    one.take()
    one.exchange()
    while one.take():
        pass
    one.bucket.go_alone(4, clock.now)
    one.taken = 0
    began = clock.now
    while clock.now < began + 10:
        clock.now += 0.01
        while one.take():
            pass
    assert 10 * 25 == pytest.approx(one.taken, abs=2)

    clock.now += 100
    one.taken = 0
    while one.take():
        pass
    assert 15 == pytest.approx(one.taken, abs=1)


def test_alone_it_says_when_there_is_room() -> None:
    """So that a call waits just so long, and asks nobody."""
    clock, (one,) = parts(1)
    one.bucket.go_alone(2, clock.now)

    ready_at = one.bucket.ready_at(1.0, clock.now)

    assert 0.02 == pytest.approx((ready_at or 0) - clock.now)
    assert 0 == one.asked


def test_going_alone_again_makes_nothing() -> None:
    """It is said with each exchange that fails."""
    clock, (one,) = parts(1)
    for _ in range(100):
        one.bucket.go_alone(2, clock.now)
    clock.now += 0.1
    while one.take():
        pass

    assert one.taken <= 5 + 1


def test_recovery() -> None:
    """With the store's answer it counts again, and only that."""
    clock, (one,) = parts(1)
    one.bucket.go_alone(1, clock.now)
    clock.now += 10
    one.exchange()
    while one.take():
        pass

    clock.now += 10

    assert not one.take()


def test_forgetting_debts() -> None:
    """`Client.restore`."""
    clock, (one,) = parts(1)
    one.take()
    one.exchange()
    one.bucket.take(500, clock.now)
    one.bucket.fill(clock.now)

    one.take()
    one.exchange()
    assert one.take()


def test_a_part_of_what_a_call_lacks_is_kept() -> None:
    """Until it has asked for the rest; and not for ever."""
    clock, (one, other) = parts(2, per_minute=60.0)
    other.take()
    other.exchange()
    clock.now += 0.5
    one.take()
    one.exchange()
    assert 0.5 == pytest.approx(one.bucket._drawn)

    clock.now += TICK_S
    one.exchange()
    assert 0.5 == pytest.approx(one.bucket._drawn)
    clock.now += TICK_S
    one.exchange()
    assert 0.0 == one.bucket._drawn


@pytest.mark.parametrize("per_minute", [120.0, 600.0, 6000.0])
def test_calls_that_always_wait_get_their_process_its_share(per_minute: float) -> None:
    """Four processes want more than there is: none gets half as much again."""
    clock, processes = parts(4, per_minute)
    rng = random.Random(1)
    ticks = dict.fromkeys(processes, clock.now)
    looks = dict.fromkeys(processes, clock.now)
    end = clock.now + 60
    while clock.now < end:
        clock.now += 0.001 + rng.random() / 1000
        for each in processes:
            while looks[each] <= clock.now and each.take():
                pass
            if looks[each] <= clock.now:
                ready_at = each.bucket.ready_at(1.0, clock.now)
                looks[each] = ready_at or clock.now + TICK_S
            if each.asked or ticks[each] <= clock.now:
                each.asked, ticks[each] = 0, clock.now + TICK_S
                if each.exchange():
                    looks[each] = clock.now

    taken = [each.taken for each in processes]
    assert per_minute == pytest.approx(sum(taken), rel=0.02, abs=4)
    assert max(taken) < 1.5 * min(taken)


def test_while_calls_come_the_next_one_s_part_is_there() -> None:
    """One a second finds its request, and a larger one its tokens."""
    clock, (one, other) = parts(2)
    other.exchange()
    for size in (1.0, 20.0):
        waited = 0
        for second in range(10):
            if not one.take(size):
                waited += second > 0
                one.exchange()
                one.take(size)
            for _ in range(4):
                one.exchange()
                clock.now += TICK_S
        assert 0 == waited
    for _ in range(16):
        clock.now += TICK_S
        one.exchange()
    assert one.bucket._drawn < 1e-3


@pytest.mark.parametrize(("per_minute", "kept"), [(600.0, 0.0), (800.0, 1.0)])
def test_little_is_kept_of_a_small_limit(per_minute: float, kept: float) -> None:
    """What four processes keep and draw ahead is a hundredth of a minute at most."""
    clock, processes = parts(4, per_minute)
    for _ in range(3):
        for each in processes:
            each.exchange()
            each.take()
            each.exchange()
            each.take()
        clock.now += 1.0
    for _ in range(6):
        clock.now += TICK_S
        for each in processes:
            each.exchange()

    assert [pytest.approx(kept, abs=0.05)] * 4 == [p.bucket._drawn for p in processes]
