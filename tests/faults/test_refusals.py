"""Who is at fault decides who is asked next: nobody, or another key."""

from __future__ import annotations

import pytest

from holybalance.errors import NoEndpoint, RequestError
from tests.faults.scripted import OK, answering, error, http
from tests.faults.world import (
    World,
    assert_connections,
    assert_settled,
    failure_of,
    state,
    verdicts,
)

BENCHED = {
    "401": (http(error("bad key"), "401 No"), "denied"),
    "403": (http(error("not you"), "403 No"), "denied"),
    "402": (http(error("pay"), "402 Pay"), "exhausted"),
    "insufficient_quota by code": (
        http(error("pay", code="insufficient_quota"), "429 No"),
        "exhausted",
    ),
    "insufficient_quota by type": (
        http(error("pay", type="insufficient_quota"), "429 No", "Retry-After: 0"),
        "exhausted",
    ),
}


@pytest.mark.parametrize(("answer", "verdict"), BENCHED.values(), ids=BENCHED.keys())
def test_benched(world: World, answer: bytes, verdict: str) -> None:
    """A key that is refused is benched, and another endpoint used, until restored."""
    bad, good = world.upstream(answering(answer, OK)), world.upstream()
    client = world.client(bad, good)

    answers = [client.chat("ping") for _ in range(3)]

    assert [[verdict, "ok"], ["ok"], ["ok"]] == [verdicts(a) for a in answers]
    assert (1, 3) == (bad.seen, good.seen)
    assert "closed" == state(client)["breaker"]
    client.restore("a")
    assert "a" == client.chat("ping").endpoint
    assert_settled(client)
    assert_connections(client, bad, 2)


@pytest.mark.parametrize(("answer", "verdict"), BENCHED.values(), ids=BENCHED.keys())
def test_all_benched(world: World, answer: bytes, verdict: str) -> None:
    """When all keys are benched, the error lists what they were told."""
    upstreams = [world.upstream(answering(answer)) for _ in range(2)]
    client = world.client(*upstreams, max_attempts=4)

    first, second = failure_of(client), failure_of(client)

    assert [NoEndpoint] * 2 == [type(first), type(second)]
    assert [[verdict] * 2, []] == [verdicts(first), verdicts(second)]
    assert [1, 1] == [upstream.seen for upstream in upstreams]
    assert_settled(client)


def test_denied_says_how_to_go_on(world: World) -> None:
    """A key that was denied never comes back by itself, and the error says so."""
    upstream = world.upstream(answering(http(error("bad key"), "401 No")))
    client = world.client(upstream, max_attempts=2)

    failure = failure_of(client)

    assert isinstance(failure, NoEndpoint)
    assert failure.retry_after_s is None
    assert "restore" in str(failure)
    assert "bad key" in str(failure)


CALLERS = {
    "400": (http(error("no", code="c"), "400 No"), 400, "c", "caller"),
    "404": (http(error("no"), "404 No"), 404, None, "caller"),
    "405": (http(b"", "405 No"), 405, None, "caller"),
    "413": (http(b"<html>", "413 No"), 413, None, "caller"),
    "415": (http(error("no"), "415 No"), 415, None, "caller"),
    "422": (http(b'{"detail": "no"}', "422 No"), 422, None, "caller"),
    "context length by code": (
        http(error("long", code="context_length_exceeded"), "400 No"),
        400,
        "context_length_exceeded",
        "too_long",
    ),
    "context length in words": (
        http(error("This model's maximum context length is 8 tokens"), "400 No"),
        400,
        None,
        "too_long",
    ),
    "content policy": (
        http(error("no", code="content_policy_violation"), "400 No"),
        400,
        "content_policy_violation",
        "refused",
    ),
    "content filter": (
        http(error("no", code="content_filter"), "400 No"),
        400,
        "content_filter",
        "refused",
    ),
}


@pytest.mark.parametrize(
    ("answer", "status", "code", "verdict"), CALLERS.values(), ids=CALLERS.keys()
)
def test_the_request_is_at_fault(
    world: World, answer: bytes, status: int, code: str | None, verdict: str
) -> None:
    """It is raised at once, nobody is blamed, and no other endpoint is asked."""
    upstream, other = world.upstream(answering(answer)), world.upstream()
    client = world.client(upstream, other, breaker={"failures": 1})

    failure = failure_of(client)

    assert RequestError is type(failure)
    assert isinstance(failure, RequestError)
    assert status == failure.status
    assert code in (failure.code, None)
    assert [verdict] == verdicts(failure)
    assert (1, 0) == (upstream.seen, other.accepted)
    assert "closed" == state(client)["breaker"]
    assert_settled(client)
    assert_connections(client, upstream, 1)


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 520])
def test_another_endpoint_may_do(world: World, status: int) -> None:
    """A status that is the server's own trouble is tried elsewhere."""
    bad, good = world.upstream(answering(http(b"", f"{status} No"))), world.upstream()
    client = world.client(bad, good)

    answer = client.chat("ping")

    assert ["sick", "ok"] == verdicts(answer)
    assert [status, 200] == [attempt.status for attempt in answer.attempts]
    assert (1, 1) == (bad.seen, good.seen)
    assert_settled(client)


def test_unknown_model(world: World) -> None:
    """A model that nobody serves is the caller's mistake, and is never sent."""
    upstream = world.upstream()
    client = world.client(upstream)

    failure = failure_of(client, model="mm")

    assert isinstance(failure, RequestError)
    assert "unknown_model" == failure.code
    assert 0 == upstream.accepted


def test_not_json(world: World) -> None:
    """So is a request that cannot be written."""
    upstream = world.upstream()
    client = world.client(upstream)

    failure = failure_of(client, user=object())

    assert isinstance(failure, RequestError)
    assert "not_json" == failure.code
    assert 0 == upstream.accepted
    assert_settled(client)


def test_a_firewalls_page(world: World) -> None:
    """A 403 that is not the API's own is about the prompt, and benches no key."""
    page = http(b"<html>Request blocked</html>", "403 Forbidden")
    upstream = world.upstream(answering(page, OK))
    client = world.client(upstream)

    failure = failure_of(client)

    assert isinstance(failure, RequestError)
    assert ["refused"] == verdicts(failure)
    assert "pong" == client.chat("ping").text
