"""Owns the proof of how an estimate is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from holybalance.batch.estimate import BadExample, Estimate
from holybalance.batch.fits import Fit
from holybalance_cli.run.dry_run import facts

Call = Callable[..., Result]

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


@pytest.mark.parametrize(
    ("cost_usd", "unpriced", "text"),
    [
        ((2.0, 18.0), 0, "daily: $18.00 left, enough"),
        (
            (2.0, 18.5),
            0,
            "daily: $18.00 left, may not be enough for $2.00 to $18.50",
        ),
        ((19.0, 20.0), 0, "daily: $18.00 left, not enough for $19.00 to $20.00"),
        ((0.0, 0.0), 2, "daily: $18.00 left; refuses 2 calls of unknown price"),
    ],
)
def test_whether_it_fits(
    cost_usd: tuple[float, float], unpriced: int, text: str
) -> None:
    """A budget is held against both ends of the estimate."""
    fit = Fit(budget="daily", left_usd=18.0, cost_usd=cost_usd, unpriced=unpriced)
    assert text == dict(facts(replace(PLAIN, budgets=(fit,))))["budgets"]


def test_budgets_of_a_dry_run(call: Call, config: str, tmp_path: Path) -> None:
    """What is left comes from the shared state, and --max-cost counts as one."""
    source, state = tmp_path / "in.txt", tmp_path / "state.db"
    source.write_text("hello\n")
    with open(config, "a", encoding="utf-8") as file:
        file.write('\n[[budgets]]\nname = "daily"\nlimit_usd = 5.0\n')
        file.write(f'[state]\nurl = "sqlite:///{state}"\n')
    dry = ("run", str(source), "--dry-run", "--max-cost", "0.00001")
    result = call(*dry, "--config", config)
    lines = result.stdout.splitlines()
    assert (0, "") == (result.exit_code, result.stderr)
    assert "budgets   daily: $5.00 left, enough" == lines[3]
    assert lines[4].startswith("          --max-cost: $0.000010 left, not enough for")
    state.write_text("no database " * 100)
    result = call(*dry, "--config", config)
    assert 0 == result.exit_code
    assert result.stderr.endswith("budgets count as untouched\n")
