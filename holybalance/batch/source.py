"""Owns the input of a batch: opening it, its length, and which format it has."""

from __future__ import annotations

import itertools
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from holybalance.batch import lines
from holybalance.batch.lines import Line
from holybalance.batch.rows import guess_format
from holybalance.errors import ConfigError

DASH = "-"
_STDIN = 0
_GLANCE_S = 1.0


class Source:
    """
    A file, pipe or device that is read line by line; a context manager.

    Args:
        path: `-` for standard input.

    Raises:
        ConfigError: it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.name = "standard input" if self.path == DASH else self.path
        self._closing = ExitStack()
        self._file: IO[bytes] | None = None
        self._descriptor = _STDIN
        try:
            self._open()
        except OSError as error:
            raise ConfigError(self.trouble(error)) from error
        # What was looked at of a pipe, which cannot be read twice.
        self._seen: list[Line] = []
        self._rest = iter(lines.numbered(lines.of_pipe(self._descriptor)))

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
    def is_regular(self) -> bool:
        """Whether it can be read more than once, and has an end that is known."""
        return self._file is not None

    def lines(self) -> Iterator[Line | None]:
        """
        Read it, a regular file from its beginning.

        A pipe that is silent gives `None`, and is to be asked again.

        Raises:
            OSError: it cannot be read.
        """
        if self._file is not None:
            return lines.numbered(lines.of_file(self._file))
        return itertools.chain(self._seen, self._rest)

    def waited_lines(self) -> Iterator[Line]:
        """Read it, and wait where it is silent."""
        for line in self.lines():
            if line is not None:
                yield line
                continue
            while not lines.is_readable(self._descriptor, _GLANCE_S):
                pass

    def settle_format(self, kind: str) -> str:
        """
        Say which format it has, where `kind` is "auto" by its name or first line.

        Raises:
            ConfigError: it cannot be read.
        """
        if kind != "auto":
            return kind
        try:
            return guess_format(self.path, self.first)
        except OSError as error:
            raise ConfigError(self.trouble(error)) from error

    def first(self) -> Line | None:
        """
        Look at the first line, and wait for it; `None` where there is none.

        Raises:
            OSError: it cannot be read.
        """
        if self._seen:
            return self._seen[0]
        first = next(self.waited_lines(), None)
        if first is not None and not self.is_regular:
            self._seen.append(first)
        return first

    def count(self) -> int:
        """
        Count the rows of a regular file.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            return sum(1 for _ in self.lines())
        except OSError as error:
            raise ConfigError(self.trouble(error)) from error

    def trouble(self, error: OSError) -> str:
        """Say in a sentence what went wrong with it."""
        return f"cannot read {self.name}: {error.strerror or error}"

    def _open(self) -> None:
        if self.path == DASH:
            if sys.stdin is None:
                raise ConfigError("standard input is closed; name a file instead")
            return
        is_regular = stat.S_ISREG(Path(self.path).stat().st_mode)
        file = open(self.path, "rb", -1 if is_regular else 0)  # noqa: SIM115 - below
        self._closing.enter_context(file)
        self._descriptor = file.fileno()
        self._file = file if is_regular else None
