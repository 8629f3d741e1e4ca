"""Owns what is printed when a run has ended: what it came to, and why rows failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from holybalance.batch.cap import is_max_cost
from holybalance_cli import wording
from holybalance_cli.run import endpoints
from holybalance_cli.tables import show

if TYPE_CHECKING:
    from holybalance.batch.report import BatchReport

_CODES_SHOWN = 5
_MODELS_SHOWN = 5
_EXAMPLE_CHARACTERS = 100
_LABEL_CELLS = 9
_UNCOUNTED = "without the last half second of the workers that were ended at once"


def print_summary(
    report: BatchReport, console: Console, *, is_aborted: bool = False
) -> None:
    """
    Print it; beyond the width of a table, lines are left to the terminal.

    Args:
        is_aborted: workers were killed before they had told all their counts.
    """
    for label, text in _facts(report, is_short=console.is_terminal):
        line = Text.assemble((f"{label:<{_LABEL_CELLS}} ", "dim"), text)
        console.print(line, soft_wrap=True)
    if _was_anything_sent(report):
        console.print()
        show(console, endpoints.final_table(report.metrics["endpoints"]))
        if is_aborted:
            console.print(_UNCOUNTED, soft_wrap=True)


def _was_anything_sent(report: BatchReport) -> bool:
    shown = report.metrics.get("endpoints", {})
    return any(each["attempts"] for each in shown.values())


def _facts(report: BatchReport, *, is_short: bool) -> Iterator[tuple[str, str]]:
    yield "rows", _rows(report)
    seconds = f"{report.seconds:,.1f} s"
    yield "time", f"{seconds}, {wording.rate(report.rows_per_s).replace('/', ' rows/')}"
    if report.p50_s is not None:
        latencies = {"p50": report.p50_s, "p90": report.p90_s, "p99": report.p99_s}
        named = (f"{name} {wording.seconds(each)}" for name, each in latencies.items())
        yield "latency", ", ".join(named)
        yield "tokens", f"{report.input_tokens:,} in, {report.output_tokens:,} out"
        yield "cost", wording.cost(report.cost_usd, report.unpriced)
        yield from _models(report)
    # Who has called nobody may not have asked what others have spent.
    if report.p50_s is not None or report.budget or _was_anything_sent(report):
        yield from _budgets(report)
    yield from _failures(report, is_short=is_short)


def _rows(report: BatchReport) -> str:
    text = f"{report.rows:,}: {report.ok:,} ok, {report.failed:,} failed"
    if report.repeated:
        text += f"; {report.repeated:,} of them repeated another's answer"
    if report.skipped:
        text += f"; {report.skipped:,} skipped, done before"
        if report.skipped_failed:
            text += f" ({report.skipped_failed:,} of them failed)"
    if report.discarded:
        text += f"; {report.discarded:,} more answered, but not written"
    return text


def _models(report: BatchReport) -> Iterator[tuple[str, str]]:
    """Say what each model took of it, where there were several."""
    if len(report.models) < 2:
        return
    label = "models"
    for name, each in [*report.models.items()][:_MODELS_SHOWN]:
        cost = wording.cost(each["cost_usd"], each["unpriced"])
        yield label, f"{name}: {cost} for {wording.count(each['calls'], 'call')}"
        label = ""
    if len(report.models) > _MODELS_SHOWN:
        left_out = len(report.models) - _MODELS_SHOWN
        yield label, f"and {wording.count(left_out, 'other model')}"


def _budgets(report: BatchReport) -> Iterator[tuple[str, str]]:
    label = "budgets"
    for name, each in report.metrics.get("budgets", {}).items():
        title, spent_usd = name, each["spent_usd"]
        if is_max_cost(name):
            # Nobody else spends it, and workers tell late what they have spent last.
            title = "--max-cost"
            spent_usd = max(spent_usd or 0.0, report.cost_usd or 0.0)
        limit = wording.dollars(each["limit_usd"])
        if spent_usd is None:
            yield label, f"{title}: what is spent of {limit} is not known"
        else:
            yield label, f"{title}: {wording.dollars(spent_usd)} of {limit} spent"
        label = ""


def _failures(report: BatchReport, *, is_short: bool) -> Iterator[tuple[str, str]]:
    codes = sorted(
        report.errors, key=lambda code: report.errors[code]["count"], reverse=True
    )
    label = "failures"
    for code in codes[:_CODES_SHOWN]:
        error = report.errors[code]
        example = wording.as_typed(error["example"])
        example = _cut(example) if is_short else example
        such_as = f"such as line {error['line']}: {example}"
        yield label, f"{error['count']:,} x {code}, {such_as}"
        label = ""
    if len(codes) > _CODES_SHOWN:
        left_out = len(codes) - _CODES_SHOWN
        yield label, f"and {wording.count(left_out, 'other code')}"


def _cut(message: str) -> str:
    if len(message) <= _EXAMPLE_CHARACTERS:
        return message
    return f"{message[: _EXAMPLE_CHARACTERS - 1].rstrip()}…"
