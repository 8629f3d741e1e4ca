"""Rate buckets that processes share: filling, drawing, debts, lowering."""

from __future__ import annotations

import pytest

from holybalance.state.store import Draw
from tests.state.places import Place, look


def test_a_bucket_begins_with_its_burst(place: Place) -> None:
    """A hundredth of a minute is there at once."""
    assert 60.0 == place.process().draw(60, per_minute=6000)


def test_a_part_is_granted_of_more_than_there_is(place: Place) -> None:
    """Who wants more than there is takes what there is."""
    process = place.process()
    assert (60.0, 0.0) == (process.draw(100), process.draw(1))


def test_a_slow_bucket_holds_one(place: Place) -> None:
    """A limit of five a minute still lets one call go."""
    assert 1.0 == place.process().draw(3, per_minute=5)


def test_a_bucket_fills_with_time(place: Place) -> None:
    """A tenth of a second fills a six-hundredth of a minute's."""
    process = place.process()
    process.draw(60)
    place.clock.now += 0.1
    assert pytest.approx(10.0) == process.draw(60)


def test_a_bucket_never_holds_more_than_its_burst(place: Place) -> None:
    """An hour's pause fills no more than a burst, nor does what is given back."""
    process = place.process()
    process.draw(10)
    place.clock.now += 3600
    assert 60.0 == process.draw(100, back=500)


def test_processes_draw_on_one_bucket(place: Place) -> None:
    """What one has drawn is not there for the other."""
    one, other = place.process(), place.process()
    assert (40.0, 20.0) == (one.draw(40), other.draw(40))


def test_what_is_given_back_may_be_drawn_again(place: Place) -> None:
    """A giver's draw is the next one's."""
    one, other = place.process(), place.process()
    one.draw(60)
    one.draw(back=25)
    assert 25.0 == other.draw(40)


def test_a_debt_is_filled_first(place: Place) -> None:
    """What was used beyond what was drawn is taken, even below nothing."""
    process = place.process()
    process.draw(60)
    process.draw(back=-20)
    place.clock.now += 0.1
    assert 0.0 == process.draw(5)
    place.clock.now += 0.15
    assert pytest.approx(5.0) == process.draw(5)


def test_an_upstream_lowers_what_is_left(place: Place) -> None:
    """No more is granted than an upstream says is left."""
    assert 7.0 == place.process().draw(20, lower_to=7)


def test_an_upstream_never_raises_what_is_left(place: Place) -> None:
    """A higher figure than the bucket's own changes nothing."""
    process = place.process()
    process.draw(50)
    assert 10.0 == process.draw(20, lower_to=500)


def test_draws_are_answered_in_their_order(place: Place) -> None:
    """Each bucket has its own level, and the answers stand as the draws did."""
    draws = (Draw("a", 6000, 10), Draw("b", 600, 10), Draw("a", 6000, 55))
    assert (10.0, 6.0, 50.0) == place.process().say(draws=draws).drawn


def test_who_looks_draws_nothing(place: Place) -> None:
    """An observer is granted nothing and takes nothing."""
    process = place.process()
    process.draw(10)
    assert (0.0,) == look(place.store(), Draw("bucket", 6000, 10, back=-9)).drawn
    assert 50.0 == process.draw(60)


def test_numbers_beyond_reason_do_no_harm(place: Place) -> None:
    """Infinity and what is no number are kept as numbers."""
    process = place.process()
    process.draw(float("nan"), per_minute=float("inf"), back=float("-inf"))
    assert 0.0 == process.draw(1)


def test_a_clock_that_begins_anew_fills_nothing(place: Place) -> None:
    """After a restart of the machine a bucket goes on as it was."""
    process = place.process()
    process.draw(50)
    place.clock.now = 5.0
    assert 10.0 == process.draw(20)
    place.clock.now += 0.1
    assert pytest.approx(10.0) == process.draw(20)
