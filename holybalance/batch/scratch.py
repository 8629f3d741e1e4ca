"""Owns what grows with the rows and so is kept out of memory: private SQLite tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from holybalance.errors import BatchError


class Table:
    """
    A table in a temporary file that nobody else sees, and that goes when it is closed.

    SQLite keeps some megabytes of it in memory. Any one thread at a time may use it.

    Args:
        schema: the statement that makes it.
    """

    def __init__(self, schema: str) -> None:
        # Imported here: a batch that neither resumes nor dedupes has no use for it.
        import sqlite3  # noqa: PLC0415

        self._error = sqlite3.Error
        self._database = sqlite3.connect("", check_same_thread=False)
        # One transaction to the end, with nothing to fall back to.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self.execute(schema)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """
        Do what a statement says, and give the rows that come of it.

        Raises:
            BatchError: the disk is full, most likely.
        """
        try:
            return self._database.execute(statement, values).fetchall()
        except self._error as error:
            raise _trouble(error) from error

    def add(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """
        Do what a statement says with each row.

        Raises:
            BatchError: the disk is full, most likely.
        """
        try:
            self._database.executemany(statement, rows)
        except self._error as error:
            raise _trouble(error) from error

    def close(self) -> None:
        """Let the temporary file go."""
        self._database.close()


def _trouble(error: Exception) -> BatchError:
    return BatchError(
        f"cannot keep notes in a temporary file: {error}; $TMPDIR says in which folder"
    )
