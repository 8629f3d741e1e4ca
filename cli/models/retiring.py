"""Owns how a model's end is told: in words, and in a colour where it is near."""

from __future__ import annotations

import datetime as dt

from holybalance.config import Card

_NEAR_DAYS = 60
"""Time enough to try another model; the router itself warns half as early."""


def style(card: Card, today: dt.date) -> str:
    """Give the colour of its last day; empty where there is no hurry."""
    if card.retires is None or (card.retires - today).days > _NEAR_DAYS:
        return ""
    return "red" if card.retires <= today else "yellow"


def ending(card: Card, today: dt.date) -> str:
    """Say when it ends and what follows, after its name."""
    if card.retires is None:
        return "has no end that is known"
    days = (card.retires - today).days
    if days <= 0:
        text = f"was retired on {card.retires}"
    else:
        left = "1 day" if days == 1 else f"{days:,} days"
        text = f"will be retired on {card.retires}, in {left}"
    return f"{text}; {card.successor} replaces it" if card.successor else text
