"""Owns the record of one call on its way: what was tried, and how it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.feed import Feed
from holybalance.balancing.lease import Ask, Ended, Lease
from holybalance.balancing.legs import Leg, Legs
from holybalance.balancing.line import Line
from holybalance.budgeting.ledger import Shortage
from holybalance.errors import (
    CallError,
    ClientClosed,
    DeadlineExceeded,
    LocalError,
    RequestError,
    RetriesExhausted,
)
from holybalance.messages import (
    Attempt,
    Embeddings,
    EmbedRequest,
    Fault,
    Rejection,
    Reply,
    Request,
    Verdict,
)
from holybalance.tokens import USUAL_ANSWER_TOKENS, is_plainly_priced, output_bound
from holybalance.wire.formats import Written

BYTES_PER_TOKEN = 4

_ERRORS: dict[Verdict, type[CallError]] = {
    Verdict.CALLER: RequestError,
    Verdict.TOO_LONG: RequestError,
    Verdict.REFUSED: RequestError,
    Verdict.NO_MODEL: RequestError,
    Verdict.LATE: DeadlineExceeded,
    Verdict.LOCAL: LocalError,
}


class Trail:
    """
    One call's way through its attempts; used only by the thread that makes the call.

    Args:
        legs: the models that it may go to.
        started: the instant of the clock at which the call began.
        is_patient: it waits out an outage of all endpoints, one try a second, and does
            not fail at once. What it waits for room before its first attempt, other
            than in an outage, is no part of its time.
    """

    __slots__ = (
        "amount",
        "attempts",
        "awaiting_since",
        "caught",
        "deadline",
        "feed",
        "is_patient",
        "is_retrying",
        "last",
        "lease",
        "leg",
        "legs",
        "money_line",
        "request",
        "shortage",
        "started",
        "stopped_by",
    )

    def __init__(
        self,
        request: Request,
        legs: Legs,
        started: float,
        *,
        is_patient: bool = False,
    ) -> None:
        self.request = request
        self.legs = legs
        # The one that the last attempt was of, or that the next is asked for.
        self.leg = legs.first
        self.is_patient = is_patient
        self.started = started
        self.deadline = started + request.timeout_s
        self.attempts: list[Attempt] = []
        self.last: Ended | None = None
        # The trail holds a lease before it is taken, and lets it go in any case.
        self.lease: Lease | None = None
        # The stream that the call has come to, which takes the lease over.
        self.feed: Feed | None = None
        self.is_retrying = False
        self.caught: Exception | None = None
        self.stopped_by = ""
        # The last budget without room, and since when the store has been waited for.
        self.shortage: Shortage | None = None
        self.awaiting_since: float | None = None
        # The line of that budget, and the nano-dollars that are waited for.
        self.money_line: Line | None = None
        self.amount = 0

    @property
    def home(self) -> Leg:
        """The first of the models that would still do: the call waits in its line."""
        first = self.legs.first
        if not first.is_over:
            return first
        return next((leg for leg in self.legs if not leg.is_over), self.leg)

    @property
    def line(self) -> Line:
        """Where this call waits: for money if it lacks nothing else, or for room."""
        if self.money_line is not None:
            return self.money_line
        return self.line_of(self.home)

    def line_of(self, leg: Leg) -> Line:
        """Where calls like this one wait for room for a model."""
        return leg.pool.patient_line if self.is_patient else leg.pool.line

    def fastest_s(self) -> float:
        """Give the least that any endpoint has ever needed: less time is too little."""
        if self.request.is_stream:
            return 0.0
        endpoints = [endpoint for leg in self.legs for endpoint in leg.pool.endpoints]
        known = [e.fastest_s for e in endpoints if e.fastest_s is not None]
        return min(known) if len(known) == len(endpoints) else 0.0

    def has_fresh(self) -> bool:
        """Tell whether any model has an endpoint that it has not been tried at."""
        return any(any(leg.fresh()) for leg in self.legs if not leg.is_over)

    def has_other_model(self) -> bool:
        """Tell whether there is another model than that of the last attempt."""
        return any(not leg.is_over for leg in self.legs if leg is not self.leg)

    def give_up_model(self, *, is_too_long: bool) -> bool:
        """
        Leave out the model of the last attempt, which refused the request.

        Args:
            is_too_long: for its length: then no smaller window would do either.

        Returns:
            Whether there is another model left.
        """
        refused = self.leg
        for leg in self.legs:
            is_small = (leg.window or math.inf) <= (refused.window or 0)
            if leg is refused or (is_too_long and is_small):
                leg.is_over = True
        return any(not leg.is_over for leg in self.legs)

    def put_off(self) -> bool:
        """
        Begin a patient call's time anew, from when its line was last served.

        Returns:
            Whether the deadline is later now.
        """
        if not self.is_patient or self.attempts:
            return False
        before = self.deadline
        began = max(self.started, self.line.served_at)
        self.deadline = began + self.request.timeout_s
        return self.deadline > before

    def let_go(self) -> None:
        """End the lease of an attempt that is over or was interrupted."""
        lease, self.lease = self.lease, None
        if lease is not None:
            lease.end()

    def give_up(self) -> None:
        """Let go of a stream that nobody will have, and of its lease."""
        feed, self.feed = self.feed, None
        if feed is not None:
            feed.close()
        self.let_go()

    def ask_of(self, endpoint: Endpoint, written: Written) -> Ask:
        """Say what the next attempt needs of an endpoint."""
        tokens = 0
        if endpoint.config.tpm is not None:
            tokens = len(written.body) // BYTES_PER_TOKEN + self._answer_tokens()
        return Ask(
            model=self.leg.model,
            request=self.request,
            written=written,
            tokens=tokens,
            is_retry=bool(self.attempts),
            is_plain=is_plainly_priced(self.request.options),
        )

    def note(self, lease: Lease, ended: Ended) -> None:
        """Add an attempt that has ended."""
        outcome = ended.outcome
        self.last = ended
        self.awaiting_since = None
        if not self.attempts:
            # Where the call went, which need not be the model that it was meant for.
            self.leg.pool.budget.deposit()
        self.leg.tried.append(lease.endpoint)
        self.attempts.append(
            Attempt(
                endpoint=lease.endpoint.name,
                verdict=ended.verdict,
                latency_s=ended.at - lease.started,
                status=outcome.status,
                code=outcome.code,
                message=outcome.message,
                request_id=outcome.request_id,
            )
        )

    def note_outrun(self, lease: Lease) -> None:
        """Add an attempt that another one was faster than; it settles itself."""
        self.attempts.append(
            Attempt(
                endpoint=lease.endpoint.name,
                verdict=Verdict.LATE,
                latency_s=lease.endpoint.now() - lease.started,
                message="another endpoint was faster",
            )
        )

    def verdict(self) -> Verdict:
        """Give the verdict on the last attempt."""
        if self.last is None:
            raise AssertionError("there has been no attempt yet")
        return self.last.verdict

    def conclude(self) -> Reply | Embeddings:
        """
        Give the answer, or raise what the call came to.

        Raises:
            RequestError, DeadlineExceeded, LocalError, RetriesExhausted: by the last
                attempt's verdict.
        """
        ended = self.last
        if ended is None:
            raise AssertionError("a call without an attempt cannot be concluded")
        if ended.outcome.body is None:
            raise self.failure()
        if isinstance(self.request, EmbedRequest):
            return Embeddings(**self._answer(ended, ended.outcome.body))
        return Reply(**self._answer(ended, ended.outcome.body))

    def failure(self) -> CallError:
        """Make the error that the last attempt comes to."""
        assert self.last is not None, "there has been an attempt"
        error = self._error(self.last)
        error.answer = self.rejection()
        return error

    def conclude_stream(self, first_token_s: float | None) -> Reply:
        """Give the whole reply of a stream that has ended well."""
        ended = self.last
        if ended is None or ended.outcome.body is None:
            raise AssertionError("a stream without a reply cannot be concluded")
        values = self._answer(ended, ended.outcome.body)
        return Reply(**values, first_token_s=first_token_s)

    def rejection(self) -> Rejection | None:
        """Give what the last upstream that answered said against the request."""
        outcome = None if self.last is None else self.last.outcome
        if outcome is None or outcome.status is None or outcome.body is not None:
            return None
        return Rejection(outcome.status, outcome.error or {}, outcome.headers)

    def out_of_time(self, doing: str) -> DeadlineExceeded:
        """Make the error for a deadline that came between attempts."""
        return DeadlineExceeded(
            f"the {self.request.timeout_s:g} s of the call were up while {doing}",
            verdict=Verdict.LATE,
            attempts=self.attempts,
        )

    def local_error(self, message: str) -> LocalError:
        """Make the error for what went wrong on this side, between attempts."""
        return LocalError(message, verdict=Verdict.LOCAL, attempts=self.attempts)

    def closed(self, when: str) -> ClientClosed:
        """Make the error for a client that was closed meanwhile."""
        return ClientClosed(f"the client was closed {when}", attempts=self.attempts)

    def _answer(self, ended: Ended, body: Mapping[str, Any]) -> dict[str, Any]:
        outcome = ended.outcome
        if not body.get("model"):
            # Not every provider says it again.
            body = {**body, "model": self.leg.model}
        return {
            "body": body,
            "model": self.leg.model,
            "endpoint": self.attempts[-1].endpoint,
            "usage": outcome.usage,
            "cost_usd": ended.cost_usd,
            "latency_s": ended.at - self.started,
            "attempts": tuple(self.attempts),
            "request_id": outcome.request_id,
            "head": outcome.headers,
        }

    def _answer_tokens(self) -> int:
        if self.request.operation != "chat":
            return 0
        return output_bound(self.request.options) or USUAL_ANSWER_TOKENS

    def _error(self, ended: Ended) -> CallError:
        verdict, outcome = ended.verdict, ended.outcome
        if outcome.fault is Fault.GIVEN_UP:
            return self.closed("during the call")
        kind = _ERRORS.get(verdict, RetriesExhausted)
        if kind is RetriesExhausted and ended.at >= self.deadline:
            kind = DeadlineExceeded
        if kind is RequestError:
            status = outcome.status
            return RequestError(
                f"{self.attempts[-1].endpoint} rejected the request ({status}): "
                f"{outcome.message}",
                status=status,
                code=outcome.code,
                verdict=verdict,
                attempts=self.attempts,
            )
        return kind(self._story(kind), verdict=verdict, attempts=self.attempts)

    def _story(self, kind: type[CallError]) -> str:
        if kind is DeadlineExceeded:
            return f"no answer within the {self.request.timeout_s:g} s of the call"
        if kind is LocalError:
            return "this machine could not make the call"
        last = str(self.attempts[-1])
        return f"no attempt succeeded, and {self.stopped_by}; the last one: {last}"
