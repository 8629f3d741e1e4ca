"""Owns the proof of how an estimate is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holybalance.batch.estimate import BadExample, Estimate
from holybalance_cli.run.dry_run import facts

PLAIN = Estimate(
    rows=12_345,
    bad_rows=0,
    bad_examples=(),
    repeated=0,
    input_tokens=1_000_000,
    output_tokens=(0, 2_000_000),
    cost_usd=(2.0, 18.0),
    unpriced=0,
    seconds=247.0,
    by="rpm",
)


def test_the_facts() -> None:
    """How much, how dear, and how long at the least."""
    expected = {
        "rows": "12,345",
        "tokens": "about 1,000,000 in, 0 to 2,000,000 out",
        "cost": "$2.00 to $18.00",
        "time": "at least 4:07, by the rpm of the endpoints",
    }
    assert expected == dict(facts(PLAIN))


@pytest.mark.parametrize(
    ("changes", "label", "text"),
    [
        ({"bad_rows": 3}, "", "and 3 more that cannot be sent"),
        ({"bad_rows": 3}, "rows", "12,345; 3 of them cannot be sent"),
        ({"repeated": 1_000}, "rows", "12,345; 1,000 of them repeat others"),
        ({"cost_usd": None, "unpriced": 12_345}, "cost", "unknown"),
        (
            {"unpriced": 1},
            "cost",
            "$2.00 to $18.00, without 1 call of unknown price",
        ),
        (
            {"seconds": None, "by": ""},
            "time",
            "unknown: no limit says how fast it may be",
        ),
    ],
)
def test_what_is_unusual(changes: dict[str, Any], label: str, text: str) -> None:
    """It is said where it matters."""
    assert text == dict(facts(replace(PLAIN, **changes)))[label]


def test_rows_that_cannot_be_sent() -> None:
    """Some are shown below the count of all."""
    examples = tuple(BadExample(line=line, reason=f"why {line}") for line in (3, 7))
    found = list(facts(replace(PLAIN, bad_rows=2, bad_examples=examples)))
    assert [("", "line 3: why 3"), ("", "line 7: why 7")] == found[1:3]
    assert "tokens" == found[3][0]
