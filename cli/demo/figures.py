"""Owns the demo's numbers: of the last second while it runs, and of all at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from holybalance_cli.demo.performance import Performance
from holybalance_cli.demo.scenario import CAST, Ledger, Phase

_WINDOW_S = 1.0


class Rates:
    """
    Replies a second, by endpoint, over about the last second.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, dict[str, int]]] = deque()

    def observe(self, ledger: Ledger) -> None:
        """
        Take a look at the replies so far.

        Not at the metrics: workers tell theirs in bursts, and the rates would jump.
        """
        now = self._clock()
        self._samples.append((now, {name: ledger.answered(name) for name in CAST}))
        while now - self._samples[0][0] > _WINDOW_S and len(self._samples) > 2:
            self._samples.popleft()

    def of(self, endpoint: str) -> float:
        """Give an endpoint's replies a second."""
        (began, before), (ended, after) = self._samples[0], self._samples[-1]
        if ended <= began:
            return 0.0
        return (after[endpoint] - before[endpoint]) / (ended - began)

    def total(self) -> float:
        """Give the replies a second of all together."""
        return sum(self.of(name) for name in self._samples[-1][1])

    def share(self, endpoint: str) -> float | None:
        """Give an endpoint's share of them; `None` when there are none."""
        total = self.total()
        return self.of(endpoint) / total if total else None


def final(performance: Performance, metrics: dict[str, Any]) -> dict[str, Any]:
    """Say what a performance came to, in plain values that JSON can hold."""
    ledger, seconds = performance.ledger, performance.seconds
    workers = metrics["workers"]
    return {
        "processes": len(workers),
        "threads": sum(worker["threads"] for worker in workers),
        "calls": performance.calls,
        "replies": ledger.replies,
        "errors": dict(ledger.errors),
        "missing": performance.calls - ledger.replies,
        "seconds": seconds,
        "calls_per_s": ledger.done / seconds,
        "p50_s": ledger.latency.percentile_s(50),
        "p90_s": ledger.latency.percentile_s(90),
        "p99_s": ledger.latency.percentile_s(99),
        "retries": ledger.retries,
        "failovers": ledger.failovers,
        "throttles": ledger.throttled.total(),
        "cost_usd": round(ledger.cost_usd, 6),
        "endpoints": {
            name: _of_endpoint(performance, name, endpoint)
            for name, endpoint in metrics["endpoints"].items()
        },
        "events": [
            {"at_s": round(event.at, 3), "text": event.text}
            for event in performance.events
        ],
    }


def _of_endpoint(
    performance: Performance, name: str, metrics: dict[str, Any]
) -> dict[str, Any]:
    ledger, errors = performance.ledger, metrics["errors"]
    throttled = errors.get("throttled", 0)
    return {
        "answered": ledger.answered(name),
        "share": {phase.value: ledger.share(name, phase) for phase in Phase},
        "throttled": throttled,
        "failed": sum(errors.values()) - throttled,
        "retries": metrics["retries"],
        "p50_s": metrics["p50_s"],
        "p99_s": metrics["p99_s"],
        "cost_usd": round(metrics["cost_usd"] or 0.0, 6),
    }
