"""
Owns who takes a call: asks endpoints in their order, and waits in line for room.

What the endpoints refuse, and why, is theirs; what that means for the call is decided
here: another endpoint, a probe, waiting, or an error that says when to come back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Lease, Refused
from holybalance.balancing.limits import Refusal
from holybalance.balancing.policy import POLICIES, Policy, with_affinity
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.trail import Trail
from holybalance.config import Defaults
from holybalance.errors import NoEndpoint, Saturated
from holybalance.messages import Verdict

LOOK_INTERVAL_S = 1.0
_OUT_OF_SERVICE = frozenset({Refusal.OPEN, Refusal.BENCHED, Refusal.EXHAUSTED})


class Admission:
    """Finds a call its lease; safe from any thread."""

    def __init__(self, settings: Defaults, runtime: Runtime) -> None:
        self._settings = settings
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
        if not trail.pool.line:
            admitted = self.try_lease(trail)
            if isinstance(admitted, Lease):
                return admitted
            self._check_waiting(trail, admitted)
        return self._admit_in_line(trail)

    def try_lease(self, trail: Trail) -> Lease | list[Refused]:
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

    def _admit_in_line(self, trail: Trail) -> Lease:
        with trail.pool.line.join() as place:
            if not place.wait_to_be_first(trail.deadline):
                raise trail.out_of_time("waiting in line for an endpoint with room")
            while True:
                admitted = self.try_lease(trail)
                if isinstance(admitted, Lease):
                    return admitted
                wake_at = self._check_waiting(trail, admitted)
                # Looks by itself now and then: an interruption between a settlement
                # and its wake-up would otherwise leave the line asleep.
                look_at = self._clock() + LOOK_INTERVAL_S
                place.wait(min(wake_at, look_at, trail.deadline))
                if self._clock() >= trail.deadline:
                    raise trail.out_of_time("waiting for an endpoint with room")

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


def _make_policy(settings: Defaults, runtime: Runtime) -> Policy[Endpoint]:
    named = settings.policy
    if callable(named):
        return named
    factory: Any = POLICIES[named]
    return with_affinity(factory(runtime.rng))


def _reasons(refusals: Sequence[Refused]) -> str:
    return "; ".join(f"{r.endpoint.name}: {r.reason.value}" for r in refusals)
