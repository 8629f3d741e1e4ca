"""Owns the parent's end of one worker process: its start, its pipe, what it holds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from holybalance.errors import LocalError
from holybalance.launching import frames
from holybalance.launching.messages import Item, Orders
from holybalance.messages import Verdict
from holybalance.telemetry.report import Report

WORKER_VARIABLE = "HOLYBALANCE_WORKER"
"""Set in workers, which must not launch workers of their own."""
# How long a worker may take to end once its pipe is closed.
_END_S = 2.0


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
        self.has_told = False
        self.report: Report | None = None
        # By position, in the order in which they were given.
        self.held: dict[int, Item] = {}
        self.held_bytes = 0
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _spawn(theirs.fileno())
        except OSError as error:
            ours.close()
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
        """How many more items it wants."""
        return self.credit - len(self.held)

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
        self.held_bytes += sum(len(item) for _, item in items)

    def release(self, position: int) -> Item:
        """Take note that it is done with an item, and give it back."""
        item = self.held.pop(position)
        self.held_bytes -= len(item)
        return item

    def begun(self) -> list[int]:
        """Give the positions whose calls may be under way: it takes them in order."""
        return list(islice(self.held, self.threads))

    def kill(self) -> int:
        """End it at once and reap it; give its exit code."""
        self.pipe.close()
        self._process.kill()
        return self._process.wait()

    def end(self) -> None:
        """Let it end by itself, now that its pipe is closed, or kill it."""
        self.pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _spawn(descriptor: int) -> subprocess.Popen[bytes]:
    """
    Start a worker with fresh memory: no thread, lock or socket of ours but its pipe.

    Not by `multiprocessing`, whose children import the parent's script again: a script
    without a guard would launch launchers, and one from standard input none at all.
    """
    command = [sys.executable, "-P", "-m", "holybalance.launching.worker"]
    blocked = signal.pthread_sigmask(
        signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM)
    )  # inherited, until the worker can ignore them
    try:
        return subprocess.Popen(  # noqa: S603 our own interpreter and module
            [*command, str(descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(descriptor,),
            env=_environment(),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _environment() -> dict[str, Any]:
    # What the parent can import the worker can, in the same order; scripts and test
    # runners put folders on the path that no environment variable knows.
    folders = [folder or str(Path.cwd()) for folder in sys.path]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(folders),
        WORKER_VARIABLE: str(os.getpid()),
    }
