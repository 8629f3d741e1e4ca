"""Owns the plans of the last moment, for calls that are alike; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from holybalance.routing.plan import Plan

# What decides between models (load, latency, money) is followed closely enough, and a
# thousand calls a second take a hundred decisions less.
KEEPS_S = 0.1
_MOST = 1_000


class Recent:
    """
    Remembers plans for `KEEPS_S`; safe from any thread, as a dict's own steps are.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._plans: dict[Hashable, tuple[float, Plan]] = {}

    def get(self, kind: Hashable) -> Plan | None:
        """Give the plan of a call of the same kind, a moment ago."""
        found = self._plans.get(kind)
        if found is None or self._clock() >= found[0]:
            return None
        return found[1]

    def put(self, kind: Hashable, plan: Plan) -> None:
        """Remember a plan."""
        if len(self._plans) >= _MOST:
            self._plans.clear()
        self._plans[kind] = self._clock() + KEEPS_S, plan
