"""A response is whole, or it is an error; no matter how its bytes are cut up."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.messages import Fault
from holybalance.wire.faults import WireError
from holybalance.wire.framing import MAX_HEAD_BYTES, ResponseParser

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-T: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n" + PLAIN
OPEN = b"HTTP/1.1 200 OK\r\n\r\nhello"


def fault_of(data: bytes, *, end: bool = False, cap: int = 1000) -> Fault:
    """Give the fault of bytes that must have one."""
    parser = ResponseParser(cap)

    def take() -> None:
        parser.feed(data)
        if end:
            parser.end()

    with pytest.raises(WireError) as caught:
        take()
    assert not parser.reusable
    return caught.value.fault


def fault_or_none(data: bytes) -> Fault | None:
    """Give the fault of bytes and an end, if they have one."""
    parser = ResponseParser(1000)
    try:
        parser.feed(data)
        parser.end()
    except WireError as error:
        return error.fault
    return None


@pytest.mark.parametrize("data", [PLAIN, CHUNKED, INTERIM])
@given(cuts=st.lists(st.integers(0, 150), max_size=20))
def test_any_pieces(data: bytes, cuts: list[int]) -> None:
    """The pieces in which a response comes make no difference."""
    parser = ResponseParser(1000)
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    body = b""
    for start, stop in itertools.pairwise(edges):
        assert not parser.complete or start == stop
        if start < stop:
            parser.feed(data[start:stop])
            body += parser.take()

    assert (200, b"hello") == (parser.status, body)
    assert (True, True) == (parser.complete, parser.reusable)
    assert b"x-not" not in parser.headers
    assert len(data) == parser.received


@pytest.mark.parametrize("data", [PLAIN, CHUNKED, INTERIM])
def test_cut_anywhere(data: bytes) -> None:
    """A framed response that ends at any byte but its last is cut."""
    for length in range(1, len(data)):
        assert Fault.CUT is fault_of(data[:length], end=True)


def test_nothing() -> None:
    """An end before the first byte is no answer."""
    parser = ResponseParser(1000)
    with pytest.raises(WireError) as caught:
        parser.end()
    assert Fault.NO_ANSWER is caught.value.fault


def test_until_the_end() -> None:
    """Without a length the end completes the response, and its connection."""
    parser = ResponseParser(1000)
    parser.feed(OPEN)
    before = parser.complete
    parser.end()

    assert (False, True, False) == (before, parser.complete, parser.reusable)
    assert b"hello" == parser.take()


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 200 OK\r\n\r\n", b"\0", PLAIN])
@pytest.mark.parametrize("data", [PLAIN, CHUNKED])
def test_surplus(data: bytes, surplus: bytes) -> None:
    """Bytes after the end spoil the response and its connection."""
    assert Fault.GARBLED is fault_of(data + surplus)


def test_surplus_later() -> None:
    """So do those that come by themselves."""
    parser = ResponseParser(1000)
    parser.feed(PLAIN)
    with pytest.raises(WireError):
        parser.feed(b"x")
    assert not parser.reusable


@given(st.binary(max_size=300))
def test_noise(data: bytes) -> None:
    """Noise is an error or an unfinished response, and nothing else."""
    assert fault_or_none(data) in (
        Fault.GARBLED,
        Fault.CUT,
        Fault.NO_ANSWER,
        None if data.lstrip(b"\r\n").startswith(b"HTTP/") else Fault.CUT,
    )


@given(st.binary(max_size=40), st.integers(0, len(CHUNKED)))
def test_noise_within(noise: bytes, place: int) -> None:
    """Noise within a response never raises anything but a WireError."""
    fault = fault_or_none(CHUNKED[:place] + noise + CHUNKED[place:])
    assert fault in (Fault.GARBLED, Fault.CUT, None)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X" * (MAX_HEAD_BYTES + 1),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3000,
    ],
)
def test_head_over_the_cap(data: bytes) -> None:
    """An endless head is left."""
    assert Fault.GARBLED is fault_of(data)


def test_body_over_the_cap() -> None:
    """An endless body is left, wherever its bytes are."""
    parser = ResponseParser(1000)
    parser.feed(b"HTTP/1.1 200 OK\r\n\r\n")

    def flood() -> None:
        for _ in range(100):
            parser.feed(b"x" * 1000)

    with pytest.raises(WireError) as caught:
        flood()
    assert Fault.GARBLED is caught.value.fault
    assert "1000 bytes (max_response_bytes)" in caught.value.message


@pytest.mark.parametrize("reserve", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_interrupted(
    monkeypatch: pytest.MonkeyPatch, reserve: type[BaseException]
) -> None:
    """What a signal handler raises within a callback is not taken for bad HTTP."""

    def interrupt(self: ResponseParser) -> None:
        raise reserve

    monkeypatch.setattr(ResponseParser, "on_headers_complete", interrupt)
    parser = ResponseParser(1000)
    with pytest.raises(reserve):
        parser.feed(PLAIN)
    assert not parser.reusable


@pytest.mark.parametrize(
    ("head", "is_kept"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close, X\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_reusable(head: bytes, is_kept: bool) -> None:
    """A connection is kept when the response lets it."""
    parser = ResponseParser(1000)
    parser.feed(head + b"Content-Length: 0\r\n\r\n")
    assert (True, is_kept) == (parser.complete, parser.reusable)


@pytest.mark.parametrize(("size", "is_taken"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("is_chunked", [True, False])
def test_the_cap_is_exact(size: int, is_taken: bool, is_chunked: bool) -> None:
    """It counts the body's bytes, however they are framed."""
    head, body = b"Content-Length: %d" % size, b"x" * size
    if is_chunked:
        head, body = b"Transfer-Encoding: chunked", b"1\r\nx\r\n" * size + b"0\r\n\r\n"
    data = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (head, body)
    parser = ResponseParser(1000)
    if not is_taken:
        assert Fault.GARBLED is fault_of(data)
        return

    parser.feed(data)

    assert (True, size) == (parser.complete, len(parser.take()))


def test_endless_trailers() -> None:
    """What frames a body has a cap of its own."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    assert Fault.GARBLED is fault_of(head + b"X-T: 1\r\n" * 10_000, cap=10**6)
