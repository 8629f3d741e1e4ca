"""Owns the proof that an ordered batch keeps the input's order, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.batch import job
from holybalance.batch.lines import Line
from holybalance.batch.order import Held, Order
from holybalance.batch.work import RowResult
from holybalance.errors import WorkerDied
from holybalance.messages import Verdict
from tests.unit.batches import Crew, World, row


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input and an output."""
    return World(tmp_path)


def _result(line: int, size: int = 1) -> RowResult:
    return RowResult(line, b"x" * size)


def _lines(count: int) -> Iterator[Line | None]:
    return iter([Line(number, b"") for number in range(1, count + 1)])


@given(st.permutations(range(1, 8)))
def test_whatever_order_answers_come_in(arrivals: list[int]) -> None:
    """They leave in the order of the lines, each as soon as it can."""
    order = Order()
    list(order.paced(_lines(7)))
    left: list[int] = []
    arrived: set[int] = set()
    for line in arrivals:
        left += [result.line for result in order.release([_result(line)])]
        arrived.add(line)
        whole = next(n for n in range(9) if n + 1 not in arrived)
        assert list(range(1, whole + 1)) == left
    assert (list(range(1, 8)), None) == (left, order.held)


def test_rows_beyond_the_next_are_bounded() -> None:
    """No more lines are given out until the first of them is there."""
    order = Order(most_rows=3)
    given_out = order.paced(_lines(9))
    assert [1, 2, 3] == [line.number for _ in range(3) if (line := next(given_out))]
    assert [None, None] == [next(given_out), next(given_out)]
    assert [] == order.release([_result(2), _result(3)])
    assert next(given_out) is None
    assert 3 == len(order.release([_result(1)]))
    assert Line(4, b"") == next(given_out)


def test_bytes_that_are_held_are_bounded() -> None:
    """Large answers count by their size."""
    order = Order(most_bytes=100)
    given_out = order.paced(_lines(9))
    for _ in range(3):
        next(given_out)
    order.release([_result(2, 60)])
    assert Line(4, b"") == next(given_out)
    order.release([_result(3, 60)])
    assert next(given_out) is None
    order.release([_result(1)])
    assert Line(5, b"") == next(given_out)


def test_late_rows_come_in_their_place(world: World) -> None:
    """Bad rows and deaths of workers keep theirs too."""
    rows = [row(f"r{number}") for number in range(12)]
    rows[5] = {"custom_id": "r5"}
    world.write_rows(*rows)
    death = WorkerDied("died", verdict=Verdict.LOCAL)
    crew = Crew(late=["r0", "r7"], values={"r3": death})
    report = world.batch(crew, ordered=True).run()
    assert [f"r{number}" for number in range(12)] == world.names()
    assert (10, 2, True) == (report.ok, report.failed, report.is_complete)


def test_each_file_has_its_order(world: World) -> None:
    """Failed rows in theirs, the others in the output."""
    world.write_rows(row("a"), {"custom_id": "x"}, row("b"), {"custom_id": "y"})
    world.batch(Crew(late=["x", "a"]), ordered=True, errors=world.errors).run()
    assert (["a", "b"], ["x", "y"]) == (world.names(), world.names(world.errors))


def test_a_window_that_is_full_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crew is given nothing more meanwhile, and all is done in the end."""
    monkeypatch.setattr(job, "Order", lambda: Order(most_rows=5))
    world.write(*(f"p{number}" for number in range(40)))
    crew = Crew(late=["p0", "p20"], hand=3)
    assert 40 == world.batch(crew, ordered=True).run().ok
    assert crew.pauses > 0
    assert [f"row-{number}" for number in range(1, 41)] == world.names()


def test_an_end_in_the_middle_keeps_the_order(world: World) -> None:
    """What came too early is called again, so a resumed output is in order as well."""
    world.write(*(f"p{number:02}" for number in range(20)))
    crew = Crew(late=["p03"])
    batch = world.batch(crew, ordered=True)
    crew.on_hand = lambda number: batch.abort() if number == 4 else None
    report = batch.run()
    assert (["row-1", "row-2", "row-3"], 3) == (world.names(), report.rows)
    assert (12, []) == (report.discarded, batch.notes)
    world.run(ordered=True)
    assert [f"row-{number}" for number in range(1, 21)] == world.names()


def test_what_is_held_can_be_watched(world: World) -> None:
    """While answers wait it says how many, and for which line."""
    world.write("", *(f"p{number}" for number in range(8)))
    crew = Crew(late=["p1"])
    batch = world.batch(crew, ordered=True)
    seen: list[Held | None] = []
    crew.on_hand = lambda number: seen.append(batch.held)
    assert 0 == batch.run().discarded
    assert [None, Held(2, 3), Held(6, 3)] == seen
    assert batch.held is None
    assert Crew().is_drained == batch.is_stopping
