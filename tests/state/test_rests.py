"""Rests that processes tell each other of."""

from __future__ import annotations

import pytest

from tests.state.places import Place, look


def test_a_rest_is_heard_of(place: Place) -> None:
    """What one keeps away from, the others hear, with the seconds that are left."""
    one, other = place.process(), place.process()
    assert {"key": 30.0} == one.say(rests={"key": 30.0}).rests
    place.clock.now += 10
    assert {"key": 20.0} == other.say().rests


def test_a_rest_ends(place: Place) -> None:
    """One that is over is not spoken of."""
    process = place.process()
    process.say(rests={"short": 5.0, "long": 50.0})
    place.clock.now += 6
    assert ["long"] == list(process.say().rests)


@pytest.mark.parametrize(("first", "second"), [(30.0, 5.0), (5.0, 30.0)])
def test_the_later_end_holds(place: Place, first: float, second: float) -> None:
    """A shorter rest does not shorten a longer one, and a longer one lengthens it."""
    one, other = place.process(), place.process()
    one.say(rests={"key": first})
    assert {"key": 30.0} == other.say(rests={"key": second}).rests


def test_a_rest_may_be_lifted(place: Place) -> None:
    """Whoever sees that it is over says so for all; what was none stays none."""
    one, other = place.process(), place.process()
    one.say(rests={"key": 30.0})
    other.say(lifted=("key", "none"))
    assert {} == one.say().rests


def test_a_rest_begun_with_a_lifting_holds(place: Place) -> None:
    """The careful reading: lifted first, and then begun anew."""
    process = place.process()
    process.say(rests={"key": 30.0})
    assert {"key": 9.0} == process.say(rests={"key": 9.0}, lifted=("key",)).rests


def test_a_rest_without_an_end_is_a_year_long(place: Place) -> None:
    """Infinity is kept as a number; what is no time at all is nothing."""
    rests = {"ever": float("inf"), "never": 0.0, "no": float("nan"), "less": -1.0}
    assert {"ever": 365 * 86400.0} == place.process().say(rests=rests).rests


def test_who_looks_sees_rests(place: Place) -> None:
    """An observer hears of rests and ends none that is over."""
    place.process().say(rests={"key": 30.0, "short": 1.0})
    place.clock.now += 10
    assert {"key": 20.0} == look(place.store()).rests


def test_a_clock_that_begins_anew_makes_no_rest_longer(place: Place) -> None:
    """After a restart of the machine, a rest lasts its own length at most."""
    process = place.process()
    process.say(rests={"key": 30.0})
    place.clock.now = 5.0
    assert {"key": 30.0} == process.say().rests
    place.clock.now += 10
    assert {"key": 20.0} == process.say().rests


def test_a_goodbye_leaves_rests(place: Place) -> None:
    """What one process has found out holds when it is gone."""
    one, other = place.process(), place.process()
    one.say(rests={"key": 30.0}, is_leaving=True)
    assert {"key": 30.0} == other.say().rests
