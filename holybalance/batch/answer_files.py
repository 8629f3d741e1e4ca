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
        self._closing = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            for each in (path, options.errors):
                if each is not None:
                    self._open(each, options, stack)
            if options.retry_errors:
                self._drop_failed()
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
            ConfigError: it does not, or something else is in between.
        """
        output = self.outputs[OK]
        if not output.is_lasting or not any(each.size for each in self.outputs):
            return None
        finished = Finished(kind, source.name, output.name)
        self._closing.enter_context(contextlib.closing(finished))
        try:
            self._fill(finished)
            if source.is_regular:
                finished.compare(selection.of(source.lines()))
        except BatchError as error:
            raise ConfigError(str(error)) from error
        except OSError as error:
            raise ConfigError(source.trouble(error)) from error
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

    def _fill(self, finished: Finished) -> None:
        # A row that is in both was called again, and the output has its answer.
        for output in reversed(self.outputs):
            if output.is_lasting:
                finished.add(mending.find_rows(output))
        if finished.count:
            rows = "1 row is" if finished.count == 1 else f"{finished.count:,} rows are"
            self.notes.append(f"{self.outputs[OK].name}: {rows} done already")

    def _drop_failed(self) -> None:
        if not self.outputs[OK].is_lasting:
            raise ConfigError(
                "retry_errors goes on with an existing output, and "
                f"{self.outputs[OK].name} cannot be read"
            )
        for output in self.outputs:
            if output.is_lasting and (dropped := mending.drop_failed(output)):
                rows = "1 failed row" if dropped == 1 else f"{dropped:,} failed rows"
                self.notes.append(f"took {rows} out of {output.name} to call again")
