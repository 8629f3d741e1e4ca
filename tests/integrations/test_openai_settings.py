"""Settings of a client that is in use hold from then on, or are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import holybalance.integrations.openai as stand_in
from holybalance import OpenAI
from tests.integrations.recording import Recorder, Scripted, recording

USUAL: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def ask(client: OpenAI) -> str | None:
    """Make a call and give its text."""
    text: str | None = (
        client.chat.completions.create(**USUAL).choices[0].message.content
    )
    return text


def test_a_timeout(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """It is that of the calls from then on, of parts got before as well."""
    upstream.answers = [Scripted(chunks=[{}], pauses_at=1)]
    client = make(max_retries=0)
    completions = client.chat.completions

    client.timeout = 0.1

    assert 0.1 == client.timeout
    with pytest.raises(stand_in.APITimeoutError):
        completions.create(**USUAL)
    upstream.go_on.set()


def test_a_longer_timeout(make: Callable[..., OpenAI]) -> None:
    """No silence is bounded by what it was before."""
    client = make(timeout=5)

    client.timeout = 3600

    defaults = client.holybalance.config.defaults
    assert min(defaults.first_token_timeout, defaults.idle_timeout) > 3600


def test_retries(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """As many as were set last."""
    again = {"retry-after-ms": "1"}
    upstream.answers = [Scripted(status=500, body="no", headers=again)]
    client = make(max_retries=5)

    client.max_retries = 0

    with pytest.raises(stand_in.InternalServerError):
        ask(client)
    assert (0, 1) == (client.max_retries, len(upstream.requests))


def test_affiliation(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """Sent as headers; `None` sends none, whatever the environment says."""
    client = make(organization="first")

    client.organization, client.project = "org", "proj"
    ask(client)
    head = upstream.last.headers
    client.organization = None
    ask(client)

    assert ("org", "proj") == (head["openai-organization"], head["openai-project"])
    assert "openai-organization" not in upstream.last.headers
    assert (None, "proj") == (client.organization, client.project)


def test_headers_and_query(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """In place of those that there were."""
    client = make(default_headers={"X-A": "1"}, default_query={"q": "1"})

    client.default_headers = {"X-B": "2"}
    client.default_query = {"r": "2"}
    ask(client)

    assert "x-a" not in upstream.last.headers
    assert "2" == upstream.last.headers["x-b"]
    assert [("r", "2")] == upstream.last.query
    assert ({"X-B": "2"}, {"r": "2"}) == (client.default_headers, client.default_query)


def test_a_key(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """It is sent from then on; copies made before keep theirs."""
    client = make(api_key="sk-first")
    completions, twin = client.chat.completions, client.with_options(timeout=5)

    client.api_key = "sk-second"
    completions.create(**USUAL)
    ask(twin)

    sent = [request.headers["authorization"] for request in upstream.requests]
    assert ["Bearer sk-second", "Bearer sk-first"] == sent
    assert ("sk-second", "sk-first") == (client.api_key, twin.api_key)


def test_keys_in_turn(make: Callable[..., OpenAI]) -> None:
    """One that comes again has its connections from before."""
    client = make(api_key="sk-first")
    first = client.holybalance

    client.api_key = "sk-second"
    second = client.holybalance
    client.api_key = "sk-first"

    assert client.holybalance is first is not second


def test_a_key_after_a_refusal(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """The other key is not held back for the first one's sake."""
    upstream.answers = [Scripted(status=401, body={"error": {"message": "no"}})]
    client = make(max_retries=0)
    with pytest.raises(stand_in.AuthenticationError):
        ask(client)

    upstream.answers = []
    client.api_key = "sk-second"

    assert "Hi ✨" == ask(client)


def test_a_url(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """Calls go there from then on."""
    client = make()
    with recording() as other:
        client.base_url = other.base_url
        ask(client)

    assert (0, 1) == (len(upstream.requests), len(other.requests))
    assert other.base_url + "/" == client.base_url


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("api_key", "a b", "api_key: the key has a space"),
        ("base_url", "nonsense", "base_url must begin with http"),
        ("timeout", -1, "from 0 up"),
        ("max_retries", None, "must be a whole number"),
        ("organization", "a\nb", "no line breaks"),
        ("default_headers", {"Host": "x"}, "transport's"),
    ],
)
def test_wrong_values(
    name: str, value: Any, told: str, make: Callable[..., OpenAI]
) -> None:
    """Refused, and the client goes on as before."""
    client = make()
    before = getattr(client, name)

    with pytest.raises((stand_in.OpenAIError, TypeError, ValueError), match=told):
        setattr(client, name, value)

    assert before == getattr(client, name)
    assert "Hi ✨" == ask(client)


@pytest.mark.parametrize("name", ["api_key", "base_url", "organization", "project"])
def test_over_a_configuration(name: str, upstream: Recorder) -> None:
    """What belongs to its endpoints is not the client's to change."""
    with OpenAI(config=configuration(upstream)) as client:
        assert 60 == client.timeout  # the file's, where it says nothing
        with pytest.raises(
            AttributeError, match=rf"{name} cannot be set: a dict names"
        ):
            setattr(client, name, "x")
        client.timeout, client.max_retries = 5, 0
        ask(client)

    assert (5, 0) == (client.timeout, client.max_retries)
    assert "Bearer sk-none" == upstream.last.headers["authorization"]


def test_closing_ends_all(make: Callable[..., OpenAI]) -> None:
    """The connections of earlier keys as well, and none is opened after it."""
    client = make()
    first = client.holybalance
    client.api_key = "sk-second"
    client.close()
    client.api_key = "sk-third"

    assert client.is_closed()
    assert repr(first).startswith("<Client closed")
    with pytest.raises(stand_in.APIConnectionError, match="closed"):
        ask(client)


def test_the_official_client_does_so(official: Any, upstream: Recorder) -> None:
    """What is honoured here is honoured there."""
    official.api_key, official.organization = "sk-second", "org"
    official.max_retries, official.timeout = 0, 5
    official.chat.completions.create(**USUAL)
    head = upstream.last.headers

    assert "Bearer sk-second" == head["authorization"]
    assert "org" == head["openai-organization"]


def configuration(upstream: Recorder) -> dict[str, Any]:
    """Make a configuration of one endpoint."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "sk-none",
        "models": ["m"],
    }
    return {"endpoints": [endpoint]}
