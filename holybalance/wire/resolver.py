"""Owns name look-ups that end in time; caches nothing (the system's resolver does)."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
Lookup = Callable[[str, int], list[Address]]


def _getaddrinfo(host: str, port: int) -> list[Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class Resolver:
    """
    Looks names up in threads of their own, since `getaddrinfo` takes no timeout.

    A look-up under way is shared by all who ask for the same name, so a dead name
    server holds one thread a name and not one a call. The threads are daemons: a
    look-up that hangs must not keep the interpreter from ending.
    """

    def __init__(self, lookup: Lookup = _getaddrinfo) -> None:
        self._lookup = lookup
        # Guards `_under_way`.
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Future[list[Address]]] = {}

    def resolve(self, host: str, port: int, timeout_s: float) -> list[Address]:
        """
        Find the addresses of a host.

        Raises:
            OSError: the name does not resolve.
            TimeoutError: the look-up took longer than `timeout_s` seconds.
        """
        if _is_numeric(host):
            return self._lookup(host, port)
        try:
            return self._join(host, port).result(timeout_s)
        except FutureTimeout:
            raise TimeoutError(f"looking up {host} timed out") from None

    def _join(self, host: str, port: int) -> Future[list[Address]]:
        future: Future[list[Address]] = Future()
        try:
            with self._lock:
                shared = self._under_way.setdefault((host, port), future)
            if shared is future:
                self._start(host, port, future)
        except BaseException as error:
            # An interruption too: whoever has joined must not wait for nobody.
            self._give_up(host, port, future, error)
            if not isinstance(error, RuntimeError):
                raise
        return shared

    def _start(self, host: str, port: int, future: Future[list[Address]]) -> None:
        threading.Thread(
            target=self._run,
            args=(host, port, future),
            name=f"holybalance-resolve-{host}",
            daemon=True,
        ).start()

    def _give_up(
        self,
        host: str,
        port: int,
        future: Future[list[Address]],
        reason: BaseException,
    ) -> None:
        self._finish(host, port, future)
        # What a missing thread is to the operating system: no memory of this machine.
        failure = OSError(errno.ENOMEM, str(reason) or type(reason).__name__)
        # The thread may have been started all the same, and done.
        with contextlib.suppress(InvalidStateError):
            future.set_exception(failure)

    def _run(self, host: str, port: int, future: Future[list[Address]]) -> None:
        try:
            addresses = self._lookup(host, port)
        except BaseException as error:  # noqa: BLE001 whoever joined it must be told
            self._finish(host, port, future)
            # A name that cannot be encoded is a UnicodeError, for one.
            failure = error if isinstance(error, OSError) else OSError(str(error))
            with contextlib.suppress(InvalidStateError):
                future.set_exception(failure)
            # The error's traceback holds this frame: leave no cycle.
            del failure, future
        else:
            self._finish(host, port, future)
            with contextlib.suppress(InvalidStateError):
                future.set_result(addresses)

    def _finish(self, host: str, port: int, future: Future[list[Address]]) -> None:
        with self._lock:
            # A look-up that was given up may have a successor by now.
            if self._under_way.get((host, port)) is future:
                self._under_way.pop((host, port), None)


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.strip("[]"))
        except OSError:
            continue
        return True
    return False
