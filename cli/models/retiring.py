"""Owns how a model's end is told: in words, and in a colour where it is near."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from holybalance_cli import wording
from holybalance_cli.models.entries import Entry

_NEAR_DAYS = 60
"""Time enough to try another model; the router itself warns half as early."""
_NAMED = 2
"""So many endpoints are told by name, more by their number."""


def last_day(entry: Entry) -> dt.date | None:
    """Give the day of the last endpoint that has one, else the maker's."""
    days = [each.retires for each in entry.servings if each.retires is not None]
    makers = None if entry.card is None else entry.card.retires
    return max(days, default=makers)


def is_near(entry: Entry, today: dt.date) -> bool:
    """Tell whether its day is near or past, wherever that holds."""
    day = last_day(entry)
    return day is not None and (day - today).days <= _NEAR_DAYS


def style(entry: Entry, today: dt.date) -> str:
    """Give the colour of its day; empty where there is no hurry."""
    day = last_day(entry)
    if day is None or not is_near(entry, today) or _lasting(entry):
        return ""
    return "red" if day <= today else "yellow"


def notice(entry: Entry, today: dt.date, width: int) -> str:
    """
    Tell in a line when a model ends that does, and what follows.

    Args:
        width: a line that would be longer is made shorter, without what follows.
    """
    name = f"{entry.name} " if _dated(entry) else f"{entry.name}: "
    text, heir = f"{name}{ending(entry, today)}", succession(entry)
    if heir:
        text = f"{text} ({heir})" if _lasting(entry) else f"{text}; {heir}"
    if len(text) <= width:
        return text
    return f"{name}{ending(entry, today, is_short=True)}"


def ending(entry: Entry, today: dt.date, *, is_short: bool = False) -> str:
    """
    Say when it ends, after its name; empty where no day is known.

    A maker's day holds at the maker's own endpoints. Where it is all that is known,
    others may go on.
    """
    day = last_day(entry)
    if day is None:
        return ""
    is_past, lasting, dated = day <= today, _lasting(entry), _dated(entry)
    where = f" at {_some(dated)}" if lasting else ""
    if not dated:
        text = f"its maker {'retired' if is_past else 'retires'} it on {day}"
    elif is_past:
        text = f"was retired{where} on {day}"
    else:
        left = wording.count((day - today).days, "day")
        text = f"will be retired{where} on {day}, in {left}"
    if not lasting:
        return text
    return f"{text}; {_some(lasting)} may {'go on' if is_short else 'serve it longer'}"


def succession(entry: Entry) -> str:
    """Say what replaces it; empty where nobody has told."""
    successor = None if entry.card is None else entry.card.successor
    return f"{successor} replaces it" if successor else ""


def _dated(entry: Entry) -> list[str]:
    """Name the endpoints whose own last day is known."""
    return [each.endpoint for each in entry.servings if each.retires is not None]


def _lasting(entry: Entry) -> list[str]:
    """Name the endpoints whose own last day nobody knows."""
    return [each.endpoint for each in entry.servings if each.retires is None]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names)} endpoints"
