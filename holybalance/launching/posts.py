"""
Owns that there are workers: starts them, listens to them, replaces those that die.

What they work on is none of its business.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from holybalance.errors import LocalError
from holybalance.launching.messages import Failed, Orders
from holybalance.launching.process import WorkerProcess
from holybalance.messages import Verdict

# A worker that dies before it has done anything is replaced after ever longer waits.
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0
# So many in a row that never got ready, and no further one will.
_MOST_STILLBORN = 3
# How long the first of them wait for the last, to share the work evenly.
_ASSEMBLY_S = 1.0
# How long all of them together may take to end.
_END_S = 2.0


@dataclass(slots=True)
class _Post:
    """A worker's place: its part of the limits stays when a worker goes."""

    part: int
    orders: Orders
    config: bytes
    start_at: float = 0.0
    deaths: int = 0
    worker: WorkerProcess | None = None


class Posts:
    """
    Keeps one worker at each post; used by one thread at a time.

    Args:
        plans: for each post its orders, and its part of the configuration as written
            by `handover`.
        clock: monotonic seconds.
    """

    def __init__(
        self, plans: Sequence[tuple[Orders, bytes]], clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._posts = [_Post(part, *plan) for part, plan in enumerate(plans)]
        self._selector = selectors.DefaultSelector()
        self._stillborn = 0
        self._assembled_at = clock() + _ASSEMBLY_S

    def __len__(self) -> int:
        return len(self._posts)

    def workers(self) -> list[WorkerProcess]:
        """Give those who are ready for work."""
        manned = (post.worker for post in self._posts)
        return [worker for worker in manned if worker is not None and worker.is_ready]

    def is_assembling(self) -> bool:
        """Tell whether workers are still on their way to the first work."""
        is_due = self._clock() >= self._assembled_at
        return not is_due and len(self.workers()) < len(self._posts)

    def fill(self) -> None:
        """
        Start a worker wherever one is missing and due.

        Raises:
            LocalError: the machine cannot start any.
        """
        now = self._clock()
        for post in self._posts:
            if post.worker is None and post.start_at <= now:
                try:
                    post.worker = WorkerProcess(post.part, post.orders, post.config)
                except LocalError:
                    if not self.workers():
                        raise
                    self._put_off(post)

    def listen(self, seconds: float) -> Iterator[tuple[WorkerProcess, list[Any]]]:
        """
        Wait for messages, not longer than so many seconds, and give them by worker.

        A worker that has died is given with no messages, and is no longer among
        `workers`; what it held is then for somebody else.

        Raises:
            HolyBalanceError: workers cannot begin.
        """
        self._watch()
        for key, events in self._selector.select(self._until_due(seconds)):
            post: _Post = key.data
            worker = post.worker
            if worker is None:
                continue
            if events & selectors.EVENT_WRITE:
                worker.send_rest()
            if events & selectors.EVENT_READ:
                messages = worker.pipe.receive()
                if messages is None:
                    self._bury(post, worker)
                    yield worker, []
                elif messages:
                    self._check_begun(messages)
                    yield worker, messages

    def praise(self, worker: WorkerProcess) -> None:
        """Take note that a worker has done something: its post is no deadly place."""
        self._posts[worker.part].deaths = 0
        self._stillborn = 0

    def kill(self) -> None:
        """End all workers at once."""
        self._dismiss(0.0)

    def close(self) -> None:
        """Let all workers end by themselves, but do not wait for long."""
        self._dismiss(_END_S)
        self._selector.close()

    def _dismiss(self, seconds: float) -> None:
        until = self._clock() + seconds
        gone = [post.worker for post in self._posts if post.worker is not None]
        for post in self._posts:
            self._forget(post)
        for worker in gone:
            worker.pipe.close()
        for worker in gone:
            worker.end(until - self._clock())

    def _watch(self) -> None:
        """See to it that each worker is listened to, and sent what waits for it."""
        watched = self._selector.get_map()
        for post in self._posts:
            if post.worker is None:
                continue
            pipe, events = post.worker.pipe, selectors.EVENT_READ
            if pipe.has_unsent:
                events |= selectors.EVENT_WRITE
            if pipe.socket not in watched:
                self._selector.register(pipe.socket, events, post)
            elif watched[pipe.socket].events != events:
                self._selector.modify(pipe.socket, events, post)

    def _forget(self, post: _Post) -> None:
        worker, post.worker = post.worker, None
        if worker is not None and worker.pipe.socket in self._selector.get_map():
            self._selector.unregister(worker.pipe.socket)

    def _until_due(self, seconds: float) -> float:
        now = self._clock()
        waits = (post.start_at - now for post in self._posts if post.worker is None)
        return max(0.0, min(seconds, *waits, seconds))

    def _bury(self, post: _Post, worker: WorkerProcess) -> None:
        self._forget(post)
        code = worker.end(_END_S)
        self._put_off(post)
        if not worker.is_ready:
            self._stillborn += 1
            if self._stillborn >= _MOST_STILLBORN:
                raise LocalError(
                    f"worker processes end before they have begun (exit code {code}); "
                    "their standard error says why",
                    verdict=Verdict.LOCAL,
                )

    def _put_off(self, post: _Post) -> None:
        post.start_at = self._clock()
        if post.deaths:
            wait = _FIRST_WAIT_S * 2 ** min(post.deaths - 1, 10)
            post.start_at += min(_LONGEST_WAIT_S, wait)
        post.deaths += 1

    def _check_begun(self, messages: list[Any]) -> None:
        for message in messages:
            if isinstance(message, Failed):
                raise message.error
