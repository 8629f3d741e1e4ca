"""Owns how a run's progress is shown: one live line, or plain ones for a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from holybalance_cli.batch.totals import Totals

PLAIN_INTERVAL_S = 5.0


class View(Protocol):
    """What shows progress; a context manager."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was found."""

    def update(self) -> None:
        """Look at the totals and show them; called several times a second."""


def make_view(
    totals: Totals,
    expected: int | None,
    clock: Callable[[], float] = time.monotonic,
    console: Console | None = None,
) -> View:
    """
    Choose a view for where standard error goes.

    Args:
        expected: how many rows there will be; `None` when nobody knows.
    """
    console = console or Console(stderr=True, highlight=False)
    pace = Pace(totals, expected, clock)
    return LiveLine(pace, console) if console.is_terminal else PlainLines(pace, console)


class Pace:
    """How fast a run goes, and so when it will end."""

    def __init__(
        self, totals: Totals, expected: int | None, clock: Callable[[], float]
    ) -> None:
        self.totals = totals
        self.expected = expected
        self.clock = clock
        self._started = clock()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self._started

    @property
    def rate(self) -> float:
        """Rows a second since the start."""
        return self.totals.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def done(self) -> str:
        """How many rows are written, of how many."""
        of = "" if self.expected is None else f" of {self.expected:,}"
        return f"{self.totals.rows:,}{of} done"

    @property
    def left(self) -> str:
        """The time left, as minutes and seconds; empty when nobody knows."""
        if self.expected is None or not self.rate:
            return ""
        seconds = round(max(0, self.expected - self.totals.rows) / self.rate)
        return f"ETA {seconds // 60}:{seconds % 60:02}"


class LiveLine:
    """A single line that is drawn over and over, and is gone at the end."""

    def __init__(self, pace: Pace, console: Console) -> None:
        self._pace = pace
        names = ("done", "failed", "rate", "left", "cost")
        columns = [_column(f"{{task.fields[{name}]}}") for name in names]
        bar = BarColumn(
            bar_width=None,
            complete_style="cyan",
            table_column=Column(ratio=1, min_width=4),
        )
        self._progress = Progress(
            bar, *columns, console=console, transient=True, expand=True
        )
        self._task = self._progress.add_task("", total=pace.expected, **self._fields())

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self) -> None:
        """Bring the line up to date."""
        rows = self._pace.totals.rows
        self._progress.update(self._task, completed=rows, **self._fields())

    def _fields(self) -> dict[str, Any]:
        pace = self._pace
        failed = f"{pace.totals.failed:,} failed"
        return {
            "done": pace.done,
            "failed": f"[red]{failed}[/]" if pace.totals.failed else failed,
            "rate": f"{pace.rate:,.0f}/s",
            "left": pace.left,
            "cost": f"cost {pace.totals.short_cost}",
        }


class PlainLines:
    """A line now and then, for logs."""

    def __init__(self, pace: Pace, console: Console) -> None:
        self._pace = pace
        self._console = console
        self._next = pace.clock() + PLAIN_INTERVAL_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing to put back."""

    def update(self) -> None:
        """Print a line when it is time for one."""
        pace = self._pace
        if pace.clock() < self._next:
            return
        self._next = pace.clock() + PLAIN_INTERVAL_S
        parts = (
            f"{pace.seconds:.0f} s",
            pace.done,
            f"{pace.totals.failed:,} failed",
            f"{pace.rate:,.0f} rows/s",
            pace.left,
            f"cost {pace.totals.cost}",
        )
        line = ", ".join(part for part in parts if part)
        self._console.print(line, markup=False, soft_wrap=True)


def _column(text: str) -> TextColumn:
    return TextColumn(text, table_column=Column(no_wrap=True, justify="right"))
