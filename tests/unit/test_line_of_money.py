"""Who waits for money: in which order, and whom that keeps from what."""

from __future__ import annotations

from holybalance.balancing.line import Line, MoneyLine, Place
from holybalance.balancing.runtime import Runtime


def line() -> tuple[MoneyLine, set[Line]]:
    """A line, and those in which anybody stands."""
    busy: set[Line] = set()
    return MoneyLine(busy), busy


def place(of: MoneyLine, amount: int) -> Place:
    """Somebody who waits for so much."""
    made = Place(of, Runtime(), amount)
    of.join(made)
    return made


def test_who_needs_least_goes_first() -> None:
    """Else one that needs more than there is would keep the others from theirs."""
    queue, _ = line()
    much, little = place(queue, 800), place(queue, 1)

    assert (False, True) == (queue.is_first(much), queue.is_first(little))


def test_equals_go_in_the_order_of_their_coming() -> None:
    """First come, first served."""
    queue, _ = line()
    first, second = place(queue, 5), place(queue, 5)

    assert queue.is_first(first)
    queue.leave(first)
    assert queue.is_first(second)


def test_leaving_from_anywhere() -> None:
    """Also twice; and nobody stands in an empty line."""
    queue, busy = line()
    places = [place(queue, amount) for amount in (5, 5, 5, 1)]

    for each in (places[1], places[3], places[3], places[0]):
        queue.leave(each)

    assert queue.is_first(places[2])
    assert {queue} == busy
    queue.leave(places[2])
    assert set() == busy
    assert not queue
