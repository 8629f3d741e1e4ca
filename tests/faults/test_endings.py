"""Closing, forking, interrupting, and the end of the interpreter."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest

from holybalance.errors import ClientClosed
from holybalance.messages import Reply
from tests.faults.scripted import (
    OK,
    PATIENCE_S,
    Peer,
    http,
    reply,
    replying,
    silent,
)
from tests.faults.world import (
    World,
    assert_connections,
    assert_settled,
    failure_of,
    state,
)


def run(code: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with a client of an upstream at hand."""
    preamble = f"""
        import os, sys, threading
        from holybalance import Client, errors
        def make(**defaults):
            return Client({{
                "defaults": {{"timeout": 60, **defaults}},
                "endpoints": [{{
                    "name": "a", "provider": "openai", "base_url": {url!r},
                    "api_key": "sk-test", "models": ["m"],
                }}],
            }})
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(preamble) + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
        check=False,
    )


def echoing(peer: Peer) -> None:
    """Answer each prompt with itself."""
    while True:
        peer.send(http(reply(peer.request().prompt)))


def test_used_after_close(world: World) -> None:
    """A closed client takes no call, in no way, and may be closed again."""
    upstream = world.upstream()
    client = world.client(upstream)
    client.chat("ping")
    client.close()
    client.close()

    for use in (
        lambda: client.chat("ping"),
        lambda: client.submit("ping"),
        lambda: client.map(["ping"]),
        lambda: client.restore("a"),
        client.check,
    ):
        with pytest.raises(ClientClosed):
            use()
    assert upstream.wait_for_open(0)
    assert 1 == upstream.seen == client.metrics()["calls"]


def test_close_waits(world: World) -> None:
    """close() lets what was submitted finish, queued calls included."""
    may_answer = threading.Event()

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            may_answer.wait(PATIENCE_S)
            peer.send(OK)

    upstream = world.upstream(script)
    client = world.client(upstream, threads=2)
    futures = [client.submit("ping") for _ in range(6)]
    assert upstream.wait_for_requests(2)
    closing = threading.Thread(target=client.close)
    closing.start()
    may_answer.set()
    closing.join(PATIENCE_S)

    assert not closing.is_alive()
    assert ["pong"] * 6 == [future.result(0).text for future in futures]
    assert upstream.wait_for_open(0)


def test_close_without_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """close(wait=False) ends calls under way, in line, or between attempts."""
    monkeypatch.setattr("holybalance.wire.connection.GLANCE_S", 0.02)
    monkeypatch.setattr("holybalance.balancing.runtime.GLANCE_S", 0.02)
    upstream = world.upstream(silent)
    client = world.client(upstream, timeout=60, max_in_flight=2)
    balancer = client._engine().balancer
    ends: list[BaseException | Reply] = []

    def call() -> None:
        try:
            ends.append(client.chat("ping"))
        except BaseException as failure:  # noqa: BLE001 it is asserted on
            ends.append(failure)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    futures = [client.submit("ping") for _ in range(3)]
    assert upstream.wait_for_requests(2)

    client.close(wait=False)
    for thread in threads:
        thread.join(PATIENCE_S)

    assert [ClientClosed] * 4 == [type(end) for end in ends]
    for future in futures:
        assert future.cancelled() or isinstance(future.exception(1), ClientClosed)
    assert (0, 0) == (balancer.endpoints[0].in_flight, balancer.queued())
    assert 2 == upstream.seen
    assert upstream.wait_for_open(0)


def test_close_while_looking_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that waits for a name is ended as well."""
    monkeypatch.setattr("holybalance.wire.connection.GLANCE_S", 0.02)
    is_asked, never = threading.Event(), threading.Event()
    client = world.client("http://slow.invalid/v1", timeout=60, connect_timeout=60)
    (endpoint,) = client._engine().balancer.endpoints
    surroundings: Any = endpoint.transport._pool._pool.conn_kw["surroundings"]

    def lookup(host: str, port: int) -> list[Any]:
        is_asked.set()
        never.wait()
        return []

    surroundings.resolver._lookup = lookup
    future = client.submit("ping")
    assert is_asked.wait(PATIENCE_S)

    client.close(wait=False)

    assert ClientClosed is type(future.exception(PATIENCE_S))
    never.set()


def test_end_of_the_interpreter(world: World) -> None:
    """An interpreter ends though a submitted call is under way for a minute."""
    upstream = world.upstream(silent)
    code = """
        client = make()
        futures = [client.submit("ping") for _ in range(100)]
        import time
        while not client.metrics()["in_flight"]:
            threading.Event().wait(0.001)
        print("leaving", flush=True)
    """
    # `run` has a time-out far below the call's.
    ended = run(code, upstream.url)

    assert (0, "leaving\n", "") == (ended.returncode, ended.stdout, ended.stderr)
    assert upstream.wait_for_open(0)


def test_end_of_the_interpreter_with_a_forgotten_client(world: World) -> None:
    """Nor does a client that nobody closed leave a word behind."""
    upstream = world.upstream()
    ended = run('print(make().chat("ping").text)', upstream.url)

    assert (0, "pong\n", "") == (ended.returncode, ended.stdout, ended.stderr)


FORK = """
    client = make()
    assert client.chat("before").text == "before"
    child = os.fork()
    who = "parent" if child else "child"
    mixed = [n for n in range(40) if client.chat(f"{who}{n}").text != f"{who}{n}"]
    print(who, mixed, client.metrics()["calls"], flush=True)
    if child:
        os.waitpid(child, 0)
        assert client.submit("after").result().text == "after"
        client.close()
    else:
        assert client.submit("after").result().text == "after"
        client.close()
        os._exit(0)
"""


def test_fork(world: World) -> None:
    """Parent and child each get their own answers, and count their own calls."""
    upstream = world.upstream(echoing)

    ended = run(FORK, upstream.url)

    assert ["child [] 40", "parent [] 41"] == sorted(ended.stdout.splitlines())
    assert 0 == ended.returncode, ended.stderr
    assert 1 + 2 * 40 + 2 == upstream.seen
    assert 2 <= upstream.accepted <= 4


def test_fork_with_threads_in_the_child(world: World) -> None:
    """Many threads may be the first to use a client after a fork."""
    upstream = world.upstream(echoing)
    code = """
        client = make()
        client.chat("before")
        child = os.fork()
        if child:
            sys.exit(os.waitpid(child, 0)[1])
        sys.setswitchinterval(1e-6)
        texts = []
        gate = threading.Barrier(16)
        def call(n):
            gate.wait()
            texts.append(client.chat(str(n)).text)
        threads = [threading.Thread(target=call, args=(n,)) for n in range(16)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(10)
        good = sorted(texts, key=int) == [str(n) for n in range(16)]
        os._exit(not (good and client.metrics()["calls"] == 16))
    """
    ended = run(code, upstream.url)

    assert (0, "") == (ended.returncode, ended.stderr)


def test_interrupted(world: World) -> None:
    """Ctrl-C ends a call at once, gives its slot back, and blames nobody."""

    def script(peer: Peer) -> None:
        peer.request()
        os.kill(os.getpid(), signal.SIGINT)
        peer.hold()

    upstream = world.upstream(script, replying)
    client = world.client(upstream, timeout=60, breaker={"failures": 1})

    with pytest.raises(KeyboardInterrupt):
        client.chat("ping")

    assert 1 == upstream.seen
    assert "closed" == state(client)["breaker"]
    assert_settled(client)
    assert_connections(client, upstream, 0)
    assert "pong" == client.chat("ping").text


def test_interrupted_in_line(world: World) -> None:
    """Ctrl-C while waiting for a slot leaves the line."""
    may_answer = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        may_answer.wait(PATIENCE_S)
        peer.send(OK)

    upstream = world.upstream(script)
    client = world.client(upstream, timeout=60, max_in_flight=1)
    future = client.submit("ping")
    assert upstream.wait_for_requests(1)
    balancer = client._engine().balancer

    def interrupt() -> None:
        nap = threading.Event()
        while not balancer.queued():
            nap.wait(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        client.chat("ping")
    thread.join()

    assert 0 == balancer.queued()
    may_answer.set()
    assert "pong" == future.result(PATIENCE_S).text
    assert_settled(client)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_out_of_descriptors(world: World, host: str) -> None:
    """Without a file descriptor left the machine is to blame, and not the endpoint."""
    upstream = world.upstream()
    code = """
        import resource
        client = make(breaker={"failures": 1})
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        spare = os.open(os.devnull, os.O_RDONLY)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 1, hard))
        try:
            client.chat("ping")
        except errors.LocalError as error:
            verdicts = [attempt.verdict.value for attempt in error.attempts]
            text = str(error)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        state = client.metrics()["endpoints"]["a"]
        print(verdicts, state["breaker"], state["in_flight"], "ulimit" in text)
        print(client.chat("ping").text)
    """
    ended = run(code, upstream.url.replace("127.0.0.1", host))

    assert ("['local'] closed 0 True\npong\n", "") == (ended.stdout, ended.stderr)
    assert 1 == upstream.seen


def test_no_garbage(world: World) -> None:
    """A call leaves nothing for the garbage collector, good or bad."""
    bad = http(b"", "500 No")

    def script(peer: Peer) -> None:
        while True:
            prompt = peer.request().prompt
            peer.send({"good": OK, "bad": bad, "cut": OK[:-5]}[prompt])
            if prompt == "cut":
                peer.finish()

    upstream = world.upstream(script)
    client = world.client(upstream, max_attempts=1, breaker={"failures": 1000})
    for prompt in ("good", "bad", "cut"):
        _call(client, prompt)
    found: dict[str, int] = {}
    gc.collect()
    gc.disable()
    try:
        for prompt in ("good", "bad", "cut"):
            for _ in range(20):
                _call(client, prompt)
            found[prompt] = gc.collect()
    finally:
        gc.enable()

    assert {"good": 0, "bad": 0, "cut": 0} == found


def _call(client: Any, prompt: str) -> None:
    if prompt == "good":
        client.chat(prompt)
    else:
        failure_of(client, prompt)


def test_close_between_attempts(world: World) -> None:
    """A call whose client is closed before its next attempt says just that."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        is_asked.set()
        may_answer.wait(PATIENCE_S)
        peer.send(http(b"", "500 No"))

    upstream = world.upstream(script)
    client = world.client(upstream, max_attempts=2)
    ends: list[BaseException] = []

    def call() -> None:
        try:
            client.chat("ping")
        except BaseException as failure:  # noqa: BLE001 it is asserted on
            ends.append(failure)

    thread = threading.Thread(target=call)
    thread.start()
    assert is_asked.wait(PATIENCE_S)
    client.close()
    may_answer.set()
    thread.join(PATIENCE_S)

    assert [ClientClosed] == [type(end) for end in ends]
