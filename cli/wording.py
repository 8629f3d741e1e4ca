"""Owns how numbers are written for people, the same in every command."""

from __future__ import annotations

NOTHING = "-"


def seconds(value: float | None) -> str:
    """Write a latency: `48 ms`, `1.25 s`."""
    if value is None:
        return NOTHING
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def dollars(value: float | None) -> str:
    """Write money with as many digits as say something."""
    if value is None:
        return "unknown"
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.6f}"


def count(number: int, noun: str) -> str:
    """Write a count with its noun: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """Write a share of 1; the dash is for a share of nothing."""
    return NOTHING if share is None else f"{share * 100:.0f} %"
