"""Owns the lengths and sizes that hold for every kind of store."""

from __future__ import annotations

from typing import NamedTuple

from holybalance.state.store import GRACE_S, LEASE_S

MOST = 2**53 - 1
"""Nano-dollars, nine million dollars: what Redis's Lua, whose numbers are doubles,
counts exactly. A higher limit is kept as this one."""
LONGEST_REST_S = 365 * 86400.0
"""A rest without an end is kept as one of a year."""
FORGET_AFTER_S = 60.0
"""How long the last answer to a process that has left or died is kept for repeating."""
KEEP_MONEY_S = 40 * 86400.0
"""An account is forgotten when nobody has asked for it for so long, longer than any
month; not so a lasting one."""
KEEP_BUCKET_S = 86400.0
"""A bucket that nobody has asked for that long is full again, and forgotten."""


class Rules(NamedTuple):
    """
    What holds for all exchanges of a store.

    Args:
        namespace: keeps several users of one store apart.
        lease_s: after so many seconds of silence a process is dead.
        grace_s: a new generation gives no money for so many seconds.
    """

    namespace: str
    lease_s: float = LEASE_S
    grace_s: float = GRACE_S
