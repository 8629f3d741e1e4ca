"""Owns `--fail-on`: what an expression means, and whether a run has crossed it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holybalance_cli import wording

if TYPE_CHECKING:
    from holybalance.batch.report import BatchReport

EXAMPLE = "error_rate>0.01"
_FORM = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*([\d.]+(?:e[+-]?\d+)?)\s*(.*?)\s*", re.I)
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """
    Something of a run that can be too high or too low.

    Args:
        of: reads it from a report; `None` where it is not known.
        units: what may stand behind a number, and what the number is to be
            multiplied by then.
        show: writes a value for people.
        unknown: why a value may be missing.
    """

    of: Callable[[BatchReport], float | None]
    show: Callable[[float], str]
    units: tuple[tuple[str, float], ...] = ()
    unknown: str = "no call was answered"


def _number(value: float) -> str:
    return f"{value:.4g}" if value < 10_000 else f"{value:,.0f}"


def _error_rate(report: BatchReport) -> float:
    # Of no rows none has failed: a resumed run may have nothing left to do.
    return report.failed / report.rows if report.rows else 0.0


def _cost_usd(report: BatchReport) -> float | None:
    # What is known is the least that it can be; that proves nothing.
    return None if report.unpriced else report.cost_usd or 0.0


_SECONDS = (("s", 1.0), ("ms", 1e-3))
METRICS = {
    "error_rate": Metric(of=_error_rate, show=_number, units=(("%", 0.01),)),
    "failed": Metric(of=lambda report: report.failed, show=_number),
    "p50": Metric(of=lambda report: report.p50_s, show=wording.seconds, units=_SECONDS),
    "p90": Metric(of=lambda report: report.p90_s, show=wording.seconds, units=_SECONDS),
    "p99": Metric(of=lambda report: report.p99_s, show=wording.seconds, units=_SECONDS),
    "cost_usd": Metric(
        of=_cost_usd, show=wording.dollars, unknown="some replies have no known price"
    ),
    "rows_per_s": Metric(of=lambda report: report.rows_per_s, show=_number),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """
    What a threshold says of a run.

    Args:
        expression: the threshold, as it was written.
        value: what the run came to; `None` where that is not known.
        text: the same for people.
        is_hit: whether the run is to count as failed.
    """

    expression: str
    value: float | None
    text: str
    is_hit: bool

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {"expression": self.expression, "value": self.value, "hit": self.is_hit}


@dataclass(frozen=True, slots=True)
class Threshold:
    """
    A bound that a run is not to cross; see `parse`.

    Args:
        expression: as it was written.
        bound: in the metric's base unit: a share, a count, seconds, US dollars.
    """

    expression: str
    metric: str
    sign: str
    bound: float

    def judge(self, report: BatchReport) -> Judgement:
        """Hold it against what a run came to; what is not known counts as crossed."""
        metric = METRICS[self.metric]
        value = metric.of(report)
        if value is None:
            # A check that cannot be made must not pass silently.
            text = f"could not be judged, so it counts as hit: {metric.unknown}"
            is_hit = True
        else:
            text, is_hit = metric.show(value), _OPERATORS[self.sign](value, self.bound)
        return Judgement(
            expression=self.expression, value=value, text=text, is_hit=is_hit
        )


def parse(expression: str) -> Threshold:
    """
    Read `metric op number`, such as `error_rate>0.01` or `p99 >= 800ms`.

    Raises:
        ValueError: it says something else; the message has an example.
    """
    form = _FORM.fullmatch(expression)
    if form is None:
        raise _flaw(expression, "it is not a metric, one of > >= < <=, and a number")
    metric, sign, digits, unit = form.groups()
    if metric not in METRICS:
        raise _flaw(expression, f"the metrics are {', '.join(METRICS)}")
    bound = _bound(expression, digits) * _factor(expression, metric, unit)
    return Threshold(expression.strip(), metric, sign, bound)


def _bound(expression: str, digits: str) -> float:
    try:
        bound = float(digits)
    except ValueError:
        bound = math.inf
    if not math.isfinite(bound):
        raise _flaw(expression, f'"{digits}" is no number')
    return bound


def _factor(expression: str, metric: str, unit: str) -> float:
    units = dict(METRICS[metric].units)
    if unit and unit not in units:
        known = " or ".join(units)
        may = f"only {known} may follow" if known else "nothing may follow"
        raise _flaw(expression, f'"{unit}" is no unit here; {may} the number')
    return units.get(unit, 1.0)


def _flaw(expression: str, reason: str) -> ValueError:
    return ValueError(f'"{expression}": {reason}; an example: {EXAMPLE}')
