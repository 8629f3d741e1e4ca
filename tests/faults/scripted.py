"""Owns a server that does to each connection exactly what a script says, in bytes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import orjson

# A test that waits longer than this has failed; it never waits that long otherwise.
PATIENCE_S = 5.0


def reply(text: str = "pong", **extra: object) -> bytes:
    """Write a chat completion as JSON."""
    return orjson.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
            **extra,
        }
    )


def error(message: str = "no", **fields: object) -> bytes:
    """Write an OpenAI-shaped error as JSON."""
    return orjson.dumps({"error": {"message": message, **fields}})


def http(
    body: bytes = b"", status: str = "200 OK", *headers: str, length: bool = True
) -> bytes:
    """Write a response, with the right Content-Length unless told otherwise."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


OK = http(reply())


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was received."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def prompt(self) -> str:
        """The last message's text."""
        text: str = orjson.loads(self.body)["messages"][-1]["content"]
        return text


class Gone(Exception):
    """The client closed or reset its end."""


class Peer:
    """The server's end of one connection; a script talks through it."""

    def __init__(self, upstream: Upstream, sock: socket.socket) -> None:
        self.upstream = upstream
        self.sock = sock
        self._buffer = b""
        self.is_open = True

    def request(self) -> Request:
        """Read a whole request and count it."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        method, target, _ = first.split(" ")
        request = Request(method, target, headers, body)
        self.upstream.note(request)
        return request

    def send(self, *parts: bytes) -> None:
        """Send bytes, each part in a segment of its own."""
        try:
            for part in parts:
                self.sock.sendall(part)
        except OSError as failure:
            raise Gone from failure

    def trickle(self, data: bytes, interval_s: float = 0.02) -> None:
        """Send byte after byte until the client leaves or the server stops."""
        for position in range(len(data)):
            self.send(data[position : position + 1])
            if self.upstream.stopping.wait(interval_s):
                raise Gone

    def finish(self) -> None:
        """Send the end of the stream; the client's own end still shows here."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close at once."""
        self.is_open = False
        self.sock.close()

    def reset(self) -> None:
        """Close with an RST."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()

    def hold(self) -> None:
        """Say nothing more, and read until the client leaves."""
        while True:
            self._buffer = b""
            self._more()

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except OSError as failure:
            raise Gone from failure
        if not data:
            raise Gone
        self._buffer += data


Script = Callable[[Peer], None]


def replying(peer: Peer) -> None:
    """Answer every request with `OK`."""
    while True:
        peer.request()
        peer.send(OK)


def answering(*answers: bytes) -> Script:
    """Answer the requests of a connection in turn, then keep silent."""

    def script(peer: Peer) -> None:
        for answer in answers:
            peer.request()
            peer.send(answer)

    return script


def ending(*answers: bytes) -> Script:
    """Answer in turn, each answer but the last whole, then send the end."""

    def script(peer: Peer) -> None:
        answering(*answers)(peer)
        peer.finish()

    return script


def silent(peer: Peer) -> None:
    """Read and never answer."""
    peer.request()


class Upstream:
    """
    Accepts on loopback and runs a script for each connection, in a thread each.

    Args:
        scripts: for the first, the second … connection; the last for all others.
        tls: the server's side of TLS; `None` for plain TCP.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts or (replying,)
        self._tls = tls
        self.stopping = threading.Event()
        # Guards all below, and is notified of each change.
        self.changed = threading.Condition()
        self.requests: list[Request] = []
        self.accepted = 0
        self.open = 0
        self.trouble: list[BaseException] = []
        self._peers: list[Peer] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL by number."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/v1"

    @property
    def seen(self) -> int:
        """How many whole requests it received."""
        with self.changed:
            return len(self.requests)

    def note(self, request: Request) -> None:
        """Count a request."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def wait_for(self, predicate: Callable[[], bool]) -> bool:
        """Wait until something holds of the counts; false after `PATIENCE_S`."""
        with self.changed:
            return self.changed.wait_for(predicate, PATIENCE_S)

    def wait_for_requests(self, count: int) -> bool:
        """Wait until so many whole requests have come."""
        return self.wait_for(lambda: len(self.requests) >= count)

    def wait_for_open(self, most: int) -> bool:
        """Wait until no more connections than that are open."""
        return self.wait_for(lambda: self.open <= most)

    def stop(self) -> None:
        """Close everything and raise what went wrong in a script."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self.changed:
            peers, threads = list(self._peers), list(self._threads)
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(PATIENCE_S)
            if thread.is_alive():
                raise AssertionError("a script did not end")
        for trouble in self.trouble:
            raise trouble

    def kill(self) -> None:
        """Stop listening and reset all connections, as a killed process would."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self.changed:
            peers = list(self._peers)
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        with self.changed:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self, sock)
            with self.changed:
                script = self._scripts[min(self.accepted, len(self._scripts) - 1)]
                self.accepted += 1
                self.open += 1
                self._peers.append(peer)
                self.changed.notify_all()
            self._start(self._run, peer, script)

    def _run(self, peer: Peer, script: Script) -> None:
        try:
            with contextlib.suppress(Gone):
                if self._tls is not None:
                    peer.sock = self._wrap(peer.sock, self._tls)
                script(peer)
                if peer.is_open:
                    peer.hold()
        except BaseException as failure:  # noqa: BLE001 `stop` raises it
            with self.changed:
                self.trouble.append(failure)
        finally:
            with contextlib.suppress(OSError):
                peer.sock.close()
            with self.changed:
                self.open -= 1
                self._peers.remove(peer)
                self.changed.notify_all()

    def _wrap(self, sock: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        try:
            return tls.wrap_socket(sock, server_side=True)
        except OSError as failure:
            sock.close()
            raise Gone from failure


def refused_port() -> int:
    """Find a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
