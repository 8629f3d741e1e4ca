"""Gemini's requests: what we write, against golden files and Google's own types."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.errors import RequestError
from holybalance.messages import ChatRequest
from holybalance.wire.formats import Manner, UnsupportedError, Written
from holybalance.wire.gemini import chat

with warnings.catch_warnings():
    # Google's client warns of the Python that it runs on.
    warnings.simplefilter("ignore")
    genai = pytest.importorskip("google.genai")
    models = pytest.importorskip("google.genai.models")
    types = pytest.importorskip("google.genai.types")

GOLDEN = Path(__file__).parent / "golden" / "gemini"
PNG = "data:image/png;base64,aGVsbG8="
HELLO = {"role": "user", "content": "hello"}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells it.", "parameters": SCHEMA},
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


class Case(NamedTuple):
    """One request, and its golden file's name."""

    name: str
    messages: tuple[Any, ...] = (HELLO,)
    options: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    model: str = "gemini-3-pro"


def call(
    name: str, arguments: str, call_id: str, signature: str | None = None
) -> dict[str, Any]:
    """Make a tool call as an assistant's message has it."""
    made: dict[str, Any] = {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    if signature:
        made["extra_content"] = {"google": {"thought_signature": signature}}
    return made


CASES = [
    Case("plain"),
    Case(
        "system",
        (
            {"role": "system", "content": "Be brief."},
            HELLO,
            {"role": "developer", "content": [{"type": "text", "text": "In French."}]},
        ),
    ),
    Case(
        "turns",
        (
            HELLO,
            {"role": "user", "content": "again"},
            {"role": "assistant", "content": "hi"},
            {"role": "user", "content": [{"type": "text", "text": "bye"}]},
        ),
    ),
    Case(
        "sampling",
        options={
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 7,
            "n": 2,
            "frequency_penalty": 0.5,
            "presence_penalty": -0.5,
            "stop": "END",
            "max_tokens": 10,
            "max_completion_tokens": 20,
        },
    ),
    Case(
        "usual_values",
        options={
            "n": 1,
            "frequency_penalty": 0,
            "logprobs": False,
            "store": False,
            "parallel_tool_calls": True,
            "user": None,
            "tools": [],
            "logit_bias": {},
            "response_format": {"type": "text"},
            "stream_options": {"include_usage": True},
            "service_tier": "auto",
            "modalities": ["text"],
            "verbosity": "medium",
        },
    ),
    Case("stops", options={"stop": ["a", "b"]}),
    Case("logprobs", options={"logprobs": True, "top_logprobs": 3}),
    Case("stream", options={"stream": True, "stream_options": {"include_usage": True}}),
    Case("json_object", options={"response_format": {"type": "json_object"}}),
    Case(
        "json_schema",
        options={
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "place",
                    "description": "A place.",
                    "strict": True,
                    "schema": SCHEMA,
                },
            }
        },
    ),
    Case(
        "image_data",
        (
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": PNG, "detail": "auto"}},
                ],
            },
        ),
    ),
    Case(
        "image_urls",
        (
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"{place}"}}
                    for place in (
                        "https://example.org/a.PNG?size=1",
                        "gs://bucket/b.jpeg",
                        "https://example.org/no-type",
                    )
                ],
            },
        ),
    ),
    Case(
        "audio_and_files",
        (
            {
                "role": "user",
                "content": [
                    {
                        "type": "input_audio",
                        "input_audio": {"data": "aGk=", "format": "wav"},
                    },
                    {
                        "type": "input_audio",
                        "input_audio": {"data": "aGk=", "format": "mp3"},
                    },
                    {
                        "type": "file",
                        "file": {"file_data": "data:application/pdf;base64,aGk="},
                    },
                    {
                        "type": "file",
                        "file": {"file_data": "aGk=", "filename": "a.csv"},
                    },
                    {"type": "image_url", "image_url": {"url": "data:,a%20b"}},
                ],
            },
        ),
    ),
    Case(
        "native_parts",
        (
            {
                "role": "user",
                "content": [
                    {
                        "type": "video_url",
                        "video_url": {"url": "gs://b/v.mp4"},
                        "video_metadata": {"fps": 2.0},
                    },
                    {"file_data": {"fileUri": "gs://b/a", "mimeType": "text/plain"}},
                ],
            },
        ),
    ),
    Case("tools", options={"tools": [WEATHER, CLOCK], "tool_choice": "auto"}),
    Case("tools_required", options={"tools": [WEATHER], "tool_choice": "required"}),
    Case("tools_none", options={"tools": [WEATHER], "tool_choice": "none"}),
    Case(
        "tools_named",
        options={
            "tools": [WEATHER, CLOCK],
            "tool_choice": {"type": "function", "function": {"name": "clock"}},
        },
    ),
    Case(
        "tools_allowed",
        options={
            "tools": [WEATHER, CLOCK],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [CLOCK]},
            },
        },
    ),
    Case(
        "tools_strict",
        options={
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "a", "parameters": SCHEMA, "strict": True},
                }
            ]
        },
    ),
    Case(
        "tools_of_google",
        options={"tools": [{"google_search": {}}, {"urlContext": {}}, CLOCK]},
    ),
    Case(
        "tool_results",
        (
            HELLO,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    call("weather", '{"city": "Rome"}', "c1", "c2lnbmVk"),
                    call("clock", "", "c2"),
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": '{"celsius": 21}'},
            {
                "role": "tool",
                "tool_call_id": "c2",
                "content": [
                    {"type": "text", "text": "noon"},
                    {"type": "image_url", "image_url": {"url": PNG}},
                ],
            },
            {"role": "user", "content": "so?"},
        ),
        {"tools": [WEATHER, CLOCK]},
    ),
    Case(
        "foreign_tool_call",
        (
            HELLO,
            {
                "role": "assistant",
                "content": "Let me look.",
                "tool_calls": [call("clock", "{}", "a"), call("clock", "{}", "b")],
            },
            {"role": "tool", "tool_call_id": "a", "content": "[1]"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
        ),
    ),
    Case(
        "signed_text",
        (
            HELLO,
            {
                "role": "assistant",
                "content": "one two",
                "extra_content": {
                    "google": {
                        "parts": [
                            {
                                "at": 4,
                                "part": {
                                    "inlineData": {
                                        "mimeType": "image/png",
                                        "data": "aGk=",
                                    }
                                },
                            },
                            {
                                "at": 4,
                                "length": 3,
                                "part": {"thoughtSignature": "c2lnbmVk"},
                            },
                        ]
                    }
                },
            },
            HELLO,
        ),
    ),
    Case("effort_level", options={"reasoning_effort": "medium"}),
    Case("effort_pro_minimal", options={"reasoning_effort": "minimal"}),
    Case(
        "effort_newest", options={"reasoning_effort": "high"}, model="gemini-pro-latest"
    ),
    Case("effort_budget", options={"reasoning_effort": "low"}, model="gemini-2.5-pro"),
    Case("effort_off", options={"reasoning_effort": "none"}, model="gemini-2.5-flash"),
    Case(
        "effort_shown",
        options={
            "reasoning_effort": "low",
            "thinking_config": {"include_thoughts": True},
        },
    ),
    Case(
        "own_words",
        options={
            "temperature": 1,
            "max_tokens": 5,
            "generation_config": {"top_k": 40, "maxOutputTokens": 99},
            "safety_settings": [
                {
                    "category": "HARM_CATEGORY_HARASSMENT",
                    "threshold": "BLOCK_ONLY_HIGH",
                }
            ],
            "cachedContent": "cachedContents/a",
            "labels": {"team": "a"},
            "thinkingConfig": {"thinkingBudget": 0, "includeThoughts": False},
            "reasoning_effort": "high",
            "tools": [WEATHER],
            "tool_choice": "required",
            "tool_config": {"retrievalConfig": {"languageCode": "fr"}},
            "service_tier": "flex",
            "modalities": ["text", "image"],
        },
    ),
    Case("tuned_model", model="tunedModels/my-model"),
    Case("odd_model", model="a b?c"),
]


def write(case: Case, *, drops: bool = False) -> Written:
    """Encode a case."""
    request = ChatRequest(
        model="m", messages=case.messages, timeout_s=1, options=case.options
    )
    return chat.encode(request, Manner(case.model, drops=drops))


def body_of(messages: Any = (HELLO,), **options: Any) -> Any:
    """Give the body of a request."""
    return orjson.loads(write(Case("", tuple(messages), options)).body)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Case) -> None:
    """Each request is written as its golden file has it."""
    golden = orjson.loads((GOLDEN / f"{case.name}.json").read_bytes())
    made = write(case)
    assert golden == {"path": made.path, "body": orjson.loads(made.body)}


READERS: dict[str, Callable[[Any], Any]] = {
    "contents": lambda value: [same(types.Content, one) for one in value],
    "systemInstruction": lambda value: same(types.Content, value),
    "tools": lambda value: [same(types.Tool, one) for one in value],
    "toolConfig": lambda value: same(types.ToolConfig, value),
    "generationConfig": lambda value: same(types.GenerationConfig, value),
    "safetySettings": lambda value: [same(types.SafetySetting, one) for one in value],
    "cachedContent": lambda value: value,
    "labels": lambda value: value,
    "serviceTier": lambda value: types.ServiceTier(value).value,
}


def same(kind: Any, value: Any) -> Any:
    """Read a value as one of Google's types, which know no stranger; write it again."""
    read = kind.model_validate(value)
    return read.model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_types_of_google(case: Case) -> None:
    """Google's types know all that we write, and would write the same."""
    body = orjson.loads(write(case).body)
    assert body == {name: READERS[name](value) for name, value in body.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_client_of_google(case: Case) -> None:
    """Google's own client, given the same, sends the same fields to the same path."""
    made = write(case)
    body = orjson.loads(made.body)
    config = {
        **body.get("generationConfig", {}),
        **{k: v for k, v in body.items() if k not in ("contents", "generationConfig")},
    }
    parameters = types._GenerateContentParameters(
        model=case.model if case.name != "odd_model" else "a b",
        contents=body["contents"],
        config=types.GenerateContentConfig.model_validate(config),
    )
    client = genai.Client(api_key="k")._api_client
    sent = models._GenerateContentParameters_to_mldev(
        client, parameters, None, parameters
    )
    url = sent.pop("_url")["model"]
    if not sent["generationConfig"]:
        del sent["generationConfig"]
    assert set(body) == set(sent)
    assert set(body.get("generationConfig", {})) == set(
        sent.get("generationConfig", {})
    )
    if case.name != "odd_model":
        assert made.path.startswith(f"/{url}:")


LACKING = {
    "logit_bias": {"1": 2},
    "user": "me",
    "metadata": {"a": "b"},
    "store": True,
    "prediction": {"type": "content", "content": "a"},
    "audio": {"voice": "alloy", "format": "mp3"},
    "web_search_options": {},
    "verbosity": "low",
    "prompt_cache_key": "k",
    "functions": [{"name": "f"}],
    "function_call": {"name": "f"},
    "parallel_tool_calls": False,
    "safety_identifier": "s",
    "service_tier": "scale",
    "modalities": ["text", "audio"],
    "response_format": {"type": "grammar"},
    "tools": [{"type": "custom", "custom": {"name": "c"}}],
    "tool_choice": {"type": "custom", "custom": {"name": "c"}},
    "reasoning_effort": "none",
    "toolConfig": {"functionCallingConfig": {"streamFunctionCallArguments": True}},
}


@pytest.mark.parametrize("name", LACKING)
def test_gap(name: str) -> None:
    """An option that Gemini lacks is refused, or left out where that is wanted."""
    case = Case("", options={name: LACKING[name]})
    with pytest.raises(UnsupportedError, match=r"^Gemini has no "):
        write(case)
    made = write(case, drops=True)
    assert 1 == len(made.dropped)
    assert set(orjson.loads(made.body)) <= {"contents", "toolConfig"}


def test_every_parameter_is_known() -> None:
    """Each parameter of OpenAI's has its place or is a gap: none is sent on unread."""
    create = pytest.importorskip("openai.types.chat.completion_create_params")
    options = pytest.importorskip("holybalance.wire.gemini.options")
    names = set(create.CompletionCreateParamsBase.__annotations__) | {"stream"}
    known = {*options._RENAMED, *options._LACKING, *options._ELSEWHERE}
    assert set() == names - known


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gemini-2.0-flash", "low", None),
        ("gemini-1.5-pro", "low", None),
        ("gemini-2.5-pro", "none", None),
        ("gemini-2.5-flash", "minimal", {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", "medium", {"thinkingBudget": 8192}),
        ("gemini-2.5-flash", "high", {"thinkingBudget": 24576}),
        ("gemini-2.5-flash", "xhigh", None),
        ("gemini-3-flash", "minimal", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.1-pro-preview", "high", {"thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro-preview", "xhigh", None),
        ("gemini-3.5-flash-lite", "minimal", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.7-flash", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", "xhigh", None),
        ("gemini-4-argon", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-4-argon", "high", {"thinkingLevel": "HIGH"}),
        ("gemini-4-argon", "xhigh", None),
        ("gemini-4-argon", "none", None),
        ("google/gemini-4.5-flash", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-flash-lite-latest", "minimal", {"thinkingLevel": "MINIMAL"}),
        ("my-own-model", "xhigh", {"thinkingLevel": "XHIGH"}),
        ("gemini-3.8-flash", "none", None),
        ("gemini-3.8-flash", "max", None),
        ("gemini-flash-latest", "low", {"thinkingLevel": "LOW"}),
    ],
)
def test_effort(model: str, effort: str, expected: Any) -> None:
    """Efforts become budgets for 2.5 and levels after it, as in Google's own layer."""
    case = Case("", options={"reasoning_effort": effort}, model=model)
    if expected is None:
        with pytest.raises(UnsupportedError, match=f"reasoning_effort {effort}"):
            write(case)
    else:
        body = orjson.loads(write(case).body)
        assert {"thinkingConfig": expected} == body["generationConfig"]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (
            {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
            "file_id in messages",
        ),
        ({"role": "user", "content": [{"type": "hologram"}]}, "hologram in messages"),
        ({"role": "function", "name": "f", "content": "a"}, "function messages"),
        ({"role": "assistant", "audio": {"id": "a"}}, "audio in messages"),
        (
            {"role": "assistant", "function_call": {"name": "f"}},
            "function_call in messages",
        ),
        (
            {"role": "assistant", "tool_calls": [{"type": "custom", "id": "a"}]},
            "custom tool calls",
        ),
        (
            {
                "role": "system",
                "content": [{"type": "image_url", "image_url": {"url": PNG}}],
            },
            "system messages that are not text",
        ),
    ],
)
def test_content_gap(message: Any, what: str) -> None:
    """A part of the messages that Gemini cannot have is never left out."""
    with pytest.raises(UnsupportedError) as caught:
        write(Case("", (message,)), drops=True)
    assert f"Gemini has no {what}" == caught.value.why


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        ((1,), "messages[0] must"),
        (({"role": "robot"},), "messages[0].role"),
        (({"role": ["user"]},), "messages[0].role"),
        ((HELLO, {"role": "user", "content": 5}), "messages[1].content must"),
        (({"role": "user", "content": [1]},), "messages[0].content[0] must"),
        (({"role": "user", "content": [{}]},), "messages[0].content[0].type"),
        (
            ({"role": "user", "content": [{"type": "text"}]},),
            "messages[0].content[0].text must",
        ),
        (
            ({"role": "user", "content": [{"type": "image_url", "image_url": "x:y"}]},),
            "messages[0].content[0].image_url.url must",
        ),
        (
            ({"role": "user", "content": [{"type": "input_audio"}]},),
            "messages[0].content[0].input_audio must",
        ),
        (
            ({"role": "assistant", "tool_calls": [call("f", "{", "a")]},),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            ({"role": "assistant", "tool_calls": [{"id": "a"}]},),
            "messages[0].tool_calls[0].function must",
        ),
        (
            ({"role": "tool", "tool_call_id": "a", "content": "b"},),
            "messages[0].tool_call_id",
        ),
    ],
)
def test_mistake_in_messages(messages: tuple[Any, ...], where: str) -> None:
    """A mistake is told with its place."""
    with pytest.raises(RequestError) as caught:
        write(Case("", messages))
    assert "invalid_request" == caught.value.code
    assert str(caught.value).startswith(where)


@pytest.mark.parametrize(
    "options",
    [
        {"tools": 1},
        {"tools": [1]},
        {"tools": [{"type": "function"}]},
        {"tool_choice": "maybe"},
        {"tool_choice": {"type": "function"}},
        {"tool_choice": {"type": "allowed_tools"}},
        {"tool_choice": 1},
        {"response_format": "json"},
        {"response_format": {"type": 1}},
        {"response_format": {"type": "json_schema"}},
        {"stop": 1},
        {"max_tokens": "many"},
        {"modalities": "text"},
        {"generationConfig": 1},
    ],
)
def test_mistake_in_options(options: dict[str, Any]) -> None:
    """An option of the wrong type is the caller's mistake."""
    with pytest.raises(RequestError) as caught:
        write(Case("", options=options))
    assert "invalid_request" == caught.value.code


def test_empty_texts_are_left_out() -> None:
    """Google takes one for a part without content; a signed one says something."""
    signed = {"text": "", "thoughtSignature": "c2ln"}
    messages = (
        {"role": "system", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": ""}, {"text": ""}]},
        HELLO,
        {"role": "assistant", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": ""}, {"text": "b"}]},
        {"role": "assistant", "content": [signed]},
        {"role": "assistant", "content": None, "refusal": ""},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": ""}],
            "tool_calls": [call("f", "{}", "a")],
        },
        {"role": "tool", "tool_call_id": "a", "content": ""},
    )
    body = body_of(messages)
    assert {"contents"} == body.keys()
    user, model, result = body["contents"]
    assert [{"text": "hello"}, {"text": "b"}] == user["parts"]
    assert [signed, True] == [model["parts"][0], "functionCall" in model["parts"][1]]
    assert {"result": ""} == result["parts"][0]["functionResponse"]["response"]


@pytest.mark.parametrize("content", [None, "", [], [{"type": "text", "text": ""}]])
def test_nothing_to_answer(content: Any) -> None:
    """Google refuses a request without contents; so do we."""
    system = {"role": "system", "content": "s"}
    with pytest.raises(RequestError, match="messages has nothing to answer"):
        body_of((system, {"role": "user", "content": content}))


IMAGE = {"type": "image_url", "image_url": {"url": PNG}}
SEEN = (
    HELLO,
    {
        "role": "assistant",
        "tool_calls": [call("look", "{}", "a"), call("draw", "{}", "b")],
    },
    {
        "role": "tool",
        "tool_call_id": "a",
        "content": [{"type": "text", "text": "1"}, IMAGE],
    },
    {"role": "tool", "tool_call_id": "b", "content": [IMAGE]},
)


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "models/gemini-2.5-pro"])
@pytest.mark.parametrize(
    "more", [(), (HELLO,), ({"role": "assistant", "content": "I see."},)]
)
def test_images_in_results_for_older_models(model: str, more: Any) -> None:
    """They refuse them there, and anything else among the results: both follow."""
    case = Case("", (*SEEN, *more), {}, model)
    contents = orjson.loads(write(case).body)["contents"]
    inline = {"inlineData": {"mimeType": "image/png", "data": "aGVsbG8="}}
    shown = [
        {"text": "The result of look came with this:"},
        inline,
        {"text": "The result of draw came with this:"},
        inline,
    ]

    results = [part["functionResponse"] for part in contents[2]["parts"]]
    assert ["look", "draw"] == [result["name"] for result in results]
    assert not any("parts" in result for result in results)
    assert ("user", shown) == (contents[3]["role"], contents[3]["parts"][:4])
    assert [HELLO["content"]] * (HELLO in more) == [
        part["text"] for part in contents[3]["parts"][4:]
    ]


@pytest.mark.parametrize("model", ["gemini-3-flash", "gemini-4-argon", "my-own-name"])
def test_images_in_results_for_newer_models(model: str) -> None:
    """There they are, and so they are with models that nobody knows."""
    contents = orjson.loads(write(Case("", SEEN, {}, model)).body)["contents"]
    assert 3 == len(contents)
    assert all("parts" in one["functionResponse"] for one in contents[2]["parts"])


def test_signature_for_new_models_only() -> None:
    """Models before Gemini 3 ask for no signature, and get no made-up one."""
    messages = ({"role": "assistant", "tool_calls": [call("f", "{}", "a")]},)
    for model, expected in (("gemini-2.5-pro", False), ("gemini-3-pro", True)):
        [content] = orjson.loads(write(Case("", messages, {}, model)).body)["contents"]
        assert expected == ("thoughtSignature" in content["parts"][0])


def test_text_that_was_cut() -> None:
    """What was kept for text that is gone is left out."""
    kept = [{"at": 4, "length": 9, "part": {"thoughtSignature": "c2ln"}}]
    message = {
        "role": "assistant",
        "content": "short",
        "extra_content": {"google": {"parts": kept}},
    }
    [content] = body_of([message])["contents"]
    assert [{"text": "short"}] == content["parts"]


def test_signature_of_the_layer_of_google() -> None:
    """A text's signature as Google's OpenAI-compatible layer gives it goes back too."""
    message = {
        "role": "assistant",
        "content": "hi",
        "extra_content": {"google": {"thought_signature": "c2ln"}},
    }
    [content] = body_of([message])["contents"]
    assert [{"text": "hi", "thoughtSignature": "c2ln"}] == content["parts"]


def test_refusal_goes_back() -> None:
    """A refusal is what the model said."""
    message = {"role": "assistant", "content": None, "refusal": "No."}
    [content] = body_of([message])["contents"]
    assert [{"text": "No."}] == content["parts"]


def test_small_gaps() -> None:
    """How fine an image is looked at, and who says what, can be left out."""
    image = {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}}
    message = {"role": "user", "name": "Ann", "content": [image]}
    made = write(Case("", (message,)), drops=True)
    assert ("detail of images", "names of participants") == made.dropped


@pytest.mark.parametrize("url", ["data:image/png;base64", "data:,\ud800", "http://[x"])
def test_odd_urls(url: str) -> None:
    """A URL that cannot be taken apart is the caller's mistake, or sent as it is."""
    message = {"role": "user", "content": [{"type": "image_url", "image_url": url}]}
    if url.startswith("data:"):
        with pytest.raises(RequestError):
            body_of([message])
    else:
        [content] = body_of([message])["contents"]
        assert [{"fileData": {"fileUri": url}}] == content["parts"]


def test_unknown_option_passes() -> None:
    """What nobody knows is the caller's own, under its own name."""
    assert {"a": 1} == body_of(brand_new={"a": 1})["brand_new"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
part = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["text", "refusal", "image_url", "video_url", "input_audio", "file", "x"]
        )
    },
    optional={
        "text": anything,
        "refusal": anything,
        "image_url": anything
        | st.fixed_dictionaries({"url": st.text().map(lambda text: "data:" + text)}),
        "input_audio": anything
        | st.fixed_dictionaries({"data": st.text(), "format": anything}),
        "file": anything
        | st.fixed_dictionaries(
            {}, optional={"file_data": st.text(), "file_id": anything}
        ),
        "thoughtSignature": anything,
    },
)
kept = st.fixed_dictionaries(
    {
        "google": st.fixed_dictionaries(
            {},
            optional={
                "thought_signature": anything,
                "parts": st.lists(
                    anything
                    | st.fixed_dictionaries(
                        {"at": anything, "part": anything},
                        optional={"length": anything},
                    ),
                    max_size=3,
                ),
            },
        )
    }
)
message = st.fixed_dictionaries(
    {
        "role": st.sampled_from(
            ["system", "developer", "user", "assistant", "tool", "function"]
        )
        | anything
    },
    optional={
        "content": anything | st.text() | st.lists(part, max_size=3),
        "tool_calls": anything
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "id": anything,
                    "type": anything,
                    "function": anything
                    | st.fixed_dictionaries(
                        {"name": st.text(), "arguments": st.text() | st.just("{}")}
                    ),
                    "extra_content": kept | anything,
                },
            ),
            max_size=3,
        ),
        "tool_call_id": anything,
        "name": anything,
        "refusal": anything,
        "extra_content": kept | anything,
    },
)
parameters = st.dictionaries(
    st.sampled_from([*LACKING, "n", "stop", "thinking_config", "generationConfig"])
    | st.text(max_size=5),
    anything,
    max_size=4,
)


@settings(deadline=None)
@given(
    messages=st.lists(message | anything, max_size=4),
    options=parameters,
    drops=st.booleans(),
)
def test_any_request(messages: list[Any], options: Any, drops: bool) -> None:
    """Whatever a caller gives comes to a request or to one of the two errors."""
    try:
        made = write(Case("", tuple(messages), options), drops=drops)
    except (RequestError, UnsupportedError):
        return
    assert isinstance(orjson.loads(made.body), dict)
