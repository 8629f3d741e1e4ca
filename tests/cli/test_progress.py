"""Owns the proof of how a run's progress is shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from holybalance.batch.order import Held
from holybalance_cli import wording
from holybalance_cli.run.pace import Pace, Window
from holybalance_cli.run.progress import PLAIN_INTERVAL_S, make_view
from tests.cli.fakes import Batch, Clock, endpoint, metrics, totals

FRAME_S = 0.25


def _pace(clock: Clock, expected: int | None = 1000) -> Pace:
    return Pace(Batch(totals(), expected), clock)


def _go(pace: Pace, clock: Clock, seconds: float, rows_per_s: float) -> None:
    """Let rows come evenly, with looks as often as a view takes them."""
    began, before = clock.now, pace.totals.ok
    for frame in range(1, round(seconds / FRAME_S) + 1):
        clock.now = began + frame * FRAME_S
        pace.totals.ok = before + round(frame * FRAME_S * rows_per_s)
        pace.observe(metrics())


def test_the_rate_is_of_late() -> None:
    """A quick beginning is forgotten, and so is a slow one."""
    clock = Clock()
    pace = _pace(clock)
    _go(pace, clock, 100, 1000)
    assert pytest.approx(1000) == pace.rate
    _go(pace, clock, 5, 100)
    assert pytest.approx(550, rel=0.05) == pace.rate
    _go(pace, clock, 10, 100)
    assert pytest.approx(100, rel=0.05) == pace.rate
    _go(pace, clock, 10.5, 0)
    assert 0.0 == pace.rate


def test_slow_calls_are_looked_at_for_longer() -> None:
    """With a row every five seconds, ten seconds would say nothing."""
    clock = Clock()
    pace = _pace(clock)
    _go(pace, clock, 200, 0.2)
    _go(pace, clock, 7, 0)
    assert pytest.approx(0.2, rel=0.1) == pace.rate


def test_a_window_keeps_few_looks() -> None:
    """However often it looks and however long it runs, its memory is flat."""
    clock = Clock()
    window = Window(clock)
    for count in range(10_000):
        clock.now += 0.01
        window.observe({"a": count})
    assert pytest.approx(100, rel=0.01) == window.rate("a")
    assert len(window._samples) < 70


def test_what_is_left() -> None:
    """Time and money are for all rows that are expected, at this pace."""
    clock = Clock()
    pace = _pace(clock, expected=5000)
    assert (None, None) == (pace.left_s, pace.projected_usd)
    _go(pace, clock, 20, 100)
    pace.totals.cost_usd = 4.0
    assert pytest.approx(30) == pace.left_s
    assert pytest.approx(10.0) == pace.projected_usd


def test_nobody_knows_what_is_left_of_a_pipe() -> None:
    """Without a number of rows there is no time and no projection."""
    clock = Clock()
    pace = _pace(clock, expected=None)
    _go(pace, clock, 20, 100)
    pace.totals.cost_usd = 4.0
    assert (None, None) == (pace.left_s, pace.projected_usd)


def test_plain_lines_come_now_and_then() -> None:
    """A log gets a line when the interval has passed, and none before."""
    clock, counts, log = Clock(), totals(), io.StringIO()
    console = Console(file=log, width=40, force_terminal=False)
    figures = metrics(
        in_flight=7, a=endpoint(), b=endpoint(breaker="open"), c=endpoint()
    )
    batch = Batch(counts, 20)
    with make_view(batch, lambda: figures, clock=clock, console=console) as view:
        view.update()
        assert "" == log.getvalue()
        clock.now += PLAIN_INTERVAL_S
        counts.ok, counts.failed, counts.cost_usd = 8, 2, 4.0
        counts.input_tokens, counts.output_tokens = 1_234, 56_789
        view.update()
        view.update()
    line = (
        "5 s, 10 of 20 done, 2 failed, 2.0/s, ETA 0:05, 7 in flight, "
        "1.23k tokens in, 56.8k out, cost $4.00 of about $10.00, out of use: b\n"
    )
    assert line == log.getvalue()


def test_answers_that_wait_for_their_turn() -> None:
    """It is said whose, in a log and in the picture."""
    for is_terminal in (False, True):
        clock, log = Clock(), io.StringIO()
        console = Console(file=log, width=100, force_terminal=is_terminal)
        batch = Batch(totals(ok=8), 20, held=Held(1_234, 9))
        with make_view(batch, metrics, clock=clock, console=console) as view:
            clock.now += PLAIN_INTERVAL_S
            view.update()
            batch.held = Held(1, 10)
            clock.now += PLAIN_INTERVAL_S
            view.update()
        assert "0 in flight" in log.getvalue()
        assert "1,234 answers wait for row 9's" in log.getvalue()
        assert "1 answer waits for row 10's" in log.getvalue()


def test_no_time_is_left_while_it_stops() -> None:
    """What is left will not be done, so there is no end of it to be told."""
    clock = Clock()
    batch = Batch(totals(cost_usd=1.0), 1000)
    pace = Pace(batch, clock)
    _go(pace, clock, 20, 10)
    assert pytest.approx(80) == pace.left_s
    batch.is_stopping = True
    assert (None, None) == (pace.left_s, pace.projected_usd)


def test_a_line_that_is_said_stays() -> None:
    """Square brackets in it are no markup."""
    log = io.StringIO()
    console = Console(file=log, force_terminal=False)
    batch = Batch(totals(), 20)
    with make_view(batch, metrics, clock=Clock(), console=console) as view:
        view.say("[red]stopping")
    assert "[red]stopping\n" == log.getvalue()


def _picture(width: int, height: int, figures: dict[str, object]) -> list[str]:
    """Draw a run with large numbers once; give the lines of the picture."""
    clock, counts, screen = Clock(), totals(), io.StringIO()
    console = Console(
        file=screen, width=width, height=height, force_terminal=True, color_system=None
    )
    batch = Batch(counts, 2_000_000)
    view = make_view(batch, lambda: figures, clock=clock, console=console)
    with view:
        clock.now += 1000.0
        counts.ok, counts.failed, counts.cost_usd = 654_321, 1_234, 123.45
        counts.input_tokens, counts.output_tokens = 123_456_789, 456_789_012
        screen.truncate(0)
        screen.seek(0)
        view.update()
        picture = screen.getvalue()
    return picture.split("\n")


_BUSY = {
    "success": 654_321,
    "attempts": 700_000,
    "in_flight": 1_234,
    "average_s": 0.5,
    "p50_s": 0.512,
    "p99_s": 12.34,
    "cool_down_s": 12.5,
    "retries": 12_345,
    "errors": {"sick": 1_234},
    "cost_usd": 123.45,
}


@pytest.mark.parametrize("width", [50, 60, 76])
def test_a_narrow_terminal(width: int) -> None:
    """It has fewer columns, and each is whole from its first cell on."""
    names = {f"a-rather-long-name-{n}": endpoint(**_BUSY) for n in range(3)}
    lines = _picture(width, 24, metrics(2_000, **names))
    assert max(map(len, lines)) <= width + len("\x1b[2K") + 1
    assert 7 == len([line for line in lines if line.strip()])
    for part in ("655,555 of 2,000,000", "endpoint", "circuit", "calls/s", "cooling"):
        assert part in "\n".join(lines)
    assert 3 == sum(line.startswith("a-rather") for line in lines)
    assert 3 == sum("closed" in line and "12.5 s" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_the_picture_fits(width: int) -> None:
    """However large its numbers and long its names, no line is wrapped or cut."""
    names = {f"a-rather-long-name-{n}": endpoint(**_BUSY) for n in range(3)}
    lines = _picture(width, 24, metrics(2_000, **names))
    assert 7 == len([line for line in lines if line.strip()])
    assert max(map(len, lines)) <= width + len("\x1b[2K") + 1
    text = "\n".join(lines)
    for part in (
        "655,555 of 2,000,000",
        "1,234 failed",
        "2,000 in flight",
        "123M tokens in, 457M out",
        "$123.45 of ~$377.34",
        "a-rather-lon",
        "closed",
        "12.3 s",
        "12.5 s",
        "12.3k",
    ):
        assert part in text
    assert (width >= 100) == ("queued" in text)


def test_endpoints_in_trouble_stand_out() -> None:
    """An open circuit and a refused key are seen at once."""
    figures = metrics(
        a=endpoint(breaker="half-open"),
        b=endpoint(breaker="open", cool_down_s=3.0),
        c=endpoint(cool_down_s=None),
    )
    lines = "\n".join(_picture(80, 24, figures))
    for state in ("half-open", "open", "3.00 s", "benched"):
        assert state in lines


@pytest.mark.parametrize(("height", "shown"), [(40, 12), (18, 8)])
def test_many_endpoints(height: int, shown: int) -> None:
    """The busiest are shown in their order, as many as have room."""
    figures = {
        f"e{n}": endpoint(
            attempts=n % 20, breaker="open" if n in (0, 20, 19) else "closed"
        )
        for n in range(40)
    }
    lines = _picture(80, height, metrics(0, **figures))
    named = [line.split()[0] for line in lines if line.strip().startswith("e")]
    named = [name for name in named if name != "endpoint"]
    assert shown == len(named)
    assert sorted(named, key=lambda name: int(name[1:])) == named
    assert {"e19", "e39"} <= set(named)
    rest = f"and {40 - shown} other endpoints, 2 of them out of use"
    assert any(rest in line for line in lines)


@pytest.mark.parametrize(
    ("unpriced", "cost_usd", "long", "short"),
    [
        (0, 0.0, "$0.00", "$0.00"),
        (0, None, "$0.00", "$0.00"),
        (0, 1.5, "$1.50", "$1.50"),
        (3, 1.5, "$1.50 + 3 unpriced", "$1.50+"),
        (7, 0.0, "unknown", "unknown"),
        (7, None, "unknown", "unknown"),
    ],
)
def test_costs(unpriced: int, cost_usd: float | None, long: str, short: str) -> None:
    """A cost that nobody knows is never shown as none."""
    assert long == wording.cost(cost_usd, unpriced)
    assert short == wording.short_cost(cost_usd, unpriced)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0:00"),
        (7.0, "0:07"),
        (59.6, "1:00"),
        (3_599.0, "59:59"),
        (11_100.0, "3:05:00"),
        (200_000.0, "2 d 7 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """From seconds to days, always readable at a glance."""
    assert words == wording.duration(seconds)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.00k"),
        (12_345, "12.3k"),
        (999_999, "1000k"),
        (4_560_000, "4.56M"),
        (99_999_999, "100M"),
        (7_000_000_000, "7.00G"),
    ],
)
def test_short_numbers(number: int, words: str) -> None:
    """Three digits and a letter."""
    assert words == wording.short(number)


@pytest.mark.parametrize(
    ("per_s", "words"),
    [(0.0, "0.0/s"), (0.034, "0.034/s"), (2.04, "2.0/s"), (1234.5, "1,234/s")],
)
def test_rates(per_s: float, words: str) -> None:
    """As many digits as say something."""
    assert words == wording.rate(per_s)
