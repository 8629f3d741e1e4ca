"""Money and limits over a real store, with real calls, threads, forks and exits."""

from __future__ import annotations

import atexit
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from holybalance import Client
from holybalance.budgeting.windows import window_at
from holybalance.config import BudgetConfig
from holybalance.errors import BudgetExceeded, HolyBalanceError
from holybalance.state.rules import Rules
from holybalance.state.sqlite import SqliteStore
from holybalance.state.store import Claim, News
from tests.faults.scripted import OK, Peer, Upstream, replying
from tests.faults.test_interruptions import Interrupter, Interruption
from tests.faults.world import World, calm

# Two tokens of each answer are charged; five may be.
PRICE = {"input": 0.0, "output": 100_000.0}
COST, WORST = 0.2, 0.5
PATIENCE_S = 5.0


def client_of(
    upstream: Upstream,
    url: str = "local:",
    limit_usd: float = 2.0,
    **endpoint: Any,
) -> Client:
    """Make a client under a budget."""
    made = Client(
        {
            "defaults": {"timeout": 10.0, "max_attempts": 1},
            "endpoints": [
                {
                    "name": "a",
                    "provider": "openai",
                    "base_url": upstream.url,
                    "api_key": "sk-canary-0123456789",
                    "models": {"m": "m"},
                    **endpoint,
                }
            ],
            "catalog": {"m": {"price": PRICE, "max_output": 5}},
            "budgets": [{"name": "b", "limit_usd": limit_usd, "window": "total"}],
            "state": {"url": url},
        }
    )
    calm(made)
    return made


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """One that answers."""
    made = Upstream(replying)
    yield made
    made.stop()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a state file."""
    return f"sqlite:///{tmp_path}/state.db"


def levels(url: str) -> tuple[float, float]:
    """Look at what a state file says is spent and held, in US dollars."""
    store = SqliteStore(url.removeprefix("sqlite:///"), Rules("holybalance"))
    try:
        claim = Claim("b\ntotal", 2 * 10**9)
        (account,) = store.exchange(News("", 0, claims=(claim,))).accounts
    finally:
        store.close()
    return account.spent / 1e9, account.held / 1e9


def wait_for(condition: Callable[[], bool]) -> bool:
    """Wait for another thread or process to have done something."""
    until = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < until:
        threading.Event().wait(0.005)
    return condition()


def state_threads() -> list[threading.Thread]:
    """List the threads that keep in step with a store."""
    return [t for t in threading.enumerate() if t.name == "holybalance-state"]


def test_threads_of_two_clients_stay_within_the_limit(
    upstream: Upstream, url: str
) -> None:
    """Eight threads each; what was charged is what is spent, and never above."""
    clients = [client_of(upstream, url) for _ in range(2)]

    def call(number: int) -> bool:
        try:
            clients[number % 2].chat("ping")
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        served = sum(pool.map(call, range(48)))
    for client in clients:
        client.close()

    # What is left does not suffice for the worst case of another.
    assert served == len(upstream.requests)
    assert 7 <= served <= 10
    assert (served * COST, 0.0) == pytest.approx(levels(url))


def test_closing_gives_back_what_was_drawn(upstream: Upstream, url: str) -> None:
    """The next client has all that is left."""
    with client_of(upstream, url) as client:
        client.chat("ping")

    assert (COST, 0.0) == pytest.approx(levels(url))
    assert [] == state_threads()


def test_a_client_that_is_dropped(upstream: Upstream, url: str) -> None:
    """Nobody closed it: its thread gives back and ends all the same."""
    client = client_of(upstream, url)
    client.chat("ping")
    client._engine().balancer.endpoints[0].transport.close()
    assert 1 == len(state_threads())
    del client

    def is_gone() -> bool:
        gc.collect()
        return not state_threads()

    assert wait_for(is_gone)
    assert (COST, 0.0) == pytest.approx(levels(url))


def test_a_thread_that_is_idle_does_not_keep_its_client(
    upstream: Upstream,
) -> None:
    """Alone at its store the thread sleeps for as long as nobody asks."""
    client = client_of(upstream)
    client.chat("ping")
    client._engine().balancer.endpoints[0].transport.close()
    del client

    def is_gone() -> bool:
        gc.collect()
        return not state_threads()

    assert wait_for(is_gone)


@pytest.mark.parametrize(
    ("ending", "code"), [("pass", 0), ("raise SystemExit(3)", 3), ("1 / 0", 1)]
)
def test_an_exit_without_closing(
    upstream: Upstream, url: str, ending: str, code: int
) -> None:
    """The interpreter's end gives the money back."""
    script = f"""
        from tests.faults.test_state import Client, client_of
        class At: url = {upstream.url!r}
        client = client_of(At, {url!r})
        client.chat("ping")
        {ending}
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert code == ended.returncode, ended.stderr
    assert (COST, 0.0) == pytest.approx(levels(url))


def test_the_end_of_a_child_of_multiprocessing(upstream: Upstream, url: str) -> None:
    """It ends past `atexit`, and gives back what it holds all the same."""
    script = f"""
        import multiprocessing
        from tests.faults.test_state import client_of
        class At: url = {upstream.url!r}
        child = multiprocessing.get_context("fork").Process(
            target=lambda: client_of(At, {url!r}).chat("ping")
        )
        child.start()
        child.join()
        raise SystemExit(child.exitcode)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert 0 == ended.returncode, ended.stderr
    assert (COST, 0.0) == pytest.approx(levels(url))


def test_an_exit_with_a_store_that_is_gone(upstream: Upstream, tmp_path: Path) -> None:
    """It does not wait for it for long, and says nothing."""
    script = f"""
        import shutil, time
        from tests.faults.test_state import client_of
        class At: url = {upstream.url!r}
        folder = {str(tmp_path / "folder")!r}
        client = client_of(At, f"sqlite:///{{folder}}/state.db")
        client.chat("ping")
        shutil.rmtree(folder)
        print(time.time(), flush=True)
    """
    (tmp_path / "folder").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        timeout=30,
        check=False,
    )
    took = time.time() - float(ended.stdout)

    assert (0, b"") == (ended.returncode, ended.stderr)
    assert took < 2.5


def test_a_fork(upstream: Upstream, url: str) -> None:
    """The child has a thread, an id and money of its own; the parent keeps its own."""
    client = client_of(upstream, url)
    client.chat("ping")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            client.chat("ping")
            client.close()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    client.chat("ping")
    client.close()

    assert 0 == status
    assert (3 * COST, 0.0) == pytest.approx(levels(url))


def test_a_child_that_only_exits(upstream: Upstream, url: str) -> None:
    """It does not give back what is the parent's."""
    client = client_of(upstream, url)
    client.chat("ping")
    script_end = os.fork()
    if script_end == 0:
        try:
            gc.collect()
            sys.exit(0)
        except SystemExit:
            atexit._run_exitfuncs()
        finally:
            os._exit(0)
    os.waitpid(script_end, 0)
    client.chat("ping")
    client.close()

    assert (2 * COST, 0.0) == pytest.approx(levels(url))


def test_closing_with_a_call_under_way(url: str) -> None:
    """What it may have cost is spent, since nobody hears its end any more."""
    began, goes_on = threading.Event(), threading.Event()

    def slow(peer: Peer) -> None:
        peer.request()
        began.set()
        goes_on.wait(PATIENCE_S)
        peer.send(OK)

    upstream = Upstream(slow)
    client = client_of(upstream, url)
    ended: list[object] = []

    def call() -> None:
        try:
            ended.append(client.chat("ping"))
        except HolyBalanceError as error:
            ended.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert began.wait(PATIENCE_S)
    client.close(wait=False)
    goes_on.set()
    thread.join(PATIENCE_S)
    upstream.stop()

    assert 1 == len(ended)
    assert (WORST, 0.0) == pytest.approx(levels(url))


def test_closing_with_a_dead_store(upstream: Upstream, tmp_path: Path) -> None:
    """Takes about a second, and no more."""
    folder = tmp_path / "folder"
    folder.mkdir()
    client = client_of(upstream, f"sqlite:///{folder}/state.db")
    client.chat("ping")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    began = time.monotonic()
    client.close()

    assert time.monotonic() - began < 1.5


def test_waiting_for_money_is_no_busy_loop(url: str) -> None:
    """Ten calls wait a second for one under way: the store is asked now and then."""
    goes_on = threading.Event()

    def slow(peer: Peer) -> None:
        peer.request()
        goes_on.wait(PATIENCE_S)
        peer.send(OK)

    upstream = Upstream(slow)
    client = client_of(upstream, url, limit_usd=0.6)
    exchange: Any = client._engine()._exchange

    def call(number: int) -> bool:
        try:
            client.chat("ping", timeout=5.0)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(11) as pool:
        calls = [pool.submit(call, number) for number in range(11)]
        assert wait_for(lambda: bool(upstream.requests))
        threading.Event().wait(0.3)
        before = next(exchange._numbers)
        threading.Event().wait(1.0)
        rounds = next(exchange._numbers) - before
        goes_on.set()
        served = sum(call.result() for call in calls)
    client.close()
    upstream.stop()

    assert rounds <= 30
    assert 1 == served
    assert COST == pytest.approx(levels(url)[0])


def test_a_shared_rate_limit(upstream: Upstream, url: str) -> None:
    """Two clients together get what one is allowed."""
    clients = [client_of(upstream, url, 1000.0, rpm=600.0) for _ in range(2)]
    until = time.monotonic() + 1.5

    def call(client: Client) -> int:
        served = 0
        while time.monotonic() < until:
            client.chat("ping")
            served += 1
        return served

    with ThreadPoolExecutor(4) as pool:
        served = sum(pool.map(call, clients * 2))
    for client in clients:
        client.close()

    # Ten a second, six at first; each thread may finish one after the time.
    assert 8 <= served <= 15 + 6 + 4


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("folder", ["balancing/", "budgeting/"])
def test_interruptions(world: World, folder: str) -> None:
    """At any line of a call: no money stays held, and no slot."""
    upstream = world.upstream(replying)
    leaks: list[str] = []
    at = 0
    while True:
        at += 1
        client = client_of(upstream, limit_usd=1000.0)
        client.chat("ping")
        interrupter = Interrupter(folder, at)
        outer = sys.gettrace()
        gc.disable()
        sys.settrace(interrupter)
        try:
            client.chat("ping")
        except Interruption:
            pass
        finally:
            sys.settrace(outer)
            gc.enable()
        engine = client._engine()
        held = sum(a.held for a in engine.ledger._accounts.values())
        if held or engine.balancer.endpoints[0].in_flight:
            leaks.append(interrupter.where or "nowhere")
        client.close()
        if interrupter.where is None:
            break

    assert at > 10
    assert [] == leaks


def test_the_window_of_the_key() -> None:
    """The key above is that of a budget without end."""
    budget = BudgetConfig(name="b", limit_usd=1.0, window="total")

    assert "total" == window_at(budget, 0.0).label
