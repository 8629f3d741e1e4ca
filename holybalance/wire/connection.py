"""
Owns one connection: urllib3's, with one deadline over all that is done on it.

urllib3 keeps TLS and proxies. Its `urlopen` is not used: its timeouts start anew with
every byte, and it costs three times the CPU of `transport`.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from holybalance.messages import Fault
from holybalance.wire.faults import WireError
from holybalance.wire.framing import ResponseParser, cut
from holybalance.wire.resolver import Address, Resolver

IDLE_EXPIRY_S = 30.0
# A buffer of this size, freed and made again for every read, stays within what malloc
# keeps at hand; one of 64 KiB cost a system call and 15 % of a call's CPU.
READ_BYTES = 16384
# A waiting call looks this often, in seconds, whether its client was closed or the
# interpreter is ending: short enough to end with, long enough to cost nothing.
GLANCE_S = 1.0

_KEEPALIVE_IDLE = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", 0))
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    # A long answer is long silence: without probes, a peer that vanished (or a NAT
    # that forgot) is noticed only at the deadline.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *([(socket.IPPROTO_TCP, _KEEPALIVE_IDLE, 30)] if _KEEPALIVE_IDLE else []),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """
    What a connection needs to know besides its peer.

    Args:
        clock: monotonic seconds, the clock of all deadlines.
        resolver: looks names up.
        is_given_up: asked about once a second while waiting; true ends the wait.
    """

    clock: Callable[[], float] = time.monotonic
    resolver: Resolver
    is_given_up: Callable[[], bool]


class _DeadlineMixin:
    """
    Sends and reads on a non-blocking socket, each wait bounded by one deadline.

    `deadline` is an instant of `surroundings.clock`; it is set anew for each request.
    """

    sock: Any
    timeout: Any
    host: str
    port: int
    socket_options: Any
    _dns_host: str
    _tunnel_host: str | None
    _tunnel_port: int | None
    _tunnel_headers: dict[str, str]

    def __init__(self, *args: Any, surroundings: Surroundings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._surroundings = surroundings
        self._clock = surroundings.clock
        self._readable: Any = None
        self._pending: Callable[[], int] | None = None
        # What `transmit` read of an answer; `receive` gives it first.
        self._early: bytes | None = None
        self.deadline = 0.0
        self.idle_since = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the idle connection is usable: bytes or an end make it not so."""
        if self.sock is None or self._readable is None:
            return False
        if self._clock() - self.idle_since > IDLE_EXPIRY_S:
            return False
        return not self._readable.poll(0)

    def ready(self) -> None:
        """Turn to non-blocking reads and writes, once connected."""
        self.sock.setblocking(False)
        self._pending = getattr(self.sock, "pending", None)
        self._readable = select.poll()
        self._readable.register(self.sock, select.POLLIN)

    def close(self) -> None:
        """Close the socket; the connection may be connected again."""
        self._readable = self._pending = self._early = None
        super().close()  # type: ignore[misc]  # the mixin's base is urllib3's class

    def transmit(self, data: bytes) -> bool:
        """
        Send `data`, and tell whether all of it was sent before an answer came.

        A peer that answers and reads no further (a body is too big for it, say) would
        otherwise be waited for until the deadline.

        Raises:
            OSError: the connection broke.
            WireError: the deadline came first, or the client was closed.
        """
        sent = self._send_some(data)
        if sent == len(data):
            return True
        rest = memoryview(data)[sent:]
        either = select.poll()
        either.register(self.sock, select.POLLOUT | select.POLLIN)
        while rest:
            ready = self._wait(either, "sending the request")
            if self._is_answer(ready):
                return False
            rest = rest[self._send_some(rest) :]
        return True

    def _is_answer(self, ready: int) -> bool:
        """Tell whether an answer has begun, from what the poll of the socket gave."""
        if self._pending is None:
            return not ready & ~select.POLLIN
        if not ready & select.POLLIN:
            return False
        # With TLS, bytes to read may be the protocol's own; only reading them tells.
        try:
            self._early = self.sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            sent: int = self.sock.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        return sent

    def receive(self) -> bytes:
        """
        Read what has come, waiting for at least a byte; empty at the peer's end.

        Raises:
            OSError: the connection broke.
            WireError: the deadline came first, or the client was closed.
        """
        if self._early is not None:
            early, self._early = self._early, None
            return early
        while True:
            if self._pending is None or not self._pending():
                self._wait(self._readable, "waiting for the answer")
            try:
                data: bytes = self.sock.recv(READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            return data

    def _wait(self, poller: Any, doing: str) -> int:
        ready = self._events(poller, self.deadline, doing)
        if not ready:
            raise WireError(Fault.DEADLINE, f"the time was up while {doing}")
        return ready

    def _events(self, poller: Any, until: float, doing: str) -> int:
        """Wait for the poller's one socket; give its events, 0 when time is up."""
        while True:
            remaining = until - self._clock()
            if remaining <= 0:
                return 0
            ready: list[tuple[int, int]] = poller.poll(min(remaining, GLANCE_S) * 1000)
            if ready:
                return ready[0][1]
            self._check_wanted(doing)

    def _check_wanted(self, doing: str) -> None:
        if self._surroundings.is_given_up():
            raise WireError(Fault.GIVEN_UP, f"the client was closed while {doing}")

    # What follows replaces urllib3's or http.client's own, which bound each step by
    # the same timeout and not all steps together.

    def _remaining(self) -> float:
        remaining = self.deadline - self._clock()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining

    def _new_conn(self) -> socket.socket:
        addresses = self._look_up()
        error: OSError = OSError(f"{self._dns_host} has no address")
        for position, address in enumerate(addresses):
            # An address that swallows packets leaves time for those after it.
            share = self._remaining() / (len(addresses) - position)
            try:
                return self._connect(address, share)
            except OSError as failure:
                error = failure
        try:
            raise error
        finally:
            # Its traceback holds this frame, and by that the caller's with the prompt.
            del error

    def _look_up(self) -> list[Address]:
        resolve = self._surroundings.resolver.resolve
        while True:
            remaining = self._remaining()
            try:
                return resolve(self._dns_host, self.port, min(remaining, GLANCE_S))
            except TimeoutError:
                if remaining <= GLANCE_S:
                    raise
                self._check_wanted("looking up the host")

    def _connect(self, address: Any, timeout_s: float) -> socket.socket:
        family, kind, protocol, _, where = address
        sock = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            self._reach(sock, where, timeout_s)
            # The TLS handshake that may follow is bounded by this as a whole.
            sock.settimeout(self._remaining())
        except BaseException:
            sock.close()
            raise
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock

    def _reach(self, sock: socket.socket, where: Any, timeout_s: float) -> None:
        sock.setblocking(False)
        code = sock.connect_ex(where)
        if code == errno.EINPROGRESS:
            writable = select.poll()
            writable.register(sock, select.POLLOUT)
            until = self._clock() + timeout_s
            if not self._events(writable, until, "connecting"):
                raise TimeoutError("timed out")
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _tunnel(self) -> None:
        host = self._tunnel_host or ""
        # An address of IPv6, which http.client took out of its brackets.
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        target = f"{host}:{self._tunnel_port}"
        # Python 3.12 and newer put a Host of their own among the headers.
        headers = {**self._tunnel_headers, "Host": target}
        lines = [f"CONNECT {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        status = self._read_tunnel_status()
        if not 200 <= status < 300:
            raise OSError(f"the proxy refused the tunnel with status {status}")
        # The TLS handshake comes next, and what is left is less than it was.
        self.sock.settimeout(self._remaining())

    def _read_tunnel_status(self) -> int:
        parser = ResponseParser(0)
        try:
            while not parser.status:
                self.sock.settimeout(self._remaining())
                # One byte at a time: what follows the head belongs to TLS.
                data = self.sock.recv(1)
                if not data:
                    raise OSError(str(cut(parser.received, "the proxy hung up")))
                parser.feed(data)
        except WireError as error:
            # Nothing was sent to the upstream, so it is not the upstream's answer.
            raise OSError(f"the proxy does not answer: {error.message}") from error
        finally:
            parser.discard()
        return parser.status


class PlainConnection(_DeadlineMixin, HTTPConnection):
    """A TCP connection with exact deadlines."""


class TLSConnection(_DeadlineMixin, HTTPSConnection):
    """A verified TLS connection with exact deadlines."""
