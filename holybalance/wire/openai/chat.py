"""Owns OpenAI's chat completions: pure encode and decode, whole and in pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.messages import ChatRequest, Outcome, Problem
from holybalance.wire.failures import garbled, parse
from holybalance.wire.formats import (
    Chunk,
    ChunkReader,
    InBandError,
    Manner,
    Written,
)
from holybalance.wire.openai.conversation import Messages, plain_messages
from holybalance.wire.openai.errors import read_in_band
from holybalance.wire.openai.whole import read_whole
from holybalance.wire.shape import is_refused
from holybalance.wire.sse import Event
from holybalance.wire.transport import Response
from holybalance.wire.writing import written

PATH = "/chat/completions"
_DONE = b"[DONE]"


def encode(request: ChatRequest, manner: Manner) -> Written:
    """
    Write a chat request.

    Raises:
        RequestError: something in it is not JSON.
    """
    options = request.options
    if manner.asks_usage and options.get("stream"):
        options = _asking_for_usage(options)
    messages: Messages = request.messages
    if not manner.is_googles:
        messages = plain_messages(messages)
    body = {**options, "model": manner.model, "messages": messages}
    return Written(PATH, written(body))


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed reply has no body.

    Args:
        now: the wall clock, for a `Retry-After` that is a date.
    """
    outcome = read_whole(response, _flaw, now)
    if outcome.body is not None and is_refused(outcome.body["choices"]):
        return outcome._replace(problem=Problem.CONTENT_POLICY)
    return outcome


def reader() -> ChunkReader:
    """Make what reads a stream of `chat.completion.chunk`s, up to its `[DONE]`."""
    return _Reader()


class _Reader:
    def __init__(self) -> None:
        self.is_ended = False

    def read(self, event: Event) -> Sequence[Chunk]:
        """
        Give the chunk in an event.

        Raises:
            InBandError: it is an error, or no chunk.
        """
        if event.data == _DONE:
            self.is_ended = True
            return ()
        chunk = parse(event.data)
        if not isinstance(chunk, dict):
            raise InBandError(garbled("a piece of the stream is no JSON object"))
        if chunk.get("error"):
            raise InBandError(read_in_band(chunk["error"], event.data))
        if not isinstance(chunk.get("choices", []), list):
            raise InBandError(garbled("a piece of the stream has no list of choices"))
        return (chunk,)


def _asking_for_usage(options: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = options.get("stream_options") or {}
    if not isinstance(asked, Mapping):
        return options  # for the upstream to refuse
    return {**options, "stream_options": {"include_usage": True, **asked}}


def _flaw(document: Mapping[str, Any]) -> str | None:
    """Say what keeps a document from being a reply; `None` when nothing does."""
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        return "status 200 without choices"
    first = choices[0]
    if not isinstance(first, dict) or not isinstance(first.get("message"), dict):
        return "status 200 with a choice that has no message"
    return None
