"""Owns the parent's end of one worker process: its start, its pipe, what it holds."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path

from holybalance.errors import LocalError
from holybalance.launching import frames
from holybalance.launching.growth import FIRST_THREADS
from holybalance.launching.messages import (
    WORKER_SIGNALS,
    WORKER_VARIABLE,
    Item,
    Orders,
)
from holybalance.messages import Verdict
from holybalance.telemetry.report import Report

# glibc reserves 64 MB of address space for each of up to eight arenas a core, so that
# threads may allocate at once; under the interpreter's lock few of them ever do.
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
# Of items that a worker holds ahead of its threads: they may be large.
_MOST_HELD_BYTES = 8 * 1024 * 1024


class WorkerProcess:
    """
    One worker, from its start to its reaping; it holds what it was given.

    Args:
        part: its place among the workers, from 0.
        orders: how many threads, how fast.
        config: written by `handover`.

    Raises:
        LocalError: this machine cannot start a process.
    """

    def __init__(self, part: int, orders: Orders, config: bytes) -> None:
        self.part = part
        self.is_ready = False
        self.credit = 0
        self.threads = 0
        self.limit = orders.threads or min(FIRST_THREADS, orders.most_threads)
        self.report: Report | None = None
        self.is_asked = False
        # By position, in the order in which they were given.
        self.held: dict[int, Item] = {}
        self._held_bytes = 0
        try:
            self._process, ours = _spawn()
        except OSError as error:
            raise LocalError(
                f"cannot start a worker process: {error}; lower processes, or raise "
                "what the machine allows",
                verdict=Verdict.LOCAL,
            ) from error
        self.pipe = frames.ParentEnd(ours)
        self.send(frames.encode(orders) + frames.frame(config))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def room(self) -> int:
        """How many more items it is to get; what is ahead of its threads is bounded."""
        is_laden = self._held_bytes > _MOST_HELD_BYTES
        return (self.limit if is_laden else self.credit) - len(self.held)

    def send(self, data: bytes) -> None:
        """Send frames; that it has gone is noticed where it is read from."""
        try:
            self.pipe.send(data)
        except OSError:
            return

    def send_rest(self) -> None:
        """Send what waits for room in the pipe; likewise."""
        try:
            self.pipe.send_rest()
        except OSError:
            return

    def hold(self, items: list[tuple[int, Item]]) -> None:
        """Take note of what it was given."""
        self.held.update(items)
        self._held_bytes += sum(len(item) for _, item in items)

    def release(self, position: int) -> Item:
        """Take note that it is done with an item, and give it back."""
        item = self.held.pop(position)
        self._held_bytes -= len(item)
        return item

    def release_all(self) -> None:
        """Take note that nobody wants what it holds any more."""
        self.held.clear()
        self._held_bytes = 0

    def begun(self) -> list[int]:
        """Give the positions whose calls may be under way: it takes them in order."""
        return list(islice(self.held, self.limit))

    def end(self, seconds: float) -> int:
        """Let it end by itself, or kill it after so long; give its exit code."""
        self.pipe.close()
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _spawn() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """
    Start a worker with fresh memory: no thread, lock or socket of ours but its pipe.

    Not by `multiprocessing`, whose children import the parent's script again: a script
    without a guard would launch launchers, and one from standard input none at all.

    Returns:
        The process, and our end of its pipe.
    """
    command = [sys.executable, "-P", "-m", "holybalance.launching.worker"]
    with contextlib.ExitStack() as stack:
        ours, theirs = map(stack.enter_context, map(_above_stdio, socket.socketpair()))
        # Inherited, until the worker can ignore them.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, WORKER_SIGNALS)
        try:
            process = subprocess.Popen(  # noqa: S603 our own interpreter and module
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()
        stack.pop_all()
    return process, ours


def _above_stdio(sock: socket.socket) -> socket.socket:
    """Keep a socket off the numbers of standard streams, of which one may be closed."""
    if sock.fileno() > 2:
        return sock
    with sock:
        return socket.socket(
            fileno=fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, 3)
        )


def _environment() -> dict[str, str]:
    # What the parent can import the worker can, in the same order; scripts and test
    # runners put folders on the path that no environment variable knows.
    # What is no text there is ignored by imports as well.
    texts = [folder for folder in sys.path if isinstance(folder, str)]
    folders = [folder or str(Path.cwd()) for folder in texts]
    ours = {"PYTHONPATH": os.pathsep.join(folders), WORKER_VARIABLE: str(os.getpid())}
    return _FEW_ARENAS | os.environ | ours
