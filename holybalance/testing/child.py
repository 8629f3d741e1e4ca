"""Owns the parent's end of one mock upstream process: pipes, signals, its death."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from holybalance.testing import control

_STOP_TIMEOUT_S = 5.0


class Child:
    """
    One server process, from start to reaping.

    Not for several threads at once; its owner holds a lock.

    Args:
        host: the address it is to listen on.
        port: the port it is to listen on; 0: a free one.
        counts: the descriptor of the file that it counts in.
    """

    def __init__(self, *, host: str, port: int, counts: int) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed in _release)
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [
                    *(sys.executable, "-P", "-m", "holybalance.testing.server"),
                    *("--host", host, "--port", str(port), "--counts", str(counts)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                pass_fds=(counts,),
                env=_environment(),
                # In a group of its own it gets no Ctrl-C meant for its parent, and
                # the kernel ends it if the parent dies while it is paused (exit(3p):
                # SIGHUP to a newly orphaned process group with a stopped member).
                process_group=0,
            )
        except BaseException:
            self._complaints.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the process runs; a paused one does."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, command: str, value: object) -> dict[str, Any]:
        """
        Send one command and wait for the answer.

        Raises:
            RuntimeError: the process has ended; the message has its standard error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(
                control.encode({"command": command, "value": value})
            )
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise RuntimeError(
                f"the mock upstream's process ended: {self._complaint()}"
            )
        return control.decode(line)

    def signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        self._process.send_signal(number)

    def wait_until_paused(self) -> None:
        """Return once SIGSTOP has taken effect, which `kill` does not wait for."""
        os.waitpid(self.pid, os.WUNTRACED)

    def kill(self) -> None:
        """End the process at once (SIGKILL) and reap it."""
        self._process.kill()
        self._release()

    def stop(self) -> None:
        """Let the process end by itself, or kill it if it will not."""
        self._close_input()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._release()

    def _release(self) -> None:
        self._process.wait()
        self._close_input()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._complaints.close()

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        # Closing flushes what a dead child can no longer take.
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            return

    def _complaint(self) -> str:
        code = self._process.wait()
        self._complaints.seek(0)
        text = self._complaints.read().decode(errors="replace").strip()
        return text or f"exit code {code}, nothing on its standard error"


def _environment() -> dict[str, str]:
    # What the parent can import the child can, in the same order; scripts and test
    # runners put folders on the path that no environment variable knows.
    # What is no text there is ignored by imports as well.
    texts = [folder for folder in sys.path if isinstance(folder, str)]
    folders = [folder or str(Path.cwd()) for folder in texts]
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
