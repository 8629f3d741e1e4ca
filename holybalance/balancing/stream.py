"""Owns a stream in a caller's hands: its pieces, its end, and what it holds."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from holybalance.balancing.feed import BrokenFeed, Feed
from holybalance.balancing.lease import Lease
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import judge
from holybalance.errors import StreamInterrupted
from holybalance.messages import Delta, Fault, Outcome, Reply, Usage, Verdict, texts_of
from holybalance.tokens import CHARACTERS_PER_TOKEN
from holybalance.wire.shape import usage_of

if TYPE_CHECKING:
    from holybalance.balancing.streams import OpenStreams

OnEnd = Callable[[Verdict, Reply | None, float | None], None]


class Stream:
    """
    The pieces of one answer as they come; a context manager that frees what it holds.

    Iterate over it, in one thread at a time, of the process that opened it; any thread
    may close it. It holds a slot, a connection and money until it is at its end, closed
    or out of time. Of one that nobody refers to any more the connection is closed at
    once, and the rest is freed by the client's next call.

    `reply` is the whole answer once it has ended, and `None` until then.
    """

    def __init__(
        self, trail: Trail, lease: Lease, feed: Feed, streams: OpenStreams
    ) -> None:
        self._trail = trail
        self._feed = feed
        self._streams = streams
        self._process = os.getpid()
        self._ready: deque[Delta] = deque()
        self._on_end: OnEnd | None = None
        # Guards the three below; held for no more than reading and setting them.
        self._lock = threading.Lock()
        # The thread that reads; one that was interrupted stays here.
        self._reader: int | None = None
        # Whether it has ended, or somebody has left it.
        self._is_closed = False
        self._is_expired = False
        self.reply: Reply | None = None
        self.model = trail.leg.model
        self.endpoint = lease.endpoint.name
        self.first_token_s = (
            None
            if feed.first_token_s is None
            else lease.started + feed.first_token_s - trail.started
        )
        # From here on the lease is this one's to end, and nobody else's.
        self._lease = lease
        trail.lease = trail.feed = None

    def __iter__(self) -> Iterator[Delta]:
        return self

    def __next__(self) -> Delta:
        """
        Wait for the next piece.

        Raises:
            StreamInterrupted: the stream broke off.
            RuntimeError: another thread reads it, or another process opened it.
        """
        while not self._ready:
            if not self._begin_reading():
                raise StopIteration
            self._read()
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
        lease = getattr(self, "_lease", None)
        if lease is not None and lease.is_held:
            if os.getpid() == self._process:
                self._streams.note_stray(self)
            self._feed.close()

    def __repr__(self) -> str:
        state = "ended" if self._is_closed else "open"
        return f"<Stream of {self.model} from {self.endpoint} {state}>"

    @property
    def headers(self) -> dict[str, str]:
        """The answer's HTTP headers, their names in lower case."""
        return texts_of(self._feed.head)

    @property
    def text(self) -> str:
        """The first choice's text so far."""
        return self._feed.assembled.text()

    @property
    def deadline(self) -> float:
        """The instant of the clock at which its time is up."""
        return self._trail.deadline

    def read(self) -> Reply:
        """
        Read the rest and give the whole reply.

        Raises:
            StreamInterrupted: the stream broke off, or was closed before.
        """
        for _ in self:
            pass
        if self.reply is None:
            raise self._interrupted("it was closed before its end", Verdict.LOCAL)
        return self.reply

    def close(self) -> None:
        """
        End it now, whatever is missing; may be called again, and from any thread.

        What a stream that is left early has cost, nobody tells: budgets count all that
        was held for it, `metrics` an estimate.
        """
        if os.getpid() != self._process:
            # The parent's slot is none of a child's; of its own it has the descriptor.
            self._feed.close()
        elif self._leave():
            self._end_left()

    def release(self) -> None:
        """Free what it still holds, when nobody refers to it any more."""
        if self._lease.is_held:
            self._end_left()

    def expire(self) -> None:
        """End it since its time is up; who reads on is told so."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = self._is_expired = True
        self._count_broken(Outcome(fault=Fault.DEADLINE, message="its time was up"))

    def on_end(self, listener: OnEnd) -> None:
        """Have a listener called, once, with how it ended."""
        self._on_end = listener

    def _begin_reading(self) -> bool:
        """Tell whether there is anything to read, and take the turn."""
        if os.getpid() != self._process:
            raise RuntimeError("a stream belongs to the process that opened it")
        thread = threading.get_ident()
        with self._lock:
            reader = self._reader
            if not self._is_closed and reader is None:
                self._reader = thread
                return True
        if self._is_expired:
            raise self._interrupted("its time was up", Verdict.LATE)
        if self._is_closed:
            return False
        if reader != thread:
            raise RuntimeError("another thread reads this stream")
        outcome = Outcome(
            fault=Fault.LOCAL, message="reading it was interrupted: pieces may be lost"
        )
        raise self._broken_off(outcome)

    def _read(self) -> None:
        """Read the next pieces, or come to an end."""
        broken: Outcome | None = None
        chunks = []
        try:
            chunks = self._feed.take()
        except BrokenFeed as error:
            # Raised below: what it says is not masked yet, and is nobody's context.
            broken = error.outcome
        with self._lock:
            is_left = self._is_closed
        if is_left:
            self._end_left()
        elif broken is not None:
            raise self._broken_off(broken)
        elif chunks:
            self._ready.extend(map(Delta, chunks))
        else:
            self._finish()
        self._reader = None

    def _finish(self) -> None:
        outcome = self._feed.reply()
        self._settle(outcome, judge(outcome), is_whole=True)
        self.reply = self._trail.conclude_stream(self.first_token_s)
        self._is_closed = True
        self._tell_end(Verdict.OK, self.reply)

    def _leave(self) -> bool:
        """Close it; tell whether it is to be settled here, and not by its reader."""
        with self._lock:
            if self._is_closed:
                return False
            self._is_closed = True
            is_read = self._reader not in (None, threading.get_ident())
        if is_read:
            self._feed.cancel()
        return not is_read

    def _end_left(self) -> None:
        """Settle what was left before its end."""
        told = self._feed.told()
        outcome = told._replace(usage=self._estimated(), rate_limits=None)
        self._ready.clear()
        self._settle(outcome, Verdict.OK, is_whole=False)
        self._tell_end(Verdict.OK, None)

    def _broken_off(self, outcome: Outcome) -> StreamInterrupted:
        verdict = self._count_broken(outcome)
        last = self._trail.last
        message = outcome.message if last is None else last.outcome.message
        return self._interrupted(message, verdict)

    def _count_broken(self, outcome: Outcome) -> Verdict:
        masked = self._lease.masked(outcome)._replace(
            first_token_s=self._feed.first_token_s, usage=self._estimated()
        )
        verdict = judge(masked)
        self._settle(masked, verdict, is_whole=False)
        self._is_closed = True
        self._tell_end(verdict, None)
        return verdict

    def _settle(self, outcome: Outcome, verdict: Verdict, *, is_whole: bool) -> None:
        lease = self._lease
        try:
            self._feed.close()
            if lease.is_held:
                ended = lease.settle(outcome, verdict, is_whole=is_whole)
                self._trail.note(lease, ended)
        finally:
            lease.end()
        self._streams.discard(self)

    def _interrupted(self, why: str, verdict: Verdict) -> StreamInterrupted:
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

    def _estimated(self) -> Usage:
        assembled = self._feed.assembled
        told = usage_of(assembled.body()) or Usage()
        sent = len(self._lease.ask.written.body)
        said = assembled.characters()
        return Usage(
            input_tokens=told.input_tokens or int(sent / CHARACTERS_PER_TOKEN),
            output_tokens=told.output_tokens or int(said / CHARACTERS_PER_TOKEN),
        )

    def _tell_end(self, verdict: Verdict, reply: Reply | None) -> None:
        listener, self._on_end = self._on_end, None
        if listener is not None:
            listener(verdict, reply, self.first_token_s)
