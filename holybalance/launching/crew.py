"""Owns giving work to worker processes: credit, what each holds, and their deaths."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

from holybalance.config import Config
from holybalance.errors import ConfigError, HolyBalanceError, WorkerDied
from holybalance.launching import frames, handover, open_files, shares
from holybalance.launching.job import Job
from holybalance.launching.meeting import Meeting
from holybalance.launching.messages import (
    WORKER_VARIABLE,
    Answers,
    Ask,
    Drop,
    Item,
    Items,
    Orders,
    Ready,
    Told,
    Work,
)
from holybalance.launching.posts import Posts
from holybalance.launching.process import WorkerProcess
from holybalance.messages import Verdict
from holybalance.telemetry.report import Report

# How often, in seconds, `perform` gives a sign of life, unless its items take longer to
# come; and how soon it asks again for an item that was not there yet.
TICK_S = 0.25
_ASK_AGAIN_S = 0.05
# Items are dealt in small hands, so that a few are spread over all workers.
_HANDS = 8
# Fewer items than this are not worth a process.
_ITEMS_PER_PROCESS = 100
_LAST_WORDS_S = 1.0
# Written here, as at the interpreter's end nothing can be imported for it.
_DROP, _ASK = frames.encode(Drop()), frames.encode(Ask())


class Answer(NamedTuple):
    """
    What came of an item.

    Args:
        position: the item's place among all, from 0.
        value: what `Work.perform` returned, or a `WorkerDied`.
    """

    position: int
    item: Item
    value: Any


class Crew:
    """
    Worker processes, started with the first work and kept until they are closed.

    One thread at a time performs, and starts no other; `drain`, `abort` and `report`
    are for any thread.

    Args:
        processes: how many; `None` for the usable cores, or fewer for little work.
        threads: calls at once in each; `None` finds out as it goes.
        calls_per_s: all of them together begin no more calls a second.

    Raises:
        ConfigError: the configuration cannot be shared out like that.
    """

    def __init__(
        self,
        config: Config,
        *,
        processes: int | None = None,
        threads: int | None = None,
        calls_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _refuse_in_worker()
        shares.check_processes(config, processes or 1)
        handover.write(config)
        self._config = config
        self._meeting = Meeting(config)
        self._processes = processes
        self._threads, self.notices = _affordable(config, threads)
        self._calls_per_s = calls_per_s
        self._clock = clock
        self._process = os.getpid()
        self._posts: Posts | None = None
        self._jobs = 0
        # Held by whoever performs, which is the thread `_performer`.
        self._performing = threading.Lock()
        self._performer: int | None = None
        self._is_draining = self._is_aborted = self._is_closed = False
        # Guards `_departed` and that a worker's report goes there.
        self._counting = threading.Lock()
        names = [endpoint.name for endpoint in config.endpoints]
        self._departed = Report.blank(names)

    def perform(
        self,
        work: Work,
        items: Iterator[Item | None],
        expected: int | None = None,
    ) -> Generator[list[Answer], None, None]:
        """
        Have workers do items, and give what comes of them, in the order of its coming.

        Gives a list at least four times a second, which may be empty; less often where
        `items` takes longer to give one. Leaving early drops what has not begun.

        Args:
            items: pulled as workers have room, in the thread that iterates; `None` for
                "nothing now", and it is asked again soon.
            expected: how many items there will be, if known.

        Raises:
            HolyBalanceError: the workers cannot begin; another thread is performing;
                the crew is closed, or was closed meanwhile.
        """
        if not self._performing.acquire(blocking=False):
            raise HolyBalanceError(
                "a launcher does one map or run at a time: wait for the end of the "
                "other one, leave it, or make another launcher"
            )
        try:
            self._performer = threading.get_ident()
            self._is_draining = self._is_aborted = False
            self._jobs += 1
            may_repeat = self._config.defaults.retry_lost
            job = Job(self._jobs, work, items, may_repeat=may_repeat)
            yield from self._perform(self._posts_for(expected), job)
        finally:
            self._performer = None
            self._performing.release()

    def drain(self) -> None:
        """Give out nothing more, and let what has begun end; for any thread."""
        self._is_draining = True

    def abort(self) -> None:
        """End the workers and `perform` at once, whatever is under way."""
        self._is_aborted = True

    def report(self) -> Report:
        """
        Add up what the workers have told so far, the dead ones included.

        At most half a second old while they work, exact once `perform` has ended; what
        a worker did in its last half second before it was killed is not in it.
        """
        with self._counting:
            told = [self._departed]
            told += [each.report for each in self._workers() if each.report is not None]
        return Report.merged(told)

    def workers(self) -> list[dict[str, int]]:
        """Give each worker's process id, threads, and items under way or waiting."""
        return [
            {"pid": worker.pid, "threads": worker.threads, "held": len(worker.held)}
            for worker in self._workers()
        ]

    def close(self) -> None:
        """End the workers; may be called again, and does nothing in a forked child."""
        if os.getpid() != self._process:
            return
        self._is_closed = True
        # Another thread that performs sees it soon. A `perform` of this thread is
        # suspended, and will find no workers left.
        is_mine = self._performer == threading.get_ident()
        if not is_mine and self._performing.acquire(timeout=_LAST_WORDS_S):
            self._performing.release()
        self._dismiss()
        self._meeting.close()

    def _perform(self, posts: Posts, job: Job) -> Iterator[list[Answer]]:
        try:
            for worker in posts.workers():
                worker.send(job.begin)
            # Before anything is given out: a worker may have died while idle. Twice, as
            # its last words come before its end.
            for _ in range(2):
                yield self._hear(posts, job, 0.0)
            while not self._is_over(posts, job):
                posts.fill()
                self._deal(posts, job)
                yield self._hear(posts, job, _ASK_AGAIN_S if job.is_paused else TICK_S)
        finally:
            self._leave(posts, job)

    def _workers(self) -> list[WorkerProcess]:
        posts = self._posts
        return [] if posts is None else posts.workers()

    def _dismiss(self) -> None:
        posts = self._posts
        if posts is not None:
            for worker in posts.workers():
                self._bury(worker)
            self._posts = None
            posts.close()

    def _posts_for(self, expected: int | None) -> Posts:
        self._check_usable()
        count = self._processes
        if count is None:
            count = shares.default_processes(self._meeting.config())
            if expected is not None:
                count = min(count, 1 + expected // _ITEMS_PER_PROCESS)
        if self._posts is None or len(self._posts) < count:
            self._dismiss()
            self._posts = self._make_posts(count)
        return self._posts

    def _make_posts(self, count: int) -> Posts:
        config, cap = self._meeting.config(), self._calls_per_s
        # More threads than slots would only wait for each other.
        slots = sum(endpoint.max_in_flight for endpoint in config.endpoints) // count
        files = open_files.most()
        most = open_files.threads_for(files, _slots(config))
        threads = self._threads or min(slots, most)
        needed = open_files.files_for(threads, _slots(config))
        plans = []
        for part in range(count):
            orders = Orders(
                threads=self._threads,
                most_threads=threads,
                calls_per_s=None if cap is None else cap / count,
                first_turn_s=0.0 if cap is None else part / cap,
                open_files=min(files, needed),
                warns=part == 0,
            )
            share = shares.share_of(config, part, count)
            plans.append((orders, handover.write(share)))
        return Posts(plans, self._clock)

    def _check_usable(self) -> None:
        if self._is_closed:
            raise HolyBalanceError("the launcher is closed")
        if os.getpid() != self._process:
            raise HolyBalanceError(
                "a launcher belongs to the process that made it; make one after the "
                "fork"
            )

    def _is_over(self, posts: Posts, job: Job) -> bool:
        self._check_usable()
        if self._is_aborted:
            for worker in posts.workers():
                self._bury(worker)
            posts.kill()
            return True
        if self._is_draining and not job.is_stopped:
            job.stop()
            for worker in posts.workers():
                worker.send(_DROP)
        return job.is_given_out() and not any(w.held for w in posts.workers())

    def _deal(self, posts: Posts, job: Job) -> None:
        """Give items to whoever has room, emptiest first, until nobody has."""
        job.is_paused = posts.is_assembling()
        until = self._clock() + TICK_S
        hungry = [worker for worker in posts.workers() if worker.room > 0]
        dealt: dict[WorkerProcess, list[tuple[int, Item]]] = {w: [] for w in hungry}
        # Items that take long to come must not keep others from being heard.
        while hungry and not job.is_paused and self._clock() < until:
            worker = max(hungry, key=lambda each: each.room / each.credit)
            hand = job.take(min(worker.room, max(1, worker.credit // _HANDS)))
            worker.hold(hand)
            dealt[worker] += hand
            if not hand or worker.room <= 0:
                hungry.remove(worker)
        for worker, items in dealt.items():
            if items:
                worker.send(frames.encode(Items(items)))

    def _hear(self, posts: Posts, job: Job, seconds: float) -> list[Answer]:
        answers: list[Answer] = []
        if self._is_closed:
            return answers
        for worker, messages in posts.listen(seconds):
            if not messages:
                answers += self._mourn(worker, job)
            for message in messages:
                answers += self._understand(posts, worker, message, job)
        return answers

    def _understand(
        self, posts: Posts, worker: WorkerProcess, message: Any, job: Job
    ) -> list[Answer]:
        match message:
            case Ready():
                worker.is_ready = True
                worker.send(job.begin)
            case Told(report, is_asked):
                worker.report = report
                worker.is_asked = worker.is_asked and not is_asked
            case Answers(done=done):
                if done:
                    posts.praise(worker)
                return self._note(worker, message, job)
        return []

    def _note(self, worker: WorkerProcess, message: Answers, job: Job) -> list[Answer]:
        worker.credit, worker.limit = message.credit, message.limit
        worker.threads = message.threads
        if message.job != job.number or not worker.held:
            return []
        for position in message.dropped:
            worker.release(position)
        answers = [
            Answer(position, worker.release(position), value)
            for position, value in message.done
        ]
        for answer in answers:
            job.forget(answer.position)
        return answers

    def _mourn(self, worker: WorkerProcess, job: Job) -> list[Answer]:
        self._bury(worker)
        if job.is_stopped:
            return []
        # Where a call may not be sent twice, all that it was given counts as begun.
        all_of_it = not self._config.defaults.retry_lost
        begun = set(worker.held) if all_of_it else set(worker.begun())
        lost = job.mourn(worker.held, begun)
        return [Answer(position, item, _death(all_of_it)) for position, item in lost]

    def _bury(self, worker: WorkerProcess) -> None:
        with self._counting:
            report, worker.report = worker.report, None
            if report is not None:
                merged = Report.merged([self._departed, report.at_rest()])
                self._departed = merged

    def _leave(self, posts: Posts, job: Job) -> None:
        """Drop what has not begun, and have all tell their counts, to be exact."""
        is_forked = os.getpid() != self._process
        if self._is_closed or is_forked or sys.is_finalizing():
            return
        job.stop()
        asked = posts.workers()
        for worker in asked:
            if worker.held:
                worker.send(_DROP)
                worker.release_all()
            worker.is_asked = True
            worker.send(_ASK)
        until = self._clock() + _LAST_WORDS_S
        while (left := until - self._clock()) > 0:
            if not any(worker.is_asked for worker in posts.workers()):
                return
            self._hear(posts, job, left)


def _refuse_in_worker() -> None:
    if WORKER_VARIABLE in os.environ:
        raise ConfigError(
            "a worker of a launcher cannot launch workers itself; put code that "
            'launches below `if __name__ == "__main__":`, where no import runs it'
        )


def _slots(config: Config) -> list[int]:
    return [endpoint.max_in_flight for endpoint in config.endpoints]


def _affordable(
    config: Config, threads: int | None
) -> tuple[int | None, tuple[str, ...]]:
    """Say how many threads the limit of open files allows, and what to tell people."""
    files, slots = open_files.most(), _slots(config)
    if threads is None or open_files.files_for(threads, slots) <= files:
        return threads, ()
    allowed = open_files.threads_for(files, slots)
    needed = open_files.files_for(threads, slots)
    notice = (
        f"{threads:,} calls at once need up to {needed:,} open files, and a process "
        f"may have {files:,} (ulimit -Hn): each worker makes {allowed:,} at once"
    )
    return allowed, (notice,)


def _death(is_first: bool) -> WorkerDied:
    message = (
        "the workers that made this call died, one after the other; it was given up"
    )
    if is_first:
        message = (
            "the worker that made this call died; it may have been sent already, and "
            "is not sent again (retry_lost = false)"
        )
    return WorkerDied(message, verdict=Verdict.LOCAL)
