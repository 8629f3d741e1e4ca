"""Owns the errors for calls that no endpoint takes, and what they tell people."""

from __future__ import annotations

import math
from collections.abc import Sequence

from holybalance.balancing.lease import Refused
from holybalance.balancing.limits import Refusal
from holybalance.balancing.trail import Trail
from holybalance.errors import NoEndpoint, RequestError, Saturated
from holybalance.messages import Verdict
from holybalance.wire.formats import UnsupportedError

# What an outage is put down to, where several things keep endpoints away.
_BLAMED = (
    (Refusal.OPEN, Verdict.SICK),
    (Refusal.EXHAUSTED, Verdict.EXHAUSTED),
    (Refusal.BENCHED, Verdict.DENIED),
    (Refusal.BUDGET, Verdict.BUDGET),
    (Refusal.NO_MODEL, Verdict.NO_MODEL),
    (Refusal.UNABLE, Verdict.CALLER),
)


def no_endpoint(trail: Trail, refusals: list[Refused], wait: float) -> NoEndpoint:
    """
    Make the error for an outage.

    Args:
        wait: the seconds until one of them lets a call through; infinite for never.
    """
    model, why = trail.request.model, _reasons(refusals)
    if math.isinf(wait):
        return NoEndpoint(
            f'no endpoint for the model "{model}" will take a call again by '
            f"itself; mend its key, then call Client.restore or start anew ({why})",
            verdict=_verdict(refusals),
            attempts=trail.attempts,
        )
    wait = max(0.0, wait)
    return NoEndpoint(
        f'no endpoint for the model "{model}" may be called; the next trial is due '
        f"in {wait:.1f} s ({why})",
        retry_after_s=wait,
        verdict=_verdict(refusals),
        attempts=trail.attempts,
    )


def saturated(
    trail: Trail, refusals: list[Refused], wait: float, *, why_not_wait: str
) -> Saturated:
    """
    Make the error for endpoints that are in order and have no room.

    Args:
        wait: the seconds until there is some; infinite where nobody knows.
        why_not_wait: for people.
    """
    wait = max(0.0, wait)
    known = math.isfinite(wait)
    due = f"room is due in {wait:.1f} s" if known else "nobody knows for how long"
    return Saturated(
        f'every endpoint for the model "{trail.request.model}" is saturated; '
        f"{due}, and {why_not_wait} ({_reasons(refusals)})",
        retry_after_s=wait if known else None,
        attempts=trail.attempts,
    )


def never(trail: Trail, refusals: list[Refused]) -> RequestError:
    """Make the error for a call that no endpoint will ever take as it is."""
    unable = [r.endpoint.name for r in refusals if r.reason is Refusal.UNABLE]
    if not unable:
        return _no_model(trail)
    errors = [error for leg in trail.legs for error in leg.unable.values()]
    for error in errors:
        if isinstance(error, RequestError):
            # Nobody can write it: something in it is not as it must be.
            error.attempts = tuple(trail.attempts)
            return error
    lacking = [error for error in errors if isinstance(error, UnsupportedError)]
    advice = "leave it out of the call"
    if any(error.may_drop for error in lacking):
        advice += (
            ', or have it left out where it cannot be had, with on_unsupported = "drop"'
        )
    return RequestError(
        f'no endpoint for the model "{trail.request.model}" can do this: '
        f"{'; '.join(sorted({error.why for error in lacking}))}; {advice}",
        code="unsupported",
        attempts=trail.attempts,
    )


def _no_model(trail: Trail) -> RequestError:
    return RequestError(
        f'no endpoint has the model "{trail.request.model}", as they said a moment ago',
        status=404,
        code="model_not_found",
        verdict=Verdict.NO_MODEL,
        attempts=trail.attempts,
    )


def next_trial_at(refusals: list[Refused]) -> float:
    """Say when one of those out of service lets a call through; infinite for never."""
    return min(
        refused.endpoint.next_probe_at()
        if refused.reason is Refusal.OPEN
        else refused.ready_at or math.inf
        for refused in refusals
    )


def _verdict(refusals: list[Refused]) -> Verdict:
    """Say what keeps all endpoints away: sickness if of any, else what is worst."""
    reasons = {refused.reason for refused in refusals}
    return next(verdict for reason, verdict in _BLAMED if reason in reasons)


def _reasons(refusals: Sequence[Refused]) -> str:
    return "; ".join(map(_reason, refusals))


def _reason(refused: Refused) -> str:
    endpoint, why = refused.endpoint, refused.reason.value
    if refused.reason is Refusal.OPEN and endpoint.last_failure:
        why += f", the last failure: {endpoint.last_failure}"
    return f"{endpoint.name}: {why}"
