"""Owns one client's connection: requests in, deliveries out, one at a time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Iterator

import httptools

from holybalance.testing.counts import Cell, Tally
from holybalance.testing.delivery import Delivery, Ending
from holybalance.testing.reading import Request
from holybalance.testing.responder import Responder

# SO_LINGER on, for 0 seconds: closing then sends RST instead of FIN (socket(7)).
_LINGER_NOT = struct.pack("ii", 1, 0)
# A client that reads as fast as we write must not keep the others waiting; and many
# small events in one write cost little more than one.
_BYTES_PER_TURN = 65536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestReader:
    """
    Collects whole requests from bytes; the callbacks are httptools' protocol.

    `None` stands for bytes that are no HTTP request.
    """

    def __init__(self) -> None:
        self.requests: deque[Request | None] = deque()
        self.wants_continue = False
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def feed(self, data: memoryview) -> None:
        """Take bytes as they come; whole requests appear in `requests`."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.requests.append(None)

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Note whether the client waits for leave to send its body."""
        expected = self._headers.get(b"expect", b"")
        self.wants_continue = expected.lower() == b"100-continue"

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Put the request together."""
        self.wants_continue = False
        path, _, query = self._url.partition(b"?")
        self.requests.append(
            Request(
                method=self._parser.get_method(),
                path=path,
                query=query,
                headers=self._headers,
                body=b"".join(self._body),
                keep_alive=self._parser.should_keep_alive(),
            )
        )


class Connection(asyncio.BufferedProtocol):
    """
    Answers the requests of one connection in order.

    Args:
        responder: decides what each request gets.
        tally: where connections and answers are counted.
        connections: every open connection; this one enters and leaves by itself.
        buffer: where bytes are received; all connections of one loop may share it,
            as none keeps anything in it. A new one for each receipt, as a plain
            protocol has it, may cost a third of a request in calls of mmap(2).
    """

    def __init__(
        self,
        responder: Responder,
        tally: Tally,
        connections: set[Connection],
        buffer: memoryview,
    ) -> None:
        self._responder = responder
        self._tally = tally
        self._connections = connections
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._delivery: Delivery | None = None
        self._pieces: Iterator[bytes | float] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False
        self._client_is_slow = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self._tally.add(Cell.CONNECTIONS_ACCEPTED)
        self._tally.add(Cell.CONNECTIONS_OPEN)

    def connection_lost(self, _: Exception | None) -> None:
        """Stop what is under way and count what its client did not wait for."""
        if self._timer is not None:
            self._timer.cancel()
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            self._tally.add(Cell.LEFT if self._begun else Cell.ABANDONED)
        self._connections.discard(self)
        self._tally.add(Cell.CONNECTIONS_OPEN, -1)

    def get_buffer(self, _: int) -> memoryview:
        """Give the place to receive bytes in."""
        return self._buffer

    def buffer_updated(self, length: int) -> None:
        """Read requests, and answer the first one if none is being answered."""
        self._reader.feed(self._buffer[:length])
        if self._reader.wants_continue:
            self._reader.wants_continue = False
            self._transport.write(_CONTINUE)
        self._answer_next()

    def pause_writing(self) -> None:
        """Make no more pieces until the client has read some."""
        self._client_is_slow = True

    def resume_writing(self) -> None:
        """Go on where the client's slowness had stopped us."""
        self._client_is_slow = False
        if self._timer is None:
            self._write()

    def abort(self) -> None:
        """Drop the connection with all that is under way."""
        self._transport.abort()

    def _answer_next(self) -> None:
        # A loop, as many short requests at once would else nest as many calls.
        while self._reader.requests and self._delivery is None:
            if self._transport.is_closing():
                return
            request = self._reader.requests.popleft()
            if request is None:
                self._deliver(self._responder.malformed())
            else:
                self._deliver(self._responder.respond(request))

    def _deliver(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._pieces = iter(delivery.pieces)
        self._begun = False
        if delivery.delay_s:
            self._timer = self._loop.call_later(delivery.delay_s, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        assert self._delivery is not None
        # Counted before the first byte, so that whoever has the answer sees it.
        if self._delivery.counted_as is not None:
            self._tally.add(self._delivery.counted_as)
            self._begun = True
        self._timer = None
        self._write()

    def _write(self) -> None:
        self._timer = None
        delivery = self._delivery
        if delivery is None or self._client_is_slow or self._transport.is_closing():
            return
        gathered: list[bytes] = []
        size = 0
        for piece in self._pieces:
            if not isinstance(piece, bytes):
                self._write_and_pause(gathered, piece)
                return
            gathered.append(piece)
            size += len(piece)
            if size >= _BYTES_PER_TURN:
                self._write_and_pause(gathered, 0.0)
                return
        self._transport.write(b"".join(gathered))
        self._end(delivery.ending)

    def _write_and_pause(self, gathered: list[bytes], seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._write)
        self._transport.write(b"".join(gathered))

    def _end(self, ending: Ending) -> None:
        if ending is Ending.STALL:
            return
        self._delivery = None
        if ending is Ending.CLOSE:
            self._transport.close()
        if ending is Ending.RESET:
            self._reset()
        if ending is Ending.KEEP and self._reader.requests:
            self._loop.call_soon(self._answer_next)

    def _reset(self) -> None:
        connected: socket.socket = self._transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()
