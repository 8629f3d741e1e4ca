"""From a configuration to a store."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import StateConfig
from holybalance.config.secret import Secret
from holybalance.errors import ConfigError
from holybalance.state.exchange import RETRY_CAP_S, TICK_S
from holybalance.state.opening import open_store
from holybalance.state.rules import (
    BUSY_S,
    FILE_GRACE_S,
    SERVER_GRACE_S,
    TIMEOUT_S,
    Rules,
)
from holybalance.state.store import Claim, News
from tests.state.servers import RedisServer


def config(url: str, namespace: str = "tests") -> StateConfig:
    """Make a configuration of state."""
    return StateConfig(url=Secret.url(url), namespace=namespace)


def test_local_state_gives_money_at_once() -> None:
    """One process's memory needs no grace, and is the process's own."""
    one, other = open_store(config("local:")), open_store(config("local:"))
    news = News("p", 1, claims=(Claim("account", 10, need=10),))
    granted = [store.exchange(news).accounts[0].granted for store in (one, other)]
    assert [10, 10] == granted
    one.close()
    other.close()


def test_a_path_is_decoded(tmp_path: Path) -> None:
    """Percent signs stand for bytes, those that are no text included."""
    store = open_store(config(f"sqlite:///{tmp_path}/a%20b%3F%C3%A9%23.db"))
    store.exchange(News("p", 1))
    assert (tmp_path / "a b?é#.db").exists()
    store.close()


def test_a_path_may_be_bytes(tmp_path: Path) -> None:
    """File names of other encodings are found."""
    store = open_store(config(f"sqlite:///{tmp_path}/%FF.db"))
    store.exchange(News("p", 1))
    assert b"\xff.db" in os.listdir(os.fsencode(tmp_path))
    store.close()


def test_three_slashes_are_relative_to_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later change of folder does not move the state."""
    monkeypatch.chdir(tmp_path)
    store = open_store(config("sqlite:///state.db"))
    monkeypatch.chdir("/")
    store.exchange(News("p", 1))
    assert (tmp_path / "state.db").exists()
    store.close()


def test_the_clock_is_the_one_given() -> None:
    """Rests go by it."""
    now = [100.0]
    store = open_store(config("local:"), clock=lambda: now[0])
    store.exchange(News("p", 1, rests={"key": 5.0}))
    now[0] += 4
    assert {"key": 1.0} == store.exchange(News("p", 2)).rests
    store.close()


@pytest.mark.parametrize("path", [":memory:", "a%00b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    """Memory is nobody else's to see, and no path holds a zero byte."""
    with pytest.raises(ConfigError, match=r"url of \[state\]"):
        open_store(config(f"sqlite:///{path}"))


@pytest.mark.parametrize(
    "url",
    [
        "redis://:se/cret@127.0.0.1:1/0",
        "redis://:secret@127.0.0.1:secret/0",
        "redis://:secret@127.0.0.1:1/0?socket_timeout=secret",
        "redis://:secret@127.0.0.1:1/0?nonsense=secret",
    ],
)
def test_a_server_that_cannot_be_meant_is_refused(url: str) -> None:
    """The message says what is wanted, and repeats no password."""
    pytest.importorskip("redis")
    with pytest.raises(ConfigError, match="redis://USER:PASSWORD") as caught:
        open_store(config(url))
    assert "cret" not in f"{caught.value!r}{caught.value.__context__}"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the client's package, the message says what to install."""
    monkeypatch.delitem(sys.modules, "holybalance.state.redis", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match="pip install"):
        open_store(config("redis://127.0.0.1:1/0"))


def test_no_store_shows_a_password(tmp_path: Path) -> None:
    """Neither in its repr."""
    pytest.importorskip("redis")
    store = open_store(config("redis://me:secret@127.0.0.1:1/3?client_name=secret"))
    assert "RedisStore('Redis at 127.0.0.1:1/3')" == repr(store)
    file = open_store(config(f"sqlite:///{tmp_path}/s.db"))
    assert f"SqliteStore('{tmp_path}/s.db')" == repr(file)


def test_a_server_s_clock_is_its_own(server: RedisServer) -> None:
    """Without a clock of ours, a rest shrinks by the server's time."""
    server.command("FLUSHALL")
    store = open_store(config(server.url))
    store.exchange(News("p", 1, rests={"key": 5.0}))
    assert 4.0 < store.exchange(News("p", 2)).rests["key"] < 5.0
    store.close()


def test_each_kind_of_store_has_its_grace(tmp_path: Path) -> None:
    """So long a new one gives no money, unless nobody can have known another."""
    pytest.importorskip("redis")
    passing = replace(config(f"sqlite:///{tmp_path}/s.db"), is_passing=True)
    stores: list[Any] = [
        open_store(config("local:")),
        open_store(passing),
        open_store(config(f"sqlite:///{tmp_path}/s.db")),
        open_store(config("redis://127.0.0.1:1/0")),
    ]

    graces = [store._rules for store in stores]

    assert [0.0, 0.0, FILE_GRACE_S] == [rules.grace_s for rules in graces[:3]]
    assert SERVER_GRACE_S == graces[3]["grace_s"]


def test_the_grace_is_longer_than_anybody_awake_is_silent() -> None:
    """A tick and a wait for a file; two tries at a server and the pause between."""
    connection = unknown_script = script = TIMEOUT_S
    slowest_try = (connection, unknown_script, script)

    assert FILE_GRACE_S >= TICK_S + BUSY_S
    assert SERVER_GRACE_S >= sum(slowest_try) + RETRY_CAP_S + sum(slowest_try)
    assert max(FILE_GRACE_S, SERVER_GRACE_S) == Rules("tests").grace_s
