"""Owns the beginning and the end of a worker process; run with `python -m`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from holybalance.engine import Engine
from holybalance.errors import HolyBalanceError
from holybalance.launching import frames, handover, open_files
from holybalance.launching.messages import WORKER_SIGNALS, Failed, Orders
from holybalance.launching.station import Station

# Of a thousand threads the usual 8 MB each would be 8 GB of address space, which some
# machines bound. What the deepest JSON and a TLS handshake need is a quarter of this.
_STACK_BYTES = 1024 * 1024


def main(descriptor: int) -> None:
    """
    Work for a parent until it closes its end of the socket, or ends.

    Args:
        descriptor: this end of the socket.
    """
    _leave_signals_to_parent()
    threading.stack_size(_STACK_BYTES)
    sock = socket.socket(fileno=descriptor)
    inbox = frames.read_frames(sock)
    try:
        station = _make_station(inbox, sock)
    except HolyBalanceError as error:
        with contextlib.suppress(OSError):  # another's failure came first
            sock.sendall(frames.encode(Failed(error)))
        return
    except StopIteration:
        return
    station.run(inbox)
    station.leave()
    # Not in the usual way, for nobody wants what the threads are still about.
    os._exit(0)


def _leave_signals_to_parent() -> None:
    # Ctrl-C reaches the whole group, and what it means is for the parent to decide.
    # They are blocked until here, so that none can come too early.
    for number in WORKER_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WORKER_SIGNALS)


def _make_station(inbox: Iterator[bytes], sock: socket.socket) -> Station:
    orders: Orders = frames.decode(next(inbox))
    config = handover.read(next(inbox))
    show: Any = _tell if orders.warns else _keep_quiet
    warnings.showwarning = show
    if orders.open_files is not None:
        open_files.set_limit(orders.open_files)
    return Station(Engine(config), orders, sock)


def _tell(message: Warning | str, *_: object) -> None:
    # Without the place in the code, which is a thread's beginning and tells nothing.
    sys.stderr.write(f"holybalance: {message}\n")


def _keep_quiet(*_: object) -> None:
    """Leave it to the first worker to tell what all of them notice."""


if __name__ == "__main__":
    main(int(sys.argv[1]))
