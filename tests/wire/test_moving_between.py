"""A conversation moves: what one provider said is sent to each of the others."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import orjson
import pytest

from holybalance.messages import ChatRequest
from holybalance.wire import anthropic, gemini, openai
from holybalance.wire.formats import Manner
from holybalance.wire.shape import Assembled
from holybalance.wire.sse import Event
from holybalance.wire.transport import Response

with warnings.catch_warnings():
    # Google's client warns of the Python that it runs on.
    warnings.simplefilter("ignore")
    pytest.importorskip("anthropic")
    pytest.importorskip("openai")
    pytest.importorskip("google.genai")
    from anthropic.types import message_create_params
    from google.genai import types as googles
    from openai.types.chat import completion_create_params
    from pydantic import TypeAdapter

Json = dict[str, Any]

FORMATS: Mapping[str, Any] = {
    "openai": openai,
    "anthropic": anthropic,
    "gemini": gemini,
}
MANNERS = {
    "openai": Manner("gpt-5.4", dialect="openai"),
    "anthropic": Manner("claude-sonnet-5-5"),
    "gemini": Manner("gemini-3.8-flash"),
}
# Of each provider what nobody else may get.
SECRETS = {
    "openai": ("b3BlbmFp",),
    "anthropic": ("YW50aHJvcGlj", "caller", "Claude thinks"),
    "gemini": ("Z29vZ2xl", "Z2VtaW5p", "Gemini thinks"),
}
PNG = "data:image/png;base64,aGVsbG8="
ASKED = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What is the weather here, and the time?"},
        {"type": "image_url", "image_url": {"url": PNG}},
    ],
}
CALLS = [("weather", {"city": "Bérne"}), ("clock", {})]
TOOLS = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {}}},
    }
    for name, _ in CALLS
]
SAID = "Let me look."
ANSWERED = "It rains at noon."


class Turn(NamedTuple):
    """What an upstream answers, whole and in the events of a stream."""

    whole: Json
    events: tuple[Any, ...]


def of_openai(message: Json, *deltas: Json) -> Turn:
    head = {"id": "1", "created": 1, "model": "m"}
    finish = "tool_calls" if "tool_calls" in message else "stop"
    whole = {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    chunks = [
        {
            **head,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        }
        for delta in deltas
    ]
    chunks[-1]["choices"] = [{"index": 0, "delta": deltas[-1], "finish_reason": finish}]
    return Turn(whole, (*chunks, b"[DONE]"))


def openais() -> list[Turn]:
    """Those of a server that tells its thoughts, as DeepSeek and OpenRouter do."""
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": orjson.dumps(arguments).decode()},
        }
        for number, (name, arguments) in enumerate(CALLS)
    ]
    detail = {"type": "reasoning.encrypted", "data": "b3BlbmFp", "index": 0}
    begun = {"role": "assistant", "content": None, "reasoning_content": "Hm."}
    calling = of_openai(
        {
            **begun,
            "content": SAID,
            "refusal": None,
            "annotations": [],
            "reasoning_details": [detail],
            "tool_calls": calls,
        },
        {**begun, "reasoning_details": [detail]},
        {"content": SAID},
        {"tool_calls": [{"index": 0, **calls[0]}]},
        {"tool_calls": [{"index": 1, **calls[1]}]},
    )
    answering = of_openai({**begun, "content": ANSWERED}, begun, {"content": ANSWERED})
    return [calling, answering]


def of_anthropic(*blocks: Json) -> Turn:
    stop = {"stop_reason": "tool_use" if len(blocks) > 2 else "end_turn"}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    usage = {"input_tokens": 1, "output_tokens": 1}
    whole = {**head, "content": list(blocks), "usage": usage, **stop}
    events: list[Json] = [
        {"type": "message_start", "message": {**head, "content": [], "usage": usage}}
    ]
    for index, block in enumerate(blocks):
        events += pieces_of(block, index)
    events.append({"type": "message_delta", "delta": stop, "usage": usage})
    return Turn(whole, (*events, {"type": "message_stop"}))


def pieces_of(block: Json, index: int) -> list[Json]:
    """Take a block apart as Anthropic's streams do."""
    kind = block["type"]
    empty: Json = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}
    started = {**block, **empty.get(kind, {"input": {}})}
    known_deltas: Mapping[str, list[tuple[str, str, Any]]] = {
        "text": [("text_delta", "text", block.get("text"))],
        "thinking": [
            ("thinking_delta", "thinking", block.get("thinking")),
            ("signature_delta", "signature", block.get("signature")),
        ],
        "tool_use": [
            (
                "input_json_delta",
                "partial_json",
                orjson.dumps(block.get("input")).decode(),
            )
        ],
    }
    return [
        {"type": "content_block_start", "index": index, "content_block": started},
        *(
            {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": delta, name: value},
            }
            for delta, name, value in known_deltas[kind]
        ),
        {"type": "content_block_stop", "index": index},
    ]


def anthropics() -> list[Turn]:
    thinking = {
        "type": "thinking",
        "thinking": "Claude thinks.",
        "signature": "YW50aHJvcGlj",
    }
    calls = [
        {
            "type": "tool_use",
            "id": f"toolu_{number}",
            "name": name,
            "input": arguments,
            "caller": {"type": "direct"},
        }
        for number, (name, arguments) in enumerate(CALLS)
    ]
    return [
        of_anthropic(thinking, {"type": "text", "text": SAID}, *calls),
        of_anthropic(thinking, {"type": "text", "text": ANSWERED}),
    ]


def of_gemini(*parts: Json) -> Turn:
    def event(*some: Json, **fields: Any) -> Json:
        candidate = {"content": {"role": "model", "parts": list(some)}, **fields}
        return {"candidates": [candidate], "responseId": "r1", "modelVersion": "g"}

    ended = event(finishReason="STOP")
    return Turn(event(*parts, finishReason="STOP"), (*map(event, parts), ended))


def geminis() -> list[Turn]:
    thought = {"text": "Gemini thinks.", "thought": True}
    calls = [
        {"functionCall": {"name": name, "args": arguments}} for name, arguments in CALLS
    ]
    signed = {"thoughtSignature": "Z29vZ2xl"}
    return [
        of_gemini(thought, {"text": SAID}, {**calls[0], **signed}, calls[1]),
        of_gemini(
            thought, {"text": ANSWERED}, {"text": "", "thoughtSignature": "Z2VtaW5p"}
        ),
    ]


TURNS: Mapping[str, Callable[[], list[Turn]]] = {
    "openai": openais,
    "anthropic": anthropics,
    "gemini": geminis,
}


def whole(name: str, turn: Turn) -> Json:
    """Read a message from an answer in one piece."""
    response = Response(200, {}, orjson.dumps(turn.whole))
    outcome = FORMATS[name].chat.decode(response, 0.0)
    message: Json = outcome.body["choices"][0]["message"]
    return message


def streamed(name: str, turn: Turn) -> Json:
    """Read the same message from a stream."""
    reader, assembled = FORMATS[name].chat.reader(), Assembled()
    for event in turn.events:
        data = event if isinstance(event, bytes) else orjson.dumps(event)
        for chunk in reader.read(Event("", data)):
            assembled.add(chunk)
    assert reader.is_ended
    message: Json = assembled.body()["choices"][0]["message"]
    return message


READERS = {"whole": whole, "streamed": streamed}


def conversation(name: str, reading: str) -> list[Json]:
    """A question with an image, two calls with their results, and what follows."""
    calling, answering = (READERS[reading](name, turn) for turn in TURNS[name]())
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"{number}"}
        for number, call in enumerate(calling["tool_calls"])
    ]
    return [
        {"role": "system", "content": "Be brief."},
        ASKED,
        calling,
        *results,
        answering,
        {"role": "user", "content": "And tomorrow?"},
    ]


def sent(name: str, messages: Iterable[Json]) -> Json:
    """Write a conversation for a provider."""
    request = ChatRequest(
        model="m", messages=tuple(messages), timeout_s=1, options={"tools": TOOLS}
    )
    body: Json = orjson.loads(FORMATS[name].chat.encode(request, MANNERS[name]).body)
    return body


def known(value: Any) -> Any:
    """Check what official types check lazily, and give what they know of it."""
    if hasattr(value, "model_dump"):
        return value.model_dump(exclude_unset=True)
    if isinstance(value, Mapping):
        return {name: known(inner) for name, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [known(inner) for inner in value]
    return value


def known_to_google(body: Json) -> Json:
    """Google's types refuse strangers themselves."""
    contents = [googles.Content.model_validate(one) for one in body["contents"]]
    written = [
        one.model_dump(mode="json", by_alias=True, exclude_none=True)
        for one in contents
    ]
    return {**body, "contents": written}


@functools.cache
def adapter(name: str) -> Any:
    """Make what checks a request; what it checks lazily needs it alive."""
    if name == "openai":
        return TypeAdapter(completion_create_params.CompletionCreateParamsNonStreaming)
    return TypeAdapter(message_create_params.MessageCreateParamsNonStreaming)


def official(name: str, body: Json) -> Any:
    """Give what a provider's own types know of a request."""
    if name == "gemini":
        return known_to_google(body)
    return known(adapter(name).validate_python(body))


WAYS = list(itertools.product(FORMATS, FORMATS, READERS))


@pytest.mark.parametrize(("source", "target", "reading"), WAYS)
def test_official_types(source: str, target: str, reading: str) -> None:
    """Each provider's own types take what another said, and know every field of it."""
    body = sent(target, conversation(source, reading))
    assert body == official(target, body)


@pytest.mark.parametrize("target", FORMATS)
def test_official_types_do_refuse(target: str) -> None:
    """The check above can fail: on a stray field deep inside a call."""
    body = sent(target, conversation("openai", "whole"))
    messages = body["contents" if target == "gemini" else "messages"]
    said = next(one for one in messages if one["role"] in ("assistant", "model"))
    parts = said.get("parts") or said.get("tool_calls") or said["content"]
    parts[-1]["stray"] = 1
    try:
        found = official(target, body)
    except ValueError:
        return
    assert body != found


def calls_in(name: str, body: Json) -> list[Any]:
    """Find the calls and their results, each with its id, as a provider is told."""
    if name == "openai":
        said = body["messages"][2]["tool_calls"]
        results = [one["tool_call_id"] for one in body["messages"][3:5]]
        told = [
            (one["function"]["name"], orjson.loads(one["function"]["arguments"]))
            for one in said
        ]
        return [told, [one["id"] for one in said] == results]
    key, kinds = (
        ("parts", ("functionCall", "functionResponse"))
        if name == "gemini"
        else ("content", ("tool_use", "tool_result"))
    )
    messages = body["contents" if name == "gemini" else "messages"]
    flat = [part for one in messages for part in one[key] if isinstance(part, dict)]
    if name == "gemini":
        said = [part[kinds[0]] for part in flat if kinds[0] in part]
        results = [part[kinds[1]]["id"] for part in flat if kinds[1] in part]
        told = [(one["name"], one["args"]) for one in said]
    else:
        said = [part for part in flat if part["type"] == kinds[0]]
        results = [part["tool_use_id"] for part in flat if part["type"] == kinds[1]]
        told = [(one["name"], one["input"]) for one in said]
    return [told, [one["id"] for one in said] == results]


@pytest.mark.parametrize(("source", "target", "reading"), WAYS)
def test_what_arrives(source: str, target: str, reading: str) -> None:
    """All that was said and called arrives, and of what is bound to others nothing."""
    body = sent(target, conversation(source, reading))
    text = orjson.dumps(body).decode()

    assert [CALLS, True] == calls_in(target, body)
    for words in (SAID, ANSWERED, "And tomorrow?", "Be brief.", "aGVsbG8="):
        assert words in text
    for owner, secrets in SECRETS.items():
        if owner != target:
            assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("reading", READERS)
@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("anthropic", ("YW50aHJvcGlj", '"caller":{"type":"direct"}', "Claude thinks")),
        ("gemini", ("Z29vZ2xl", "Z2VtaW5p")),
    ],
)
def test_the_way_back(name: str, bound: tuple[str, ...], reading: str) -> None:
    """Who said it gets back what is bound to it."""
    text = orjson.dumps(sent(name, conversation(name, reading))).decode()
    assert not [one for one in bound if one not in text]


@pytest.mark.parametrize("name", FORMATS)
def test_both_readings_are_one(name: str) -> None:
    """In pieces or whole, the same is sent."""
    first, second = (sent(name, conversation(name, reading)) for reading in READERS)
    for messages in (first.get("messages", ()), second.get("messages", ())):
        for message in messages:
            # A stream does not say what there is not.
            if message.get("refusal", "") is None:
                del message["refusal"]
    assert first == second
