"""Owns what a run has come to so far, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from holybalance.batch.work import RowResult
from holybalance.telemetry.histogram import Histogram

# An upstream may make up codes, and rows may name any model; beyond so many kinds they
# count as one.
_CODES_KEPT = 100
_MODELS_KEPT = 100
_OTHER = "other"
_MESSAGE_CHARACTERS = 500


class Failures(NamedTuple):
    """
    The rows that failed with a code, and one of them as an example.

    Args:
        rows: how many.
        line: of the example.
        message: its first line.
    """

    code: str
    rows: int
    line: int
    message: str


class Spend(NamedTuple):
    """
    What the answers of a model came to.

    Args:
        cost_usd: of those whose price is known.
        unpriced: answers of unknown cost.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0


class Totals:
    """
    Counts of rows that are written; one thread adds, any may read.

    `skipped` rows were done by an earlier run, `skipped_failed` of them with an error;
    they are not among `rows`. `repeated`
    ones are: they got another row's answer, so their tokens and cost count nowhere,
    nor does a latency. `unpriced` are answers of unknown cost.
    """

    def __init__(self) -> None:
        self.ok = 0
        self.failed = 0
        self.skipped = 0
        self.skipped_failed = 0
        self.repeated = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost_usd = 0.0
        self.unpriced = 0
        self.latency = Histogram()
        self._models: dict[str, Spend] = {}
        self._codes: Counter[str] = Counter()
        self._examples: dict[str, tuple[int, str]] = {}

    @property
    def rows(self) -> int:
        """All rows that this run has written."""
        return self.ok + self.failed

    def note(self, result: RowResult) -> None:
        """Count a row."""
        if result.is_repeat:
            self.repeated += 1
        if result.code is not None:
            self._note_failure(result.code, result.line, result.message)
            return
        self.ok += 1
        if not result.is_repeat:
            self._note_call(result)

    def failures(self) -> list[Failures]:
        """Give what failed, the most frequent first."""
        counts = sorted(self._codes.items(), key=lambda each: -each[1])
        return [Failures(code, count, *self._examples[code]) for code, count in counts]

    def models(self) -> dict[str, Spend]:
        """Give what was spent on each model that has answered, the dearest first."""
        spends = sorted(self._models.items(), key=lambda each: -each[1].cost_usd)
        return dict(spends)

    def _note_call(self, result: RowResult) -> None:
        self._note_model(result)
        self.latency.record(result.latency_s)
        self.input_tokens += result.input_tokens
        self.output_tokens += result.output_tokens
        if result.cost_usd is None:
            self.unpriced += 1
        else:
            self.cost_usd += result.cost_usd

    def _note_model(self, result: RowResult) -> None:
        name = result.model
        if name not in self._models and len(self._models) >= _MODELS_KEPT:
            name = _OTHER
        known = self._models.get(name, Spend())
        # A new value each time, for another thread may read it meanwhile.
        self._models[name] = Spend(
            known.calls + 1,
            known.input_tokens + result.input_tokens,
            known.output_tokens + result.output_tokens,
            known.cost_usd + (result.cost_usd or 0.0),
            known.unpriced + (result.cost_usd is None),
        )

    def _note_failure(self, code: str, line: int, message: str) -> None:
        self.failed += 1
        if code not in self._codes and len(self._codes) >= _CODES_KEPT:
            code = _OTHER
        # Before the count, for another thread may look up each code that has one.
        self._examples.setdefault(code, (line, _first_line(message)))
        self._codes[code] += 1


def _first_line(message: str) -> str:
    line = next(iter(message.splitlines()), "")
    if len(line) <= _MESSAGE_CHARACTERS:
        return line
    return f"{line[: _MESSAGE_CHARACTERS - 1].rstrip()}…"
