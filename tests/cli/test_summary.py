"""Owns the proof of what is said when a run has ended, and of its exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from holybalance_cli import wording
from holybalance_cli.ending import Exit
from holybalance_cli.run import thresholds
from holybalance_cli.run.aftermath import conclude
from holybalance_cli.run.conduct import Outcome
from holybalance_cli.run.report import ReportFile
from holybalance_cli.run.resuming import WayOn
from holybalance_cli.run.summary import print_summary
from tests.cli.fakes import endpoint, metrics, report

NOWHERE = WayOn(arguments=["in", "-o", "-"], source="in", output="-")


def _summary(*, is_aborted: bool = False, **figures: Any) -> list[str]:
    text = io.StringIO()
    console = Console(file=text, width=80)
    print_summary(report(**figures), console, is_aborted=is_aborted)
    return text.getvalue().splitlines()


def test_all_is_well() -> None:
    """The facts in five lines; endpoints that were never asked are left out."""
    expected = [
        "rows      10: 10 ok, 0 failed",
        "time      10.0 s, 1.0 rows/s",
        "latency   p50 1.00 s, p90 2.00 s, p99 3.00 s",
        "tokens    100 in, 200 out",
        "cost      $0.500",
    ]
    assert expected == _summary()


def test_rows_that_were_not_sent() -> None:
    """Rows of before are no rows of this run; repeats are."""
    line = _summary(rows=5, ok=5, repeated=2, skipped=1_000)[0]
    text = "5: 5 ok, 0 failed; 2 of them repeated another's answer"
    assert f"rows      {text}; 1,000 skipped, done before" == line


def test_nothing_was_answered() -> None:
    """There is no latency, and no cost to be taken for none."""
    lines = _summary(p50_s=None, cost_usd=None, rows=0, ok=0)
    assert ["rows", "time"] == [line.split()[0] for line in lines]


def test_many_kinds_of_failure() -> None:
    """The five most frequent are shown, each with an example, whole in a log."""
    why = ("why " * 100).strip()
    errors = {
        f"code-{n}": {"count": n, "line": n, "example": f"[red] {why}"}
        for n in range(1, 9)
    }
    reasons = _summary(errors=errors)[5:]
    assert 6 == len(reasons)
    assert f"failures  8 x code-8, such as line 8: [red] {why}" == reasons[0]
    assert "          and 3 other codes" == reasons[-1]


def test_long_messages_on_a_terminal() -> None:
    """There they are cut."""
    errors = {"code": {"count": 1, "line": 7, "example": "why " * 100}}
    text = io.StringIO()
    console = Console(file=text, width=80, force_terminal=True, color_system=None)
    print_summary(report(errors=errors), console)
    line = text.getvalue().splitlines()[-1]
    assert line.startswith("failures  1 x code, such as line 7: why why")
    assert line.endswith("…")
    assert len(line) < 150


def test_answers_that_were_not_written() -> None:
    """They were paid for, so they are told."""
    line = _summary(rows=5, ok=5, discarded=1_200)[0]
    text = "5: 5 ok, 0 failed; 1,200 more answered, but not written"
    assert f"rows      {text}" == line


def test_workers_that_were_killed() -> None:
    """What they had not told is missing, and that is said below the table."""
    counted = metrics(alpha=endpoint(attempts=1, calls=1))
    said = "without the last half second of the workers that were ended at once"
    assert said == _summary(metrics=counted, is_aborted=True)[-1]
    assert said not in _summary(metrics=counted)
    assert said not in _summary(is_aborted=True)


def _spend(calls: int, cost_usd: float | None, unpriced: int = 0) -> dict[str, Any]:
    return {"calls": calls, "cost_usd": cost_usd, "unpriced": unpriced}


def test_what_each_model_took() -> None:
    """Where there are several; one is told by the whole."""
    several = {
        "dear": _spend(2_000, 0.4),
        "cheap": _spend(1, 0.1),
        "odd": _spend(1, None, 1),
    }
    assert [
        "models    dear: $0.400 for 2,000 calls",
        "          cheap: $0.100 for 1 call",
        "          odd: unknown for 1 call",
    ] == _summary(models=several)[5:]
    assert 5 == len(_summary(models={"dear": _spend(1, 0.5)}))
    many = {str(number): _spend(1, 0.1) for number in range(7)}
    assert "          and 2 other models" == _summary(models=many)[-1]


def test_what_budgets_have_left() -> None:
    """That of the run itself goes by the option's name, and is never behind."""
    figures = {"limit_usd": 2.0, "spent_usd": 0.25}
    told = {**metrics(), "budgets": {"daily": figures, "max_cost-1f": figures}}
    assert [
        "budgets   daily: $0.250 of $2.00 spent",
        "          --max-cost: $0.500 of $2.00 spent",
    ] == _summary(metrics=told)[5:]


def test_a_store_that_has_never_answered() -> None:
    """What others have spent is not known; of its own money nothing was."""
    figures = {"limit_usd": 2.0, "spent_usd": None}
    told = {**metrics(), "budgets": {"daily": figures, "max_cost-1f": figures}}
    assert [
        "budgets   daily: what is spent of $2.00 is not known",
        "          --max-cost: $0.00 of $2.00 spent",
    ] == _summary(metrics=told, cost_usd=0.0)[5:]


def test_a_run_that_called_nobody() -> None:
    """Budgets are no news of it, but for one that stopped it."""
    figures = {"limit_usd": 2.0, "spent_usd": None}
    told: dict[str, Any] = {
        "metrics": {**metrics(), "budgets": {"daily": figures}},
        **dict.fromkeys(("p50_s", "p90_s", "p99_s")),
    }
    assert not any("budgets" in line for line in _summary(**told))
    assert any("budgets" in line for line in _summary(**told, budget="no room"))


def test_the_cap_of_a_run_in_a_failure() -> None:
    """It goes by the option's name."""
    errors = {"budget": {"count": 1, "line": 3, "example": "max_cost cannot hold it"}}
    (line,) = (each for each in _summary(errors=errors) if "failures" in each)
    assert line.endswith("such as line 3: --max-cost cannot hold it")


def test_endpoints() -> None:
    """Each has a line with what it did."""
    busy = endpoint(
        attempts=12,
        calls=9,
        success=9,
        retries=3,
        errors={"sick": 2, "throttled": 1},
        p50_s=0.5,
        p99_s=1.5,
        cost_usd=1.25,
    )
    lines = _summary(metrics=metrics(alpha=busy, beta=endpoint()))[-4:]
    assert ["alpha", "9", "3", "3", "500", "ms", "1.50", "s", "$1.25"] == (
        lines[2].split()
    )
    assert ["beta", "0", "0", "0", "-", "-", "-"] == lines[3].split()


def _outcome(
    *,
    trouble: str = "",
    left: int | None = 0,
    is_interrupted: bool = False,
    **figures: Any,
) -> Outcome:
    return Outcome(
        report=report(**figures),
        trouble=trouble,
        left=left,
        is_interrupted=is_interrupted,
        is_aborted=False,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"failed": 1}, 3),
        ({"failed": 5}, 99),
        ({"failed": 5, "budget": "no room"}, 4),
        ({"failed": 5, "budget": "no room", "trouble": "why"}, 1),
        ({"budget": "no room", "is_interrupted": True}, 130),
        ({"failed": 5, "trouble": "why", "is_interrupted": True}, 130),
    ],
)
def test_exit_codes(changes: dict[str, Any], code: int) -> None:
    """The gravest is told: interrupted, broken off, no money, hit, failed."""
    threshold = thresholds.parse("failed>4")
    console = Console(file=io.StringIO())
    assert code == conclude(_outcome(**changes), [threshold], None, NOWHERE, console)


@pytest.mark.parametrize(("skipped_failed", "code"), [(0, 0), (1, 3)])
def test_nothing_is_judged_where_nothing_was_done(
    tmp_path: Path, skipped_failed: int, code: int
) -> None:
    """A finished output has no speed and no latency to be too low or too high."""
    text, file = io.StringIO(), ReportFile(str(tmp_path / "report.json"), [])
    outcome = _outcome(rows=0, ok=0, p99_s=None, skipped_failed=skipped_failed)
    judged = [thresholds.parse(each) for each in ("p99>2", "rows_per_s<10")]
    console = Console(file=text, width=80)
    assert code == conclude(outcome, judged, file, NOWHERE, console)
    said = "fail-on: nothing was done, nothing is judged"
    assert said == text.getvalue().splitlines()[-1]
    assert [] == json.loads((tmp_path / "report.json").read_text())["fail_on"]


@pytest.mark.parametrize(
    ("codes", "skipped_failed", "is_first"),
    [
        (["invalid_row"], 0, True),
        (["invalid_row", "worker_died"], 0, False),
        (["invalid_row"], 1, False),
    ],
)
def test_rows_that_the_input_spoils(
    tmp_path: Path, codes: list[str], skipped_failed: int, is_first: bool
) -> None:
    """To send them again helps nobody before they are mended."""
    (tmp_path / "out").touch()
    way_on = WayOn(arguments=["in"], source="in", output=str(tmp_path / "out"))
    errors = {code: {"count": 1, "line": 2, "example": "why"} for code in codes}
    text = io.StringIO()
    outcome = _outcome(failed=1, skipped_failed=skipped_failed, errors=errors)
    conclude(outcome, [], None, way_on, Console(file=text, width=80))
    last = text.getvalue().splitlines()[-1]
    assert is_first == last.startswith("mend the failed rows in the input first; then")
    assert last.endswith("holybalance run --retry-errors in")


def test_how_to_go_on() -> None:
    """The last line is what to type."""
    text = io.StringIO()
    outcome = _outcome(is_interrupted=True, left=1_234, trouble="no [red] endpoint")
    conclude(outcome, [], None, NOWHERE, Console(file=text, width=40))
    assert [
        "Error: the run broke off: no [red] endpoint",
        "interrupted: 1,234 rows not done",
        "not resumable: what went to standard output cannot be read again",
    ] == text.getvalue().splitlines()[-3:]


def test_a_run_that_ran_out_of_money(tmp_path: Path) -> None:
    """It says how much is left to do, why, and what to type."""
    (tmp_path / "out").touch()
    way_on = WayOn(arguments=["in"], source="in", output=str(tmp_path / "out"))
    text = io.StringIO()
    outcome = _outcome(budget='the budget "daily" has no room', left=1_234)
    conclude(outcome, [], None, way_on, Console(file=text, width=40))
    assert [
        "stopped for want of money: 1,234 rows not done",
        'the budget "daily" has no room',
        "to go on, with the same input once more: holybalance run in",
    ] == text.getvalue().splitlines()[-3:]


def test_the_report_file(tmp_path: Path) -> None:
    """It has the report's figures and how the run ended; no draft stays behind."""
    path, link = tmp_path / "real.json", tmp_path / "report.json"
    link.symlink_to(path)
    file = ReportFile(str(link), ["in", None])
    threshold = thresholds.parse("p99>5s")
    conclude(
        _outcome(failed=1), [threshold], file, NOWHERE, Console(file=io.StringIO())
    )
    document = json.loads(path.read_text())
    judged = {"expression": "p99>5s", "value": 3.0, "hit": False}
    assert (3, [judged]) == (document["exit_code"], document["fail_on"])
    assert link.is_symlink()
    assert {"real.json", "report.json"} == {each.name for each in tmp_path.iterdir()}


def test_a_report_that_fails_late(tmp_path: Path) -> None:
    """It is said, and outdoes failed rows; the summary is there anyway."""
    folder = tmp_path / "folder"
    folder.mkdir()
    file = ReportFile(str(folder / "report.json"), [])
    folder.rmdir()
    text = io.StringIO()
    code = conclude(_outcome(failed=1), [], file, NOWHERE, Console(file=text, width=80))
    assert Exit.FATAL == code
    said = "Error: cannot write the report: No such file or directory"
    assert said == text.getvalue().splitlines()[-1]


@pytest.mark.parametrize("name", ["in", "../{folder}/in", "folder", "no/where"])
def test_reports_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another file of the run, a folder, a place that is not there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(click.UsageError):
        ReportFile(name.format(folder=tmp_path.name), ["in"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.5, "$0.500"),
        (0.0456, "$0.0456"),
        (0.000123, "$0.000123"),
        (1e-9, "$0.000000"),
    ],
)
def test_dollars(value: float | None, words: str) -> None:
    """Money has as many digits as say something."""
    assert words == wording.dollars(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"),
        (0.048, "48 ms"),
        (0.9996, "1.00 s"),
        (1.254, "1.25 s"),
        (12.34, "12.3 s"),
        (1234.5, "1,234 s"),
    ],
)
def test_seconds(value: float | None, words: str) -> None:
    """A latency has three digits or so."""
    assert words == wording.seconds(value)
