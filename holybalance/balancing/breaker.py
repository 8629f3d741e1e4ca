"""
Owns one endpoint's circuit: when it opens, who may try it, and how it comes back.

pybreaker keeps the ledger (state and counts). It never wraps a call: its `call()`
holds its lock while the function runs, and its `calling()` lets every thread through
when half-open. So a call is admitted before, and recorded after.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import pybreaker

from holybalance.balancing.verdict import Blame
from holybalance.config import BreakerConfig

CLOSED = str(pybreaker.STATE_CLOSED)
OPEN = str(pybreaker.STATE_OPEN)
HALF_OPEN = str(pybreaker.STATE_HALF_OPEN)

PROBE_INTERVAL_S = 1.0
# The least share of traffic in slow start: Envoy's min_weight_percent of 10 %.
LEAST_WARMTH = 0.1
_SLICES = 10


class Permit(NamedTuple):
    """
    Leave to try; `epoch` numbers the state of the circuit that gave it.

    One that `is_counted` has counted as a success before its end.
    """

    epoch: int
    is_probe: bool = False
    is_counted: bool = False


class _RecentCalls:
    """Counts calls and failures over a sliding window, in slices of time."""

    def __init__(self, window_s: float) -> None:
        self._slice_s = window_s / _SLICES
        self._slices: deque[list[int]] = deque()

    def add(self, now: float, failed: bool) -> None:
        number = int(now / self._slice_s)
        slices = self._slices
        if not slices or slices[-1][0] != number:
            slices.append([number, 0, 0])
            while slices[0][0] <= number - _SLICES:
                slices.popleft()
        slices[-1][1] += 1
        slices[-1][2] += failed

    def totals(self) -> tuple[int, int]:
        return sum(s[1] for s in self._slices), sum(s[2] for s in self._slices)

    def clear(self) -> None:
        self._slices.clear()


class _Failure(Exception):
    """Tells pybreaker's ledger of a failure."""


def _succeed() -> None:
    """Tell pybreaker's ledger of a success."""


def _fail() -> None:
    raise _Failure


class Breaker:
    """
    A circuit breaker; all times are monotonic seconds that the caller passes in.

    Not safe from several threads by itself: its endpoint's lock guards it. `state` is
    one of `CLOSED`, `OPEN`, `HALF_OPEN`.
    """

    def __init__(self, config: BreakerConfig) -> None:
        self._config = config
        self._ledger = pybreaker.CircuitBreaker(
            fail_max=config.failures,
            success_threshold=config.half_open_max_calls,
            throw_new_error_on_trip=False,
        )
        # The ledger's state, kept beside it: each admission and result asks for it.
        self.state = CLOSED
        self._recent = _RecentCalls(config.window)
        # A result of a past epoch counts for nothing, so a call that began before a
        # trip can neither prolong it nor end it.
        self._epoch = 0
        self._permit = Permit(0)
        self._trials = 0
        self._trips = 0
        self._open_until = 0.0
        self._next_probe = 0.0
        self._half_open_at = 0.0
        self._closed_at: float | None = None

    def __repr__(self) -> str:
        return f"<Breaker {self.state} trips={self._trips}>"

    def admit(self, now: float) -> Permit | None:
        """Give leave to try, or `None` when the circuit is open or has its trials."""
        if self.state != CLOSED and not self.would_admit(now):
            return None
        if self.state == OPEN or self._has_stale_trials(now):
            self._half_open(now)
        if self.state == HALF_OPEN:
            self._trials += 1
        return self._permit

    def would_admit(self, now: float) -> bool:
        """Tell whether `admit` would give leave."""
        if self.state == OPEN:
            return now >= self._open_until
        under_way = self._trials + self._ledger.success_counter
        return (
            self.state == CLOSED
            or under_way < self._config.half_open_max_calls
            or self._has_stale_trials(now)
        )

    def admit_probe(self, now: float) -> Permit | None:
        """
        Give leave to one try a second while the circuit is open.

        For when no other endpoint is left: recovery is then noticed within a second,
        and a dead upstream sees one call a second.
        """
        if self.state != OPEN or now < self._next_probe:
            return None
        self._next_probe = now + PROBE_INTERVAL_S
        return Permit(self._epoch, is_probe=True)

    def record(self, permit: Permit | None, blame: Blame, now: float) -> None:
        """Take the result of a call that was admitted."""
        if permit is None or permit.epoch != self._epoch:
            return
        if self.state == HALF_OPEN:
            if permit.is_counted and blame is not Blame.FAILURE:
                return
            if not permit.is_counted:
                # Not below 0: an interrupted settlement is recorded once more.
                self._trials = max(0, self._trials - 1)
        if blame is Blame.CREDIT:
            self._note_success(permit, now)
        elif blame is Blame.FAILURE and not permit.is_probe:
            self._note_failure(now)

    def note_sound(self, permit: Permit | None, now: float) -> Permit | None:
        """
        Take it that a call works though it has not ended, as a stream with a token.

        A trial counts at once: the circuit need not wait for the stream's end.

        Returns:
            What its end is recorded by.
        """
        if permit is None or permit.epoch != self._epoch or self.state == CLOSED:
            return permit
        self.record(permit, Blame.CREDIT, now)
        return Permit(self._epoch, is_counted=True)

    def follow(self, until: float, now: float) -> None:
        """Open as in another process, which has seen it fail; up to an instant."""
        if self.state != OPEN:
            self._ledger.open()
            self.state = OPEN
            self._turn_epoch()
            self._recent.clear()
            self._open_until, self._next_probe = until, now + PROBE_INTERVAL_S
        self._open_until = max(self._open_until, until)

    def end_rest(self, now: float) -> None:
        """Let trials through at once: another process has found that it works."""
        if self.state == OPEN:
            self._open_until = min(self._open_until, now)

    def half_opens_at(self, now: float) -> float:
        """Say when an open circuit lets its trials through; `now` when it may."""
        return max(now, self._open_until) if self.state == OPEN else now

    def next_probe_at(self, now: float) -> float:
        """Say when a probe would be let through; `now` when it would be."""
        return min(self.half_opens_at(now), max(now, self._next_probe))

    def warmth(self, now: float) -> float:
        """
        Give the share of its normal traffic that the endpoint should get, up to 1.

        After the circuit closes it grows in a line over `slow_start` (Envoy's slow
        start with aggression 1).
        """
        if self._closed_at is None:
            return 1.0
        elapsed = now - self._closed_at
        if elapsed >= self._config.slow_start:
            return 1.0
        return max(LEAST_WARMTH, elapsed / self._config.slow_start)

    def _note_success(self, permit: Permit, now: float) -> None:
        if permit.is_probe:
            self._half_open(now)
        before = self.state
        if before == CLOSED:
            self._recent.add(now, failed=False)
            if self._ledger.fail_counter == 0:
                return
        self._ledger.call(_succeed)
        self.state = self._ledger.current_state
        if before == HALF_OPEN and self.state == CLOSED:
            self._turn_epoch()
            self._closed_at = now

    def _note_failure(self, now: float) -> None:
        self._recent.add(now, failed=True)
        try:
            self._ledger.call(_fail)
        except _Failure as failure:
            # pybreaker's frames hold the failure, and it would hold them: a cycle
            # that keeps the frames of all callers, prompts included, until a GC.
            failure.__traceback__ = None
        if self._ledger.current_state == CLOSED and self._is_failing():
            self._ledger.open()
        self.state = self._ledger.current_state
        if self.state == OPEN:
            self._tripped(now)

    def _is_failing(self) -> bool:
        calls, failures = self._recent.totals()
        return (
            calls >= self._config.min_calls
            and failures >= self._config.failure_ratio * calls
        )

    def _tripped(self, now: float) -> None:
        config = self._config
        if self._closed_at is not None and now - self._closed_at > config.max_open_for:
            self._trips = 0
        # Health is forgotten with the trip: what fails its trials was not healthy.
        self._closed_at = None
        self._trips += 1
        self._turn_epoch()
        self._open_until = now + min(config.open_for * self._trips, config.max_open_for)
        self._next_probe = now + PROBE_INTERVAL_S
        self._recent.clear()

    def _has_stale_trials(self, now: float) -> bool:
        """Tell whether trials have taken so long that they will not come back."""
        age = now - self._half_open_at
        return self.state == HALF_OPEN and age >= self._config.max_open_for

    def _half_open(self, now: float) -> None:
        self._ledger.half_open()
        self._half_open_at = now
        self.state = HALF_OPEN
        self._turn_epoch()
        self._trials = 0

    def _turn_epoch(self) -> None:
        self._epoch += 1
        self._permit = Permit(self._epoch)
