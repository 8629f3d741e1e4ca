"""Owns rows that ask the same: one of them is called, the others get its answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from holybalance.batch import answers, rows
from holybalance.batch.lines import Line
from holybalance.batch.output import Output
from holybalance.batch.pulse import Pulse
from holybalance.batch.rows import Label
from holybalance.batch.scratch import Table
from holybalance.batch.work import RowResult

# Repeats that wait at once, for an answer or to be written.
MOST_WAITING = 10_000
_WRITTEN_AT_ONCE = 256
_SCHEMA = """
CREATE TABLE answered (
    question BLOB PRIMARY KEY, output INT, start INT, length INT
) WITHOUT ROWID
"""


class Place(NamedTuple):
    """Where an answer can be read: in which output, and where in it."""

    output: int
    offset: int
    length: int


class Dedupe:
    """
    Knows which questions are under way and where those are that are answered.

    Its owner closes it.

    Args:
        kind: the input's format.
        outputs: where answers are written, and read back from.
    """

    def __init__(
        self, kind: str, outputs: Sequence[Output], most_waiting: int = MOST_WAITING
    ) -> None:
        self._kind = kind
        self._outputs = outputs
        self._most_waiting = most_waiting
        self._table = Table(_SCHEMA)
        # The questions under way by the line that asks, and who else asks them.
        self._asked_by: dict[int, bytes] = {}
        self._under_way: dict[bytes, list[Label]] = {}
        self._waiting = 0
        self._ready: deque[tuple[Label, Place]] = deque()

    @property
    def held(self) -> int:
        """How many rows wait for another row's answer, or to be written."""
        return self._waiting + len(self._ready)

    def firsts(self, lines: Iterator[Line | None]) -> Iterator[Line | None]:
        """Give out each question once; `None` while too many rows wait for answers."""
        pulse = Pulse()
        for line in lines:
            if line is None or self._is_first(line):
                yield line
            elif pulse.is_due():
                yield None
            while self.held >= self._most_waiting:
                yield None

    def note_written(
        self, results: Sequence[RowResult], output: int, offset: int
    ) -> None:
        """
        Take answers that were written one after the other, from `offset` on.

        Args:
            output: the place of theirs among all outputs.
        """
        for result in results:
            place = Place(output, offset, len(result.row))
            offset += place.length
            question = self._asked_by.pop(result.line, None)
            if question is not None:
                self._keep(question, place)
                labels = self._under_way.pop(question)
                self._waiting -= len(labels)
                self._ready.extend((label, place) for label in labels)

    def adopt(self, line: Line, place: Place) -> None:
        """Take the answer of a line that an earlier run has written."""
        question = rows.question_of(line, self._kind)
        if question is not None:
            self._keep(question, place)

    def repeats(self) -> Iterator[list[RowResult]]:
        """Give the rows whose answer is there, some at a time, until there are none."""
        while self._ready:
            count = min(_WRITTEN_AT_ONCE, len(self._ready))
            yield [self._repeat(*self._ready.popleft()) for _ in range(count)]

    def close(self) -> None:
        """Let the temporary file go."""
        self._table.close()

    def _is_first(self, line: Line) -> bool:
        question = rows.question_of(line, self._kind)
        if question is None:
            return True
        waiting = self._under_way.get(question)
        place = self._find(question) if waiting is None else None
        if waiting is not None:
            waiting.append(rows.label_of(line, self._kind))
            self._waiting += 1
        elif place is not None:
            self._ready.append((rows.label_of(line, self._kind), place))
        else:
            self._under_way[question] = []
            self._asked_by[line.number] = question
            return True
        return False

    def _repeat(self, label: Label, place: Place) -> RowResult:
        original = self._outputs[place.output].read(place.offset, place.length)
        row, failure = answers.repeat(original, label)
        code, message = failure or (None, "")
        return RowResult(label.line, row, code, message, is_repeat=True)

    def _keep(self, question: bytes, place: Place) -> None:
        self._table.execute(
            "INSERT OR REPLACE INTO answered VALUES (?, ?, ?, ?)", (question, *place)
        )

    def _find(self, question: bytes) -> Place | None:
        for row in self._table.execute(
            "SELECT output, start, length FROM answered WHERE question = ?", (question,)
        ):
            return Place(*row)
        return None
