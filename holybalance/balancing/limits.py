"""Owns how much one endpoint may be asked: requests and tokens a minute, cool-downs."""

from __future__ import annotations

import enum
import math
import random
from collections.abc import Callable
from typing import Protocol

from holybalance.messages import RateLimits

MINUTE_S = 60.0
# A full bucket on top of a minute's refill stays within 2 % of the limit in any
# sliding minute; a larger burst would be paid for with 429s.
BURST_SHARE = 0.02
QUOTA_BENCH_S = 3600.0
FIRST_DENIAL_BENCH_S = 60.0
DENIAL_BENCH_CAP_S = 3600.0
NO_MODEL_BENCH_S = 10.0
# Nobody means to wait longer than a day; a clock or a unit is wrong then.
MAX_COOL_DOWN_S = 86_400.0
# An endpoint that takes any model's name keeps cool-downs of this many at most, but
# for those that still hold.
MANY_MODELS = 256
# A 429 that does not say when to come back: a second, doubled each time in a row.
FIRST_COOL_DOWN_S = 1.0
GUESSED_COOL_DOWN_CAP_S = 30.0
# Jitter above Retry-After, so that the processes of a fleet do not return as one.
JITTER_SHARE = 0.1
JITTER_CAP_S = 1.0
ALL_MODELS = ""
"""Stands for every model of an endpoint, in its rests."""


class Refusal(enum.Enum):
    """Why an endpoint does not take a call now."""

    OPEN = "its circuit is open"
    TRIALS = "its circuit is half-open and its trials are under way"
    BENCHED = "its key was refused"
    EXHAUSTED = "its key's quota is used up"
    NO_MODEL = "it does not have the model"
    UNABLE = "its provider cannot do what is asked for"
    COOLING = "it is cooling down"
    LIMITED = "it is at its rate limit"
    AWAITED = "its part of what processes share is being asked for"
    BUDGET = "a budget has no room"
    FULL = "all its slots are taken"


class RateBucket(Protocol):
    """A rate limit, of this process alone or shared with others."""

    per_minute: float

    def ready_at(self, need: float, now: float) -> float | None:
        """Say when `need` may be taken; `None` when that is being found out."""

    def take(self, amount: float, now: float) -> None:
        """Take, or with a negative amount give back."""

    def fill(self, now: float) -> None:
        """Forget all debts."""

    def lower(self, left: float, now: float) -> None:
        """Believe an upstream that says less is left than we thought."""


class Bucket:
    """
    A token bucket with debt: what is asked for is taken whole, even below zero.

    Args:
        per_minute: the limit.
        now: monotonic seconds.
    """

    __slots__ = ("_balance", "_capacity", "_rate", "_updated", "per_minute")

    def __init__(self, per_minute: float, now: float) -> None:
        self.per_minute = per_minute
        self._rate = per_minute / MINUTE_S
        self._capacity = max(1.0, per_minute * BURST_SHARE)
        self._balance = self._capacity
        self._updated = now

    def ready_at(self, need: float, now: float) -> float:
        """Say when `need` may be taken; more than fits waits for a full bucket."""
        self._refill(now)
        missing = min(need, self._capacity) - self._balance
        return now + missing / self._rate if missing > 0 else now

    def take(self, amount: float, now: float) -> None:
        """Take, or with a negative amount give back."""
        self._refill(now)
        self._balance = min(self._capacity, self._balance - amount)

    def fill(self, now: float) -> None:
        """Start anew, with a full bucket."""
        self._balance, self._updated = self._capacity, now

    def lower(self, left: float, now: float) -> None:
        """Believe an upstream that says less is left than we thought."""
        self._refill(now)
        self._balance = min(self._balance, left)

    def _refill(self, now: float) -> None:
        if now > self._updated:
            gained = (now - self._updated) * self._rate
            self._balance = min(self._capacity, self._balance + gained)
            self._updated = now


MakeBucket = Callable[[str, float, float], RateBucket]


class Limits:
    """
    Rate limits and cool-downs of one endpoint; all times are monotonic seconds.

    Not safe from several threads by itself: its endpoint's lock guards it.

    Args:
        rpm: requests a minute, `None` for no limit.
        tpm: tokens a minute, `None` for no limit.
        make_bucket: makes each of them, from "rpm" or "tpm", the limit, and now.
    """

    def __init__(
        self,
        rpm: float | None,
        tpm: float | None,
        now: float,
        rng: random.Random,
        make_bucket: MakeBucket = lambda kind, limit, now: Bucket(limit, now),
    ) -> None:
        self._requests = None if rpm is None else make_bucket("rpm", rpm, now)
        self._tokens = None if tpm is None else make_bucket("tpm", tpm, now)
        self._rng = rng
        self._cool_until: dict[str, float] = {}
        self._throttles: dict[str, int] = {}
        self._without_until: dict[str, float] = {}
        self._denials = 0
        self._denied_at = now
        self._benched_until = now
        self._bench_reason = Refusal.EXHAUSTED

    def refusal(
        self, model: str, tokens: int, now: float
    ) -> tuple[Refusal, float | None] | None:
        """
        Say why a call may not start now, and when it may; `None` when it may.

        The instant is `None` where it is being found out.
        """
        if now < self._benched_until:
            return self._bench_reason, self._bench_ends()
        if self._without_until and now < self._without_until.get(model, now):
            return Refusal.NO_MODEL, self._without_until[model]
        cool_until = self._cool_until.get(model, now) if self._cool_until else now
        if now < cool_until:
            return Refusal.COOLING, cool_until
        ready = self._ready_at(tokens, now)
        if ready is None:
            return Refusal.AWAITED, None
        return (Refusal.LIMITED, ready) if now < ready else None

    def is_rested(self, model: str, now: float) -> bool:
        """Tell whether no bench and no cool-down keeps a model's calls away."""
        return now >= self._benched_until and now >= self._cool_until.get(model, now)

    def rests(self, now: float) -> dict[str, float]:
        """
        Give the ends of what others should heed, too: cool-downs by model, and of a
        used-up quota by `ALL_MODELS`.

        A refused key is left out: each process finds out with one call of its own.
        """
        ends = {model: end for model, end in self._cool_until.items() if end > now}
        if self._bench_reason is Refusal.EXHAUSTED and now < self._benched_until:
            ends[ALL_MODELS] = self._benched_until
        return ends

    def follow(self, model: str, until: float, now: float) -> None:
        """Rest as another process does; `rests` says what."""
        if model == ALL_MODELS:
            self._bench(Refusal.EXHAUSTED, until)
        else:
            self._keep_away(model, until - now, now)

    def end_rest(self, model: str, now: float) -> None:
        """End a rest that another process has found to be over."""
        if model != ALL_MODELS:
            self._cool_until.pop(model, None)
        elif self._bench_reason is Refusal.EXHAUSTED:
            self._benched_until = now

    def reserve(self, tokens: int, now: float) -> None:
        """Take one request and the tokens that it may cost."""
        if self._denials:
            # This is the one call that finds out; the others stay away meanwhile.
            self._bench(Refusal.BENCHED, now + self._denial_pause_s())
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)

    def settle(self, reserved: int, used: int | None, now: float) -> None:
        """Correct a reservation once the usage is known; `None` leaves it as it is."""
        if self._tokens is not None and used is not None:
            # A minute's worth at the most, whatever usage an upstream claims.
            self._tokens.take(min(used, self._tokens.per_minute) - reserved, now)

    def release(self, reserved: int, now: float) -> None:
        """Give back a reservation of a request that was never sent."""
        if self._requests is not None:
            self._requests.take(-1, now)
        if self._tokens is not None:
            self._tokens.take(-reserved, now)

    def observe(self, model: str, left: RateLimits, now: float) -> None:
        """
        Lower what we think is left, never raise it, and wait out an empty window.

        Upstreams count each model apart, so an empty window keeps only its model away.
        """
        if self._requests is not None and left.requests_left is not None:
            self._requests.lower(left.requests_left, now)
        if self._tokens is not None and left.tokens_left is not None:
            self._tokens.lower(left.tokens_left, now)
        if left.wait_s > 0:
            self._keep_away(model, left.wait_s, now)

    def cool_down(self, model: str, retry_after_s: float | None, now: float) -> None:
        """
        Keep a model's calls away after a 429.

        Args:
            retry_after_s: what the upstream asked for, a floor; `None` when it did not
                say, then a second, doubled with each 429 that follows a cool-down
                without a success between, up to 30.
        """
        throttles = self._throttles.get(model, 0)
        # Calls that were under way together are refused together: that is one 429.
        if throttles == 0 or now >= self._cool_until.get(model, now):
            throttles = self._throttles[model] = throttles + 1
        if retry_after_s is None:
            retry_after_s = min(
                FIRST_COOL_DOWN_S * 2 ** min(throttles - 1, 10),
                GUESSED_COOL_DOWN_CAP_S,
            )
        wait = min(retry_after_s, MAX_COOL_DOWN_S)
        wait += self._rng.uniform(0, min(wait * JITTER_SHARE, JITTER_CAP_S))
        self._keep_away(model, wait, now)

    def note_success(self, model: str, started: float, now: float) -> None:
        """
        Forget the 429s and the denials in a row.

        Args:
            started: when the call began; one that began before a denial, with a key
                that was good then, does not end it.
        """
        if self._denials and started > self._denied_at:
            self._denials = 0
            if self._bench_reason is Refusal.BENCHED:
                self._benched_until = now
        if self._throttles:
            self._throttles.pop(model, None)

    def bench_for_quota(self, now: float) -> None:
        """Keep all calls away for long: the key's quota is used up."""
        self._bench(Refusal.EXHAUSTED, now + QUOTA_BENCH_S)

    def bench_for_denial(self, started: float, now: float) -> None:
        """
        Keep all calls away: the key was refused.

        Args:
            started: when the refused call began; calls that were under way together
                are refused together, and that is one refusal.

        Nobody is asked to wait for it, but a minute later, then two, up to an hour, one
        call finds out whether the key is good again: not everybody can `restore`.
        """
        if self._denials and started <= self._denied_at:
            return
        self._denials += 1
        self._denied_at = now
        self._bench(Refusal.BENCHED, now + self._denial_pause_s())

    def bench_model(self, model: str, now: float) -> None:
        """Keep a model's calls away for a moment: the endpoint does not have it."""
        if len(self._without_until) >= MANY_MODELS:
            self._without_until.clear()
        self._without_until[model] = now + NO_MODEL_BENCH_S

    def restore(self, now: float) -> None:
        """End the bench and all cool-downs, and forget all debts."""
        self._benched_until = now
        self._denials = 0
        self._cool_until.clear()
        self._without_until.clear()
        self._throttles.clear()
        for bucket in (self._requests, self._tokens):
            if bucket is not None:
                bucket.fill(now)

    def cool_down_left(self, now: float) -> float:
        """Give the seconds until the last cool-down or bench ends; may be infinite."""
        bench = self._bench_ends() if now < self._benched_until else now
        return max(0.0, max(bench, *self._cool_until.values(), now) - now)

    def _bench(self, reason: Refusal, until: float) -> None:
        if until >= self._benched_until:
            self._benched_until = until
            self._bench_reason = reason

    def _denial_pause_s(self) -> float:
        doublings = min(self._denials - 1, 10)
        return min(FIRST_DENIAL_BENCH_S * float(2**doublings), DENIAL_BENCH_CAP_S)

    def _bench_ends(self) -> float:
        """Say when a bench ends, as far as anybody may count on it."""
        is_denied = self._bench_reason is Refusal.BENCHED
        return math.inf if is_denied else self._benched_until

    def _keep_away(self, model: str, seconds: float, now: float) -> None:
        """Set the end of a model's cool-down; the later of two ends holds."""
        if len(self._cool_until) >= MANY_MODELS:
            ends = self._cool_until.items()
            self._cool_until = {m: end for m, end in ends if end > now}
            self._throttles.clear()
        until = now + min(seconds, MAX_COOL_DOWN_S)
        self._cool_until[model] = max(self._cool_until.get(model, now), until)

    def _ready_at(self, tokens: int, now: float) -> float | None:
        # Both are asked in any case: what has to be fetched is fetched at once.
        ready = now if self._requests is None else self._requests.ready_at(1, now)
        other = now if self._tokens is None else self._tokens.ready_at(tokens, now)
        return None if ready is None or other is None else max(ready, other)
