"""Owns how endpoints are listed: while a run goes on, and when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from holybalance_cli import wording
from holybalance_cli.run.pace import Pace
from holybalance_cli.tables import add_numbers, plain_table

MOST_SHOWN = 12
_LEAST_SHOWN = 3
# The live table's columns of numbers: the width that each keeps, and from which width
# of the terminal on there is room for it.
_COLUMNS = {
    "calls/s": (7, 0),
    "in flight": (9, 56),
    "queued": (6, 100),
    "average": (7, 100),
    "p50": (6, 76),
    "p99": (6, 56),
    "cooling": (7, 0),
    "retries": (7, 76),
    "errors": (6, 100),
    "cost": (8, 100),
}
_COLOURS = {"closed": "green", "half-open": "yellow", "open": "red"}
_BENCHED = "benched"
_NAMED_IN_A_LINE = 5

Endpoints = Mapping[str, Mapping[str, Any]]


def live_table(
    metrics: Mapping[str, Any], pace: Pace, width: int, room: int
) -> list[RenderableType]:
    """
    List the busiest endpoints, one a line, and say how many are left out.

    Args:
        width: columns that there are.
        room: lines that there are.
    """
    endpoints: Endpoints = metrics["endpoints"]
    shown = _busiest(endpoints, pace, max(_LEAST_SHOWN, min(MOST_SHOWN, room)))
    columns = {name: kept for name, (kept, least) in _COLUMNS.items() if width >= least}
    table = plain_table()
    # The one column that gives way where there is little room.
    table.add_column("endpoint")
    table.add_column("circuit", no_wrap=True, min_width=9)
    add_numbers(table, columns)
    for name in shown:
        cells = _live_cells(endpoints[name], pace.rate_of(name))
        title = Text(name, style="bold", no_wrap=True, overflow="ellipsis")
        table.add_row(title, _circuit(endpoints[name]), *map(cells.get, columns))
    rest = {name: each for name, each in endpoints.items() if name not in shown}
    return [table, Text(_rest(rest), style="dim")] if rest else [table]


def troubles(metrics: Mapping[str, Any]) -> str:
    """Name the endpoints that take no calls now, in a part of a line."""
    endpoints: Endpoints = metrics["endpoints"]
    named = [name for name, each in endpoints.items() if _is_out(each)]
    if not named:
        return ""
    more = len(named) - _NAMED_IN_A_LINE
    rest = f" and {more} more" if more > 0 else ""
    return f"out of use: {', '.join(named[:_NAMED_IN_A_LINE])}{rest}"


def final_table(endpoints: Endpoints) -> Table:
    """List what each endpoint has done."""
    table = plain_table()
    table.add_column("endpoint", overflow="fold", style="bold")
    add_numbers(table, {"calls": 7, "retries": 7, "errors": 6})
    add_numbers(table, {"p50": 6, "p99": 6, "cost": 7})
    for name, each in endpoints.items():
        errors = sum(each["errors"].values())
        table.add_row(
            Text(name),
            f"{each['calls']:,}",
            f"{each['retries']:,}",
            Text(f"{errors:,}", style="red" if errors else ""),
            wording.seconds(each["p50_s"]),
            wording.seconds(each["p99_s"]),
            _cost(each),
        )
    return table


def _busiest(endpoints: Endpoints, pace: Pace, most: int) -> list[str]:
    """Choose the busiest; they keep their order, so that no line jumps."""

    def business(name: str) -> tuple[float, int]:
        return pace.rate_of(name), endpoints[name]["attempts"]

    chosen = set(sorted(endpoints, key=business, reverse=True)[:most])
    return [name for name in endpoints if name in chosen]


def _circuit(endpoint: Mapping[str, Any]) -> Text:
    breaker = endpoint["breaker"]
    return Text(breaker, style=_COLOURS.get(breaker, ""))


def _live_cells(endpoint: Mapping[str, Any], per_s: float) -> dict[str, RenderableType]:
    """Write the numbers of an endpoint, by their columns."""
    errors = sum(endpoint["errors"].values())
    return {
        "calls/s": wording.rate(per_s).removesuffix("/s"),
        "in flight": f"{endpoint['in_flight']:,}",
        "queued": f"{endpoint['queued']:,}",
        "average": wording.seconds(endpoint["average_s"]),
        "p50": wording.seconds(endpoint["p50_s"]),
        "p99": wording.seconds(endpoint["p99_s"]),
        "cooling": _cooling(endpoint["cool_down_s"]),
        "retries": wording.short(endpoint["retries"]),
        "errors": Text(wording.short(errors), style="red" if errors else ""),
        "cost": _cost(endpoint),
    }


def _cooling(seconds: float | None) -> Text:
    if seconds is None:  # its key was refused
        return Text(_BENCHED, style="red")
    return Text(wording.seconds(seconds) if seconds else wording.NOTHING)


def _cost(endpoint: Mapping[str, Any]) -> str:
    if not endpoint["success"]:
        return wording.NOTHING
    return wording.short_cost(endpoint["cost_usd"], endpoint["unpriced"])


def _is_out(endpoint: Mapping[str, Any]) -> bool:
    return endpoint["breaker"] == "open" or endpoint["cool_down_s"] is None


def _rest(endpoints: Endpoints) -> str:
    out = sum(map(_is_out, endpoints.values()))
    trouble = f", {out} of them out of use" if out else ""
    return f"and {wording.count(len(endpoints), 'other endpoint')}{trouble}"
