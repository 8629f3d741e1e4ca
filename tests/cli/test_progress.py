"""Owns the proof of how a run's progress is shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from holybalance_cli.batch.progress import PLAIN_INTERVAL_S, make_view
from holybalance_cli.batch.totals import Totals


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_come_now_and_then() -> None:
    """A log gets a line when the interval has passed, and none before."""
    clock, totals, log = Clock(), Totals(), io.StringIO()
    console = Console(file=log, width=40, force_terminal=False)
    with make_view(totals, 20, clock, console) as view:
        view.update()
        assert "" == log.getvalue()
        clock.now += PLAIN_INTERVAL_S
        totals.failed = 10
        view.update()
        view.update()
    line = "5 s, 10 of 20 done, 10 failed, 2 rows/s, ETA 0:05, cost $0.00\n"
    assert line == log.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("expected", [None, 1_000_000])
def test_the_live_line_is_one_line(width: int, expected: int | None) -> None:
    """However large its numbers, it is never wrapped."""
    clock, totals, screen = Clock(), Totals(), io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None)
    with make_view(totals, expected, clock, console) as view:
        clock.now += 1000.0
        totals.ok, totals.failed, totals.cost_usd = 654_321, 1_234, 123.45
        view.update()
    lines = [line for line in screen.getvalue().split("\n") if "655,555" in line]
    assert lines
    for line in lines:
        assert "1,234 failed" in line
        assert "$123.45" in line
