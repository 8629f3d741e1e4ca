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

    The last five are unusual but valid HTTP: a good client takes them as a reply.
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
        body: text (sent as UTF-8) or bytes; `None`: a completion for 2xx, nothing
            for 204 and 3xx, an error object from 400 up.

    Raises:
        ValueError: the status is out of range, or a header is not one line of
            Latin-1 text.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | None = None

    def __post_init__(self) -> None:
        if self.status not in range(200, 600):
            raise ValueError(f"status must be 200 to 599, not {self.status!r}")
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

    A body that is longer by itself stays as it is. The filling is made piece by
    piece as the client reads, so a gigabyte costs the upstream no memory.
    """

    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"size must be 0 bytes or more, not {self.size!r}")


Step: TypeAlias = Fault | Answer | SlowHead | SlowBody | Gigantic
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
