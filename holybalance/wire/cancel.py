"""Owns how one thread ends an exchange that another thread waits for."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from holybalance.messages import Fault
from holybalance.wire.faults import WireError


class Cancel:
    """
    Ends one exchange, whether it has begun or not; safe from any thread.

    The socket is shut down, not closed: whoever waits for it wakes up and closes it.
    """

    def __init__(self) -> None:
        # Guards `_sock` and `is_set`, so that only a socket which is still the
        # exchange's is shut down; that waits for nobody.
        self._lock = threading.Lock()
        self._sock: Any = None
        self.is_set = False
        # Whether an upstream may have got the request.
        self.was_attached = False

    def attach(self, sock: Any) -> None:
        """
        Take note that the exchange goes over this socket from here on.

        Raises:
            WireError: it is not wanted any more.
        """
        with self._lock:
            if self.is_set:
                raise WireError(Fault.OUTRUN, "another endpoint was faster")
            self._sock = sock
            self.was_attached = True

    def detach(self) -> None:
        """Take note that the socket is the exchange's no more."""
        with self._lock:
            self._sock = None

    def set(self) -> None:
        """End the exchange."""
        with self._lock:
            self.is_set = True
            if self._sock is not None:
                # Past `ssl`, whose own would take TLS from under the waiting thread.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
