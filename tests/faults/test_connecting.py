"""What happens before a request is sent: names, addresses, TLS."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from holybalance import Client
from holybalance.errors import DeadlineExceeded, LocalError, RetriesExhausted
from holybalance.wire.resolver import Address
from tests.faults.scripted import Peer, Script, Upstream, error, http, refused_port
from tests.faults.world import (
    World,
    assert_connections,
    assert_settled,
    failure_of,
    state,
    verdicts,
)

DEADLINE_S = 0.4


def look_up_by(client: Client, lookup: Callable[[str, int], list[Address]]) -> None:
    """Have a client resolve names by a function."""
    for endpoint in client._engine().balancer.endpoints:
        surroundings: Any = endpoint.transport._pool._pool.conn_kw["surroundings"]
        surroundings.resolver._lookup = lookup


def address(port: int, host: str = "127.0.0.1") -> Address:
    """Write an address as `getaddrinfo` does."""
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))


def test_refused(world: World) -> None:
    """A refused connection is sick; the next endpoint answers."""
    good = world.upstream()
    client = world.client(f"http://127.0.0.1:{refused_port()}/v1", good)

    answer = client.chat("ping")

    assert ["sick", "ok"] == verdicts(answer)
    assert 1 == good.seen
    assert_connections(client, good, 1)


def test_refused_and_alone(world: World) -> None:
    """Without another endpoint it is the error, which names the place."""
    port = refused_port()
    client = world.client(f"http://127.0.0.1:{port}/v1")

    failure = failure_of(client)

    assert RetriesExhausted is type(failure)
    assert ["sick"] == verdicts(failure)
    assert f"127.0.0.1:{port}" in str(failure)
    assert_settled(client)


def test_name_that_fails(world: World) -> None:
    """A name that does not resolve is sick."""

    def lookup(host: str, port: int) -> list[Address]:
        raise socket.gaierror(-2, "Name or service not known")

    client = world.client("http://nowhere.invalid/v1")
    look_up_by(client, lookup)

    failure = failure_of(client)

    assert ["sick"] == verdicts(failure)
    assert "Name or service not known" in str(failure)
    assert_settled(client)


def test_name_without_addresses(world: World) -> None:
    """Neither does a name with no address at all break anything."""
    client = world.client("http://nowhere.invalid/v1")
    look_up_by(client, lambda host, port: [])

    failure = failure_of(client)

    assert ["sick"] == verdicts(failure)
    assert_settled(client)


def test_look_up_that_breaks(world: World) -> None:
    """A resolver that chokes on a name does not take the call along."""

    def lookup(host: str, port: int) -> list[Address]:
        raise UnicodeError("label empty or too long")

    client = world.client("http://nowhere.invalid/v1")
    look_up_by(client, lookup)

    failure = failure_of(client)

    assert ["sick"] == verdicts(failure)
    assert_settled(client)


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event for a look-up to wait for; set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def test_look_up_that_hangs(world: World, never: threading.Event) -> None:
    """A resolver that hangs is left at the deadline, and by all who share it."""
    calls: list[str] = []

    def lookup(host: str, port: int) -> list[Address]:
        calls.append(host)
        never.wait()
        return []

    client = world.client("http://slow.invalid/v1", timeout=DEADLINE_S)
    look_up_by(client, lookup)
    failures: list[BaseException] = []
    threads = [
        threading.Thread(target=lambda: failures.append(failure_of(client)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert [DeadlineExceeded] * 4 == [type(failure) for failure in failures]
    assert ["slow.invalid"] == calls
    assert_settled(client)


def test_look_up_that_hangs_with_another_endpoint(
    world: World, never: threading.Event
) -> None:
    """After connect_timeout the next endpoint is asked."""

    def lookup(host: str, port: int) -> list[Address]:
        if host == "slow.invalid":
            never.wait()
        return [address(port)]

    good = world.upstream()
    client = world.client("http://slow.invalid/v1", good, connect_timeout=0.1)
    look_up_by(client, lookup)

    answer = client.chat("ping")

    assert ["sick", "ok"] == verdicts(answer)
    assert_connections(client, good, 1)


def test_first_address_is_dead(world: World) -> None:
    """A name's next address is tried when one refuses; it is one attempt."""
    upstream = world.upstream()
    client = world.client(f"http://two.invalid:{upstream.port}/v1")
    dead = address(refused_port())
    look_up_by(client, lambda host, port: [dead, address(upstream.port)])

    answer = client.chat("ping")

    assert ["ok"] == verdicts(answer)
    assert (1, 1) == (upstream.accepted, upstream.seen)
    assert_connections(client, upstream, 1)


def test_first_address_swallows(world: World) -> None:
    """An address that never answers leaves time for the next."""
    # A full backlog drops what comes: the nearest thing to an unroutable address.
    swallowing = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(swallowing.getsockname())
        fillers.append(filler)
    upstream = world.upstream()
    client = world.client(f"http://two.invalid:{upstream.port}/v1", timeout=1.0)
    dead = address(swallowing.getsockname()[1])
    look_up_by(client, lambda host, port: [dead, address(upstream.port)])
    try:
        answer = client.chat("ping")
    finally:
        for sock in [swallowing, *fillers]:
            sock.close()

    assert ["ok"] == verdicts(answer)
    assert 1 == upstream.accepted
    assert_connections(client, upstream, 1)


# TLS.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    """The authority's certificate in a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Make a server's side of TLS for names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_tls(world: World, authority: trustme.CA, ca_file: str) -> None:
    """A server that ca_file vouches for is spoken to, on one kept connection."""
    upstream = world.upstream(tls=serving(authority, "127.0.0.1"))
    client = world.client(upstream, endpoint={"ca_file": ca_file})

    texts = [client.chat("ping").text for _ in range(3)]

    assert ["pong"] * 3 == texts
    assert (1, 3) == (upstream.accepted, upstream.seen)
    assert_connections(client, upstream, 1)


def test_tls_by_name(world: World, authority: trustme.CA, ca_file: str) -> None:
    """The name that was configured is the name that is verified."""
    upstream = world.upstream(tls=serving(authority, "llm.example"))
    client = world.client(
        f"https://llm.example:{upstream.port}/v1", endpoint={"ca_file": ca_file}
    )
    look_up_by(client, lambda host, port: [address(upstream.port)])

    assert "pong" == client.chat("ping").text
    assert_connections(client, upstream, 1)


def test_tls_big(world: World, authority: trustme.CA, ca_file: str) -> None:
    """A request of many TLS records arrives whole."""
    upstream = world.upstream(tls=serving(authority, "127.0.0.1"))
    client = world.client(upstream, endpoint={"ca_file": ca_file})
    prompt = "x" * 5_000_000

    client.chat(prompt)

    assert prompt == upstream.requests[0].prompt


def assert_never_sent(client: Client, upstream: Upstream) -> None:
    """Assert that a call is sick by TLS, and that the upstream saw no request."""
    failure = failure_of(client)
    assert ["sick"] == verdicts(failure)
    assert "TLS failed" in str(failure)
    assert (1, 0) == (upstream.accepted, upstream.seen)
    assert_connections(client, upstream, 0)


def test_tls_unverified(world: World, authority: trustme.CA) -> None:
    """A server that nobody vouches for sees no request."""
    upstream = world.upstream(tls=serving(authority, "127.0.0.1"))
    assert_never_sent(world.client(upstream), upstream)


def test_tls_of_another_host(world: World, authority: trustme.CA, ca_file: str) -> None:
    """Nor does one whose certificate is for another host."""
    upstream = world.upstream(tls=serving(authority, "other.example"))
    client = world.client(upstream, endpoint={"ca_file": ca_file})
    assert_never_sent(client, upstream)


def test_tls_against_a_plain_server(world: World) -> None:
    """A server that does not speak TLS sees no request."""

    def plain(peer: Peer) -> None:
        peer.sock.recv(1)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    upstream = world.upstream(plain)
    client = world.client(upstream.url.replace("http:", "https:"))
    assert_never_sent(client, upstream)


def test_tls_that_hangs_up(world: World) -> None:
    """A server that closes within the handshake is sick."""

    def closing(peer: Peer) -> None:
        peer.sock.recv(1)
        peer.finish()

    upstream = world.upstream(closing)
    client = world.client(upstream.url.replace("http:", "https:"))

    assert ["sick"] == verdicts(failure_of(client))
    assert 0 == upstream.seen
    assert_connections(client, upstream, 0)


def test_tls_failure_blames_the_endpoint(world: World, authority: trustme.CA) -> None:
    """A certificate that cannot be verified counts against the circuit."""
    upstream = world.upstream(tls=serving(authority, "127.0.0.1"))
    client = world.client(upstream, breaker={"failures": 1})

    failure_of(client)

    assert "open" == state(client)["breaker"]


def test_attempt_timeout_while_connecting(world: World, never: threading.Event) -> None:
    """What was never sent is not lost: it may go elsewhere, retry_lost or not."""

    def lookup(host: str, port: int) -> list[Address]:
        if host == "slow.invalid":
            never.wait()
        return [address(port)]

    good = world.upstream()
    client = world.client(
        "http://slow.invalid/v1", good, attempt_timeout=0.1, retry_lost=False
    )
    look_up_by(client, lookup)

    assert ["sick", "ok"] == verdicts(client.chat("ping"))


def deaf_after(*answers: bytes) -> Script:
    """Read a bit, answer, and read no more."""

    def script(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(*answers)
        peer.upstream.stopping.wait(5)

    return script


def test_tls_and_an_early_answer(
    world: World, authority: trustme.CA, ca_file: str
) -> None:
    """An upstream that refuses a big body half-way and reads no more is heard."""
    refusal = http(error("too big"), "413 Too Large")
    upstream = world.upstream(deaf_after(refusal), tls=serving(authority, "127.0.0.1"))
    client = world.client(upstream, endpoint={"ca_file": ca_file})

    failure = failure_of(client, "x" * 20_000_000)

    assert ["caller"] == verdicts(failure)
    assert "too big" in str(failure)
    assert 0 == state(client)["idle_connections"]
    # The script never looks whether its client has left.
    upstream.stopping.set()


def test_tls_and_the_deaf(world: World, authority: trustme.CA, ca_file: str) -> None:
    """Sending to one that does not read ends at the deadline, and waits idly."""
    upstream = world.upstream(deaf_after(), tls=serving(authority, "127.0.0.1"))
    client = world.client(upstream, timeout=1.0, endpoint={"ca_file": ca_file})
    client_prompt = "x" * 5_000_000
    began = time.thread_time()

    failure = failure_of(client, client_prompt)

    assert time.thread_time() - began < 0.5
    assert ["late"] == verdicts(failure)
    upstream.stopping.set()


def test_no_thread_to_look_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a thread left is at fault itself, and no circuit counts it."""

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    client = world.client("http://nowhere.invalid/v1", breaker={"failures": 1})
    monkeypatch.setattr(threading.Thread, "start", start)

    failure = failure_of(client)

    assert isinstance(failure, LocalError)
    assert ["local"] == verdicts(failure)
    assert "can't start new thread" in str(failure)
    assert "closed" == state(client)["breaker"]


def test_seconds_of_connecting(world: World) -> None:
    """They are told apart from the answer's, and a kept-alive one has none."""
    upstream = world.upstream()
    client = world.client(f"http://one.invalid:{upstream.port}/v1")
    moments: list[float] = []

    def lookup(host: str, port: int) -> list[Address]:
        began = time.monotonic()
        never_set.wait(0.02)
        moments.append(time.monotonic() - began)
        return [address(port)]

    never_set = threading.Event()
    look_up_by(client, lookup)
    transport: Any = client._engine().balancer.endpoints[0].transport
    body = b'{"messages": [{"content": ""}]}'
    until = time.monotonic() + 5

    took = [transport.exchange("POST", "/x", body, until).connect_s for _ in range(2)]

    assert took[0] >= moments[0] > 0
    assert 0 == took[1]


def test_check_while_all_workers_are_busy(world: World) -> None:
    """It has threads of its own, and ends in time."""
    busy = threading.Event()
    silent_one = world.upstream(lambda peer: peer.hold())
    client = world.client(silent_one, threads=1, max_queued=0, when_saturated="fail")
    client._engine().workers.submit(busy.wait, 5)
    began = time.monotonic()

    (checked,) = client.check(timeout=0.2)

    assert time.monotonic() - began < 0.2 + 0.3
    assert not checked.is_ok
    busy.set()
