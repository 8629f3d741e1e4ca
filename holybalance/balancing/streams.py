"""Owns which streams are open, so that what nobody reads gives back what it holds."""

from __future__ import annotations

import threading
import weakref
from collections import deque

from holybalance.balancing.stream import Stream

# A reader ends by itself at its stream's deadline; whoever has not by then reads not.
GRACE_S = 1.0
# All that are open are looked at no more often than this.
LOOK_EVERY_S = 0.25


class OpenStreams:
    """The streams of one balancer; safe from any thread."""

    def __init__(self) -> None:
        # Those that were let go of unread; appending needs no lock.
        self._strays: deque[Stream] = deque()
        # Guards the two below.
        self._lock = threading.Lock()
        self._open: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._look_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._strays or self._open)

    def add(self, stream: Stream) -> None:
        """Take note of a stream that has begun."""
        with self._lock:
            self._open.add(stream)

    def discard(self, stream: Stream) -> None:
        """Take note of a stream that holds nothing any more."""
        with self._lock:
            self._open.discard(stream)

    def note_stray(self, stream: Stream) -> None:
        """Take note of one that nobody refers to; waits for no lock."""
        self._strays.append(stream)

    def sweep(self, now: float) -> None:
        """Settle those that were let go of, and end those whose time is up."""
        while self._strays:
            try:
                stray = self._strays.popleft()
            except IndexError:
                break  # another thread was faster
            stray.release()
        for stream in self._overdue(now):
            stream.expire()

    def _overdue(self, now: float) -> list[Stream]:
        with self._lock:
            if now < self._look_at:
                return []
            self._look_at = now + LOOK_EVERY_S
            return [each for each in self._open if each.deadline + GRACE_S < now]
