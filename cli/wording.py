"""Owns how numbers are written for people, the same in every command."""

from __future__ import annotations

import math
import re

NOTHING = "-"
_CAP = re.compile(r'(?<![\w"-])max_cost(?= (?:has no room|cannot))')


def seconds(value: float | None) -> str:
    """Write a latency: `48 ms`, `1.25 s`, `12.5 s`, `125 s`."""
    if value is None:
        return NOTHING
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{digits}f} s"


def dollars(value: float | None) -> str:
    """Write money with as many digits as say something."""
    if value is None:
        return "unknown"
    if value >= 1 or not value:
        return f"${value:,.2f}"
    # Three digits that are not zero, and a millionth of a dollar at the least.
    digits = min(6, 2 - math.floor(math.log10(value)))
    return f"${value:.{digits}f}"


def rate_usd(value: float | None) -> str:
    """Write a price per million tokens, whose unit is told elsewhere."""
    if value is None:
        return NOTHING
    # Two digits for cents, and more only where they say something: 0.0028.
    text = f"{value:.4f}".rstrip("0")
    return text if len(text.partition(".")[2]) > 2 else f"{value:.2f}"


def count(number: int, noun: str) -> str:
    """Write a count with its noun: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """Write a share of 1; the dash is for a share of nothing."""
    return NOTHING if share is None else f"{share * 100:.0f} %"


def rate(per_s: float) -> str:
    """Write how many a second, with as many digits as say something."""
    if per_s >= 100:
        return f"{per_s:,.0f}/s"
    return f"{per_s:.1f}/s" if per_s >= 1 or not per_s else f"{per_s:.2g}/s"


def short(number: int) -> str:
    """Write a large number in a few characters: `999`, `12.3k`, `4.56M`."""
    for power, letter in ((9, "G"), (6, "M"), (3, "k")):
        if number >= 10**power:
            value = number / 10**power
            digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
            return f"{value:.{digits}f}{letter}"
    return str(number)


def duration(seconds: float) -> str:
    """Write a time that people wait for: `0:07`, `12:30`, `3:05:00`, `2 d 4 h`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def cost(cost_usd: float | None, unpriced: int) -> str:
    """Write money, and how many replies it leaves out since their price is unknown."""
    if not unpriced:
        return dollars(cost_usd or 0.0)
    if not cost_usd:
        return "unknown"
    return f"{dollars(cost_usd)} + {unpriced:,} unpriced"


def short_cost(cost_usd: float | None, unpriced: int) -> str:
    """Write the same in a few characters; the plus is for what is unknown."""
    if unpriced and not cost_usd:
        return "unknown"
    return dollars(cost_usd or 0.0) + ("+" if unpriced else "")


def as_typed(message: str) -> str:
    """Name `--max-cost` of a run as on the command line, not as the library does."""
    return _CAP.sub("--max-cost", message)
