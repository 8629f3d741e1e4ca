"""
Owns whether and when a call is tried again.

tenacity runs the loop and asks; `Retries` answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import tenacity

from holybalance.balancing.runtime import Runtime
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import CONSEQUENCES
from holybalance.config import Defaults
from holybalance.messages import Verdict

# Full jitter (Brooker, "Exponential Backoff and Jitter"): U(0, min(cap, base * 2^n)).
BACKOFF_BASE_S = 0.5
BACKOFF_CAP_S = 8.0

Attempt = Callable[[Trail], None]


def backoff_s(failures: int, rng: random.Random) -> float:
    """Draw the seconds to wait before going back to an endpoint that failed."""
    return rng.uniform(0, min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(failures, 10)))


class Retries:
    """
    Repeats a call's attempts while that may help; safe from any thread.

    The verdict must allow it, and attempts, deadline and retry budget be left.
    """

    def __init__(self, settings: Defaults, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime
        # Shared by all threads: tenacity keeps a run's state thread-local.
        self._retrying = tenacity.Retrying(
            retry=self._may_retry,
            wait=self._backoff,
            stop=self._must_stop,
            sleep=runtime.sleep,
            retry_error_callback=lambda state: None,
        )

    def run(self, attempt: Attempt, trail: Trail) -> None:
        """
        Make a first attempt, and those after it that may help.

        `Trail.stopped_by` says why there was no further one.

        Raises:
            Exception: whatever an attempt raised; that ends the call.
            GivenUp: the call is no longer wanted.
        """
        attempt(trail)
        # tenacity is entered only now: its bookkeeping costs as much as reading an
        # answer, and nearly all calls end with their first attempt.
        if self._may_help(trail):
            self._retrying(self._attempt_again, trail, attempt)
            _raise_caught(trail)

    def _attempt_again(self, trail: Trail, attempt: Attempt) -> None:
        """Stand in for the attempt that has been made, then make those after it."""
        try:
            if trail.is_retrying:
                attempt(trail)
            trail.is_retrying = True
        except Exception as error:  # noqa: BLE001 - raised again by `_raise_caught`
            # tenacity would keep it, and it tenacity's frames: a cycle that holds the
            # prompt until a garbage collection.
            trail.caught = error

    # tenacity asks in this order.

    def _may_retry(self, state: tenacity.RetryCallState) -> bool:
        trail: Trail = state.args[0]
        if trail.caught is not None or state.outcome is None or state.outcome.failed:
            return False
        return self._may_help(trail)

    def _may_help(self, trail: Trail) -> bool:
        """Tell whether, after the last verdict, another attempt may come to more."""
        if trail.feed is not None:
            return False
        verdict = trail.verdict()
        consequence = CONSEQUENCES[verdict]
        if verdict is Verdict.LOST and not self._settings.retry_lost:
            trail.stopped_by = "what was lost may not be sent again (retry_lost)"
            return False
        if verdict is Verdict.NO_MODEL:
            # Asking the same endpoint again would not help.
            return trail.has_fresh()
        if consequence.next_model:
            return self._may_go_on(trail, verdict)
        return consequence.retry

    def _may_go_on(self, trail: Trail, verdict: Verdict) -> bool:
        """Tell whether another model may take what the last one refused."""
        is_too_long = verdict is Verdict.TOO_LONG
        if not is_too_long and not self._settings.content_policy_fallback:
            return False
        return trail.give_up_model(is_too_long=is_too_long)

    def _backoff(self, state: tenacity.RetryCallState) -> float:
        """
        Wait with jitter before going back to an endpoint, and not at all otherwise.

        A fresh endpoint needs no wait; when none would admit the call now, the wait
        for one is the line's concern.
        """
        trail: Trail = state.args[0]
        willing = [
            (leg, endpoint)
            for leg in trail.legs
            if not leg.is_over
            for endpoint in leg.pool.endpoints
            if endpoint.name not in leg.unable and endpoint.might_admit(leg.model)
        ]
        if not willing or any(endpoint not in leg.tried for leg, endpoint in willing):
            return 0.0
        return backoff_s(len(trail.attempts) - 1, self._runtime.rng)

    def _must_stop(self, state: tenacity.RetryCallState) -> bool:
        trail: Trail = state.args[0]
        settings = self._settings
        left = trail.deadline - self._runtime.clock() - state.upcoming_sleep
        most = trail.request.max_attempts or settings.max_attempts
        if len(trail.attempts) >= most:
            allowed = "1 is" if most == 1 else f"{most} are"
            trail.stopped_by = f"{allowed} allowed (max_attempts)"
        elif left <= trail.fastest_s():
            trail.stopped_by = "another could not finish before the deadline"
        elif not CONSEQUENCES[trail.verdict()].is_load:
            pass  # no upstream failed: that is no load of an outage, to be bounded
        elif not trail.leg.pool.budget.withdraw():
            trail.stopped_by = "the retry budget is spent (retry_budget)"
        return bool(trail.stopped_by)


def _raise_caught(trail: Trail) -> None:
    caught, trail.caught = trail.caught, None
    if caught is not None:
        try:
            raise caught
        finally:
            # Its traceback holds this frame, which must not hold it in turn.
            del caught
