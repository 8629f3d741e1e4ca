"""Owns the record of one call on its way: what was tried, and how it ends."""

from __future__ import annotations

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Ask, Ended, Lease
from holybalance.balancing.line import Line
from holybalance.balancing.pool import Pool
from holybalance.errors import (
    CallError,
    ClientClosed,
    DeadlineExceeded,
    LocalError,
    RequestError,
    RetriesExhausted,
)
from holybalance.messages import Attempt, ChatRequest, Fault, Reply, Verdict

# Four characters a token, the usual rule of thumb for English.
BYTES_PER_TOKEN = 4
# Reserved for an answer whose length the request does not bound.
USUAL_ANSWER_TOKENS = 256

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
        started: the instant of the clock at which the call began.
        is_patient: it waits out an outage of all endpoints, one try a second, and does
            not fail at once. What it waits for room before its first attempt, other
            than in an outage, is no part of its time.
    """

    __slots__ = (
        "_bodies",
        "attempts",
        "caught",
        "deadline",
        "is_patient",
        "is_retrying",
        "last",
        "lease",
        "pool",
        "request",
        "started",
        "stopped_by",
        "tried",
    )

    def __init__(
        self,
        request: ChatRequest,
        pool: Pool,
        started: float,
        *,
        is_patient: bool = False,
    ) -> None:
        self.request = request
        self.is_patient = is_patient
        self.pool = pool
        self.started = started
        self.deadline = started + request.timeout_s
        self.attempts: list[Attempt] = []
        self.tried: list[Endpoint] = []
        self.last: Ended | None = None
        # The trail holds a lease before it is taken, and lets it go in any case.
        self.lease: Lease | None = None
        self.is_retrying = False
        self.caught: Exception | None = None
        self.stopped_by = ""
        self._bodies: dict[str, bytes] = {}

    @property
    def line(self) -> Line:
        """Where this call waits for room."""
        return self.pool.patient_line if self.is_patient else self.pool.line

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

    def body_for(self, endpoint: Endpoint, max_bytes: int) -> bytes:
        """
        Write the request in an endpoint's wire format, once for each model name.

        Raises:
            RequestError: it is not JSON, or too big.
        """
        name = endpoint.upstream_model(self.request.model)
        body = self._bodies.get(name)
        if body is None:
            body = self._bodies[name] = endpoint.wire.encode(self.request, name)
            if len(body) > max_bytes:
                raise RequestError(
                    f"the request is {len(body):,} bytes, over the cap of "
                    f"{max_bytes:,} (max_request_bytes); shorten it or raise the cap",
                    code="request_too_large",
                )
        return body

    def ask_of(self, endpoint: Endpoint, body: bytes) -> Ask:
        """Say what the next attempt needs of an endpoint."""
        tokens = 0
        if endpoint.config.tpm is not None:
            tokens = len(body) // BYTES_PER_TOKEN + self._answer_tokens()
        return Ask(
            model=self.request.model,
            body=body,
            tokens=tokens,
            is_retry=bool(self.attempts),
        )

    def note(self, lease: Lease, ended: Ended) -> None:
        """Add an attempt that has ended."""
        outcome = ended.outcome
        self.last = ended
        self.tried.append(lease.endpoint)
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

    def verdict(self) -> Verdict:
        """Give the verdict on the last attempt."""
        if self.last is None:
            raise AssertionError("there has been no attempt yet")
        return self.last.verdict

    def conclude(self) -> Reply:
        """
        Give the reply, or raise what the call came to.

        Raises:
            RequestError, DeadlineExceeded, LocalError, RetriesExhausted: by the last
                attempt's verdict.
        """
        ended = self.last
        if ended is None:
            raise AssertionError("a call without an attempt cannot be concluded")
        if ended.outcome.body is None or ended.verdict is not Verdict.OK:
            raise self._error(ended)
        return Reply(
            body=ended.outcome.body,
            model=self.request.model,
            endpoint=self.attempts[-1].endpoint,
            usage=ended.outcome.usage,
            cost_usd=ended.cost_usd,
            latency_s=ended.at - self.started,
            attempts=tuple(self.attempts),
            request_id=ended.outcome.request_id,
        )

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

    def _answer_tokens(self) -> int:
        options = self.request.options
        asked = options.get("max_completion_tokens") or options.get("max_tokens")
        # llama.cpp takes -1 for no bound.
        if isinstance(asked, int) and asked > 0:
            return asked
        return USUAL_ANSWER_TOKENS
