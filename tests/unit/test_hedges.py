"""When a stream may be started a second time."""

from __future__ import annotations

import pytest

from holybalance.balancing.hedging import ENOUGH, RECENT, RESERVE, SUSPENDED_S, Hedges
from tests.unit.stubs import Clock


def ready(clock: Clock, share: float = 1.0) -> Hedges:
    """Hedges that know what is late: first tokens took from 0.01 to 1 s."""
    hedges = Hedges(share, clock)
    for hundredths in range(1, 101):
        hedges.note_first_token(hundredths / 100)
    for _ in range(5):
        hedges.note_stream()
    return hedges


def test_late_is_later_than_most() -> None:
    """After the 95th percentile of the first tokens of late."""
    assert 0.95 == ready(Clock()).late_after_s()


def test_only_the_latest_count() -> None:
    """What was usual an hour ago is not."""
    hedges = ready(Clock())
    for _ in range(RECENT):
        hedges.note_first_token(3.0)

    assert 3.0 == hedges.late_after_s()


def test_nothing_is_late_before_anything_is_usual() -> None:
    """A few first tokens tell little."""
    hedges = Hedges(1.0, Clock())
    hedges.note_stream()
    for _ in range(ENOUGH - 1):
        hedges.note_first_token(1.0)
        assert hedges.late_after_s() is None
    hedges.note_first_token(1.0)

    assert 1.0 == hedges.late_after_s()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_no_more_than_its_share(share: float) -> None:
    """Of any number of streams no larger part is hedged, but for rounding."""
    hedges = Hedges(share, Clock())
    taken = 0
    for streams in range(1, 2001):
        hedges.note_stream()
        taken += hedges.withdraw()
        assert taken <= share * streams + 1e-6
    assert taken >= share * 2000 - 1


def test_what_is_saved_up_is_bounded() -> None:
    """After a long calm there is no storm of them."""
    hedges = Hedges(1.0, Clock())
    for _ in range(1000):
        hedges.note_stream()

    assert RESERVE == sum(hedges.withdraw() for _ in range(1000))


def test_without_a_share_there_are_none() -> None:
    """As by default."""
    hedges = ready(Clock(), share=0.0)

    assert hedges.late_after_s() is None
    assert not hedges.withdraw()


def test_throttling_suspends() -> None:
    """Who has just been told that it is too much does not ask for more."""
    clock = Clock()
    hedges = ready(clock)
    hedges.suspend()

    assert hedges.late_after_s() is None
    assert not hedges.withdraw()
    clock.now += SUSPENDED_S
    assert hedges.late_after_s() is not None
    assert hedges.withdraw()
