"""Which item is next, which are given again, and which are given up."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.launching.job import MOST_DEATHS, Job
from holybalance.launching.messages import Item


class Nothing:
    """A work that does nothing."""

    def perform(self, engine: Any, position: int, item: Item) -> None:
        """Do nothing."""


def job(items: Iterable[Item | None], *, may_repeat: bool = True) -> Job:
    """A job over items."""
    return Job(1, Nothing(), iter(items), may_repeat=may_repeat)


def numbered(count: int) -> list[bytes]:
    """Items that are all different."""
    return [str(number).encode() for number in range(count)]


def test_items_are_numbered_as_they_come() -> None:
    """From 0, in the order of the iterator, to its end."""
    each = job(numbered(3))

    assert [(0, b"0"), (1, b"1")] == each.take(2)
    assert not each.is_given_out()
    assert [(2, b"2")] == each.take(2)
    assert each.is_given_out()
    assert [] == each.take(2)


def test_no_more_is_pulled_than_is_taken() -> None:
    """However many there would be."""
    pulled = itertools.count()
    each = job(str(number).encode() for number in pulled)

    each.take(10)

    assert 10 == next(pulled)


def test_nothing_now() -> None:
    """`None` is no item and no end; it is asked for once in each round."""
    each = job([b"one", None, None, b"two"])

    assert [(0, b"one")] == each.take(9)
    assert each.is_paused
    assert [] == each.take(9)
    each.is_paused = False
    assert [] == each.take(9)
    each.is_paused = False
    assert [(1, b"two")] == each.take(9)
    assert each.is_given_out()


def test_what_a_dead_worker_held_comes_first() -> None:
    """In its order, even while there is nothing new."""
    each = job([*numbered(4), None])
    hand = dict(each.take(3))

    assert [] == each.mourn(hand, {0, 1})
    assert [(0, b"0"), (1, b"1"), (2, b"2"), (3, b"3")] == each.take(9)
    each.mourn({3: b"3"}, set())
    assert [(3, b"3")] == each.take(9)


def test_what_too_many_die_of_is_given_up() -> None:
    """What had begun when they died; what had not is given again."""
    each = job(numbered(2))
    lost = []
    for _ in range(MOST_DEATHS):
        lost.append(each.mourn(dict(each.take(9)), {0}))

    assert [[], [], [(0, b"0")]] == lost
    assert [(1, b"1")] == each.take(9)


def test_what_may_not_be_repeated() -> None:
    """It is given up at the first death; the rest is not."""
    each = job(numbered(2), may_repeat=False)

    assert [(0, b"0")] == each.mourn(dict(each.take(2)), {0})
    assert [(1, b"1")] == each.take(9)


def test_what_is_done_with_is_forgotten() -> None:
    """Deaths are remembered only of items that are still to be done."""
    each = job(numbered(100))
    hand = dict(each.take(100))
    each.mourn(hand, set(hand))
    for position, _ in each.take(100):
        each.forget(position)

    assert {} == each._deaths


def test_a_stopped_job() -> None:
    """It gives nothing more, new or again."""
    each = job(numbered(9))
    each.mourn(dict(each.take(3)), {0})

    each.stop()

    assert ([], True) == (each.take(9), each.is_given_out())


def test_what_an_iterator_raises() -> None:
    """It passes through; what was taken before is not lost with it."""

    def items() -> Iterator[bytes]:
        yield b"one"
        raise LookupError

    with pytest.raises(LookupError):
        job(items()).take(9)


@settings(max_examples=60)
@given(
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["done", "dead"]))),
)
def test_each_item_ends_once(count: int, rounds: list[tuple[int, str]]) -> None:
    """Whatever dies whenever: every item is done or given up, and only once."""
    each, ended = job(numbered(count)), []
    for most, fate in [*rounds, *[(9, "done")] * (count + 1)]:
        hand = dict(each.take(most))
        if fate == "dead":
            begun = set(list(hand)[: most // 2])
            ended += [position for position, _ in each.mourn(hand, begun)]
        else:
            ended += hand
            for position in hand:
                each.forget(position)

    assert list(range(count)) == sorted(ended)
    assert each.is_given_out()
    assert {} == {k: v for k, v in each._deaths.items() if k not in ended}
