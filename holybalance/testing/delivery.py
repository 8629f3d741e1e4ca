"""Owns how an answer goes out, as a value: which bytes, when, and what then."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from holybalance.testing.counts import Cell
from holybalance.testing.draft import Draft


class Ending(enum.Enum):
    """What becomes of the connection once the last piece is written."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"


class Delivery(NamedTuple):
    """
    What a connection is to do for one request.

    Args:
        pieces: what to write, in order, and seconds to pause in between; may be made
            while it is written.
        ending: what to do then.
        counted_as: the count to add to as the first piece goes out, if any.
        delay_s: seconds before the first piece.
    """

    pieces: Iterable[bytes | float] = ()
    ending: Ending = Ending.KEEP
    counted_as: Cell | None = Cell.ERRORS
    delay_s: float = 0.0


def plain(draft: Draft, *, delay_s: float = 0.0) -> Delivery:
    """The ordinary way: head and body in one piece."""
    return Delivery((draft.whole(),), ending_of(draft), count_of(draft.status), delay_s)


def ending_of(draft: Draft) -> Ending:
    """What becomes of the connection after a sound answer."""
    return Ending.KEEP if draft.keep_alive else Ending.CLOSE


OK = range(200, 300)
_THROTTLED = 429


def count_of(status: int) -> Cell:
    """Where an answer with this status is counted."""
    if status in OK:
        return Cell.ANSWERED
    return Cell.THROTTLED if status == _THROTTLED else Cell.ERRORS
