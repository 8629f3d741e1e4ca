"""Owns how a user is warned of a configuration: at a line of theirs, not of ours."""

from __future__ import annotations

import inspect
import warnings

_OURS = "holybalance."


class UnpricedWarning(UserWarning):
    """A budget covers models whose price nobody knows: it refuses calls of them."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and name the line that asked the library for whatever is warned of."""
    warnings.warn(message, category, stacklevel=_outside())


def _outside() -> int:
    """Count the frames up to the first that is not the library's."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        level, frame = level + 1, frame.f_back
    return level
