"""Owns when a budget's window begins and ends: by the calendar of its time zone."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import NamedTuple

from holybalance.config import BudgetConfig


class Window(NamedTuple):
    """
    One window of a budget, in seconds since the epoch.

    Args:
        label: tells it from all others of its budget.
        starts: from here on.
        ends: up to here, this instant not included; infinite for "total".
    """

    label: str
    starts: float
    ends: float

    def opens_at(self) -> dt.datetime | None:
        """Say when the next one begins, in UTC; `None` when there is none."""
        if math.isinf(self.ends):
            return None
        return dt.datetime.fromtimestamp(self.ends, dt.UTC)


def window_at(budget: BudgetConfig, now: float) -> Window:
    """
    Find the window that an instant is in.

    Args:
        now: seconds since the epoch; this clock may jump, as dates do.
    """
    if budget.window == "total":
        return Window("total", -math.inf, math.inf)
    zone = _zone(budget.timezone)
    local = dt.datetime.fromtimestamp(now, zone)
    begins = _FLOORS[budget.window](local)
    ends = _NEXT[budget.window](begins)
    return Window(begins.isoformat(), begins.timestamp(), ends.timestamp())


def _zone(name: str) -> dt.tzinfo:
    if name == "UTC":
        return dt.UTC
    # Imported here: most budgets need no time zone data.
    import zoneinfo  # noqa: PLC0415

    return zoneinfo.ZoneInfo(name)


def _hour(local: dt.datetime) -> dt.datetime:
    # `fold` stays: where clocks are set back, an hour comes twice.
    return local.replace(minute=0, second=0, microsecond=0)


def _day(local: dt.datetime) -> dt.datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _month(local: dt.datetime) -> dt.datetime:
    return _day(local.replace(day=1))


def _next_hour(begins: dt.datetime) -> dt.datetime:
    # In UTC: a local hour may be left out or come twice.
    return begins.astimezone(dt.UTC) + dt.timedelta(hours=1)


def _next_day(begins: dt.datetime) -> dt.datetime:
    # By the wall: where the clocks are changed, a day has 23 or 25 hours.
    return begins + dt.timedelta(days=1)


def _next_month(begins: dt.datetime) -> dt.datetime:
    return _month(begins + dt.timedelta(days=31))


_FLOORS: dict[str, Callable[[dt.datetime], dt.datetime]] = {
    "hour": _hour,
    "day": _day,
    "month": _month,
}
_NEXT: dict[str, Callable[[dt.datetime], dt.datetime]] = {
    "hour": _next_hour,
    "day": _next_day,
    "month": _next_month,
}
