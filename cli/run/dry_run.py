"""Owns how an estimate is shown: what a run would take, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from holybalance.batch.cap import is_max_cost
from holybalance_cli import opening, wording
from holybalance_cli.budget import look

if TYPE_CHECKING:
    from holybalance.batch.estimate import Estimate
    from holybalance.batch.fits import Fit
    from holybalance.config import Config
    from holybalance_cli.run.report import ReportFile

_LABEL_CELLS = 9
_LIMITS = {
    "rate": "--rate",
    "rpm": "the rpm of the endpoints",
    "tpm": "the tpm of the endpoints",
}


def show(
    config: Config,
    source: str,
    batch_options: Mapping[str, Any],
    *,
    rate: float | None,
    report: ReportFile | None,
) -> None:
    """
    Print what a run would take, and write it to the report if one is wanted.

    Args:
        rate: the calls a second of `--rate`, which may be the narrowest limit.

    Raises:
        ConfigError: the input cannot be read, or the options do not combine.
    """
    from holybalance.batch.estimate import estimate  # noqa: PLC0415 - lazy
    from holybalance.batch.options import BatchOptions  # noqa: PLC0415 - likewise

    opening.require_stdout()
    known, trouble = look(config)
    left_usd = {
        each.budget.name: each.left_usd for each in known if each.left_usd is not None
    }
    options = BatchOptions(**batch_options)
    found = estimate(config, source, options, rate=rate, left_usd=left_usd)
    if trouble:
        click.echo(f"Warning: {trouble}; budgets count as untouched", err=True)
    for label, text in facts(found):
        click.echo(f"{label:<{_LABEL_CELLS}} {text}")
    if report is None:
        return
    try:
        report.write(found.as_dict())
    except OSError as error:
        reason = error.strerror or error
        raise click.ClickException(f"cannot write the report: {reason}") from error


def facts(found: Estimate) -> Iterator[tuple[str, str]]:
    """Give each fact with its label."""
    yield "rows", _rows(found)
    for bad in found.bad_examples:
        yield "", f"line {bad.line}: {bad.reason}"
    if left_out := found.bad_rows - len(found.bad_examples):
        yield "", f"and {left_out:,} more that cannot be sent"
    yield "tokens", f"about {found.input_tokens:,} in, {_output(found)} out"
    yield "cost", _cost(found)
    for number, fit in enumerate(found.budgets):
        yield "" if number else "budgets", _fit(fit)
    if found.seconds is None:
        yield "time", "unknown: no limit says how fast it may be"
    else:
        limit = _LIMITS.get(found.by, found.by)
        yield "time", f"at least {wording.duration(found.seconds)}, by {limit}"


def _fit(fit: Fit) -> str:
    name = "--max-cost" if is_max_cost(fit.budget) else fit.budget
    least, most = fit.cost_usd
    left = f"{wording.dollars(fit.left_usd)} left"
    if fit.unpriced:
        calls = wording.count(fit.unpriced, "call")
        return f"{name}: {left}; refuses {calls} of unknown price"
    if most <= fit.left_usd:
        return f"{name}: {left}, enough"
    verdict = "may not be enough" if least <= fit.left_usd else "not enough"
    return f"{name}: {left}, {verdict} for {_range(least, most)}"


def _output(found: Estimate) -> str:
    least, most = found.output_tokens
    return f"{least:,} to {most:,}" if least < most else f"{most:,}"


def _range(least: float, most: float) -> str:
    dollars = wording.dollars(most)
    # Of embeddings it is known.
    return dollars if least == most else f"{wording.dollars(least)} to {dollars}"


def _rows(found: Estimate) -> str:
    text = f"{found.rows:,}"
    if found.bad_rows:
        text += f"; {found.bad_rows:,} of them cannot be sent"
    if found.repeated:
        text += f"; {found.repeated:,} of them repeat others"
    return text


def _cost(found: Estimate) -> str:
    if found.cost_usd is None:
        return "unknown"
    text = _range(*found.cost_usd)
    if found.unpriced:
        text += f", without {wording.count(found.unpriced, 'call')} of unknown price"
    return text
