"""Windows of budgets: they meet without gap or overlap, by the calendar of a zone."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.budgeting.windows import Window, window_at
from holybalance.config import BudgetConfig

HOUR = 3600.0
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    # Clocks change at midnight, so that midnight is left out or comes twice.
    "America/Havana",
    "Africa/Cairo",
    "America/Santiago",
    # A day is left out.
    "Pacific/Apia",
)


def budget(window: str, timezone: str = "UTC") -> BudgetConfig:
    """A budget with such windows."""
    return BudgetConfig(name="b", limit_usd=1.0, window=window, timezone=timezone)


def at(text: str, zone: str = "UTC") -> float:
    """Give an instant from what the calendar says."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("window", "zone", "now", "begins", "hours"),
    [
        ("hour", "UTC", "2026-03-01T10:59:59", "2026-03-01T10:00", 1),
        ("hour", "Asia/Kolkata", "2026-03-01T10:10", "2026-03-01T10:00", 1),
        ("day", "UTC", "2026-03-01T00:00", "2026-03-01T00:00", 24),
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29T00:00", 23),
        ("day", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25T00:00", 25),
        ("day", "Africa/Cairo", "2024-04-26T12:00", "2024-04-26T01:00", 23),
        ("day", "America/Havana", "2024-11-03T12:00", "2024-11-03T00:00", 25),
        ("month", "UTC", "2028-02-29T23:59", "2028-02-01T00:00", 29 * 24),
        ("month", "UTC", "2026-02-28T23:59", "2026-02-01T00:00", 28 * 24),
        ("month", "UTC", "2026-12-31T23:59", "2026-12-01T00:00", 31 * 24),
        ("month", "Europe/Berlin", "2026-03-31T10:00", "2026-03-01T00:00", 743),
        ("month", "Europe/Berlin", "2026-10-05T10:00", "2026-10-01T00:00", 745),
    ],
)
def test_windows(window: str, zone: str, now: str, begins: str, hours: float) -> None:
    """They begin and end where the zone's calendar says."""
    found = window_at(budget(window, zone), at(now, zone))

    assert at(begins, zone) == found.starts
    assert hours * HOUR == found.ends - found.starts


def test_an_hour_that_comes_twice_is_two_windows() -> None:
    """Where the clocks are set back."""
    first = at("2026-10-25T02:30", "Europe/Berlin")
    one, other = (
        window_at(budget("hour", "Europe/Berlin"), now) for now in (first, first + HOUR)
    )

    assert one.ends == other.starts
    assert one.label != other.label


def test_total() -> None:
    """One window, without an end."""
    found = window_at(budget("total"), 0.0)

    assert Window("total", -math.inf, math.inf) == found
    assert found.opens_at() is None


def test_when_the_next_one_opens() -> None:
    """In UTC, whatever the zone."""
    found = window_at(budget("day", "Asia/Kolkata"), at("2026-03-01T12:00"))

    assert "2026-03-01T18:30:00+00:00" == str(found.opens_at()).replace(" ", "T")


@settings(max_examples=300)
@given(
    st.sampled_from(("hour", "day", "month")),
    st.sampled_from(ZONES),
    st.integers(int(at("2008-01-01T00:00")), int(at("2035-01-01T00:00"))),
)
def test_windows_meet(window: str, zone: str, now: int) -> None:
    """Each instant is in its window, and the next begins where one ends."""
    config = budget(window, zone)
    found = window_at(config, now)

    assert found.starts <= now < found.ends
    assert found == window_at(config, found.starts)
    assert found == window_at(config, found.ends - 1)
    following = window_at(config, found.ends)
    assert found.ends == following.starts
    assert found.label != following.label
