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


def _summary(**figures: Any) -> list[str]:
    text = io.StringIO()
    print_summary(report(**figures), Console(file=text, width=80))
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
    """The five most frequent are shown, and long messages are cut."""
    errors = {
        f"code-{n}": {"count": n, "example": f"[line {n}] " + "why " * 100}
        for n in range(1, 9)
    }
    reasons = _summary(errors=errors)[5:]
    assert 6 == len(reasons)
    assert reasons[0].startswith("failures  8 x code-8: [line 8] why why")
    assert reasons[0].endswith("…")
    assert max(map(len, reasons)) < 130
    assert "          and 3 other codes" == reasons[-1]


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
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"failed": 1}, 3),
        ({"failed": 5}, 99),
        ({"failed": 5, "trouble": "why"}, 1),
        ({"failed": 5, "trouble": "why", "is_interrupted": True}, 130),
    ],
)
def test_exit_codes(changes: dict[str, Any], code: int) -> None:
    """The gravest thing is told: interrupted, broken off, hit, failed."""
    threshold = thresholds.parse("failed>4")
    console = Console(file=io.StringIO())
    assert code == conclude(_outcome(**changes), [threshold], None, NOWHERE, console)


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
