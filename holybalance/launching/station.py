"""Owns the inside of a worker process: threads that take items, and what they made."""

from __future__ import annotations

import math
import os
import queue
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from holybalance.engine import Engine
from holybalance.launching import frames
from holybalance.launching.growth import Growth, Look
from holybalance.launching.messages import (
    WORKER_VARIABLE,
    Answers,
    Ask,
    Begin,
    Drop,
    Item,
    Items,
    Orders,
    Ready,
    Told,
    Work,
)
from holybalance.launching.pacer import Pacer

# After a message, answers gather for the next: for each its own would cost more than
# many a call. What gathers is lost with the worker, so it is long only where the CPU
# matters: from this share of a core on.
GATHER_S = 0.001
BUSY_GATHER_S = 0.01
_BUSY = 0.5
LOOK_EVERY_S = 0.1
TELL_EVERY_S = 0.5
# Items to hold beyond those under way: what is done in the time that it takes to ask
# for more and get it.
_AHEAD_S = 0.1
_LEAST_AHEAD = 16


class _Job:
    """A `Begin`, and whether it is still wanted."""

    def __init__(self, number: int, work: Work) -> None:
        self.number = number
        self.work = work
        self.is_dropped = threading.Event()


class Station:
    """
    Takes items from its parent, has threads make their calls, and sends the results.

    Args:
        engine: makes the calls.
        orders: how many at once, and how fast.
        sock: to the parent, blocking.
    """

    def __init__(self, engine: Engine, orders: Orders, sock: socket.socket) -> None:
        self._engine = engine
        self._orders = orders
        self._socket = sock
        self._pacer: Pacer | None = None
        self._least_ahead = _LEAST_AHEAD
        if orders.calls_per_s is not None:
            self._pacer = Pacer(orders.calls_per_s, orders.first_turn_s)
            # Of few calls a second few are to be ahead: others may have none to make.
            self._least_ahead = min(_LEAST_AHEAD, math.ceil(orders.calls_per_s))
        self._growth = Growth(orders.most_threads, orders.calls_per_s)
        self._limit = orders.threads or self._growth.first()
        self._credit = self._limit + self._least_ahead
        self._gather_s = GATHER_S
        self._job: _Job | None = None
        self._items: queue.SimpleQueue[tuple[_Job, int, Item]] = queue.SimpleQueue()
        # Appended to by any thread, emptied by the sender alone; a deque's own
        # operations are atomic. Each is (job, position, result, seconds).
        self._done: deque[tuple[_Job, int, Any, float]] = deque()
        self._dropped: deque[tuple[_Job, int]] = deque()
        self._news: deque[Any] = deque()
        self._has_news = threading.Event()
        # Guards `_threads`; never waited for, as another look comes soon.
        self._growing = threading.Lock()
        self._threads = 0
        # The reader alone adds to the first, the sender alone to the others.
        self._taken = 0
        self._returned = 0
        self._ended = 0
        self._latency_s = 0.0

    def run(self, inbox: Iterable[bytes]) -> None:
        """
        Work until the parent closes its end.

        Args:
            inbox: the frames that come from it.
        """
        self._say(Ready())
        _start(self._send)
        _start(self._oversee)
        for each in inbox:
            self._obey(frames.decode(each))

    def leave(self) -> None:
        """Give back what this worker holds of shared limits and money."""
        self._engine.leave()

    def _obey(self, message: Any) -> None:
        match message:
            case Items(items):
                self._take(items)
            case Begin(number, work):
                self._drop()
                self._job = _Job(number, work)
                self._has_news.set()
            case Drop():
                self._drop()
            case Ask():
                self._say(Told(self._engine.report(), is_asked=True))

    def _take(self, items: list[tuple[int, Item]]) -> None:
        job = self._job
        assert job is not None, "a parent says what the work is before it gives items"
        for position, item in items:
            self._items.put((job, position, item))
        self._taken += len(items)
        self._grow()

    def _drop(self) -> None:
        if self._job is not None:
            self._job.is_dropped.set()

    # What the threads do that make the calls.

    def _serve(self) -> None:
        while True:
            job, position, item = self._items.get()
            if self._may_begin(job):
                began = time.monotonic()
                result = job.work.perform(self._engine, position, item)
                self._done.append((job, position, result, time.monotonic() - began))
            else:
                self._dropped.append((job, position))
            if not self._has_news.is_set():
                self._has_news.set()

    def _may_begin(self, job: _Job) -> bool:
        """Wait until a call may begin; tell whether it is still wanted."""
        if self._pacer is not None:
            return self._pacer.wait_for_turn(job.is_dropped)
        return not job.is_dropped.is_set()

    # What the sender does, which alone writes to the socket.

    def _say(self, message: Any) -> None:
        self._news.append(message)
        self._has_news.set()

    def _send(self) -> None:
        while True:
            self._has_news.wait()
            self._has_news.clear()
            for message in [*_emptied(self._news), self._answers()]:
                if message is not None:
                    self._write(message)
            time.sleep(self._gather_s)

    def _answers(self) -> Answers | None:
        done, dropped = _emptied(self._done), _emptied(self._dropped)
        # Only now: what was done for a job that begins meanwhile comes with the next.
        job = self._job
        self._ended += len(done)
        self._latency_s += sum(seconds for *_, seconds in done)
        self._returned += len(done) + len(dropped)
        if job is None:
            return None
        # Of an earlier job nobody wants to hear any more.
        return Answers(
            job.number,
            [(position, result) for of, position, result, _ in done if of is job],
            [position for of, position in dropped if of is job],
            self._credit,
            self._threads,
            self._limit,
        )

    def _write(self, message: Any) -> None:
        try:
            self._socket.sendall(frames.encode(message))
        except OSError:
            # The parent has gone, and nobody else wants any of this.
            self.leave()
            os._exit(0)

    # What the overseer does: threads, credit, counts, and a look at the parent.

    def _oversee(self) -> None:
        parent = int(os.environ[WORKER_VARIABLE])
        now, cpu_s, ended, latency_s = self._figures()
        tell_at, circuits = now, self._circuits()
        # A parent that dies closes its end, unless a child of its own has it as well.
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_S)
            before = now, cpu_s, ended, latency_s
            now, cpu_s, ended, latency_s = self._figures()
            look = Look(
                threads=self._limit,
                seconds=now - before[0],
                cpu_s=cpu_s - before[1],
                calls=ended - before[2],
                latency_s=latency_s - before[3],
                has_backlog=not self._items.empty(),
                is_saturated=self._engine.balancer.has_line(),
            )
            self._follow(look)
            circuits, known = self._circuits(), circuits
            is_due = now >= tell_at and self._is_active(look)
            # With a parent that does not read, one report waits, and no more.
            if (is_due or circuits != known) and not self._news:
                tell_at = now + TELL_EVERY_S
                self._say(Told(self._engine.report(), is_asked=False))
        self.leave()
        os._exit(0)

    def _circuits(self) -> list[str]:
        return [each.circuit for each in self._engine.balancer.endpoints]

    def _is_active(self, look: Look) -> bool:
        return look.calls > 0 or self._returned < self._taken

    def _figures(self) -> tuple[float, float, int, float]:
        return time.monotonic(), time.process_time(), self._ended, self._latency_s

    def _follow(self, look: Look) -> None:
        per_s = look.calls / look.seconds
        is_busy = look.cpu_s >= _BUSY * look.seconds
        self._gather_s = BUSY_GATHER_S if is_busy else GATHER_S
        if self._orders.threads is None:
            self._limit = self._growth.wanted(look)
        self._grow()
        credit = self._limit + max(self._least_ahead, round(per_s * _AHEAD_S))
        if credit != self._credit:
            self._credit = credit
            self._has_news.set()

    def _grow(self) -> None:
        """Start threads up to the limit, but no more than there are items for."""
        if not self._growing.acquire(blocking=False):
            return
        try:
            wanted = min(self._limit, self._taken - self._returned)
            while self._threads < wanted:
                _start(self._serve)
                self._threads += 1
        except RuntimeError:
            # The machine has no more; those that there are go on.
            return
        finally:
            self._growing.release()


def _start(function: Callable[[], None]) -> None:
    def run() -> None:
        try:
            function()
        except BaseException:  # noqa: BLE001 nobody else would see it
            traceback.print_exc()
        # Without one of its threads a worker would hold items for ever; without itself,
        # others get them.
        os._exit(1)

    threading.Thread(target=run, daemon=True).start()


def _emptied(source: deque[Any]) -> list[Any]:
    """Take what is in a deque now; others may append meanwhile."""
    return [source.popleft() for _ in range(len(source))]
