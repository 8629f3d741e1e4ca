"""Owns a call's walk: admit, exchange, judge, settle, and again if that may help."""

from __future__ import annotations

from collections.abc import Sequence

from holybalance.balancing.admission import Admission
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Lease
from holybalance.balancing.pool import Pools
from holybalance.balancing.retry import Retries
from holybalance.balancing.runtime import GivenUp, Runtime
from holybalance.balancing.trail import Leg, Legs, Trail
from holybalance.balancing.verdict import judge
from holybalance.balancing.worst_case import WorstCase
from holybalance.config import Defaults
from holybalance.messages import ChatRequest, Fault, Outcome, Reply

# Faults that may be the deadline's doing.
CONNECT_PATIENCE_S = 1.0
_OUT_OF_TIME = frozenset({Fault.DEADLINE, Fault.UNREACHABLE})


class Balancer:
    """
    Sends each call to an endpoint that can take it, and on to others when it fails.

    Safe from any thread; a call runs in the thread that makes it.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        settings: Defaults,
        worst: WorstCase,
        runtime: Runtime,
    ) -> None:
        self.endpoints = tuple(endpoints)
        self._attempt_timeout = settings.attempt_timeout
        self._clock = runtime.clock
        self.pools = Pools(endpoints, settings.retry_budget, runtime)
        self.admission = Admission(settings, worst, self.pools.busy_lines, runtime)
        self._retries = Retries(settings, runtime)
        for endpoint in endpoints:
            endpoint.on_room(self._wake_lines)

    def send(
        self,
        request: ChatRequest,
        started: float | None = None,
        *,
        models: Sequence[str] = (),
        windows: Sequence[int | None] = (),
        is_patient: bool = False,
    ) -> Reply:
        """
        Make a call.

        Args:
            started: the instant of the clock at which the call's time began to run;
                `None` for now.
            models: those that it may go to, in their order; none for the request's own.
            windows: their context windows in tokens, `None` where unknown.
            is_patient: wait out an outage of all endpoints; see `Trail`.

        Raises:
            RequestError: the request is at fault.
            NoEndpoint: no endpoint may be called now.
            RetriesExhausted: attempts or retry budget ran out.
            DeadlineExceeded: the call's own timeout came first.
            Saturated: every endpoint is full or cooling down, for too long to wait.
            BudgetExceeded: a budget has no room for it.
            LocalError: this machine could not make the call.
            ClientClosed: the client was closed meanwhile.
        """
        began = self._clock() if started is None else started
        legs = self._legs(request, models or (request.model,), windows or (None,))
        trail = Trail(request, legs, began, is_patient=is_patient)
        try:
            self._retries.run(self._attempt, trail)
        except GivenUp:
            raise trail.closed("while the call waited") from None
        return trail.conclude()

    def load_of(self, model: str) -> tuple[float, bool]:
        """
        Say how it stands with a model, by a glance.

        Returns:
            The share of its endpoints' slots that are free, and whether any endpoint
            takes calls, if only when it has room.
        """
        endpoints = self.pools.of_model(model).endpoints
        slots = sum(endpoint.config.max_in_flight for endpoint in endpoints)
        taken = sum(endpoint.in_flight for endpoint in endpoints)
        is_open = any(endpoint.is_open_for(model) for endpoint in endpoints)
        return max(0.0, 1 - taken / slots), is_open

    def wake_all(self) -> None:
        """Let those who wait for room look again, wherever they stand."""
        for line in tuple(self.pools.busy_lines):
            line.wake()

    def has_line(self) -> bool:
        """Tell whether any call waits for room; much cheaper than counting them."""
        return bool(self.pools.busy_lines)

    def queued(self, endpoint: Endpoint | None = None) -> int:
        """Count the calls that wait for room, at one endpoint or anywhere."""
        if endpoint is None:
            return sum(map(len, tuple(self.pools.busy_lines)))
        pools = self.pools.of_endpoint(endpoint)
        return sum(len(line) for pool in pools for line in pool.lines)

    def _legs(
        self, request: ChatRequest, models: Sequence[str], windows: Sequence[int | None]
    ) -> Legs:
        def make(place: int) -> Leg:
            pool = self.pools.of_model(models[place])
            return Leg(request, models[place], pool, windows[place])

        return Legs(make, len(models))

    def _attempt(self, trail: Trail) -> None:
        try:
            lease = self.admission.admit(trail)
            outcome = self._exchange(trail, lease)
            ended = lease.settle(outcome, judge(outcome))
        finally:
            trail.let_go()
        trail.note(lease, ended)

    def _exchange(self, trail: Trail, lease: Lease) -> Outcome:
        until = trail.deadline
        if self._attempt_timeout is not None:
            until = min(until, lease.started + self._attempt_timeout)
        outcome = lease.exchange(until)
        if outcome.fault not in _OUT_OF_TIME:
            return outcome
        now = self._clock()
        fault = _whose_time(outcome.fault, now >= trail.deadline, now - lease.started)
        return outcome._replace(fault=fault)

    def _wake_lines(self, endpoint: Endpoint) -> None:
        busy = self.pools.busy_lines
        if busy:
            for pool in self.pools.of_endpoint(endpoint):
                for line in pool.lines:
                    if line in busy:
                        line.wake()
            for line in self.admission.money_lines.values():
                if line in busy:
                    line.wake()


def _whose_time(fault: Fault, is_late: bool, took_s: float) -> Fault:
    """
    Say whose fault it is that an attempt ran out of time, if that is what it did.

    Args:
        is_late: whether the caller's own deadline has come.
        took_s: seconds that the attempt took.
    """
    if fault is Fault.DEADLINE:
        # Else the endpoint took longer than an attempt may.
        return Fault.DEADLINE if is_late else Fault.NO_ANSWER
    # Connecting takes a round trip or a few; a peer that did not get that done in a
    # second is unreachable, whatever the caller's deadline.
    return Fault.CONNECTING if is_late and took_s < CONNECT_PATIENCE_S else fault
