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
# From so many columns on there is room for more.
_WIDE = 100
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
    is_wide = width >= _WIDE
    table = _live_head(is_wide=is_wide)
    for name in shown:
        table.add_row(*_live_cells(name, endpoints[name], pace, is_wide=is_wide))
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


def _live_head(*, is_wide: bool) -> Table:
    table = plain_table()
    # The one column that gives way where there is little room.
    table.add_column("endpoint")
    table.add_column("circuit", no_wrap=True, min_width=9)
    add_numbers(table, {"calls/s": 7, "in flight": 9})
    if is_wide:
        add_numbers(table, {"queued": 6, "average": 7})
    add_numbers(table, {"p50": 6, "p99": 6, "cooling": 7, "retries": 7})
    if is_wide:
        add_numbers(table, {"errors": 6, "cost": 8})
    return table


def _live_cells(
    name: str, endpoint: Mapping[str, Any], pace: Pace, *, is_wide: bool
) -> list[RenderableType]:
    breaker = endpoint["breaker"]
    cells: list[RenderableType] = [
        Text(name, style="bold", no_wrap=True, overflow="ellipsis"),
        Text(breaker, style=_COLOURS.get(breaker, "")),
        wording.rate(pace.rate_of(name)).removesuffix("/s"),
        f"{endpoint['in_flight']:,}",
    ]
    if is_wide:
        cells += [f"{endpoint['queued']:,}", wording.seconds(endpoint["average_s"])]
    cells += [
        wording.seconds(endpoint["p50_s"]),
        wording.seconds(endpoint["p99_s"]),
        _cooling(endpoint["cool_down_s"]),
        wording.short(endpoint["retries"]),
    ]
    if is_wide:
        errors = sum(endpoint["errors"].values())
        cells.append(Text(wording.short(errors), style="red" if errors else ""))
        cells.append(_cost(endpoint))
    return cells


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
