"""Owns a call's walk: admit, exchange, judge, settle, and again if that may help."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tenacity

from holybalance.balancing.endpoint import Endpoint, Lease, Refused
from holybalance.balancing.limits import Refusal
from holybalance.balancing.policy import POLICIES, Policy, with_affinity
from holybalance.balancing.pool import Pools
from holybalance.balancing.retry import backoff_s
from holybalance.balancing.runtime import GivenUp, Runtime
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import CONSEQUENCES, judge
from holybalance.config import Defaults
from holybalance.errors import (
    ClientClosed,
    NoEndpoint,
    Saturated,
)
from holybalance.messages import ChatRequest, Fault, Outcome, Reply, Verdict

LOOK_INTERVAL_S = 1.0
# Faults that may be the deadline's doing.
_OUT_OF_TIME = frozenset({Fault.DEADLINE, Fault.UNREACHABLE})
_OUT_OF_SERVICE = frozenset({Refusal.OPEN, Refusal.BENCHED, Refusal.EXHAUSTED})


class Balancer:
    """
    Sends each call to an endpoint that can take it, and on to others when it fails.

    Safe from any thread; a call runs in the thread that makes it.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], settings: Defaults, runtime: Runtime
    ) -> None:
        self.endpoints = tuple(endpoints)
        self._settings = settings
        self._runtime = runtime
        self._clock = runtime.clock
        self._policy = _make_policy(settings, runtime)
        self.pools = Pools(endpoints, settings.retry_budget, runtime)
        for endpoint in endpoints:
            endpoint.on_room(self._wake_lines)
        # Shared by all threads: tenacity keeps a run's state thread-local.
        self._retrying = tenacity.Retrying(
            retry=self._may_retry,
            wait=self._backoff,
            stop=self._must_stop,
            sleep=runtime.sleep,
            retry_error_callback=lambda state: None,
        )

    def send(self, request: ChatRequest, started: float | None = None) -> Reply:
        """
        Make a call.

        Args:
            started: the instant of the clock at which the call's time began to run;
                `None` for now.

        Raises:
            RequestError: the request is at fault.
            NoEndpoint: no endpoint may be called now.
            RetriesExhausted: attempts or retry budget ran out.
            DeadlineExceeded: the call's own timeout came first.
            Saturated: every endpoint is full or cooling down, for too long to wait.
            LocalError: this machine could not make the call.
            ClientClosed: the client was closed meanwhile.
        """
        began = self._clock() if started is None else started
        trail = Trail(request, self.pools.of_model(request.model), began)
        trail.pool.budget.deposit()
        try:
            self._attempt(trail)
            # tenacity is entered only now: its bookkeeping costs as much as reading an
            # answer, and nearly all calls end with their first attempt.
            if CONSEQUENCES[trail.verdict()].retry:
                self._try_again(trail)
        except GivenUp:
            raise ClientClosed("the client was closed while the call waited") from None
        return trail.conclude()

    def queued(self, endpoint: Endpoint | None = None) -> int:
        """Count the calls that wait for room, at one endpoint or anywhere."""
        pools = self.pools.all()
        if endpoint is not None:
            pools = self.pools.of_endpoint(endpoint)
        return sum(len(pool.line) for pool in pools)

    # One attempt.

    def _attempt(self, trail: Trail) -> None:
        try:
            lease = self._admit(trail)
            outcome = self._exchange(trail, lease)
            ended = lease.settle(outcome, judge(outcome))
        finally:
            trail.let_go()
        trail.note(lease, ended)

    def _try_again(self, trail: Trail) -> None:
        self._retrying(self._attempt_again, trail)
        caught, trail.caught = trail.caught, None
        if caught is not None:
            try:
                raise caught
            finally:
                # Its traceback holds this frame, which must not hold it in turn.
                del caught

    def _attempt_again(self, trail: Trail) -> None:
        """Stand in for the attempt that has been made, then make those after it."""
        try:
            if trail.is_retrying:
                self._attempt(trail)
            trail.is_retrying = True
        except Exception as error:  # noqa: BLE001 - raised again by `_try_again`
            # tenacity would keep it, and it tenacity's frames: a cycle that holds the
            # prompt until a garbage collection.
            trail.caught = error

    def _exchange(self, trail: Trail, lease: Lease) -> Outcome:
        until = trail.deadline
        if self._settings.attempt_timeout is not None:
            until = min(until, lease.started + self._settings.attempt_timeout)
        outcome = lease.exchange(until)
        is_late = outcome.fault in _OUT_OF_TIME and self._clock() >= trail.deadline
        fault = Fault.DEADLINE if is_late else outcome.fault
        if fault is Fault.DEADLINE and not is_late:
            # Not the caller's deadline: the endpoint took longer than an attempt may.
            fault = Fault.NO_ANSWER
        return outcome if fault is outcome.fault else outcome._replace(fault=fault)

    def _admit(self, trail: Trail) -> Lease:
        if self._clock() >= trail.deadline:
            raise trail.out_of_time("waiting for its turn")
        if not trail.pool.line:
            admitted = self._try_lease(trail)
            if isinstance(admitted, Lease):
                return admitted
            self._check_waiting(trail, admitted)
        return self._admit_in_line(trail)

    def _admit_in_line(self, trail: Trail) -> Lease:
        with trail.pool.line.join() as place:
            if not place.wait_to_be_first(trail.deadline):
                raise trail.out_of_time("waiting in line for an endpoint with room")
            while True:
                admitted = self._try_lease(trail)
                if isinstance(admitted, Lease):
                    return admitted
                wake_at = self._check_waiting(trail, admitted)
                # Looks by itself now and then: an interruption between a settlement
                # and its wake-up would otherwise leave the line asleep.
                look_at = self._clock() + LOOK_INTERVAL_S
                place.wait(min(wake_at, look_at, trail.deadline))
                if self._clock() >= trail.deadline:
                    raise trail.out_of_time("waiting for an endpoint with room")

    def _try_lease(self, trail: Trail) -> Lease | list[Refused]:
        """Ask fresh endpoints by tier, then those that this call has tried."""
        refusals: list[Refused] = []
        tiers = trail.pool.tiers
        if trail.tried:
            fresh = [[e for e in tier if e not in trail.tried] for tier in tiers]
            tiers = (*map(tuple, fresh), tuple(dict.fromkeys(trail.tried)))
        for tier in tiers:
            admitted = self._try_tier(trail, tier, refusals)
            if admitted is not None:
                return admitted
        return self._try_probe(trail, refusals) or refusals

    def _try_tier(
        self, trail: Trail, tier: tuple[Endpoint, ...], refusals: list[Refused]
    ) -> Lease | None:
        candidates: Sequence[Endpoint] = tier
        while candidates:
            chosen = self._choose(candidates, trail)
            admitted = self._ask(trail, chosen)
            if isinstance(admitted, Lease):
                return admitted
            refusals.append(admitted)
            candidates = [c for c in candidates if c is not chosen]
        return None

    def _choose(self, candidates: Sequence[Endpoint], trail: Trail) -> Endpoint:
        if len(candidates) == 1:
            return candidates[0]
        try:
            chosen = self._policy(candidates, trail.request)
        except Exception as error:
            raise trail.local_error(f"the policy failed: {error!r}") from error
        if chosen not in candidates:
            raise trail.local_error(
                f"the policy chose {chosen!r}, which is none of its candidates"
            )
        return chosen

    def _ask(
        self, trail: Trail, endpoint: Endpoint, *, as_probe: bool = False
    ) -> Lease | Refused:
        # Written before a slot is taken: a request that is too big takes none.
        body = trail.body_for(endpoint, self._settings.max_request_bytes)
        lease = trail.lease = Lease(endpoint, trail.ask_of(endpoint, body))
        return lease.take(as_probe=as_probe) or lease

    def _try_probe(self, trail: Trail, refusals: list[Refused]) -> Lease | None:
        """When all that is left is open circuits, let one call a second try them."""
        if any(refused.reason not in _OUT_OF_SERVICE for refused in refusals):
            return None
        for refused in refusals:
            if refused.reason is Refusal.OPEN:
                admitted = self._ask(trail, refused.endpoint, as_probe=True)
                if isinstance(admitted, Lease):
                    return admitted
        return None

    def _check_waiting(self, trail: Trail, refusals: list[Refused]) -> float:
        """
        Say until when to wait for room, or raise when there is nothing to wait for.

        Returns:
            The instant at which a refusal ends; infinite when only a settlement can.
        """
        if all(refused.reason in _OUT_OF_SERVICE for refused in refusals):
            raise self._no_endpoint(trail, refusals)
        known = [r.ready_at for r in refusals if r.ready_at is not None]
        ready_at = min(known, default=math.inf)
        ends_in_time = len(known) < len(refusals) or ready_at < trail.deadline
        if self._settings.when_saturated == "wait" and ends_in_time:
            return ready_at
        raise self._saturated(trail, refusals, ready_at)

    # Whether to try again; tenacity asks in this order.

    def _may_retry(self, state: tenacity.RetryCallState) -> bool:
        trail: Trail = state.args[0]
        if trail.caught is not None or state.outcome is None or state.outcome.failed:
            return False
        verdict = trail.verdict()
        if verdict is Verdict.LOST and not self._settings.retry_lost:
            trail.stopped_by = "what was lost may not be sent again (retry_lost)"
            return False
        return CONSEQUENCES[verdict].retry

    def _backoff(self, state: tenacity.RetryCallState) -> float:
        """
        Wait with jitter before going back to an endpoint, and not at all otherwise.

        A fresh endpoint needs no wait; when none would admit the call now, the wait
        for one is the line's concern.
        """
        trail: Trail = state.args[0]
        model = trail.request.model
        willing = [e for e in trail.pool.endpoints if e.might_admit(model)]
        if not willing or any(e not in trail.tried for e in willing):
            return 0.0
        return backoff_s(len(trail.attempts) - 1, self._runtime.rng)

    def _must_stop(self, state: tenacity.RetryCallState) -> bool:
        trail: Trail = state.args[0]
        settings = self._settings
        left = trail.deadline - self._clock() - state.upcoming_sleep
        if len(trail.attempts) >= settings.max_attempts:
            trail.stopped_by = f"{settings.max_attempts} are allowed (max_attempts)"
        elif left <= self._fastest_s(trail):
            trail.stopped_by = "another could not finish before the deadline"
        elif not trail.pool.budget.withdraw():
            trail.stopped_by = "the retry budget is spent (retry_budget)"
        return bool(trail.stopped_by)

    def _fastest_s(self, trail: Trail) -> float:
        """Give the least that any endpoint has ever needed: less time is too little."""
        known = [e.fastest_s for e in trail.pool.endpoints if e.fastest_s is not None]
        return min(known) if len(known) == len(trail.pool.endpoints) else 0.0

    # What to tell the caller.

    def _no_endpoint(self, trail: Trail, refusals: list[Refused]) -> NoEndpoint:
        now = self._clock()
        trials = [
            refused.endpoint.next_probe_at()
            if refused.reason is Refusal.OPEN
            else refused.ready_at or math.inf
            for refused in refusals
        ]
        wait = max(0.0, min(trials) - now)
        due = "never by itself: see Client.restore"
        if math.isfinite(wait):
            due = f"in {wait:.1f} s"
        return NoEndpoint(
            f'no endpoint for the model "{trail.request.model}" may be called; '
            f"the next trial is due {due} ({_reasons(refusals)})",
            retry_after_s=wait if math.isfinite(wait) else None,
            verdict=trail.last.verdict if trail.last else Verdict.SICK,
            attempts=trail.attempts,
        )

    def _saturated(
        self, trail: Trail, refusals: list[Refused], ready_at: float
    ) -> Saturated:
        wait = max(0.0, ready_at - self._clock())
        known = math.isfinite(wait)
        left = max(0.0, trail.deadline - self._clock())
        due = f"room is due in {wait:.1f} s" if known else "nobody knows for how long"
        return Saturated(
            f'every endpoint for the model "{trail.request.model}" is saturated; '
            f"{due}, the deadline in {left:.1f} s ({_reasons(refusals)})",
            retry_after_s=wait if known else None,
            attempts=trail.attempts,
        )

    def _wake_lines(self, endpoint: Endpoint) -> None:
        for pool in self.pools.of_endpoint(endpoint):
            if pool.line:
                pool.line.wake()


def _make_policy(settings: Defaults, runtime: Runtime) -> Policy[Endpoint]:
    named = settings.policy
    if callable(named):
        return named
    factory: Any = POLICIES[named]
    return with_affinity(factory(runtime.rng))


def _reasons(refusals: Sequence[Refused]) -> str:
    return "; ".join(f"{r.endpoint.name}: {r.reason.value}" for r in refusals)
