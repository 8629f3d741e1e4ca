"""The face: chat, submit and map over stub upstreams, and what they count."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from holybalance import Client, Config, Reply
from holybalance.balancing.balancer import Balancer
from holybalance.balancing.runtime import Runtime
from holybalance.config import Defaults
from holybalance.errors import (
    ClientClosed,
    ConfigError,
    DeadlineExceeded,
    NoEndpoint,
    RequestError,
    RetriesExhausted,
)
from tests.unit.stubs import (
    MODEL,
    Clock,
    ScriptedTransport,
    Step,
    make_endpoint,
    no_budgets,
    reply,
    settings_of,
    status,
)

PATIENCE_S = 20.0
Make = Callable[..., Client]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make clients over scripted upstreams; all are closed at the end."""
    made: list[Client] = []

    def factory(*script: Step, **defaults: Any) -> Client:
        settings = Defaults(**({"threads": 2} | defaults))
        client = Client(Config(endpoints=(settings_of("one"),), defaults=settings))
        made.append(client)
        engine = client._engine()
        clock = Clock()
        runtime = Runtime(clock=clock, wait=clock.wait, rng=random.Random(7))
        transport = ScriptedTransport(clock, script or [reply()])
        endpoint = make_endpoint(runtime, transport, name="one")
        engine.runtime = runtime
        engine.balancer = Balancer([endpoint], settings, no_budgets(), runtime)
        return client

    yield factory
    for client in made:
        client.close()


def bodies_of(client: Client) -> list[Any]:
    """Give what was sent."""
    transport: Any = client._engine().balancer.endpoints[0].transport
    return [json.loads(body) for body in transport.bodies]


def test_chat_gives_a_reply(make: Make) -> None:
    """From the prompt to the text."""
    client = make()

    answer = client.chat("hi", system="Be brief.", temperature=0)

    assert ("hi", "one", None) == (answer.text, answer.endpoint, answer.index)
    assert [
        {
            "temperature": 0,
            "model": MODEL,
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "hi"},
            ],
        }
    ] == bodies_of(client)


def test_a_wrong_request_is_not_sent(make: Make) -> None:
    """Nor counted as a call."""
    client = make()

    with pytest.raises(RequestError):
        client.chat("")

    assert 0 == client.metrics()["calls"]


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5"])
def test_timeouts_are_checked(make: Make, timeout: Any) -> None:
    """By chat and submit at once, by map in the prompt's place."""
    client = make()

    with pytest.raises(RequestError, match="timeout must be"):
        client.chat("hi", timeout=timeout)
    with pytest.raises(RequestError, match="timeout must be"):
        client.submit("hi", timeout=timeout)
    (error,) = client.map(["hi"], timeout=timeout, return_errors=True)
    assert isinstance(error, RequestError)


def test_submit_gives_a_future(make: Make) -> None:
    """Of the reply, or of the error."""
    client = make(reply(), status(400))

    assert "hi" == client.submit("hi").result(PATIENCE_S).text
    with pytest.raises(RequestError):
        client.submit("hi").result(PATIENCE_S)


def test_a_submitted_calls_time_begins_at_once(make: Make) -> None:
    """Waiting for a thread is part of it."""
    client, gate = make(threads=1), threading.Event()
    engine = client._engine()
    clock: Any = engine.runtime.clock
    engine.workers.submit(gate.wait, PATIENCE_S)

    future = client.submit("hi")
    clock.now += 61
    gate.set()

    with pytest.raises(DeadlineExceeded):
        future.result(PATIENCE_S)


@pytest.mark.parametrize("ordered", [True, False])
def test_map_numbers_its_replies(make: Make, ordered: bool) -> None:
    """By the place of the prompt."""
    replies = list(make().map((f"p{n}" for n in range(20)), ordered=ordered))

    assert [*range(20)] == sorted(r.index for r in replies if r.index is not None)


def test_map_keeps_the_order(make: Make) -> None:
    """By default."""
    assert [*range(20)] == [r.index for r in make().map(["hi"] * 20)]


def test_map_gives_errors_in_their_place(make: Make) -> None:
    """With their index, and goes on."""
    results = list(make().map(["a", "", "c", []], return_errors=True))

    assert [Reply, RequestError, Reply, RequestError] == [type(r) for r in results]
    assert [0, 1, 2, 3] == [r.index for r in results]


def test_map_raises_the_first_error(make: Make) -> None:
    """Unless told to return it; it knows its prompt."""
    results = make().map(["a", "", "c"])
    next(results)

    with pytest.raises(RequestError) as caught:
        next(results)

    assert 1 == caught.value.index


def test_metrics_are_json(make: Make) -> None:
    """Whatever has happened."""
    client = make(reply(takes=2.0), status(400), status(401))
    client.chat("hi")
    for error in (RequestError, NoEndpoint):
        with pytest.raises(error):
            client.chat("hi")

    metrics = client.metrics()

    assert metrics == json.loads(json.dumps(metrics, allow_nan=False))
    assert (3, 3, 1) == (metrics["calls"], metrics["attempts"], metrics["success"])
    assert {"caller": 1, "denied": 1} == metrics["errors"]
    assert (0, 0, None) == (
        metrics["in_flight"],
        metrics["queued"],
        metrics["cost_usd"],
    )
    assert None is metrics["cool_down_s"]
    assert {"one"} == set(metrics["endpoints"])


def test_retries_are_counted_apart_from_calls(make: Make) -> None:
    """Two calls, three attempts."""
    client = make(status(500), reply())
    client.chat("hi")
    client.chat("hi")

    metrics = client.metrics()
    assert (2, 3, 2) == (metrics["calls"], metrics["attempts"], metrics["success"])
    assert (2, 1) == tuple(
        metrics["endpoints"]["one"][key] for key in ("calls", "retries")
    )
    assert {} == metrics["errors"]


def test_restore_puts_an_endpoint_back(make: Make) -> None:
    """By its name."""
    client = make(status(401), reply())
    with pytest.raises(NoEndpoint):
        client.chat("hi")

    client.restore("one")

    assert "one" == client.chat("hi").endpoint
    with pytest.raises(ConfigError, match='no endpoint "two"; there are one'):
        client.restore("two")


def test_exhausted_retries_are_an_error_of_ours(make: Make) -> None:
    """With each attempt."""
    with pytest.raises(RetriesExhausted) as caught:
        make(status(500)).chat("hi")

    assert 4 == len(caught.value.attempts)


def test_a_closed_client_says_so(make: Make) -> None:
    """Whatever it is asked; and closing again does no harm."""
    client = make()
    client.close()
    client.close(wait=False)

    for ask in (
        lambda: client.chat("hi"),
        lambda: client.submit("hi"),
        lambda: client.map(["hi"]),
    ):
        with pytest.raises(ClientClosed):
            ask()


def test_leaving_the_with_block_closes(make: Make) -> None:
    """Which repr shows."""
    with make() as client:
        before = repr(client)

    assert ("<Client open over one>", "<Client closed over one>") == (
        before,
        repr(client),
    )


def test_a_client_takes_a_dict() -> None:
    """Of the shape of the TOML file."""
    table = {"name": "one", "provider": "openai", "api_key": "k", "models": ["m"]}
    with Client({"endpoints": [table], "defaults": {"timeout": 7}}) as client:
        assert 7.0 == client.config.defaults.timeout


@pytest.mark.parametrize("prompts", ["hi", b"hi"])
def test_map_wants_more_than_one_string(make: Make, prompts: Any) -> None:
    """Which would be a prompt for each letter."""
    with pytest.raises(RequestError, match="not one string"):
        make().map(prompts)


@pytest.mark.parametrize("ordered", [True, False])
def test_map_gives_what_was_asked_before_its_prompts_failed(
    make: Make, ordered: bool
) -> None:
    """And then the failure of the prompts."""

    def prompts() -> Iterator[str]:
        yield "a"
        yield "b"
        raise OSError("the file is gone")

    replies = make().map(prompts(), ordered=ordered)

    assert {0, 1} == {next(replies).index, next(replies).index}
    with pytest.raises(OSError, match="the file is gone"):
        next(replies)


def test_returned_errors_hold_no_frames(make: Make) -> None:
    """Nor by those the prompts of a batch."""
    (error,) = make().map([""], return_errors=True)

    assert isinstance(error, RequestError)
    assert error.__traceback__ is None


def test_metrics_after_the_end(make: Make) -> None:
    """A closed client tells what it did."""
    client = make()
    client.chat("hi")
    client.close()

    assert 1 == client.metrics()["calls"]


def test_submit_waits_no_longer_than_the_call_may_take(make: Make) -> None:
    """When all threads are busy."""
    client, gate = make(threads=1, max_queued=0), threading.Event()
    client._engine().workers.submit(gate.wait, PATIENCE_S)

    with pytest.raises(DeadlineExceeded) as caught:
        client.submit("hi", timeout=0.01)
    gate.set()

    assert () == caught.value.attempts


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hi", "hi"),
        (None, ""),
        (7, ""),
        (
            [
                {"type": "thinking", "thinking": []},
                {"type": "text", "text": "h"},
                {"text": 7},
                "x",
                {"type": "text", "text": "i"},
            ],
            "hi",
        ),
    ],
)
def test_a_replys_text(content: Any, text: str) -> None:
    """A string, or the parts of a list that are text."""
    body = {"choices": [{"message": {"content": content}}]}
    answer = Reply(
        body=body, model="m", endpoint="e", usage=None, cost_usd=None, latency_s=0
    )
    assert text == answer.text
