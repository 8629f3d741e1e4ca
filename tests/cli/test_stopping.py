"""Owns the proof of what signals do to a run, without any run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from holybalance_cli.run.signals import Ending, Signals
from tests.cli.fakes import Clock

GRACE_S = 10.0


class _Run:
    """Keeps what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stop(self) -> None:
        self.asked.append("stop")

    def abort(self) -> None:
        self.asked.append("abort")


class _Scene:
    """A run, its end, and the time."""

    def __init__(self) -> None:
        self.run, self.clock, self.said = _Run(), Clock(), list[str]()
        self.signals = Signals()
        self.ending = Ending(
            self.run,
            self.signals,
            GRACE_S,
            in_flight=lambda: 1_234,
            say=self.said.append,
            clock=self.clock,
        )

    def act(self, *, after: float = 0.0) -> list[str]:
        self.clock.now += after
        self.ending.act()
        return self.run.asked


@pytest.fixture
def scene() -> _Scene:
    return _Scene()


def test_nothing_happens_by_itself(scene: _Scene) -> None:
    """Without a signal a run goes on for ever."""
    assert [] == scene.act(after=1e6)
    assert scene.ending.aborted_at is None


def test_the_first_drains(scene: _Scene) -> None:
    """Calls under way get the grace time, and people are told."""
    scene.signals.count = 1
    scene.act()
    assert ["stop"] == scene.act(after=GRACE_S - 0.1)
    message = (
        "stopping: 1,234 calls under way get up to 10 s; Ctrl-C again to stop at once"
    )
    assert [message] == scene.said


def test_the_grace_time_ends(scene: _Scene) -> None:
    """What is not done by then is given up, once, and people are told."""
    scene.signals.count = 1
    scene.act()
    assert ["stop", "abort"] == scene.act(after=GRACE_S)
    assert ["stop", "abort"] == scene.act(after=GRACE_S)
    assert scene.clock.now - GRACE_S == scene.ending.aborted_at
    assert "giving up 1,234 calls still under way" == scene.said[1]


def test_the_second_aborts(scene: _Scene) -> None:
    """It does not wait for the grace time."""
    scene.signals.count = 1
    scene.act()
    scene.signals.count = 2
    assert ["stop", "abort"] == scene.act(after=1.0)


def test_two_at_once(scene: _Scene) -> None:
    """Two signals between two looks are two signals."""
    scene.signals.count = 2
    assert ["stop", "abort"] == scene.act()
    assert ["giving up 1,234 calls still under way"] == scene.said


@pytest.fixture
def usual() -> Iterator[dict[signal.Signals, Any]]:
    """What signals do before and, so the test fails, still do after."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_a_run_a_signal_interrupts(
    usual: dict[signal.Signals, Any], number: signal.Signals
) -> None:
    """Nothing was sent yet, so nothing is to be drained; SIGTERM is as Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), Signals():
        os.kill(os.getpid(), number)
    assert usual == {each: signal.getsignal(each) for each in usual}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_during_a_run_signals_are_counted(
    usual: dict[signal.Signals, Any], number: signal.Signals
) -> None:
    """They interrupt nothing, and afterwards all is as it was."""
    with Signals() as signals:
        signals.hold()
        for _ in range(2):
            os.kill(os.getpid(), number)
        assert 2 == signals.count
    assert usual == {each: signal.getsignal(each) for each in usual}


def test_an_ignored_signal_stays_ignored(usual: dict[signal.Signals, Any]) -> None:
    """So it is after `nohup`, or in the background of a script."""
    del usual
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert 0 == signals.count
