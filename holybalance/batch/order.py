"""Owns the order of the input: which rows have to wait for others, and how many may."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from holybalance.batch.lines import Line
from holybalance.batch.work import RowResult

# A row that takes long holds back what comes after it. These bound memory, and what a
# crash loses.
MOST_ROWS = 10_000
MOST_BYTES = 64 * 1024 * 1024


class Held(NamedTuple):
    """How many answers wait, and for which row's."""

    answers: int
    line: int


class Order:
    """
    Holds rows until all before them are there.

    Args:
        most_rows: under way or held back at once.
        most_bytes: held back at once, from which on no further lines are given out.
    """

    def __init__(
        self, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        # The lines that were given out and are not written, and rows of some of them.
        self._due: deque[int] = deque()
        self._held: dict[int, RowResult] = {}
        self._bytes = 0

    @property
    def held(self) -> Held | None:
        """What waits for the next row to be written; for any thread."""
        held = len(self._held)
        try:
            return Held(held, self._due[0]) if held else None
        except IndexError:  # it was written just now, and so was what waited
            return None

    def paced(self, lines: Iterator[Line | None]) -> Iterator[Line | None]:
        """Give out lines, or `None` while too much waits."""
        for line in lines:
            while self._is_full():
                yield None
            if line is not None:
                self._due.append(line.number)
            yield line

    def release(self, results: Sequence[RowResult]) -> list[RowResult]:
        """Take rows as they come, and give those whose turn it is."""
        for result in results:
            self._held[result.line] = result
            self._bytes += len(result.row)
        ready = []
        while self._due and self._due[0] in self._held:
            result = self._held.pop(self._due.popleft())
            self._bytes -= len(result.row)
            ready.append(result)
        return ready

    def _is_full(self) -> bool:
        return len(self._due) >= self._most_rows or self._bytes > self._most_bytes
