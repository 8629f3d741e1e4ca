"""
Owns a rate limit that processes share: what was drawn of it, and what is asked for.

The bucket itself is in the store. A process draws what it is likely to need in the next
exchange's time, so that calls find it here, and gives back what it did not need.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from holybalance.balancing.limits import MINUTE_S
from holybalance.state.exchange import TICK_S
from holybalance.state.store import BURST_SHARE, Draw

# How soon half of a pace is forgotten; by time, as exchanges come at any intervals.
_HALF_LIFE_S = TICK_S
# A store that was empty is not asked again sooner.
_SHORTEST_S = TICK_S / 10
# For so long after a call the next one's part is kept; shorter than until the process
# stops asking (`IDLE_S`), which gives nothing back any more then.
_KEEP_S = 3.0
# The size of a larger call is forgotten by so much with each smaller one.
_FALLING = 0.9
# What all processes together may keep so, of a minute: with what they draw ahead for a
# tick it is as much as a burst, which leaves a sliding minute within its 2 %.
_KEPT_SHARE = BURST_SHARE - TICK_S / MINUTE_S


class LeasedBucket:
    """
    This process's part of a shared bucket; otherwise as `Bucket`.

    Args:
        key: the bucket's name in the store.
        per_minute: the limit, of all processes together.
        now: monotonic seconds.
        ask_soon: has the store asked at once.
    """

    __slots__ = (
        "_ask_soon",
        "_drawn",
        "_dry_until",
        "_kept",
        "_kept_until",
        "_key",
        "_low",
        "_lower_to",
        "_pace",
        "_processes",
        "_room",
        "_said_at",
        "_taken_at",
        "_updated",
        "_used",
        "_usual",
        "_wanted",
        "per_minute",
    )

    def __init__(
        self, key: str, per_minute: float, now: float, ask_soon: Callable[[], None]
    ) -> None:
        self.per_minute = per_minute
        self._key = key
        self._ask_soon = ask_soon
        # Below zero after a call that took more than was here.
        self._drawn = 0.0
        # What a call lacked, and until when there is known to be none.
        self._wanted = 0.0
        self._dry_until = -math.inf
        # What a call lacked and was granted, if only in part, and until when it is not
        # given back: the call asks for what is still missing, perhaps of another
        # limit as well, and must find both.
        self._kept = 0.0
        self._kept_until = -math.inf
        # What was used since the last exchange, and usually is in a second.
        self._used = 0.0
        self._pace = 0.0
        # What a larger call usually takes, when one last did, and how much may be kept
        # for the next one.
        self._usual = 0.0
        self._taken_at = -math.inf
        self._room = 0.0
        self._low = 0.0
        self._lower_to: float | None = None
        self._said_at = now
        # Set while the store is out of reach: between so many the limit is divided.
        self._processes: int | None = None
        self._updated = now

    def ready_at(self, need: float, now: float) -> float | None:
        """Say when `need` may be taken; `None` when the store has to tell."""
        if self._processes is not None:
            self._refill(now)
        missing = min(need, self._capacity()) - self._drawn
        if missing <= 0:
            return now
        self._wanted = max(self._wanted, missing)
        if self._processes is not None:
            return now + missing / self._rate()
        if now < self._dry_until:
            return self._dry_until
        self._ask_soon()
        return None

    def take(self, amount: float, now: float) -> None:
        """Take, or with a negative amount give back."""
        self._drawn -= amount
        self._used += amount
        if amount > 0:
            self._usual = max(amount, _FALLING * self._usual)
            self._taken_at = now
        if self._drawn < self._low:
            self._low = -math.inf  # once in an exchange
            self._ask_soon()

    def fill(self, now: float) -> None:
        """Start anew: forget debts, and have the store asked."""
        self._drawn = max(0.0, self._drawn)
        self._dry_until = now

    def lower(self, left: float, now: float) -> None:
        """Believe an upstream that says less is left than we thought."""
        known = math.inf if self._lower_to is None else self._lower_to
        self._lower_to = min(known, left)
        self._drawn = min(self._drawn, left)

    def draw(self, now: float) -> Draw:
        """Say what is wanted of the store, or not any more."""
        seconds = now - self._said_at
        if seconds > 0:
            pace = max(0.0, self._used) / seconds
            self._pace += (1 - 0.5 ** (seconds / _HALF_LIFE_S)) * (pace - self._pace)
            self._said_at, self._used = now, 0.0
        ahead = max(self._pace * TICK_S, self._next_call(now))
        self._low = ahead / 2
        want = max(0.0, self._wanted, ahead - self._drawn)
        # A waiting call keeps what was drawn for it so far.
        kept = max(ahead, self._kept if now < self._kept_until else 0.0)
        back = 0.0 if self._wanted else max(0.0, self._drawn - kept)
        self._drawn -= back
        lower_to, self._lower_to = self._lower_to, None
        return Draw(self._key, self.per_minute, want, back, lower_to)

    def last_draw(self) -> Draw:
        """Give back all that was drawn and not used, or say what is owed."""
        back, self._drawn, self._wanted = self._drawn, 0.0, 0.0
        return Draw(self._key, self.per_minute, 0.0, back, self._lower_to)

    def take_drawn(self, granted: float, processes: int, now: float) -> bool:
        """
        Take what the store gave.

        Args:
            processes: how many share the limit.

        Returns:
            Whether calls waited for it and are to look again: there is enough, or it
            is known until when there is none.
        """
        self._processes = None
        self._room = self.per_minute * _KEPT_SHARE / processes
        self._drawn += granted
        wanted, self._wanted = self._wanted, 0.0
        missing = max(0.0, wanted - granted)
        # Where it is missing, others want it, too: asked again as soon as it has come,
        # the store would give most to those who ask just after it.
        pause = min(TICK_S, missing * processes / self._rate())
        self._dry_until = now + (max(_SHORTEST_S, pause) if missing else 0.0)
        if wanted > 0:
            self._kept, self._kept_until = self._drawn, self._dry_until + TICK_S
        return wanted > 0

    def go_alone(self, processes: int, now: float) -> None:
        """Fill by this process's share from now on, until the store answers."""
        if self._processes is None:
            self._updated = now
        self._processes = processes

    def _next_call(self, now: float) -> float:
        """Say how much to keep for one call, while calls come."""
        is_in_use = now - self._taken_at < _KEEP_S
        return self._usual if is_in_use and self._usual <= self._room else 0.0

    def _rate(self) -> float:
        return self.per_minute / MINUTE_S / (self._processes or 1)

    def _capacity(self) -> float:
        return max(1.0, self.per_minute * BURST_SHARE / (self._processes or 1))

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self._updated) * self._rate()
        self._drawn = min(max(self._drawn, self._capacity()), self._drawn + gained)
        self._updated = max(self._updated, now)
