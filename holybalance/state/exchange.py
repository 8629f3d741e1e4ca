"""
Owns the thread that keeps a process in step with the others, through a store.

All traffic with the store is here and off the path of calls: they use what was drawn
before, and where that runs out, they wait in line until the thread has drawn more.
While the store cannot be reached, rate limits go on with this process's share, and
money with what it holds.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import logging
import math
import os
import queue
import sys
import threading
import uuid
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from holybalance.errors import ConfigError
from holybalance.state.store import (
    Account,
    Answer,
    Claim,
    Draw,
    News,
    Store,
    StoreError,
)

_LOG = logging.getLogger("holybalance.state")
TICK_S = 0.25
"""How often news are exchanged at least, while there are calls."""
STALE_S = 1.0
"""Without an answer for so long, the store counts as out of reach."""
IDLE_S = 5.0
"""Without a call for so long, a process stops asking until the next one."""
RETRY_CAP_S = 1.0
"""How long it pauses at most before it tries again to reach a store."""
LEAVE_S = 1.0
"""How long the end of a process may wait for its last exchange."""


class Spender(Protocol):
    """Who uses money in this process: its ledger."""

    def claims(self, *, is_leaving: bool) -> tuple[Claim, ...]:
        """Say what has been spent and what is wanted."""

    def take_accounts(self, accounts: Sequence[Account]) -> None:
        """Take the answers to the last claims."""

    def is_holding(self) -> bool:
        """Tell whether it holds money, which would be lost if nobody heard of it."""

    def cut_off(self, since: float | None) -> None:
        """Hear since when the store is out of reach; `None` when it answers again."""


class Sharer(Protocol):
    """Who shares rates and rests with other processes: an endpoint."""

    def draws(self, *, is_leaving: bool) -> tuple[Draw, ...]:
        """Say what is wanted of the rate buckets."""

    def take_draws(self, granted: Sequence[float], processes: int) -> None:
        """Take the answers to the last draws; so many processes share."""

    def news_of_rests(self) -> tuple[dict[str, float], tuple[str, ...]]:
        """Give rests that have begun, with their seconds, and those that are over."""

    def take_rests(self, rests: Mapping[str, float]) -> None:
        """Hear of all rests that anybody takes."""

    def tell_again(self) -> None:
        """Hear that the store has forgotten all rests."""

    def go_alone(self, processes: int) -> None:
        """Go on with the share of one of so many processes, from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """
    How it stands with the store.

    Args:
        is_up: it has answered lately, or has not been needed yet.
        processes: how many share it, as far as known.
        error: what the last failure was, while it lasts.
    """

    is_up: bool
    processes: int
    error: str | None


class Exchange:
    """
    Exchanges news with a store while there are calls; one thread, begun by the first.

    Args:
        make_store: gives the store, which the thread opens by its first exchange.
        clock: monotonic seconds.
        is_shared: whether other processes are at the store, so that there is news to
            be heard and not only to be told.
        processes: how many to reckon with until the store has told.
    """

    def __init__(
        self,
        make_store: Callable[[], Store],
        clock: Callable[[], float],
        *,
        is_shared: bool,
        processes: int,
    ) -> None:
        self._make_store = make_store
        # Kept, so that what it holds is given back at the end.
        self._spender: Spender = _Nobody()
        # Weakly: endpoints lead to the client, which must not live for this thread.
        self._sharers: list[weakref.ref[Sharer]] = []
        self._clock = clock
        self._is_shared = is_shared
        self._processes = processes
        self._name = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._generation = ""
        # Not an event: a garbage collection may retire the exchange in the middle of
        # one's code, which would wait for itself. A queue of this kind takes that.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_rung = False
        self._first_answer = threading.Event()
        # Guards the start of the thread, and its end.
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._finalizer: Any = None
        self._is_leaving = False
        # Whether a call has to wake the thread, which has not begun yet or is idle.
        self._is_asleep = True
        # The thread's own, from here on; others may read a moment late.
        self._store: Store | None = None
        self._unanswered: _Round | None = None
        self._asked_at = clock()
        self._called_at = clock()
        self._has_calls = False
        self._is_alone = False
        self._error: str | None = None

    def spend_by(self, spender: Spender) -> None:
        """Have a ledger take part, before the first call."""
        self._spender = spender

    def join(self, sharers: Iterable[Sharer]) -> None:
        """Have endpoints take part, before the first call."""
        self._sharers = [weakref.ref(sharer) for sharer in sharers]

    def note_call(self) -> None:
        """Know of a call; the first one starts the thread, a later one may wake it."""
        self._has_calls = True
        if self._is_asleep:
            self._begin()

    def ask_soon(self) -> None:
        """Have the next exchange at once: something has run out, or should be known."""
        if not self._is_rung:
            self._is_rung = True
            self._bell.put(None)

    def wait_for_answer(self, seconds: float) -> bool:
        """Wait until the store has answered at all; tell whether it has."""
        return self._first_answer.wait(seconds)

    def reach(self) -> Reach:
        """Tell how it stands with the store."""
        return Reach(
            is_up=not self._is_alone, processes=self._processes, error=self._error
        )

    def round(self) -> bool:
        """
        Make one exchange; tell whether the store answered.

        An exchange whose answer was lost may have been made, so it is said again as it
        was, and the store knows it by its number.
        """
        if self._unanswered is None:
            self._unanswered, self._asked_at = self._say(), self._clock()
        said = self._unanswered
        try:
            if self._store is None:
                self._store = self._make_store()
            answer = self._store.exchange(said.news)
        except (StoreError, ConfigError) as error:
            self._error = str(error)
            self._note_silence()
            return False
        self._unanswered = None
        self._hear(said, answer)
        return True

    def retire(self) -> None:
        """Have the thread give back what this process holds, and end; do not wait."""
        self._is_leaving = True
        self._bell.put(None)

    def close(self) -> None:
        """As `retire`, and wait for it a moment; may be repeated."""
        with self._lock:
            self.retire()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(LEAVE_S)

    def _begin(self) -> None:
        with self._lock:
            self._is_asleep = False
            is_new = self._thread is None and not self._is_leaving
            is_running = self._start() if is_new else True
            self.ask_soon()
        if not is_running:
            self._go_alone()

    def _start(self) -> bool:
        """Start the thread; tell whether there is one."""
        # A daemon: the interpreter's end must not wait for a store.
        self._process = os.getpid()
        self._thread = threading.Thread(
            target=self._run, name="holybalance-state", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            self._thread = None
            self._is_asleep = True
            self._error = str(error)
            return False
        # What is held is given back at the end, even where nobody closes the client.
        atexit.register(self._at_exit)
        if (util := sys.modules.get("multiprocessing.util")) is not None:
            # Its children end past `atexit`, after what is registered here.
            self._finalizer = util.Finalize(None, self._at_exit, exitpriority=0)
        return True

    def _at_exit(self) -> None:
        # In the child of a fork it is the parent's, whose part is not ours to end.
        if os.getpid() == self._process:
            self.close()

    def _run(self) -> None:
        pause = TICK_S
        while not self._is_leaving:
            self._is_rung = False
            if not self._try():
                pause = min(2 * pause, RETRY_CAP_S)
                # Deaf to what has run out, which would ask again and again.
                self._is_rung = True
                self._sleep(min(pause, self._patience()))
                self._note_silence()
            elif pause > TICK_S:
                pause = TICK_S  # what was said was old, and there is news by now
            else:
                self._wait_for_news()
        self._leave()

    def _try(self) -> bool:
        """Make an exchange; whatever goes wrong, the thread goes on."""
        try:
            return self.round()
        except Exception as error:  # noqa: BLE001  ours, or by what is in the store
            told = f"{type(error).__name__}: {error}"
            if told != self._error:
                _LOG.exception("an exchange with the store failed; going on alone")
            self._error = told
        self._go_alone()
        return False

    def _sleep(self, seconds: float | None) -> None:
        """Wait to be asked, or told to leave."""
        if not self._is_leaving:
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=seconds)

    def _wait_for_news(self) -> None:
        """Wait for the next exchange; without calls, for the next call."""
        until: float | None = TICK_S
        if not self._is_shared:
            until = None  # nobody else has any news
        elif self._is_idle():
            self._is_asleep = True
            until = None if not self._has_calls else TICK_S
        self._sleep(until)

    def _is_idle(self) -> bool:
        now = self._clock()
        if self._has_calls or self._spender.is_holding():
            self._has_calls = False
            self._called_at = now
        return now - self._called_at >= IDLE_S

    def _say(self, *, is_leaving: bool = False) -> _Round:
        sharers = [sharer for ref in self._sharers if (sharer := ref()) is not None]
        if len(sharers) < len(self._sharers):
            self._is_leaving = True  # nobody has the client any more
        rests: dict[str, float] = {}
        lifted: list[str] = []
        for sharer in sharers:
            begun, over = sharer.news_of_rests()
            rests |= begun
            lifted += over
        draws = [sharer.draws(is_leaving=is_leaving) for sharer in sharers]
        news = News(
            process=self._name,
            number=next(self._numbers),
            generation=self._generation,
            draws=tuple(itertools.chain.from_iterable(draws)),
            claims=self._spender.claims(is_leaving=is_leaving),
            rests=rests,
            lifted=tuple(lifted),
            is_leaving=is_leaving,
        )
        drawers = zip(map(weakref.ref, sharers), map(len, draws), strict=True)
        return _Round(news, list(drawers))

    def _hear(self, said: _Round, answer: Answer) -> None:
        has_forgotten = self._generation not in ("", answer.generation)
        self._generation = answer.generation
        self._processes = max(1, answer.processes)
        self._spender.take_accounts(answer.accounts)
        drawn = iter(answer.drawn)
        for ref, count in said.drawers:
            granted = tuple(itertools.islice(drawn, count))
            sharer = ref()
            if sharer is not None:
                if has_forgotten:
                    sharer.tell_again()
                sharer.take_draws(granted, self._processes)
                sharer.take_rests(answer.rests)
        self._error = None
        self._first_answer.set()
        if self._is_alone:
            self._is_alone = False
            _LOG.warning("the shared state answers again")
            self._spender.cut_off(None)

    def _patience(self) -> float:
        """Say for how many seconds calls may still be kept waiting for an answer."""
        if self._is_alone:
            return math.inf
        return max(0.0, self._asked_at + STALE_S - self._clock())

    def _note_silence(self) -> None:
        if self._patience() == 0:
            self._go_alone()

    def _go_alone(self) -> None:
        if self._is_alone:
            return
        self._is_alone = True
        _LOG.warning(
            "the shared state is out of reach; going on with this process's share of "
            "rate limits, and with the money that it holds: %s",
            self._error,
        )
        self._spender.cut_off(self._asked_at)
        for ref in self._sharers:
            sharer = ref()
            if sharer is not None:
                sharer.go_alone(self._processes)

    def _leave(self) -> None:
        """Say goodbye, once: what a store that is down does not hear is lost."""
        try:
            if self._unanswered is None or self._try():
                self._unanswered = self._say(is_leaving=True)
                self._try()
        finally:
            atexit.unregister(self._at_exit)
            if self._finalizer is not None:
                self._finalizer.cancel()
            if self._store is not None:
                self._store.close()


class _Nobody:
    """Spends nothing."""

    def claims(self, *, is_leaving: bool) -> tuple[Claim, ...]:
        return ()

    def take_accounts(self, accounts: Sequence[Account]) -> None:
        pass

    def is_holding(self) -> bool:
        return False

    def cut_off(self, since: float | None) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Round:
    """What was said, and how many of its draws are whose."""

    news: News
    drawers: Sequence[tuple[Any, int]]
