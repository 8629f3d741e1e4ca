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


@pytest.mark.parametrize(
    ("unpriced", "cost_usd", "cost"),
    [(0, 0.0, "$0.00"), (0, 1.5, "$1.50"), (3, 1.5, "$1.50+"), (7, 0.0, "unknown")],
)
def test_the_live_cost(unpriced: int, cost_usd: float, cost: str) -> None:
    """A cost that nobody knows is never shown as none."""
    totals = Totals()
    totals.ok, totals.unpriced, totals.cost_usd = 7, unpriced, cost_usd
    assert cost == totals.short_cost


def test_one_token() -> None:
    """A single token is one in words as well."""
    totals = Totals()
    totals.input_tokens = 1
    assert "1 token in, 0 out" in totals.summary(1.0)


def test_many_kinds_of_failure() -> None:
    """Five are shown, long messages are cut, and made-up codes cost no memory."""
    totals = Totals()
    for number in range(1000):
        totals.note_failure(f"code-{number}", "why " * 100 + "\nmore")
    reasons = totals.summary(1.0).splitlines()[2:]
    assert 6 == len(reasons)
    assert reasons[0].startswith("  900 x other: why why")
    assert reasons[0].endswith("…")
    assert max(map(len, reasons)) < 130
    assert "  and 96 other codes" == reasons[-1]
