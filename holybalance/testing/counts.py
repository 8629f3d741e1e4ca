"""Owns what a mock upstream counts, in memory that outlives the counting process."""

from __future__ import annotations

import enum
import fcntl
import mmap
import os
import tempfile
from dataclasses import dataclass, fields
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """
    What a mock upstream has seen since it started or its counts were reset.

    Args:
        requests: requests for chat and embeddings received whole, in any format and
            whatever came of them.
        answered: those whose sound 2xx reply was begun.
        errors: those that got another status, or a broken answer.
        throttled: those that got 429.
        abandoned: those whose client left before an answer was begun.
        left: those whose client left after that, but before the answer's end; they
            are among `answered` or `errors` as well.
        connections_accepted: connections accepted, for whatever they were used.
        connections_open: connections open now; a reset does not change it.
    """

    requests: int
    answered: int
    errors: int
    throttled: int
    abandoned: int
    left: int
    connections_accepted: int
    connections_open: int

    def since(self, earlier: Counts) -> Counts:
        """What has been added since `earlier`; `connections_open` stays as it is."""
        differences = {
            name: getattr(self, name) - getattr(earlier, name) for name in _names()
        }
        return Counts(**(differences | {"connections_open": self.connections_open}))


def _names() -> list[str]:
    return [field.name for field in fields(Counts)]


class Cell(enum.IntEnum):
    """The place of each count in the shared memory, in the order of `Counts`."""

    REQUESTS = 0
    ANSWERED = 1
    ERRORS = 2
    THROTTLED = 3
    ABANDONED = 4
    LEFT = 5
    CONNECTIONS_ACCEPTED = 6
    CONNECTIONS_OPEN = 7


_SIZE = len(Cell) * 8
# The numbers below belong to standard input, output and error.
_FIRST_FREE = 3


class Tally:
    """
    Counts in a memory map: one process adds, any process reads at any time.

    There is no lock. Each cell is an aligned 64-bit integer with one writer, so a
    reader never sees half of one.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._cells = memoryview(memory).cast("q")

    @classmethod
    def anonymous(cls) -> Tally:
        """Counts that only this process sees."""
        return cls(mmap.mmap(-1, _SIZE))

    @classmethod
    def attach(cls, descriptor: int) -> Tally:
        """The counts in a file that `create_file` made."""
        return cls(mmap.mmap(descriptor, _SIZE))

    def add(self, cell: Cell, amount: int = 1) -> None:
        """Add to one count; for the one writing process only."""
        self._cells[cell] += amount

    def forget_connections(self) -> None:
        """Set the open connections to 0, for a process that has just begun."""
        self._cells[Cell.CONNECTIONS_OPEN] = 0

    def counts(self) -> Counts:
        """All counts as they are now."""
        return Counts(**dict(zip(_names(), self._cells, strict=True)))

    def close(self) -> None:
        """Give the memory back; the file, if there is one, stays open."""
        self._cells.release()
        self._memory.close()


def create_file() -> IO[bytes]:
    """
    Make a file for a tally, all counts 0; the caller closes it.

    It has no name, so nothing is left of it however its owners end.
    """
    with tempfile.TemporaryFile() as low:
        # Where the shell closed standard input, the file may have got its number, and
        # a child would find its own standard input there instead.
        number = fcntl.fcntl(low.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    file = os.fdopen(number, "w+b")
    file.write(bytes(_SIZE))
    file.flush()
    return file
