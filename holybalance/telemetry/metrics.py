"""Owns the counters behind `Client.metrics`; knows no endpoint and no lock."""

from __future__ import annotations

from typing import Any

from holybalance.messages import Usage, Verdict
from holybalance.telemetry.histogram import Histogram


class Tally:
    """
    Counts of the calls of a client, or of one endpoint. Its owner's lock guards it.

    For an endpoint, `calls` are those that went there first, and `retries` those that
    came to it from elsewhere or again; the sum of both is `attempts`.
    """

    __slots__ = (
        "attempts",
        "calls",
        "cost_usd",
        "first_token",
        "latency",
        "priced",
        "retries",
        "tokens",
        "unpriced",
        "verdicts",
    )

    def __init__(self) -> None:
        self.calls = 0
        self.attempts = 0
        self.retries = 0
        self.verdicts = dict.fromkeys(Verdict, 0)
        self.latency = Histogram()
        self.first_token = Histogram()
        self.tokens = [0, 0, 0]
        self.cost_usd = 0.0
        self.priced = 0
        self.unpriced = 0

    def note_attempt(self, verdict: Verdict, latency_s: float, is_retry: bool) -> None:
        """Count an attempt at an endpoint."""
        self.attempts += 1
        if is_retry:
            self.retries += 1
        else:
            self.calls += 1
        self.note_end(verdict, latency_s)

    def note_end(self, verdict: Verdict, latency_s: float) -> None:
        """Count how a call or an attempt ended; only what was answered is timed."""
        self.verdicts[verdict] += 1
        if verdict is Verdict.OK:
            self.latency.record(latency_s)

    def note_stream(
        self, verdict: Verdict, first_token_s: float | None, is_retry: bool
    ) -> None:
        """Count an attempt at an endpoint that was to be a stream."""
        self.attempts += 1
        if is_retry:
            self.retries += 1
        else:
            self.calls += 1
        self.note_stream_end(verdict, first_token_s)

    def note_stream_end(self, verdict: Verdict, first_token_s: float | None) -> None:
        """Count how a stream ended; it is timed by its first token, if it had one."""
        self.verdicts[verdict] += 1
        if first_token_s is not None:
            self.first_token.record(first_token_s)

    def note_usage(self, usage: Usage | None, cost_usd: float | None) -> None:
        """Add tokens and money; what is unknown is left out, not counted as zero."""
        if usage is not None:
            self.tokens[0] += usage.input_tokens
            self.tokens[1] += usage.output_tokens
            self.tokens[2] += usage.cached_tokens
        if cost_usd is None:
            self.unpriced += 1
        else:
            self.cost_usd += cost_usd
            self.priced += 1

    def merge(self, other: Tally) -> None:
        """Add another tally's counts."""
        self.calls += other.calls
        self.attempts += other.attempts
        self.retries += other.retries
        for verdict, count in other.verdicts.items():
            self.verdicts[verdict] += count
        self.latency.merge(other.latency)
        self.first_token.merge(other.first_token)
        self.tokens = [a + b for a, b in zip(self.tokens, other.tokens, strict=True)]
        self.cost_usd += other.cost_usd
        self.priced += other.priced
        self.unpriced += other.unpriced

    def replace_calls(self, calls: Tally) -> None:
        """Keep the attempts' sums, but count and time whole calls by `calls`."""
        self.calls = calls.calls
        self.verdicts = dict(calls.verdicts)
        self.latency = Histogram()
        self.latency.merge(calls.latency)
        self.first_token = Histogram()
        self.first_token.merge(calls.first_token)

    def snapshot(self) -> dict[str, Any]:
        """
        Give the counts as plain values; seconds, tokens and US dollars.

        `average_s`, `p50_s`, `p90_s` and `p99_s` are of whole replies, those in
        `first_token` of the first tokens of streams; `None` before the first.
        `cost_usd` is `None` when no success had a known price.
        """
        success = self.verdicts[Verdict.OK]
        return {
            "calls": self.calls,
            "attempts": self.attempts,
            "retries": self.retries,
            "success": success,
            "errors": {
                verdict.value: count
                for verdict, count in self.verdicts.items()
                if count and verdict is not Verdict.OK
            },
            **_times(self.latency),
            "first_token": _times(self.first_token),
            "tokens": dict(
                zip(("input", "output", "cached"), self.tokens, strict=True)
            ),
            "cost_usd": self.cost_usd if self.priced else None,
            "unpriced": self.unpriced,
        }


def _times(histogram: Histogram) -> dict[str, float | None]:
    return {
        "average_s": histogram.average_s(),
        "p50_s": histogram.percentile_s(50),
        "p90_s": histogram.percentile_s(90),
        "p99_s": histogram.percentile_s(99),
    }
