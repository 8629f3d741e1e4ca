"""Owns a batch from its first line to its report; the one writer of its answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from holybalance.batch import work
from holybalance.batch.answer_files import OK, AnswerFiles
from holybalance.batch.crew import Answer, Crew
from holybalance.batch.dedupe import Dedupe, Place
from holybalance.batch.finished import Done
from holybalance.batch.funding import advise_bound, refuse_unfunded
from holybalance.batch.lines import Line, pack, unpack
from holybalance.batch.opening import PathName, refuse_same
from holybalance.batch.options import BatchOptions, refuse_model
from holybalance.batch.order import Held, Order
from holybalance.batch.outage import Outage
from holybalance.batch.report import BatchReport, make_report
from holybalance.batch.rows import label_of
from holybalance.batch.selection import make_selection
from holybalance.batch.source import Source
from holybalance.batch.totals import Totals
from holybalance.batch.work import RowResult, RowWork
from holybalance.config import Config
from holybalance.errors import BatchError, WorkerDied


class Batch:
    """
    A file of rows that a crew answers into another file.

    It opens its files when it is made, and closes them at the end of `run`, or when
    it is left as a context manager. `run` belongs to one thread and is done once;
    everything else is for any thread.

    Attributes:
        totals: what the run has come to so far.
        format: "lines", "texts" (lines that are embedded) or "jsonl".
        notes: what people should know before it begins.

    Args:
        source: `-` for standard input. Where only its first line tells the format, or
            whether a budget can be kept and used well, that is waited for.
        output: `-` for standard output.
        config: of the crew.
        clock: monotonic seconds.

    Raises:
        ConfigError: the files or the options are wrong; nothing has been sent.
    """

    def __init__(
        self,
        crew: Crew,
        source: PathName,
        output: PathName,
        options: BatchOptions,
        config: Config,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.totals = Totals()
        self._crew = crew
        self._options = options
        self._clock = clock
        self._began: float | None = None
        self._ended: float | None = None
        self._given = 0
        self._is_stopped = False
        self._is_read_out = False
        self._trouble = ""
        self._broke = ""
        self._answered = 0
        self._outage = Outage()
        self._order = Order() if options.ordered else None
        with contextlib.ExitStack() as stack:
            self._source = stack.enter_context(Source(source))
            self.format = options.settle_kind(self._source)
            refuse_model(config, self.format, options)
            refuse_unfunded(config, self._source, self.format, options)
            self._selection = make_selection(self._source, options)
            errors = {} if options.errors is None else {"errors file": options.errors}
            refuse_same({"input": source, "output": output, **errors})
            self._files = stack.enter_context(AnswerFiles(output, options))
            self._finished = self._files.find_finished(
                self._source, self.format, self._selection
            )
            self._advice = advise_bound(config, self._source, self.format, options)
            self._dedupe = self._make_dedupe(stack)
            self._closing = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.close()

    @property
    def notes(self) -> list[str]:
        """What people should know: what is done or mended, what slows it down."""
        # Of a run that has nothing left to do, no speed is told.
        advice = [self._advice] if self._advice and self.expected != 0 else []
        return [*self._files.notes, *advice]

    @property
    def expected(self) -> int | None:
        """How many rows this run is about; `None` when nobody knows."""
        rows = self._selection.expected
        if rows is None:
            return None
        skipped = self.totals.skipped
        if self._finished is not None and not self._is_read_out:
            skipped = max(skipped, self._finished.chosen)
        return max(rows - skipped, self.totals.rows)

    @property
    def held(self) -> Held | None:
        """Which answers wait for their turn (`ordered`); `None` where none does."""
        return None if self._order is None else self._order.held

    @property
    def is_stopping(self) -> bool:
        """Whether no further rows are begun, although there may be some."""
        return self._is_stopped

    def run(self) -> BatchReport:
        """
        Have every row answered, and write each answer as it comes.

        Raises:
            BatchError: it broke off: no call can work, the input cannot be read or
                does not fit the output, or the output cannot be written. What was
                answered is written, as far as that goes.
            BrokenPipeError: who read the output has left.
        """
        if self._began is not None:
            raise BatchError("a batch is run once; make another")
        self._began = self._clock()
        try:
            self._perform()
        except Exception as error:
            self._trouble = str(error)
            raise
        finally:
            self._ended = self._clock()
            self._closing.close()
        if self._trouble:
            raise BatchError(self._trouble)
        return self.report()

    def stop(self) -> None:
        """Begin no further rows; what is under way is still written."""
        self._is_stopped = True
        self._crew.drain()

    def abort(self) -> None:
        """Give up what is under way as well."""
        self._is_stopped = True
        self._crew.abort()

    def report(self) -> BatchReport:
        """Say what the run has come to so far, or in the end."""
        began = self._began
        until = self._clock() if self._ended is None else self._ended
        return make_report(
            self.totals,
            discarded=0 if self._ended is None else self._answered - self._written,
            seconds=0.0 if began is None else until - began,
            is_complete=self._is_complete,
            reason=self._reason,
            budget=self._broke or None,
            metrics=self._crew.report().snapshot(),
        )

    @property
    def _is_complete(self) -> bool:
        is_written = self._written == self._given
        return self._is_read_out and is_written and not self._trouble

    @property
    def _reason(self) -> str:
        stopped = "" if self._is_complete else "it was stopped"
        return self._trouble or self._broke or stopped

    @property
    def _written(self) -> int:
        # A repeat is written with the answer that it repeats, or not at all.
        return self.totals.rows - self.totals.repeated

    def _perform(self) -> None:
        task = RowWork(format=self.format, terms=self._options.terms)
        performance = self._crew.perform(task, self._items(), self.expected)
        with contextlib.closing(performance):
            for answers in performance:
                self._settle([*self._results(answers)])
                self._files.sync()
        self._settle([])
        self._files.sync(0.0)

    # On the way out: from lines to items.

    def _items(self) -> Iterator[bytes | None]:
        try:
            for line in self._lines():
                if self._is_stopped:
                    return
                if line is None:
                    yield None
                    continue
                self._given += 1
                yield pack(line)
            self._is_read_out = True
        except BatchError as error:
            self._trouble = str(error)
        except OSError as error:
            self._trouble = self._source.trouble(error)

    def _lines(self) -> Iterator[Line | None]:
        """Compose what decides on each line: is it chosen, undone, due, and new?"""
        lines = self._selection.of(self._source.lines())
        if self._finished is not None:
            lines = self._finished.leave_out(lines, self._skip)
        if self._order is not None:
            lines = self._order.paced(lines)
        if self._dedupe is not None:
            lines = self._dedupe.firsts(lines)
        return lines

    def _skip(self, line: Line, done: Done) -> None:
        self.totals.skipped += 1
        self.totals.skipped_failed += done.is_failed
        if self._dedupe is None or done.offset is None or done.length is None:
            return
        self._dedupe.adopt(line, Place(OK, done.offset, done.length))

    # On the way back: from answers to rows that are written.

    def _results(self, answers: Sequence[Answer]) -> Iterator[RowResult]:
        for answer in answers:
            value = answer.value
            if isinstance(value, WorkerDied):
                value = work.failed(label_of(unpack(answer.item), self.format), value)
            if (why := self._outage.note(value)) and not self._trouble:
                self._trouble = why
                self.stop()
            if value.broke and not self._broke:
                self._broke = value.broke
                self.stop()
            if not (value.hopeless or value.broke):
                self._answered += 1
                yield value

    def _settle(self, results: Sequence[RowResult]) -> None:
        """Write what came, what waited for it, and what repeats it."""
        self._release(results)
        if self._dedupe is not None:
            for repeats in self._dedupe.repeats():
                self._release(repeats)

    def _release(self, came: Sequence[RowResult]) -> None:
        ready = came if self._order is None else self._order.release(came)
        for place, results in self._files.sorted_out(ready):
            if results:
                self._write(place, results)

    def _write(self, place: int, results: Sequence[RowResult]) -> None:
        output = self._files.outputs[place]
        written, offset = output.rows, output.size
        try:
            output.append([result.row for result in results])
        finally:
            for result in results[: output.rows - written]:
                self.totals.note(result)
        if self._dedupe is not None:
            self._dedupe.note_written(results, place, offset)

    def _make_dedupe(self, stack: contextlib.ExitStack) -> Dedupe | None:
        if not self._options.dedupe:
            return None
        dedupe = Dedupe(self.format, self._files.outputs)
        return stack.enter_context(contextlib.closing(dedupe))
