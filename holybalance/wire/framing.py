"""Owns HTTP/1.1 framing of one response, strictly: httptools parses, we keep count."""

from __future__ import annotations

from typing import Any

import httptools

from holybalance.messages import Fault
from holybalance.wire.faults import WireError

MAX_HEAD_BYTES = 64 * 1024
# A chunk of one byte takes six ("1\r\nx\r\n"); no body needs more framing than that.
CHUNKED_BYTES = 6

Headers = dict[bytes, bytes]


class _SurplusError(Exception):
    """Bytes came after the end of the response."""


class ResponseParser:
    """
    Takes a response's bytes as they come and hands out its head and its body.

    Lengths that contradict the body, bytes after the end, and anything over the byte
    caps raise `WireError`; so a body that is `complete` is the whole one.
    """

    __slots__ = (
        "_body_bytes",
        "_max_body_bytes",
        "_parser",
        "chunks",
        "complete",
        "headers",
        "on_body",
        "on_header",
        "received",
        "reusable",
        "status",
    )

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._body_bytes = 0
        self.headers: Headers = {}
        self.chunks: list[bytes] = []
        self.status = 0
        self.received = 0
        self.complete = False
        self.reusable = False
        # Methods of the containers themselves spare a Python frame for each header
        # and piece. Of headers that come twice the last counts; what frames the body
        # may not come twice, and llhttp sees to that.
        self.on_header = self.headers.__setitem__
        self.on_body = self.chunks.append
        self._parser: Any = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """
        Take the next bytes that were read.

        Raises:
            WireError: they break HTTP, or go over a cap.
        """
        self.received += len(data)
        known = len(self.chunks)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise self._garbled(error) from error
        except httptools.HttpParserUpgrade as error:
            raise self._refused("the upstream switched protocols unasked") from error
        self._body_bytes += sum(map(len, self.chunks[known:]))
        self._check_caps()

    def end(self) -> None:
        """
        Take note that the peer closed the connection.

        Raises:
            WireError: the response was not complete.
        """
        if self.complete:
            return
        if self.status and not self._is_framed():
            self.complete = True
            return
        raise cut(self.received, "the upstream closed the connection")

    def take(self) -> bytes:
        """Hand out the body's bytes that have come since the last time."""
        chunks = self.chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        return data

    def discard(self) -> None:
        """Let go of httptools' parser, which refers back: leave no cycle."""
        self._parser = None

    # httptools calls these by name.

    def on_message_begin(self) -> None:
        """Refuse a second response where one was asked for."""
        if self.complete:
            raise _SurplusError

    def on_headers_complete(self) -> None:
        """Note the status; an interim one (1xx) is not it (RFC 9110 §15.2)."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers.clear()
        else:
            self.status = status

    def on_message_complete(self) -> None:
        """Note the end; an interim response has none of its own."""
        self.complete = self.status != 0
        self.reusable = self.complete and self._parser.should_keep_alive()

    def _check_caps(self) -> None:
        if self._body_bytes > self._max_body_bytes:
            raise self._refused(
                f"the response is over {self._max_body_bytes} bytes "
                "(max_response_bytes)"
            )
        if self.received > MAX_HEAD_BYTES + CHUNKED_BYTES * self._body_bytes:
            raise self._refused(
                f"the response's head and trailers are over {MAX_HEAD_BYTES} bytes"
            )

    def _is_framed(self) -> bool:
        names = {name.lower() for name in self.headers}
        framing = {b"content-length", b"transfer-encoding"}
        return bool(names & framing) or self.status in (204, 304)

    def _garbled(self, error: Exception) -> WireError:
        raised = error.__context__
        if raised is not None and not isinstance(raised, _SurplusError):
            # httptools turns all that its callbacks raise into an error of its own;
            # what a signal handler raised there is not the upstream's fault.
            self.reusable = False
            raise raised
        if self.complete:
            return self._refused(
                "the upstream sent bytes after the end of its response"
            )
        return self._refused(f"the response is not valid HTTP: {error}")

    def _refused(self, reason: str) -> WireError:
        # The response may have been complete before that; its connection is not sound.
        self.reusable = False
        return WireError(Fault.GARBLED, reason)


def cut(received: int, reason: str) -> WireError:
    """Say what an early end means: nothing came, or a part."""
    if received:
        return WireError(
            Fault.CUT, f"{reason} in the middle of its response ({received} bytes came)"
        )
    return WireError(Fault.NO_ANSWER, f"{reason} without an answer")
