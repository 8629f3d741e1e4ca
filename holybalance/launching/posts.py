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


@dataclass(slots=True)
class _Post:
    """A worker's place: its part of the limits stays when a worker goes."""

    part: int
    config: bytes
    start_at: float = 0.0
    deaths: int = 0
    worker: WorkerProcess | None = None


class Posts:
    """
    Keeps one worker at each post; used by one thread at a time.

    Args:
        configs: each post's part of the configuration, written by `handover`.
        clock: monotonic seconds.
    """

    def __init__(
        self, orders: Orders, configs: Sequence[bytes], clock: Callable[[], float]
    ) -> None:
        self._orders = orders
        self._clock = clock
        self._posts = [_Post(part, config) for part, config in enumerate(configs)]
        self._selector = selectors.DefaultSelector()
        self._stillborn = 0

    def __len__(self) -> int:
        return len(self._posts)

    def workers(self) -> list[WorkerProcess]:
        """Give those who are ready for work."""
        manned = (post.worker for post in self._posts)
        return [worker for worker in manned if worker is not None and worker.is_ready]

    def fill(self) -> None:
        """
        Start a worker wherever one is missing and due.

        Raises:
            LocalError: the machine cannot start processes.
        """
        now = self._clock()
        for post in self._posts:
            if post.worker is None and post.start_at <= now:
                post.worker = WorkerProcess(post.part, self._orders, post.config)
                self._selector.register(
                    post.worker.pipe.socket, selectors.EVENT_READ, post
                )

    def listen(self, seconds: float) -> Iterator[tuple[WorkerProcess, list[Any]]]:
        """
        Wait for messages, not longer than so many seconds, and give them by worker.

        A worker that has died is given with no messages, and is no longer among
        `workers`; what it held is then for somebody else.

        Raises:
            HolyBalanceError: workers cannot begin.
        """
        self._watch_unsent()
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
        for post in self._posts:
            if post.worker is not None:
                self._selector.unregister(post.worker.pipe.socket)
                post.worker.kill()
                post.worker = None

    def close(self) -> None:
        """Let all workers end by themselves, and wait for it."""
        manned = [post for post in self._posts if post.worker is not None]
        for post in manned:
            assert post.worker is not None
            self._selector.unregister(post.worker.pipe.socket)
            post.worker.pipe.close()
        for post in manned:
            assert post.worker is not None
            post.worker.end()
            post.worker = None
        self._selector.close()

    def _watch_unsent(self) -> None:
        for key in list(self._selector.get_map().values()):
            post: _Post = key.data
            events = selectors.EVENT_READ
            if post.worker is not None and post.worker.pipe.has_unsent:
                events |= selectors.EVENT_WRITE
            if events != key.events:
                self._selector.modify(key.fileobj, events, post)

    def _until_due(self, seconds: float) -> float:
        now = self._clock()
        waits = (post.start_at - now for post in self._posts if post.worker is None)
        return max(0.0, min(seconds, *waits, seconds))

    def _bury(self, post: _Post, worker: WorkerProcess) -> None:
        self._selector.unregister(worker.pipe.socket)
        code = worker.kill()
        post.worker = None
        post.start_at = self._clock()
        if post.deaths:
            wait = _FIRST_WAIT_S * 2 ** (post.deaths - 1)
            post.start_at += min(_LONGEST_WAIT_S, wait)
        post.deaths += 1
        if not worker.is_ready:
            self._stillborn += 1
            if self._stillborn >= _MOST_STILLBORN:
                raise LocalError(
                    f"worker processes end before they have begun (exit code {code}); "
                    "their standard error says why",
                    verdict=Verdict.LOCAL,
                )

    def _check_begun(self, messages: list[Any]) -> None:
        for message in messages:
            if isinstance(message, Failed):
                raise message.error
