"""Owns what a run has come to so far, and its summary in words."""

from __future__ import annotations

from collections import Counter

from holybalance.messages import Reply
from holybalance.telemetry.histogram import Histogram
from holybalance_cli import wording

_CODES_SHOWN = 5
# An upstream may make up codes; beyond so many kinds they count as one.
_CODES_KEPT = 100
_OTHER = "other"
_MESSAGE_CHARACTERS = 100


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
        self.repeated_names = 0
        self._codes: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        # Hashes, for the names of a million rows may be long.
        self._names: set[int] = set()

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

    @property
    def short_cost(self) -> str:
        """The same in a few characters."""
        if self.unpriced and self.unpriced == self.ok:
            return "unknown"
        return wording.dollars(self.cost_usd) + ("+" if self.unpriced else "")

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

    def note_failure(self, code: str, message: str) -> None:
        """Count a row with an error, and keep the first message of each code."""
        self.failed += 1
        if code not in self._codes and len(self._codes) >= _CODES_KEPT:
            code = _OTHER
        self._codes[code] += 1
        self._examples.setdefault(code, _first_line(message))

    def note_name(self, name: str) -> None:
        """Remember a row's name, and count it if an earlier row has it."""
        known = len(self._names)
        self._names.add(hash(name))
        self.repeated_names += len(self._names) == known

    def summary(self, seconds: float) -> str:
        """Say what a run of so many seconds came to, and why rows failed."""
        rate = self.rows / seconds if seconds > 0 else 0.0
        latency = self.latency
        tokens = wording.count(self.input_tokens, "token")
        totals = (
            f"{wording.count(self.rows, 'row')}: {self.ok:,} ok, "
            f"{self.failed:,} failed, in {seconds:.1f} s ({rate:,.1f} rows/s)\n"
            f"p50 {wording.seconds(latency.percentile_s(50))}, "
            f"p99 {wording.seconds(latency.percentile_s(99))}, "
            f"{tokens} in, {self.output_tokens:,} out, cost {self.cost}"
        )
        return "\n".join([totals, *self._reasons()])

    def _reasons(self) -> list[str]:
        shown = self._codes.most_common(_CODES_SHOWN)
        lines = [f"  {n:,} x {code}: {self._examples[code]}" for code, n in shown]
        left_out = len(self._codes) - len(shown)
        if left_out:
            lines.append(f"  and {wording.count(left_out, 'other code')}")
        return lines


def _first_line(message: str) -> str:
    line = next(iter(message.splitlines()), "")
    if len(line) <= _MESSAGE_CHARACTERS:
        return line
    return f"{line[: _MESSAGE_CHARACTERS - 1].rstrip()}…"
