"""Owns a stream in a caller's hands: its pieces, its end, and what it holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType

from holybalance.balancing.feed import BrokenFeed, Feed
from holybalance.balancing.lease import Lease
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import judge
from holybalance.errors import StreamInterrupted
from holybalance.messages import (
    Delta,
    Outcome,
    Reply,
    Usage,
    Verdict,
    texts_of,
)
from holybalance.wire.shape import usage_of

OnEnd = Callable[[Verdict, Reply | None, float | None], None]
CHARACTERS_PER_TOKEN = 4


class Stream:
    """
    The pieces of one answer as they come; a context manager that frees what it holds.

    Iterate over it, in one thread at a time. It holds a slot, a connection and money
    until it is at its end or closed; one that nobody refers to any more closes itself.
    `reply` is the whole answer once it has ended, and `None` until then.
    """

    def __init__(
        self, trail: Trail, lease: Lease, feed: Feed, strays: deque[Stream]
    ) -> None:
        self._trail = trail
        self._feed = feed
        self._strays = strays
        self._ready: deque[Delta] = deque()
        self._on_end: OnEnd | None = None
        self.reply: Reply | None = None
        self.model = trail.leg.model
        self.endpoint = lease.endpoint.name
        self.first_token_s = (
            None
            if feed.first_token_s is None
            else lease.started + feed.first_token_s - trail.started
        )
        # From here on the lease is this one's to end, and nobody else's.
        self._lease: Lease | None = lease
        trail.lease = trail.feed = None

    def __iter__(self) -> Iterator[Delta]:
        return self

    def __next__(self) -> Delta:
        """
        Wait for the next piece.

        Raises:
            StreamInterrupted: the stream broke off.
        """
        while not self._ready:
            if self._lease is None:
                raise StopIteration
            self._fill(self._lease)
        return self._ready.popleft()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # The connection goes at once, so that nobody answers on. The rest takes locks,
        # which a garbage collection may have interrupted: the next call sees to it.
        if getattr(self, "_lease", None) is not None:
            self._feed.close()
            self._strays.append(self)

    def __repr__(self) -> str:
        state = "ended" if self._lease is None else "open"
        return f"<Stream of {self.model} from {self.endpoint} {state}>"

    @property
    def headers(self) -> dict[str, str]:
        """The answer's HTTP headers, their names in lower case."""
        return texts_of(self._feed.head)

    @property
    def text(self) -> str:
        """The first choice's text so far."""
        return self._feed.assembled.text()

    def read(self) -> Reply:
        """
        Read the rest and give the whole reply.

        Raises:
            StreamInterrupted: the stream broke off, or was closed before.
        """
        for _ in self:
            pass
        if self.reply is None:
            raise self._interrupted("the stream was closed before its end")
        return self.reply

    def close(self) -> None:
        """
        End it now, whatever is missing; may be called again.

        What a stream that is left early has cost, nobody tells: budgets count all that
        was held for it, `metrics` an estimate.
        """
        lease = self._lease
        if lease is None:
            return
        self._ready.clear()
        outcome = self._feed.told()._replace(usage=self._estimated(lease))
        self._settle(lease, outcome, Verdict.OK, is_whole=False)
        self._tell_end(Verdict.OK, None)

    def on_end(self, listener: OnEnd) -> None:
        """Have a listener called, once, with how it ended."""
        self._on_end = listener

    def _fill(self, lease: Lease) -> None:
        try:
            chunks = self._feed.take()
        except BrokenFeed as broken:
            raise self._break_off(lease, broken.outcome) from broken.__cause__
        if chunks:
            self._ready.extend(map(Delta, chunks))
        else:
            self._finish(lease)

    def _finish(self, lease: Lease) -> None:
        outcome = self._feed.reply()
        self._settle(lease, outcome, judge(outcome), is_whole=True)
        self.reply = self._trail.conclude_stream(self.first_token_s)
        self._tell_end(Verdict.OK, self.reply)

    def _break_off(self, lease: Lease, outcome: Outcome) -> StreamInterrupted:
        masked = lease.endpoint.speech.masked(outcome)._replace(
            first_token_s=self._feed.first_token_s, usage=self._estimated(lease)
        )
        verdict = judge(masked)
        self._settle(lease, masked, verdict, is_whole=False)
        self._tell_end(verdict, None)
        return self._interrupted(masked.message, verdict)

    def _settle(
        self, lease: Lease, outcome: Outcome, verdict: Verdict, *, is_whole: bool
    ) -> None:
        try:
            self._feed.close()
            if lease.is_held:
                ended = lease.settle(outcome, verdict, is_whole=is_whole)
                self._trail.note(lease, ended)
        finally:
            lease.end()
            self._lease = None

    def _interrupted(
        self, why: str, verdict: Verdict = Verdict.LOCAL
    ) -> StreamInterrupted:
        feed = self._feed
        text = feed.assembled.text()
        error = StreamInterrupted(
            f"the stream from {self.endpoint} broke off after {len(text):,} characters "
            f"had come: {why}",
            text=text,
            body=feed.assembled.body(),
            verdict=verdict,
            attempts=self._trail.attempts,
        )
        error.answer = self._trail.rejection()
        return error

    def _estimated(self, lease: Lease) -> Usage:
        said = self._feed.assembled.characters()
        told = usage_of(self._feed.assembled.body()) or Usage()
        body = len(lease.ask.written.body)
        return Usage(
            input_tokens=told.input_tokens or body // CHARACTERS_PER_TOKEN,
            output_tokens=told.output_tokens or said // CHARACTERS_PER_TOKEN,
        )

    def _tell_end(self, verdict: Verdict, reply: Reply | None) -> None:
        listener, self._on_end = self._on_end, None
        if listener is not None:
            listener(verdict, reply, self.first_token_s)
