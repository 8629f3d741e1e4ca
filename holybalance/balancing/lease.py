"""Owns one attempt's hold on an endpoint: asked for, taken, settled or given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from holybalance.balancing.breaker import Permit
from holybalance.balancing.feed import BrokenFeed, Feed, Times
from holybalance.balancing.limits import Refusal
from holybalance.balancing.speech import secrets_in
from holybalance.balancing.verdict import CONSEQUENCES
from holybalance.budgeting.ledger import Hold
from holybalance.messages import EmbedRequest, Fault, Outcome, Request, Verdict
from holybalance.wire.cancel import Cancel
from holybalance.wire.faults import WireError
from holybalance.wire.formats import Written
from holybalance.wire.shape import flaw_of_vectors
from holybalance.wire.transport import Exchange, Response

if TYPE_CHECKING:
    from holybalance.balancing.endpoint import Endpoint


# Nothing reached the upstream, or not the whole of it: nobody charges for that.
UNSENT = frozenset({Fault.UNREACHABLE, Fault.CONNECTING, Fault.BROKEN, Fault.LOCAL})

_WHOLE_KINDS = (b"application/json", b"text/html")


class Refused(NamedTuple):
    """An endpoint's no: why, and from when it may be a yes (`None` is unknown)."""

    endpoint: Endpoint
    reason: Refusal
    ready_at: float | None


class Ask(NamedTuple):
    """
    What one attempt needs of an endpoint.

    Args:
        model: the caller's name of the model.
        request: what is asked for.
        written: the same in the endpoint's wire format.
        tokens: what it may use at most, estimated; counts against `tpm`.
        is_retry: whether the call has been tried before.
        is_plain: whether its tokens are all that it is charged for.
    """

    model: str
    request: Request
    written: Written
    tokens: int = 0
    is_retry: bool = False
    is_plain: bool = True


class Ended(NamedTuple):
    """How a lease ended, and when."""

    outcome: Outcome
    verdict: Verdict
    at: float
    cost_usd: float | None


class Lease:
    """
    A slot at an endpoint for one attempt; a context manager that always frees it.

    It is made before it is taken, so that whoever takes it holds it already and can
    end it however the taking ends. Without a settlement, its end blames nobody and
    gives everything back.
    """

    __slots__ = ("_secrets", "ask", "endpoint", "hold", "is_held", "permit", "started")

    def __init__(self, endpoint: Endpoint, ask: Ask) -> None:
        self.endpoint = endpoint
        self.ask = ask
        self.is_held = False
        # What it may cost, where a budget is concerned.
        self.hold: Hold | None = None
        self.permit: Permit | None = None
        self.started = 0.0
        # Of this attempt alone, and to be shown by nobody.
        self._secrets: Sequence[str] = ()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def take(self, *, as_probe: bool = False) -> Refused | None:
        """Ask the endpoint for the slot; see `Endpoint.admit`."""
        return self.endpoint.admit(self, as_probe=as_probe)

    def exchange(self, until: float) -> Outcome:
        """
        Send the request to the endpoint and read the answer, whatever it is.

        Args:
            until: an instant of the clock at which the attempt is over.
        """
        endpoint, (path, body, _) = self.endpoint, self.ask.written
        try:
            headers = self._headers(until)
            response = endpoint.transport.exchange("POST", path, body, until, headers)
        except WireError as error:
            return Outcome(fault=error.fault, message=error.message)
        outcome = self._read(response)
        if response.connect_s:
            return outcome._replace(connect_s=response.connect_s)
        return outcome

    def open(self, times: Times, cancel: Cancel | None = None) -> Feed | Outcome:
        """
        Send the request and wait for the first token of a stream.

        Args:
            cancel: what may end the waiting from another thread.

        Returns:
            The stream, or what came in its place.
        """
        endpoint, (path, body, _) = self.endpoint, self.ask.written
        until = min(times.first_token_until, times.deadline)
        cancel = Cancel() if cancel is None else cancel
        try:
            headers = self._headers(until)
            exchange = endpoint.transport.open(
                "POST", path, body, until, headers, cancel=cancel
            )
        except WireError as error:
            return Outcome(fault=error.fault, message=error.message)
        try:
            opened = self._read_begin(exchange, times, cancel)
        except BaseException:
            exchange.close()
            raise
        if isinstance(opened, Outcome):
            exchange.close()
        return opened

    def settle(
        self, outcome: Outcome, verdict: Verdict, *, is_whole: bool = True
    ) -> Ended:
        """
        Report what came of it; frees the slot.

        Args:
            is_whole: whether the usage is all that the upstream will charge for.
        """
        endpoint = self.endpoint
        cost = None
        if outcome.usage is not None and self.ask.is_plain:
            price = endpoint.price(self.ask.model)
            cost = None if price is None else price.cost_usd(outcome.usage)
        ended = Ended(outcome, verdict, endpoint.now(), cost)
        if self.hold is not None:
            # Before the slot is free: who takes that is to find the money, too.
            self.hold.settle(self._owed(outcome, verdict, cost) if is_whole else None)
        endpoint.settle(self, ended)
        return ended

    def masked(self, outcome: Outcome) -> Outcome:
        """Mask the secrets of the endpoint, and of this attempt, in a failure."""
        return self.endpoint.speech.masked(outcome, self._secrets)

    def end_unsent(self) -> None:
        """Free all that is held, for nothing has been sent."""
        if self.hold is not None:
            self.hold.is_sent = False
        self.end()

    def _headers(self, until: float) -> Mapping[str, str] | None:
        """
        Give the headers of this attempt alone, since it is about to be sent.

        Raises:
            WireError: there is no token to be had, or not in time.
        """
        speech, extras = self.endpoint.speech, self.ask.request.extras
        headers = speech.headers_with(extras) if speech.has_token or extras else None
        if headers is not None:
            self._secrets = secrets_in(headers)
            if self.endpoint.now() >= until:
                raise WireError(
                    Fault.CONNECTING, "the time was up while the api_key callable ran"
                )
        if self.hold is not None:
            self.hold.is_sent = True
        return headers

    def _read(self, response: Response) -> Outcome:
        request = self.ask.request
        outcome = self.endpoint.speech.read(response, request.operation, self._secrets)
        if isinstance(request, EmbedRequest) and outcome.body is not None:
            flaw = flaw_of_vectors(outcome.body, request.count)
            if flaw is not None:
                return outcome._replace(body=None, fault=Fault.GARBLED, message=flaw)
        return outcome

    def _read_begin(
        self, exchange: Exchange, times: Times, cancel: Cancel
    ) -> Feed | Outcome:
        """Read a stream up to its first token, or an answer that is none whole."""
        endpoint = self.endpoint
        if not _is_stream(exchange):
            try:
                response = exchange.whole()
            except WireError as error:
                return Outcome(fault=error.fault, message=error.message)
            return _no_stream(self._read(response))
        feed = Feed(exchange, endpoint.speech.reader(), times, endpoint.now, cancel)
        try:
            feed.wait_for_first()
        except BrokenFeed as broken:
            return self.masked(broken.outcome)._replace(connect_s=feed.connect_s)
        return feed

    def _owed(
        self, outcome: Outcome, verdict: Verdict, cost: float | None
    ) -> float | None:
        """Say what is to be paid; `None` when that is not known."""
        if outcome.usage is not None or outcome.body is not None:
            return cost
        may_cost = CONSEQUENCES[verdict].may_cost and outcome.fault not in UNSENT
        return None if may_cost else 0.0

    def end(self) -> None:
        """Free the slot if it is still held, and the money."""
        if self.hold is not None:
            self.hold.close()
        if self.is_held:
            self.endpoint.abandon(self)


def _is_stream(exchange: Exchange) -> bool:
    """Tell whether an answer may be a stream; servers that do not say so, may."""
    kind = b""
    for name, value in exchange.headers.items():
        if name.lower() == b"content-type":
            kind = value.lower()
    return exchange.status == 200 and not kind.startswith(_WHOLE_KINDS)


def _no_stream(outcome: Outcome) -> Outcome:
    if outcome.body is None:
        return outcome
    message = "a stream was asked for, and a whole reply came"
    return outcome._replace(body=None, fault=Fault.GARBLED, message=message)
