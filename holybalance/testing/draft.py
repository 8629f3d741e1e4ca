"""Owns the bytes of one answer's head and frame; not what it says or how it is sent."""

from __future__ import annotations

import functools
import http
from typing import NamedTuple

from holybalance.testing.formats.values import Failure, Format, Telling

JSON = "application/json"
HTML = "text/html; charset=utf-8"
EVENTS = "text/event-stream"

CHUNKED = "transfer-encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Frame a part of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Draft(NamedTuple):
    """
    One answer before it is framed.

    Args:
        format: the wire format that it speaks.
        request_id: the request's id, for the header.
        status: the HTTP status.
        body: the body's bytes.
        content_type: the `content-type` header.
        headers: further headers, each a whole line without its end.
        keep_alive: whether the connection is meant to stay open.
        telling: the body as the events of a stream, if it is one.
    """

    format: Format
    request_id: str
    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[str, ...] = ()
    keep_alive: bool = True
    telling: Telling | None = None

    def head(self, *framing: str) -> bytes:
        """The head, with `framing` (whole header lines) to say where the body ends."""
        lines = (*framing, *self.headers)
        if not self.keep_alive:
            lines += ("connection: close",)
        opening = _opening(self.status, self.content_type, self.format.REQUEST_ID)
        return f"{opening}{self.request_id}\r\n{_END.join(lines)}\r\n\r\n".encode(
            "latin-1"
        )

    def whole(self) -> bytes:
        """Head and body, framed by a correct Content-Length."""
        return self.head(f"content-length: {len(self.body)}") + self.body

    def scripted_failure(self, status: int) -> Failure:
        """What an error tells that a script puts in place of this answer."""
        message = "This error was scripted."
        return Failure(status, message, "scripted", self.request_id)


_END = "\r\n"


@functools.cache
def _opening(status: int, content_type: str, request_id: str) -> str:
    phrase = _PHRASES.get(status, "Unknown")
    kind = f"content-type: {content_type}"
    return f"HTTP/1.1 {status} {phrase}\r\n{kind}\r\n{request_id}: "


_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
