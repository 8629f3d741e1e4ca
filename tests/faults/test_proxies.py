"""Requests go through a proxy, and its password goes to nobody else."""

from __future__ import annotations

import base64
import gc
import select
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from holybalance.errors import ConfigError
from tests.faults.scripted import (
    Gone,
    Peer,
    Script,
    answering,
    http,
    refused_port,
    replying,
)
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


@pytest.mark.parametrize("base", ["https://llm.example/v1", "http://llm.example/v1"])
def test_proxy_that_is_not_there(world: World, base: str) -> None:
    """The error names the proxy, for it is not the upstream that is away."""
    port = refused_port()
    proxy = f"http://user:canary@127.0.0.1:{port}"
    client = world.client(base, endpoint={"proxy": proxy})

    failure = str(failure_of(client))

    upstream = f"llm.example:{443 if base.startswith('https') else 80}"
    place = f"{upstream} through the proxy 127.0.0.1:{port}: "
    assert f"cannot connect to {place}" in failure
    assert "canary" not in failure


def test_tunnel_to_an_ipv6_address(world: World) -> None:
    """Stands in brackets."""
    proxy = world.upstream(answering(http(b"", "407 Login")))
    client = world.client(
        "https://[2001:db8::1]/v1", endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"}
    )

    failure_of(client)

    (connect,) = proxy.requests
    assert "[2001:db8::1]:443" == connect.target == connect.headers["host"]


@pytest.mark.parametrize(
    "script", [lambda peer: peer.close(), answering(http(b"", "407 No"))]
)
def test_tunnel_that_fails_leaves_no_garbage(world: World, script: Script) -> None:
    """Nothing is left to the collector."""
    proxy = world.upstream(script)
    client = world.client(
        "https://llm.example/v1",
        endpoint={"proxy": f"http://127.0.0.1:{proxy.port}"},
        breaker={"failures": 1000},
    )
    failure_of(client)
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            failure_of(client)
        found = gc.collect()
    finally:
        gc.enable()

    assert 0 == found


def test_a_password_of_any_letters(world: World) -> None:
    """Its bytes are what the URL says."""
    proxy = world.upstream()
    client = world.client(
        "http://llm.example/v1",
        endpoint={"proxy": f"http://u:%E2%82%AC@127.0.0.1:{proxy.port}"},
    )

    client.chat("ping")

    login = base64.b64encode("u:€".encode()).decode()
    assert f"Basic {login}" == proxy.requests[0].headers["proxy-authorization"]


@pytest.mark.parametrize(
    "value",
    [
        "https://user:canary@host:3128",
        "socks5://user:canary@host:1080",
        "http://user:canary@host:canary",
        "http://user:canary@host:99999",
        "http://user:canary@:80",
        "http://user:canary@[::canary]:80",
        "http://user:canary@host:80/path",
        "http://user:can ary@host:80",
        "http://user:can/canary@host:80",
        "http://user:canary@[host:80",
    ],
)
def test_environment_with_a_bad_proxy(
    world: World, environment: pytest.MonkeyPatch, value: str
) -> None:
    """It is a wrong configuration; the message says where and never shows it."""
    environment.setenv("http_proxy", value)

    with pytest.raises(ConfigError, match=r'"a": the proxy of \$http_proxy ') as caught:
        world.client("http://llm.example/v1")

    assert "canary" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("host", "http://host:80"),
        ("host:3128", "http://host:3128"),
        ("http://user:pass@host/", "http://user:pass@host:80"),
        ("http://[::1]", "http://[::1]:80"),
    ],
)
def test_environment_without_a_port(
    world: World, environment: pytest.MonkeyPatch, value: str, proxy: str
) -> None:
    """Means 80; without a scheme it is http."""
    environment.setenv("all_proxy", value)
    client = world.client("http://llm.example/v1")

    target: Any = client._engine().balancer.endpoints[0].transport._target

    assert proxy == target.proxy
    assert "pass" not in repr(target) + repr(client._engine().balancer.endpoints)


def test_repr_of_a_target(world: World) -> None:
    """Shows neither the key nor the proxy's login."""
    client = world.client(
        "https://llm.example/v1", endpoint={"proxy": "http://user:canary@host:1"}
    )
    transport: Any = client._engine().balancer.endpoints[0].transport

    shown = repr(transport._target) + repr(transport._pool._peer)

    assert "canary" not in shown
