"""A stream whose first token is late is started elsewhere as well."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
import trustme

from holybalance import Client
from holybalance.balancing.hedging import Hedges
from holybalance.errors import RetriesExhausted
from holybalance.messages import Verdict
from tests.faults.scripted import (
    PATIENCE_S,
    Peer,
    Script,
    Upstream,
    answering,
    error,
    http,
    silent,
)
from tests.faults.streaming import Gate, chattering, stalling, streaming, whole
from tests.faults.world import World, assert_settled

LATE_S = 0.05


def hedging(world: World, *upstreams: Upstream, **defaults: Any) -> Client:
    """Make a client that hedges, and knows what is late."""
    client = world.client(
        *upstreams, **{"hedge": True, "hedge_budget": 1.0, "max_attempts": 4} | defaults
    )
    prime(client)
    return client


def prime(client: Client) -> Hedges:
    """Have a client see first tokens."""
    hedges = client._engine().balancer.pools.of_model("m").hedges
    for _ in range(30):
        hedges.note_stream()
        hedges.note_first_token(LATE_S)
    return hedges


def waiting_for(gate: Gate, text: str) -> Script:
    """Answer with a stream, but not before the gate is open."""

    def script(peer: Peer) -> None:
        peer.request()
        assert gate.wait(PATIENCE_S)
        peer.send(whole(text))

    return script


@pytest.mark.parametrize(
    "script", [silent, stalling(), chattering()], ids=["no head", "head", "comments"]
)
def test_another_answers_in_its_place(world: World, script: Script) -> None:
    """The late one is closed, and counted as what it is."""
    late, other = world.upstream(script), world.upstream(streaming("b"))
    client = hedging(world, late, other)

    reply = client.stream("ping").read()

    assert ("b", "b") == (reply.text, reply.endpoint)
    assert [("a", Verdict.LATE), ("b", Verdict.OK)] == [
        (attempt.endpoint, attempt.verdict) for attempt in reply.attempts
    ]
    assert late.wait_for_open(0)
    settled(client)
    assert 1 == client.metrics()["endpoints"]["a"]["errors"]["late"]
    assert 1 == client.metrics()["endpoints"]["b"]["retries"]


def settled(client: Client) -> None:
    """Wait for the threads of those that were outrun, and see that nothing is left."""
    for thread in threading.enumerate():
        if thread.name == "holybalance-hedge":
            thread.join(PATIENCE_S)
    assert_settled(client)


def test_the_first_may_still_win(world: World) -> None:
    """Then it is the second that is closed."""
    gate = Gate()
    first = world.upstream(waiting_for(gate, "a"))
    second = world.upstream(silent)
    client = hedging(world, first, second)
    opened: list[Any] = []
    thread = threading.Thread(target=lambda: opened.append(client.stream("ping")))
    thread.start()
    assert second.wait_for_requests(1)
    gate.set()
    thread.join(PATIENCE_S)

    reply = opened[0].read()
    assert ("a", ["b", "a"]) == (reply.text, [a.endpoint for a in reply.attempts])
    assert second.wait_for_open(0)
    settled(client)


def test_its_tokens_are_counted(world: World) -> None:
    """What an upstream has been sent it may charge for: the budget pays for it."""
    late, other = world.upstream(silent), world.upstream(streaming("b"))
    prices = {"m": {"input": 0.0, "output": 1000.0}}
    tables = [
        {"provider": "openai", "base_url": each.url, "models": ["m"], "prices": prices}
        | {"priority": place, "name": "ab"[place]}
        for place, each in enumerate((late, other))
    ]
    client = Client(
        {
            "defaults": {"hedge": True, "hedge_budget": 1.0},
            "endpoints": tables,
            "budgets": [{"name": "b", "limit_usd": 1.0, "window": "day"}],
        }
    )
    world.clients.append(client)
    prime(client)

    reply = client.stream("ping", max_tokens=100).read()

    settled(client)
    budget = client.metrics()["budgets"]["b"]
    assert pytest.approx(0.002) == reply.cost_usd
    assert pytest.approx(0.102) == budget["spent_usd"]
    assert 0 < client.metrics()["endpoints"]["a"]["tokens"]["input"]


def test_no_hedge_by_default(world: World) -> None:
    """One waits."""
    late, other = world.upstream(silent), world.upstream(streaming("b"))
    client = world.client(late, other, first_token_timeout=4 * LATE_S)
    prime(client)

    reply = client.stream("ping").read()

    assert [Verdict.LOST, Verdict.OK] == [each.verdict for each in reply.attempts]


def test_no_hedge_beyond_the_budget(world: World) -> None:
    """It is spent, so the first token is waited for."""
    late, other = world.upstream(silent), world.upstream(streaming("b"))
    client = hedging(world, late, other, first_token_timeout=4 * LATE_S)
    hedges = client._engine().balancer.pools.of_model("m").hedges
    while hedges.withdraw():
        pass
    hedges._share = 0.0

    reply = client.stream("ping").read()

    assert Verdict.LOST is reply.attempts[0].verdict


def test_no_hedge_beyond_the_retry_budget(world: World) -> None:
    """A hedge is extra load as a retry is."""
    late, other = world.upstream(silent), world.upstream(streaming("b"))
    client = hedging(
        world, late, other, retry_budget=0.0, first_token_timeout=4 * LATE_S
    )
    budget = client._engine().balancer.pools.of_model("m").budget
    budget._balance, budget._clock = 0.0, lambda: budget._updated

    with pytest.raises(RetriesExhausted):
        client.stream("ping")
    assert 0 == other.seen


def test_no_hedge_while_somebody_throttles(world: World) -> None:
    """A 429 suspends it for a while."""
    busy = http(error(), "429 Slow Down", "Retry-After: 0")
    first = world.upstream(answering(busy), silent)
    other = world.upstream(streaming("b"))
    client = hedging(world, first, other, first_token_timeout=4 * LATE_S)
    assert "b" == client.stream("ping").read().text

    hedges = client._engine().balancer.pools.of_model("m").hedges
    assert hedges.late_after_s() is None


def test_no_hedge_where_nobody_else_is(world: World) -> None:
    """One endpoint is not asked twice."""
    client = hedging(world, world.upstream(silent), first_token_timeout=4 * LATE_S)

    with pytest.raises(RetriesExhausted):
        client.stream("ping", max_attempts=1)
    assert 1 == world.upstreams[0].seen


def test_no_hedge_beyond_the_attempts(world: World) -> None:
    """`max_attempts` holds for hedges as well."""
    late, other = world.upstream(silent), world.upstream(streaming("b"))
    client = hedging(world, late, other, first_token_timeout=4 * LATE_S)

    with pytest.raises(RetriesExhausted):
        client.stream("ping", max_attempts=1)
    assert 0 == other.seen


def test_both_fail_and_a_third_answers(world: World) -> None:
    """What comes of a race is an attempt as any other."""
    gate = Gate()
    down = http(error(), "500 Oops")

    def late(peer: Peer) -> None:
        peer.request()
        assert gate.wait(PATIENCE_S)
        peer.send(down)

    def also(peer: Peer) -> None:
        peer.request()
        gate.set()
        peer.send(down)

    client = hedging(
        world,
        world.upstream(late),
        world.upstream(also),
        world.upstream(streaming("c")),
    )

    reply = client.stream("ping").read()

    assert "c" == reply.text
    assert {"a", "b"} == {each.endpoint for each in reply.attempts[:-1]}
    assert [Verdict.SICK] * 2 == [each.verdict for each in reply.attempts[:-1]]
    settled(client)


def test_many_at_once(world: World) -> None:
    """Whoever wins, each caller has one whole stream, and nothing is left over."""
    first = world.upstream(silent, stalling(), chattering(), streaming("a"))
    client = hedging(world, first, world.upstream(streaming("b")))
    texts: list[str] = []

    def call() -> None:
        with client.stream("ping") as stream:
            texts.append("".join(delta.text for delta in stream))

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    settled(client)
    assert 12 == len(texts)
    assert set(texts) <= {"a", "b"}


@pytest.mark.parametrize(
    "script", [silent, stalling(), chattering()], ids=["no head", "head", "comments"]
)
def test_over_tls(world: World, tmp_path: Path, script: Script) -> None:
    """Whoever waits in TLS wakes up as well, and its connection is closed."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    late = world.upstream(script, tls=context)
    client = hedging(
        world,
        late,
        world.upstream(streaming("b"), tls=context),
        ca_file=str(trusted),
    )
    for _ in range(3):
        assert "b" == client.stream("ping").read().text
    settled(client)
    assert late.wait_for_open(0)


def test_closing_the_client_ends_a_race(world: World) -> None:
    """Nobody is left behind."""
    first, second = world.upstream(silent), world.upstream(silent)
    client = hedging(world, first, second)
    caught: list[BaseException] = []

    def call() -> None:
        try:
            client.stream("ping")
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert second.wait_for_requests(1)
    client.close(wait=False)
    thread.join(PATIENCE_S)

    assert ["ClientClosed"] == [type(each).__name__ for each in caught]
    assert first.wait_for_open(0)
    assert second.wait_for_open(0)


def test_a_connection_that_was_outrun_is_not_used_again(world: World) -> None:
    """Its answer may still be coming."""
    first, second = (
        world.upstream(silent, streaming("a")),
        world.upstream(streaming("b")),
    )
    client = hedging(world, first, second)
    assert "b" == client.stream("ping").read().text
    settled(client)

    assert "a" == client.stream("ping").read().text
    assert 2 == first.accepted
