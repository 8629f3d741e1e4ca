"""Owns the proof of what a batch counts, and that counting does not grow."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from holybalance.batch.totals import Totals
from holybalance.batch.work import RowResult
from holybalance.messages import Reply
from tests.unit.batches import Crew, Engine, World, reply


def test_the_most_frequent_failure_comes_first() -> None:
    """With the line and the message's first line of its first row."""
    totals = Totals()
    rows = (("a", "one\ntwo"), ("b", "three"), ("b", "four"))
    for line, (code, message) in enumerate(rows, 1):
        totals.note(RowResult(line, b"", code, message))
    assert [("b", 2, 2, "three"), ("a", 1, 1, "one")] == totals.failures()
    assert (3, 3, 0) == (totals.rows, totals.failed, totals.ok)


def test_made_up_codes_do_not_grow() -> None:
    """Beyond a hundred kinds they count as one, and long messages are cut."""
    totals = Totals()
    for number in range(1000):
        totals.note(RowResult(1, b"", f"code {number}", "x" * 10_000))
    failures = totals.failures()
    assert (101, ("other", 900)) == (len(failures), failures[0][:2])
    assert 1000 == sum(each.rows for each in failures)
    assert max(len(each.message) for each in failures) <= 500


def test_repeats_cost_nothing() -> None:
    """They are rows, and nothing was called for them."""
    totals = Totals()
    totals.note(RowResult(1, b"", None, "", 0.5, 3, 2, 0.1))
    totals.note(RowResult(2, b"", is_repeat=True))
    totals.note(RowResult(3, b"", "code", "message", is_repeat=True))
    assert (3, 2, 1, 2) == (totals.rows, totals.ok, totals.failed, totals.repeated)
    assert (3, 2, 0.1, 0) == (
        totals.input_tokens,
        totals.output_tokens,
        totals.cost_usd,
        totals.unpriced,
    )
    assert 1 == totals.latency.count


def _peak(folder: Path, rows: int, **options: Any) -> int:
    """The most bytes that are held at once by a run and by one that resumes it."""
    folder.mkdir()
    world = World(folder)
    with world.source.open("w") as file:
        # Every other row repeats one from long ago.
        file.writelines(f"prompt {n if n % 2 else n // 2}\n" for n in range(rows))
    crew = Crew(Forgetful(), hand=100)
    crew.most_pauses = 10**9
    tracemalloc.start()
    try:
        assert rows == world.batch(crew, **options).run().ok
        assert rows == world.batch(crew, **options).run().skipped
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Forgetful(Engine):
    """An engine that keeps no prompts: what it holds is no part of the batch."""

    def call_patiently(self, arguments: Mapping[str, Any]) -> Reply:
        """Answer with a word."""
        return reply("x")


@pytest.mark.parametrize(
    ("options", "many"),
    [
        ({}, 20_000),
        ({"dedupe": True, "ordered": True}, 10_000),
        ({"sample": 10**6}, 10_000),
    ],
)
def test_memory_is_flat(tmp_path: Path, options: dict[str, Any], many: int) -> None:
    """Many more rows take no more: neither sets nor lists grow with them."""
    few = 2_000
    grown = _peak(tmp_path / "b", many, **options) - _peak(
        tmp_path / "a", few, **options
    )
    # Not even a pointer for each row more.
    assert grown < 8 * (many - few)


def test_models_are_bounded() -> None:
    """Rows may name any; beyond a hundred they count as one."""
    totals = Totals()
    for number in range(150):
        totals.note(RowResult(number, b"", model=f"m{number}", cost_usd=0.5))
    models = totals.models()
    assert (101, 50, 25.0) == (
        len(models),
        models["other"].calls,
        models["other"].cost_usd,
    )
