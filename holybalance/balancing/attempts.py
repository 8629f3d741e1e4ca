"""Owns one attempt: admit, exchange, judge, settle; and two side by side."""

from __future__ import annotations

import math

from holybalance.balancing.admission import Admission
from holybalance.balancing.feed import Feed, Times
from holybalance.balancing.lease import Lease
from holybalance.balancing.race import Race
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import judge
from holybalance.config import Defaults
from holybalance.messages import Fault, Outcome, Verdict

# A peer that is not connected to within this is unreachable, whatever the deadline.
CONNECT_PATIENCE_S = 1.0
# Attempts end by their own times; one that does not is not waited for much longer.
GRACE_S = 0.05
# Faults that may be the deadline's doing.
_OUT_OF_TIME = frozenset({Fault.DEADLINE, Fault.UNREACHABLE})


class Attempts:
    """Makes attempts for calls; safe from any thread."""

    def __init__(
        self, settings: Defaults, admission: Admission, runtime: Runtime
    ) -> None:
        self._settings = settings
        self._attempt_timeout = settings.attempt_timeout
        self._admission = admission
        self._runtime = runtime
        self._clock = runtime.clock

    def make(self, trail: Trail) -> None:
        """
        Make an attempt at a whole answer, and note what came of it.

        Raises what `Admission.admit` does.
        """
        try:
            lease = self._admission.admit(trail)
            outcome = self._exchange(trail, lease)
            ended = lease.settle(outcome, judge(outcome))
        finally:
            trail.let_go()
        trail.note(lease, ended)

    def begin_stream(self, trail: Trail) -> None:
        """
        Make an attempt at a stream, up to its first token.

        Raises what `Admission.admit` does. `Trail.feed` is the stream, if it comes to
        one; then the trail still holds its lease.
        """
        try:
            lease = self._admission.admit(trail)
            late_after_s = self._late_after_s(trail)
            if late_after_s is None:
                self._come_to(trail, lease, lease.open(self._times(trail, lease)))
            else:
                self._race(trail, lease, lease.started + late_after_s)
        finally:
            if trail.feed is None:
                trail.let_go()

    def _late_after_s(self, trail: Trail) -> float | None:
        """Say after how many seconds to hedge; `None` when that is not to be done."""
        if not self._settings.hedge:
            return None
        hedges = trail.leg.pool.hedges
        if not trail.attempts:
            hedges.note_stream()
        return hedges.late_after_s()

    def _come_to(self, trail: Trail, lease: Lease, opened: Feed | Outcome) -> None:
        """Take what an attempt has come to: the stream, or a failure."""
        if isinstance(opened, Feed):
            if not self._goes_on(trail, opened):
                self._hand_over(trail, lease, opened)
                return
            opened.close()
            outcome = opened.reply()
        else:
            outcome = self._placed(trail, lease, opened)
        verdict = judge(outcome)
        if verdict is Verdict.THROTTLED:
            trail.leg.pool.hedges.suspend()
        trail.note(lease, lease.settle(outcome, verdict))

    def _hand_over(self, trail: Trail, lease: Lease, feed: Feed) -> None:
        """Let the trail have a stream, and the endpoint know what it has shown."""
        trail.lease, trail.feed = lease, feed
        lease.endpoint.note_opened(lease, feed.told())
        if self._settings.hedge and feed.first_token_s is not None:
            trail.leg.pool.hedges.note_first_token(feed.first_token_s)

    def _goes_on(self, trail: Trail, feed: Feed) -> bool:
        """Tell whether a stream that was refused may still go to another model."""
        if not feed.is_over or not self._settings.content_policy_fallback:
            return False
        return trail.has_other_model() and judge(feed.reply()) is Verdict.REFUSED

    def _race(self, trail: Trail, lease: Lease, late_at: float) -> None:
        """Make an attempt, and a second one elsewhere if there is no token by then."""
        race = Race()
        try:
            self._start(race, trail, lease)
            while trail.feed is None and race.leases:
                found = race.first_result()
                if found is not None:
                    runner, opened = found
                    trail.lease = runner.lease
                    race.adopt(runner)
                    self._come_to(trail, runner.lease, opened)
                    late_at = math.inf
                elif self._clock() >= trail.deadline + GRACE_S:
                    raise trail.out_of_time("an attempt did not come to its end")
                elif self._clock() >= late_at:
                    self._hedge(trail, race, lease)
                    late_at = math.inf
                else:
                    until = min(late_at, trail.deadline + GRACE_S)
                    self._runtime.wait_until(race.news, until)
            for outrun in race.leases:
                trail.note_outrun(outrun)
        finally:
            race.end()

    def _hedge(self, trail: Trail, race: Race, first: Lease) -> None:
        most = trail.request.max_attempts or self._settings.max_attempts
        if len(trail.attempts) + 2 > most:
            return
        lease = self._admission.try_hedge(trail, first.endpoint)
        if lease is None:
            return
        pool = trail.leg.pool
        if pool.hedges.withdraw() and pool.budget.withdraw():
            self._start(race, trail, lease)
        else:
            trail.let_go()

    def _start(self, race: Race, trail: Trail, lease: Lease) -> None:
        """Have an attempt made in a thread; the race takes the lease from the trail."""
        times = self._times(trail, lease)
        is_first = not race.leases
        runner = race.enter(lease, times)
        trail.lease = None
        try:
            race.start(runner)
        except RuntimeError:
            # There is no thread to be had. Without any, this one does it by itself.
            trail.lease = lease
            race.adopt(runner)
            if is_first:
                self._come_to(trail, lease, lease.open(times))
            else:
                trail.let_go()

    def _times(self, trail: Trail, lease: Lease) -> Times:
        first = self._settings.first_token_timeout
        if self._attempt_timeout is not None:
            first = min(first, self._attempt_timeout)
        return Times(
            lease.started,
            lease.started + first,
            self._settings.idle_timeout,
            trail.deadline,
        )

    def _exchange(self, trail: Trail, lease: Lease) -> Outcome:
        until = trail.deadline
        if self._attempt_timeout is not None:
            until = min(until, lease.started + self._attempt_timeout)
        return self._placed(trail, lease, lease.exchange(until))

    def _placed(self, trail: Trail, lease: Lease, outcome: Outcome) -> Outcome:
        """Say of an attempt that ran out of time whose time it was."""
        if outcome.fault not in _OUT_OF_TIME:
            return outcome
        now = self._clock()
        fault = _whose_time(outcome.fault, now >= trail.deadline, now - lease.started)
        return outcome._replace(fault=fault)


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
