"""Owns messages on a stream of bytes: each pickled, after its length in four bytes."""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("!I")
_READ_BYTES = 1 << 18


def encode(message: Any) -> bytes:
    """Write a message as a frame."""
    return frame(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def decode(content: bytes) -> Any:
    """Read a frame's message; only ever from a process of our own making."""
    return pickle.loads(content)  # noqa: S301 see above


def frame(content: bytes) -> bytes:
    """Write bytes as a frame."""
    return _LENGTH.pack(len(content)) + content


class FrameReader:
    """Puts frames together again, from pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what was read, and give the frames that are whole by now."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            begin = start + _LENGTH.size
            end = begin + _LENGTH.unpack_from(buffer, start)[0]
            if len(buffer) < end:
                break
            yield bytes(memoryview(buffer)[begin:end])
            start = end
        del buffer[:start]


def read_frames(sock: socket.socket) -> Iterator[bytes]:
    """Read frames from a blocking socket until its other end is closed."""
    reader = FrameReader()
    # An end that is closed with something unread shows as a reset.
    with contextlib.suppress(ConnectionResetError):
        while data := sock.recv(_READ_BYTES):
            yield from reader.feed(data)


class ParentEnd:
    """
    The parent's end of a worker's pipe; it never blocks.

    A worker that does not read must not stop the parent, so what cannot be sent at
    once waits here. Credits bound how much that can be.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._reader = FrameReader()
        self._unsent = bytearray()

    @property
    def has_unsent(self) -> bool:
        """Whether something waits until the pipe has room."""
        return bool(self._unsent)

    def send(self, message: bytes) -> None:
        """
        Send a frame, or what of it can be sent now.

        Raises:
            OSError: the worker has gone.
        """
        if not self._unsent:
            message = message[self._send_some(message) :]
        self._unsent += message

    def send_rest(self) -> None:
        """Send what waits, as far as there is room; raises as `send` does."""
        del self._unsent[: self._send_some(self._unsent)]

    def receive(self) -> list[Any] | None:
        """Give the messages that have come; `None` when the worker has gone."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        return [decode(each) for each in self._reader.feed(data)]

    def close(self) -> None:
        """Close it, which tells the worker to end."""
        self.socket.close()

    def _send_some(self, data: bytes | bytearray) -> int:
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
