"""Owns an upstream on loopback that records requests and answers by a script."""

from __future__ import annotations

import base64
import json
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
# A test that waits longer than this has failed; it never waits that long otherwise.
PATIENCE_S = 5.0

WHOLE: Json = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "m-2026",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi ✨"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
VECTOR = [0.5, -1.25, 3.0]


def piece(delta: Json, finish_reason: str | None = None, **extra: Any) -> Json:
    """Make a chunk with one choice."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m-2026",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        **extra,
    }


PIECES: list[Json] = [
    piece({"role": "assistant", "content": ""}),
    piece({"content": "Hi"}),
    piece({"content": " ✨"}),
    piece({}, "stop"),
]
USAGE: Json = {
    **piece({}),
    "choices": [],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One request as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """
    One answer: JSON, text, or a stream of chunks.

    Args:
        is_cut: it breaks off before its end.
        pauses_at: the number of chunks after which it waits for `Recorder.go_on`.
    """

    status: int = 200
    body: Any = None
    chunks: Iterable[Any] | None = None
    is_cut: bool = False
    pauses_at: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class Recorder:
    """What has been sent, and what is to be answered; by default what fits."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.requests: list[Recorded] = []
        self.answers: list[Scripted] = []
        self.came = threading.Event()
        self.go_on = threading.Event()

    @property
    def last(self) -> Recorded:
        """The latest request."""
        return self.requests[-1]

    def answer(self, request: Recorded) -> Scripted:
        """Say what is answered; the last answer of a script is repeated."""
        if self.answers:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if request.method == "GET":
            return Scripted(body=_models(request.path))
        if request.path.endswith("/embeddings"):
            return Scripted(body=_vectors(request.body))
        if request.body.get("stream"):
            asked = (request.body.get("stream_options") or {}).get("include_usage")
            with_null = [{**chunk, "usage": None} for chunk in PIECES]
            return Scripted(chunks=[*with_null, USAGE] if asked else PIECES)
        return Scripted(body=WHOLE)


@contextmanager
def recording() -> Iterator[Recorder]:
    """Run an upstream for as long as the block lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_port}/v1")
    _Handler.recorders[server.server_port] = recorder
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        del _Handler.recorders[server.server_port]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: clients may go when they like."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorders: ClassVar[dict[int, Recorder]] = {}

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = urlsplit(self.path)
        request = Recorded(
            method=self.command,
            path=parts.path,
            query=parse_qsl(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(raw) if raw else None,
        )
        recorder = self.recorders[self.server.server_address[1]]  # type: ignore[index]  # of typeshed: IPv4 has a port
        recorder.requests.append(request)
        recorder.came.set()
        self._say(recorder.answer(request), recorder.go_on)

    def _say(self, answer: Scripted, go_on: threading.Event) -> None:
        is_stream = answer.chunks is not None
        parts = _events(answer) if is_stream else [_written(answer.body)]
        kind = "text/event-stream" if is_stream else "application/json"
        length = sum(map(len, parts))
        if answer.is_cut:
            length += 1000
            self.close_connection = True
        self.send_response(answer.status)
        headers = {"Content-Type": kind, "x-request-id": "req_1", **answer.headers}
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.pauses_at:
            self.wfile.write(b"".join(parts[: answer.pauses_at]))
            go_on.wait(PATIENCE_S)
        self.wfile.write(b"".join(parts[answer.pauses_at :]))


def _written(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _events(answer: Scripted) -> list[bytes]:
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in answer.chunks or ()]
    end = [] if answer.is_cut else ["data: [DONE]\n\n"]
    return [event.encode() for event in [*events, *end]]


def _vectors(body: Json) -> Json:
    vector: Any = VECTOR
    if body.get("encoding_format") == "base64":
        packed = struct.pack(f"<{len(VECTOR)}f", *VECTOR)
        vector = base64.b64encode(packed).decode()
    is_many = isinstance(body["input"], list) and not isinstance(body["input"][0], int)
    count = len(body["input"]) if is_many else 1
    return {
        "object": "list",
        "model": body["model"],
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index in range(count)
        ],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }


def _models(path: str) -> Json:
    entry = {"object": "model", "created": 1_700_000_000, "owned_by": "us"}
    name = path.partition("/models/")[2]
    if name:
        return {"id": name, **entry}
    return {"object": "list", "data": [{"id": n, **entry} for n in ("m1", "m2")]}
