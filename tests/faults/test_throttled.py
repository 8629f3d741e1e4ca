"""A 429 sends calls elsewhere at once, else they wait just as long as it says."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate

import pytest

from holybalance.errors import RetriesExhausted, Saturated
from tests.faults.scripted import OK, Peer, Script, answering, error, http
from tests.faults.world import (
    World,
    assert_connections,
    assert_settled,
    failure_of,
    state,
    verdicts,
)

DAY_S = 86_400


def throttled(*headers: str) -> bytes:
    """Write a 429."""
    return http(error("slow down"), "429 Too Many Requests", *headers)


def always(answer: bytes) -> Script:
    """Give every request one answer."""

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            peer.send(answer)

    return script


# An instant that the server's clock may show; ours is elsewhere.
SERVER_NOW = 1_700_000_000


def date(offset_s: float) -> str:
    """Write a date that many seconds from `SERVER_NOW`."""
    return formatdate(SERVER_NOW + offset_s, usegmt=True)


SHORT = {
    "0": ("Retry-After: 0",),
    "a float": ("Retry-After: 0.05",),
    "in milliseconds": ("Retry-After-Ms: 50",),
    "milliseconds win": ("Retry-After-Ms: 50", "Retry-After: 900"),
    "a date long past": (f"Retry-After: {date(-DAY_S)}",),
    "a date by the server's own clock": (
        f"Date: {date(0)}",
        f"Retry-After: {date(0)}",
    ),
}


@pytest.mark.parametrize("headers", SHORT.values(), ids=SHORT.keys())
def test_short(world: World, headers: tuple[str, ...]) -> None:
    """One endpoint is tried again after as long as it said."""
    upstream = world.upstream(answering(throttled(*headers), OK))
    client = world.client(upstream, max_attempts=2, timeout=0.9)

    answer = client.chat("ping")

    assert ["throttled", "ok"] == verdicts(answer)
    assert 2 == upstream.seen
    assert "closed" == state(client)["breaker"]
    assert_connections(client, upstream, 1)


LONG = {
    "a number": (("Retry-After: 900",), 900),
    "a day": (("Retry-After: 86400",), DAY_S),
    "a year is a day at most": (("Retry-After: 31536000",), DAY_S),
    "a date by the server's own clock": (
        (f"Date: {date(0)}", f"Retry-After: {date(900)}"),
        900,
    ),
    "nothing": ((), 1),
    "not a number": (("Retry-After: nan",), 1),
    "infinite": (("Retry-After: inf",), 1),
    "negative": (("Retry-After: -1",), 1),
    "empty": (("Retry-After: ",), 1),
    "nonsense": (("Retry-After: soon",), 1),
    "a date that is none": (("Retry-After: Wed, 99 Foo 2026 00:00:00 GMT",), 1),
    "a year beyond dates": (("Retry-After: Wed, 01 Jan 99999 00:00:00 GMT",), 1),
    "milliseconds that are none": (("Retry-After-Ms: x",), 1),
}


@pytest.mark.parametrize(("headers", "wait_s"), LONG.values(), ids=LONG.keys())
def test_long(world: World, headers: tuple[str, ...], wait_s: float) -> None:
    """One endpoint that asks for more than is left fails the call at once."""
    upstream = world.upstream(answering(throttled(*headers)))
    client = world.client(upstream, max_attempts=4, timeout=0.9)

    failure = failure_of(client)

    assert isinstance(failure, Saturated)
    assert ["throttled"] == verdicts(failure)
    assert wait_s == pytest.approx(failure.retry_after_s, abs=3)
    assert wait_s == pytest.approx(state(client)["cool_down_s"], abs=3)
    assert 1 == upstream.seen
    assert_connections(client, upstream, 1)


@pytest.mark.parametrize(
    "headers", [h for h, _ in LONG.values()], ids=list(LONG.keys())
)
def test_another_endpoint(world: World, headers: tuple[str, ...]) -> None:
    """Another endpoint is used at once, and the throttled one is left alone."""
    busy, good = world.upstream(answering(throttled(*headers))), world.upstream()
    client = world.client(busy, good, timeout=0.9)

    answers = [client.chat("ping") for _ in range(3)]

    assert [["throttled", "ok"], ["ok"], ["ok"]] == [verdicts(a) for a in answers]
    assert (1, 3) == (busy.seen, good.seen)
    assert_settled(client)


def test_a_date_by_our_clock(world: World) -> None:
    """A date in a response without a date of its own is compared with our clock."""
    later = formatdate(time.time() + 900, usegmt=True)
    upstream = world.upstream(answering(throttled(f"Retry-After: {later}")))
    client = world.client(upstream, max_attempts=4, timeout=0.9)

    failure = failure_of(client)

    assert isinstance(failure, Saturated)
    assert 900 == pytest.approx(failure.retry_after_s, abs=3)
    assert 1 == upstream.seen


def test_a_model_at_a_time(world: World) -> None:
    """A 429 for one model leaves the endpoint's other models alone."""
    upstream = world.upstream(answering(throttled("Retry-After: 900"), OK))
    client = world.client(upstream, endpoint={"models": ["one", "two"]})

    failure_of(client, model="one")

    assert "pong" == client.chat("ping", model="two").text


def test_with_a_503(world: World) -> None:
    """Retry-After is obeyed on any status."""
    busy = http(error("later"), "503 Busy", "Retry-After: 900")
    upstream = world.upstream(answering(busy))
    client = world.client(upstream, max_attempts=4, timeout=0.9)

    failure = failure_of(client)

    assert isinstance(failure, Saturated)
    assert ["sick"] == verdicts(failure)
    assert 1 == upstream.seen


def test_529(world: World) -> None:
    """529 (overloaded) is a 429."""
    busy, good = world.upstream(answering(http(error(), "529 Over"))), world.upstream()
    client = world.client(busy, good)

    assert ["throttled", "ok"] == verdicts(client.chat("ping"))
    assert "closed" == state(client)["breaker"]


def test_storm(world: World) -> None:
    """When all answer 429, the retries stay within their budget."""
    upstream = world.upstream(always(throttled("Retry-After: 0")))
    client = world.client(upstream, max_attempts=4, max_in_flight=4)
    began = time.monotonic()
    failures: list[BaseException] = []

    def call() -> None:
        failures.extend(failure_of(client) for _ in range(50))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    elapsed = time.monotonic() - began

    assert {RetriesExhausted} == {type(failure) for failure in failures}
    assert 200 == len(failures)
    assert 200 <= upstream.seen <= 200 + 0.1 * 200 + elapsed + 4
    assert "closed" == state(client)["breaker"]
    assert_settled(client)


def test_storm_that_says_how_long(world: World) -> None:
    """When all say to come back later, nobody asks them before."""
    upstreams = [
        world.upstream(always(throttled("Retry-After: 900"))) for _ in range(2)
    ]
    client = world.client(*upstreams, max_attempts=4)

    failures = [failure_of(client) for _ in range(50)]

    assert {Saturated} == {type(failure) for failure in failures}
    assert [2, *[0] * 49] == [len(verdicts(failure)) for failure in failures]
    assert [1, 1] == [upstream.seen for upstream in upstreams]
    assert_settled(client)


def test_told_before(world: World) -> None:
    """An endpoint that says nothing is left is not asked until its window ends."""
    last = http(
        OK.partition(b"\r\n\r\n")[2],
        "200 OK",
        "X-RateLimit-Remaining-Requests: 0",
        "X-RateLimit-Reset-Requests: 50s",
    )
    upstream = world.upstream(answering(last))
    client = world.client(upstream)
    client.chat("ping")

    failure = failure_of(client)

    assert isinstance(failure, Saturated)
    assert 50 == pytest.approx(failure.retry_after_s, abs=3)
    assert 1 == upstream.seen
