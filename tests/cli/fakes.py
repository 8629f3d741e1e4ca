"""Owns made-up runs: totals, metrics and reports with the figures that a test wants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from holybalance.batch.order import Held
from holybalance.batch.report import BatchReport
from holybalance.batch.totals import Totals


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Batch:
    """A run that does nothing but count."""

    totals: Totals
    expected: int | None
    held: Held | None = None
    is_stopping: bool = False


def endpoint(**changes: Any) -> dict[str, Any]:
    """Give an endpoint's metrics."""
    return {
        "calls": 0,
        "attempts": 0,
        "retries": 0,
        "success": 0,
        "errors": {},
        "in_flight": 0,
        "queued": 0,
        "average_s": None,
        "p50_s": None,
        "p90_s": None,
        "p99_s": None,
        "breaker": "closed",
        "cool_down_s": 0.0,
        "tokens": {"input": 0, "output": 0, "cached": 0},
        "cost_usd": None,
        "unpriced": 0,
    } | changes


def metrics(in_flight: int = 0, **endpoints: dict[str, Any]) -> dict[str, Any]:
    """Give a launcher's metrics, with these endpoints."""
    return {"in_flight": in_flight, "endpoints": endpoints or {"mock": endpoint()}}


def totals(**changes: Any) -> Totals:
    """Give totals with these counts."""
    made = Totals()
    for name, value in changes.items():
        setattr(made, name, value)
    return made


_PLAIN = BatchReport(
    rows=10,
    ok=10,
    failed=0,
    skipped=0,
    skipped_failed=0,
    repeated=0,
    discarded=0,
    seconds=10.0,
    rows_per_s=1.0,
    average_s=1.0,
    p50_s=1.0,
    p90_s=2.0,
    p99_s=3.0,
    input_tokens=100,
    output_tokens=200,
    cost_usd=0.5,
    unpriced=0,
    errors={},
    is_complete=True,
    reason="",
    models={},
    budget=None,
    metrics=metrics(),
)


def report(**changes: Any) -> BatchReport:
    """Give the report of a small run without failures, but for these figures."""
    return replace(_PLAIN, **changes)
