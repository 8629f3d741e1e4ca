"""Owns which streams are open, so that what nobody reads gives back what it holds."""

from __future__ import annotations

import heapq
import itertools
import threading
import weakref

from holybalance.balancing.stream import Strays, Stream


class OpenStreams:
    """The streams of one balancer; safe from any thread."""

    def __init__(self) -> None:
        self.strays: Strays = Strays()
        # Guards `_by_deadline`: instants of the clock, and streams as long as anybody
        # refers to them. A number tells apart what is due at the same time.
        self._lock = threading.Lock()
        self._by_deadline: list[tuple[float, int, weakref.ref[Stream]]] = []
        self._numbers = itertools.count()

    def __bool__(self) -> bool:
        return bool(self.strays or self._by_deadline)

    def add(self, stream: Stream) -> None:
        """Take note of a stream that has begun."""
        entry = stream.deadline, next(self._numbers), weakref.ref(stream)
        with self._lock:
            heapq.heappush(self._by_deadline, entry)

    def sweep(self, now: float) -> None:
        """Settle those that were let go of, and end those whose time is up."""
        while self.strays:
            try:
                self.strays.popleft().release()
            except IndexError:
                return
        while self._by_deadline and self._by_deadline[0][0] < now:
            with self._lock:
                if not self._by_deadline or self._by_deadline[0][0] >= now:
                    return
                _, _, reference = heapq.heappop(self._by_deadline)
            stream = reference()
            if stream is not None:
                stream.expire()
