"""What we write to Anthropic: golden files, its official types, and what it lacks."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.errors import RequestError
from holybalance.messages import ChatRequest
from holybalance.wire.anthropic import VERSION, chat, headers
from holybalance.wire.anthropic.models import traits
from holybalance.wire.anthropic.options import (
    DEFAULT_MAX_TOKENS,
    LACKING,
    TRANSLATED,
)
from holybalance.wire.anthropic.output import EFFORTS
from holybalance.wire.formats import Manner, UnsupportedError

Json = dict[str, Any]

GOLDEN = sorted((Path(__file__).parent / "golden" / "anthropic").glob("*.json"))
# Their types are of the API's version 2026-10-21, which has these no more.
OLD_PARAMETERS = ("temperature", "top_p", "top_k")


def encode(
    *messages: Any, model: str = "claude-opus-5", drops: bool = False, **options: Any
) -> Json:
    """Write a request and read it back; by default of one user's message."""
    given = messages or ({"role": "user", "content": "a"},)
    request = ChatRequest(model="m", messages=given, timeout_s=1, options=options)
    written = chat.encode(request, Manner(model, drops=drops))
    body: Json = orjson.loads(written.body)
    return body


def refused(*messages: Any, **options: Any) -> str:
    """Say why Anthropic cannot do it."""
    with pytest.raises(UnsupportedError) as caught:
        encode(*messages, **options)
    return caught.value.why


def mistaken(*messages: Any, **options: Any) -> str:
    """Say what the caller has to mend."""
    with pytest.raises(RequestError) as caught:
        encode(*messages, **options)
    assert "invalid_request" == caught.value.code
    return str(caught.value)


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def calling(arguments: Any, **fields: Any) -> Json:
    function = {"name": "f", "arguments": arguments}
    call = {"id": "c", "type": "function", "function": function, **fields}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    """Requests are written as the golden files say."""
    case = json.loads(path.read_text())
    request = ChatRequest(
        model="m",
        messages=tuple(case["messages"]),
        timeout_s=1,
        options=case["options"],
    )
    written = chat.encode(request, Manner(case["model"], case["max_output"]))

    assert ("/messages", ()) == (written.path, written.dropped)
    assert case["body"] == orjson.loads(written.body)


def adapter() -> Any:
    """Make what checks a request against the official types."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("anthropic")
        from anthropic.types.message_create_params import (  # noqa: PLC0415
            MessageCreateParams,
        )
        from pydantic import TypeAdapter  # noqa: PLC0415

        return TypeAdapter(MessageCreateParams)


def exhausted(value: Any) -> Any:
    """Check what the official types check lazily, and give what they know of it."""
    if hasattr(value, "model_dump"):
        return value.model_dump(exclude_unset=True)
    if isinstance(value, Mapping):
        return {name: exhausted(inner) for name, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [exhausted(inner) for inner in value]
    return value


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_official_types(path: Path) -> None:
    """Anthropic's own types take each request, and know every field of it."""
    body = json.loads(path.read_text())["body"]
    current = {name: body[name] for name in body if name not in OLD_PARAMETERS}

    assert current == exhausted(adapter().validate_python(current))


def test_official_types_do_refuse() -> None:
    """The check above can fail: on a wrong type deep inside, and on a stray field."""
    official = adapter()
    wrong = {
        "model": "m",
        "max_tokens": 1,
        "messages": [{"role": "user", "content": 1}],
    }
    with pytest.raises(ValueError, match="validation error"):
        exhausted(official.validate_python(wrong))
    stray = encode() | {"seed": 1}
    assert stray != exhausted(official.validate_python(stray))


def test_every_parameter_is_known() -> None:
    """None of OpenAI's parameters is passed on by accident."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("openai")
        from openai.types.chat import completion_create_params  # noqa: PLC0415

    params = completion_create_params.CompletionCreateParamsBase
    known = set(params.__annotations__) | {"stream"}
    assert known <= TRANSLATED | LACKING.keys()


def test_every_effort_is_known() -> None:
    """All of OpenAI's words for it are translated, into words that Anthropic has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("openai")
        from openai.types.shared import reasoning_effort  # noqa: PLC0415

    words = orjson.loads(
        str(reasoning_effort.ReasoningEffort)
        .partition("Literal[")[2]
        .partition("]")[0]
        .replace("'", '"')
        .join("[]")
    )
    assert {"none", *EFFORTS} == set(words)
    assert {"low", "medium", "high", "xhigh", "max"} == set(EFFORTS.values())


def test_headers() -> None:
    """They say which version we speak, and hold no key."""
    assert VERSION == headers()["anthropic-version"]
    assert "identity" == headers()["Accept-Encoding"]
    assert not {"x-api-key", "authorization"} & {name.lower() for name in headers()}


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ({"n": 2}, "n"),
        ({"seed": 0}, "seed"),
        ({"logprobs": True, "top_logprobs": 3}, "logprobs, top_logprobs"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"frequency_penalty": 0.1}, "frequency_penalty"),
        ({"presence_penalty": -1}, "presence_penalty"),
        ({"modalities": ["text", "audio"], "audio": {}}, "audio, modalities"),
        ({"prediction": {"type": "content"}}, "prediction"),
        ({"store": True}, "store"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"verbosity": "low"}, "verbosity"),
        ({"prompt_cache_key": "k"}, "prompt_cache_key"),
        ({"prompt_cache_retention": "24h"}, "prompt_cache_retention"),
        ({"prompt_cache_options": {}}, "prompt_cache_options"),
        ({"moderation": {"model": "x"}}, "moderation"),
        ({"functions": [{}], "function_call": {}}, "function_call, functions"),
        ({"metadata": {"user_id": "u", "team": "t"}}, "metadata"),
        ({"service_tier": "flex"}, "service_tier 'flex'"),
        ({"response_format": {"type": "json_object"}}, "response_format 'json_object'"),
        ({"reasoning_effort": "vast"}, "reasoning_effort 'vast'"),
        ({"stop": ["\n", "x"]}, "stop sequences of white space alone"),
        (
            {"tool_choice": {"type": "allowed_tools"}},
            "tool_choice of the type 'allowed_tools'",
        ),
        ({"temperature": 0.5}, "temperature for claude-opus-5"),
        ({"top_p": 0.5}, "top_p for claude-opus-5"),
        ({"temperature": 1.5, "model": "claude-3-5-haiku"}, "temperature above 1"),
    ],
)
def test_options_that_it_lacks(options: Json, lacking: str) -> None:
    """They are refused by name; or left out, and that is told."""
    assert f"Anthropic has no {lacking}" == refused(**options)

    model = options.pop("model", "claude-opus-5")
    request = ChatRequest(
        model="m",
        messages=({"role": "user", "content": "a"},),
        timeout_s=1,
        options=options,
    )
    written = chat.encode(request, Manner(model, drops=True))
    assert lacking == ", ".join(written.dropped)
    body = orjson.loads(written.body)
    body.pop("metadata", None)
    body.pop("stop_sequences", None)
    assert {"model", "max_tokens", "messages"} == body.keys()


@pytest.mark.parametrize(
    ("message", "lacking"),
    [
        (user([{"type": "input_audio", "input_audio": {}}]), "input_audio in messages"),
        (user([{"type": "file", "file": {"file_id": "f"}}]), "file_id in messages"),
        (
            user(
                [{"type": "file", "file": {"file_data": "data:text/csv;base64,YQ=="}}]
            ),
            "files of the type 'text/csv'",
        ),
        (
            user([{"type": "image_url", "image_url": {"url": "gs://b/a.png"}}]),
            "images at gs: URLs",
        ),
        (
            user([{"type": "image_url", "image_url": "data:image/bmp;base64,YQ=="}]),
            "images of the type 'image/bmp'",
        ),
        ({"role": "function", "content": "x"}, "messages of the role function"),
        (
            {"role": "assistant", "content": "x", "function_call": {}},
            "function_call in messages",
        ),
        ({"role": "assistant", "audio": {"id": "a"}}, "audio of earlier answers"),
        (calling("", type="custom"), "tool calls of the type 'custom'"),
        (
            {
                "role": "system",
                "content": [{"type": "image_url", "image_url": "http:a"}],
            },
            "'image' in system messages",
        ),
    ],
)
def test_contents_that_it_lacks(message: Json, lacking: str) -> None:
    """They are refused, once each, and never left out."""
    assert f"Anthropic has no {lacking}" == refused(message, message, drops=True)


@pytest.mark.parametrize(
    ("message", "lacking"),
    [
        ({**user("a"), "name": "Bo"}, "name in messages"),
        (
            user(
                [
                    {"type": "text", "text": "a"},
                    {
                        "type": "image_url",
                        "image_url": {"url": "http://a", "detail": "low"},
                    },
                ]
            ),
            "detail 'low' of images",
        ),
        (
            user(
                [
                    {
                        "type": "text",
                        "text": "a",
                        "prompt_cache_breakpoint": {"mode": "explicit"},
                    }
                ]
            ),
            "prompt_cache_breakpoint",
        ),
    ],
)
def test_parts_that_may_be_left_out(message: Json, lacking: str) -> None:
    """What does not change what is said is treated as an option."""
    assert f"Anthropic has no {lacking}" == refused(message)
    written = orjson.dumps(encode(message, drops=True)["messages"]).decode()
    assert not any(word in written for word in ("name", "detail", "breakpoint"))


def test_own_tool_choice() -> None:
    """Anthropic's own choices pass."""
    own = {"type": "any", "disable_parallel_tool_use": True}
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    assert own == encode(tools=tools, tool_choice=own)["tool_choice"]


def test_arguments_that_are_an_object() -> None:
    """Some callers do not write them as JSON, and mean the same."""
    written = encode(user("a"), calling({"x": 1}))["messages"][1]["content"]
    assert {"x": 1} == written[0]["input"]


def test_custom_tools() -> None:
    """OpenAI's tools of free text have no like, and cannot just be left out."""
    tools = [{"type": "custom", "custom": {"name": "x"}}]
    assert "Anthropic has no custom tools" == refused(tools=tools, drops=True)


@pytest.mark.parametrize(
    ("message", "where"),
    [
        (calling("{"), "messages[1].tool_calls[0].function.arguments is not JSON"),
        (calling("[]"), "arguments is of the type list, not an object"),
        (calling("{}", id=""), "messages[1].tool_calls[0].id is empty"),
        (calling("{}", function=None), "tool_calls[0].function is missing"),
        ({"role": "tool", "content": "x"}, "messages[1].tool_call_id is missing"),
        ({"role": "robot"}, "messages[1].role is 'robot'; it must be one of system,"),
        ({}, "messages[1].role is missing"),
        ("hi", "messages[1] is 'hi', not an object"),
        (user(5), "messages[1].content is 5, not a list"),
        (user(["a"]), "messages[1].content[0] is 'a', not an object"),
        (user([{}]), "messages[1].content[0].type is missing"),
        (user([{"type": "text"}]), "messages[1].content[0].text is missing"),
        (
            user([{"type": "image_url", "image_url": {"url": "data:image/png,x"}}]),
            "messages[1].content[0].image_url.url is not",
        ),
        (
            user([{"type": "image_url", "image_url": {"url": "a.png"}}]),
            "messages[1].content[0].image_url.url is 'a.png', not a URL",
        ),
        (user([{"type": "file", "file": {}}]), "content[0].file.file_data is missing"),
    ],
)
def test_mistakes_in_messages(message: Any, where: str) -> None:
    """They are told with their place, before anything is sent."""
    assert where in mistaken(user("a"), message)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"max_tokens": "9"}, "max_tokens is '9', not a whole number"),
        ({"max_tokens": True}, "max_tokens is True, not a whole number"),
        ({"tools": {}}, "tools is of the type dict, not a list"),
        ({"tools": [1]}, "tools[0] is 1, not an object"),
        ({"tools": [{"type": "function"}]}, "tools[0].function is missing"),
        ({"tool_choice": "any"}, "tool_choice is 'any', not an object"),
        ({"stop": [1]}, "stop[0] is 1, not a text"),
        ({"response_format": {"type": "json_schema"}}, "json_schema is missing"),
        ({"metadata": "x"}, "metadata is 'x', not an object"),
        ({"user": 5}, "user is 5, not a text"),
    ],
)
def test_mistakes_in_options(options: Json, where: str) -> None:
    """So are those in options."""
    assert where in mistaken(**options)


@pytest.mark.parametrize("content", [None, "", " \n", []])
def test_nothing_to_answer(content: Any) -> None:
    """Anthropic refuses a request without content; so do we."""
    system = {"role": "system", "content": "s"}
    assert "messages has nothing to answer" in mistaken(system, user(content))


def test_what_is_not_json() -> None:
    """What cannot be written is the caller's mistake as well."""
    with pytest.raises(RequestError) as caught:
        encode(user("a"), top_k=object())
    assert "not_json" == caught.value.code


def test_the_least_limit() -> None:
    """Where nobody knows one, it is the documented one."""
    assert DEFAULT_MAX_TOKENS == encode()["max_tokens"]


def test_a_long_value_is_cut_in_errors() -> None:
    """A prompt is never shown whole."""
    assert len(mistaken({"role": "x" * 10_000})) < 200


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-3-5-sonnet-20241022", True),
        ("claude-3-opus-20240229", True),
        ("claude-instant-1.2", True),
        ("claude-opus-4-20250514", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-sonnet-4-6", True),
        ("claude-haiku-4-5@20251001", True),
        ("anthropic/claude-opus-4.6", True),
        ("my-own-name", True),
        ("claude-opus-4-7", False),
        ("anthropic/claude-opus-4.8", False),
        ("claude-sonnet-5", False),
        ("claude-haiku-5-5-20261001", False),
        ("claude-fable-5-2", False),
        ("claude-mythos-preview", False),
        ("claude-opus-10", False),
    ],
)
def test_models_that_sample(model: str, expected: bool) -> None:
    """The models up to 4.6 take a temperature, and any of an unknown name may."""
    assert expected is traits(model).samples


SYSTEMS = [
    {"role": "system", "content": "One."},
    user("a"),
    {"role": "system", "content": "Two."},
    {"role": "assistant", "content": "b"},
    {"role": "developer", "content": "Three."},
    calling("{}"),
    {"role": "system", "content": "Four."},
    {"role": "tool", "tool_call_id": "c", "content": "r"},
    {"role": "developer", "content": "Five."},
    {"role": "assistant", "content": "c"},
    user("d"),
]


@pytest.mark.parametrize("model", ["claude-opus-4-8", "claude-haiku-5-5"])
def test_a_longer_conversation_begins_as_before(model: str) -> None:
    """Thoughts are bound to all before them, so that nothing there may change."""
    ends = [n for n, one in enumerate(SYSTEMS) if one["role"] == "assistant"]
    before: Json = {"system": "One.", "messages": []}
    for end in [*ends, len(SYSTEMS)]:
        now = encode(*SYSTEMS[:end], model=model)
        kept = len(before["messages"])
        assert before["system"] == now["system"]
        assert before["messages"] == now["messages"][:kept]
        before = now
    roles = [message["role"] for message in before["messages"]]
    around = zip([None, *roles], roles, [*roles[1:], None], strict=False)
    for earlier, role, later in around:
        if role == "system":
            assert ("user", True) == (earlier, later in ("assistant", None))


@pytest.mark.parametrize(
    "model", ["claude-opus-4-7", "claude-sonnet-4-6", "claude-sonnet-5", "my-own-name"]
)
def test_system_messages_for_those_that_take_none_late(model: str) -> None:
    """They get all of them before the conversation."""
    written = encode(*SYSTEMS, model=model)
    assert "One.\n\nTwo.\n\nThree.\n\nFour.\n\nFive." == written["system"]
    roles = {message["role"] for message in written["messages"]}
    assert {"user", "assistant"} == roles


TOOLS = [{"type": "function", "function": {"name": "f"}}]
FORCED: list[Any] = [
    "required",
    {"type": "function", "function": {"name": "f"}},
    {"type": "any", "disable_parallel_tool_use": True},
]


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-sonnet-5-5"])
@pytest.mark.parametrize("choice", FORCED)
def test_models_that_no_tool_is_forced_on(model: str, choice: Any) -> None:
    """They answer a forced choice with a 400; without one, the choice is theirs."""
    options = {"model": model, "tools": TOOLS, "tool_choice": choice}
    lacking = f"tool_choice that forces a tool for {model}"
    assert f"Anthropic has no {lacking}" == refused(**options)
    assert "tool_choice" not in encode(drops=True, **options)
    assert "tool_choice" in encode(**{**options, "model": "claude-haiku-5-5"})
    assert "tool_choice" in encode(**{**options, "tool_choice": "none"})


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("claude-sonnet-4-5", "high", None),
        ("claude-haiku-4-5-20251001", "minimal", None),
        ("claude-3-7-sonnet-20250219", "low", None),
        ("claude-opus-4-1", "low", None),
        ("claude-opus-4-5", "high", {"effort": "high"}),
        ("claude-opus-4-5", "max", None),
        ("claude-sonnet-4-6", "max", {"effort": "max"}),
        ("claude-sonnet-4-6", "xhigh", None),
        ("claude-opus-4-7", "xhigh", {"effort": "xhigh"}),
        ("claude-haiku-5-5", "minimal", {"effort": "low"}),
        ("claude-opus-6-1", "max", {"effort": "max"}),
        ("my-own-name", "xhigh", {"effort": "xhigh"}),
    ],
)
def test_efforts(model: str, effort: str, expected: Json | None) -> None:
    """A level that a model does not have is a gap: it would be a 400."""
    if expected is None:
        why = f"Anthropic has no reasoning_effort '{effort}' for {model}"
        assert why == refused(model=model, reasoning_effort=effort)
        assert "output_config" not in encode(
            model=model, reasoning_effort=effort, drops=True
        )
    else:
        assert expected == encode(model=model, reasoning_effort=effort)["output_config"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-haiku-4-5", "disabled"),
        ("claude-opus-5", "disabled"),
        ("claude-haiku-5-5", "disabled"),
        ("claude-sonnet-5-5", "between_tools"),
        ("my-own-name", "disabled"),
        ("claude-opus-5-5", None),
        ("claude-fable-5", None),
        ("claude-mythos-preview", None),
    ],
)
def test_without_thinking(model: str, expected: str | None) -> None:
    """Each model has its own word for it, and some cannot be kept from it."""
    if expected is None:
        why = f"Anthropic has no reasoning_effort 'none' for {model}"
        assert why == refused(model=model, reasoning_effort="none")
    else:
        told = encode(model=model, reasoning_effort="none")
        assert {"type": expected} == told["thinking"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"type": "adaptive"}),
        ({"thinking": {"type": "disabled"}}, {"type": "disabled"}),
        ({"tools": TOOLS, "tool_choice": "auto"}, {"type": "adaptive"}),
        ({"tools": TOOLS, "tool_choice": "required"}, None),
        ({"temperature": 0.5}, None),
        ({"top_k": 5}, None),
        ({"model": "claude-opus-5"}, None),
        ({"model": "claude-opus-4-5"}, None),
    ],
)
def test_an_effort_lets_a_model_think(options: Json, expected: Any) -> None:
    """Those of 4.6 to 4.8 think only if told; not where something is against it."""
    given = {"model": "claude-sonnet-4-6", "reasoning_effort": "low", **options}
    assert expected == encode(**given).get("thinking")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"temperature": 0.2, "top_p": 1}, {"temperature": 0.2}),
        ({"temperature": 1.0, "top_p": 0.9}, {"top_p": 0.9}),
        ({"temperature": 1, "top_p": 1}, {}),
        ({"temperature": 1}, {"temperature": 1}),
        ({"top_p": 0.9}, {"top_p": 0.9}),
    ],
)
@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-6"])
def test_temperature_and_top_p(model: str, given: Json, expected: Json) -> None:
    """Models of 4 refuse both at once; one that asks for nothing is left out."""
    written = encode(model=model, **given)
    found = {name: written[name] for name in OLD_PARAMETERS if name in written}
    assert expected == found
    assert given == {
        name: encode(model="claude-3-5-haiku", **given)[name] for name in given
    }


def test_temperature_and_top_p_that_both_ask_for_something() -> None:
    """The temperature stays where one of them may be left out."""
    both: Json = {"model": "claude-haiku-4-5", "temperature": 0.2, "top_p": 0.9}
    lacking = "top_p beside temperature for claude-haiku-4-5"
    assert f"Anthropic has no {lacking}" == refused(**both)
    written = encode(drops=True, **both)
    assert (0.2, False) == (written["temperature"], "top_p" in written)


def shaped(schema: Any) -> Json:
    described = {"name": "n", "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def test_a_schema_of_the_callers_stays_as_it_is() -> None:
    """What is closed is a copy, in answers and in strict tools; others are not."""
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1}, "m": {"type": "object"}},
    }
    before = json.dumps(schema)
    function = {"name": "f", "parameters": schema}
    tools = [
        {"type": "function", "function": {**function, "strict": True}},
        {"type": "function", "function": function},
    ]
    written = encode(tools=tools, **shaped(schema))

    strict, loose = (tool["input_schema"] for tool in written["tools"])
    assert before == json.dumps(schema)
    assert schema == loose
    assert strict == written["output_config"]["format"]["schema"]
    assert {"type": "integer", "description": "{minimum: 1}"} == strict["properties"][
        "n"
    ]
    assert strict["properties"]["m"]["additionalProperties"] is False


@pytest.mark.parametrize("others", [True, {}, {"type": "integer"}])
def test_objects_of_any_fields(others: Any) -> None:
    """Closed, nothing could be in them: that is a gap and no detail."""
    schema = {"anyOf": [{"type": "object", "additionalProperties": others}]}
    lacking = "objects of any fields in response_format.json_schema.schema"
    assert f"Anthropic has no {lacking}" == refused(**shaped(schema))


def test_a_schema_without_end() -> None:
    """One that is nested deeper than anybody means it is a mistake, and no crash."""
    schema: Json = {"type": "object"}
    for _ in range(2000):
        schema = {"type": "array", "items": schema}
    assert "json_schema.schema is nested too deep" in mistaken(**shaped(schema))


@given(schema=st.deferred(lambda: schemas))
def test_any_schema(schema: Json) -> None:
    """Whatever a schema holds, it is closed, refused, or a mistake that is told."""
    with contextlib.suppress(RequestError, UnsupportedError):
        encode(**shaped(schema))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        ["user", "assistant", "tool", "system", "text", "image_url", "{}", "http://a"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "image_url",
                    "url",
                    "file",
                    "file_data",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "input",
                    "tool_call_id",
                    "cache_control",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
schemas: st.SearchStrategy[Json] = st.dictionaries(
    st.sampled_from(
        [
            "type",
            "properties",
            "items",
            "anyOf",
            "oneOf",
            "$defs",
            "$ref",
            "enum",
            "const",
            "format",
            "minItems",
            "required",
            "description",
            "additionalProperties",
            "pattern",
        ]
    ),
    st.deferred(lambda: schemas | values | st.lists(schemas, max_size=2)),
    max_size=4,
)
fields = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system", "x"]) | values},
    optional={
        "content": values,
        "tool_calls": values,
        "thinking_blocks": values,
        "content_blocks": values
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["text", "thinking", "tool_use"])},
                optional={"text": values, "input": values | st.just(object())},
            )
        ),
        "tool_call_id": values,
        "refusal": values,
        "name": values,
        "cache_control": values,
    },
)


@given(messages=st.lists(fields | values, max_size=4), drops=st.booleans())
def test_any_messages(messages: list[Any], drops: bool) -> None:
    """Whatever they hold, they are written, refused, or a mistake that is told."""
    with contextlib.suppress(RequestError, UnsupportedError):
        encode(*messages, drops=drops)


@given(
    options=st.dictionaries(st.sampled_from(sorted(TRANSLATED | {*LACKING})), values)
)
def test_any_options(options: Json) -> None:
    """The same holds for options."""
    options.pop("messages", None)
    options.pop("model", None)
    with contextlib.suppress(RequestError, UnsupportedError):
        encode(user("a"), **options)
