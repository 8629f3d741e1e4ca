"""Owns a test's upstreams and clients, and the proof that nothing of them leaked."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from holybalance import Client, Reply
from holybalance.errors import CallError, HolyBalanceError
from holybalance.messages import Attempt
from tests.faults.scripted import Script, Upstream

KEY = "sk-canary-0123456789"
NAMES = "abcdefgh"


class World:
    """Makes upstreams and clients for one test, and checks them at its end."""

    def __init__(self) -> None:
        self.upstreams: list[Upstream] = []
        self.clients: list[Client] = []

    def upstream(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> Upstream:
        """Start an upstream."""
        upstream = Upstream(*scripts, tls=tls)
        self.upstreams.append(upstream)
        return upstream

    def client(
        self,
        *bases: Upstream | str,
        endpoint: dict[str, Any] | None = None,
        **defaults: Any,
    ) -> Client:
        """
        Make a client over upstreams, named a, b …, each of a tier of its own.

        Without patience: one attempt an endpoint, and no jitter.
        """
        tables = [
            {
                "name": name,
                "provider": "openai",
                "base_url": base if isinstance(base, str) else base.url,
                "api_key": f"{KEY}-{name}",
                "models": {"m": f"m-of-{name}"},
                "priority": position,
                **(endpoint or {}),
            }
            for position, (name, base) in enumerate(
                zip(NAMES[: len(bases)], bases, strict=True)
            )
        ]
        settings = {"timeout": 5.0, "max_attempts": len(bases), **defaults}
        client = Client({"defaults": settings, "endpoints": tables})
        calm(client)
        self.clients.append(client)
        return client

    def close(self) -> None:
        """Check that nothing leaked, and stop everything."""
        try:
            for client in self.clients:
                if not client._is_closed:
                    assert_settled(client)
            for client in self.clients:
                client.close()
            for upstream in self.upstreams:
                assert upstream.wait_for_open(0), (
                    f"{upstream.open} connections outlived the client"
                )
        finally:
            for upstream in self.upstreams:
                upstream.stop()


def calm(client: Client) -> None:
    """Take the jitter out of a client's waits."""
    draw_by(client, min)


def draw_by(client: Client, draw: Callable[[float, float], float]) -> None:
    """Have a client's jitter drawn by a function of its bounds."""
    rng: Any = client._engine().runtime.rng
    rng.uniform = draw


def assert_settled(client: Client) -> None:
    """Assert that no call, slot or place in a line is left of a client."""
    metrics = client.metrics()
    states = metrics["endpoints"].values()
    assert (0, 0) == (metrics["in_flight"], metrics["queued"])
    assert [] == [s for s in states if s["in_flight"] or s["queued"]]
    for endpoint in client._engine().balancer.endpoints:
        breaker = endpoint._breaker
        assert 0 == breaker._trials or breaker.state != "half-open"


def assert_connections(client: Client, upstream: Upstream, idle: int) -> None:
    """Assert that just so many connections are left, and all of them idle."""
    states = client.metrics()["endpoints"].values()
    assert idle == sum(state["idle_connections"] for state in states)
    assert upstream.wait_for_open(idle), (
        f"{upstream.open} connections are open, {idle} of them idle"
    )


def failure_of(
    client: Client, prompt: str = "ping", **arguments: Any
) -> HolyBalanceError:
    """Make a call that must fail, and give its error."""
    try:
        reply = client.chat(prompt, **arguments)
    except HolyBalanceError as error:
        return error
    raise AssertionError(f"the call succeeded: {reply}")


def verdicts(of: Reply | HolyBalanceError) -> list[str]:
    """List the verdicts of the attempts of a reply or an error."""
    attempts: tuple[Attempt, ...] = ()
    if isinstance(of, Reply | CallError):
        attempts = of.attempts
    return [attempt.verdict.value for attempt in attempts]


def state(client: Client, name: str = "a") -> dict[str, Any]:
    """Give what the metrics say of an endpoint."""
    endpoint: dict[str, Any] = client.metrics()["endpoints"][name]
    return endpoint
