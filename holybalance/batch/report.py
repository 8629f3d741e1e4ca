"""Owns the report of a batch: what it came to, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from holybalance.batch.totals import Spend, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """
    What a run came to.

    Args:
        rows: written by this run: `ok` and `failed` together.
        skipped: done by an earlier run.
        skipped_failed: of `skipped`, those that failed there.
        repeated: of `rows`, those that got another row's answer (`dedupe`).
        discarded: answered and not written, since the run ended before it was their
            turn (`ordered`) or the output took no more; a later run calls them again.
        seconds: how long the run took.
        average_s: of the calls that were answered, as the percentiles; in seconds,
            `None` when there were none.
        cost_usd: US dollars; `None` when no answer had a known price.
        unpriced: answers without a known price, which `cost_usd` leaves out.
        models: for each model that answered its `calls`, tokens, `cost_usd` and
            `unpriced`, the dearest first.
        errors: for each code its `count`, and of one row as an example the `line` of
            the input and the message's first line (`example`).
        is_complete: whether every row of the input has its answer.
        reason: why it ended before that.
        budget: why no money was left, where the run was stopped for that; rows that
            no money was left for are not written, so a later run does them.
        metrics: what `Client.metrics` gives, of all workers.
    """

    rows: int
    ok: int
    failed: int
    skipped: int
    skipped_failed: int
    repeated: int
    discarded: int
    seconds: float
    rows_per_s: float
    average_s: float | None
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    unpriced: int
    models: Mapping[str, Mapping[str, Any]]
    errors: Mapping[str, Mapping[str, Any]]
    is_complete: bool
    reason: str
    budget: str | None
    metrics: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it."""
        return asdict(self)


def make_report(
    totals: Totals,
    *,
    discarded: int,
    seconds: float,
    is_complete: bool,
    reason: str,
    budget: str | None,
    metrics: Mapping[str, Any],
) -> BatchReport:
    """Report what the totals have come to."""
    latency = totals.latency
    return BatchReport(
        rows=totals.rows,
        ok=totals.ok,
        failed=totals.failed,
        skipped=totals.skipped,
        skipped_failed=totals.skipped_failed,
        repeated=totals.repeated,
        discarded=discarded,
        seconds=seconds,
        rows_per_s=totals.rows / seconds if seconds > 0 else 0.0,
        average_s=latency.average_s(),
        p50_s=latency.percentile_s(50),
        p90_s=latency.percentile_s(90),
        p99_s=latency.percentile_s(99),
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        cost_usd=_known_usd(totals.cost_usd, totals.unpriced, latency.count),
        unpriced=totals.unpriced,
        models={name: _plain(spend) for name, spend in totals.models().items()},
        errors={
            each.code: {
                "count": each.rows,
                "line": each.line,
                "example": each.message,
            }
            for each in totals.failures()
        },
        is_complete=is_complete,
        reason=reason,
        budget=budget,
        metrics=metrics,
    )


def _plain(spend: Spend) -> dict[str, Any]:
    cost_usd = _known_usd(spend.cost_usd, spend.unpriced, spend.calls)
    return {**spend._asdict(), "cost_usd": cost_usd}


def _known_usd(cost_usd: float, unpriced: int, calls: int) -> float | None:
    """Give a sum of costs; `None` when nothing in it had a known price."""
    # Sums of floats end in digits that mean nothing; no token costs a billionth.
    return round(cost_usd, 9) if unpriced < calls or not unpriced else None
