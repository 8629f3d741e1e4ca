"""Owns the line in which calls wait for room: first come, first served."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, insort
from collections import OrderedDict

from holybalance.balancing.runtime import Runtime


class Line:
    """
    Threads waiting for any of the same endpoints; only the first in line may try.

    Whoever frees room wakes the first. Whoever leaves wakes the next, as there may be
    room for more than one. So room is never missed: a place tries after it has
    become the first, and an event that was set before it waits is seen.

    Attributes:
        served_at: when somebody in it last found that there is room, or will be: that
            what keeps them waiting is no outage.

    Args:
        busy: holds the lines in which somebody stands, for those who free room.
    """

    def __init__(self, busy: set[Line]) -> None:
        self.served_at = -math.inf
        self._busy = busy
        # Guards `_places`, and whether this line is in `_busy`.
        self._lock = threading.Lock()
        self._places: OrderedDict[int, Place] = OrderedDict()

    def __len__(self) -> int:
        return len(self._places)

    def join(self, place: Place) -> None:
        """Add a place as the last; whoever joins leaves, however it ends."""
        with self._lock:
            self._places[id(place)] = place
            self._busy.add(self)

    def wake(self) -> None:
        """Let the first in line try."""
        with self._lock:
            first = self._first()
        if first is not None:
            first.event.set()

    def is_first(self, place: Place) -> bool:
        """Tell whether a place is the first."""
        with self._lock:
            return self._first() is place

    def leave(self, place: Place) -> None:
        """Give up a place, wherever in the line it is, or even if it is not in it."""
        with self._lock:
            self._places.pop(id(place), None)
            if not self._places:
                self._busy.discard(self)
        self.wake()

    def _first(self) -> Place | None:
        return next(iter(self._places.values()), None)


class MoneyLine(Line):
    """
    Threads waiting for money of one budget; who needs least goes first.

    Else one that needs more than there is would keep those from it that need little.
    """

    def join(self, place: Place) -> None:
        """Add a place behind those that need no more."""
        super().join(place)
        with self._lock:
            insort(self._by_amount, place, key=_amount)

    def leave(self, place: Place) -> None:
        """Give up a place, or none."""
        with self._lock:
            at = bisect_left(self._by_amount, place.amount, key=_amount)
            while at < len(self._by_amount) and self._by_amount[at] is not place:
                at += 1
            del self._by_amount[at : at + 1]
        super().leave(place)

    def __init__(self, busy: set[Line]) -> None:
        super().__init__(busy)
        self._by_amount: list[Place] = []

    def _first(self) -> Place | None:
        return self._by_amount[0] if self._by_amount else None


class Place:
    """
    One thread's place in a line.

    Args:
        amount: what it waits for, where that is money.
    """

    __slots__ = ("_line", "_runtime", "amount", "event")

    def __init__(self, line: Line, runtime: Runtime, amount: int = 0) -> None:
        self._line = line
        self._runtime = runtime
        self.amount = amount
        self.event = threading.Event()

    def wait_to_be_first(self, deadline: float) -> bool:
        """Wait until it is this place's turn; false when the deadline came first."""
        while not self._line.is_first(self):
            if not self.wait(deadline):
                return False
        return True

    def wait(self, until: float) -> bool:
        """
        Wait to be woken, or for an instant; tell whether it was woken.

        Raises:
            GivenUp: the call is no longer wanted.
        """
        woken = self._runtime.wait_until(self.event, until)
        self.event.clear()
        return woken


def _amount(place: Place) -> int:
    return place.amount
