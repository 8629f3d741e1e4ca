"""Streams give chunks, nothing unasked for, and let go of what they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import holybalance.integrations.openai as stand_in
from holybalance import OpenAI, Verdict
from tests.integrations.recording import PIECES, USAGE, Recorder, Scripted, piece

package = pytest.importorskip("openai")

USUAL: Any = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "stream": True,
}
ASKED = {"include_usage": True}


def test_the_usage_is_hidden(ours: OpenAI, upstream: Recorder) -> None:
    """The library has asked for it, and the caller has not."""
    chunks = list(ours.chat.completions.create(**USUAL))

    assert {"include_usage": True} == upstream.last.body["stream_options"]
    assert PIECES == [chunk.to_dict() for chunk in chunks]


def test_the_library_knows_the_usage_all_the_same(ours: OpenAI) -> None:
    """Its own reply has it, for metrics and budgets."""
    stream = ours.chat.completions.create(**USUAL)
    for _ in stream:
        pass

    reply = stream.holybalance.reply
    assert reply is not None
    assert reply.usage is not None
    assert 5 == reply.usage.total_tokens


def test_the_usage_is_shown_when_asked_for(ours: OpenAI) -> None:
    """With the nulls before it."""
    chunks = list(ours.chat.completions.create(**USUAL, stream_options=ASKED))

    assert [*({**p, "usage": None} for p in PIECES), USAGE] == [
        chunk.to_dict() for chunk in chunks
    ]


def test_what_an_upstream_tells_by_itself_is_shown(
    make: Callable[..., OpenAI], upstream: Recorder
) -> None:
    """Where nobody has asked, nothing is hidden."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "sk-none",
        "models": ["*"],
        "stream_usage": False,
    }
    client = make(api_key=None, base_url=None, config={"endpoints": [endpoint]})
    upstream.answers = [Scripted(chunks=[*PIECES, USAGE])]

    chunks = list(client.chat.completions.create(**USUAL))

    assert USAGE == chunks[-1].to_dict()


def test_usage_beside_choices_is_shown(ours: OpenAI, upstream: Recorder) -> None:
    """Some upstreams give it with the last choice, asked or not."""
    last = piece({}, "stop", usage=USAGE["usage"])
    upstream.answers = [Scripted(chunks=[*PIECES[:-1], last])]

    *_, chunk = ours.chat.completions.create(**USUAL)

    assert last == chunk.to_dict()


def test_a_context_manager(ours: OpenAI) -> None:
    """It may be left early, and gives no more then."""
    with ours.chat.completions.create(**USUAL) as stream:
        first = next(stream)

    assert "assistant" == first.choices[0].delta.role
    assert [] == list(stream)
    stream.close()


def test_headers(ours: OpenAI, official: Any) -> None:
    """They are there from the first."""
    theirs = official.chat.completions.create(**USUAL)
    mine = ours.chat.completions.create(**USUAL)

    for name in ("X-Request-Id", "content-type"):
        assert theirs.response.headers[name] == mine.response.headers[name]
    assert theirs.response.status_code == mine.response.status_code
    assert str(theirs.response.url) == mine.response.url
    theirs.close()
    mine.close()


@pytest.mark.parametrize("use", ["ours", "official"])
def test_an_error_within(
    use: str, request: pytest.FixtureRequest, upstream: Recorder
) -> None:
    """It is an `APIError` in both, with what the upstream says."""
    error = {"message": "Too hot", "type": "server_error", "code": "hot", "param": None}
    chunks = [*PIECES[:2], {"error": error}]
    upstream.answers = [Scripted(chunks=chunks, pauses_at=2)]
    root = {"ours": stand_in.APIError, "official": package.APIError}[use]
    stream = request.getfixturevalue(use).chat.completions.create(**USUAL)
    seen = [next(stream).choices[0].delta.content for _ in range(2)]
    upstream.go_on.set()

    with pytest.raises(root) as caught:
        next(stream)

    told = caught.value
    assert ["", "Hi"] == seen
    assert type(told) is root
    assert ("Too hot", "hot", "server_error") == (told.message, told.code, told.type)
    assert error == told.body


def test_a_stream_that_is_cut(ours: OpenAI, upstream: Recorder) -> None:
    """It is a lost connection, and the text so far is not."""
    upstream.answers = [Scripted(chunks=PIECES[:3], is_cut=True)]

    with pytest.raises(stand_in.APIConnectionError) as caught:
        list(ours.chat.completions.create(**USUAL))

    assert "Hi ✨" == caught.value.text
    assert 1 == len(caught.value.attempts)
    assert caught.value.verdict is Verdict.MALFORMED


def test_an_error_before(ours: OpenAI, upstream: Recorder) -> None:
    """It is raised by the call itself."""
    upstream.answers = [Scripted(status=400, body={"error": {"message": "No"}})]

    with pytest.raises(stand_in.BadRequestError, match="Error code: 400 - No"):
        ours.chat.completions.create(**USUAL)


def test_tries_before_the_first_token(
    make: Callable[..., OpenAI], upstream: Recorder
) -> None:
    """A stream that has not begun is tried again, as any call is."""
    upstream.answers = [Scripted(status=503, body="busy"), Scripted(chunks=PIECES)]

    chunks = list(make(max_retries=1).chat.completions.create(**USUAL))

    assert len(PIECES) == len(chunks)
    assert 2 == len(upstream.requests)
