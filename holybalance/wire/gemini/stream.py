"""Owns how a stream of Gemini's is read: each of its events is an answer by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from holybalance.messages import Usage
from holybalance.wire.failures import OK, garbled, parse
from holybalance.wire.formats import Chunk, ChunkReader, InBandError
from holybalance.wire.gemini.candidates import (
    Candidate,
    MisshapenError,
    numbered,
)
from holybalance.wire.gemini.errors import error_in, read_in_band
from holybalance.wire.gemini.naming import Json
from holybalance.wire.gemini.reply import answer_id, head_of, refusal, usage_in
from holybalance.wire.shape import shaped_usage
from holybalance.wire.sse import Event
from holybalance.wire.transport import Response

# Gemini has no such thing, but what stands before it may add it to any stream.
_DONE = b"[DONE]"


def reader() -> ChunkReader:
    """Make what reads a stream of answers, up to each candidate's finish reason."""
    return _Reader(int(time.time()))


class _Reader:
    """
    Reads one stream.

    Each event may bring usage, counted up to there. It is given once all candidates
    have ended, and given anew where an event after that knows better.
    """

    # Some models give a finish reason with every event.
    HAS_MARKER = False

    def __init__(self, created: int) -> None:
        self._created = created
        self._head: Json = {}
        self._name = ""
        self._candidates: dict[int, Candidate] = {}
        self._usage: Usage | None = None
        self._given: Usage | None = None

    @property
    def is_ended(self) -> bool:
        """Whether each candidate that has begun has ended."""
        candidates = self._candidates.values()
        return bool(candidates) and all(one.is_finished for one in candidates)

    def read(self, event: Event) -> Sequence[Chunk]:
        """
        Give what an event brings, and the usage where the end has come.

        Raises:
            InBandError: it is an error, or no answer.
        """
        if not event.data or event.data == _DONE:
            return ()
        document = self._document(event.data)
        if not self._head:
            self._name = answer_id(document, event.data)
            self._head = {"object": "chat.completion.chunk"}
            self._head |= head_of(document, event.data, self._created)
        try:
            choices = self._choices(document.get("candidates"))
        except MisshapenError as flaw:
            raise InBandError(garbled(f"a piece of the stream has {flaw}")) from flaw
        chunks = [{**self._head, "choices": choices}] if choices else []
        return chunks + self._usages(document)

    def _document(self, data: bytes) -> Json:
        document = parse(data)
        if error_in(document):
            raise InBandError(read_in_band(document, data))
        if not isinstance(document, dict):
            raise InBandError(garbled("a piece of the stream is no JSON object"))
        blocked = refusal(document, Response(OK, {}, data))
        if blocked is not None:
            raise InBandError(blocked)
        return document

    def _choices(self, pieces: Any) -> list[Json]:
        if pieces is None:
            return []
        if not isinstance(pieces, list):
            raise MisshapenError("no list of candidates")
        return [self._choice(piece, index) for index, piece in numbered(pieces)]

    def _choice(self, piece: Json, index: int) -> Json:
        candidate = self._candidates.get(index)
        is_new = candidate is None
        if candidate is None:
            candidate = self._candidates[index] = Candidate(self._name, index)
        choice = candidate.read(piece)
        if is_new:
            choice["delta"] = {"role": "assistant", **choice["delta"]}
        return choice

    def _usages(self, document: Json) -> list[Chunk]:
        self._usage = usage_in(document) or self._usage
        if not self.is_ended or self._usage is None or self._usage == self._given:
            return []
        self._given = self._usage
        return [{**self._head, "choices": [], "usage": shaped_usage(self._usage)}]
