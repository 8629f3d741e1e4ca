"""The thread that keeps in step with a store: when it begins, asks, rests and ends."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from holybalance.errors import ConfigError
from holybalance.state.exchange import IDLE_S, LEAVE_S, STALE_S, Exchange
from holybalance.state.store import Account, Answer, Claim, Draw, News, Store
from tests.unit.stubs import Clock, ScriptedStore, memory

PATIENCE_S = 5.0


class Spender:
    """Who holds no money, and notes what it hears."""

    def __init__(self) -> None:
        self.cuts: list[float | None] = []
        self.holds = False
        self.left = False

    def claims(self, *, is_leaving: bool) -> tuple[Claim, ...]:
        """Claim nothing."""
        self.left = self.left or is_leaving
        return ()

    def take_accounts(self, accounts: Sequence[Account]) -> None:
        """Nothing is claimed."""

    def is_holding(self) -> bool:
        """As the test says."""
        return self.holds

    def cut_off(self, since: float | None) -> None:
        """Note it."""
        self.cuts.append(since)


class Sharer:
    """Who draws one at a time, and notes what it hears."""

    def __init__(self, name: str = "a") -> None:
        self.name = name
        self.granted: list[float] = []
        self.alone: list[int] = []
        self.rests: list[dict[str, float]] = []
        self.begun: dict[str, float] = {}
        self.forgotten = 0

    def draws(self, *, is_leaving: bool) -> tuple[Draw, ...]:
        """Draw one."""
        if is_leaving:
            return (Draw(self.name, 600.0, back=1.0),)
        return (Draw(self.name, 600.0, want=1.0),)

    def take_draws(self, granted: Sequence[float], processes: int) -> None:
        """Note them."""
        self.granted += granted

    def news_of_rests(self) -> tuple[dict[str, float], tuple[str, ...]]:
        """Tell what has begun."""
        begun, self.begun = self.begun, {}
        return begun, ()

    def take_rests(self, rests: Mapping[str, float]) -> None:
        """Note them."""
        self.rests.append(dict(rests))

    def tell_again(self) -> None:
        """Count it."""
        self.forgotten += 1

    def go_alone(self, processes: int) -> None:
        """Note it."""
        self.alone.append(processes)


class Rig:
    """An exchange with all that takes part in it."""

    def __init__(self, *, is_shared: bool = True, store: Store | None = None) -> None:
        self.clock = Clock()
        self.store = ScriptedStore(store or memory(self.clock))
        self.spender, self.sharer = Spender(), Sharer()
        opened = self.store  # the exchange must not hold what takes part
        self.exchange = Exchange(
            lambda: opened, self.clock, is_shared=is_shared, processes=4
        )
        self.exchange.spend_by(self.spender)
        self.exchange.join([self.sharer])

    def thread(self) -> threading.Thread:
        """Give its thread."""
        assert self.exchange._thread is not None
        return self.exchange._thread


@pytest.fixture
def rig() -> Iterator[Rig]:
    """One that is closed at the end."""
    made = Rig()
    yield made
    made.exchange.close()


def wait_for(condition: Callable[[], bool]) -> bool:
    """Wait for another thread to have done something."""
    until = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < until:
        threading.Event().wait(0.001)
    return condition()


# Rounds, without a thread.


def test_draws_are_answered_in_their_order() -> None:
    """Each sharer gets its own."""
    rig = Rig()
    other = Sharer("b")
    rig.exchange.join([rig.sharer, other])
    for _ in range(7):
        assert rig.exchange.round()

    assert 6 == sum(rig.sharer.granted) == sum(other.granted)
    assert [1, 2, 3, 4, 5, 6, 7] == [news.number for news in rig.store.heard]


def test_a_lost_answer_is_asked_for_by_its_number() -> None:
    """The same news, which the store applies once; then come new ones."""
    rig = Rig()
    rig.store.loses = 2
    results = [rig.exchange.round() for _ in range(4)]

    assert [False, False, True, True] == results
    assert [1, 1, 1, 2] == [news.number for news in rig.store.heard]
    assert [1.0, 1.0] == rig.sharer.granted


def test_whoever_waited_for_an_answer_finds_it_taken() -> None:
    """By all who take part."""
    rig = Rig()
    had: list[bool] = []
    rig.sharer.take_rests = lambda rests: had.append(  # type: ignore[method-assign]  # to look
        rig.exchange.wait_for_answer(0)
    )
    rig.exchange.round()

    assert [False] == had
    assert rig.exchange.wait_for_answer(0)


def test_out_of_reach() -> None:
    """After a second without an answer each goes on alone, until there is one."""
    rig = Rig()
    assert rig.exchange.round()
    began = rig.clock.now
    rig.store.is_down = True
    rig.exchange.round()
    assert rig.exchange.reach().is_up
    rig.clock.now += STALE_S
    for _ in range(3):
        rig.exchange.round()

    assert ([1], [began]) == (rig.sharer.alone, rig.spender.cuts)
    reach = rig.exchange.reach()
    assert (False, 1, "the store is down") == (
        reach.is_up,
        reach.processes,
        reach.error,
    )
    rig.store.is_down = False
    assert rig.exchange.round()
    assert [began, None] == rig.spender.cuts
    assert rig.exchange.reach().is_up
    assert rig.exchange.reach().error is None


def test_a_store_that_was_not_asked_has_not_been_silent() -> None:
    """After an hour without calls, one failure is no outage."""
    rig = Rig()
    assert rig.exchange.round()
    rig.clock.now += 3600
    rig.store.is_down = True
    rig.exchange.round()

    assert ([], []) == (rig.sharer.alone, rig.spender.cuts)


def test_before_the_first_answer_the_configured_number_shares() -> None:
    """Nobody has said yet how many there are."""
    rig = Rig()
    rig.store.is_down = True
    rig.exchange.round()
    rig.clock.now += STALE_S
    rig.exchange.round()

    assert [4] == rig.sharer.alone


def test_a_store_that_cannot_be_opened_is_out_of_reach() -> None:
    """As where the package for it is missing; the thread lives on and says why."""
    clock = Clock()

    def make() -> Store:
        raise ConfigError("pip install it")

    exchange = Exchange(make, clock, is_shared=True, processes=2)
    spender = Spender()
    exchange.spend_by(spender)
    assert not exchange.round()
    clock.now += STALE_S
    assert not exchange.round()

    assert "pip install it" == exchange.reach().error
    assert 1 == len(spender.cuts)


def test_a_store_that_has_forgotten() -> None:
    """Sharers hear of it, so that they tell their rests again."""
    rig = Rig()
    assert rig.exchange.round()
    assert rig.exchange.round()
    assert 0 == rig.sharer.forgotten
    rig.store.store = memory(rig.clock)

    for _ in range(3):
        assert rig.exchange.round()

    assert 1 == rig.sharer.forgotten


# The thread.


def test_the_first_call_begins_the_thread(rig: Rig) -> None:
    """And no earlier."""
    assert rig.exchange._thread is None
    rig.exchange.note_call()

    assert rig.exchange.wait_for_answer(PATIENCE_S)
    assert rig.thread().daemon


def test_asking_soon_is_heard_at_once(rig: Rig) -> None:
    """Not with the next tick."""
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    began = time.monotonic()
    for _ in range(20):
        before = len(rig.store.heard)
        rig.exchange.ask_soon()
        assert wait_for(lambda before=before: len(rig.store.heard) > before)  # type: ignore[misc]  # its default

    assert time.monotonic() - began < 20 * 0.2


def test_many_who_ask_are_one_exchange(rig: Rig) -> None:
    """However many ask while it is made."""
    gate, inside = threading.Event(), threading.Event()
    exchange = rig.store.store.exchange

    class Slow:
        def exchange(self, news: News) -> Answer:
            inside.set()
            gate.wait(PATIENCE_S)
            return exchange(news)

        def close(self) -> None:
            pass

    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    threading.Event().wait(0.02)
    rig.store.store = Slow()
    before = rig.store.tries
    rig.exchange.ask_soon()
    assert inside.wait(PATIENCE_S)
    for _ in range(1000):
        rig.exchange.ask_soon()
    gate.set()
    threading.Event().wait(0.1)

    assert rig.store.tries - before <= 3


def test_a_store_that_is_down_is_asked_now_and_then(rig: Rig) -> None:
    """However much has run out."""
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    rig.store.is_down = True
    before = rig.store.tries
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        rig.exchange.ask_soon()
        threading.Event().wait(0.001)

    assert rig.store.tries - before <= 2


def test_a_store_that_fails_is_noticed_in_time() -> None:
    """A second after it was asked, however long the pause until the next try is."""
    rig = Rig()
    rig.store.is_down = True
    rig.clock.now += 0.123
    began = rig.clock.now

    def sleep(seconds: float | None) -> None:
        rig.clock.now += seconds or 0.0
        if rig.sharer.alone:
            rig.exchange.retire()

    rig.exchange._sleep = sleep  # type: ignore[method-assign]  # to let time pass
    rig.spender.cut_off = lambda since: alone_at.append(rig.clock.now)  # type: ignore[method-assign]  # to look
    alone_at: list[float] = []
    rig.exchange._run()

    assert [STALE_S] == pytest.approx([at - began for at in alone_at])


def test_a_fault_of_ours_is_told_and_calls_go_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Alone at first, and with the others once it is over; it is logged once."""

    def fail(rests: Mapping[str, float]) -> None:
        raise IndexError("no such part")

    hear = rig.sharer.take_rests
    rig.sharer.take_rests = fail  # type: ignore[method-assign]  # as a fault would
    for _ in range(3):
        assert not rig.exchange._try()
    reach = rig.exchange.reach()
    assert (False, "IndexError: no such part") == (reach.is_up, reach.error)
    logged = [(r.name, r.exc_info is not None) for r in caplog.records]
    assert [("holybalance.state", True), ("holybalance.state", False)] == logged
    assert "no such part" in caplog.messages[1]

    rig.exchange.note_call()
    assert wait_for(lambda: rig.store.tries > 3)
    rig.sharer.take_rests = hear  # type: ignore[method-assign]  # as it was
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    assert rig.exchange.reach().is_up
    assert rig.thread().is_alive()


def test_without_calls_it_sleeps_and_a_call_wakes_it(rig: Rig) -> None:
    """But not while it holds money, which would be lost if nobody heard of it."""
    rig.spender.holds = True
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    rig.clock.now += IDLE_S + 1
    rig.exchange.ask_soon()
    assert not rig.exchange._is_asleep
    rig.spender.holds = False
    assert wait_for(lambda: step(rig))
    tries = rig.store.tries

    rig.exchange.note_call()

    assert wait_for(lambda: rig.store.tries > tries)
    assert not rig.exchange._is_asleep


def step(rig: Rig) -> bool:
    """Let time pass, and tell whether the thread is asleep."""
    rig.clock.now += IDLE_S + 1
    rig.exchange.ask_soon()
    return rig.exchange._is_asleep


def test_alone_it_asks_only_when_asked() -> None:
    """Nobody else has any news."""
    rig = Rig(is_shared=False)
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    threading.Event().wait(0.3)

    assert rig.store.tries <= 2
    rig.exchange.close()


def test_closing_says_goodbye(rig: Rig) -> None:
    """Once, and the thread ends; closing again does nothing."""
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    for _ in range(2):
        rig.exchange.close()

    assert not rig.thread().is_alive()
    assert [True] == [news.is_leaving for news in rig.store.heard if news.is_leaving]
    assert rig.store.heard[-1].is_leaving
    assert 1.0 == rig.store.heard[-1].draws[0].back
    assert rig.spender.left


def test_closing_before_the_first_call(rig: Rig) -> None:
    """Nothing has begun, and nothing begins any more."""
    rig.exchange.close()
    rig.exchange.note_call()

    assert rig.exchange._thread is None


def test_closing_waits_a_moment_for_a_store_that_hangs() -> None:
    """A second, and no more."""
    gate = threading.Event()

    class Hanging:
        def exchange(self, news: News) -> Answer:
            gate.wait(PATIENCE_S)
            return Answer("g", 1, (0.0,) * len(news.draws), (), {})

        def close(self) -> None:
            pass

    rig = Rig(store=Hanging())
    rig.exchange.note_call()
    began = time.monotonic()
    rig.exchange.close()
    took = time.monotonic() - began
    gate.set()
    rig.thread().join(PATIENCE_S)

    assert took < LEAVE_S + 0.3
    assert not rig.thread().is_alive()


def test_an_owner_that_is_dropped_ends_the_thread() -> None:
    """Nobody closed it; who took part has gone."""
    rig = Rig()
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    thread, store, gone = rig.thread(), rig.store, weakref.ref(rig.sharer)
    del rig
    gc.collect()
    assert wait_for(lambda: gone() is None)

    thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert [True] == [news.is_leaving for news in store.heard if news.is_leaving]


def test_a_collection_may_retire_it_anywhere(rig: Rig) -> None:
    """Also while its own thread is about to wait, or to be woken."""
    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)

    class Dropped:
        pass

    dropped = Dropped()
    weakref.finalize(dropped, rig.exchange.retire)
    bell = rig.exchange._bell

    class Bell:
        """Collects garbage in the middle of what the thread does."""

        def get(self, timeout: float | None) -> None:
            nonlocal dropped
            dropped = Dropped()
            return bell.get(timeout=timeout)

        def put(self, item: None) -> None:
            bell.put(item)

    rig.exchange._bell = Bell()  # type: ignore[assignment]  # as much as is used of it
    rig.exchange.ask_soon()
    rig.thread().join(PATIENCE_S)

    assert not rig.thread().is_alive()


def test_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls go on alone, and the next one tries again."""
    rig = Rig()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        rig.exchange.note_call()
    assert [4] == rig.sharer.alone
    assert "can't start new thread" == rig.exchange.reach().error

    rig.exchange.note_call()
    assert rig.exchange.wait_for_answer(PATIENCE_S)
    rig.exchange.close()
