"""Owns which rows earlier runs have answered, and whether they are the input's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from holybalance.batch.lines import Line
from holybalance.batch.mending import Found
from holybalance.batch.pulse import Pulse
from holybalance.batch.rows import Label, label_of
from holybalance.batch.scratch import Table
from holybalance.errors import BatchError

_SCHEMA = """
CREATE TABLE finished (
    custom_id TEXT, id TEXT, is_failed INT, start INT, length INT,
    PRIMARY KEY (custom_id, id)
) WITHOUT ROWID
"""
# So many rows are compared before anything is sent, of so many lines at most.
_COMPARED_ROWS = 1_000
_COMPARED_LINES = 100_000


class Done(NamedTuple):
    """A row that needs no call, and where its answer is."""

    is_failed: bool
    offset: int
    length: int


class Finished:
    """
    The rows that earlier runs have answered; its owner closes it.

    Args:
        kind: the input's format.
        input_name: for messages, as `output_name`.
    """

    def __init__(self, kind: str, input_name: str, output_name: str) -> None:
        self._kind = kind
        self._names = input_name, output_name
        self._table = Table(_SCHEMA)
        self.count = 0

    def add(self, rows: Iterable[Found]) -> None:
        """Take the rows of an output; of equal ones the latest counts."""
        self._table.add(
            "INSERT OR REPLACE INTO finished VALUES (?, ?, ?, ?, ?)",
            ((*found.row, found.offset, len(found.content)) for found in rows),
        )
        ((self.count,),) = self._table.execute("SELECT count(*) FROM finished")

    def find(self, line: Line) -> Done | None:
        """
        Look a line up by its custom_id.

        Raises:
            BatchError: the row of that name answers another line.
        """
        label = label_of(line, self._kind)
        rows = self._table.execute(
            "SELECT id, is_failed, start, length FROM finished WHERE custom_id = ?",
            (label.custom_id,),
        )
        for name, *done in rows:
            if name == label.id:
                return Done(*done)
        if rows:
            raise self._mismatch(label, is_failed=any(row[1] for row in rows))
        return None

    def compare(self, lines: Iterator[Line | None]) -> None:
        """
        Look some rows up, to notice early that this is another input's output.

        Raises:
            BatchError: it is.
        """
        met = 0
        for _, line in zip(range(_COMPARED_LINES), lines, strict=False):
            met += line is not None and self.find(line) is not None
            if met == min(_COMPARED_ROWS, self.count):
                return

    def leave_out(
        self,
        lines: Iterator[Line | None],
        note: Callable[[Line, Done], None],
    ) -> Iterator[Line | None]:
        """
        Give the lines that are still to be answered.

        Args:
            note: is told of each of the others.

        Raises:
            BatchError: a row of the output answers another line.
        """
        pulse = Pulse()
        for line in lines:
            done = None if line is None else self.find(line)
            if line is None or done is None:
                yield line
                continue
            note(line, done)
            if pulse.is_due():
                yield None

    def close(self) -> None:
        """Let the temporary file go."""
        self._table.close()

    def _mismatch(self, label: Label, *, is_failed: bool) -> BatchError:
        source, output = self._names
        failed = (
            "; or, since it failed there, call it again with retry_errors"
            if is_failed
            else ""
        )
        return BatchError(
            f"{output} answers other rows than {source} asks, as line {label.line} "
            f'(custom_id "{label.custom_id}") shows: name another output, or give '
            f"each row a custom_id of its own{failed}"
        )
