"""Owns the beginning and the end of a worker process; run with `python -m`."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator

from holybalance.engine import Engine
from holybalance.errors import HolyBalanceError
from holybalance.launching import frames, handover, open_files
from holybalance.launching.messages import Failed, Orders
from holybalance.launching.station import Station

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(descriptor: int) -> None:
    """
    Work for a parent until it closes its end of the socket, or ends.

    Args:
        descriptor: this end of the socket.
    """
    _leave_signals_to_parent()
    sock = socket.socket(fileno=descriptor)
    inbox = frames.read_frames(sock)
    try:
        station = _make_station(inbox, sock)
    except HolyBalanceError as error:
        sock.sendall(frames.encode(Failed(error)))
        return
    except StopIteration:
        return
    station.run(inbox)
    # Not in the usual way, for nobody wants what the threads are still about.
    os._exit(0)


def _leave_signals_to_parent() -> None:
    # Ctrl-C reaches the whole group, and what it means is for the parent to decide.
    # They are blocked until here, so that none can come too early.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _make_station(inbox: Iterator[bytes], sock: socket.socket) -> Station:
    orders: Orders = frames.decode(next(inbox))
    config = handover.read(next(inbox))
    if orders.open_files is not None:
        open_files.set_limit(orders.open_files)
    return Station(Engine(config), orders, sock)


if __name__ == "__main__":
    main(int(sys.argv[1]))
