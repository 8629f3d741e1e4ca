"""Owns what one endpoint shares with other processes: its rate limits and its rests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from holybalance.balancing.breaker import OPEN, Breaker
from holybalance.balancing.leased import LeasedBucket
from holybalance.balancing.limits import Bucket, Limits, RateBucket
from holybalance.balancing.runtime import Runtime
from holybalance.config import EndpointConfig
from holybalance.state.store import Draw

# Ends that differ by less are the same: each process has them by way of a duration.
_SLACK_S = 0.5
_TRIP = "trip"
_COOL_DOWN = "cool-down"


class Sharing:
    """
    Shares an endpoint's limits and rests; all calls come from the exchange's thread.

    Args:
        lock: the endpoint's, which guards its limits and its circuit.
    """

    def __init__(
        self, config: EndpointConfig, lock: threading.Lock, runtime: Runtime
    ) -> None:
        self._name = config.name
        self._lock = lock
        self._clock = runtime.clock
        self._ask_soon = runtime.ask_soon
        self._buckets: list[LeasedBucket] = []
        # The ends of all rests that others have been told of, or have told of.
        self._known: dict[tuple[str, str], float] = {}
        self.on_room: Callable[[], None] = lambda: None

    def make_bucket(self, kind: str, per_minute: float, now: float) -> RateBucket:
        """Make a bucket of "rpm" or "tpm": shared, where there is anybody to share."""
        if self._ask_soon is None:
            return Bucket(per_minute, now)
        key = f"{self._name}\n{kind}"
        bucket = LeasedBucket(key, per_minute, now, self._ask_soon)
        self._buckets.append(bucket)
        return bucket

    def begin(self, limits: Limits, breaker: Breaker) -> None:
        """Take what the endpoint has made; before the first exchange."""
        self._limits, self._breaker = limits, breaker

    def draws(self, *, is_leaving: bool = False) -> tuple[Draw, ...]:
        """Say what is wanted of the rate buckets; nothing by who is leaving."""
        with self._lock:
            now = self._clock()
            if is_leaving:
                return tuple(bucket.last_draw() for bucket in self._buckets)
            return tuple(bucket.draw(now) for bucket in self._buckets)

    def take_draws(self, granted: Sequence[float], processes: int) -> None:
        """Take what was granted, and let calls that waited for it look again."""
        with self._lock:
            now = self._clock()
            has_room = [
                bucket.take_drawn(amount, processes, now)
                for bucket, amount in zip(self._buckets, granted, strict=True)
            ]
        if any(has_room):
            self.on_room()

    def news_of_rests(self) -> tuple[dict[str, float], tuple[str, ...]]:
        """Give rests that have begun, with their seconds, and those that are over."""
        with self._lock:
            now = self._clock()
            current = self._current(now)
        known = self._known
        begun = {
            rest: end
            for rest, end in current.items()
            if end > known.get(rest, now) + _SLACK_S
        }
        over = [r for r, end in known.items() if r not in current and end > now]
        self._known = {r: end for r, end in known.items() if r in current} | begun
        return (
            {self._key(rest): end - now for rest, end in begun.items()},
            tuple(map(self._key, over)),
        )

    def take_rests(self, rests: Mapping[str, float]) -> None:
        """Rest as others do, and end what others have found to be over."""
        theirs = dict(self._ours(rests))
        if not theirs and not self._known:
            return
        with self._lock:
            now = self._clock()
            ended = self._follow(theirs, now)
        if ended:
            self.on_room()

    def tell_again(self) -> None:
        """Tell of all rests anew, since the store has forgotten them; none is over."""
        self._known = {}

    def go_alone(self, processes: int) -> None:
        """Go on with the share of one of so many processes, from here on."""
        with self._lock:
            now = self._clock()
            for bucket in self._buckets:
                bucket.go_alone(processes, now)
        self.on_room()

    def _follow(self, theirs: dict[tuple[str, str], float], now: float) -> bool:
        """Begin and end rests under the lock; tell whether any has ended early."""
        for rest, seconds in theirs.items():
            until = now + seconds
            if until > self._known.get(rest, now) + _SLACK_S:
                self._known[rest] = until
                kind, model = rest
                if kind == _TRIP:
                    self._breaker.follow(until, now)
                else:
                    self._limits.follow(model, until, now)
        gone = [rest for rest in self._known if rest not in theirs]
        ended = [rest for rest in gone if self._known.pop(rest) > now + _SLACK_S]
        for kind, model in ended:
            if kind == _TRIP:
                self._breaker.end_rest(now)
            else:
                self._limits.end_rest(model, now)
        return bool(ended)

    def _current(self, now: float) -> dict[tuple[str, str], float]:
        rests = self._limits.rests(now)
        current = {(_COOL_DOWN, model): end for model, end in rests.items()}
        if self._breaker.state == OPEN and self._breaker.half_opens_at(now) > now:
            current[_TRIP, ""] = self._breaker.half_opens_at(now)
        return current

    def _key(self, rest: tuple[str, str]) -> str:
        kind, model = rest
        return f"{self._name}\n{kind}\n{model}"

    def _ours(self, rests: Mapping[str, float]) -> list[tuple[tuple[str, str], float]]:
        parts = ((key.split("\n", 2), left) for key, left in rests.items())
        # Whatever else somebody has put there is none of ours.
        return [
            ((part[1], part[2]), left)
            for part, left in parts
            if len(part) == 3 and part[0] == self._name
        ]
