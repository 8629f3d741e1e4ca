"""Owns the one exception of the wire, and what an operating system's errors mean."""

from __future__ import annotations

import errno
import os
import ssl

from holybalance.messages import Fault

# This machine, not the upstream, has run out of something: descriptors, buffers,
# memory, or (EADDRNOTAVAIL on connect) ephemeral ports.
LOCAL_ERRNOS = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,
    }
)


class WireError(Exception):
    """An exchange that failed below HTTP; never leaves `holybalance`."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message


def connect_fault(error: OSError, where: str) -> WireError:
    """Say what a failed connect, TLS handshake or look-up means."""
    if error.errno in LOCAL_ERRNOS or _out_of_descriptors():
        reason = error.strerror or str(error)
        return WireError(
            Fault.LOCAL,
            f"cannot open a connection to {where}: {reason}; "
            "raise the limits of open files and of processes (ulimit -n, -u) or lower "
            "max_in_flight",
        )
    kind = "TLS failed" if isinstance(error, ssl.SSLError) else "cannot connect"
    return WireError(Fault.UNREACHABLE, f"{kind} to {where}: {error}")


def _out_of_descriptors() -> bool:
    """
    Tell whether a new file descriptor can be had.

    `getaddrinfo` and TLS report a missing descriptor as their own failure, so the
    error number alone would blame the upstream's name server.
    """
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    except OSError as error:
        return error.errno in LOCAL_ERRNOS
    os.close(descriptor)
    return False
