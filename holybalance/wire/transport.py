"""
Owns one HTTP exchange with one peer: a request out, an answer in, exactly in time.

One read loop serves whole answers and streams alike. What an answer means is the
wire format's concern; whether to try again is the balancer's.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from holybalance.messages import Fault
from holybalance.wire.cancel import Cancel
from holybalance.wire.connection import Surroundings
from holybalance.wire.faults import WireError
from holybalance.wire.framing import Headers, ResponseParser, cut
from holybalance.wire.pool import ConnectionPool, Peer, proxy_headers

# A kept-alive connection that was dead shows it within a round trip. One that breaks
# later had reached somebody, and what it carried may have been worked on.
STALE_WITHIN_S = 1.0
# Paths may have names of models in them; the heads of so many requests are kept.
MANY_HEADS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    Where requests go and how; times in seconds.

    Args:
        base_url: `http(s)://host[:port][/path]`, without a trailing slash.
        headers: sent with each request; checked before they get here.
        proxy: an `http://` proxy's URL, or `None`.
        tls: verifies the peer of an `https://` base URL.
        replace_stale: may a request be sent again, once, on a fresh connection when
            a kept-alive one turns out to be dead?
    """

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    proxy: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    connect_timeout: float = 5.0
    max_response_bytes: int = 64 * 1024 * 1024
    max_idle: int = 200
    replace_stale: bool = True


class Response(NamedTuple):
    """
    A complete HTTP response; header names are lower-case.

    `connect_s` are the seconds that connecting took, TLS and the look-up included; 0
    where a kept-alive connection served.
    """

    status: int
    headers: Headers
    body: bytes
    connect_s: float = 0.0


class Transport:
    """
    Speaks HTTP/1.1 to one peer over kept-alive connections; safe from any thread.

    Redirects are never followed and `.netrc` is never read: a key goes to the host
    that it was configured for, and to no other.
    """

    def __init__(self, target: Target, surroundings: Surroundings) -> None:
        self._target = target
        self._clock = surroundings.clock
        url = urlsplit(target.base_url)
        secure = url.scheme == "https"
        peer = Peer(
            host=url.hostname or "",
            port=url.port or (443 if secure else 80),
            tls=target.tls if secure else None,
            proxy=target.proxy,
            max_idle=target.max_idle,
        )
        self._pool = ConnectionPool(peer, surroundings)
        self._heads: dict[tuple[str, str], bytes] = {}
        # Guards `stale_connections`.
        self._lock = threading.Lock()
        self.stale_connections = 0

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        deadline: float,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """
        Send a request and read the whole answer.

        Args:
            path: appended to the base URL.
            deadline: an instant of the clock at which it is all over.
            headers: of this request alone; they replace those of the same name.

        Raises:
            WireError: anything but a complete response.
        """
        with self.open(method, path, body, deadline, headers) as exchange:
            return exchange.whole()

    def open(
        self,
        method: str,
        path: str,
        body: bytes,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        *,
        cancel: Cancel | None = None,
    ) -> Exchange:
        """
        Send a request and read the answer's head; the caller closes the exchange.

        Takes what `exchange` does, and what may end it from another thread.

        Raises:
            WireError: the request could not be sent, or no whole head came.
        """
        head = self._head(method, path, headers)
        payload = b"%b%d\r\n\r\n%b" % (head, len(body), body)
        connection = self._pool.checkout()
        try:
            return self._open_on(connection, payload, deadline, cancel)
        except BaseException:
            # Whatever ends it, an interruption too, nobody else would close it.
            connection.close()
            raise

    def _open_on(
        self, connection: Any, payload: bytes, deadline: float, cancel: Cancel | None
    ) -> Exchange:
        if connection.sock is None:
            return self._open_anew(connection, payload, deadline, cancel)
        started = self._clock()
        try:
            return self._begin(connection, payload, deadline, cancel)
        except WireError as error:
            if not self._is_stale(error, started):
                raise
        with self._lock:
            self.stale_connections += 1
        return self._open_anew(connection, payload, deadline, cancel)

    def _open_anew(
        self, connection: Any, payload: bytes, deadline: float, cancel: Cancel | None
    ) -> Exchange:
        connect_s = self._connect(connection, deadline)
        exchange = self._begin(connection, payload, deadline, cancel)
        exchange.connect_s = connect_s
        return exchange

    def idle_connections(self) -> int:
        """Count the connections that wait for a next request."""
        return self._pool.idle()

    def close(self) -> None:
        """Close idle connections now, and those in use when they are done."""
        self._pool.close()

    def _connect(self, connection: Any, deadline: float) -> float:
        """Connect, and give the seconds that it took."""
        started = self._clock()
        until = min(deadline, started + self._target.connect_timeout)
        self._pool.connect(connection, until)
        return self._clock() - started

    def _begin(
        self, connection: Any, payload: bytes, deadline: float, cancel: Cancel | None
    ) -> Exchange:
        connection.deadline = deadline
        most = self._target.max_response_bytes
        exchange = Exchange(connection, self._pool, most, cancel)
        try:
            if cancel is not None:
                cancel.attach(connection.sock)
            exchange.begin(payload)
        except BaseException:
            exchange.close()
            raise
        return exchange

    def _is_stale(self, error: WireError, started: float) -> bool:
        return (
            self._target.replace_stale
            and error.fault in (Fault.BROKEN, Fault.NO_ANSWER)
            and self._clock() - started < STALE_WITHIN_S
        )

    def _head(self, method: str, path: str, headers: Mapping[str, str] | None) -> bytes:
        if headers:
            return _request_head(self._target, method, path, headers)
        head = self._heads.get((method, path))
        if head is None:
            if len(self._heads) >= MANY_HEADS:
                self._heads.clear()
            head = _request_head(self._target, method, path, {})
            self._heads[method, path] = head
        return head


class Exchange:
    """One request under way; a context manager that frees the connection at its end."""

    __slots__ = (
        "_cancel",
        "_connection",
        "_is_sent",
        "_parser",
        "_pool",
        "connect_s",
        "headers",
    )

    def __init__(
        self,
        connection: Any,
        pool: ConnectionPool,
        max_bytes: int,
        cancel: Cancel | None = None,
    ) -> None:
        self._cancel = cancel
        self._connection = connection
        self._pool = pool
        self._parser = ResponseParser(max_bytes)
        self._is_sent = False
        self.connect_s = 0.0
        self.headers: Headers = self._parser.headers

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self._parser.status

    def begin(self, payload: bytes) -> None:
        """Send the request and read until the answer's head is complete."""
        try:
            self._is_sent = self._connection.transmit(payload)
        except OSError as error:
            # It may have answered before it hung up, as with a body that is too big.
            if not self._has_answered():
                raise WireError(
                    Fault.BROKEN, f"the connection broke while sending: {error}"
                ) from error
        while not self._parser.status:
            self._fill()

    def read(self) -> bytes:
        """Read the rest of the body."""
        parser = self._parser
        while not parser.complete:
            self._fill()
        return parser.take()

    def whole(self) -> Response:
        """Read the whole answer."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Response(self.status, headers, self.read(), self.connect_s)

    def piece(self, until: float) -> bytes:
        """
        Read what has come of the body, waiting for a byte; empty at its end.

        Args:
            until: an instant of the clock, in place of the deadline so far.
        """
        parser = self._parser
        self._connection.deadline = until
        while not parser.chunks:
            if parser.complete:
                return b""
            self._fill()
        return parser.take()

    def close(self) -> None:
        """Give the connection back, or close it when its answer was not read whole."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._cancel is not None:
            self._cancel.detach()
        if self._is_sent and self._parser.complete and self._parser.reusable:
            self._pool.checkin(connection)
        else:
            connection.close()
        self._parser.discard()

    def _fill(self) -> None:
        parser = self._parser
        try:
            data = self._connection.receive()
        except OSError as error:
            raise cut(parser.received, f"the connection broke ({error})") from error
        if data:
            parser.feed(data)
        else:
            parser.end()

    def _has_answered(self) -> bool:
        try:
            while not self._parser.status:
                self._fill()
        except WireError:
            return False
        return True


def _request_head(
    target: Target, method: str, path: str, more: Mapping[str, str]
) -> bytes:
    """Write all of the head but the value of Content-Length, which comes last."""
    url = urlsplit(target.base_url)
    where = f"{url.path}{path}"
    replaced = {name.lower() for name in more}
    usual = {
        name: v for name, v in target.headers.items() if name.lower() not in replaced
    }
    headers = {"Host": url.netloc, **usual, **more}
    if target.proxy is not None and url.scheme == "http":
        where = f"{target.base_url}{path}"
        headers |= proxy_headers(target.proxy)
    lines = [f"{method} {where} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Content-Length: "]).encode("ascii")
