"""Answers look and read as the official package's, piece by piece."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance import OpenAI
from holybalance.integrations.openai import APIResponseValidationError
from holybalance.integrations.openai.types import CompletionUsage
from holybalance.integrations.openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
)
from tests.integrations.recording import (
    PIECES,
    USAGE,
    VECTOR,
    WHOLE,
    Recorder,
    Scripted,
    piece,
)

package = pytest.importorskip("openai")

Json = dict[str, Any]
USUAL: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
LOGPROB = {
    "token": "H",
    "bytes": [72],
    "logprob": -0.25,
    "top_logprobs": [{"token": "H", "bytes": None, "logprob": -0.25, "rank": 1}],
}
MODERATED = {
    "model": "omni",
    "type": "moderation_results",
    "results": [
        {
            "categories": {"hate": False},
            "category_applied_input_types": {"hate": ["text"]},
            "category_scores": {"hate": 0.5},
            "flagged": False,
            "model": "omni",
            "type": "moderation_result",
        }
    ],
}


def whole(message: Json, finish_reason: str = "stop", **extra: Any) -> Json:
    """Make an answer of one choice; fields of the choice may be given as `choice`."""
    choice = {"index": 0, "finish_reason": finish_reason, **extra.pop("choice", {})}
    message = {"role": "assistant", "content": None, **message}
    return {**WHOLE, "choices": [{**choice, "message": message}], **extra}


def called(**call: Any) -> Json:
    """Make a message with a tool call."""
    return {"tool_calls": [{"id": "call_1", **call}]}


FUNCTION = {"name": "f", "arguments": '{"a": "ü"}'}
ANSWERS: dict[str, Json] = {
    "plain": WHOLE,
    "with all that may be null": whole(
        {"content": "x", "refusal": None, "tool_calls": None, "annotations": []},
        choice={"logprobs": None},
        service_tier=None,
        system_fingerprint=None,
    ),
    "usage in detail": whole(
        {"content": "x"},
        usage={
            **WHOLE["usage"],
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 1, "odd": {"a": [1]}},
            "cost": 0.25,
        },
    ),
    "tool calls": whole(called(type="function", function=FUNCTION), "tool_calls"),
    "custom tool call": whole(
        called(type="custom", custom={"name": "f", "input": "x"}), "tool_calls"
    ),
    "tool call without a type": whole(called(function=FUNCTION), "tool_calls"),
    "tool call with more": whole(
        called(type="function", function={**FUNCTION, "odd": 1}, index=0), "tool_calls"
    ),
    "function call of old": whole({"function_call": FUNCTION}, "function_call"),
    "logprobs": whole(
        {"content": "H"}, choice={"logprobs": {"content": [LOGPROB], "refusal": None}}
    ),
    "refusal": whole({"refusal": "No."}),
    "annotations": whole(
        {
            "content": "x",
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {
                        "start_index": 0,
                        "end_index": 1,
                        "title": "t",
                        "url": "https://example.com",
                    },
                }
            ],
        }
    ),
    "audio": whole(
        {"audio": {"id": "a", "data": "UklG", "expires_at": 5, "transcript": "hi"}}
    ),
    "moderation": whole(
        {"content": "x"},
        moderation={
            "input": MODERATED,
            "output": {"type": "error", "code": "late", "message": "Too late"},
        },
    ),
    "metadata": whole({"content": "x"}, metadata={"team": "a"}),
    "unknown fields": whole(
        {"content": "x", "reasoning_content": "Hm.", "odd": [{"a": None}, 1]},
        choice={"native_finish_reason": "STOP", "stop_reason": None},
        provider="them",
        prompt_filter_results=[{"prompt_index": 0, "results": {}}],
    ),
    "two choices": {
        **WHOLE,
        "choices": [
            {"index": n, "finish_reason": "stop", "message": {"role": "assistant"}}
            for n in (0, 1)
        ],
    },
    "an odd finish reason": whole({"content": "x"}, "eos"),
    "much missing": {"model": "m", "choices": [{"message": {"content": "x"}}]},
    "content of parts": whole({"content": [{"type": "text", "text": "x"}]}),
}
# What the official package's types would not take from the upstream itself.
UNSOUND = (
    "an odd finish reason",
    "content of parts",
    "much missing",
    "tool call without a type",
)

CHUNKS: dict[str, list[Json]] = {
    "plain": PIECES,
    "with usage": [*({**chunk, "usage": None} for chunk in PIECES), USAGE],
    "tool calls": [
        piece(
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "f", "arguments": ""},
                    }
                ],
            }
        ),
        piece({"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}),
        piece({"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}),
        piece({}, "tool_calls"),
    ],
    "logprobs and more": [
        {
            **piece({"content": "H", "reasoning_content": "Hm."}),
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": "H", "reasoning_content": "Hm."},
                    "logprobs": {"content": [LOGPROB], "refusal": None},
                    "finish_reason": None,
                    "odd": 1,
                }
            ],
            "obfuscation": "xyz",
            "service_tier": "default",
        },
        piece({"refusal": "No."}),
        piece({}, "stop", x_groq={"id": "1"}),
    ],
    "audio": [
        piece({"audio": {"id": "a", "transcript": "h"}}),
        piece({"audio": {"data": "UklG"}}),
        piece({"audio": {"expires_at": 5}}, "stop"),
    ],
}
WISHES: list[Json] = [
    {},
    {"exclude_none": True},
    {"exclude_unset": True},
    {"exclude_defaults": True},
    {"exclude_unset": True, "exclude_none": True},
    {"mode": "json"},
    {"exclude": {"id", "choices"}},
    {"include": {"id", "usage"}},
]
# The official package warns of values that its types do not expect.
QUIETLY: Json = {"warnings": False}
Ask = Callable[[Any, Json], Any]


@pytest.fixture
def ask(upstream: Recorder) -> Ask:
    """Have a client ask for a chat that is answered with a document."""

    def asked(client: Any, document: Json) -> Any:
        upstream.answers = [Scripted(body=document)]
        return client.chat.completions.create(**USUAL)

    return asked


@pytest.mark.parametrize("name", ANSWERS)
def test_whole_answers(name: str, ask: Ask, ours: OpenAI, official: Any) -> None:
    """All forms of an answer are the same: dictionaries, JSON, text."""
    theirs, mine = (ask(client, ANSWERS[name]) for client in (official, ours))

    for wish in WISHES:
        assert theirs.model_dump(**QUIETLY, **wish) == mine.model_dump(**wish), wish
    assert [*theirs.model_dump(**QUIETLY)] == [*mine.model_dump(**QUIETLY)]
    assert theirs.to_dict(**QUIETLY) == mine.to_dict(**QUIETLY)
    assert theirs.to_json(**QUIETLY) == mine.to_json(**QUIETLY)
    for indent in (None, 2, 4):
        expected = theirs.model_dump_json(indent=indent, **QUIETLY)
        assert expected == mine.model_dump_json(indent=indent)
    assert (repr(theirs), str(theirs)) == (repr(mine), str(mine))
    assert theirs._request_id == mine._request_id
    assert theirs.model_fields_set <= mine.model_fields_set


@pytest.mark.parametrize("name", [name for name in ANSWERS if name not in UNSOUND])
def test_the_official_types_take_whole_answers(
    name: str, ask: Ask, ours: OpenAI
) -> None:
    """What is sound is valid by the official package's types."""
    dumped = ask(ours, ANSWERS[name]).model_dump()

    assert package.types.chat.ChatCompletion.model_validate(dumped)


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks(name: str, ours: OpenAI, official: Any, upstream: Recorder) -> None:
    """So it is for every chunk of a stream."""
    upstream.answers = [Scripted(chunks=CHUNKS[name])]
    arguments: Json = {**USUAL, "stream": True}
    if name == "with usage":
        arguments["stream_options"] = {"include_usage": True}

    theirs = list(official.chat.completions.create(**arguments))
    mine: list[Any] = list(ours.chat.completions.create(**arguments))

    assert len(theirs) == len(mine)
    for their, my in zip(theirs, mine, strict=True):
        for wish in WISHES:
            assert their.model_dump(**wish) == my.model_dump(**wish), wish
        assert their.to_json() == my.to_json()
        assert repr(their) == repr(my)
        kind = package.types.chat.ChatCompletionChunk
        assert kind.model_validate(my.model_dump())


@pytest.mark.parametrize("format_", [None, "float", "base64"])
def test_embeddings(format_: str | None, ours: OpenAI, official: Any) -> None:
    """Vectors are floats unless the caller has asked for base64."""
    wish = {} if format_ is None else {"encoding_format": format_}
    arguments: Any = {"model": "e", "input": ["a", "b"], **wish}

    theirs = official.embeddings.create(**arguments)
    mine = ours.embeddings.create(**arguments)

    assert theirs.model_dump(**QUIETLY) == mine.model_dump()
    assert repr(theirs) == repr(mine)
    if format_ != "base64":
        assert VECTOR == mine.data[1].embedding
        kind = package.types.CreateEmbeddingResponse
        assert kind.model_validate(mine.model_dump())


def test_a_server_that_knows_no_base64(ours: OpenAI, upstream: Recorder) -> None:
    """It answers with floats, and that is fine."""
    entry = {"object": "embedding", "index": 0, "embedding": [1, 2.5]}
    upstream.answers = [Scripted(body={"object": "list", "data": [entry]})]

    assert [1, 2.5] == ours.embeddings.create(model="e", input="a").data[0].embedding


@pytest.mark.parametrize("text", ["abc", "AAAA"])
def test_a_vector_that_is_none(text: str, ours: OpenAI, upstream: Recorder) -> None:
    """It is no base64, or not of float32s: no answer, and told so."""
    entry = {"object": "embedding", "index": 0, "embedding": text}
    upstream.answers = [Scripted(body={"object": "list", "data": [entry]})]

    with pytest.raises(APIResponseValidationError, match="vector"):
        ours.embeddings.create(model="e", input="a")


def test_models(ours: OpenAI, official: Any) -> None:
    """The list of models, which iterates over them."""
    theirs, mine = official.models.list(), ours.models.list()

    assert [m.model_dump() for m in theirs] == [m.model_dump() for m in mine]
    assert theirs.model_dump() == mine.model_dump()
    assert repr(theirs.data) == repr(mine.data)
    assert (
        official.models.retrieve("m1").to_dict() == ours.models.retrieve("m1").to_dict()
    )


def answer() -> ChatCompletion:
    """Make an answer without a call."""
    document: Json = copy.deepcopy(ANSWERS["usage in detail"])
    return ChatCompletion(document)


def test_fields_and_keys() -> None:
    """Attributes and keys give the same, at every depth."""
    it = answer()

    assert "x" == it.choices[0].message.content
    assert "x" == it["choices"][0]["message"]["content"]
    assert it.usage is it["usage"]
    assert isinstance(it.usage, CompletionUsage)
    assert 0.25 == it.usage.cost == it.usage["cost"]


def test_what_has_not_come() -> None:
    """Declared, it is `None`; otherwise there is no such thing."""
    message = answer().choices[0].message

    assert message.tool_calls is None
    assert message["tool_calls"] is None
    assert "tool_calls" not in message
    assert [] == message.get("tool_calls", [])
    with pytest.raises(AttributeError, match="'ChatCompletionMessage' object has no"):
        message.reasoning  # noqa: B018 - asking is the test
    with pytest.raises(KeyError, match="reasoning"):
        message["reasoning"]


def test_a_mapping_of_what_has_come() -> None:
    """For `dict`, `**` and `in`; and never false."""
    message = answer().choices[0].message

    assert isinstance(message, Mapping)
    assert {"role": "assistant", "content": "x"} == dict(message) == {**message}
    assert (2, True) == (len(message), "content" in message)
    assert ChatCompletion({})


def test_equality() -> None:
    """By what has come, among answers of a kind."""
    other = answer()
    other.choices[0].message.content = "y"

    assert answer() == answer()
    assert answer() != other
    assert answer() != answer().to_dict()
    assert ChatCompletion({}) != ChatCompletionChunk({})
    with pytest.raises(TypeError, match="unhashable"):
        hash(answer())


def test_fields_can_be_changed() -> None:
    """The change shows in every form, and the document stays as it was."""
    document: Json = copy.deepcopy(WHOLE)
    it = ChatCompletion(document)
    it.choices[0].message.content = "changed"
    it.note = "mine"
    it.choices.append(it.choices[0])

    dumped = it.to_dict()
    assert ("mine", 2) == (dumped["note"], len(dumped["choices"]))
    assert "changed" == dumped["choices"][1]["message"]["content"]
    assert document == WHOLE


def test_dictionaries_are_copies() -> None:
    """Changing one changes no answer."""
    it = ChatCompletion(copy.deepcopy(ANSWERS["unknown fields"]))

    it.model_dump()["choices"][0]["message"]["odd"].clear()

    assert ANSWERS["unknown fields"] == it.to_dict()


def test_answers_travel(ours: OpenAI) -> None:
    """Pickled, copied, and still with the reply."""
    it = ours.chat.completions.create(**USUAL)

    for twin in (pickle.loads(pickle.dumps(it)), copy.deepcopy(it), copy.copy(it)):
        assert it == twin
        assert ("req_1", "openai") == (twin._request_id, twin.holybalance.endpoint)
        assert repr(it) == repr(twin)


def test_copies_with_changes() -> None:
    """As `model_copy` of the official package's."""
    it = answer()

    twin = it.model_copy(update={"id": "other"}, deep=True)
    twin.choices[0].message.content = "y"

    assert ("chatcmpl-1", "x") == (it.id, it.choices[0].message.content)
    assert ("other", "y") == (twin.id, twin.choices[0].message.content)


def test_unknown_fields_are_told_apart() -> None:
    """As pydantic does."""
    it = ChatCompletion(ANSWERS["unknown fields"])

    assert {"provider", "prompt_filter_results"} == set(it.model_extra)


NAMES = st.sampled_from(
    [
        *("choices", "message", "delta", "content", "tool_calls", "function", "type"),
        *("usage", "logprobs", "annotations", "audio", "moderation", "input"),
        *("odd", "get", "items", "model_dump", "_document", "_reply", "holybalance"),
    ]
)
LEAVES = st.none() | st.integers(-9, 9) | st.text(max_size=3) | st.just("function")
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4)
        ),
        max_leaves=20,
    ),
    max_size=6,
)


@given(DOCUMENTS)
def test_whatever_comes(document: Json) -> None:
    """Nothing an upstream sends makes an answer unreadable, and nothing is lost."""
    choice = {"index": 0, "message": document, "delta": document}

    for kind in (ChatCompletion, ChatCompletionChunk):
        it = kind({**document, "choices": [choice]})

        assert {**document, "choices": [choice]} == it.to_dict()
        assert json.loads(it.to_json()) == it.to_dict()
        assert repr(it).startswith(kind.__name__)


def test_names_within_are_not_taken(ours: OpenAI) -> None:
    """A tree of names to leave out would be passed over silently otherwise."""
    with pytest.raises(TypeError, match="takes names of fields"):
        ours.chat.completions.create(**USUAL).model_dump(exclude={"choices": {0}})


def test_the_librarys_own_reply(ours: OpenAI) -> None:
    """With endpoint, attempts and cost."""
    reply = ours.chat.completions.create(**USUAL).holybalance

    assert ("openai", 1, 5) == (
        reply.endpoint,
        len(reply.attempts),
        reply.usage and reply.usage.total_tokens,
    )
    embedded = ours.embeddings.create(model="e", input="a").holybalance
    assert "openai" == embedded.endpoint


def test_raw_responses(ours: OpenAI, official: Any) -> None:
    """Headers, status and text, and the answer besides."""
    theirs = official.chat.completions.with_raw_response.create(**USUAL)
    mine = ours.chat.completions.with_raw_response.create(**USUAL)

    assert theirs.status_code == mine.status_code
    assert theirs.headers["X-Request-ID"] == mine.headers["X-Request-ID"]
    assert theirs.headers.get("Content-Type") == mine.headers.get("Content-Type")
    assert (theirs.request_id, theirs.method) == (mine.request_id, mine.method)
    assert (str(theirs.url), theirs.retries_taken) == (mine.url, mine.retries_taken)
    assert json.loads(theirs.text) == json.loads(mine.text) == mine.json()
    assert json.loads(theirs.content) == json.loads(mine.content)
    assert theirs.parse().to_dict() == mine.parse().to_dict()
    assert mine.parse() is mine.parse()
    assert mine.elapsed.total_seconds() > 0


def test_raw_embeddings(ours: OpenAI) -> None:
    """Floats when parsed, and as they came in the text."""
    raw = ours.embeddings.with_raw_response.create(model="e", input="a")

    assert VECTOR == raw.parse().data[0].embedding
    assert isinstance(raw.json()["data"][0]["embedding"], str)


def test_raw_streams(ours: OpenAI) -> None:
    """Headers before the chunks."""
    raw = ours.chat.completions.with_raw_response.create(**USUAL, stream=True)

    assert ("req_1", 200) == (raw.request_id, raw.status_code)
    assert 4 == len(list(raw.parse()))
