"""Gemini's streams: pieces as Google's own types write them, cut anywhere."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from holybalance.messages import ChatRequest, Fault, Outcome, Problem, Usage
from holybalance.wire.formats import ChunkReader, InBandError, Manner
from holybalance.wire.gemini import chat
from holybalance.wire.shape import Assembled, usage_of
from holybalance.wire.sse import Event, EventParser
from tests.wire.test_gemini_replies import (
    answer,
    anything,
    candidate,
    document,
    googles,
)

chunk_type = pytest.importorskip("openai.types.chat").ChatCompletionChunk


def piece(*parts: Any, **rest: Any) -> Any:
    """Make a candidate that goes on."""
    return {"content": {"role": "model", "parts": list(parts)}, **rest}


def usage(output: int) -> Any:
    """Make usage so far."""
    return {"promptTokenCount": 5, "candidatesTokenCount": output}


STREAM = [
    googles(piece({"text": "Hm. ", "thought": True}), usageMetadata=usage(1)),
    googles(piece({"text": "hé"}), usageMetadata=usage(2)),
    googles(piece({"text": "llo"}), usageMetadata=usage(3)),
    googles(
        piece(
            {
                "functionCall": {"name": "f", "args": {"a": 1}},
                "thoughtSignature": "cw==",
            }
        ),
        usageMetadata=usage(4),
    ),
    googles(piece({"functionCall": {"name": "g", "id": "own"}})),
    googles(
        candidate({"text": "", "thoughtSignature": "c2ln"}), usageMetadata=usage(6)
    ),
]


def read_all(reader: ChunkReader, events: list[bytes]) -> list[Any]:
    """Read events, and see to it that OpenAI's type takes each chunk."""
    chunks = [chunk for data in events for chunk in reader.read(Event("", data))]
    for chunk in chunks:
        chunk_type.model_validate(chunk, strict=True)
    return chunks


def assembled(chunks: list[Any]) -> Any:
    """Put chunks together."""
    whole = Assembled()
    for chunk in chunks:
        whole.add(chunk)
    return whole.body()


def broken(*events: Any) -> Outcome:
    """Read events of which the last must tell of an error."""
    reader = chat.reader()
    *good, last = [
        event if isinstance(event, bytes) else orjson.dumps(event) for event in events
    ]
    read_all(reader, good)
    with pytest.raises(InBandError) as caught:
        reader.read(Event("", last))
    return caught.value.outcome


def test_chunks() -> None:
    """Each event is a chunk; the usage comes once, in a chunk of its own at the end."""
    reader = chat.reader()
    chunks = read_all(reader, STREAM)

    assert reader.is_ended
    assert {"r1"} == {chunk["id"] for chunk in chunks}
    assert [
        {"role": "assistant", "reasoning_content": "Hm. "},
        {"content": "hé"},
        {"content": "llo"},
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_r1_0_0",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a":1}'},
                    "extra_content": {"google": {"thought_signature": "cw=="}},
                }
            ]
        },
        {
            "tool_calls": [
                {
                    "index": 1,
                    "id": "own",
                    "type": "function",
                    "function": {"name": "g", "arguments": "{}"},
                }
            ]
        },
        {
            "content": "",
            "extra_content": {
                "google": {
                    "parts": [
                        {"at": 5, "length": 0, "part": {"thoughtSignature": "c2ln"}}
                    ]
                }
            },
        },
    ] == [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert [None] * 5 + ["tool_calls"] == [
        chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]
    ]
    assert [] == chunks[-1]["choices"]
    assert Usage(input_tokens=5, output_tokens=6) == usage_of(chunks[-1])
    assert all("usage" not in chunk for chunk in chunks[:-1])


def test_assembled_as_if_whole() -> None:
    """The pieces come to the same message as an answer in one piece, and go back."""
    body = assembled(read_all(chat.reader(), STREAM))
    parts: list[Any] = [
        {"text": "Hm. ", "thought": True},
        {"text": "héllo"},
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "cw=="},
        {"functionCall": {"name": "g", "id": "own"}},
        {"text": "", "thoughtSignature": "c2ln"},
    ]
    whole = answer(googles(candidate(*parts))).body
    assert whole is not None
    expected = whole["choices"][0]["message"]
    del expected["refusal"]
    assert expected == body["choices"][0]["message"]
    assert "STOP" == body["choices"][0]["native_finish_reason"]

    request = ChatRequest(
        model="m", messages=(body["choices"][0]["message"],), timeout_s=1
    )
    sent = orjson.loads(chat.encode(request, Manner("gemini-3-pro")).body)
    call = {"name": "f", "args": {"a": 1}, "id": "call_r1_0_0"}
    assert [
        {"text": "héllo"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"functionCall": call, "thoughtSignature": "cw=="},
        {"functionCall": {"name": "g", "args": {}, "id": "own"}},
    ] == sent["contents"][0]["parts"]


def test_cut_at_every_byte() -> None:
    """Wherever the bytes are cut, the chunks are the same."""
    data = b": hi\r\n\r\n" + b"".join(b"data: " + one + b"\r\n\r\n" for one in STREAM)
    expected = assembled(read_all(chat.reader(), STREAM))
    del expected["created"]
    for at in range(len(data)):
        parser, reader = EventParser(), chat.reader()
        events = [*parser.feed(data[:at]), *parser.feed(data[at:]), *parser.end()]
        chunks = [chunk for event in events for chunk in reader.read(event)]
        found = assembled(chunks)
        del found["created"]
        assert expected == found
        assert reader.is_ended


def test_byte_by_byte() -> None:
    """Nor does it matter when each byte comes alone."""
    data = b"".join(b"data: " + one + b"\n\n" for one in STREAM)
    parser, reader = EventParser(), chat.reader()
    pieces = [parser.feed(bytes([byte])) for byte in data]
    events = [event.data for event in itertools.chain(*pieces)]
    assert len(STREAM) + 1 == len(read_all(reader, events))


def test_a_candidate_without_its_number() -> None:
    """Google's JSON leaves out a 0, so that it is the first wherever it stands."""
    event = googles(piece({"text": "b"}, index=1), piece({"text": "a"}))
    [chunk] = read_all(chat.reader(), [event])
    assert [(1, "b"), (0, "a")] == [
        (choice["index"], choice["delta"]["content"]) for choice in chunk["choices"]
    ]


def test_usage_after_the_end() -> None:
    """Usage that comes after the finish reason is given anew, and the later wins."""
    reader = chat.reader()
    chunks = read_all(
        reader,
        [
            googles(candidate({"text": "a"}), usageMetadata=usage(1)),
            googles(usageMetadata=usage(9)),
            googles(usageMetadata=usage(9)),
        ],
    )
    assert [[0], [], []] == [
        [choice["index"] for choice in chunk["choices"]] for chunk in chunks
    ]
    assert Usage(input_tokens=5, output_tokens=9) == usage_of(assembled(chunks))


def test_usage_only_after_the_end() -> None:
    """Usage may come with an event of its own alone."""
    chunks = read_all(
        chat.reader(),
        [
            googles(candidate({"text": "a"}), usageMetadata=None),
            googles(usageMetadata=usage(9)),
        ],
    )
    assert [False, True] == ["usage" in chunk for chunk in chunks]


def test_several_candidates() -> None:
    """A stream has ended when each candidate has; calls are numbered in each."""
    reader = chat.reader()
    call = {"functionCall": {"name": "f"}}
    first = read_all(
        reader, [googles(piece(call, index=0)), googles(piece(call, index=1))]
    )
    assert [0, 0] == [
        chunk["choices"][0]["delta"]["tool_calls"][0]["index"] for chunk in first
    ]
    read_all(reader, [googles(candidate(index=0))])
    assert not reader.is_ended
    last = read_all(reader, [googles(candidate(index=1))])
    assert reader.is_ended
    assert [[1], []] == [
        [choice["index"] for choice in chunk["choices"]] for chunk in last
    ]


def test_more_after_an_end() -> None:
    """A candidate that goes on after its finish reason has not ended."""
    reader = chat.reader()
    read_all(reader, [googles(candidate({"text": "a"}))])
    assert reader.is_ended
    read_all(reader, [googles(piece({"text": "b"}))])
    assert not reader.is_ended
    chunks = read_all(reader, [googles(candidate({"text": "c"}, reason="MAX_TOKENS"))])
    assert reader.is_ended
    assert "length" == chunks[0]["choices"][0]["finish_reason"]


def test_nothing_has_not_ended() -> None:
    """No event, or none with a candidate, is no end."""
    reader = chat.reader()
    assert not reader.is_ended
    assert [] == read_all(reader, [googles(), b"", b"[DONE]"])
    assert not reader.is_ended


def test_blocked_prompt() -> None:
    """A prompt that was refused is told as such."""
    outcome = broken({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
    assert (200, Problem.CONTENT_POLICY, "PROHIBITED_CONTENT", None) == (
        outcome.status,
        outcome.problem,
        outcome.code,
        outcome.body,
    )


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}, 503),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}, 401),
    ],
)
def test_error(wrap: Any, error: Any, status: int) -> None:
    """An error in the stream has the status that it would have had as an answer's."""
    outcome = broken(STREAM[0], wrap({"error": error}))
    assert (status, None) == (outcome.status, outcome.fault)


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"[]",
        b"1",
        b'{"candidates":1}',
        b'{"candidates":[1]}',
        b'{"candidates":[{"index":"a"}]}',
        b'{"candidates":[{"content":{"parts":[1]}}]}',
        b'{"error":{"message":"?"}}',
        b'{"error":"?"}',
    ],
)
def test_garbled(data: bytes) -> None:
    """What is not of the format is told as such."""
    assert Fault.GARBLED is broken(data).fault


@settings(deadline=None)
@given(data=document | anything)
def test_any_event(data: Any) -> None:
    """No event raises anything but the error that is meant for it."""
    reader = chat.reader()
    chunks: list[Any] = []
    for one in (STREAM[0], json.dumps(data).encode(), STREAM[-1]):
        with contextlib.suppress(InBandError):
            chunks += reader.read(Event("", one))
    for chunk in chunks:
        chunk_type.model_validate(chunk)
    assembled(chunks)
