"""A kept-alive connection that has died is replaced once, and nobody notices."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from holybalance import Client
from tests.faults.scripted import (
    OK,
    PATIENCE_S,
    Peer,
    Upstream,
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
    verdicts,
)


def closing_unread(peer: Peer) -> None:
    """Answer, and close on a second request's first byte: a reset."""
    peer.request()
    peer.send(OK)
    peer.sock.recv(1)
    peer.close()


def finishing(peer: Peer) -> None:
    """Answer, read a second request, and end without an answer."""
    peer.request()
    peer.send(OK)
    peer.request()
    peer.finish()


def resetting(peer: Peer) -> None:
    """Answer, read a second request, and reset."""
    peer.request()
    peer.send(OK)
    peer.request()
    peer.reset()


def cutting(peer: Peer) -> None:
    """Answer, and begin a second answer."""
    peer.request()
    peer.send(OK)
    peer.request()
    peer.send(OK[:30])
    peer.finish()


def is_dead(client: Client) -> bool:
    """Wait until the idle connection shows the end that was sent."""
    connection = client._engine().balancer.endpoints[0].transport._pool._idle._stack[0]
    return bool(connection._readable.poll(PATIENCE_S * 1000))


def test_reused(world: World) -> None:
    """Calls in a row use one connection."""
    upstream = world.upstream()
    client = world.client(upstream)

    for _ in range(3):
        client.chat("ping")

    assert (1, 3) == (upstream.accepted, upstream.seen)
    assert_connections(client, upstream, 1)


def test_closed_while_idle(world: World) -> None:
    """A connection that was closed while idle is not even tried."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(OK)
        peer.finish()

    upstream = world.upstream(script, replying)
    client = world.client(upstream)
    client.chat("ping")
    assert is_dead(client)

    answer = client.chat("ping")

    assert ["ok"] == verdicts(answer)
    assert (2, 2) == (upstream.accepted, upstream.seen)
    assert 0 == state(client)["stale_connections"]
    assert_connections(client, upstream, 1)


def test_reset_while_idle(world: World) -> None:
    """Nor is one that was reset."""
    is_done = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(OK)
        is_done.wait(PATIENCE_S)
        peer.reset()

    upstream = world.upstream(script, replying)
    client = world.client(upstream)
    client.chat("ping")
    is_done.set()
    assert is_dead(client)

    answer = client.chat("ping")

    assert ["ok"] == verdicts(answer)
    assert (2, 2) == (upstream.accepted, upstream.seen)
    assert_connections(client, upstream, 1)


@pytest.mark.parametrize(
    ("script", "seen"),
    [(closing_unread, 2), (finishing, 3), (resetting, 3)],
    ids=["closed unread", "ended", "reset"],
)
def test_raced(world: World, script: object, seen: int) -> None:
    """One that dies as the request comes is replaced once, and counted."""
    upstream = world.upstream(script, replying)  # type: ignore[arg-type]  # a Script
    client = world.client(upstream)
    client.chat("ping")

    answer = client.chat("ping")

    assert ["ok"] == verdicts(answer)
    assert (2, seen) == (upstream.accepted, upstream.seen)
    assert 1 == state(client)["stale_connections"]
    assert "closed" == state(client)["breaker"]
    assert_connections(client, upstream, 1)


@pytest.mark.parametrize("script", [finishing, resetting])
def test_not_resent(world: World, script: object) -> None:
    """With retry_lost=false, what may have been received is not sent again."""
    upstream = world.upstream(script, replying)  # type: ignore[arg-type]  # a Script
    client = world.client(upstream, retry_lost=False, max_attempts=4)
    client.chat("ping")

    failure = failure_of(client)

    assert ["lost"] == verdicts(failure)
    assert (1, 2) == (upstream.accepted, upstream.seen)
    assert 0 == state(client)["stale_connections"]
    assert_connections(client, upstream, 0)


def test_replaced_only_once(world: World) -> None:
    """When the fresh connection dies as well, the attempt is lost."""

    def ending(peer: Peer) -> None:
        peer.request()
        peer.finish()

    upstream = world.upstream(finishing, ending)
    client = world.client(upstream)
    client.chat("ping")

    failure = failure_of(client)

    assert ["lost"] == verdicts(failure)
    assert (2, 3) == (upstream.accepted, upstream.seen)
    assert 1 == state(client)["stale_connections"]
    assert_connections(client, upstream, 0)


def test_cut_is_not_stale(world: World) -> None:
    """Once a byte of the answer has come, nothing is replaced."""
    upstream = world.upstream(cutting, replying)
    client = world.client(upstream)
    client.chat("ping")

    failure = failure_of(client)

    assert ["malformed"] == verdicts(failure)
    assert (1, 2) == (upstream.accepted, upstream.seen)
    assert 0 == state(client)["stale_connections"]
    assert_connections(client, upstream, 0)


def test_replaced_by_a_hanging_one(world: World) -> None:
    """The replacement is bound by the same deadline."""
    upstream = world.upstream(finishing, silent)
    client = world.client(upstream, timeout=0.4)
    client.chat("ping")

    failure = failure_of(client)

    assert ["late"] == verdicts(failure)
    assert_connections(client, upstream, 0)


def test_dead_and_gone(world: World) -> None:
    """When nobody listens any more, the replacement is refused: sick."""
    upstream = world.upstream()
    client = world.client(upstream)
    client.chat("ping")
    upstream.kill()
    assert upstream.wait_for_open(0)

    failure = failure_of(client)

    assert ["sick"] == verdicts(failure)
    assert_settled(client)
    assert 0 == state(client)["idle_connections"]


def test_expired(world: World) -> None:
    """A connection that was idle for longer than 30 s is not used."""
    upstream = world.upstream()
    client = world.client(upstream)
    client.chat("ping")
    connection = client._engine().balancer.endpoints[0].transport._pool._idle._stack[0]
    connection.idle_since -= 31

    client.chat("ping")

    assert 2 == upstream.accepted
    assert_connections(client, upstream, 1)


def test_expired_below_a_young_one(world: World) -> None:
    """The connections that a burst left behind are closed once they expire."""
    gate = threading.Barrier(3)

    def together(peer: Peer) -> None:
        peer.request()
        gate.wait(PATIENCE_S)
        peer.send(OK)
        replying(peer)

    upstream = world.upstream(together)
    client = world.client(upstream)
    threads = [threading.Thread(target=client.chat, args=("hi",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert_connections(client, upstream, 3)
    stack = client._engine().balancer.endpoints[0].transport._pool._idle._stack
    for connection in list(stack)[:2]:
        connection.idle_since -= 31

    client.chat("ping")

    assert_connections(client, upstream, 1)


def test_many_threads_never_mix_answers(world: World) -> None:
    """Each of many calls over few connections gets the answer to its own prompt."""

    def echoing(peer: Peer) -> None:
        while True:
            prompt = peer.request().prompt
            peer.send(http(reply(prompt)))

    upstream = world.upstream(echoing)
    client = world.client(upstream, max_in_flight=8)
    mixed: list[tuple[str, str]] = []

    def talk(name: int) -> None:
        for turn in range(25):
            prompt = f"{name}/{turn}"
            text = client.chat(prompt).text
            if text != prompt:
                mixed.append((prompt, text))

    threads = [threading.Thread(target=talk, args=(name,)) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert [] == mixed
    assert 400 == upstream.seen
    assert upstream.accepted <= 8
    assert_settled(client)


def test_the_pool_is_closed_under_a_call(world: World) -> None:
    """A connection that is given back after close() is closed, not kept."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        is_asked.set()
        may_answer.wait(PATIENCE_S)
        peer.send(OK)

    upstream: Upstream = world.upstream(script)
    client = world.client(upstream)
    texts: list[str] = []
    thread = threading.Thread(target=lambda: texts.append(client.chat("ping").text))
    thread.start()
    assert is_asked.wait(PATIENCE_S)

    client.close()
    may_answer.set()
    thread.join(PATIENCE_S)

    assert ["pong"] == texts
    assert upstream.wait_for_open(0)


def test_a_client_that_was_forgotten_keeps_nothing(world: World) -> None:
    """Its idle connections go with it, though nobody has closed it."""
    upstream = world.upstream()
    client = Client(
        {
            "endpoints": [
                {"provider": "openai", "base_url": upstream.url, "models": ["*"]}
            ]
        }
    )
    client.chat("ping", model="m")
    engine = weakref.ref(client._engine())
    del client
    gc.collect()

    assert engine() is None
    assert upstream.wait_for_open(0)
