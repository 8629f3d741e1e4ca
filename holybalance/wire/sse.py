"""Owns the framing of server-sent events: bytes in, whole events out."""

from __future__ import annotations

from typing import NamedTuple

from holybalance.messages import Fault
from holybalance.wire.faults import WireError

# One event may hold an image; no provider sends one of that size.
MAX_EVENT_BYTES = 32 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """
    One event of a stream.

    Args:
        name: of the `event` field; empty where there is none.
        data: the `data` fields, joined by newlines.
    """

    name: str
    data: bytes


class EventParser:
    """
    Takes a stream's bytes as they come, cut anywhere, and gives its events.

    By the HTML standard, §9.2.6 "Interpreting an event stream". Comments, which keep
    connections alive, and the fields `id` and `retry` are passed over. What is not
    UTF-8 is left for whoever reads the data.

    Args:
        max_event_bytes: of one event, its line ends left out.
    """

    __slots__ = (
        "_data",
        "_held",
        "_is_after_return",
        "_max",
        "_name",
        "_size",
        "_tail",
    )

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        # Bytes of the line that has not ended yet, as they came.
        self._tail: list[bytes] = []
        self._held = 0
        # Whether the last byte was a carriage return, which a newline may belong to.
        self._is_after_return = False
        self._data: list[bytes] = []
        self._size = 0
        self._name = ""

    def feed(self, piece: bytes) -> list[Event]:
        """
        Take the next bytes and give the events that they complete.

        Raises:
            WireError: an event goes over its cap.
        """
        if self._is_after_return and piece:
            piece = piece.removeprefix(b"\n")
            self._is_after_return = False
        if b"\n" not in piece and b"\r" not in piece:
            self._hold(piece)
            return []
        self._is_after_return = piece.endswith(b"\r")
        if self._tail:
            piece = b"".join([*self._tail, piece])
            self._tail.clear()
            self._held = 0
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = piece.split(b"\n")
        events = self._read(lines)
        self._hold(rest)
        return events

    def end(self) -> list[Event]:
        """
        Give what the stream's end completes.

        The standard drops an event without its blank line. Some servers leave that out
        at the end, and what is cut in the middle will not be read as JSON anyway.
        """
        rest = b"".join(self._tail)
        self._tail.clear()
        return self._read([rest, b""])

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._tail.append(piece)
            self._held += len(piece)
            self._check_cap()

    def _read(self, lines: list[bytes]) -> list[Event]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                value = line[6:] if line[5:6] == b" " else line[5:]
                self._data.append(value)
                self._size += len(value)
                self._check_cap()
            elif not line:
                if self._data:
                    data = self._data
                    whole = data[0] if len(data) == 1 else b"\n".join(data)
                    events.append(Event(self._name, whole))
                    self._data = []
                self._name, self._size = "", 0
            else:
                self._read_other(line)
        return events

    def _read_other(self, line: bytes) -> None:
        """Read a line that is neither data as usual nor blank."""
        field, _, value = line.removeprefix(_BYTE_ORDER_MARK).partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"data":
            # Without a colon, or after the mark of the stream's beginning.
            self._data.append(value)
            self._size += len(value)

    def _check_cap(self) -> None:
        if self._size + self._held > self._max:
            raise WireError(
                Fault.GARBLED, f"an event of the stream is over {self._max:,} bytes"
            )
