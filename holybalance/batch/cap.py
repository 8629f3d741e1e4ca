"""Owns the name of the budget that a run's own limit makes, and how people read it."""

from __future__ import annotations

import re
import secrets

from holybalance.errors import BudgetExceeded

_STEM = "max_cost"
_IN_TABLE = "raise limit_usd"
_QUOTED = re.compile(rf'the budget "{_STEM}-[0-9a-f]{{8}}"')


def make_name() -> str:
    """Give a name that no other run has: a store that lasts must not add them up."""
    return f"{_STEM}-{secrets.token_hex(4)}"


def is_max_cost(budget: str) -> bool:
    """Tell by its name a budget that a run's own limit has made."""
    return budget.startswith(f"{_STEM}-")


def put_plainly(error: BudgetExceeded) -> None:
    """Have an error name the argument that people gave, not the budget it has made."""
    message, *others = error.args
    plain, is_ours = _QUOTED.subn(_STEM, str(message))
    if is_ours:
        plain = plain.replace(_IN_TABLE, f"raise {_STEM}")
    error.args = (plain, *others)
