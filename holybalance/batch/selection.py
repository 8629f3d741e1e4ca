"""Owns which rows of the input a run is about: all, the first ones, or a sample."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from holybalance.batch.lines import Line
from holybalance.batch.options import BatchOptions
from holybalance.batch.source import Source
from holybalance.errors import ConfigError


class Selection(NamedTuple):
    """
    A choice of rows, the same each time.

    Args:
        total: rows of the input; `None` when nobody knows.
        limit: take so many, from the first on.
        sample: take so many, chosen by `seed`.
    """

    total: int | None
    limit: int | None
    sample: int | None
    seed: int

    @property
    def expected(self) -> int | None:
        """How many rows it comes to; `None` when nobody knows."""
        if self.total is None:
            return None
        return min(n for n in (self.total, self.limit, self.sample) if n is not None)

    @property
    def is_partial(self) -> bool:
        """Whether some rows may be left out."""
        return self.limit is not None or self.sample is not None

    def of(self, lines: Iterator[Line | None]) -> Iterator[Line | None]:
        """Give the lines that are chosen; `None` passes as it is."""
        if self.limit is not None:
            return _first(lines, self.limit)
        if self.sample is not None:
            assert self.total is not None
            return _sample(lines, self.sample, self.total, random.Random(self.seed))
        return lines


def make_selection(source: Source, options: BatchOptions) -> Selection:
    """
    Count the input where that can be done, and choose.

    Raises:
        ConfigError: a sample is wanted of what cannot be counted.
    """
    if options.sample is not None and not source.is_regular:
        raise ConfigError(
            f"a sample is chosen from a file that can be read twice, and {source.name} "
            "is none; use limit, or write it to a file first"
        )
    total = source.count() if source.is_regular else None
    return Selection(total, options.limit, options.sample, options.seed)


def _first(lines: Iterator[Line | None], left: int) -> Iterator[Line | None]:
    for line in lines:
        yield line
        left -= line is not None
        if not left:
            return


def _sample(
    lines: Iterator[Line | None], wanted: int, left: int, rng: random.Random
) -> Iterator[Line | None]:
    # Knuth, The Art of Computer Programming 3.4.2, algorithm S: each row is taken with
    # the odds of what is wanted to what is left, so there is no list of the chosen.
    for line in lines:
        if left * rng.random() < wanted:
            yield line
            wanted -= 1
            if not wanted:
                return
        left -= 1
