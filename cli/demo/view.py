"""Owns how a performance looks: live on a terminal, line by line anywhere else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from holybalance_cli import wording
from holybalance_cli.demo.figures import Rates
from holybalance_cli.demo.performance import Event, Performance
from holybalance_cli.demo.scenario import PROGRAMME, VICTIM, Phase
from holybalance_cli.tables import add_numbers, plain_table, show

_PLAIN_INTERVAL_S = 2.0
_EVENTS_SHOWN = 6
_BAR_CELLS = 20
# Narrower than this, the share is a number without a bar.
_WIDE = 100
_LEGEND = (
    f"before, during, after: shares of the replies around the outage of {VICTIM}\n"
    "retries: calls that it took over from another endpoint"
)
_COLOURS = {"closed": "green", "half-open": "yellow", "open": "red"}


class View(Protocol):
    """Shows a performance as it goes on."""

    def update(self, metrics: dict[str, Any]) -> None:
        """Show how things stand; called several times a second."""


@contextlib.contextmanager
def watching(performance: Performance, console: Console) -> Iterator[View]:
    """Announce a performance, and give the view that suits where it is shown."""
    calls = wording.count(performance.calls, "call")
    console.print(
        f"[bold]holybalance demo[/]: {calls} to three mock upstreams on this machine."
    )
    console.print(Text(PROGRAMME, style="dim"))
    console.print()
    if not console.is_terminal:
        yield PlainView(performance, console)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield LiveView(performance, live)


class LiveView:
    """A picture that is drawn anew several times a second, always of one height."""

    def __init__(self, performance: Performance, live: Live) -> None:
        self._performance = performance
        self._live = live
        self._rates = Rates()

    def update(self, metrics: dict[str, Any]) -> None:
        """Draw the picture."""
        self._rates.observe(self._performance.ledger)
        picture = Group(
            self._bar(),
            Text(_workers(metrics), style="dim"),
            Text(),
            self._table(metrics),
            Text(),
            self._events(),
        )
        self._live.update(picture, refresh=True)

    def _bar(self) -> RenderableType:
        performance = self._performance
        done, calls = performance.ledger.done, performance.calls
        errors = wording.count(performance.ledger.errors.total(), "error")
        row = Table.grid(padding=(0, 2, 0, 0), expand=True)
        row.add_column(ratio=1, min_width=10)
        for _ in range(4):
            row.add_column(no_wrap=True, justify="right")
        row.add_row(
            ProgressBar(total=calls, completed=done, complete_style="cyan"),
            f"{done:,} of {calls:,}",
            Text(f"{self._rates.total():,.0f} calls/s", style="bold"),
            Text(errors, style="red" if performance.ledger.errors else ""),
            wording.dollars(performance.ledger.cost_usd),
        )
        return row

    def _table(self, metrics: dict[str, Any]) -> RenderableType:
        is_wide = self._live.console.width >= _WIDE
        table = plain_table()
        table.add_column("endpoint", no_wrap=True)
        table.add_column("circuit", no_wrap=True, min_width=9)
        if is_wide:
            table.add_column("last second", no_wrap=True, width=_BAR_CELLS)
        add_numbers(
            table,
            {"share": 5, "calls/s": 7, "in flight": 9, "p50": 6, "p99": 6},
        )
        add_numbers(table, {"429s": 7, "retries": 7})
        for name, endpoint in metrics["endpoints"].items():
            share = self._rates.share(name)
            bar = [Text("█" * round((share or 0) * _BAR_CELLS), style="cyan")]
            table.add_row(
                Text(name, style="bold"),
                Text(endpoint["breaker"], style=_COLOURS[endpoint["breaker"]]),
                *(bar if is_wide else []),
                wording.percent(share),
                f"{self._rates.of(name):,.0f}",
                f"{endpoint['in_flight']:,}",
                wording.seconds(endpoint["p50_s"]),
                wording.seconds(endpoint["p99_s"]),
                f"{endpoint['errors'].get('throttled', 0):,}",
                f"{endpoint['retries']:,}",
            )
        return table

    def _events(self) -> RenderableType:
        shown = self._performance.events[-_EVENTS_SHOWN:]
        lines = [_line_of(event) for event in shown]
        return Text("\n".join(lines + [""] * (_EVENTS_SHOWN - len(lines))))


class PlainView:
    """Events as they happen, and a line every few seconds."""

    def __init__(self, performance: Performance, console: Console) -> None:
        self._performance = performance
        self._console = console
        self._rates = Rates()
        self._next = _PLAIN_INTERVAL_S
        self._told = 0

    def update(self, metrics: dict[str, Any]) -> None:
        """Print what is new."""
        self._rates.observe(self._performance.ledger)
        events = self._performance.events
        for event in events[self._told :]:
            self._print(_line_of(event))
        self._told = len(events)
        if self._performance.seconds >= self._next:
            self._next = self._performance.seconds + _PLAIN_INTERVAL_S
            self._print(self._progress(metrics))

    def _progress(self, metrics: dict[str, Any]) -> str:
        performance = self._performance
        shares = ", ".join(
            f"{name} {wording.percent(self._rates.share(name))}"
            for name in metrics["endpoints"]
        )
        text = (
            f"{performance.ledger.done:,} of {performance.calls:,}, "
            f"{self._rates.total():,.0f} calls/s ({shares})"
        )
        return _line_of(Event(at=performance.seconds, text=text))

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def show_final(figures: dict[str, Any], console: Console) -> None:
    """Print what a performance came to."""
    for event in figures["events"]:
        line = _line_of(Event(at=event["at_s"], text=event["text"]))
        if console.is_terminal:  # elsewhere they are told already
            console.print(line, markup=False, highlight=False)
    console.print()
    show(console, _facts(figures))
    console.print()
    show(console, _final_table(figures["endpoints"]))
    console.print(Text(_LEGEND, style="dim"))
    console.print(_verdict(figures))


def _facts(figures: dict[str, Any]) -> RenderableType:
    latencies = ", ".join(
        f"{name} {wording.seconds(figures[f'{name}_s'])}"
        for name in ("p50", "p90", "p99")
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    speed = f"{figures['seconds']:.1f} s, {figures['calls_per_s']:,.0f} calls/s"
    grid.add_row("wall time", speed)
    team = _team(figures["processes"], figures["threads"])
    grid.add_row("workers", team)
    grid.add_row("latency", f"{latencies}, waiting and retries included")
    grid.add_row("throttles", f"{figures['throttles']:,} (429 with Retry-After)")
    retries = f"{figures['retries']:,}, which moved {figures['failovers']:,} calls"
    grid.add_row("retries", f"{retries} to another endpoint")
    grid.add_row("cost", wording.dollars(figures["cost_usd"]))
    return grid


def _final_table(endpoints: dict[str, Any]) -> Table:
    table = plain_table()
    table.add_column("endpoint", no_wrap=True, style="bold")
    add_numbers(table, {"answered": 8})
    add_numbers(table, {phase.value: len(phase.value) for phase in Phase})
    add_numbers(table, {"429s": 4, "failed": 6, "retries": 7, "p50": 6, "p99": 6})
    for name, endpoint in endpoints.items():
        table.add_row(
            name,
            f"{endpoint['answered']:,}",
            *(wording.percent(endpoint["share"][phase.value]) for phase in Phase),
            f"{endpoint['throttled']:,}",
            f"{endpoint['failed']:,}",
            f"{endpoint['retries']:,}",
            wording.seconds(endpoint["p50_s"]),
            wording.seconds(endpoint["p99_s"]),
        )
    return table


def _verdict(figures: dict[str, Any]) -> Text:
    replies, calls = figures["replies"], figures["calls"]
    text = f"\n{replies:,} replies of {calls:,} calls"
    if not figures["missing"]:
        return Text(f"{text}, no errors.", style="bold green")
    lines = [f"{text}; {figures['missing']:,} are missing:"]
    lines += [f"  {count:,} x {error}" for error, count in figures["errors"].items()]
    return Text("\n".join(lines), style="bold red")


def _workers(metrics: dict[str, Any]) -> str:
    workers = metrics["workers"]
    if not workers:
        return "worker processes are starting"
    team = _team(len(workers), sum(worker["threads"] for worker in workers))
    return f"{team}; they report twice a second"


def _team(processes: int, threads: int) -> str:
    noun = "process" if processes == 1 else "processes"
    return f"{processes:,} worker {noun}, {wording.count(threads, 'thread')}"


def _line_of(event: Event) -> str:
    return f"{event.at:5.1f} s  {event.text}"
