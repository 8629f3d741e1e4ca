"""Owns the files that a batch writes: opened, mended, and read for what is done."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from holybalance.batch import mending
from holybalance.batch.finished import Finished
from holybalance.batch.opening import PathName, open_output
from holybalance.batch.options import BatchOptions
from holybalance.batch.output import Output
from holybalance.batch.selection import Selection
from holybalance.batch.source import Source
from holybalance.batch.work import RowResult
from holybalance.errors import BatchError, ConfigError

OK, FAILED = 0, 1
"""Places in `AnswerFiles.outputs`."""


class AnswerFiles:
    """
    The output, and the file of errors where there is one; a context manager.

    Args:
        path: `-` for standard output.

    Raises:
        ConfigError: one of them cannot be written, or has something else in it.
    """

    def __init__(self, path: PathName, options: BatchOptions) -> None:
        self.notes: list[str] = []
        self.outputs: list[Output] = []
        self._is_retry = options.retry_errors
        self._closing = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            for each in (path, options.errors):
                if each is not None:
                    self._open(each, options, stack)
            if self._is_retry and not self.outputs[OK].is_lasting:
                raise ConfigError(
                    "retry_errors goes on with an existing output, and "
                    f"{self.outputs[OK].name} cannot be read"
                )
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

    def find_finished(
        self, source: Source, kind: str, selection: Selection
    ) -> Finished | None:
        """
        Read what is done, and see whether it answers the input.

        Args:
            kind: the input's format.

        Raises:
            ConfigError: it does not, or something else is in between; nothing was
                changed then but a torn last line.
        """
        output = self.outputs[OK]
        if not output.is_lasting or not any(each.size for each in self.outputs):
            return None
        name = " and ".join(each.name for each in self._lasting())
        finished = Finished(kind, source.name, name)
        self._closing.enter_context(contextlib.closing(finished))
        try:
            self._fill(finished)
            if source.is_regular and finished.count:
                _survey(finished, source, selection)
            if self._is_retry:
                self._drop_failed(finished)
        except BatchError as error:
            raise ConfigError(str(error)) from error
        self._note_done(finished)
        return finished if finished.count else None

    def sorted_out(
        self, results: Sequence[RowResult]
    ) -> list[tuple[int, Sequence[RowResult]]]:
        """Say which output each row goes to."""
        if len(self.outputs) == 1:
            return [(OK, results)]
        failed = [result for result in results if result.code is not None]
        ok = [result for result in results if result.code is None]
        return [(OK, ok), (FAILED, failed)]

    def sync(self, *after_s: float) -> None:
        """
        Have the disk keep what was written some time ago.

        Raises:
            BatchError: it does not.
        """
        for output in self.outputs:
            output.sync(*after_s)

    def _open(
        self, path: PathName, options: BatchOptions, stack: contextlib.ExitStack
    ) -> None:
        output = open_output(
            path, may_exist=options.resume, is_read_back=options.dedupe
        )
        self.outputs.append(stack.enter_context(contextlib.closing(output)))
        if not output.is_lasting:
            return
        try:
            if note := mending.mend(output):
                self.notes.append(note)
        except OSError as error:
            raise ConfigError(output.trouble(error)) from error

    def _lasting(self) -> list[Output]:
        return [output for output in self.outputs if output.is_lasting and output.size]

    def _fill(self, finished: Finished) -> None:
        for output in self._lasting():
            rows = mending.find_rows(output)
            if self._is_retry:  # what is to be taken out is not done
                rows = (found for found in rows if not found.row.is_failed)
            try:
                finished.add(rows, are_errors=output is not self.outputs[OK])
            except OSError as error:
                raise ConfigError(output.trouble(error)) from error

    def _drop_failed(self, finished: Finished) -> None:
        for output in self._lasting():
            if not (dropped := mending.drop_failed(output)):
                continue
            rows = "1 failed row" if dropped == 1 else f"{dropped:,} failed rows"
            self.notes.append(f"took {rows} out of {output.name} to call again")
            if output is self.outputs[OK]:
                finished.move(mending.find_rows(output))

    def _note_done(self, finished: Finished) -> None:
        if not finished.count:
            return
        rows = "1 row is" if finished.count == 1 else f"{finished.count:,} rows are"
        failed = f", {finished.failed:,} of them failed" if finished.failed else ""
        self.notes.append(f"{self.outputs[OK].name}: {rows} done already{failed}")


def _survey(finished: Finished, source: Source, selection: Selection) -> None:
    try:
        finished.survey(source.lines, selection.of if selection.is_partial else None)
    except OSError as error:
        raise ConfigError(source.trouble(error)) from error
