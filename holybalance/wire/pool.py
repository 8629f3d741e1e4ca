"""
Owns the kept-alive connections to one peer: urllib3's pool, on a lock-free stack.

urllib3 decides what a dropped connection is and how a proxy's tunnel is asked for;
deadlines are `connection`'s.
"""

from __future__ import annotations

import base64
import math
import queue
import ssl
import urllib.parse
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from holybalance.messages import Fault
from holybalance.wire.connection import (
    IDLE_EXPIRY_S,
    SOCKET_OPTIONS,
    PlainConnection,
    Surroundings,
    TLSConnection,
)
from holybalance.wire.faults import WireError, connect_fault


class _IdleConnections:
    """
    urllib3's pool queue as a stack that starts empty and waits for nobody.

    A `deque`'s `append` and `pop` are atomic, so no lock is needed. The youngest is
    used first; the oldest is at the bottom, and is closed there when it expires.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._stack: deque[Any] = deque()

    def get(self, block: bool = False, timeout: float | None = None) -> Any:
        """Take the youngest connection, or raise `queue.Empty` at once."""
        try:
            return self._stack.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, connection: Any, block: bool = False) -> None:
        """Keep a connection; `None` is urllib3's way to say "room for one"."""
        if connection is None:
            return
        if len(self._stack) >= self._maxsize:
            raise queue.Full
        self._stack.append(connection)

    def expire(self, before: float) -> None:
        """Close the connections that have been idle since before an instant."""
        try:
            while self._stack[0].idle_since < before:
                self._stack.popleft().close()
        except IndexError:
            return

    def qsize(self) -> int:
        """Count the idle connections."""
        return len(self._stack)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection
    QueueCls: Any = _IdleConnections


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = TLSConnection
    QueueCls: Any = _IdleConnections


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """
    Whom a pool connects to.

    Args:
        proxy: an `http://` proxy's URL, which may hold a user and a password.
        tls: verifies the peer; `None` for plain HTTP.
        max_idle: connections to keep.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    proxy: str | None = field(repr=False)
    max_idle: int

    def __str__(self) -> str:
        place = f"{self.host}:{self.port}"
        if self.proxy is None:
            return place
        proxy = urllib.parse.urlsplit(self.proxy)
        return f"{place} through the proxy {proxy.hostname}:{proxy.port}"


class ConnectionPool:
    """urllib3's pool of one peer, with what a caller has to do by hand done."""

    def __init__(self, peer: Peer, surroundings: Surroundings) -> None:
        self._peer = peer
        self._clock = surroundings.clock
        self._pool = _make_pool(peer, surroundings)
        self._idle: Any = self._pool.pool

    def checkout(self) -> Any:
        """
        Take a connection: an idle one that still lives, else one not yet connected.

        Raises:
            WireError: the pool is closed.
        """
        try:
            return self._pool._get_conn()  # noqa: SLF001 the pool's own seam
        except urllib3.exceptions.ClosedPoolError as error:
            raise WireError(Fault.GIVEN_UP, "the client was closed") from error

    def connect(self, connection: Any, deadline: float) -> None:
        """
        Connect a connection that is not connected.

        Raises:
            WireError: it failed, or the deadline came first.
        """
        peer = self._peer
        where = str(peer)
        connection.deadline = deadline
        connection.timeout = max(deadline - self._clock(), 0.001)
        try:
            if peer.proxy is not None and peer.tls is not None:
                self._pool._prepare_proxy(connection)  # noqa: SLF001 the same
            else:
                connection.connect()
            connection.ready()
        except TimeoutError as error:
            connection.close()
            raise WireError(
                Fault.UNREACHABLE, f"connecting to {where} timed out"
            ) from error
        except WireError:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            raise connect_fault(error, where) from error
        except urllib3.exceptions.HTTPError as error:
            connection.close()
            raise connect_fault(OSError(str(error)), where) from error
        except BaseException:
            connection.close()
            raise

    def checkin(self, connection: Any) -> None:
        """Give back a connection that may be used again."""
        now = self._clock()
        connection.idle_since = now
        self._pool._put_conn(connection)  # noqa: SLF001 the same
        # A pool that was closed meanwhile keeps nothing, this connection included.
        is_closed = self._pool.pool is None
        self._idle.expire(math.inf if is_closed else now - IDLE_EXPIRY_S)

    def idle(self) -> int:
        """Count the idle connections."""
        count: int = self._idle.qsize()
        return count

    def close(self) -> None:
        """Close the idle connections; those in use are closed when given back."""
        self._pool.close()


def proxy_headers(proxy: str | None) -> dict[str, str]:
    """Make the header that logs in to a proxy, where its URL says how."""
    login, at, _ = urllib.parse.urlsplit(proxy or "").netloc.rpartition("@")
    if not at:
        return {}
    credentials = base64.b64encode(urllib.parse.unquote_to_bytes(login))
    return {"proxy-authorization": f"Basic {credentials.decode()}"}


def _make_pool(peer: Peer, surroundings: Surroundings) -> Any:
    options: dict[str, Any] = {
        "maxsize": peer.max_idle,
        "socket_options": SOCKET_OPTIONS,
        "surroundings": surroundings,
    }
    proxy = None if peer.proxy is None else _proxy_url(peer.proxy)
    if peer.tls is not None:
        headers = proxy_headers(peer.proxy)
        return _TLSPool(
            peer.host,
            peer.port,
            _proxy=proxy,
            _proxy_headers=headers,
            ssl_context=peer.tls,
            **options,
        )
    if proxy is not None:
        # Plain HTTP goes through a proxy by an absolute target, not by a tunnel.
        return _PlainPool(proxy.host or "", proxy.port or 80, **options)
    return _PlainPool(peer.host, peer.port, **options)


def _proxy_url(proxy: str) -> urllib3.util.Url:
    # Not by urllib3's parser: what it refuses, it shows with the password in it.
    parts = urllib.parse.urlsplit(proxy)
    return urllib3.util.Url(scheme="http", host=parts.hostname, port=parts.port)
