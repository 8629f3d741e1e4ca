"""Server-sent events: the same events however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.messages import Fault
from holybalance.wire.faults import WireError
from holybalance.wire.sse import Event, EventParser

STREAMS = {
    "plain": (b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")]),
    "carriage returns and newlines": (
        b"data: a\r\n\r\ndata: b\r\n\r\n",
        [("", b"a"), ("", b"b")],
    ),
    "carriage returns alone": (b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")]),
    "all line ends in turn": (
        b"data: a\r\n\ndata: b\r\r\ndata: c\n\r",
        [("", b"a"), ("", b"b"), ("", b"c")],
    ),
    "named": (b"event: ping\ndata: {}\n\n", [("ping", b"{}")]),
    "a name holds for one event": (
        b"event: x\ndata: 1\n\ndata: 2\n\n",
        [("x", b"1"), ("", b"2")],
    ),
    "a name without data is no event": (b"event: x\n\ndata: 2\n\n", [("", b"2")]),
    "several lines": (b"data: a\ndata: b\ndata:\n\n", [("", b"a\nb\n")]),
    "no space after the colon": (b"data:a\n\n", [("", b"a")]),
    "one space is taken off, not two": (b"data:  a\n\n", [("", b" a")]),
    "a field without a colon": (b"data\n\n", [("", b"")]),
    "comments": (b": hello\ndata: a\n: more\ndata: b\n\n:\n\n", [("", b"a\nb")]),
    "other fields": (b"id: 7\nretry: 10\ndata: a\nfoo: b\n\n", [("", b"a")]),
    "colons in the data": (b'data: {"a":"b: c"}\n\n', [("", b'{"a":"b: c"}')]),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
    "characters of several bytes": (
        "data: \u2028é\U0001f600\n\n".encode(),
        [("", "\u2028é\U0001f600".encode())],
    ),
    "the last blank line is missing": (
        b"data: a\n\ndata: b\n",
        [("", b"a"), ("", b"b")],
    ),
    "the last newline as well": (b"data: a\n\ndata: b", [("", b"a"), ("", b"b")]),
    "nothing": (b"", []),
}


def events(*pieces: bytes) -> list[tuple[str, bytes]]:
    """Feed pieces and end."""
    parser = EventParser()
    found = [event for piece in pieces for event in parser.feed(piece)]
    return [(event.name, event.data) for event in found + parser.end()]


@pytest.mark.parametrize(("stream", "expected"), STREAMS.values(), ids=STREAMS)
def test_split_at_every_byte(stream: bytes, expected: list[tuple[str, bytes]]) -> None:
    """Wherever the bytes are cut in two, the same events come out."""
    for cut in range(len(stream) + 1):
        assert expected == events(stream[:cut], stream[cut:]), cut


@pytest.mark.parametrize(("stream", "expected"), STREAMS.values(), ids=STREAMS)
def test_byte_by_byte(stream: bytes, expected: list[tuple[str, bytes]]) -> None:
    """Nor does it matter when each byte comes alone."""
    assert expected == events(*(stream[i : i + 1] for i in range(len(stream))))


@given(
    st.lists(st.sampled_from([*b"dat:e nv\r\n\xef\xbb\xbf", *b"\r\n"])).map(bytes),
    st.lists(st.integers(0, 40)),
)
def test_any_cuts(stream: bytes, cuts: list[int]) -> None:
    """Any bytes in any pieces come to what they come to in one piece."""
    places = sorted({min(cut, len(stream)) for cut in cuts})
    ends = [*places, len(stream)]
    pieces = [stream[a:b] for a, b in zip([0, *places], ends, strict=True)]

    assert events(stream) == events(*pieces)


def test_event_as_soon_as_it_is_whole() -> None:
    """Nobody waits for the next event to get this one."""
    assert [Event("", b"a")] == EventParser().feed(b"data: a\n\n")
    assert [Event("", b"a")] == EventParser().feed(b"data: a\r\r")


@pytest.mark.parametrize(
    "piece",
    [b"x" * 50, b"data: " + b"x" * 50 + b"\n", b"data: xxxxxxxx\n", b":" + b"c" * 90],
    ids=["a line", "a line of data", "many lines", "a comment"],
)
def test_cap(piece: bytes) -> None:
    """An event that never ends is not kept for ever."""
    parser = EventParser(max_event_bytes=100)

    with pytest.raises(WireError, match="over 100 bytes") as caught:
        [parser.feed(piece) for _ in range(20)]
    assert Fault.GARBLED is caught.value.fault


def test_cap_is_of_one_event() -> None:
    """Many small events are no large one."""
    parser = EventParser(max_event_bytes=100)

    assert 50 == sum(len(parser.feed(b"data: xxxxxxxx\n\n")) for _ in range(50))
