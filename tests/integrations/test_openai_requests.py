"""The stand-in sends what the official package sends, call by call."""

from __future__ import annotations

import datetime as dt
import enum
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from holybalance import OpenAI
from holybalance.integrations.openai.resources.chat import ChatParameters
from tests.integrations.recording import Recorder, Scripted

package = pytest.importorskip("openai")

ASK = [{"role": "user", "content": "What is it?"}]
USUAL: Any = {"model": "m", "messages": ASK}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells it",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Bonn", "Köln"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CALLED = [
    *ASK,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city": "Köln"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": '{"rain": true}'},
]
PICTURE = {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
    },
}


class Role(str, enum.Enum):  # noqa: UP042 - older code has such
    """A role as older code may write it."""

    USER = "user"


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    """Make a call of one message of parts."""
    return {"model": "m", "messages": [{"role": role, "content": list(parts)}]}


def with_(**parameters: Any) -> dict[str, Any]:
    """Make a call with parameters."""
    return {**USUAL, **parameters}


CHATS: dict[str, dict[str, Any]] = {
    "nothing else": USUAL,
    "system": {"model": "m", "messages": [{"role": "system", "content": "Be"}, *ASK]},
    "developer": {"model": "m", "messages": [{"role": "developer", "content": "Be"}]},
    "name of a speaker": said({"type": "text", "text": "x"}),
    "unicode": {"model": "m", "messages": [{"role": "user", "content": "Grüße 你好"}]},
    "emoji": {"model": "m", "messages": [{"role": "user", "content": "👩‍👩‍👧 ✨"}]},
    "odd text": {
        "model": "m",
        "messages": [{"role": "user", "content": '\x00\x7f\u2028\ufeff"\\/\t\n'}],
    },
    "empty text": {"model": "m", "messages": [{"role": "user", "content": ""}]},
    "long prompt": {
        "model": "m",
        "messages": [{"role": "user", "content": "a" * 200_000}],
    },
    "many messages": {"model": "m", "messages": ASK * 300},
    "messages in a tuple": {"model": "m", "messages": tuple(ASK)},
    "role of an enum": {
        "model": "m",
        "messages": [{"role": Role.USER, "content": "x"}],
    },
    "tools": with_(tools=[TOOL]),
    "tools in a tuple": with_(tools=(TOOL, TOOL)),
    "tool results": {"model": "m", "messages": CALLED, "tools": [TOOL]},
    "tool choice auto": with_(tools=[TOOL], tool_choice="auto"),
    "tool choice none": with_(tools=[TOOL], tool_choice="none"),
    "tool choice required": with_(tools=[TOOL], tool_choice="required"),
    "tool choice by name": with_(
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    ),
    "allowed tools": with_(
        tools=[TOOL],
        tool_choice={
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto", "tools": [{"type": "function"}]},
        },
    ),
    "custom tool": with_(
        tools=[{"type": "custom", "custom": {"name": "x", "format": {"type": "text"}}}]
    ),
    "parallel tool calls": with_(tools=[TOOL], parallel_tool_calls=False),
    "functions of old": with_(
        functions=[{"name": "f", "parameters": {}}], function_call={"name": "f"}
    ),
    "image by URL": said(
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ),
    "image in base64": said({"type": "image_url", "image_url": PICTURE}),
    "audio in": said(
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    ),
    "audio out": with_(
        modalities=["text", "audio"], audio={"voice": "alloy", "format": "mp3"}
    ),
    "audio of before": {
        "model": "m",
        "messages": [*ASK, {"role": "assistant", "audio": {"id": "audio_1"}}, *ASK],
    },
    "file": said({"type": "file", "file": {"file_id": "file-1"}}),
    "file in base64": said(
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "JVBERi0="}}
    ),
    "refusal of before": {
        "model": "m",
        "messages": [*ASK, {"role": "assistant", "refusal": "No."}, *ASK],
    },
    "JSON schema": with_(response_format=SCHEMA),
    "JSON object": with_(response_format={"type": "json_object"}),
    "stop as text": with_(stop="\n"),
    "stop as list": with_(stop=["a", "b"]),
    "stop as tuple": with_(stop=("a", "b")),
    "several answers": with_(n=3),
    "logprobs": with_(logprobs=True, top_logprobs=5),
    "logprobs off": with_(logprobs=False),
    "seed": with_(seed=2**53),
    "sampling": with_(temperature=0, top_p=0.95),
    "temperature with a fraction": with_(temperature=0.1 + 0.2),
    "penalties": with_(frequency_penalty=-2.0, presence_penalty=1.5),
    "logit bias": with_(logit_bias={"50256": -100, "11": 5}),
    "logit bias by number": with_(logit_bias={50256: -100}),
    "max tokens": with_(max_tokens=5),
    "max completion tokens": with_(max_completion_tokens=5),
    "user": with_(user="someone", safety_identifier="abc", prompt_cache_key="k"),
    "prompt cache": with_(
        prompt_cache_retention="24h", prompt_cache_options={"mode": "explicit"}
    ),
    "metadata": with_(metadata={"team": "ü"}, store=True),
    "moderation": with_(moderation={"model": "omni-moderation-latest"}),
    "reasoning": with_(reasoning_effort="minimal", verbosity="low"),
    "prediction": with_(prediction={"type": "content", "content": "def f():"}),
    "web search": with_(
        web_search_options={
            "search_context_size": "low",
            "user_location": {"type": "approximate", "approximate": {"city": "Bonn"}},
        }
    ),
    "service tier": with_(service_tier="flex"),
    "None values": with_(temperature=None, stop=None, max_tokens=None, metadata=None),
    "None in a message": {"model": "m", "messages": [{**ASK[0], "name": None}]},
    "stream given as false": with_(stream=False),
    "stream given as none": with_(stream=None),
    "not given": with_(
        temperature=package.NOT_GIVEN, tools=package.NOT_GIVEN, stream=package.NOT_GIVEN
    ),
    "omitted": with_(temperature=package.omit, user=package.omit, stop=package.omit),
    "not given, inside": {
        "model": "m",
        "messages": [{"role": "user", "content": "x", "name": package.omit}],
    },
    "a date": with_(extra_body={"until": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}),
    "extra body": with_(extra_body={"top_k": 5, "nested": {"a": [1, {"b": None}]}}),
    "extra body over parameters": with_(
        temperature=1, extra_body={"temperature": 0.5, "model": "n", "messages": CALLED}
    ),
    "extra body leaves out": with_(
        temperature=1, extra_body={"temperature": package.omit}
    ),
    "extra headers": with_(extra_headers={"X-One": "1", "x-two": "a b"}),
    "no extra": with_(extra_headers=None, extra_query=None, extra_body=None),
    "extra query": with_(extra_query={"api-version": "2026-01-01", "q": "ä &=+"}),
    "extra query nested": with_(
        extra_query={
            "a": [1, "two", True],
            "b": {"c": {"d": 1.5}, "e": [False]},
            "none": None,
            "flag": True,
            "empty": "",
        }
    ),
    "timeout": with_(timeout=7.5),
}

STREAMS = {
    "stream": with_(stream=True),
    "with usage": with_(stream=True, stream_options={"include_usage": True}),
    "without usage": with_(stream=True, stream_options={"include_usage": False}),
    "without obfuscation": with_(
        stream=True, stream_options={"include_obfuscation": False}
    ),
    "options of none": with_(stream=True, stream_options=None),
    "with tools": with_(stream=True, tools=[TOOL], tool_choice="auto", n=2),
    "with extras": with_(
        stream=True, extra_query={"a": [1, 2]}, extra_headers={"X-One": "1"}
    ),
}

EMBEDDINGS: dict[str, dict[str, Any]] = {
    "text": {"input": "abc"},
    "texts": {"input": ["abc", "Ü ✨"]},
    "texts in a tuple": {"input": ("abc", "d")},
    "tokens": {"input": [1, 2, 3]},
    "many tokens": {"input": [[1, 2], [3]]},
    "dimensions": {"input": "abc", "dimensions": 3},
    "as floats": {"input": "abc", "encoding_format": "float"},
    "as base64": {"input": "abc", "encoding_format": "base64"},
    "user": {"input": "abc", "user": "someone"},
    "not given": {"input": "abc", "dimensions": package.NOT_GIVEN},
    "extra": {
        "input": "abc",
        "extra_body": {"input_type": "query", "dimensions": 2},
        "extra_query": {"a": {"b": [1]}},
        "extra_headers": {"X-One": "1"},
    },
}


@pytest.fixture
def quiet(make: Callable[..., OpenAI], upstream: Recorder) -> OpenAI:
    """Give a stand-in whose endpoint asks for no usage by itself."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "sk-none",
        "models": ["*"],
        "stream_usage": False,
    }
    config = {"endpoints": [endpoint], "defaults": {"max_attempts": 1}}
    return make(api_key=None, base_url=None, config=config)


@pytest.fixture
def sent(upstream: Recorder) -> Callable[..., dict[str, Any]]:
    """Make a call and give what was sent, without what each package sends of itself."""

    def record(call: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
        answer = call(**arguments)
        if arguments.get("stream"):
            list(answer)
        last = upstream.last
        own = {name.lower() for name in arguments.get("extra_headers") or {}}
        return {
            "method": last.method,
            "path": last.path,
            "query": last.query,
            "headers": {name: v for name, v in last.headers.items() if name in own},
            "body": last.body,
        }

    return record


@pytest.mark.parametrize("name", CHATS)
def test_chats(
    name: str, sent: Callable[..., dict[str, Any]], quiet: OpenAI, official: Any
) -> None:
    """Body, path, query and the caller's headers are the same."""
    expected = sent(official.chat.completions.create, CHATS[name])

    assert expected == sent(quiet.chat.completions.create, CHATS[name])


@pytest.mark.parametrize("name", STREAMS)
def test_streams(
    name: str, sent: Callable[..., dict[str, Any]], quiet: OpenAI, official: Any
) -> None:
    """So they are for streams, where the endpoint asks for no usage."""
    expected = sent(official.chat.completions.create, STREAMS[name])

    assert expected == sent(quiet.chat.completions.create, STREAMS[name])


def test_the_usage_of_a_stream_is_asked_for(
    sent: Callable[..., dict[str, Any]], ours: OpenAI, official: Any
) -> None:
    """By default that is the only difference."""
    expected = sent(official.chat.completions.create, STREAMS["stream"])
    expected["body"]["stream_options"] = {"include_usage": True}

    assert expected == sent(ours.chat.completions.create, STREAMS["stream"])


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings(
    name: str, sent: Callable[..., dict[str, Any]], ours: OpenAI, official: Any
) -> None:
    """Embeddings are asked for as base64, unless the caller says otherwise."""
    arguments = {"model": "e", **EMBEDDINGS[name]}
    expected = sent(official.embeddings.create, arguments)

    assert expected == sent(ours.embeddings.create, arguments)


@pytest.mark.parametrize(
    "extra",
    [{}, {"extra_query": {"a": [1], "b": {"c": 2}}}, {"extra_headers": {"X-One": "1"}}],
)
def test_models(
    extra: dict[str, Any],
    sent: Callable[..., dict[str, Any]],
    ours: OpenAI,
    official: Any,
) -> None:
    """The list of models, and one of them."""
    assert sent(official.models.list, extra) == sent(ours.models.list, extra)
    arguments = {"model": "ft:m/one two", **extra}
    expected = sent(official.models.retrieve, arguments)
    assert expected == sent(ours.models.retrieve, arguments)


def test_a_generator_is_a_list(ours: OpenAI, upstream: Recorder) -> None:
    """Messages and tools may be any iterable."""

    def messages() -> Iterator[dict[str, str]]:
        yield from ASK

    ours.chat.completions.create(
        model="m", messages=messages(), tools={"a": TOOL}.values()
    )

    assert (ASK, [TOOL]) == (
        upstream.last.body["messages"],
        upstream.last.body["tools"],
    )


def test_an_answer_is_sent_back(
    sent: Callable[..., dict[str, Any]],
    ours: OpenAI,
    official: Any,
    upstream: Recorder,
) -> None:
    """A message of an answer goes into the next call as it is: what came, no more."""
    spoken: Any = CALLED[1]
    message = {**spoken, "reasoning_content": "Hm.", "annotations": []}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    upstream.answers = [
        Scripted(body={"id": "1", "created": 1, "model": "m", "choices": [choice]})
    ]

    def twice(client: Any) -> dict[str, Any]:
        first = client.chat.completions.create(**USUAL).choices[0].message
        messages = [*ASK, first, *CALLED[2:]]
        return sent(
            client.chat.completions.create, {"model": "m", "messages": messages}
        )

    expected = twice(official)

    assert expected == twice(ours)
    assert message == expected["body"]["messages"][1]


def test_objects_of_the_official_package_are_taken(
    ours: OpenAI, official: Any, upstream: Recorder
) -> None:
    """A message that it once gave is written as it would write it."""
    message = official.chat.completions.create(**USUAL).choices[0].message

    ours.chat.completions.create(model="m", messages=[*ASK, message])

    expected = {"role": "assistant", "content": "Hi ✨"}
    assert expected == upstream.last.body["messages"][1]


def test_default_headers_and_query(
    sent: Callable[..., dict[str, Any]], make: Callable[..., OpenAI], upstream: Recorder
) -> None:
    """They lie under the call's own; what is omitted is left out."""
    defaults = {
        "default_headers": {"X-One": "1", "X-Two": "2", "X-Three": "3"},
        "default_query": {"a": 1, "b": [1, 2], "c": {"d": 1}},
        "organization": "org",
        "project": "proj",
    }
    asked = {
        "extra_headers": {"x-one": "one", "X-TWO": package.omit},
        "extra_query": {"a": 2, "b": package.omit},
    }
    names = ("x-one", "x-two", "x-three", "openai-organization", "openai-project")

    def both(client: Any) -> Any:
        client.chat.completions.create(**USUAL, **asked)
        found = upstream.last.headers
        return upstream.last.query, {n: found[n] for n in names if n in found}

    with package.OpenAI(
        api_key="sk-none", base_url=upstream.base_url, **defaults
    ) as official:
        expected = both(official)

    assert expected == both(make(**defaults))


def test_the_key_is_sent(ours: OpenAI, upstream: Recorder) -> None:
    """As a bearer token."""
    ours.chat.completions.create(**USUAL)

    assert "Bearer sk-none" == upstream.last.headers["authorization"]


def test_the_key_of_a_function(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """It is asked with each call."""
    keys = iter(["first-key", "second-key"])
    client = make(api_key=lambda: next(keys))

    for _ in range(2):
        client.chat.completions.create(**USUAL)

    seen = [request.headers["authorization"] for request in upstream.requests]
    assert ["Bearer first-key", "Bearer second-key"] == seen


def test_a_login_of_the_call(ours: OpenAI, upstream: Recorder) -> None:
    """A single endpoint may be logged in to by the call's own header, in any case."""
    ours.chat.completions.create(
        **USUAL, extra_headers={"authorization": "Bearer other-key"}
    )

    assert "Bearer other-key" == upstream.last.headers["authorization"]


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-One": "a\r\nX-Two: b"}, "X-One must be visible ASCII"),
        ({"X-One": "ü"}, "X-One must be visible ASCII"),
        ({"X-One": 5}, "must be a string, not int"),
        ({"X One": "a"}, "'X One' is no name of a header"),
        ({"": "a"}, "'' is no name of a header"),
        ({"Host": "a"}, "Host is the transport's to set"),
        ({"content-length": "1"}, "content-length is the transport's to set"),
        ({"Transfer-Encoding": "chunked"}, "Transfer-Encoding is the transport's"),
        ({"Connection": "close"}, "Connection is the transport's to set"),
        ({"Authorization": package.omit}, "Authorization cannot be left out"),
    ],
)
def test_headers_that_cannot_be_sent(
    headers: dict[str, Any], told: str, ours: OpenAI, upstream: Recorder
) -> None:
    """Told clearly, before anything is sent, and without the value."""
    with pytest.raises(package_error("BadRequestError"), match=told):
        ours.chat.completions.create(**USUAL, extra_headers=headers)

    assert [] == upstream.requests


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"messages": []}, "at least one message"),
        ({"messages": "hi"}, "must be a list"),
        ({"messages": [{"content": "hi"}]}, r"messages\[0\] must have a role"),
        ({"model": ""}, "model must be a name"),
        ({"model": None}, "model must be a name"),
        ({"seed": {1, 2}.__contains__}, "cannot be written as JSON"),
        ({"user": "\ud800"}, "cannot be written as JSON"),
        ({"metadata": {(1, 2): "x"}}, "JSON's keys are strings"),
        ({"extra_body": {"stream": True}}, "may not change stream"),
    ],
)
def test_requests_that_can_never_work(
    changes: dict[str, Any], told: str, ours: OpenAI, upstream: Recorder
) -> None:
    """They are bad requests, told before anything is sent."""
    with pytest.raises(package_error("BadRequestError"), match=told):
        ours.chat.completions.create(**{**USUAL, **changes})

    assert [] == upstream.requests


def test_a_request_that_holds_itself(ours: OpenAI) -> None:
    """Nested without end, it is a bad request."""
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(package_error("BadRequestError"), match="nested too deeply"):
        ours.chat.completions.create(**USUAL, extra_body={"loop": loop})


def test_the_callers_objects_are_left_alone(ours: OpenAI) -> None:
    """Nothing is written into what was passed."""
    messages, body = [{"role": "user", "content": "x"}], {"a": {"b": 1}}

    ours.chat.completions.create(
        model="m", messages=messages, stream=True, extra_body=body
    ).close()

    assert ([{"role": "user", "content": "x"}], {"a": {"b": 1}}) == (messages, body)


def test_every_parameter_is_there() -> None:
    """And no other: the signatures are the same."""
    signature = inspect.signature(package.resources.chat.Completions.create)
    official = {*signature.parameters} - {"self"}
    explicit = {"model", "messages", "stream"}
    extra = {"extra_headers", "extra_query", "extra_body", "timeout"}

    assert official == {*ChatParameters.__annotations__} | explicit | extra


def test_an_unknown_parameter_is_a_type_error(ours: OpenAI) -> None:
    """As it is for any function."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'top_k'"):
        ours.chat.completions.create(**USUAL, top_k=5)  # type: ignore[call-overload]  # that is the test
    with pytest.raises(TypeError, match="messages"):
        ours.chat.completions.create(model="m")  # type: ignore[call-overload]  # that is the test


def test_a_class_as_response_format_is_a_type_error(ours: OpenAI) -> None:
    """The official package has another call for that."""
    with pytest.raises(TypeError, match="takes a JSON schema"):
        ours.chat.completions.create(**USUAL, response_format=dict)


def package_error(name: str) -> Any:
    """Give a stand-in's error class."""
    import holybalance.integrations.openai as stand_in  # noqa: PLC0415

    return getattr(stand_in, name)
