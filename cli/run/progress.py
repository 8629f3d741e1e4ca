"""Owns how a run's progress is shown: a live picture, or plain lines for a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from holybalance_cli import wording
from holybalance_cli.run import endpoints
from holybalance_cli.run.pace import Counted, Pace

PLAIN_INTERVAL_S = 5.0
# Lines of the picture that are no endpoints, and some of what was printed before.
_OTHER_LINES = 10


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
        """Look at how things stand and show it; called several times a second."""

    def say(self, text: str) -> None:
        """Print a line that stays."""


def make_view(
    batch: Counted,
    metrics: Callable[[], dict[str, Any]],
    *,
    clock: Callable[[], float] = time.monotonic,
    console: Console | None = None,
    is_live: bool = True,
) -> View:
    """
    Choose a view for where standard error goes.

    Args:
        batch: what is run.
        metrics: gives the launcher's metrics.
        is_live: draw a picture if it is a terminal; otherwise lines even there.
    """
    console = console or Console(stderr=True, highlight=False)
    pace = Pace(batch, clock)
    if is_live and console.is_terminal and not console.is_dumb_terminal:
        return LivePicture(pace, metrics, console)
    return PlainLines(pace, metrics, console)


class LivePicture:
    """A picture that is drawn anew several times a second, and is gone at the end."""

    def __init__(
        self, pace: Pace, metrics: Callable[[], dict[str, Any]], console: Console
    ) -> None:
        self._pace = pace
        self._metrics = metrics
        self._console = console
        # Rows may go to standard output meanwhile: nobody is to stand in between.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def update(self) -> None:
        """Draw the picture."""
        metrics = self._metrics()
        self._pace.observe(metrics)
        room = self._console.height - _OTHER_LINES
        table = endpoints.live_table(metrics, self._pace, self._console.width, room)
        picture = Group(self._bar(), self._figures(metrics), Text(), *table)
        self._live.update(picture, refresh=True)

    def say(self, text: str) -> None:
        """Print a line above the picture."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _bar(self) -> RenderableType:
        pace = self._pace
        row = Table.grid(padding=(0, 2, 0, 0), expand=True)
        row.add_column(ratio=1, min_width=8)
        for _ in range(3):
            row.add_column(no_wrap=True, justify="right")
        left = "" if pace.left_s is None else f"ETA {wording.duration(pace.left_s)}"
        row.add_row(
            ProgressBar(
                total=pace.expected, completed=pace.done, complete_style="cyan"
            ),
            _done(pace),
            Text(wording.rate(pace.rate), style="bold"),
            left,
        )
        return row

    def _figures(self, metrics: dict[str, Any]) -> RenderableType:
        totals, separator = self._pace.totals, "  "
        return Text.assemble(
            (f"{totals.failed:,} failed", "bold red" if totals.failed else ""),
            separator,
            f"{metrics['in_flight']:,} in flight",
            separator,
            *self._held(separator),
            f"{wording.short(totals.input_tokens)} tokens in, "
            f"{wording.short(totals.output_tokens)} out",
            separator,
            _cost(self._pace, "~").replace("unknown", "cost unknown"),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _held(self, separator: str) -> tuple[str, ...]:
        held = _held(self._pace)
        return (held, separator) if held else ()


class PlainLines:
    """A line now and then, for logs."""

    def __init__(
        self, pace: Pace, metrics: Callable[[], dict[str, Any]], console: Console
    ) -> None:
        self._pace = pace
        self._metrics = metrics
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
        metrics = self._metrics()
        self._pace.observe(metrics)
        if self._pace.clock() >= self._next:
            self._next = self._pace.clock() + PLAIN_INTERVAL_S
            self.say(self._line(metrics))

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _line(self, metrics: dict[str, Any]) -> str:
        pace, totals = self._pace, self._pace.totals
        tokens = wording.short(totals.input_tokens)
        parts = (
            f"{pace.seconds:.0f} s",
            f"{_done(pace)} done",
            f"{totals.failed:,} failed",
            wording.rate(pace.rate),
            "" if pace.left_s is None else f"ETA {wording.duration(pace.left_s)}",
            f"{metrics['in_flight']:,} in flight",
            _held(pace),
            f"{tokens} tokens in, {wording.short(totals.output_tokens)} out",
            f"cost {_cost(pace, 'about ')}",
            endpoints.troubles(metrics),
        )
        return ", ".join(part for part in parts if part)


def _done(pace: Pace) -> str:
    expected = pace.expected
    of = "" if expected is None else f" of {expected:,}"
    return f"{pace.done:,}{of}"


def _held(pace: Pace) -> str:
    held = pace.held
    if held is None:
        return ""
    wait = "answer waits" if held.answers == 1 else "answers wait"
    return f"{held.answers:,} {wait} for row {held.line}'s"


def _cost(pace: Pace, about: str) -> str:
    totals, projected = pace.totals, pace.projected_usd
    cost = wording.short_cost(totals.cost_usd, totals.unpriced)
    if projected is None:
        return cost
    return f"{cost} of {about}{wording.dollars(projected)}"
