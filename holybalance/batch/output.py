"""Owns writing rows to one file or pipe, whole ones only where that can be had."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import stat
import time
from collections.abc import Callable, Sequence
from typing import IO

from holybalance.errors import BatchError

SYNC_S = 5.0
"""What is written is on the disk after so many seconds, even if the power fails."""


class Output:
    """
    Takes whole rows for a file, a device or a pipe; its owner closes it.

    Args:
        file: without a buffer, for a row must not stay behind in one. A regular one
            that is ours is open for reading and for appending.
        name: what it is called in messages.
        spool: keeps a copy of all rows, for a file that cannot be read back.
        is_owned: whether closing it is ours to do.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        *,
        spool: IO[bytes] | None = None,
        is_owned: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.file = file
        self.rows = 0
        self.is_regular = _is_regular(file)
        # A later run can go on from what it has.
        self.is_lasting = self.is_regular and is_owned
        self._spool = spool
        self._is_owned = is_owned
        self._clock = clock
        self._unsynced_since: float | None = None
        # Where the next row goes, in what `read` reads.
        self.size = 0
        if self.is_lasting:
            self.size = os.fstat(file.fileno()).st_size

    def append(self, rows: Sequence[bytes]) -> None:
        """
        Write rows at once; a regular file keeps nothing of one that does not fit.

        `rows` counts what is written whole, also when this raises.

        Raises:
            BrokenPipeError: whoever read it has left.
            BatchError: it cannot be written.
        """
        data, taken = b"".join(rows), 0
        try:
            while taken < len(data):
                # A raw file may take a part only, or nothing where it cannot block.
                count = self.file.write(memoryview(data)[taken:])
                if count is None:
                    _wait_for_room(self.file.fileno())
                taken += count or 0
            self.file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            taken -= self._take_back(data[:taken])
            raise BatchError(self.trouble(error)) from error
        finally:
            self._note_written(data, taken)
        self._keep(data)

    def read(self, offset: int, length: int) -> bytes:
        """Give back what was written."""
        file = self.file if self._spool is None else self._spool
        return os.pread(file.fileno(), length, offset)

    def sync(self, after_s: float = SYNC_S) -> None:
        """
        Have the disk keep what was written, once it has waited so long.

        Raises:
            BatchError: it does not.
        """
        since = self._unsynced_since
        if since is None or self._clock() - since < after_s:
            return
        try:
            os.fsync(self.file.fileno())
        except OSError as error:
            raise BatchError(self.trouble(error)) from error
        self._unsynced_since = None

    def close(self) -> None:
        """Close it, after a last attempt to have the disk keep it."""
        with contextlib.suppress(BatchError):
            self.sync(0.0)
        if self._is_owned:
            self.file.close()
        if self._spool is not None:
            self._spool.close()

    def trouble(self, error: OSError) -> str:
        """Say in a sentence what went wrong with it."""
        return f"cannot write {self.name}: {error.strerror or error}"

    def _keep(self, data: bytes) -> None:
        if self._spool is None:
            return
        try:
            if self._spool.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise BatchError(f"cannot keep a copy of {self.name}: {error}") from error

    def _note_written(self, data: bytes, taken: int) -> None:
        self.rows += data.count(b"\n", 0, taken)
        self.size += taken
        if taken and self.is_regular and self._unsynced_since is None:
            self._unsynced_since = self._clock()

    def _take_back(self, written: bytes) -> int:
        """Cut off a row that is not whole; give the bytes that are gone."""
        torn = len(written) - written.rfind(b"\n") - 1
        if not self.is_regular:
            return 0
        descriptor = self.file.fileno()
        # Where even that fails, the next run mends it.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - torn)
        return torn


def _is_regular(file: IO[bytes]) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except io.UnsupportedOperation:  # a file in memory, as in tests
        return False


def _wait_for_room(descriptor: int) -> None:
    # Not `select`, which refuses descriptors from 1,024 on.
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()
