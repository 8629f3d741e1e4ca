"""
Owns who takes a call: asks endpoints in their order, and waits in line for room.

What the endpoints refuse, and why, is theirs; what that means for the call is decided
here: another endpoint, a probe, waiting, or an error that says when to come back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from holybalance.balancing import refusing
from holybalance.balancing.breaker import CLOSED
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Lease, Refused
from holybalance.balancing.legs import Leg
from holybalance.balancing.limits import Refusal
from holybalance.balancing.line import Line, MoneyLine, Place
from holybalance.balancing.policy import POLICIES, Policy, with_affinity
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.trail import Trail
from holybalance.balancing.worst_case import WorstCase
from holybalance.budgeting.ledger import Hold
from holybalance.config import Defaults
from holybalance.errors import (
    BudgetExceeded,
    CallError,
    Saturated,
)

LOOK_INTERVAL_S = 1.0
# Where room at another model, or in another process, may be found.
LOOK_AROUND_S = 0.25
# How long a call that is not to wait for room waits for the store to say if there is.
AWAIT_S = 0.5
_ASKED_OF_STORE = frozenset({Refusal.AWAITED, Refusal.BUDGET})
_OUT_OF_SERVICE = frozenset(
    {
        Refusal.OPEN,
        Refusal.BENCHED,
        Refusal.EXHAUSTED,
        Refusal.NO_MODEL,
        Refusal.UNABLE,
    }
)
_NEVER = frozenset({Refusal.NO_MODEL, Refusal.UNABLE})


class Admission:
    """Finds a call its lease; safe from any thread."""

    def __init__(
        self,
        settings: Defaults,
        worst: WorstCase,
        busy_lines: set[Line],
        runtime: Runtime,
        sweep: Callable[[], None] = lambda: None,
    ) -> None:
        # By budget: who waits for money must not keep those behind it from endpoints.
        self.money_lines = {name: MoneyLine(busy_lines) for name in worst.ledger.names}
        self._settings = settings
        self._sweep = sweep
        self._worst = worst
        self._ledger = worst.ledger
        self._runtime = runtime
        self._clock = runtime.clock
        self._policy = _make_policy(settings, runtime)

    def admit(self, trail: Trail) -> Lease:
        """
        Take a lease, waiting for it where that is wanted and may help.

        Raises:
            NoEndpoint: no endpoint may be called now.
            Saturated: there is no room, for too long to wait.
            DeadlineExceeded: the call's time was up before there was room.
            LocalError: the policy failed.
            RequestError: the request cannot be sent as it is.
            GivenUp: the call is no longer wanted.
        """
        if self._clock() >= trail.deadline:
            raise trail.out_of_time("waiting for its turn")
        if not trail.line:
            admitted = self.try_lease(trail)
            if isinstance(admitted, Lease):
                return admitted
            trail.put_off()
            self._check_waiting(trail, admitted)
        while True:
            lease = self._admit_in_line(trail)
            if lease is not None:
                return lease

    def try_lease(self, trail: Trail) -> Lease | list[Refused]:
        """Ask all endpoints; where all are out of service, one call may probe."""
        admitted = self._try_tiers(trail)
        if isinstance(admitted, Lease) or not _is_outage(admitted):
            return admitted
        return self._try_probe(trail, admitted) or admitted

    def try_hedge(self, trail: Trail, busy: Endpoint) -> Lease | None:
        """Ask for a lease beside the one under way, without waiting for one."""
        leg, shortage = trail.leg, trail.shortage
        try:
            for tier in leg.pool.tiers:
                others = tuple(
                    endpoint
                    for endpoint in tier
                    if endpoint is not busy
                    and endpoint not in leg.tried
                    and endpoint.circuit == CLOSED
                )
                lease = self._try_tier(trail, leg, others, [])
                if lease is not None:
                    lease.ask = lease.ask._replace(is_retry=True)
                    return lease
        except CallError:
            pass  # what is wrong with it is no reason to end what is under way
        finally:
            trail.shortage = shortage
        trail.let_go()
        return None

    def _try_tiers(self, trail: Trail) -> Lease | list[Refused]:
        """Ask fresh endpoints by model and tier, then those that have been tried."""
        refusals: list[Refused] = []
        for leg in trail.legs:
            admitted = self._try_fresh(trail, leg, refusals)
            if admitted is not None:
                return admitted
            if self._is_awaiting(trail, refusals):
                # What the first choice lacks comes in a moment.
                return refusals
        for leg in trail.legs:
            if leg.tried and not leg.is_over and not _is_awaited(trail, leg):
                tried = tuple(dict.fromkeys(leg.tried))
                admitted = self._try_tier(trail, leg, tried, refusals)
                if admitted is not None:
                    return admitted
        return refusals

    def _try_fresh(
        self, trail: Trail, leg: Leg, refusals: list[Refused]
    ) -> Lease | None:
        if leg.is_over:
            return None
        if _is_awaited(trail, leg):
            full = (Refused(e, Refusal.FULL, None) for e in leg.pool.endpoints)
            refusals.extend(full)
            return None
        for tier in leg.pool.tiers:
            fresh = tier
            if leg.tried:
                fresh = tuple(e for e in tier if e not in leg.tried)
            admitted = self._try_tier(trail, leg, fresh, refusals)
            if admitted is not None or self._is_awaiting(trail, refusals):
                return admitted
        return None

    def _admit_in_line(self, trail: Trail) -> Lease | None:
        """Wait in the line that the call belongs into; `None` when that is another."""
        line = trail.line
        place = Place(line, self._runtime, trail.amount)
        # Not a context manager: an interruption between joining and entering one would
        # leave the place in the line, with everybody waiting behind it.
        try:
            line.join(place)
            return self._wait_for_lease(trail, place)
        finally:
            line.leave(place)

    def _wait_for_lease(self, trail: Trail, place: Place) -> Lease | None:
        line = trail.line
        while not place.wait_to_be_first(trail.deadline):
            if not trail.put_off():
                raise self._out_of_time(trail, "waiting in line for")
        while True:
            admitted = self._try_in_line(trail)
            if isinstance(admitted, Lease):
                return admitted
            wake_at = self._check_waiting(trail, admitted)
            if trail.line is not line:
                return None
            # Looks by itself now and then: an interruption between a settlement and
            # its wake-up would otherwise leave the line asleep. And soon enough for
            # those behind it to know, before their time is up, that this is no outage.
            interval = min(
                _look_interval_s(trail, admitted), trail.request.timeout_s / 2
            )
            place.wait(min(wake_at, self._clock() + interval, trail.deadline))
            # What is sent in less time than anybody needs is paid for in vain.
            if self._clock() + trail.fastest_s() >= trail.deadline:
                raise self._out_of_time(trail, "waiting for")

    def _try_in_line(self, trail: Trail) -> Lease | list[Refused]:
        """Ask all endpoints for the first in line, and note whether any is in order."""
        self._sweep()
        admitted = self._try_tiers(trail)
        if _is_service(admitted):
            trail.line.served_at = self._clock()
        trail.put_off()
        if isinstance(admitted, Lease) or not _is_outage(admitted):
            return admitted
        return self._try_probe(trail, admitted) or admitted

    def _try_tier(
        self,
        trail: Trail,
        leg: Leg,
        tier: tuple[Endpoint, ...],
        refusals: list[Refused],
    ) -> Lease | None:
        candidates: Sequence[Endpoint] = tier
        while candidates:
            chosen = self._choose(candidates, leg, trail)
            admitted = self._ask(trail, leg, chosen)
            if isinstance(admitted, Lease):
                return admitted
            refusals.append(admitted)
            candidates = [c for c in candidates if c is not chosen]
        return None

    def _choose(
        self, candidates: Sequence[Endpoint], leg: Leg, trail: Trail
    ) -> Endpoint:
        if len(candidates) == 1:
            return candidates[0]
        try:
            chosen = self._policy(candidates, leg.request)
        except Exception as error:
            raise trail.local_error(f"the policy failed: {error!r}") from error
        if chosen not in candidates:
            raise trail.local_error(
                f"the policy chose {chosen!r}, which is none of its candidates"
            )
        return chosen

    def _ask(
        self, trail: Trail, leg: Leg, endpoint: Endpoint, *, as_probe: bool = False
    ) -> Lease | Refused:
        trail.leg = leg
        # Written before a slot is taken: a request that is too big takes none.
        written = leg.written_for(endpoint, self._settings.max_request_bytes)
        if written is None:
            return Refused(endpoint, Refusal.UNABLE, math.inf)
        lease = trail.lease = Lease(endpoint, trail.ask_of(endpoint, written))
        if not self._ledger.is_empty:
            refused = self._hold_money(trail, lease)
            if refused is not None:
                return refused
        refused = lease.take(as_probe=as_probe)
        if refused is None:
            return lease
        lease.end()
        return refused

    def _hold_money(self, trail: Trail, lease: Lease) -> Refused | None:
        """Hold what the attempt may cost, in all budgets that it falls under."""
        endpoint, model, asked = lease.endpoint, lease.ask.model, trail.request
        if endpoint.is_full():
            # It would be given back at once, and others would have missed it meanwhile.
            return Refused(endpoint, Refusal.FULL, None)
        worst = self._worst.of(endpoint, model, asked, len(lease.ask.written.body))
        lease.hold = Hold(self._ledger, worst)
        shortage = lease.hold.take(model, endpoint.name, asked.tags)
        if shortage is None:
            return None
        trail.shortage = shortage
        if shortage.is_unasked:
            return Refused(endpoint, Refusal.AWAITED, None)
        # A batch has time: a store that is away for minutes must not fail thousands.
        may_end = shortage.may_end or (shortage.is_cut_off and trail.is_patient)
        return Refused(endpoint, Refusal.BUDGET, None if may_end else math.inf)

    def _try_probe(self, trail: Trail, refusals: list[Refused]) -> Lease | None:
        """In an outage, let one call a second try an open circuit."""
        for leg in trail.legs:
            for refused in refusals:
                is_its = refused.endpoint in leg.pool.endpoints and not leg.is_over
                if refused.reason is Refusal.OPEN and is_its:
                    admitted = self._ask(trail, leg, refused.endpoint, as_probe=True)
                    if isinstance(admitted, Lease):
                        return admitted
        return None

    def _check_waiting(self, trail: Trail, refusals: list[Refused]) -> float:
        """
        Say until when to wait for room, or raise when there is nothing to wait for.

        Returns:
            The instant at which a refusal ends; infinite when only a settlement can.
        """
        trail.money_line = self._money_line_of(trail, refusals)
        if all(refused.reason in _NEVER for refused in refusals):
            raise refusing.never(trail, refusals)
        if all(map(_is_spent, refusals)):
            raise self._budget_exceeded(trail)
        if _is_outage(refusals):
            next_trial_at = refusing.next_trial_at(refusals)
            if trail.is_patient and next_trial_at < trail.deadline:
                return next_trial_at
            raise refusing.no_endpoint(trail, refusals, next_trial_at - self._clock())
        if self._is_awaiting(trail, refusals):
            return math.inf
        known = [r.ready_at for r in refusals if r.ready_at is not None]
        ready_at = min(known, default=math.inf)
        is_in_time = ready_at < trail.deadline or (
            trail.is_patient and not trail.attempts
        )
        ends_in_time = len(known) < len(refusals) or is_in_time
        if self._settings.when_saturated == "wait" and ends_in_time:
            return ready_at
        if all(refused.reason is Refusal.BUDGET for refused in refusals):
            raise self._budget_exceeded(trail)
        raise self._saturated(trail, refusals, ready_at - self._clock())

    def _money_line_of(self, trail: Trail, refusals: list[Refused]) -> Line | None:
        """Find the line for calls that lack nothing but the money of one budget."""
        if trail.shortage is None or any(
            refused.reason is not Refusal.BUDGET for refused in refusals
        ):
            return None
        trail.amount = trail.shortage.amount or 0
        return self.money_lines[trail.shortage.account.budget.name]

    def _is_awaiting(self, trail: Trail, refusals: list[Refused]) -> bool:
        """
        Tell whether the store has yet to say whether there is room.

        That takes a moment, and a call waits for it even where it is not to wait, and
        where another model or tier has room.
        """
        if not any(refused.reason is Refusal.AWAITED for refused in refusals):
            return False
        now = self._clock()
        if trail.awaiting_since is None:
            trail.awaiting_since = now
        return now - trail.awaiting_since < AWAIT_S

    def _out_of_time(self, trail: Trail, doing: str) -> CallError:
        """Make the error for a call that waited in vain: for money, or for room."""
        if trail.money_line is not None:
            return self._budget_exceeded(trail)
        return trail.out_of_time(f"{doing} an endpoint with room")

    def _budget_exceeded(self, trail: Trail) -> BudgetExceeded:
        assert trail.shortage is not None, "a budget that refuses says why"
        error = self._ledger.error(trail.shortage)
        error.attempts = tuple(trail.attempts)
        return error

    def _saturated(
        self, trail: Trail, refusals: list[Refused], wait: float
    ) -> Saturated:
        why_not_wait = f"the deadline is in {self._left(trail):.1f} s"
        if self._settings.when_saturated == "fail":
            why_not_wait = 'waiting is not wanted (when_saturated = "fail")'
        return refusing.saturated(trail, refusals, wait, why_not_wait=why_not_wait)

    def _left(self, trail: Trail) -> float:
        return max(0.0, trail.deadline - self._clock())


def _is_awaited(trail: Trail, leg: Leg) -> bool:
    """Tell whether others wait for a model to which this call only falls back."""
    return leg is not trail.home and bool(trail.line_of(leg))


def _is_outage(refusals: list[Refused]) -> bool:
    return all(r.reason in _OUT_OF_SERVICE or _is_spent(r) for r in refusals)


def _is_spent(refused: Refused) -> bool:
    """Tell whether it is money that is missing, for good or until another day."""
    return refused.reason is Refusal.BUDGET and refused.ready_at is not None


def _look_interval_s(trail: Trail, refusals: list[Refused]) -> float:
    """Say how soon to look again, where nobody may tell that there is room."""
    is_told = len(trail.legs) == 1 and all(
        refused.reason not in _ASKED_OF_STORE for refused in refusals
    )
    return LOOK_INTERVAL_S if is_told else LOOK_AROUND_S


def _is_service(admitted: Lease | list[Refused]) -> bool:
    """Tell whether an endpoint that is in order takes calls, if only later."""
    if isinstance(admitted, Lease):
        return admitted.endpoint.circuit == CLOSED
    return any(
        refused.reason not in _OUT_OF_SERVICE
        and not _is_spent(refused)
        and refused.endpoint.circuit == CLOSED
        for refused in admitted
    )


def _make_policy(settings: Defaults, runtime: Runtime) -> Policy[Endpoint]:
    policy: Any = settings.policy
    return with_affinity(policy if callable(policy) else POLICIES[policy](runtime.rng))
