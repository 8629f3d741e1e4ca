"""Owns what a batch knows of the workers who answer its lines: their face, no more."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from holybalance.batch.work import RowWork


class Answer(Protocol):
    """What came of an item: a `RowResult`, `None`, or a `WorkerDied`."""

    @property
    def item(self) -> bytes:
        """The item as it was given."""

    @property
    def value(self) -> Any:
        """What `RowWork.perform` returned, or the error that ended its worker."""


class Counts(Protocol):
    """The merged counts of all workers."""

    def snapshot(self) -> Mapping[str, Any]:
        """Give them as `Client.metrics` does."""


class Crew(Protocol):
    """Those who do the work, usually `holybalance.launching.crew.Crew`."""

    def perform(
        self,
        work: RowWork,
        items: Iterator[bytes | None],
        expected: int | None = None,
    ) -> Generator[Sequence[Answer], None, None]:
        """
        Have items worked on, and give what comes of them, as it comes.

        Gives a list at least four times a second, which may be empty. Items are pulled
        in the thread that iterates; `None` is no item: ask again soon.
        """

    def drain(self) -> None:
        """Begin nothing more; for any thread."""

    def abort(self) -> None:
        """End at once; for any thread."""

    def report(self) -> Counts:
        """Give the counts so far; for any thread."""
