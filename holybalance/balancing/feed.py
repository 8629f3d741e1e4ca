"""Owns one answer that comes in pieces: bytes in, chunks out, each in its time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from holybalance.messages import Fault, Outcome, Problem
from holybalance.wire.cancel import Cancel
from holybalance.wire.failures import request_id
from holybalance.wire.faults import WireError
from holybalance.wire.formats import Chunk, ChunkReader, InBandError
from holybalance.wire.shape import Assembled, has_content, is_refused, usage_of
from holybalance.wire.signals import dated_rate_limits, rate_limits
from holybalance.wire.sse import Event, EventParser
from holybalance.wire.transport import Exchange

# After a format's end marker only the end of HTTP is missing. It is worth so long a
# wait: a connection whose answer is not at its end is closed.
LINGER_S = 0.25


class BrokenFeed(Exception):
    """A stream ended before its end; leaves the balancer only as a public error."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class Times(NamedTuple):
    """
    How long a stream may be silent; instants of the clock, but for `idle_s`.

    Args:
        started: when the attempt began.
        first_token_until: when there must be something of an answer.
        idle_s: seconds from one token to the next.
        deadline: when it must be over.
    """

    started: float
    first_token_until: float
    idle_s: float
    deadline: float


class Feed:
    """
    Reads one stream; used by one thread at a time.

    Only what brings something of an answer is a token: comments, pings and empty pieces
    keep no stream alive.
    """

    def __init__(
        self,
        exchange: Exchange,
        reader: ChunkReader,
        times: Times,
        clock: Callable[[], float],
        cancel: Cancel,
    ) -> None:
        self._exchange = exchange
        self._cancel = cancel
        self._reader = reader
        self._times = times
        self._clock = clock
        self._parser = EventParser()
        # Pieces that have been read and not been taken.
        self._ready: list[Chunk] = []
        # What is wrong with what came after them.
        self._flaw: InBandError | None = None
        self._token_at: float | None = None
        # Since when its reader has been waiting: what it does meanwhile is no silence.
        self._asked_at = 0.0
        self._ended_at = math.inf
        self.first_token_s: float | None = None
        self.head = {name.lower(): v for name, v in exchange.headers.items()}
        self.connect_s = exchange.connect_s
        self.assembled = Assembled()
        # Whether the stream is whole, its end marker included.
        self.is_over = False

    def wait_for_first(self) -> None:
        """
        Read up to the first token, or to a sound end without one.

        Raises:
            BrokenFeed: neither came.
        """
        while self.first_token_s is None and not self.is_over:
            self._ready += self._next()
        if self._flaw is not None:
            # Nothing has been handed over yet, so nothing has to be.
            raise self._broken(self._flaw.outcome)

    def take(self) -> list[Chunk]:
        """
        Give the next pieces, waiting for one; none at the stream's sound end.

        Raises:
            BrokenFeed: it ended otherwise.
        """
        if self._ready:
            ready, self._ready = self._ready, []
            return ready
        return [] if self.is_over else self._next()

    def reply(self) -> Outcome:
        """Give the whole answer of a stream that is over."""
        body = self.assembled.body()
        is_none = is_refused(body["choices"])
        return self.told()._replace(
            # Heeded when it began; what was left then is not what is left now.
            rate_limits=None,
            body=body,
            usage=usage_of(body),
            problem=Problem.CONTENT_POLICY if is_none else None,
        )

    def told(self) -> Outcome:
        """Give what is known of a stream that has come to no harm so far."""
        return Outcome(
            status=200,
            headers=self.head,
            rate_limits=rate_limits(self.head)
            or dated_rate_limits(self.head, time.time()),
            request_id=request_id(self.head),
            connect_s=self.connect_s,
            first_token_s=self.first_token_s,
        )

    def cancel(self) -> None:
        """Wake up the thread that waits for a piece; from any other thread."""
        self._cancel.set()

    def close(self) -> None:
        """Let go of the connection; one whose answer was not read whole is closed."""
        self._exchange.close()

    def _next(self) -> list[Chunk]:
        self._asked_at = self._clock()
        try:
            while self._flaw is None:
                data = self._piece()
                chunks = self._read(data)
                if chunks:
                    return chunks
                if not data and self._flaw is None:
                    self._end()
                    return []
        except WireError as error:
            raise self._broken(self._outcome(error)) from error
        raise self._broken(self._flaw.outcome)

    def _broken(self, outcome: Outcome) -> BrokenFeed:
        """Add what the head told, to help whoever looks for the request."""
        known = outcome.request_id or request_id(self.head)
        return BrokenFeed(outcome._replace(headers=self.head, request_id=known))

    def _piece(self) -> bytes:
        try:
            return self._exchange.piece(self._until())
        except WireError:
            if self._is_marked:
                return b""
            raise

    @property
    def _is_marked(self) -> bool:
        """Whether the stream is at its end, if that of HTTP comes or not."""
        return self._reader.HAS_MARKER and self._reader.is_ended

    def _until(self) -> float:
        times = self._times
        if self._is_marked:
            since = max(self._ended_at, self._asked_at)
            return min(since + LINGER_S, times.deadline)
        if self._token_at is None:
            return min(times.first_token_until, times.deadline)
        silent_since = max(self._token_at, self._asked_at)
        return min(silent_since + times.idle_s, times.deadline)

    def _read(self, data: bytes) -> list[Chunk]:
        events = self._parser.feed(data) if data else self._parser.end()
        chunks: list[Chunk] = []
        try:
            for event in events:
                chunks += self._read_event(event)
        except InBandError as error:
            # What came before it is told first.
            self._flaw = error
        return chunks

    def _read_event(self, event: Event) -> list[Chunk]:
        chunks = list(self._reader.read(event))
        for chunk in chunks:
            self.assembled.add(chunk)
            if has_content(chunk):
                self._note_token()
        if not self._reader.is_ended:
            self._ended_at = math.inf
        elif math.isinf(self._ended_at):
            self._ended_at = self._clock()
        return chunks

    def _note_token(self) -> None:
        self._token_at = self._clock()
        if self.first_token_s is None:
            self.first_token_s = self._token_at - self._times.started

    def _end(self) -> None:
        if not self._reader.is_ended:
            raise WireError(Fault.CUT, "the stream ended without its end marker")
        if not self.assembled.has_choices:
            raise WireError(Fault.GARBLED, "a stream without choices")
        self.is_over = True

    def _outcome(self, error: WireError) -> Outcome:
        """Tell what a failure means; silence is the upstream's, up to the deadline."""
        fault, message = error.fault, error.message
        if fault is Fault.DEADLINE:
            if self._clock() < self._times.deadline:
                fault, message = Fault.NO_ANSWER, self._silence()
            elif self._token_at is not None:
                message = "the call's time was up (timeout)"
        elif fault is Fault.CUT and self._encoding:
            message = f"it is compressed ({self._encoding}), which was not asked for"
        return Outcome(fault=fault, message=message)

    @property
    def _encoding(self) -> str:
        encoding = self.head.get(b"content-encoding", b"").decode("latin-1").lower()
        return "" if encoding == "identity" else encoding

    def _silence(self) -> str:
        if self._token_at is None:
            return "no first token in time (first_token_timeout)"
        return f"no token for {self._times.idle_s:g} s (idle_timeout)"
