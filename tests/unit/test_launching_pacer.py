"""Turns, evenly spaced, by a clock that moves only when somebody waits."""

from __future__ import annotations

import threading

import pytest

from holybalance.launching.pacer import LAG_S, Pacer
from tests.unit.stubs import Clock


class Waiting(threading.Event):
    """An event that lets a clock's time pass instead of waiting."""

    def __init__(self, clock: Clock, set_at: float | None = None) -> None:
        super().__init__()
        self._clock = clock
        self._set_at = set_at

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.now += timeout
        if self._set_at is not None and self._clock.now >= self._set_at:
            self._clock.now = self._set_at
            self.set()
        return self.is_set()


def test_turns_are_even() -> None:
    """Four a second are a quarter of a second apart, the first at once."""
    clock = Clock(0.0)
    pacer, event = Pacer(4, clock=clock), Waiting(clock)
    turns = []
    for _ in range(5):
        assert pacer.wait_for_turn(event)
        turns.append(clock.now)

    assert [0.0, 0.25, 0.5, 0.75, 1.0] == pytest.approx(turns)


def test_turns_that_nobody_took_are_lost() -> None:
    """After a pause there is no burst."""
    clock = Clock(0.0)
    pacer, event = Pacer(4, clock=clock), Waiting(clock)
    pacer.wait_for_turn(event)
    clock.now = 100.0

    for expected in (100.0, 100.25 - LAG_S, 100.5 - LAG_S):
        pacer.wait_for_turn(event)
        assert expected == pytest.approx(clock.now)


def test_who_is_called_off_while_waiting() -> None:
    """It is told so, as soon as it is."""
    clock = Clock(0.0)
    pacer, event = Pacer(0.1, clock=clock), Waiting(clock, set_at=3.0)

    assert pacer.wait_for_turn(event)
    assert not pacer.wait_for_turn(event)
    assert 3.0 == clock.now


def test_who_is_called_off_takes_no_turn() -> None:
    """Ten that are over hold up nobody who comes after them."""
    clock = Clock(0.0)
    pacer, over = Pacer(1, clock=clock), Waiting(clock)
    pacer.wait_for_turn(Waiting(clock))
    over.set()

    assert [False] * 10 == [pacer.wait_for_turn(over) for _ in range(10)]

    assert pacer.wait_for_turn(Waiting(clock))
    assert 1.0 == clock.now


def test_turns_of_many_threads() -> None:
    """No two get the same one."""
    clock = Clock(0.0)
    pacer = Pacer(1000, clock=clock)
    turns: list[float] = []

    class Noting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            clock.now += timeout or 0.0
            turns.append(clock.now)
            return False

    def take() -> None:
        for _ in range(50):
            pacer.wait_for_turn(Noting())

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [number / 1000 for number in range(400)] == pytest.approx(turns)
