"""Owns what is said and written when a run has ended, and with which code it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from holybalance_cli import wording
from holybalance_cli.ending import Exit
from holybalance_cli.run.summary import print_summary

if TYPE_CHECKING:
    from holybalance_cli.run.conduct import Outcome
    from holybalance_cli.run.report import ReportFile
    from holybalance_cli.run.resuming import WayOn
    from holybalance_cli.run.thresholds import Judgement, Threshold


_BAD_ROW = "invalid_row"
_NOTHING_JUDGED = "fail-on: nothing was done, nothing is judged"


def conclude(
    outcome: Outcome,
    thresholds: Sequence[Threshold],
    file: ReportFile | None,
    way_on: WayOn,
    console: Console | None = None,
) -> Exit:
    """
    Print the summary, judge the run, write its report.

    Args:
        file: where the report goes, if anybody wants one.
        way_on: says how to go on where something is left undone.

    Returns:
        Exit: what the shell is to be told.
    """
    console = console or Console(stderr=True, highlight=False)
    # A run over an output that is whole has no speed, and has met no failure.
    judged = thresholds if outcome.report.rows else ()
    judgements = [threshold.judge(outcome.report) for threshold in judged]
    code = outcome.exit_code(judgements)
    print_summary(outcome.report, console, is_aborted=outcome.is_aborted)
    lines = [_NOTHING_JUDGED] if thresholds and not judged else []
    lines += [f"fail-on: {each.expression}: {each.text}" for each in _hit(judgements)]
    lines += _ending(outcome, way_on)
    for line in ["", *lines] if lines else []:
        console.print(line, markup=False, soft_wrap=True)
    if file is not None:
        try:
            file.write(_document(outcome, judgements, code))
        except OSError as error:
            reason = error.strerror or error
            console.print(f"Error: cannot write the report: {reason}", markup=False)
            return Exit.INTERRUPTED if outcome.is_interrupted else Exit.FATAL
    return code


def _hit(judgements: Sequence[Judgement]) -> list[Judgement]:
    return [judgement for judgement in judgements if judgement.is_hit]


def _ending(outcome: Outcome, way_on: WayOn) -> list[str]:
    lines = []
    if outcome.trouble:
        lines.append(f"Error: the run broke off: {outcome.trouble}")
    report, left = outcome.report, outcome.left
    rows = "" if left is None else f": {wording.count(left, 'row')} not done"
    if report.budget is not None:
        lines += [f"stopped for want of money{rows}", wording.as_typed(report.budget)]
    if outcome.is_interrupted:
        lines.append(f"interrupted{rows}")
    failed = report.failed + report.skipped_failed
    # Why rows of an earlier run failed, nobody remembers.
    is_input_bad = not report.skipped_failed and {*report.errors} == {_BAD_ROW}
    return [
        *lines,
        *way_on.lines(is_complete=not lines, failed=failed, is_input_bad=is_input_bad),
    ]


def _document(
    outcome: Outcome, judgements: Sequence[Judgement], code: Exit
) -> dict[str, Any]:
    return {
        **outcome.report.as_dict(),
        "exit_code": int(code),
        "fail_on": [judgement.as_dict() for judgement in judgements],
    }
