"""Owns the proof that limits and samples choose the same rows each time."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from holybalance.batch.lines import Line
from holybalance.batch.selection import Selection
from holybalance.errors import ConfigError
from tests.unit.batches import Engine, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input of a hundred rows, some lines of it blank."""
    world = World(tmp_path)
    world.write(*(f"p{n}\n" if n % 10 == 0 else f"p{n}" for n in range(100)))
    return world


def _chosen(total: int, sample: int, seed: int) -> list[int]:
    lines = [Line(number, b"") for number in range(total)]
    chosen = Selection(total, None, sample, seed).of(iter(lines))
    return [line.number for line in chosen if line is not None]


def test_a_limit_is_of_rows(world: World) -> None:
    """Blank lines do not count; a resumed run takes the same rows."""
    engine = Engine()
    batch = world.batch(limit=12)
    assert 12 == batch.expected
    batch.run()
    report = world.run(engine, limit=15)
    assert (12, ["p12", "p13", "p14"]) == (report.skipped, engine.prompts)


def test_a_limit_beyond_the_end(world: World) -> None:
    """All rows are taken."""
    batch = world.batch(limit=1000)
    assert (100, 100) == (batch.expected, batch.run().ok)


def test_a_limit_reads_no_further() -> None:
    """A pipe is not waited for once it has given enough; silence does not count."""

    def lines() -> object:
        yield None
        yield Line(1, b"")
        yield None
        yield Line(2, b"")
        raise AssertionError("read too far")

    chosen = list(Selection(None, 2, None, 0).of(lines()))  # type: ignore[arg-type]
    assert [None, Line(1, b""), None, Line(2, b"")] == chosen


def test_a_sample_is_stable(world: World) -> None:
    """A resumed run chooses the same rows, another seed others."""
    world.run(sample=10, seed=7)
    names = world.names()
    again = world.run(sample=10, seed=7)
    assert (10, 10, 0) == (len(set(names)), again.skipped, again.rows)
    other = world.run(sample=10, seed=8)
    assert 0 < other.rows == 10 - other.skipped


@pytest.mark.parametrize("sample", [1, 3, 10, 11])
def test_a_sample_has_its_size(sample: int) -> None:
    """Exactly, for any seed; never more than there is, and in order."""
    for seed in range(50):
        chosen = _chosen(10, sample, seed)
        assert (min(sample, 10), sorted(set(chosen))) == (len(chosen), chosen)


def test_a_sample_is_fair() -> None:
    """Each row has the same odds: 3,000 of 10,000, with a deviation of 46."""
    counts = Counter(n for seed in range(10_000) for n in _chosen(10, 3, seed))
    assert 10 == len(counts)
    assert all(abs(count - 3000) < 5 * 46 for count in counts.values())


def test_a_sample_of_a_pipe(tmp_path: Path) -> None:
    """What cannot be read twice cannot be sampled; no output is made."""
    world = World(tmp_path)
    world.source = tmp_path / "fifo"
    os.mkfifo(world.source)
    keeper = os.open(world.source, os.O_RDWR)
    try:
        with pytest.raises(ConfigError, match="a file that can be read twice"):
            world.batch(sample=3, format="lines")
    finally:
        os.close(keeper)
    assert not world.output.exists()
