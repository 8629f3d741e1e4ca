"""Owns how much one endpoint may be asked: requests and tokens a minute, cool-downs."""

from __future__ import annotations

import enum
import math
import random

from holybalance.messages import RateLimits

MINUTE_S = 60.0
# A full bucket on top of a minute's refill stays within 2 % of the limit in any
# sliding minute; a larger burst would be paid for with 429s.
BURST_SHARE = 0.02
LONG_BENCH_S = 3600.0
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


class Refusal(enum.Enum):
    """Why an endpoint does not take a call now."""

    OPEN = "its circuit is open"
    TRIALS = "its circuit is half-open and its trials are under way"
    BENCHED = "its key was refused"
    EXHAUSTED = "its key's quota is used up"
    COOLING = "it is cooling down"
    LIMITED = "it is at its rate limit"
    FULL = "all its slots are taken"


class Bucket:
    """
    A token bucket with debt: what is asked for is taken whole, even below zero.

    Args:
        per_minute: the limit.
        now: monotonic seconds.
    """

    __slots__ = ("_balance", "_capacity", "_rate", "_updated")

    def __init__(self, per_minute: float, now: float) -> None:
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

    def lower(self, left: float, now: float) -> None:
        """Believe an upstream that says less is left than we thought."""
        self._refill(now)
        self._balance = min(self._balance, left)

    def _refill(self, now: float) -> None:
        if now > self._updated:
            gained = (now - self._updated) * self._rate
            self._balance = min(self._capacity, self._balance + gained)
            self._updated = now


class Limits:
    """
    Rate limits and cool-downs of one endpoint; all times are monotonic seconds.

    Not safe from several threads by itself: its endpoint's lock guards it.

    Args:
        rpm: requests a minute, `None` for no limit.
        tpm: tokens a minute, `None` for no limit.
    """

    def __init__(
        self, rpm: float | None, tpm: float | None, now: float, rng: random.Random
    ) -> None:
        self._requests = None if rpm is None else Bucket(rpm, now)
        self._tokens = None if tpm is None else Bucket(tpm, now)
        self._rng = rng
        self._cool_until: dict[str, float] = {}
        self._throttles: dict[str, int] = {}
        self._benched_until = now
        self._bench_reason = Refusal.BENCHED

    def refusal(
        self, model: str, tokens: int, now: float
    ) -> tuple[Refusal, float] | None:
        """Say why a call may not start now, and when it may; `None` when it may."""
        if now < self._benched_until:
            return self._bench_reason, self._benched_until
        cool_until = self._cool_until.get(model, now) if self._cool_until else now
        if now < cool_until:
            return Refusal.COOLING, cool_until
        ready = self._ready_at(tokens, now)
        return (Refusal.LIMITED, ready) if now < ready else None

    def reserve(self, tokens: int, now: float) -> None:
        """Take one request and the tokens that it may cost."""
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)

    def settle(self, reserved: int, used: int | None, now: float) -> None:
        """Correct a reservation once the usage is known; `None` leaves it as it is."""
        if self._tokens is not None and used is not None:
            self._tokens.take(used - reserved, now)

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
        if left.requests_left == 0 and left.requests_reset_s is not None:
            self._keep_away(model, left.requests_reset_s, now)
        if left.tokens_left == 0 and left.tokens_reset_s is not None:
            self._keep_away(model, left.tokens_reset_s, now)

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

    def note_success(self, model: str) -> None:
        """Forget the 429s in a row."""
        if self._throttles:
            self._throttles.pop(model, None)

    def bench(self, reason: Refusal, now: float, for_s: float = math.inf) -> None:
        """Keep all calls away, for seconds or until `restore`."""
        if now + for_s >= self._benched_until:
            self._benched_until = now + for_s
            self._bench_reason = reason

    def restore(self, now: float) -> None:
        """End the bench and all cool-downs."""
        self._benched_until = now
        self._cool_until.clear()
        self._throttles.clear()

    def cool_down_left(self, now: float) -> float:
        """Give the seconds until the last cool-down or bench ends; may be infinite."""
        ends = (self._benched_until, *self._cool_until.values())
        return max(0.0, max(ends) - now)

    def _keep_away(self, model: str, seconds: float, now: float) -> None:
        """Set the end of a model's cool-down; the later of two ends holds."""
        if len(self._cool_until) >= MANY_MODELS:
            ends = self._cool_until.items()
            self._cool_until = {m: end for m, end in ends if end > now}
            self._throttles.clear()
        until = now + min(seconds, MAX_COOL_DOWN_S)
        self._cool_until[model] = max(self._cool_until.get(model, now), until)

    def _ready_at(self, tokens: int, now: float) -> float:
        ready = now
        if self._requests is not None:
            ready = max(ready, self._requests.ready_at(1, now))
        if self._tokens is not None:
            ready = max(ready, self._tokens.ready_at(tokens, now))
        return ready
