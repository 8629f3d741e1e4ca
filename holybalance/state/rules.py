"""Owns the lengths and sizes that hold for every kind of store."""

from __future__ import annotations

from typing import NamedTuple

from holybalance.state.exchange import RETRY_CAP_S, TICK_S
from holybalance.state.store import LEASE_S

BUSY_S = 0.25
"""How long an exchange waits for another process's in a file, which takes a
millisecond."""
TIMEOUT_S = 0.25
"""How long to wait for a server's connection, and for each reply."""
FILE_GRACE_S = TICK_S + BUSY_S
"""
A new generation of a shared store gives no money for so long: every process that is
awake and knew the one before has put back by then what it knows to be spent.

Of a file that was deleted, it hears at its next exchange. That nobody can have known
one before is not to be seen, so a new file, too, has this grace.
"""
SERVER_GRACE_S = RETRY_CAP_S + 2 * 3 * TIMEOUT_S
"""
The same of a server that comes back empty: a process may just have failed to reach it,
and pauses before it tries again. A try is a connection and two replies, as an empty
server has to be told the script, too.
"""
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
        grace_s: a new generation gives no money for so many seconds; the longest,
            unless the kind of store is known.
    """

    namespace: str
    lease_s: float = LEASE_S
    grace_s: float = SERVER_GRACE_S
