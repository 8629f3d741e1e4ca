"""Owns the closed vocabulary of what one scripted request can meet."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


class Fault(enum.Enum):
    """
    One thing that happens to one request, in place of the ordinary answer.

    Where the request is for a stream, its body is the whole stream with a length; for
    what happens between two events there is `BrokenStream`. The last five are unusual
    but valid HTTP: a good client takes them as a reply.
    """

    RESET = "reset"
    """The connection is reset (RST) before a byte of an answer."""
    CLOSE = "close"
    """The connection is closed (FIN) before a byte of an answer."""
    HANG = "hang"
    """No answer ever comes; the connection stays open."""
    CUT_HEAD = "cut_head"
    """The connection is closed within the headers."""
    CUT_BODY = "cut_body"
    """Half of the body that Content-Length promised, then the connection closes."""
    CUT_CHUNKED = "cut_chunked"
    """One of two chunks, then the connection closes without the last chunk."""
    RESET_BODY = "reset_body"
    """Half of the body, then the connection is reset (RST)."""
    STALL_BODY = "stall_body"
    """Half of the body, then nothing more; the connection stays open."""
    LENGTH_TOO_LONG = "length_too_long"
    """The whole body, but Content-Length promises more; then the connection closes."""
    LENGTH_TOO_SHORT = "length_too_short"
    """Content-Length ends within the body; the rest follows on the connection."""
    LENGTH_TWICE = "length_twice"
    """Two Content-Length headers that contradict each other."""
    NOT_HTTP = "not_http"
    """Bytes that are no HTTP at all, then the connection closes."""
    GARBAGE = "garbage"
    """Status 200 and a body that is neither text nor JSON."""
    HTML = "html"
    """Status 200 and a web page, as captive portals and broken proxies send."""
    EMPTY = "empty"
    """Status 200 and an empty body."""
    ERROR_OBJECT = "error_object"
    """Status 200 and an error object in place of a completion."""
    CHUNKED = "chunked"
    """A sound reply in several chunks."""
    UNTIL_CLOSE = "until_close"
    """A sound reply with no length, which ends where the connection does."""
    CONTINUE_FIRST = "continue_first"
    """A sound reply after an interim `100 Continue`."""
    CONNECTION_CLOSE = "connection_close"
    """A sound reply with `Connection: close`, then the connection closes."""
    CLOSE_AFTER = "close_after"
    """A sound reply, then the connection closes without having announced it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    One given answer; `Answer()` is an ordinary reply.

    Args:
        status: the HTTP status, 200 to 599.
        headers: further headers; they replace ours of the same name.
        body: text (sent as UTF-8) or bytes; `None`: an ordinary reply or stream for
            2xx, nothing for 204 and 3xx, an error object from 400 up.

    Raises:
        ValueError: the status is out of range, the headers are no mapping, or one of
            them is not one line of Latin-1 text.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | None = None

    def __post_init__(self) -> None:
        if self.status not in range(200, 600):
            raise ValueError(f"status must be 200 to 599, not {self.status!r}")
        if not isinstance(self.headers, Mapping):
            kind = type(self.headers).__name__
            raise ValueError(
                'headers must be a mapping, such as {"retry-after": "1"}, not a ' + kind
            )
        for name, value in self.headers.items():
            _check_header(name, value)

    @classmethod
    def throttled(cls, retry_after: str | None = None) -> Answer:
        """A 429 with this raw `Retry-After`, sound or not; `None` leaves it out."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        return cls(status=429, headers=headers)

    @classmethod
    def redirect(cls, url: str, *, status: int = 307) -> Answer:
        """A redirect to `url`."""
        return cls(status=status, headers={"location": url})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowHead:
    """A sound reply whose head comes byte by byte, `interval_s` seconds apart."""

    interval_s: float

    def __post_init__(self) -> None:
        _check_interval(self.interval_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowBody:
    """A sound reply whose body comes byte by byte, `interval_s` seconds apart."""

    interval_s: float

    def __post_init__(self) -> None:
        _check_interval(self.interval_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gigantic:
    """
    A sound reply that is filled up with spaces to a body of `size` bytes.

    A stream has them in a comment, which comes first and is one line. A body that is
    longer by itself stays as it is, or nearly so. The filling is made piece by piece as
    the client reads, so a gigabyte costs the upstream no memory.
    """

    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"size must be 0 bytes or more, not {self.size!r}")


class Then(enum.Enum):
    """What happens to a stream, once it has come so far."""

    CLOSE = "close"
    """The connection is closed (FIN); the last chunk never comes."""
    RESET = "reset"
    """The connection is reset (RST)."""
    HANG = "hang"
    """Nothing more comes; the connection stays open."""
    CHATTER = "chatter"
    """Only signs of life come, `interval_s` apart: comments, or Anthropic's `ping`."""
    END = "end"
    """The HTTP answer ends properly, though the stream has not."""
    ERROR = "error"
    """An error comes as an event, in the format's own way, and ends the answer."""
    GARBAGE = "garbage"
    """An event comes that is cut off JSON; then the stream goes on as if it had not."""
    FLOOD = "flood"
    """Pieces of the reply come without end, `interval_s` apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenStream:
    """
    A stream that begins well, at once and without pauses.

    A request for a whole reply meets the same: then the two halves of the body count
    as its events, and an `ERROR` comes as the answer.

    Args:
        then: what happens.
        after: after how many events; a negative number counts from the end, so -1 is
            just before the last event, which is the format's end marker. A number
            beyond the end is the end.
        pieces: in place of `after`: after how many pieces of the reply. Before the
            first one come the events that only open the stream.
        status: the HTTP status that an `ERROR` stands for, such as 529.
        interval_s: seconds between what comes then; 0: as fast as the client reads.

    Raises:
        ValueError: a field is out of range.
    """

    then: Then
    after: int = -1
    pieces: int | None = None
    status: int = 500
    interval_s: float = 0.1

    def __post_init__(self) -> None:
        if not isinstance(self.then, Then):
            raise ValueError(f"then must be a member of Then, not {self.then!r}")
        if self.pieces is not None and self.pieces < 0:
            raise ValueError(f"pieces must be 0 or more, not {self.pieces!r}")
        if self.status not in range(400, 600):
            raise ValueError(f"status must be 400 to 599, not {self.status!r}")
        if not (math.isfinite(self.interval_s) and self.interval_s >= 0):
            raise ValueError(
                f"interval_s must be seconds from 0 up, not {self.interval_s!r}"
            )


Step: TypeAlias = Fault | Answer | SlowHead | SlowBody | Gigantic | BrokenStream
"""What one scripted request meets."""


def _check_header(name: str, value: str) -> None:
    try:
        line = f"{name}{value}".encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"header {name!r} must be Latin-1 text: {value!r}") from None
    if not name or set(line) & set(b"\r\n"):
        raise ValueError(f"header {name!r} must have a name and one line: {value!r}")


def _check_interval(interval_s: float) -> None:
    if not (math.isfinite(interval_s) and interval_s > 0):
        raise ValueError(f"interval_s must be seconds above 0, not {interval_s!r}")
