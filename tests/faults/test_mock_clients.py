"""Owns the proof that the providers' own clients take the mock upstream for real."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from holybalance.testing import Answer, Behaviour, BrokenStream, MockUpstream, Then

TEXT = Behaviour().reply
CALL = {"name": "look_up", "arguments": {"city": "Rome", "days": [1, 2]}}
MESSAGES = [{"role": "user", "content": "Hello you"}]
KEY = "right"


def package(name: str) -> Any:
    """One of the official packages, which is in no dependency of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


@pytest.fixture(scope="module")
def shared() -> Iterator[MockUpstream]:
    """One process for all tests."""
    with MockUpstream(api_key=KEY, models=["a", "b"]) as upstream:
        yield upstream


@pytest.fixture
def upstream(shared: MockUpstream) -> Iterator[MockUpstream]:
    """An upstream that lets one key in."""
    yield shared
    shared.behave(tool_call=None, api_key=KEY, piece_interval=0.0)


@pytest.fixture
def openai(upstream: MockUpstream) -> Iterator[Any]:
    """OpenAI's client."""
    client = package("openai").OpenAI(
        base_url=upstream.url, api_key=KEY, max_retries=0, timeout=5
    )
    with client:
        yield client


@pytest.fixture
def anthropic(upstream: MockUpstream) -> Iterator[Any]:
    """Anthropic's client."""
    client = package("anthropic").Anthropic(
        base_url=upstream.origin, api_key=KEY, max_retries=0, timeout=5
    )
    with client:
        yield client


@pytest.fixture
def gemini(upstream: MockUpstream) -> Iterator[Any]:
    """Google's client."""
    if importlib.util.find_spec("google") is None:
        pytest.skip("google-genai is not installed")
    genai = package("google.genai")
    options = {"base_url": upstream.origin, "timeout": 5000}
    client = genai.Client(api_key=KEY, vertexai=False, http_options=options)
    yield client
    client.close()


class TestOpenAI:
    """OpenAI's client."""

    def test_chat(self, openai: Any) -> None:
        """A whole reply with two choices."""
        reply = openai.chat.completions.create(model="a", messages=MESSAGES, n=2)
        assert [choice.message.content for choice in reply.choices] == [TEXT] * 2
        package("openai").types.chat.ChatCompletion.model_validate(reply.model_dump())

    def test_stream(self, openai: Any) -> None:
        """Every chunk is valid, and they add up to the reply."""
        chunk_type = package("openai").types.chat.ChatCompletionChunk
        chunks = list(
            openai.chat.completions.create(
                model="a",
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        for chunk in chunks:
            chunk_type.model_validate(chunk.model_dump())
        deltas = [c.choices[0].delta for c in chunks if c.choices]
        assert "".join(delta.content or "" for delta in deltas) == TEXT
        assert chunks[-1].usage.completion_tokens == 6

    def test_tool_call(self, openai: Any, upstream: MockUpstream) -> None:
        """The client puts the pieces of a call together."""
        upstream.behave(tool_call=CALL)
        with openai.chat.completions.stream(model="a", messages=MESSAGES) as stream:
            streamed = stream.get_final_completion().choices[0]
        reply = openai.chat.completions.create(model="a", messages=MESSAGES).choices[0]
        (one,), (two,) = reply.message.tool_calls, streamed.message.tool_calls
        assert one.function.name == two.function.name == "look_up"
        assert one.function.arguments == two.function.arguments

    def test_error_in_the_stream(self, openai: Any, upstream: MockUpstream) -> None:
        """The client raises at an error event."""
        upstream.script(BrokenStream(then=Then.ERROR, pieces=2))
        stream = openai.chat.completions.create(
            model="a", messages=MESSAGES, stream=True
        )
        with pytest.raises(package("openai").APIError, match="was scripted"):
            list(stream)

    def test_embeddings(self, openai: Any) -> None:
        """The client asks for base64 by itself; plain numbers are the same."""
        packed = openai.embeddings.create(model="e", input=["x", "y"])
        plain = openai.embeddings.create(
            model="e", input=["x", "y"], encoding_format="float"
        )
        assert packed.data == plain.data

    def test_models(self, openai: Any) -> None:
        """The models are listed."""
        assert [model.id for model in openai.models.list()] == ["a", "b"]
        assert openai.models.retrieve("a").id == "a"

    def test_wrong_key(self, openai: Any) -> None:
        """A wrong key is known as one."""
        with pytest.raises(package("openai").AuthenticationError):
            openai.with_options(api_key="wrong").models.list()


class TestAnthropic:
    """Anthropic's client."""

    def ask(self, client: Any, **options: Any) -> Any:
        """One whole reply."""
        return client.messages.create(
            model="a", max_tokens=9, messages=MESSAGES, **options
        )

    def test_message(self, anthropic: Any) -> None:
        """A whole message."""
        message = self.ask(anthropic, system="Be brief.")
        assert [block.text for block in message.content] == [TEXT]
        package("anthropic").types.Message.model_validate(message.model_dump())

    def test_events(self, anthropic: Any) -> None:
        """Every event is valid."""
        for event in self.ask(anthropic, stream=True):
            type(event).model_validate(event.model_dump())

    def test_stream(self, anthropic: Any) -> None:
        """The events add up to the message."""
        with anthropic.messages.stream(
            model="a", max_tokens=9, messages=MESSAGES
        ) as stream:
            assert "".join(stream.text_stream) == TEXT
            message = stream.get_final_message()
        whole = self.ask(anthropic)
        assert message.stop_reason == "end_turn"
        assert message.usage == whole.usage

    def test_tool_call(self, anthropic: Any, upstream: MockUpstream) -> None:
        """The client puts the pieces of a call together."""
        upstream.behave(tool_call=CALL)
        with anthropic.messages.stream(
            model="a", max_tokens=9, messages=MESSAGES
        ) as stream:
            (streamed,) = stream.get_final_message().content
        (block,) = self.ask(anthropic).content
        assert streamed.input == block.input == CALL["arguments"]

    def test_overloaded(self, anthropic: Any, upstream: MockUpstream) -> None:
        """The client knows an overloaded upstream, before a stream and in it."""
        upstream.script(Answer(status=529), BrokenStream(then=Then.ERROR, status=529))
        for stream in (False, True):
            with pytest.raises(package("anthropic").APIStatusError) as raised:
                list(self.ask(anthropic, stream=stream))
            assert raised.value.body["error"]["type"] == "overloaded_error"

    def test_models(self, anthropic: Any) -> None:
        """The models are listed, in a shape that is valid."""
        models = list(anthropic.models.list())
        assert [model.id for model in models] == ["a", "b"]
        for model in (*models, anthropic.models.retrieve("a")):
            type(model).model_validate(model.model_dump())

    def test_wrong_key(self, anthropic: Any) -> None:
        """A wrong key is known as one."""
        with pytest.raises(package("anthropic").AuthenticationError):
            anthropic.with_options(api_key="wrong").models.list()


class TestGemini:
    """Google's client."""

    def test_content(self, gemini: Any) -> None:
        """A whole response."""
        response = gemini.models.generate_content(model="a", contents="Hello you")
        assert response.text == TEXT
        assert response.usage_metadata.total_token_count == 9

    def test_stream(self, gemini: Any, upstream: MockUpstream) -> None:
        """The responses add up to the text; the last one has the reason to end."""
        upstream.behave(piece_interval=0.001)
        responses = list(
            gemini.models.generate_content_stream(model="a", contents="Hello you")
        )
        assert "".join(response.text or "" for response in responses) == TEXT
        reasons = [response.candidates[0].finish_reason for response in responses]
        assert reasons == [None] * 5 + ["STOP"]

    def test_tool_call(self, gemini: Any, upstream: MockUpstream) -> None:
        """The call is there, whole and streamed."""
        upstream.behave(tool_call=CALL)
        whole = gemini.models.generate_content(model="a", contents="x")
        first, _ = gemini.models.generate_content_stream(model="a", contents="x")
        (one,), (two,) = whole.function_calls, first.function_calls
        assert one.args == two.args == CALL["arguments"]

    def test_errors(self, gemini: Any, upstream: MockUpstream) -> None:
        """The client raises at an error, before a stream and in it."""
        errors = package("google.genai.errors")
        upstream.script(Answer(status=503), BrokenStream(then=Then.ERROR, status=503))
        for _ in range(2):
            with pytest.raises(errors.ServerError) as raised:
                list(gemini.models.generate_content_stream(model="a", contents="x"))
            assert (raised.value.code, raised.value.status) == (503, "UNAVAILABLE")

    def test_embeddings(self, gemini: Any) -> None:
        """Each text has its vector."""
        response = gemini.models.embed_content(
            model="e", contents=["x", "y"], config={"output_dimensionality": 4}
        )
        assert [len(vector.values) for vector in response.embeddings] == [4, 4]

    def test_models(self, gemini: Any) -> None:
        """The models are listed."""
        names = [model.name for model in gemini.models.list()]
        assert names == ["models/a", "models/b"]
        assert gemini.models.get(model="a").name == "models/a"
