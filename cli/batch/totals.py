"""Owns what a run has come to so far, and its summary in words."""

from __future__ import annotations

from holybalance.messages import Reply
from holybalance.telemetry.histogram import Histogram
from holybalance_cli import wording


class Totals:
    """Counts of rows that are written; one thread adds, any may read."""

    def __init__(self) -> None:
        self.ok = 0
        self.failed = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost_usd = 0.0
        self.unpriced = 0
        self.latency = Histogram()

    @property
    def rows(self) -> int:
        """All rows that are written."""
        return self.ok + self.failed

    @property
    def cost(self) -> str:
        """The money in words, which say when some of it is unknown."""
        if not self.unpriced:
            return wording.dollars(self.cost_usd)
        if self.unpriced == self.ok:
            return "unknown"
        return f"{wording.dollars(self.cost_usd)} + {self.unpriced:,} unpriced"

    def note_reply(self, reply: Reply) -> None:
        """Count a row with a reply."""
        self.ok += 1
        self.latency.record(reply.latency_s)
        if reply.usage is not None:
            self.input_tokens += reply.usage.input_tokens
            self.output_tokens += reply.usage.output_tokens
        if reply.cost_usd is None:
            self.unpriced += 1
        else:
            self.cost_usd += reply.cost_usd

    def note_failure(self) -> None:
        """Count a row with an error."""
        self.failed += 1

    def summary(self, seconds: float) -> str:
        """Say what a run of so many seconds came to, in two lines."""
        rate = self.rows / seconds if seconds > 0 else 0.0
        latency = self.latency
        return (
            f"{wording.count(self.rows, 'row')}: {self.ok:,} ok, "
            f"{self.failed:,} failed, in {seconds:.1f} s ({rate:,.1f} rows/s)\n"
            f"p50 {wording.seconds(latency.percentile_s(50))}, "
            f"p99 {wording.seconds(latency.percentile_s(99))}, "
            f"{self.input_tokens:,} tokens in, {self.output_tokens:,} out, "
            f"cost {self.cost}"
        )
