"""Owns what the mock upstream can be asked for: how each is read and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.formats import anthropic, gemini, openai
from holybalance.testing.formats.values import Asked, Format, Telling, Wanted
from holybalance.testing.reading import RefusalError, Request
from holybalance.testing.speech import cut, say
from holybalance.testing.vectors import packed

Write = Callable[[Behaviour, Any, str], bytes | Telling]
"""Writes the reply to what was asked, for the request of this id."""


class Task(NamedTuple):
    """
    Something to ask for.

    Args:
        format: the wire format.
        read: reads what is asked (`Asked` or `Wanted`), or raises `RefusalError`.
        write: writes the reply: a body, or the events of a stream.
        unreadable: what to take a request for that cannot be read.
    """

    format: Format
    read: Callable[[Request], Any]
    write: Write
    unreadable: Asked | Wanted

    def read_at_all(self, request: Request) -> Asked | Wanted:
        """Read a scripted request, which meets its step however it looks."""
        try:
            asked: Asked | Wanted = self.read(request)
        except RefusalError:
            return self.unreadable
        return asked


def _chat(
    wire: Format, read: Callable[[Request], Asked], *, is_stream: bool = False
) -> Task:
    def write(behaviour: Behaviour, asked: Asked, request_id: str) -> bytes | Telling:
        said = say(behaviour, asked, request_id)
        if asked.is_stream:
            return wire.stream(said, cut(said.in_one, behaviour.pieces))
        return wire.reply(said)

    return Task(wire, read, write, Asked(is_stream=is_stream))


def _embeddings(
    wire: Format,
    read: Callable[[Request], Wanted],
    tell: Callable[[Wanted, list[bytes], Behaviour], bytes],
) -> Task:
    def write(behaviour: Behaviour, wanted: Wanted, _: str) -> bytes:
        dimensions = wanted.dimensions or behaviour.dimensions
        vectors = [packed(source, dimensions) for source in wanted.inputs]
        return tell(wanted, vectors, behaviour)

    return Task(wire, read, write, Wanted())


_BY_PATH = {
    (b"POST", b"/v1/chat/completions"): _chat(openai, openai.read_chat),
    (b"POST", b"/v1/embeddings"): _embeddings(
        openai, openai.read_embeddings, openai.embeddings
    ),
    (b"POST", b"/v1/messages"): _chat(anthropic, anthropic.read_chat),
}
_BY_METHOD = {
    b"generateContent": _chat(gemini, gemini.read_chat),
    b"streamGenerateContent": _chat(gemini, gemini.read_stream, is_stream=True),
    b"embedContent": _embeddings(gemini, gemini.read_embedding, gemini.embedding),
    b"batchEmbedContents": _embeddings(
        gemini, gemini.read_embeddings, gemini.embeddings
    ),
}
_GOOGLE_KEY = b"x-goog-api-key"


def task_of(request: Request) -> Task | None:
    """Find what a request asks for; `None`: nothing of this kind."""
    task = _BY_PATH.get((request.method, request.path))
    if task is None and request.method == b"POST":
        # Any path before it will do: Google serves /v1beta and /v1, and Vertex AI has
        # a project, a location and a publisher there.
        place, _, method = request.path.rpartition(b":")
        return _BY_METHOD.get(method) if b"/models/" in place else None
    return task


def format_of(request: Request) -> Format:
    """Guess the format of a request that asks for something else, or for nothing."""
    path = request.path
    if path.startswith(b"/v1beta/") or b":" in path or _GOOGLE_KEY in request.headers:
        return gemini
    if path.startswith(b"/v1/messages") or anthropic.speaks(request):
        return anthropic
    return openai
