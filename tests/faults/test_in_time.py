"""Whatever trickles, a call ends at most 100 ms after its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from holybalance import Client
from holybalance.errors import DeadlineExceeded
from tests.faults.scripted import OK, Peer, Script, http, reply
from tests.faults.world import (
    World,
    assert_settled,
    draw_by,
    failure_of,
    state,
    verdicts,
)

DEADLINE_S = 0.5
# The promise, in seconds.
GRACE_S = 0.1
BODY = reply()


def trickling(data: bytes, at_once: bytes = b"") -> Script:
    """Answer with bytes at once, then a byte at a time, for longer than any call."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(at_once)
        peer.trickle(data)

    return script


def trickling_unasked(data: bytes) -> Script:
    """Trickle without reading anything, as within a TLS handshake."""
    return lambda peer: peer.trickle(data)


CHUNKED_HEAD = http(b"", "200 OK", "Transfer-Encoding: chunked", length=False)
ENDLESS = b" " * 1000
TRICKLES = {
    "in the status line": trickling(b"HTTP/1.1 200 " + ENDLESS),
    "in a header": trickling(b"x" * 1000, b"HTTP/1.1 200 OK\r\nX-A: "),
    "in headers": trickling(b"A: 1\r\n" * 100, b"HTTP/1.1 200 OK\r\n"),
    "in interim responses": trickling(b"HTTP/1.1 100 Continue\r\n\r\n" * 20),
    "in the body": trickling(ENDLESS, http(b" " * 1000)[:-1000]),
    "in a body until the end": trickling(ENDLESS, http(BODY, length=False)),
    "in a chunk's size": trickling(b"0" * 1000, CHUNKED_HEAD),
    "in a chunk's extension": trickling(b"x" * 1000, CHUNKED_HEAD + b"5;"),
    "in chunks": trickling(b"1\r\n \r\n" * 100, CHUNKED_HEAD),
    "in trailers": trickling(b"x" * 1000, CHUNKED_HEAD + b"0\r\nX-A: "),
}
# A TLS server's record header of a handshake, announcing 16 KiB.
TLS_RECORD = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"\x03" * 1000


def assert_in_time(client: Client) -> None:
    """Assert that a call ends with its deadline, and is not blamed on anybody."""
    began = time.monotonic()
    failure = failure_of(client)
    took = time.monotonic() - began

    assert took < DEADLINE_S + GRACE_S
    assert DeadlineExceeded is type(failure)
    assert ["late"] == verdicts(failure)
    assert "closed" == state(client)["breaker"]
    assert 0 == state(client)["idle_connections"]
    assert_settled(client)


@pytest.mark.parametrize("script", TRICKLES.values(), ids=TRICKLES.keys())
def test_trickle(world: World, script: Script) -> None:
    """A byte now and then does not prolong a call."""
    upstream = world.upstream(script)
    assert_in_time(world.client(upstream, timeout=DEADLINE_S, max_attempts=4))
    assert 1 == upstream.seen


def test_tls_handshake(world: World) -> None:
    """Nor does a TLS handshake that goes on and on."""
    upstream = world.upstream(trickling_unasked(TLS_RECORD))
    base = upstream.url.replace("http:", "https:")
    assert_in_time(world.client(base, timeout=DEADLINE_S, max_attempts=4))
    assert 0 == upstream.seen


def test_flood(world: World) -> None:
    """Nor does an upstream that never stops sending."""

    def flooding(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD)
        while not peer.upstream.stopping.is_set():
            peer.send(b"1\r\n \r\n" * 10)

    upstream = world.upstream(flooding)
    client = world.client(
        upstream, timeout=DEADLINE_S, max_response_bytes=1_000_000_000
    )
    assert_in_time(client)


PROXY_TRICKLES: dict[str, Callable[[Peer], None]] = {
    "in its head": trickling(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000),
    "before its head is whole": trickling(b"x" * 1000, OK[:30]),
    "in the TLS behind it": trickling(
        TLS_RECORD, b"HTTP/1.1 200 Connection established\r\n\r\n"
    ),
}


@pytest.mark.parametrize("script", PROXY_TRICKLES.values(), ids=PROXY_TRICKLES.keys())
def test_proxy(world: World, script: Script) -> None:
    """Nor does a proxy."""
    proxy = world.upstream(script)
    client = world.client(
        "https://llm.example/v1",
        endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"},
        timeout=DEADLINE_S,
    )
    assert_in_time(client)
    assert 1 == proxy.seen


def test_proxy_and_then_tls(world: World) -> None:
    """What a proxy took is not given to the TLS handshake once more."""

    def script(peer: Peer) -> None:
        peer.request()
        head = b"HTTP/1.1 200 OK\r\n\r\n"
        peer.send(head[:-1])
        peer.upstream.stopping.wait(0.6 * DEADLINE_S)
        peer.send(head[-1:])

    proxy = world.upstream(script)
    client = world.client(
        "https://llm.example/v1",
        endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"},
        timeout=DEADLINE_S,
    )
    assert_in_time(client)


def test_waiting_to_try_again(world: World) -> None:
    """A call whose retries would go beyond its deadline ends within it."""
    upstream = world.upstream(lambda peer: peer.close())
    client = world.client(upstream, timeout=DEADLINE_S, max_attempts=50)
    draw_by(client, max)
    began = time.monotonic()

    failure_of(client)

    assert time.monotonic() - began < DEADLINE_S + GRACE_S
    assert_settled(client)
