"""Owns one attempt's hold on an endpoint: asked for, taken, settled or given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from holybalance.balancing.breaker import Permit
from holybalance.balancing.limits import Refusal
from holybalance.balancing.verdict import CONSEQUENCES
from holybalance.budgeting.ledger import Hold
from holybalance.messages import Fault, Outcome, Verdict
from holybalance.wire.faults import WireError

if TYPE_CHECKING:
    from holybalance.balancing.endpoint import Endpoint


# Nothing reached the upstream, or not the whole of it: nobody charges for that.
UNSENT = frozenset({Fault.UNREACHABLE, Fault.CONNECTING, Fault.BROKEN, Fault.LOCAL})


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
        body: the request in the endpoint's wire format.
        tokens: what it may use at most, estimated; counts against `tpm`.
        is_retry: whether the call has been tried before.
        is_plain: whether its tokens are all that it is charged for.
    """

    model: str
    body: bytes
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

    __slots__ = ("ask", "endpoint", "hold", "is_held", "permit", "started")

    def __init__(self, endpoint: Endpoint, ask: Ask) -> None:
        self.endpoint = endpoint
        self.ask = ask
        self.is_held = False
        # What it may cost, where a budget is concerned.
        self.hold: Hold | None = None
        self.permit: Permit | None = None
        self.started = 0.0

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
        endpoint = self.endpoint
        path = endpoint.wire.CHAT_PATH
        if self.hold is not None:
            self.hold.is_sent = True
        try:
            response = endpoint.transport.exchange("POST", path, self.ask.body, until)
        except WireError as error:
            return Outcome(fault=error.fault, message=error.message)
        outcome = endpoint.read(response)
        if response.connect_s:
            return outcome._replace(connect_s=response.connect_s)
        return outcome

    def settle(self, outcome: Outcome, verdict: Verdict) -> Ended:
        """Report what came of it; frees the slot."""
        endpoint = self.endpoint
        cost = None
        if outcome.usage is not None and self.ask.is_plain:
            price = endpoint.price(self.ask.model)
            cost = None if price is None else price.cost_usd(outcome.usage)
        ended = Ended(outcome, verdict, endpoint.now(), cost)
        if self.hold is not None:
            # Before the slot is free: who takes that is to find the money, too.
            may_cost = CONSEQUENCES[verdict].may_cost and outcome.fault not in UNSENT
            self.hold.settle(cost if may_cost else 0.0)
        endpoint.settle(self, ended)
        return ended

    def end(self) -> None:
        """Free the slot if it is still held, and the money."""
        if self.hold is not None:
            self.hold.close()
        if self.is_held:
            self.endpoint.abandon(self)
