"""What we make of Anthropic's streams."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.balancing.verdict import judge
from holybalance.messages import Fault, Outcome, Verdict
from holybalance.wire.anthropic import chat
from holybalance.wire.anthropic.stream import Reader
from holybalance.wire.formats import Chunk, InBandError
from holybalance.wire.shape import Assembled, has_content, is_refused, usage_of
from holybalance.wire.sse import Event, EventParser
from holybalance.wire.transport import Response

Json = dict[str, Any]

NOW = 1_700_000_000.0
MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 5},
}
START: Json = {"type": "message_start", "message": MESSAGE}
STOP: Json = {"type": "message_stop"}
END_USAGE = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 2}}


def end(reason: str = "end_turn", **usage: Any) -> Json:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": {**END_USAGE, **usage}}


def grown(index: int, begun: Json, *deltas: Json) -> list[Json]:
    """Give the events of one block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": begun},
        *(
            {"type": "content_block_delta", "index": index, "delta": delta}
            for delta in deltas
        ),
        {"type": "content_block_stop", "index": index},
    ]


def text(index: int, *pieces: str) -> list[Json]:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return grown(index, {"type": "text", "text": ""}, *deltas)


def thinking(index: int, *pieces: str, signature: str = "s==") -> list[Json]:
    return grown(
        index,
        {"type": "thinking", "thinking": "", "signature": ""},
        *({"type": "thinking_delta", "thinking": piece} for piece in pieces),
        {"type": "signature_delta", "signature": signature},
    )


def tool(index: int, name: str, *pieces: str) -> list[Json]:
    begun = {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": p} for p in pieces]
    return grown(index, begun, *deltas)


SEARCHED: list[Json] = [
    *grown(
        0,
        {"type": "server_tool_use", "id": "s_1", "name": "web_search", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"query": "q"}'},
    ),
    *grown(1, {"type": "web_search_tool_result", "tool_use_id": "s_1", "content": []}),
    *grown(
        2,
        {"type": "text", "text": "", "citations": []},
        {"type": "text_delta", "text": "so"},
        {
            "type": "citations_delta",
            "citation": {
                "type": "web_search_result_location",
                "cited_text": "so",
                "encrypted_index": "e",
                "title": "t",
                "url": "https://example.com",
            },
        },
    ),
]
STREAMS: dict[str, list[Json]] = {
    "text": [START, *text(0, "Hé", "llo \u2028🙂"), end(), STOP],
    "nothing": [START, end("refusal"), STOP],
    "tools": [
        START,
        *thinking(0, "h", "m"),
        *text(1, "I look."),
        *tool(2, "f", "", '{"a": ', '"é"}'),
        *tool(3, "g"),
        end("tool_use"),
        STOP,
    ],
    "redacted": [
        START,
        *grown(0, {"type": "redacted_thinking", "data": "x=="}),
        *thinking(1, signature="t=="),
        *text(2, "a"),
        end(),
        STOP,
    ],
    "interleaved": [
        START,
        *thinking(0, "a"),
        *tool(1, "f", "{}"),
        *thinking(2, "b", signature="u=="),
        *tool(3, "g", '{"x": [1]}'),
        end("tool_use"),
        STOP,
    ],
    "searched": [START, *SEARCHED, end("pause_turn"), STOP],
}


def sse(events: Iterable[Json]) -> bytes:
    """Write events as they are sent."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event))
        for event in events
    )


def chunks(events: Iterable[Json], reader: Reader | None = None) -> list[Chunk]:
    """Read events without their framing."""
    reader = reader or Reader(lambda: NOW)
    return [
        chunk
        for event in events
        for chunk in reader.read(Event("", orjson.dumps(event)))
    ]


def whole(pieces: Iterable[Chunk]) -> Json:
    """Put the pieces together."""
    assembled = Assembled()
    for piece in pieces:
        assembled.add(piece)
    return assembled.body()


def failing(*events: Any) -> Outcome:
    """Give the error that the last event is."""
    reader = Reader(lambda: NOW)
    *before, last = (
        Event("", event if isinstance(event, bytes) else orjson.dumps(event))
        for event in events
    )
    for event in before:
        reader.read(event)
    with pytest.raises(InBandError) as caught:
        reader.read(last)
    assert not reader.is_ended
    return caught.value.outcome


def as_whole(events: Sequence[Json]) -> Json:
    """Let their own client put a stream's events together, and decode the reply."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        anthropic = pytest.importorskip("anthropic")
        httpx2 = pytest.importorskip("httpx2")

    def served(_: Any) -> Any:
        head = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=head, content=sse(events))

    transport = httpx2.MockTransport(served)
    with warnings.catch_warnings():
        # It warns of models, and of fields that it adds to its own types.
        warnings.simplefilter("ignore")
        with (
            httpx2.Client(transport=transport) as http,
            anthropic.Anthropic(api_key="k", http_client=http) as client,
            client.messages.stream(
                model="m", max_tokens=1, messages=[{"role": "user", "content": "a"}]
            ) as stream,
        ):
            theirs = stream.get_final_message().model_dump_json(exclude_none=True)
    found = chat.decode(Response(200, {}, theirs.encode()), now=NOW).body
    assert found is not None
    return dict(found)


def comparable(body: Json) -> Json:
    """Read a reply's arguments, whose white space is the model's."""
    for call in body["choices"][0]["message"].get("tool_calls", ()):
        function = call["function"]
        function["arguments"] = orjson.loads(function["arguments"])
    return body


@pytest.mark.parametrize("name", STREAMS)
def test_the_same_as_a_whole_reply(name: str) -> None:
    """A stream's pieces come to the reply that their library makes of its events."""
    ours = comparable(whole(chunks(STREAMS[name])))
    theirs = comparable(as_whole(STREAMS[name]))

    ours["choices"][0]["message"].setdefault("refusal", None)
    assert theirs == ours


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_cut_anywhere(name: str, line_end: bytes) -> None:
    """It is the same wherever the bytes are cut, in two or one by one."""
    sent = sse(STREAMS[name]).replace(b"\n", line_end)
    expected = chunks(STREAMS[name])

    def read(*pieces: bytes) -> list[Chunk]:
        parser, reader = EventParser(), Reader(lambda: NOW)
        found = [
            chunk
            for piece in pieces
            for event in parser.feed(piece)
            for chunk in reader.read(event)
        ]
        assert reader.is_ended
        return found

    assert expected == read(*(sent[i : i + 1] for i in range(len(sent))))
    for cut in range(len(sent)):
        assert expected == read(sent[:cut], sent[cut:])


@pytest.mark.parametrize("name", STREAMS)
def test_official_types(name: str) -> None:
    """Their events as their types write them become chunks as OpenAI's types read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("anthropic")
        pytest.importorskip("openai")
        from anthropic.types import RawMessageStreamEvent  # noqa: PLC0415
        from openai.types.chat import (  # noqa: PLC0415
            ChatCompletion,
            ChatCompletionChunk,
        )
        from pydantic import TypeAdapter  # noqa: PLC0415

        adapter: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    theirs = [
        orjson.loads(adapter.dump_json(adapter.validate_python(event)))
        for event in STREAMS[name]
    ]
    found = chunks(theirs)
    for chunk in found:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    ChatCompletion.model_validate(whole(found), strict=True)
    assert whole(chunks(STREAMS[name])) == whole(found)


def test_order_of_chunks() -> None:
    """First the role; last the reason to finish, and then the usage by itself."""
    found = chunks(STREAMS["tools"])

    assert {"role": "assistant"} == found[0]["choices"][0]["delta"]
    assert "tool_calls" == found[-2]["choices"][0]["finish_reason"]
    assert ([], None) == (found[-1]["choices"], found[-2].get("usage"))
    assert {"msg_1"} == {chunk["id"] for chunk in found}
    assert {int(NOW)} == {chunk["created"] for chunk in found}
    assert not has_content(found[0])
    assert all(
        choice["finish_reason"] is None
        for chunk in found[:-2]
        for choice in chunk["choices"]
    )


def test_tool_calls() -> None:
    """They are numbered among themselves; the first piece of each names it."""
    pieces = [
        call
        for chunk in chunks(STREAMS["tools"])
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]
    assert [
        {
            "index": 0,
            "id": "toolu_f",
            "type": "function",
            "function": {"name": "f", "arguments": ""},
        },
        {"index": 0, "function": {"arguments": '{"a": '}},
        {"index": 0, "function": {"arguments": '"é"}'}},
        {
            "index": 1,
            "id": "toolu_g",
            "type": "function",
            "function": {"name": "g", "arguments": ""},
        },
        # Arguments are JSON, where there are none as well.
        {"index": 1, "function": {"arguments": "{}"}},
    ] == pieces


def test_input_that_comes_at_once() -> None:
    """Some servers give a tool's input with the block's beginning."""
    begun = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    body = whole(chunks([START, *grown(0, begun), end("tool_use"), STOP]))
    call = body["choices"][0]["message"]["tool_calls"][0]
    assert '{"a":1}' == call["function"]["arguments"]


def test_input_that_is_cut() -> None:
    """It is given as far as it came, and no blocks are kept that could not go back."""
    events = [START, *text(0, "a"), *text(1, "b"), *tool(2, "f", '{"a": '), end(), STOP]
    message = whole(chunks(events))["choices"][0]["message"]

    assert '{"a": ' == message["tool_calls"][0]["function"]["arguments"]
    assert "content_blocks" not in message


def test_blocks_without_their_end() -> None:
    """What is told of a block when it is whole comes with the stream's end at last."""
    events = [e for e in STREAMS["tools"] if e["type"] != "content_block_stop"]
    assert whole(chunks(STREAMS["tools"])) == whole(chunks(events))


def test_later_counts_win() -> None:
    """Counts are sums so far; those at the end may correct those of the beginning."""
    later = end(
        input_tokens=11, cache_read_input_tokens=4, cache_creation_input_tokens=3
    )
    usage = usage_of(whole(chunks([START, end(), later, STOP])))
    assert usage is not None
    assert (18, 9, 4, 3, 2) == (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


def test_counts_of_the_beginning_stay() -> None:
    """Where the end does not repeat them, or has none for them."""
    usage = usage_of(whole(chunks([START, end(input_tokens=None), STOP])))
    assert usage is not None
    assert (15, 9) == (usage.input_tokens, usage.output_tokens)


def test_refused() -> None:
    """A stream that was broken off with nothing said is known as such."""
    assert is_refused(whole(chunks(STREAMS["nothing"]))["choices"])


def test_a_paused_turn() -> None:
    """The raw reason stands beside, with the blocks to send back."""
    choice = whole(chunks(STREAMS["searched"]))["choices"][0]
    assert ("stop", "pause_turn") == (choice["finish_reason"], choice["stop_reason"])
    kinds = [block["type"] for block in choice["message"]["content_blocks"]]
    assert ["server_tool_use", "web_search_tool_result", "text"] == kinds
    assert {"query": "q"} == choice["message"]["content_blocks"][0]["input"]


def test_the_end() -> None:
    """Only `message_stop` ends a stream; what comes after it is nothing of it."""
    reader = Reader(lambda: NOW)
    for event in STREAMS["text"]:
        assert not reader.is_ended
        reader.read(Event("", orjson.dumps(event)))
    assert reader.is_ended
    assert () == reader.read(Event("", b"[DONE]"))


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ping"},
        {"type": "of_a_later_year", "index": "x"},
        {"type": 5},
        {},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta"}},
    ],
)
def test_unknown_events(event: Json) -> None:
    """They are passed over, as their documentation asks for."""
    events = list(STREAMS["text"])
    events.insert(2, event)
    assert chunks(STREAMS["text"]) == chunks(events)


def test_a_reader_of_its_own() -> None:
    """The format's reader takes the time of day by itself."""
    chunk = chat.reader().read(Event("message_start", orjson.dumps(START)))[0]
    assert chunk["created"] > NOW


@pytest.mark.parametrize(
    ("kind", "status", "verdict"),
    [
        ("invalid_request_error", 400, Verdict.CALLER),
        ("authentication_error", 401, Verdict.DENIED),
        ("billing_error", 402, Verdict.EXHAUSTED),
        ("permission_error", 403, Verdict.DENIED),
        ("not_found_error", 404, Verdict.CALLER),
        ("request_too_large", 413, Verdict.TOO_LONG),
        ("rate_limit_error", 429, Verdict.THROTTLED),
        ("api_error", 500, Verdict.SICK),
        ("timeout_error", 504, Verdict.LOST),
        ("overloaded_error", 529, Verdict.THROTTLED),
        ("of a later year", 500, Verdict.MALFORMED),
        (None, 500, Verdict.MALFORMED),
    ],
)
def test_errors(kind: str | None, status: int, verdict: Verdict) -> None:
    """An error within a stream has the status that it would have had as an answer."""
    error = {"type": kind, "message": "m"}
    event = {"type": "error", "error": error, "request_id": "req_1"}
    outcome = failing(START, event)

    assert (status, verdict, "req_1") == (
        outcome.status,
        judge(outcome),
        outcome.request_id,
    )
    assert outcome.retry_after_s is None
    assert outcome.message.endswith("m")


def test_an_error_without_its_type() -> None:
    """Whoever stands before Anthropic may tell of an error in a shape of its own."""
    outcome = failing(START, {"error": {"message": "gone", "type": "api_error"}})
    assert (500, "gone") == (outcome.status, outcome.message)


def test_a_filtered_answer() -> None:
    """A filter may stop an answer that has begun."""
    error = {
        "type": "invalid_request_error",
        "message": "Output blocked by content filtering policy",
    }
    assert Verdict.REFUSED is judge(failing(START, {"type": "error", "error": error}))


@pytest.mark.parametrize(
    "events",
    [
        (b"[DONE]",),
        (b"<html>",),
        ([],),
        ({"type": "message_start"},),
        ({"type": "message_start", "message": []},),
        (STOP,),
        tuple(text(0, "a")[:2]),
        (START, {"type": "content_block_start", "index": 0}),
        (START, {"type": "content_block_start", "index": None, "content_block": {}}),
        (START, {"type": "content_block_delta", "index": 0, "delta": {}}),
        (START, {"type": "content_block_stop", "index": 0}),
        (START, *text(0)[:1], {"type": "content_block_delta", "index": 0}),
        (
            START,
            *text(0)[:1],
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta"},
            },
        ),
        (START, {"type": "message_delta"}),
    ],
)
def test_no_stream(events: tuple[Any, ...]) -> None:
    """What is not of this format is garbled."""
    outcome = failing(*events)
    assert Fault.GARBLED is outcome.fault
    assert outcome.message


NAMES = [
    "type",
    "text",
    "thinking",
    "signature",
    "data",
    "input",
    "id",
    "name",
    "usage",
    "message",
    "partial_json",
    "citation",
    "stop_reason",
]
DELTAS = [
    "text_delta",
    "thinking_delta",
    "signature_delta",
    "citations_delta",
    "input_json_delta",
]
BLOCKS = ["text", "thinking", "redacted_thinking", "tool_use", "server_tool_use"]


leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text()
json = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
deltas = st.fixed_dictionaries(
    {"type": st.sampled_from(DELTAS)},
    optional={
        "text": st.text(max_size=3) | json,
        "thinking": st.text(max_size=3) | json,
        "signature": st.text(max_size=3) | json,
        "partial_json": st.sampled_from(['{"a"', ":1}", "{}", "["]) | json,
        "citation": json,
    },
)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(BLOCKS) | json},
    optional=dict.fromkeys(
        ("text", "thinking", "signature", "data", "id", "name", "input", "citations"),
        json,
    ),
)
events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                "message_start",
                "content_block_start",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop",
                "ping",
                "error",
            ]
        )
    },
    optional={
        "index": st.integers(0, 2) | json,
        "message": json,
        "content_block": blocks | json,
        "delta": deltas | json,
        "usage": json,
    },
)


@given(given_events=st.lists(events | json, max_size=12))
def test_any_events(given_events: list[Any]) -> None:
    """Whatever comes, it is chunks that can be put together, or an error in band."""
    reader = Reader(lambda: NOW)
    assembled = Assembled()
    try:
        for event in [START, *given_events, STOP]:
            for chunk in reader.read(Event("", orjson.dumps(event))):
                assembled.add(chunk)
    except InBandError:
        return
    assert reader.is_ended
    assembled.body()


@given(data=st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    """The same holds for what is no JSON."""
    failing(START, data + b"\xff")


pieces = st.lists(st.text(max_size=4), max_size=3)
said = st.tuples(
    st.just("text") | st.just("thinking") | st.just("tool"),
    pieces,
    st.dictionaries(st.text(max_size=3), st.integers(0, 9) | st.text(max_size=3)),
    st.integers(0, 20),
)


@given(given_blocks=st.lists(said, max_size=5))
def test_any_stream(given_blocks: list[tuple[str, list[str], Json, int]]) -> None:
    """What a model says is the same in pieces as whole."""
    sent: list[Json] = []
    content: list[Json] = []
    for number, (kind, texts, given_input, cut) in enumerate(given_blocks):
        if kind == "text":
            sent += text(number, *texts)
            content.append({"type": "text", "text": "".join(texts)})
        elif kind == "thinking":
            sent += thinking(number, *texts)
            whole_text = "".join(texts)
            block = {"type": "thinking", "thinking": whole_text, "signature": "s=="}
            content.append(block)
        else:
            written = orjson.dumps(given_input).decode()
            sent += tool(number, "f", written[:cut], written[cut:])
            called = {"type": "tool_use", "id": "toolu_f", "name": "f"}
            content.append({**called, "input": given_input})
    usage = {**MESSAGE["usage"], **END_USAGE}
    reply = {**MESSAGE, "content": content, "stop_reason": "end_turn", "usage": usage}
    expected = chat.decode(Response(200, {}, orjson.dumps(reply)), now=NOW).body
    assert expected is not None

    found = whole(chunks([START, *sent, end(), STOP]))
    found["choices"][0]["message"].setdefault("refusal", None)
    assert expected == found
