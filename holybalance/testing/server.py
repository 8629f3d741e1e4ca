"""Owns the mock upstream's process: listening, obeying its parent, and ending."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable

from holybalance.testing import control
from holybalance.testing.address import base_url
from holybalance.testing.behaviour import Behaviour
from holybalance.testing.connection import Connection
from holybalance.testing.counts import Counts, Tally
from holybalance.testing.responder import Responder

# A burst of connections from a whole load test fits; the kernel may cut it down.
_BACKLOG = 4096
_BUFFER_BYTES = 65536


def serve(
    behaviour: Behaviour,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    on_ready: Callable[[str], object] | None = None,
) -> Counts:
    """
    Be a mock upstream in the foreground until SIGINT or SIGTERM.

    Call it in the main thread, as only that one may take signals. The soft limit on
    open files is raised to the hard one.

    Args:
        behaviour: how to answer.
        host: the address to listen on.
        port: the port to listen on; 0: a free one.
        on_ready: called with the base URL (`http://HOST:PORT/v1`) once requests
            are taken.

    Returns:
        What was counted.

    Raises:
        OSError: the address cannot be listened on.
    """
    tally = Tally.anonymous()
    try:
        asyncio.run(_serve_until_signal(behaviour, tally, (host, port), on_ready))
        return tally.counts()
    finally:
        tally.close()


async def _serve_until_signal(
    behaviour: Behaviour,
    tally: Tally,
    address: tuple[str, int],
    on_ready: Callable[[str], object] | None,
) -> None:
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled.set)
    async with _listening(Responder(behaviour, tally), tally, address) as port:
        if on_ready is not None:
            on_ready(base_url(address[0], port))
        await signalled.wait()


@contextlib.asynccontextmanager
async def _listening(
    responder: Responder, tally: Tally, address: tuple[str, int]
) -> AsyncIterator[int]:
    _raise_file_limit()
    tally.forget_connections()
    connections: set[Connection] = set()
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(responder, tally, connections, buffer),
        *address,
        backlog=_BACKLOG,
        reuse_address=True,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in tuple(connections):
            connection.abort()
        # One turn of the loop lets the aborted connections close their sockets.
        await asyncio.sleep(0)


def _raise_file_limit() -> None:
    # Every connection is an open file, and 1,024 of them is a common soft limit.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve_parent(tally: Tally, address: tuple[str, int]) -> None:
    first = await _next_line()
    if not first:
        return
    responder = Responder(control.decode(first)["value"], tally)
    async with _listening(responder, tally, address) as port:
        _tell({"port": port})
        await _obey(responder)


async def _obey(responder: Responder) -> None:
    commands: dict[str, Callable[..., None]] = {
        "behave": responder.behave,
        "script": responder.script,
    }
    # The end of input is the parent's end, be it by choice or by death.
    while line := await _next_line():
        message = control.decode(line)
        commands[message["command"]](message["value"])
        _tell({"done": message["command"]})


async def _next_line() -> bytes:
    return await asyncio.to_thread(sys.stdin.buffer.readline)


def _tell(message: dict[str, object]) -> None:
    sys.stdout.buffer.write(control.encode(message))
    sys.stdout.buffer.flush()


def main() -> None:
    """Be a `MockUpstream`'s child: counts in a file, commands on standard input."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--counts", required=True, type=int)
    arguments = parser.parse_args()
    tally = Tally.attach(arguments.counts)
    address = (arguments.host, arguments.port)
    try:
        asyncio.run(_serve_parent(tally, address))
    except OSError as error:
        sys.exit(str(error))
    finally:
        tally.close()


if __name__ == "__main__":
    main()
