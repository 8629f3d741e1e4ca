"""Many threads at once: nobody is held up, nobody jumps the queue, nothing leaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from holybalance import Client, Reply
from holybalance.errors import DeadlineExceeded, HolyBalanceError, Saturated
from tests.faults.scripted import (
    OK,
    PATIENCE_S,
    Peer,
    Upstream,
    answering,
    error,
    http,
    replying,
)
from tests.faults.world import (
    World,
    assert_connections,
    assert_settled,
    failure_of,
    state,
    verdicts,
)

Ends = list[Reply | HolyBalanceError]


class Crowd:
    """Threads that call, and what came of it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._threads: list[threading.Thread] = []
        self.ends: Ends = []

    def call(self, prompt: str = "ping", times: int = 1) -> None:
        """Start a thread that calls so many times."""

        def run() -> None:
            for _ in range(times):
                try:
                    self.ends.append(self._client.chat(prompt))
                except HolyBalanceError as failure:
                    self.ends.append(failure)

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def join(self) -> Ends:
        """Wait for all threads, and give what came of their calls."""
        for thread in self._threads:
            thread.join(4 * PATIENCE_S)
            assert not thread.is_alive()
        return self.ends

    def wait_for_queue(self, length: int) -> None:
        """Wait until so many calls stand in line."""
        nap = threading.Event()
        until = time.monotonic() + PATIENCE_S
        while self._client._engine().balancer.queued() != length:
            assert time.monotonic() < until, "the line has another length"
            nap.wait(0.001)


class Gate:
    """A script that answers only as it is let."""

    def __init__(self) -> None:
        self._leave = threading.Semaphore(0)

    def __call__(self, peer: Peer) -> None:
        """Answer each request once there is leave to."""
        while True:
            peer.request()
            if not self._leave.acquire(timeout=PATIENCE_S):
                return
            peer.send(OK)

    def let(self, count: int = 1) -> None:
        """Give leave to so many answers."""
        self._leave.release(count)


def texts_of(ends: Ends) -> list[str]:
    """List the texts of what must all be replies."""
    return [end.text if isinstance(end, Reply) else repr(end) for end in ends]


def test_all_at_once(world: World) -> None:
    """64 calls are all under way at one endpoint before the first is answered."""
    gate = Gate()
    upstream = world.upstream(gate)
    client = world.client(upstream)
    crowd = Crowd(client)
    for _ in range(64):
        crowd.call()

    assert upstream.wait_for_requests(64)
    assert 64 == client.metrics()["in_flight"]
    gate.let(64)

    assert ["pong"] * 64 == texts_of(crowd.join())
    assert (64, 64) == (upstream.accepted, upstream.seen)
    assert_connections(client, upstream, 64)


def tripped(world: World, gate: Callable[[Peer], None], **breaker: float) -> Client:
    """Make a client whose only endpoint failed once and is due for trials."""
    upstream = world.upstream(answering(http(error(), "500 No")), gate)
    settings = {"failures": 1, "open_for": 300.0, **breaker}
    client = world.client(upstream, breaker=settings, max_attempts=1)
    failure_of(client)
    assert "open" == state(client)["breaker"]
    # What is idle would be used by the first trial, whose script has ended.
    (endpoint,) = client._engine().balancer.endpoints
    endpoint.transport._pool._idle.expire(float("inf"))
    endpoint._breaker._open_until = 0.0
    return client


def test_half_open(world: World) -> None:
    """Of 64 calls a half-open circuit lets exactly 3 through; then all follow."""
    gate = Gate()
    client = tripped(world, gate)
    (upstream,) = world.upstreams
    crowd = Crowd(client)
    for _ in range(64):
        crowd.call()

    assert upstream.wait_for_requests(1 + 3)
    crowd.wait_for_queue(61)
    assert (1 + 3, "half-open") == (upstream.seen, state(client)["breaker"])
    gate.let(64)

    assert ["pong"] * 64 == texts_of(crowd.join())
    assert (1 + 64, "closed") == (upstream.seen, state(client)["breaker"])
    assert_settled(client)


def test_half_open_and_failing(world: World) -> None:
    """When a trial fails, the circuit opens again, and late trials change nothing."""
    fails = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        fails.wait(PATIENCE_S)
        peer.send(http(error(), "500 No"))

    client = tripped(world, script)
    (upstream,) = world.upstreams
    crowd = Crowd(client)
    for _ in range(16):
        crowd.call()
    assert upstream.wait_for_requests(1 + 3)
    crowd.wait_for_queue(13)
    fails.set()

    ends = crowd.join()

    assert 16 == len(ends)
    assert [] == [end for end in ends if isinstance(end, Reply)]
    assert (1 + 3, "open") == (upstream.seen, state(client)["breaker"])
    assert_settled(client)


def test_open_lets_one_call_a_second_through(world: World) -> None:
    """With every circuit open, one call a second tries, and a success half-opens."""
    upstream = world.upstream(answering(http(error(), "500 No")), replying)
    client = world.client(upstream, breaker={"failures": 1}, max_attempts=1)
    failure_of(client)
    first = failure_of(client)
    (endpoint,) = client._engine().balancer.endpoints
    endpoint.transport._pool._idle.expire(float("inf"))
    endpoint._breaker._next_probe = 0.0

    answer = client.chat("ping")

    assert [] == verdicts(first)
    assert "pong" == answer.text
    assert "half-open" == state(client)["breaker"]
    assert_settled(client)


def test_killed_midway(world: World) -> None:
    """1,000 calls over a killed and a healthy upstream are 1,000 replies."""
    doomed, healthy = world.upstream(), world.upstream()
    client = world.client(doomed, healthy, endpoint={"priority": 0}, max_attempts=4)
    began = time.monotonic()
    crowd = Crowd(client)
    for _ in range(10):
        crowd.call(times=100)
    assert doomed.wait_for_requests(50)
    doomed.kill()

    ends = crowd.join()
    extra = sum(len(verdicts(end)) for end in ends) - 1000

    assert ["pong"] * 1000 == texts_of(ends)
    assert extra <= 0.1 * 1000 + (time.monotonic() - began) + 200
    # The circuit opens after five; ten threads may be on their way meanwhile.
    assert extra <= 5 + 2 * 10
    assert "open" == state(client)["breaker"]
    assert_settled(client)
    assert_connections(client, healthy, state(client, "b")["idle_connections"])


def test_first_come_first_served(world: World) -> None:
    """Calls that wait for one of two slots get them in the order they came."""
    gate = Gate()
    upstream = world.upstream(gate)
    client = world.client(upstream, max_in_flight=2)
    crowd = Crowd(client)
    for number in range(2):
        crowd.call(str(number))
        assert upstream.wait_for_requests(number + 1)
    for number in range(2, 10):
        crowd.call(str(number))
        crowd.wait_for_queue(number - 1)
    for number in range(2, 10):
        gate.let()
        assert upstream.wait_for_requests(number + 1)
    gate.let(2)

    assert ["pong"] * 10 == texts_of(crowd.join())
    assert [str(n) for n in range(10)] == [r.prompt for r in upstream.requests]
    assert 2 == upstream.accepted
    assert_connections(client, upstream, 2)


def saturated(world: World, **defaults: Any) -> tuple[Client, Gate, Crowd, Upstream]:
    """Make a client with its two slots in use."""
    gate = Gate()
    upstream = world.upstream(gate)
    client = world.client(upstream, max_in_flight=2, **defaults)
    crowd = Crowd(client)
    crowd.call()
    crowd.call()
    assert upstream.wait_for_requests(2)
    return client, gate, crowd, upstream


def test_saturated_and_failing(world: World) -> None:
    """With when_saturated = "fail" nobody waits."""
    client, gate, crowd, upstream = saturated(world, when_saturated="fail")

    failures = [failure_of(client) for _ in range(8)]
    gate.let(2)

    assert {Saturated} == {type(failure) for failure in failures}
    assert [[]] * 8 == [verdicts(failure) for failure in failures]
    assert ["pong"] * 2 == texts_of(crowd.join())
    assert 2 == upstream.seen
    assert_settled(client)


def test_deadline_in_line(world: World) -> None:
    """Who waits in line in vain leaves at the deadline, and is not sent."""
    client, gate, crowd, upstream = saturated(world)
    failures = [failure_of(client, timeout=0.2)]
    waiting = threading.Thread(
        target=lambda: failures.append(failure_of(client, timeout=0.2))
    )
    waiting.start()
    waiting.join(PATIENCE_S)
    gate.let(2)

    assert [DeadlineExceeded] * 2 == [type(failure) for failure in failures]
    assert [[]] * 2 == [verdicts(failure) for failure in failures]
    assert ["pong"] * 2 == texts_of(crowd.join())
    assert 2 == upstream.seen
    assert_settled(client)


def test_known_end_beyond_the_deadline(world: World) -> None:
    """Who would have to wait for longer than the deadline is told at once."""
    upstream = world.upstream()
    client = world.client(upstream, endpoint={"rpm": 1})
    client.chat("ping")

    failure = failure_of(client)

    assert isinstance(failure, Saturated)
    assert 60 == pytest.approx(failure.retry_after_s, abs=2)
    assert 1 == upstream.seen
    assert_settled(client)


def test_submit_beyond_the_queue(world: World) -> None:
    """A full queue of workers refuses when waiting is not wanted."""
    gate = Gate()
    upstream = world.upstream(gate)
    client = world.client(upstream, threads=2, max_queued=1, when_saturated="fail")
    futures = [client.submit("ping") for _ in range(3)]
    assert upstream.wait_for_requests(2)

    with pytest.raises(Saturated):
        client.submit("ping")
    gate.let(3)

    assert ["pong"] * 3 == [future.result(PATIENCE_S).text for future in futures]
    assert_settled(client)
