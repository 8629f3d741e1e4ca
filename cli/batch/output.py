"""Owns writing rows: each at once and whole, or not at all where that can be had."""

from __future__ import annotations

import os
import select
import stat
from typing import IO


class OutputError(Exception):
    """A row could not be written; says where and why."""


class Output:
    """
    Takes whole rows for a file, a device or a pipe.

    Args:
        file: best without a buffer, for a row must not stay behind in one.
        name: what it is called in messages.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name

    def write(self, row: bytes) -> None:
        """
        Write a row; of one that does not fit, a regular file keeps nothing.

        Raises:
            BrokenPipeError: whoever read it has left.
            OutputError: it cannot be written.
        """
        rest = memoryview(row)
        try:
            while rest:
                # A raw file may take a part only, or nothing where it cannot block.
                taken = self._file.write(rest)
                if taken is None:
                    select.select([], [self._file], [])
                rest = rest[taken or 0 :]
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._take_back(len(row) - len(rest))
            message = f"cannot write {self._name}: {error.strerror or error}"
            raise OutputError(message) from error

    def _take_back(self, written: int) -> None:
        descriptor = self._file.fileno()
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            os.ftruncate(descriptor, status.st_size - written)
