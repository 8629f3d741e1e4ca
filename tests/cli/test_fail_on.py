"""Owns the proof of `--fail-on`: what it reads, and how it judges."""

from __future__ import annotations

import re
from typing import Any

import pytest

from holybalance_cli.run import thresholds
from tests.cli.fakes import report


@pytest.mark.parametrize(
    ("expression", "metric", "sign", "bound"),
    [
        ("error_rate>0.01", "error_rate", ">", 0.01),
        (" error_rate >= 1% ", "error_rate", ">=", 0.01),
        ("failed>5", "failed", ">", 5.0),
        ("p50<=800ms", "p50", "<=", 0.8),
        ("p90 > 1.5 s", "p90", ">", 1.5),
        ("p99>2", "p99", ">", 2.0),
        ("cost_usd>1e-3", "cost_usd", ">", 0.001),
        ("rows_per_s<10", "rows_per_s", "<", 10.0),
    ],
)
def test_expressions(expression: str, metric: str, sign: str, bound: float) -> None:
    """A metric, a sign and a number, with blanks and units where people put them."""
    threshold = thresholds.parse(expression)
    assert (metric, sign) == (threshold.metric, threshold.sign)
    assert pytest.approx(bound) == threshold.bound


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "it is not a metric, one of > >= < <=, and a number"),
        ("error_rate", "it is not a metric"),
        ("error_rate=1", "it is not a metric"),
        ("error_rate>", "it is not a metric"),
        ("error_rate>-1", "it is not a metric"),
        ("error_rate>0.01 or failed>3", '"or failed>3" is no unit here'),
        ("eror_rate>1", "the metrics are error_rate, failed, p50"),
        ("p99>1.2.3", '"1.2.3" is no number'),
        ("p99>1e999", '"1e999" is no number'),
        ("p99>3m", '"m" is no unit here; only s or ms may follow the number'),
        ("failed>3%", '"%" is no unit here; nothing may follow the number'),
    ],
)
def test_mistakes_are_explained(expression: str, reason: str) -> None:
    """The message has the expression, what is wrong, and an example."""
    start, end = re.escape(f'"{expression}": {reason}'), "; an example: error_rate>0.01"
    with pytest.raises(ValueError, match=f"^{start}.*{end}$"):
        thresholds.parse(expression)


@pytest.mark.parametrize(
    ("expression", "figures", "is_hit", "text"),
    [
        ("error_rate>0.01", {"rows": 1000, "failed": 34}, True, "0.034"),
        ("error_rate>0.034", {"rows": 1000, "failed": 34}, False, "0.034"),
        ("error_rate>=3.4%", {"rows": 1000, "failed": 34}, True, "0.034"),
        ("error_rate>0", {"rows": 0, "failed": 0}, False, "0"),
        ("failed>1000", {"failed": 12_345}, True, "12,345"),
        ("p99>2s", {"p99_s": 2.41}, True, "2.41 s"),
        ("p50<10ms", {"p50_s": 0.048}, False, "48 ms"),
        ("p90<=1", {"p90_s": 1.0}, True, "1.00 s"),
        ("cost_usd>1", {"cost_usd": 1.5}, True, "$1.50"),
        ("rows_per_s<100", {"rows_per_s": 99.5}, True, "99.5"),
    ],
)
def test_judging(
    expression: str, figures: dict[str, Any], is_hit: bool, text: str
) -> None:
    """A value is held against the bound as it is, not as it is shown."""
    judgement = thresholds.parse(expression).judge(report(**figures))
    assert (is_hit, text) == (judgement.is_hit, judgement.text)


@pytest.mark.parametrize(
    ("expression", "figures", "reason"),
    [
        ("p99>2", {"p99_s": None}, "no call was answered"),
        ("p99<2", {"p99_s": None}, "no call was answered"),
        (
            "cost_usd>100",
            {"cost_usd": 1.0, "unpriced": 3},
            "some replies have no known price",
        ),
        (
            "cost_usd>100",
            {"cost_usd": None, "unpriced": 3},
            "some replies have no known price",
        ),
    ],
)
def test_what_is_not_known_counts_as_hit(
    expression: str, figures: dict[str, Any], reason: str
) -> None:
    """A check that cannot be made does not pass."""
    judgement = thresholds.parse(expression).judge(report(**figures))
    assert (True, None) == (judgement.is_hit, judgement.value)
    assert f"could not be judged, so it counts as hit: {reason}" == judgement.text


def test_a_run_that_sent_nothing_cost_nothing() -> None:
    """No price is missing where there was no reply."""
    judgement = thresholds.parse("cost_usd>0").judge(report(ok=0, cost_usd=None))
    assert (False, "$0.00") == (judgement.is_hit, judgement.text)


def test_as_plain_values() -> None:
    """The report gets the expression, the value, and whether it was hit."""
    judgement = thresholds.parse("failed>1").judge(report(failed=2))
    plain = {"expression": "failed>1", "value": 2, "hit": True}
    assert plain == judgement.as_dict()
