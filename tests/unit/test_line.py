"""The line of calls that wait for room: in order, left at any time, never forgotten."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from holybalance.balancing.balancer import Balancer
from holybalance.balancing.line import Line, Place
from holybalance.balancing.runtime import GivenUp, Runtime
from holybalance.config import Defaults
from tests.unit.stubs import (
    Clock,
    ScriptedTransport,
    make_endpoint,
    no_budgets,
    reply,
    request,
)

PATIENCE_S = 20.0


def run(functions: list[Callable[[], object]]) -> None:
    """Run all at once, each in a thread; none may be left after a while."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [] == [thread for thread in threads if thread.is_alive()]


class TimedLine(Line):
    """A line that knows the time its places wait by."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(set())
        self.runtime = runtime


def joined(line: TimedLine) -> Place:
    """Take the last place in a line."""
    place = Place(line, line.runtime)
    line.join(place)
    return place


@contextlib.contextmanager
def standing(line: TimedLine) -> Iterator[Place]:
    """Stand in a line, and leave it."""
    place = joined(line)
    try:
        yield place
    finally:
        line.leave(place)


def virtual() -> tuple[Clock, TimedLine]:
    """A line on a clock of its own."""
    clock = Clock()
    return clock, TimedLine(Runtime(clock=clock, wait=clock.wait))


def test_the_first_to_join_is_the_first() -> None:
    """And only it."""
    _, line = virtual()
    places = [joined(line) for _ in range(3)]

    assert [True, False, False] == [line.is_first(place) for place in places]
    assert 3 == len(line)


def test_leaving_makes_the_next_the_first_and_wakes_it() -> None:
    """There may be room for more than one."""
    _, line = virtual()
    first, second = joined(line), joined(line)

    line.leave(first)

    assert line.is_first(second)
    assert second.event.is_set()


def test_leaving_from_the_middle_keeps_the_order() -> None:
    """Whoever's time is up goes, wherever it stands."""
    _, line = virtual()
    first, second, third = (joined(line) for _ in range(3))

    line.leave(second)
    line.leave(first)

    assert line.is_first(third)


def test_leaving_twice_does_no_harm() -> None:
    """An empty line may be woken too."""
    _, line = virtual()
    with standing(line) as place:
        line.leave(place)
    line.wake()

    assert 0 == len(line)


def test_the_first_need_not_wait_to_be_first() -> None:
    """No time passes."""
    clock, line = virtual()

    assert joined(line).wait_to_be_first(clock.now + 10)
    assert [] == clock.waits


def test_waiting_to_be_first_ends_at_the_deadline() -> None:
    """To the instant."""
    clock, line = virtual()
    joined(line)
    until = clock.now + 10

    assert not joined(line).wait_to_be_first(until)
    assert until == clock.now


def test_a_wake_that_came_early_is_not_lost() -> None:
    """An event that was set before the wait is seen by it."""
    clock, line = virtual()
    place = joined(line)
    line.wake()

    assert place.wait(clock.now + 10)
    assert not place.wait(clock.now + 10)
    assert 10 == sum(clock.waits)


def test_a_place_that_is_given_up_says_so_within_a_second() -> None:
    """Somebody looks once a second."""
    clock = Clock()
    line = TimedLine(
        Runtime(clock=clock, wait=clock.wait, is_given_up=lambda: clock.now >= 1003.5)
    )
    joined(line)

    with pytest.raises(GivenUp):
        joined(line).wait_to_be_first(clock.now + 100)

    assert 1003.5 <= clock.now <= 1004.5


def test_sleeping_takes_the_time_it_says() -> None:
    """In glances of a second."""
    clock = Clock()

    Runtime(clock=clock, wait=clock.wait).sleep(2.5)

    assert 1002.5 == clock.now
    assert [1.0, 1.0, 0.5] == clock.waits


def test_threads_are_served_in_the_order_in_which_they_came() -> None:
    """Ten threads, one slot."""
    waiting = threading.Semaphore(0)

    def wait(event: threading.Event, seconds: float) -> bool:
        waiting.release()
        return event.wait(seconds)

    line = TimedLine(Runtime(wait=wait))
    served: list[int] = []
    keeper = joined(line)

    def stand(number: int) -> None:
        with standing(line) as place:
            assert place.wait_to_be_first(float("inf"))
            served.append(number)

    threads = []
    for number in range(10):
        threads.append(threading.Thread(target=stand, args=(number,)))
        threads[-1].start()
        assert waiting.acquire(timeout=PATIENCE_S)
    line.leave(keeper)
    for thread in threads:
        thread.join(PATIENCE_S)

    assert [*range(10)] == served
    assert 0 == len(line)


class Yielding(ScriptedTransport):
    """Answers after all other threads had a chance to run, and counts them."""

    def __init__(self, clock: Any, turns: int) -> None:
        super().__init__(clock, [reply()])
        self._gate = threading.Barrier(1)
        self._turns = turns
        self.most = 0
        self.now = 0
        self.lock = threading.Lock()

    def exchange(self, *args: Any) -> Any:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        for _ in range(self._turns):
            self._gate.wait()
        with self.lock:
            self.now -= 1
        return self.script[0].answer


@pytest.mark.parametrize("models", [["m"], ["m", "n"]])
def test_no_wake_up_is_lost(models: list[str]) -> None:
    """Many threads, two slots, in one line or two: all calls are answered."""
    runtime = Runtime(rng=random.Random(7))
    clock = cast("Clock", runtime.clock)
    transports = [Yielding(clock, turns) for turns in (0, 3)]
    endpoints = [
        make_endpoint(
            runtime,
            transport,
            name=f"e{n}",
            max_in_flight=1,
            models={model: model for model in models},
        )
        for n, transport in enumerate(transports)
    ]
    balancer = Balancer(endpoints, Defaults(), no_budgets(), runtime)
    answered: list[str] = []

    def caller(model: str) -> Callable[[], None]:
        def call() -> None:
            for _ in range(40):
                answered.append(balancer.send(request(model=model)).endpoint)

        return call

    run([caller(models[n % len(models)]) for n in range(24)])

    assert 24 * 40 == len(answered)
    assert {"e0", "e1"} == set(answered)
    assert [1, 1] == [transport.most for transport in transports]
    assert (0, 0) == (sum(e.in_flight for e in endpoints), balancer.queued())
