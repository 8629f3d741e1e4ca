"""Owns the threads behind `submit` and `map`: few, lazy, bounded, gone at the end."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import thread as executor_module
from typing import Any, Protocol, TypeVar

from holybalance.errors import ClientClosed, DeadlineExceeded, LocalError, Saturated
from holybalance.messages import Verdict

T = TypeVar("T")
# How often, in seconds, a caller that waits for room looks whether it still may.
GLANCE_S = 1.0
# Calls that `map` holds for each thread: one under way, one ready to follow it.
WINDOW_PER_THREAD = 2


class _Finished(Protocol):
    """Gives futures back one by one, each when it is done."""

    def expect(self, future: Future[Any]) -> None:
        """Take a future that may not be done yet."""

    def is_ready(self) -> bool:
        """Tell whether `take` would not have to wait."""

    def take(self) -> Future[Any]:
        """Wait for the next future to be done, and give it."""


class _InOrder:
    def __init__(self) -> None:
        self._futures: deque[Future[Any]] = deque()

    def expect(self, future: Future[Any]) -> None:
        self._futures.append(future)

    def is_ready(self) -> bool:
        return self._futures[0].done()

    def take(self) -> Future[Any]:
        future = self._futures.popleft()
        with contextlib.suppress(CancelledError):
            future.exception()
        return future


class _AsCompleted:
    def __init__(self) -> None:
        self._done: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()

    def expect(self, future: Future[Any]) -> None:
        future.add_done_callback(self._done.put)

    def is_ready(self) -> bool:
        return not self._done.empty()

    def take(self) -> Future[Any]:
        return self._done.get()


class Workers:
    """
    A bounded `ThreadPoolExecutor` that starts with the first task.

    Args:
        threads: how many at most.
        max_queued: tasks that may wait for a thread.
        waits: whether a task beyond that waits for room, or is refused.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        threads: int,
        max_queued: int,
        *,
        waits: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = threads
        self._max_queued = max_queued
        self._waits = waits
        self._clock = clock
        self._room = threading.BoundedSemaphore(threads + max_queued)
        self._local = threading.local()
        self._main_thread = threading.main_thread()
        # Guards `_executor` and `_is_closed`.
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._is_closed = False
        # Guards `_waiting`, which counts tasks that no thread has taken yet.
        self._count_lock = threading.Lock()
        self._waiting = 0

    def submit(
        self, function: Callable[..., T], *arguments: Any, wait_s: float = math.inf
    ) -> Future[T]:
        """
        Have a thread run a function.

        Args:
            wait_s: seconds to wait for room at the most, if at all.

        Raises:
            Saturated: the queue is full, and waiting is not wanted.
            DeadlineExceeded: there was no room in time.
            ClientClosed: the workers are closed, or close while this waits.
            LocalError: the machine has no thread left.
        """
        self._take_room(self._clock() + wait_s, waits=self._waits)
        return self._start(function, *arguments)

    def _start(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        # Taken once: by the thread that runs the task, or here when there is none. An
        # executor that cannot start a thread has queued the task all the same.
        claim = [True]
        try:
            future = self._get_executor().submit(self._run, claim, function, *arguments)
        except BaseException as error:
            if _take(claim):
                self._room.release()
            if isinstance(error, RuntimeError):
                raise self._cannot_start(error) from error
            raise
        self._count(1)
        future.add_done_callback(self._done)
        return future

    def map(
        self, function: Callable[[int, T], Any], items: Iterable[T], *, ordered: bool
    ) -> Iterator[Future[Any]]:
        """
        Run a function over (position, item), and give the futures that are done.

        Pulls items only as room comes, in the thread that iterates. Leaving early
        cancels what has not begun. A future is cancelled where the workers were
        closed before its call began.

        Raises:
            Exception: what the items raised, after the futures of those before it.
            ClientClosed: the workers were closed with items left to pull.
        """
        ahead = (WINDOW_PER_THREAD - 1) * self._threads
        window = self._threads + min(ahead, self._max_queued)
        finished: _Finished = _InOrder() if ordered else _AsCompleted()
        pending: set[Future[Any]] = set()
        trouble: list[Exception] = []

        def take() -> Future[Any]:
            future = finished.take()
            pending.discard(future)
            return future

        try:
            for position, item in enumerate(_until_trouble(items, trouble)):
                self._take_room(math.inf, waits=True)
                future = self._start(function, position, item)
                pending.add(future)
                finished.expect(future)
                while pending and (len(pending) >= window or finished.is_ready()):
                    yield take()
            while pending:
                yield take()
            if trouble:
                raise trouble.pop()
        finally:
            for future in pending:
                future.cancel()

    def queued(self) -> int:
        """Count the tasks that wait for a thread."""
        return max(0, self._waiting)

    def is_ending(self) -> bool:
        """
        Tell one of these threads that the interpreter is waiting for it to end.

        At its end the interpreter joins such threads, however long their calls take.
        """
        if not getattr(self._local, "is_worker", False):
            return False
        # The executor's own flag: it joins its threads while the main one still
        # counts as alive, and no public name tells of that moment.
        is_joining: bool = getattr(executor_module, "_shutdown", False)
        return is_joining or not self._main_thread.is_alive()

    def close(self, *, finish: bool) -> None:
        """Take no more tasks; finish those taken, or drop those not begun."""
        with self._lock:
            self._is_closed = True
            executor = self._executor
        if executor is not None:
            executor.shutdown(wait=finish, cancel_futures=not finish)

    def _take_room(self, until: float, *, waits: bool) -> None:
        if self._room.acquire(blocking=False):
            return
        if not waits:
            raise Saturated(
                f"{self._threads} calls are under way and {self._max_queued} queued; "
                "slow down, or raise max_queued or threads",
                verdict=Verdict.LOCAL,
            )
        while not self._room.acquire(
            timeout=min(GLANCE_S, max(0.0, until - self._clock()))
        ):
            if self._is_closed or self.is_ending():
                raise ClientClosed("the client was closed while a call waited")
            if self._clock() >= until:
                raise DeadlineExceeded(
                    "the time was up while the call waited for a thread; raise "
                    "threads or the timeout",
                    verdict=Verdict.LATE,
                )

    def _get_executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._is_closed:
                raise ClientClosed("the client is closed")
            if self._executor is None:
                self._executor = ThreadPoolExecutor(
                    self._threads, "holybalance", initializer=self._mark_thread
                )
            return self._executor

    def _mark_thread(self) -> None:
        self._local.is_worker = True

    def _run(self, claim: list[bool], function: Callable[..., T], *arguments: Any) -> T:
        if not _take(claim):
            raise ClientClosed("the call was reported as not begun")
        self._count(-1)
        try:
            if self.is_ending():
                raise ClientClosed("the interpreter is ending")
            return function(*arguments)
        finally:
            # Before the future is done: who waits for it may submit the next at once.
            self._room.release()

    def _done(self, future: Future[Any]) -> None:
        if future.cancelled():
            self._count(-1)
            self._room.release()

    def _count(self, change: int) -> None:
        with self._count_lock:
            self._waiting += change

    def _cannot_start(self, error: RuntimeError) -> Exception:
        if "shutdown" in str(error):
            return ClientClosed("the client is closed")
        return LocalError(
            f"cannot start a thread: {error}; lower threads", verdict=Verdict.LOCAL
        )


def _until_trouble(items: Iterable[T], trouble: list[Exception]) -> Iterator[T]:
    """Give items; what they raise ends them, and is kept for later."""
    try:
        yield from items
    except Exception as error:  # noqa: BLE001 raised again by whoever keeps it
        trouble.append(error)


def _take(claim: list[bool]) -> bool:
    """Take what only one can have; `list.pop` is atomic."""
    try:
        return claim.pop()
    except IndexError:
        return False
