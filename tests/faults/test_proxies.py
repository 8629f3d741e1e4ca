"""Requests go through a proxy, and its password goes to nobody else."""

from __future__ import annotations

import base64
import select
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.faults.scripted import Gone, Peer, Script, answering, http, replying
from tests.faults.world import (
    KEY,
    World,
    assert_connections,
    failure_of,
    verdicts,
)

LOGIN = "Basic " + base64.b64encode(b"user:p@ss").decode()
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def tunnelling_to(port: Callable[[], int]) -> Script:
    """Be a CONNECT proxy that leads everywhere to one port."""

    def script(peer: Peer) -> None:
        peer.request()
        with socket.create_connection(("127.0.0.1", port())) as upstream:
            peer.send(ESTABLISHED)
            while True:
                ready, _, _ = select.select([peer.sock, upstream], [], [])
                for source in ready:
                    sink = upstream if source is peer.sock else peer.sock
                    data = source.recv(65536)
                    if not data:
                        raise Gone
                    sink.sendall(data)

    return script


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without a proxy in it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
def authority() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


def secure(world: World, authority: trustme.CA, tmp_path: Path) -> tuple[Any, Any, str]:
    """Start an upstream for `llm.example` and a proxy to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("llm.example").configure_cert(context)
    upstream = world.upstream(replying, tls=context)
    proxy = world.upstream(tunnelling_to(lambda: upstream.port))
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return upstream, proxy, str(ca_file)


def test_tunnel(world: World, authority: trustme.CA, tmp_path: Path) -> None:
    """HTTPS goes through a tunnel, which sees the login and never the key."""
    upstream, proxy, ca_file = secure(world, authority, tmp_path)
    client = world.client(
        "https://llm.example/v1",
        endpoint={
            "proxy": f"http://user:p%40ss@127.0.0.1:{proxy.port}",
            "ca_file": ca_file,
        },
    )

    texts = [client.chat("ping").text for _ in range(2)]

    assert ["pong"] * 2 == texts
    (connect,) = proxy.requests
    assert ("CONNECT", "llm.example:443") == (connect.method, connect.target)
    assert LOGIN == connect.headers["proxy-authorization"]
    assert KEY not in repr(connect)
    assert ["llm.example"] * 2 == [r.headers["host"] for r in upstream.requests]
    assert "proxy-authorization" not in upstream.requests[0].headers
    assert f"Bearer {KEY}-a" == upstream.requests[0].headers["authorization"]
    assert_connections(client, upstream, 1)


def test_tunnel_that_is_refused(world: World) -> None:
    """A proxy that refuses is sick, and sees neither key nor prompt."""
    proxy = world.upstream(answering(http(b"", "407 Login")))
    client = world.client(
        "https://llm.example/v1", endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"}
    )

    failure = failure_of(client)

    assert ["sick"] == verdicts(failure)
    assert "407" in str(failure)
    assert KEY not in repr(proxy.requests)
    assert_connections(client, proxy, 0)


def test_tunnel_that_ends(world: World) -> None:
    """A proxy that hangs up is sick."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.finish()

    proxy = world.upstream(script)
    client = world.client(
        "https://llm.example/v1", endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"}
    )

    assert ["sick"] == verdicts(failure_of(client))
    assert_connections(client, proxy, 0)


def test_tunnel_that_talks_nonsense(world: World) -> None:
    """So is one that does not speak HTTP."""
    proxy = world.upstream(answering(b"\x05\x00 socks\r\n\r\n"))
    client = world.client(
        "https://llm.example/v1", endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"}
    )

    assert ["sick"] == verdicts(failure_of(client))
    assert_connections(client, proxy, 0)


def test_plain(world: World) -> None:
    """HTTP goes to the proxy with the whole URL and the login."""
    proxy = world.upstream()
    client = world.client(
        "http://llm.example/v1",
        endpoint={"proxy": f"http://user:p%40ss@127.0.0.1:{proxy.port}"},
    )

    client.chat("ping")

    (request,) = proxy.requests
    assert "http://llm.example/v1/chat/completions" == request.target
    assert "llm.example" == request.headers["host"]
    assert LOGIN == request.headers["proxy-authorization"]
    assert_connections(client, proxy, 1)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_environment(
    world: World, environment: pytest.MonkeyPatch, variable: str
) -> None:
    """A proxy of the environment is used."""
    proxy = world.upstream()
    environment.setenv(variable, f"http://127.0.0.1:{proxy.port}")
    client = world.client("http://llm.example/v1")

    client.chat("ping")

    assert 1 == proxy.seen


def test_environment_and_loopback(
    world: World, environment: pytest.MonkeyPatch
) -> None:
    """An upstream on this machine is never reached through it."""
    proxy, upstream = world.upstream(), world.upstream()
    environment.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    client = world.client(upstream, f"http://localhost:{upstream.port}/v1")

    client.chat("ping")

    assert (0, 1) == (proxy.accepted, upstream.seen)


def test_no_proxy(world: World, environment: pytest.MonkeyPatch) -> None:
    """Nor is one that no_proxy names."""
    proxy, upstream = world.upstream(), world.upstream()
    environment.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    environment.setenv("no_proxy", "llm.example")
    client = world.client(f"http://llm.example:{upstream.port}/v1")
    (endpoint,) = client._engine().balancer.endpoints
    surroundings: Any = endpoint.transport._pool._pool.conn_kw["surroundings"]
    surroundings.resolver._lookup = lambda host, port: socket.getaddrinfo(
        "127.0.0.1", port, type=socket.SOCK_STREAM
    )

    client.chat("ping")

    assert (0, 1) == (proxy.accepted, upstream.seen)


def test_empty_proxy(world: World, environment: pytest.MonkeyPatch) -> None:
    """An endpoint with proxy = "" uses none."""
    proxy = world.upstream()
    environment.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    client = world.client("http://nowhere.invalid/v1", endpoint={"proxy": ""})
    (endpoint,) = client._engine().balancer.endpoints
    surroundings: Any = endpoint.transport._pool._pool.conn_kw["surroundings"]
    surroundings.resolver._lookup = lambda host, port: []

    failure_of(client)

    assert 0 == proxy.accepted
