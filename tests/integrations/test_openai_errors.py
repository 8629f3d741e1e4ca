"""Errors have the official package's names, and what they say; and they are ours."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import holybalance.integrations.openai as stand_in
from holybalance import Client, OpenAI, Verdict, errors
from holybalance.integrations.openai.http import Request, Response
from holybalance.integrations.openai.translation import translated
from holybalance.messages import Attempt, Rejection
from tests.integrations.recording import PATIENCE_S, WHOLE, Recorder, Scripted

package = pytest.importorskip("openai")

USUAL: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
SHOWN = ("status_code", "code", "param", "type", "request_id", "body", "message")
FULL = {"message": "It is so", "type": "some_error", "param": "seed", "code": "odd"}
BODIES: dict[str, Any] = {
    "full": {"error": FULL},
    "without param": {"error": {**FULL, "param": None}},
}
STATUSES = (400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503)


def fails(client: Any, root: type[BaseException]) -> Any:
    """Give the error of a call."""
    with pytest.raises(root) as caught:
        client.chat.completions.create(**USUAL)
    return caught.value


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", BODIES)
def test_statuses(
    status: int, name: str, ours: OpenAI, official: Any, upstream: Recorder
) -> None:
    """The class, and all that it tells."""
    upstream.answers = [
        Scripted(
            status=status, body=BODIES[name], headers={"x-request-id": "req_of_error"}
        )
    ]

    theirs = fails(official, package.APIStatusError)
    mine = fails(ours, stand_in.APIStatusError)

    assert type(theirs).__name__ == type(mine).__name__
    assert [getattr(theirs, n) for n in SHOWN] == [getattr(mine, n) for n in SHOWN]
    # What comes after the first line is ours: where it was tried.
    assert str(theirs) == str(mine).splitlines()[0]
    assert theirs.response.status_code == mine.response.status_code
    assert theirs.response.json() == mine.response.json()
    assert str(theirs.request.url) == mine.request.url
    assert theirs.request.method == mine.request.method
    assert theirs.response.headers["X-Request-Id"] == mine.request_id


@pytest.mark.parametrize(
    "body",
    [
        "<html>Bad gateway</html>",
        "",
        "[]",
        "null",
        {"detail": "Not as it must be"},
        {"error": "just a text"},
        {"error": {"message": None, "code": 7}},
        [{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}],
    ],
)
@pytest.mark.parametrize("status", [400, 503])
def test_odd_bodies(
    body: Any, status: int, ours: OpenAI, official: Any, upstream: Recorder
) -> None:
    """Class, status and id are the same, whatever else comes."""
    upstream.answers = [Scripted(status=status, body=body)]

    theirs = fails(official, package.APIStatusError)
    mine = fails(ours, stand_in.APIStatusError)

    assert type(theirs).__name__ == type(mine).__name__
    assert (theirs.status_code, theirs.request_id) == (
        mine.status_code,
        mine.request_id,
    )
    assert mine.message.startswith(f"Error code: {status}")


def test_the_headers_of_an_error(ours: OpenAI, upstream: Recorder) -> None:
    """Callers wait for as long as they say."""
    body, headers = {"error": FULL}, {"Retry-After": "0"}
    upstream.answers = [Scripted(status=429, body=body, headers=headers)]

    mine = fails(ours, stand_in.RateLimitError)

    assert "0" == mine.response.headers["retry-after"]


@pytest.mark.parametrize("name", [n for n in stand_in.__all__ if n.endswith("Error")])
def test_the_hierarchy(name: str) -> None:
    """Each error that is here has the parents that it has there."""
    mine = getattr(stand_in, name)
    theirs = [k.__name__ for k in getattr(package, name).__mro__]
    usual = {k.__name__ for k in mine.__mro__ if k.__module__ == mine.__module__}

    assert [k for k in theirs if k in usual] == [
        k.__name__ for k in mine.__mro__ if k.__name__ in usual
    ]
    assert {k for k in theirs if k.endswith("Error")} <= {*usual}
    assert issubclass(mine, errors.HolyBalanceError)


def test_they_are_ours_as_well(ours: OpenAI, upstream: Recorder) -> None:
    """With attempts and verdict, which the text shows, and the original."""
    upstream.answers = [Scripted(status=503, body={"error": FULL})]

    mine = fails(ours, errors.CallError)

    assert isinstance(mine, stand_in.InternalServerError)
    assert ["openai"] == [attempt.endpoint for attempt in mine.attempts]
    assert mine.verdict is Verdict.SICK
    assert mine.answer is not None
    assert 503 == mine.answer.status
    assert "1. openai sick 503 after" in str(mine)
    assert isinstance(mine.original, errors.RetriesExhausted)


@pytest.mark.parametrize("stream", [False, True])
def test_a_traceback_tells_it_once(
    stream: bool, ours: OpenAI, upstream: Recorder
) -> None:
    """The original's own traceback would say it all again."""
    upstream.answers = [Scripted(status=503, body={"error": FULL})]

    with pytest.raises(stand_in.APIError) as caught:
        ours.chat.completions.create(**USUAL, stream=stream)

    text = "".join(traceback.format_exception(caught.value))
    assert 1 == text.count("1. openai sick 503 after")
    assert "another exception" not in text
    assert "direct cause" not in text


def test_what_to_call_is_named_as_it_is_here() -> None:
    """The library's client is an attribute of the stand-in."""
    error = errors.NoEndpoint("mend its key, then call Client.restore or start anew")

    assert "call client.holybalance.restore or" in str(translated(error, Request()))


def test_they_travel(ours: OpenAI, upstream: Recorder) -> None:
    """Pickled, nothing is lost."""
    upstream.answers = [Scripted(status=429, body={"error": FULL})]

    mine = fails(ours, stand_in.RateLimitError)
    twin = pickle.loads(pickle.dumps(mine))

    assert type(mine) is type(twin)
    assert [getattr(mine, n) for n in SHOWN] == [getattr(twin, n) for n in SHOWN]
    assert (str(mine), mine.attempts) == (str(twin), twin.attempts)
    assert mine.response.headers == twin.response.headers
    assert type(mine.original) is type(twin.original)


def test_they_can_be_made_as_the_official_ones() -> None:
    """By tests of those who catch them."""
    response = Response(429, {"Retry-After": "5"})

    made = stand_in.RateLimitError("slow", response=response, body={"code": "c"})

    assert ("slow", 429, "c") == (made.message, made.status_code, made.code)
    assert "Request timed out." == stand_in.APITimeoutError(Request()).message
    assert "Connection error." == stand_in.APIConnectionError().message


def test_nobody_is_there(make: Callable[..., OpenAI]) -> None:
    """No connection, no answer."""
    mine = fails(
        make(base_url="http://127.0.0.1:9/v1", max_retries=0),
        stand_in.APIConnectionError,
    )

    assert not isinstance(mine, stand_in.APITimeoutError)
    assert "1. openai" in str(mine)


def test_a_timeout(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """It begins with the official package's words."""
    upstream.answers = [Scripted(chunks=[{}], pauses_at=1)]
    began = time.monotonic()

    mine = fails(make(timeout=0.2), stand_in.APITimeoutError)
    upstream.go_on.set()

    assert "Request timed out." == mine.message
    assert str(mine).startswith("Request timed out. (")
    assert time.monotonic() - began < 3


def test_a_timeout_of_the_call(ours: OpenAI) -> None:
    """No time at all is a timeout, too."""
    with pytest.raises(stand_in.APITimeoutError):
        ours.chat.completions.create(**USUAL, timeout=0)


def test_no_json_at_all(ours: OpenAI, upstream: Recorder) -> None:
    """A page of HTML with status 200 is no answer."""
    upstream.answers = [Scripted(body="<html>Welcome</html>")]

    mine = fails(ours, stand_in.APIResponseValidationError)

    assert 200 == mine.status_code


def test_a_client_that_is_closed(make: Callable[..., OpenAI]) -> None:
    """There is no connection any more."""
    client = make()
    client.close()

    mine = fails(client, stand_in.APIConnectionError)

    assert "the client is closed" == mine.message
    assert client.is_closed()


def test_a_key_function_that_fails(make: Callable[..., OpenAI]) -> None:
    """Told as a connection that could not be had; its words may hold a key."""

    def key() -> str:
        raise RuntimeError("vault is shut")

    told = str(fails(make(api_key=key), stand_in.APIConnectionError))

    assert "the api_key callable failed with RuntimeError" in told


def test_a_key_that_was_refused_before(ours: OpenAI, upstream: Recorder) -> None:
    """The second call is not sent, and hears the same."""
    upstream.answers = [Scripted(status=401, body={"error": FULL})]

    assert 401 == fails(ours, stand_in.AuthenticationError).status_code
    again = fails(ours, stand_in.AuthenticationError)

    assert (1, "invalid_api_key") == (len(upstream.requests), again.code)


def test_an_unknown_model(upstream: Recorder) -> None:
    """As the upstream would say it."""
    with OpenAI(config=pool_of(upstream)) as client:
        mine = fails(client, stand_in.NotFoundError)

    assert ("model_not_found", 404) == (mine.code, mine.status_code)
    assert [] == upstream.requests


def test_a_budget_without_room(upstream: Recorder) -> None:
    """As OpenAI says that money is used up: whoever tries again looks for its code."""
    usage = {"prompt_tokens": 3, "completion_tokens": 100, "total_tokens": 103}
    upstream.answers = [Scripted(body={**WHOLE, "usage": usage})]
    with OpenAI(config=with_budget(upstream, 0.0002)) as client:
        client.chat.completions.create(**USUAL)
        mine = fails(client, stand_in.RateLimitError)

    assert ("insufficient_quota", "budget_exceeded") == (mine.code, mine.type)
    assert 0 < int(mine.response.headers["retry-after"]) <= 86_400
    assert isinstance(mine.original, errors.BudgetExceeded)
    assert mine.verdict is Verdict.BUDGET


def test_a_budget_that_never_has_room(upstream: Recorder) -> None:
    """Nobody is told to wait for what no window brings."""
    with OpenAI(config=with_budget(upstream, 1e-9)) as client:
        mine = fails(client, stand_in.RateLimitError)

    assert "insufficient_quota" == mine.code
    assert "retry-after" not in mine.response.headers


def test_a_pool_that_is_full(upstream: Recorder) -> None:
    """Our own limits are rate limits to the caller."""
    config = pool_of(upstream, models=["m"])
    config["endpoints"][0]["max_in_flight"] = 1
    config["defaults"] = {"when_saturated": "fail"}
    upstream.answers = [Scripted(chunks=[WHOLE], pauses_at=1)]
    with OpenAI(config=config) as client:
        stuck = threading.Thread(target=lambda: swallowed(client))
        stuck.start()
        assert upstream.came.wait(PATIENCE_S)
        mine = fails(client, stand_in.RateLimitError)
        upstream.go_on.set()
        stuck.join()

    assert ("rate_limit_exceeded", "requests") == (mine.code, mine.type)


def swallowed(client: OpenAI) -> None:
    """Make a call, whatever comes of it."""
    try:
        client.chat.completions.create(**USUAL)
    except stand_in.APIError:
        return


def with_budget(upstream: Recorder, limit_usd: float) -> dict[str, Any]:
    """Make a configuration with a budget for a day; a token is a millionth of a USD."""
    return pool_of(upstream, models=["m"]) | {
        "budgets": [{"name": "b", "limit_usd": limit_usd, "window": "day"}],
        "catalog": {"m": {"price": {"input": 1.0, "output": 1.0}, "max_output": 100}},
    }


def pool_of(upstream: Recorder, **endpoint: Any) -> dict[str, Any]:
    """Make a configuration of one endpoint."""
    usual = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "sk-none",
        "models": ["known"],
    }
    return {"endpoints": [{**usual, **endpoint}]}


ATTEMPT = Attempt(endpoint="one", verdict=Verdict.SICK, latency_s=0.1)
TOMORROW = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
OURS: list[tuple[errors.CallError, str, int | None]] = [
    (errors.RequestError("x"), "BadRequestError", 400),
    (errors.RequestError("x", status=404, code="c"), "NotFoundError", 404),
    (errors.RequestError("x", status=413), "APIStatusError", 413),
    (errors.RequestError("x", code="unknown_model"), "NotFoundError", 404),
    (errors.DeadlineExceeded("x", verdict=Verdict.LATE), "APITimeoutError", None),
    (errors.ClientClosed("x"), "APIConnectionError", None),
    (errors.LocalError("x", verdict=Verdict.LOCAL), "APIConnectionError", None),
    (errors.WorkerDied("x", verdict=Verdict.LOCAL), "APIConnectionError", None),
    (errors.RetriesExhausted("x", verdict=Verdict.LOST), "APIConnectionError", None),
    (errors.Saturated("x", retry_after_s=1.2), "RateLimitError", 429),
    (errors.NoEndpoint("x"), "APIConnectionError", None),
    (errors.NoEndpoint("x", verdict=Verdict.DENIED), "AuthenticationError", 401),
    (errors.NoEndpoint("x", verdict=Verdict.EXHAUSTED), "RateLimitError", 429),
    (errors.NoEndpoint("x", verdict=Verdict.THROTTLED), "RateLimitError", 429),
    (errors.NoEndpoint("x", verdict=Verdict.NO_MODEL), "NotFoundError", 404),
    (errors.BudgetExceeded("x", budget="b", limit_usd=1.0), "RateLimitError", 429),
]


@pytest.mark.parametrize(("error", "name", "status"), OURS)
def test_each_of_ours(error: errors.CallError, name: str, status: int | None) -> None:
    """Every error has a name there."""
    error.attempts = (ATTEMPT,)

    made = translated(error, Request())

    assert (name, status) == (type(made).__name__, getattr(made, "status_code", None))
    assert (error.attempts, error.verdict) == (made.attempts, made.verdict)


@pytest.mark.parametrize("kind", [errors.NoEndpoint, errors.RetriesExhausted])
@pytest.mark.parametrize("status", [429, 401, 503, 529])
def test_what_was_answered_decides(kind: Any, status: int) -> None:
    """Where an upstream's answer has ended the call."""
    error = kind("x", verdict=Verdict.SICK)
    error.answer = Rejection(status, FULL, {b"x-request-id": b"req"})

    made: Any = translated(error, Request())

    assert (status, "req", FULL) == (made.status_code, made.request_id, made.body)


def test_how_long_to_wait() -> None:
    """In whole seconds, where no upstream has said it."""
    told = translated(errors.Saturated("x", retry_after_s=1.2), Request())
    assert isinstance(told, stand_in.RateLimitError)
    assert "2" == told.response.headers["Retry-After"]

    throttled = errors.Saturated("x", retry_after_s=1.2)
    throttled.answer = Rejection(429, FULL, {b"retry-after": b"7"})
    told = translated(throttled, Request())
    assert isinstance(told, stand_in.RateLimitError)
    assert ("7", "odd") == (told.response.headers["retry-after"], told.code)


def test_a_loop_of_old(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """Code that sleeps and tries again works as it did."""
    upstream.answers = [
        Scripted(status=429, body={"error": FULL}, headers={"retry-after": "0"}),
        Scripted(body=WHOLE),
    ]
    client, waits = make(max_retries=0), []

    for _ in range(3):
        try:
            answer = client.chat.completions.create(**USUAL)
            break
        except stand_in.RateLimitError as error:
            waits.append(error.response.headers.get("retry-after"))

    assert (["0"], "Hi ✨") == (waits, answer.choices[0].message.content)


def test_no_secret_is_shown(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """Neither in a text nor in what is pickled."""
    told = {"message": "Incorrect API key provided: sk-very-secret", "code": "no"}
    upstream.answers = [Scripted(status=401, body={"error": told})]
    client = make(api_key="sk-very-secret", default_headers={"X-Token": "hidden-one"})

    mine = fails(client, stand_in.AuthenticationError)

    seen = f"{mine!s} {mine!r} {mine.body} {mine.response.text} {client!r}"
    assert "sk-very-secret" not in seen + json.dumps(mine.body)
    assert b"sk-very-secret" not in pickle.dumps(mine)
    assert "hidden-one" not in seen


def test_a_client_given(upstream: Recorder) -> None:
    """Closing the stand-in leaves its owner's client open."""
    with Client(pool_of(upstream, models=["m"])) as owned:
        with OpenAI(client=owned) as client:
            client.chat.completions.create(**USUAL)
        assert "Hi ✨" == owned.chat("hi", model="m").text
