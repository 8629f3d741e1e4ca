"""Real processes at one store: all at once, killed, forked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holybalance.config import StateConfig
from holybalance.config.secret import Secret
from holybalance.state.opening import open_store
from holybalance.state.rules import Rules
from holybalance.state.sqlite import SqliteStore
from holybalance.state.store import Claim, News, Store
from tests.state.hammer import LIMIT, PER_MINUTE
from tests.state.servers import RedisServer

ROOT = Path(__file__).parents[2]
COUNT = 8


@pytest.fixture(params=["sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the processes meet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    server: RedisServer = request.getfixturevalue("server")
    server.command("FLUSHALL")
    return server.url


Begin = Callable[[str, int], "subprocess.Popen[str]"]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begin processes; none outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(url: str, patience: int) -> subprocess.Popen[str]:
        name = f"hammer-{len(begun)}"
        command = [sys.executable, "-m", "tests.state.hammer", url, name, str(patience)]
        begun.append(
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        )
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def rest_of(process: subprocess.Popen[str]) -> str:
    """Read what it prints until it ends, behind what has been read of it."""
    assert process.stdout is not None
    return process.stdout.read()


def opened(url: str) -> Store:
    """Open a store as the processes do."""
    return open_store(StateConfig(url=Secret.url(url), namespace="hammered"))


def test_many_processes_spend_to_the_last_unit(url: str, begin: Begin) -> None:
    """Eight at once spend exactly the limit, and draw no more than flows."""
    begun_at = time.monotonic()
    processes = [begin(url, 100) for _ in range(COUNT)]
    outputs = [rest_of(process) for process in processes]
    seconds = time.monotonic() - begun_at
    assert LIMIT == sum(output.count("spent") for output in outputs)
    drawn = sum(float(output.partition("drawn ")[2].split()[0]) for output in outputs)
    burst, rate = PER_MINUTE / 100, PER_MINUTE / 60
    assert burst < drawn <= burst + rate * seconds
    store = opened(url)
    answer = store.exchange(News("", 0, claims=(Claim("account", LIMIT),)))
    assert (0, LIMIT, 0) == (
        answer.processes,
        answer.accounts[0].spent,
        answer.accounts[0].held,
    )
    store.close()


def test_the_killed_take_no_more_than_they_held(url: str, begin: Begin) -> None:
    """Three of eight are killed at work: nobody hangs, nothing is spent twice."""
    processes = [begin(url, 100) for _ in range(COUNT)]
    for process in processes[:3]:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    outputs = [rest_of(process) for process in processes]
    spent = sum(output.count("spent") for output in outputs)
    store = opened(url)
    account = store.exchange(News("", 0, claims=(Claim("account", LIMIT),))).accounts[0]
    assert LIMIT == account.spent + account.held
    # A line that was read, and units that were granted and not printed any more.
    assert LIMIT - 3 * (1 + 3 + 3) <= spent <= LIMIT
    store.close()


def test_a_fork_leaves_both_with_all_the_money(tmp_path: Path) -> None:
    """Parent and child go on, each on its own connection, and see each other."""
    path = str(tmp_path / "state.db")
    rules = Rules("forks", grace_s=0.0)
    parent = SqliteStore(path, rules)
    parent.exchange(claiming("parent", 1))
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        _child(parent, SqliteStore(path, rules), reads)
    parent.exchange(claiming("parent", 2))
    # The parent lets go: the file's journal must not be swept away under the child.
    parent.close()
    os.write(writes, b"go")
    assert (child, 0) == os.waitpid(child, 0)
    os.close(reads)
    os.close(writes)
    third = SqliteStore(path, rules)
    account = third.exchange(claiming("third", 1)).accounts[0]
    assert (50, 10) == (account.held, account.granted)
    parent.close()
    third.close()


def claiming(process: str, number: int) -> News:
    """Ask for ten units."""
    return News(process, number, claims=(Claim("account", 1000, need=10),))


def _child(inherited: SqliteStore, own: SqliteStore, reads: int) -> None:
    try:
        own.exchange(claiming("child", 1))
        inherited.close()
        del inherited
        os.read(reads, 2)
        own.exchange(claiming("child", 2))
        os._exit(0)
    finally:
        os._exit(1)
