"""What comes of `Launcher.map`: order, errors, laziness, and what it refuses."""

from __future__ import annotations

import itertools
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from holybalance.errors import HolyBalanceError, RequestError
from holybalance.messages import Reply
from holybalance.testing import MockUpstream
from tests.faults.scripted import PATIENCE_S, Peer, error, http
from tests.processes.stage import (
    HELD,
    Stage,
    Watch,
    errors,
    indexes,
    iterating,
    texts,
)

PROMPTS = [f"prompt {number}" for number in range(200)]


def test_replies_come_in_the_order_of_the_prompts(
    stage: Stage, echo: MockUpstream
) -> None:
    """Each with its index, and each prompt called once."""
    replies = list(stage.launcher(echo.url).map(PROMPTS))

    assert texts(replies) == PROMPTS
    assert list(range(200)) == [reply.index for reply in replies]
    assert 200 == echo.received


def test_a_reply_is_as_a_clients(stage: Stage, echo: MockUpstream) -> None:
    """Nothing of it but its headers is lost on the way from the worker."""
    (reply,) = stage.launcher(echo.url).map(["hello"])

    assert isinstance(reply, Reply)
    assert ("hello", "m", "a") == (reply.text, reply.model, reply.endpoint)
    assert reply.usage is not None
    assert reply.usage.input_tokens > 0
    assert reply.latency_s > 0
    assert ["ok"] == [attempt.verdict.value for attempt in reply.attempts]


def test_headers_stay_with_the_worker(stage: Stage, echo: MockUpstream) -> None:
    """They would make an ordinary reply twice as long on its way."""
    (reply,) = stage.launcher(echo.url).map(["hello"])

    assert {} == reply.headers
    assert reply.request_id


def test_as_they_come(stage: Stage) -> None:
    """A slow first call holds up nobody else's result."""
    watch = Watch(held=frozenset({PROMPTS[0]}))
    launcher = stage.launcher(stage.upstream(watch).url)

    results = launcher.map(PROMPTS, ordered=False)
    fast = list(itertools.islice(results, 199))
    watch.let_go.set()

    assert set(PROMPTS[1:]) == set(texts(fast))
    assert [PROMPTS[0]] == texts(list(results))


def test_arguments_reach_every_call(stage: Stage) -> None:
    """What `chat` takes besides the prompt."""
    upstream = stage.upstream(Watch())
    launcher = stage.launcher(upstream.url)

    list(launcher.map(["one", "two"], system="Be brief.", temperature=0.5))

    bodies = [orjson.loads(request.body) for request in upstream.requests]
    assert [0.5, 0.5] == [body["temperature"] for body in bodies]
    firsts = [body["messages"][0] for body in bodies]
    assert 2 * [{"role": "system", "content": "Be brief."}] == firsts


def test_conversations_may_be_prompts(stage: Stage, echo: MockUpstream) -> None:
    """As for `chat`."""
    prompt = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]

    (reply,) = stage.launcher(echo.url).map([prompt])

    assert "two" == reply.text


def test_no_prompts(stage: Stage, echo: MockUpstream) -> None:
    """There is nothing to give, and nothing to wait for."""
    assert [] == list(stage.launcher(echo.url).map([]))


def test_errors_in_their_place(stage: Stage, echo: MockUpstream) -> None:
    """Those asked to be returned have the index of their prompt."""
    prompts: list[Any] = ["one", [], "three", 4, "five"]

    results = list(stage.launcher(echo.url).map(prompts, return_errors=True))

    assert [0, 1, 2, 3, 4] == [result.index for result in results]
    wrong = [each.index for each in results if isinstance(each, RequestError)]
    assert [1, 3] == wrong
    assert 3 == echo.received


def test_errors_of_an_upstream_keep_what_they_know(stage: Stage) -> None:
    """Status, code and attempts survive the way from the worker."""

    def refusing(peer: Peer) -> None:
        while True:
            peer.request()
            peer.send(http(error("no such", code="bad_thing"), "400 Bad Request"))

    launcher = stage.launcher(stage.upstream(refusing).url)

    (failure,) = launcher.map(["one"], return_errors=True)

    assert isinstance(failure, RequestError)
    assert (400, "bad_thing") == (failure.status, failure.code)
    assert "no such" in str(failure)


def test_the_first_error_is_raised(stage: Stage, echo: MockUpstream) -> None:
    """After the replies before it; the launcher goes on to the next map."""
    launcher = stage.launcher(echo.url)
    before: list[str] = []

    def take() -> None:
        before.extend(reply.text for reply in launcher.map(["one", "two", *[[]] * 50]))

    with pytest.raises(RequestError):
        take()

    assert ["one", "two"] == before
    assert PROMPTS == texts(list(launcher.map(PROMPTS)))


def test_an_error_that_is_kept_keeps_nothing_else(
    stage: Stage, echo: MockUpstream
) -> None:
    """While the first map's error is handled the launcher takes the next map."""
    launcher = stage.launcher(echo.url)

    with pytest.raises(RequestError) as kept:
        list(launcher.map(["one", [], "three"]))

    assert 1 == kept.value.index
    assert ["again"] == texts(list(launcher.map(["again"])))


def test_prompts_are_pulled_as_workers_have_room(stage: Stage) -> None:
    """An endless generator is pulled no further than workers hold items."""
    watch = Watch(held=frozenset(map(str, range(1, 1000))))
    pulled = itertools.count()
    launcher = stage.launcher(stage.upstream(watch).url)

    results = launcher.map((str(number) for number in pulled), ordered=False)

    assert "0" == next(results).text
    launcher.close()
    assert next(pulled) <= 2 * HELD + 2


def test_prompts_are_not_pulled_far_ahead_of_a_slow_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, what is early waits in memory: no more than the window."""
    monkeypatch.setattr("holybalance.launcher.ORDER_WINDOW", 60)
    watch = Watch(held=frozenset({"0"}))
    launcher = stage.launcher(stage.upstream(watch).url)
    given = 0
    ahead = []

    def prompts() -> Iterator[str]:
        for number in range(500):
            ahead.append(number - given)
            if number == 59:
                watch.let_go.set()
            yield str(number)

    for reply in launcher.map(prompts()):
        assert str(given) == reply.text
        given += 1

    assert (500, 59) == (given, max(ahead))


def test_prompts_that_raise(stage: Stage, echo: MockUpstream) -> None:
    """What they raise comes after the replies to those before it."""
    launcher = stage.launcher(echo.url)
    before: list[str] = []

    def prompts() -> Iterator[str]:
        yield from PROMPTS[:30]
        raise LookupError("the table is gone")

    def take() -> None:
        before.extend(reply.text for reply in launcher.map(prompts()))

    with pytest.raises(LookupError, match="the table is gone"):
        take()

    assert PROMPTS[:30] == before
    assert ["again"] == texts(list(launcher.map(["again"])))


def test_a_prompt_that_cannot_be_pickled(stage: Stage, echo: MockUpstream) -> None:
    """It is an error in its place that says so; the others are called."""
    prompts: list[Any] = ["one", lambda: "two", "three"]

    one, two, three = stage.launcher(echo.url).map(prompts, return_errors=True)

    assert ["one", "three"] == texts([one, three])
    assert isinstance(two, RequestError)
    assert 1 == two.index
    assert "cannot be handed to a worker" in str(two)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A kind of text that this process can import and a worker cannot."""
    module = types.ModuleType("nowhere_else")
    kind = type("Stranger", (str,), {"__module__": "nowhere_else"})
    vars(module)["Stranger"] = kind
    monkeypatch.setitem(sys.modules, "nowhere_else", module)
    return kind


def test_a_prompt_that_no_worker_can_read(
    stage: Stage, echo: MockUpstream, stranger: Any
) -> None:
    """Its class is not importable there: an error in its place, and an end."""
    launcher = stage.launcher(echo.url, processes=1)
    prompts = ["one", stranger("two"), "three"]

    with iterating(launcher.map(prompts, return_errors=True)) as (results, thread):
        thread.join(PATIENCE_S)
        launcher._crew.abort()

    assert [0, 1, 2] == indexes(results)
    assert [1] == [failure.index for failure in errors(results)]


def test_an_argument_that_cannot_be_pickled(stage: Stage, echo: MockUpstream) -> None:
    """It is refused in words, and the launcher takes the next map."""
    launcher = stage.launcher(echo.url)

    with pytest.raises(RequestError, match="cannot be handed to a worker"):
        list(launcher.map(["one"], metadata={"key": lambda: 1}))

    assert ["again"] == texts(list(launcher.map(["again"])))


def test_an_argument_that_no_worker_can_read(
    stage: Stage, echo: MockUpstream, stranger: Any
) -> None:
    """Its class is not importable there: an error, not workers that die for ever."""
    launcher = stage.launcher(echo.url, processes=1)

    # Ends the map, without an error, if it does not end by itself.
    rescue = threading.Timer(PATIENCE_S, launcher._crew.abort)
    rescue.start()
    with pytest.raises(HolyBalanceError):
        list(launcher.map(["one"], user=stranger("me")))
    rescue.cancel()
