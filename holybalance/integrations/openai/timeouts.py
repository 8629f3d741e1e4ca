"""Owns how a timeout of the official package becomes seconds for a whole call."""

from __future__ import annotations

import math
from typing import Any

NO_TIMEOUT_S = 86_400.0
"""What stands for no timeout: a call has to end some day."""
_PARTS = ("connect", "read", "write", "pool")
_UNSET: Any = object()


class Timeout:
    """
    Seconds for the parts of an exchange, as the official package takes them.

    Of these, `read` is the call's timeout here; see `seconds_of`.
    """

    def __init__(
        self,
        timeout: float | None = _UNSET,
        *,
        connect: float | None = _UNSET,
        read: float | None = _UNSET,
        write: float | None = _UNSET,
        pool: float | None = _UNSET,
    ) -> None:
        parts = (connect, read, write, pool)
        if timeout is _UNSET and any(part is _UNSET for part in parts):
            raise ValueError("Timeout takes a default, or all four of its parts")
        self.connect, self.read, self.write, self.pool = (
            timeout if part is _UNSET else part for part in parts
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _PARTS)
        return f"Timeout({shown})"


DEFAULT_TIMEOUT = Timeout(600.0, connect=5.0)
"""The official package's own."""


def seconds_of(timeout: Any) -> float:
    """
    Read a timeout as the seconds of a whole call.

    A number is these seconds. Of an object with parts, `read` counts: it is what a
    caller would wait for the answer. `None` is none, and stands for a day.

    Raises:
        TypeError: it is no timeout.
        ValueError: it is no finite number of seconds from 0 up.
    """
    if timeout is None:
        return NO_TIMEOUT_S
    if isinstance(timeout, tuple) and len(timeout) == len(_PARTS):
        return seconds_of(timeout[_PARTS.index("read")])
    if hasattr(timeout, "read") and hasattr(timeout, "connect"):
        return seconds_of(timeout.read)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        kind = type(timeout).__name__
        raise TypeError(f"timeout must be seconds or a Timeout, not {kind}")
    seconds = float(timeout)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"timeout must be seconds from 0 up, not {timeout!r}")
    return seconds


def connect_seconds_of(timeout: Any) -> float | None:
    """Read how long connecting may take; `None` where that is not said."""
    connect = getattr(timeout, "connect", None)
    if isinstance(connect, bool) or not isinstance(connect, int | float):
        return None
    return float(connect) if 0 < connect < math.inf else None
