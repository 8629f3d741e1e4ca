"""Messages between a launcher and its workers, in pieces of any size."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.launching import frames
from holybalance.launching.messages import Ask, Items, Ready


@pytest.fixture
def pipe() -> Iterator[tuple[frames.ParentEnd, socket.socket]]:
    """A parent's end, and a worker's."""
    ours, theirs = socket.socketpair()
    end = frames.ParentEnd(ours)
    yield end, theirs
    end.close()
    theirs.close()


def test_frames_split_at_every_byte() -> None:
    """Wherever the stream is cut, the same frames come out."""
    contents = [b"", b"one", b"\0" * 300, b"four"]
    stream = b"".join(map(frames.frame, contents))

    for cut in range(len(stream) + 1):
        reader = frames.FrameReader()
        found = [*reader.feed(stream[:cut]), *reader.feed(stream[cut:])]
        assert contents == found


def test_frames_byte_by_byte() -> None:
    """Each comes with its last byte, and not before."""
    reader = frames.FrameReader()
    stream = frames.frame(b"one") + frames.frame(b"")

    found = [list(reader.feed(stream[at : at + 1])) for at in range(len(stream))]

    expected: list[list[bytes]] = [[] for _ in stream]
    expected[6], expected[10] = [b"one"], [b""]
    assert expected == found


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 30)))
def test_any_frames_in_any_pieces(contents: list[bytes], sizes: list[int]) -> None:
    """What is put in comes out."""
    stream, reader = b"".join(map(frames.frame, contents)), frames.FrameReader()
    found: list[bytes] = []
    for size in sizes:
        found += reader.feed(stream[:size])
        stream = stream[size:]

    assert contents == [*found, *reader.feed(stream)]


def test_messages_survive() -> None:
    """Encoded and decoded they are the same."""
    message = Items([(0, b"one"), (7, b"")])

    (content,) = frames.FrameReader().feed(frames.encode(message))

    assert message == frames.decode(content)


def test_a_parent_never_blocks(pipe: tuple[frames.ParentEnd, socket.socket]) -> None:
    """What a worker does not read waits, in order, until there is room."""
    end, theirs = pipe
    contents = [bytes([number]) * 300_000 for number in range(5)]
    for content in contents:
        end.send(frames.frame(content))
    assert end.has_unsent

    reader, found = frames.FrameReader(), list[bytes]()
    while len(found) < len(contents):
        found += reader.feed(theirs.recv(1 << 16))
        end.send_rest()

    assert contents == found
    assert not end.has_unsent


def test_nothing_has_come(pipe: tuple[frames.ParentEnd, socket.socket]) -> None:
    """Which is not the end."""
    end, theirs = pipe
    assert [] == end.receive()

    theirs.sendall(frames.encode(Ready()) + frames.encode(Ask())[:3])
    assert [Ready()] == end.receive()


def test_a_worker_that_has_gone(pipe: tuple[frames.ParentEnd, socket.socket]) -> None:
    """Reading says so; what it said last is heard first; sending raises."""
    end, theirs = pipe
    theirs.sendall(frames.encode(Ready()))
    theirs.close()

    assert [Ready()] == end.receive()
    assert None is end.receive()
    with pytest.raises(OSError, match="pipe"):
        end.send(b"x")


def test_a_worker_that_went_with_something_unread(
    pipe: tuple[frames.ParentEnd, socket.socket],
) -> None:
    """A reset is an end as well."""
    end, theirs = pipe
    end.send(frames.encode(Ask()))
    theirs.close()

    assert None is end.receive()


def test_a_worker_reads_until_its_parent_closes() -> None:
    """Frames that are whole, and then the end."""
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(frames.frame(b"one") + frames.frame(b"two")[:-1])
        ours.close()

        assert [b"one"] == list(frames.read_frames(theirs))


def test_a_parent_that_closes_with_something_unread() -> None:
    """What it did not read resets the connection, which is an end as well."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"answers")
        ours.close()

        assert [] == list(frames.read_frames(theirs))
