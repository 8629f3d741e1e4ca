"""Owns which rows earlier runs have answered, and whether they are the input's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from holybalance.batch.lines import Line
from holybalance.batch.mending import Found
from holybalance.batch.pulse import Pulse
from holybalance.batch.rows import Label, label_of
from holybalance.batch.scratch import Table
from holybalance.errors import BatchError, ConfigError

# `there` rows of outputs have this name and question; of these `failed` did, and
# `extra` are in the file of errors. The input has it `asked` times, the part of the
# input that is chosen `chosen` times, and `used` of these are skipped so far.
_SCHEMA = """
CREATE TABLE finished (
    custom_id TEXT, id TEXT, there INT, failed INT, extra INT, start INT, length INT,
    asked INT DEFAULT 0, chosen INT DEFAULT 0, used INT DEFAULT 0,
    PRIMARY KEY (custom_id, id)
) WITHOUT ROWID
"""
_ADD = """
INSERT INTO finished (custom_id, id, there, failed, extra, start, length)
VALUES (?, ?, 1, ?, ?, ?, ?)
ON CONFLICT (custom_id, id) DO UPDATE SET
    there = there + 1,
    failed = failed + excluded.failed,
    extra = extra + excluded.extra,
    start = coalesce(excluded.start, start),
    length = coalesce(excluded.length, length)
"""
_KEY = "WHERE custom_id = ? AND id = ?"
_FIND = f"SELECT there, failed, used, start, length FROM finished {_KEY}"  # noqa: S608
_USE = f"UPDATE finished SET used = used + 1 {_KEY}"  # noqa: S608
_MOVE = "UPDATE finished SET start = ?, length = ? WHERE custom_id = ? AND id = ?"
# Of rows in both files the one in the file of errors was called again.
_FOREIGN = """
SELECT sum(surplus), sum(min(failed, surplus)), min(custom_id) FROM (
    SELECT custom_id, failed,
        CASE asked WHEN 0 THEN there ELSE max(0, there - extra - asked) END AS surplus
    FROM finished WHERE surplus > 0
)
"""


class Done(NamedTuple):
    """A row that needs no call, and where its answer is, if it can be used again."""

    is_failed: bool
    offset: int | None
    length: int | None


class Finished:
    """
    The rows that earlier runs have answered; its owner closes it.

    Each of them serves one row of the input: the one of its custom_id and its content.

    Args:
        kind: the input's format.
        input_name: for messages, as `output_name`.
    """

    def __init__(self, kind: str, input_name: str, output_name: str) -> None:
        self._kind = kind
        self._names = input_name, output_name
        self._table = Table(_SCHEMA)
        self._is_surveyed = False
        self.count = 0
        """Rows that are done: all of the outputs, until an input was surveyed."""
        self.failed = 0
        """Of these, those that failed."""
        self.chosen = 0
        """Of these, those of the part of the input that is chosen."""

    def add(self, rows: Iterable[Found], *, are_errors: bool = False) -> None:
        """
        Take the rows of an output.

        Args:
            are_errors: they come from a file of their own.
        """
        self._table.add(_ADD, (_values(found, are_errors) for found in rows))
        self._count("sum(there), sum(failed), sum(there)")

    def survey(
        self,
        lines: Callable[[], Iterator[Line | None]],
        choose: Callable[[Iterator[Line | None]], Iterator[Line | None]] | None = None,
    ) -> None:
        """
        Hold the rows against the whole input.

        Args:
            lines: begins to read it.
            choose: gives the part that this run is about; `None` for all of it.

        Raises:
            ConfigError: some rows answer nothing of it, so they are another input's.
        """
        self._note("asked", lines())
        self._refuse_foreign()
        if choose is not None:
            self._note("chosen", choose(lines()))
        self._is_surveyed = True
        self._count(
            "sum(min(there, asked)), "
            "sum(max(0, min(there, asked) + failed - there)), "
            f"sum(min(there, {'asked' if choose is None else 'chosen'}))"
        )

    def move(self, rows: Iterable[Found]) -> None:
        """Note where the rows of the output are by now."""
        moved = ((*_place(found), *found.row[:2]) for found in rows)
        self._table.add(_MOVE, moved)

    def take(self, line: Line) -> Done | None:
        """
        Use up the row that answers a line.

        Raises:
            BatchError: there are only rows of its custom_id that answer other lines.
        """
        label = label_of(line, self._kind)
        key = label.custom_id, label.id
        for there, failed, used, *place in self._table.execute(_FIND, key):
            if used == there:
                return None
            self._table.execute(_USE, key)
            return Done(used >= there - failed, *place)
        if not self._is_surveyed:
            self._refuse_mismatch(label)
        return None

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
            done = None if line is None else self.take(line)
            if line is None or done is None:
                yield line
                continue
            note(line, done)
            if pulse.is_due():
                yield None

    def close(self) -> None:
        """Let the temporary file go."""
        self._table.close()

    def _note(self, column: str, lines: Iterator[Line | None]) -> None:
        labels = (label_of(line, self._kind) for line in lines if line is not None)
        self._table.add(
            f"UPDATE finished SET {column} = {column} + 1 {_KEY}",  # noqa: S608 ours
            ((label.custom_id, label.id) for label in labels),
        )

    def _count(self, sums: str) -> None:
        ((*found,),) = self._table.execute(f"SELECT {sums} FROM finished")  # noqa: S608
        self.count, self.failed, self.chosen = (each or 0 for each in found)

    def _refuse_foreign(self) -> None:
        ((rows, failed, example),) = self._table.execute(_FOREIGN)
        if not rows:
            return
        source, output = self._names
        which = "1 row that answers" if rows == 1 else f"{rows:,} rows that answer"
        raise ConfigError(
            f"{output} has {which} nothing of {source}, such as the one with "
            f'custom_id "{example}": name another output{_retry(failed == rows)}'
        )

    def _refuse_mismatch(self, label: Label) -> None:
        ((rows, failed),) = self._table.execute(
            "SELECT sum(there), sum(failed) FROM finished WHERE custom_id = ?",
            (label.custom_id,),
        )
        if not rows:
            return
        source, output = self._names
        raise BatchError(
            f"{output} answers other rows than {source} asks, as line {label.line} "
            f'(custom_id "{label.custom_id}") shows: name another output, or give '
            f"each row a custom_id of its own{_retry(failed > 0)}"
        )


def _values(found: Found, are_errors: bool) -> tuple[object, ...]:
    # Only a good answer in the output is there to be used again.
    is_usable = not (found.row.is_failed or are_errors)
    place = _place(found) if is_usable else (None, None)
    return (*found.row, are_errors, *place)


def _place(found: Found) -> tuple[int, int]:
    return found.offset, len(found.content)


def _retry(has_failed: bool) -> str:
    if not has_failed:
        return ""
    return "; or, since it failed there, take it out and call it again by retry_errors"
