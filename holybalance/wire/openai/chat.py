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
from holybalance.wire.openai.conversation import in_dialect
from holybalance.wire.openai.dialects import DIALECTS, OTHERS
from holybalance.wire.openai.errors import error_in, read_told
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
    dialect = DIALECTS.get(manner.dialect, OTHERS)
    options = request.options
    if manner.asks_usage and options.get("stream"):
        options = _asking_for_usage(options)
    for name in dialect.options:
        if name in options:
            options = _renamed(options, name, dialect.options[name])
    messages = in_dialect(request.messages, dialect)
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
    HAS_MARKER = True

    def __init__(self) -> None:
        self.is_ended = False

    def read(self, event: Event) -> Sequence[Chunk]:
        """
        Give the chunk in an event.

        Raises:
            InBandError: it is an error, or no chunk.
        """
        if self.is_ended or event.data == _DONE:
            self.is_ended = True
            return ()
        chunk = parse(event.data)
        if not isinstance(chunk, dict):
            raise InBandError(garbled("a piece of the stream is no JSON object"))
        error = error_in(chunk)
        if error:
            # One that does not say what it is counts as the server's own.
            raise InBandError(read_told(Response(500, {}, event.data), error, None))
        choices = chunk.get("choices") or []
        if not isinstance(choices, list) or not all(map(_is_choice, choices)):
            raise InBandError(garbled("a piece of the stream has misshapen choices"))
        return (chunk,)


def _is_choice(choice: Any) -> bool:
    """Tell whether it is a piece of a choice; a whole one has no place in a stream."""
    if not isinstance(choice, dict) or "message" in choice:
        return False
    return isinstance(choice.get("delta"), dict | None)


def _asking_for_usage(options: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = options.get("stream_options") or {}
    if not isinstance(asked, Mapping):
        return options  # for the upstream to refuse
    return {**options, "stream_options": {"include_usage": True, **asked}}


def _renamed(options: Mapping[str, Any], name: str, other: str) -> Mapping[str, Any]:
    """Call an option by another name, where the caller does not use that as well."""
    if options.get(other) is not None:
        return options
    others = {key: value for key, value in options.items() if key != name}
    return others | {other: options[name]}


def _flaw(document: Mapping[str, Any]) -> str | None:
    """Say what keeps a document from being a reply; `None` when nothing does."""
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        return "status 200 without choices"
    first = choices[0]
    if not isinstance(first, dict) or not isinstance(first.get("message"), dict):
        return "status 200 with a choice that has no message"
    return None
