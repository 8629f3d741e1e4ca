"""Owns a run from its first call to its exit code: who works, who watches, who ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holybalance.errors import ConfigError, HolyBalanceError
from holybalance_cli.background import Background
from holybalance_cli.ending import Exit
from holybalance_cli.run.progress import make_view
from holybalance_cli.run.signals import Ending, Signals

if TYPE_CHECKING:
    from holybalance.batch.job import Batch
    from holybalance.batch.report import BatchReport
    from holybalance.launcher import Launcher
    from holybalance_cli.run.thresholds import Judgement

_FRAME_S = 0.25
# Aborting kills workers; where even that hangs, the command ends without them.
_ABORT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What a run came to, and how it ended.

    Args:
        trouble: why it broke off; empty where it did not.
        left: how many rows were not done, if that is known.
        is_interrupted: whether somebody ended it before it was complete.
        is_aborted: whether workers were killed, with what they had last counted.
    """

    report: BatchReport
    trouble: str
    left: int | None
    is_interrupted: bool
    is_aborted: bool

    def exit_code(self, judgements: Sequence[Judgement]) -> Exit:
        """Choose what the shell is told: the first of these that holds."""
        if self.is_interrupted:
            return Exit.INTERRUPTED
        if self.trouble:
            return Exit.FATAL
        if self.report.budget is not None:
            return Exit.BUDGET
        if any(judgement.is_hit for judgement in judgements):
            return Exit.THRESHOLD
        # Also in an earlier run: a crash must not turn a failure into a success.
        has_failed = self.report.failed or self.report.skipped_failed
        return Exit.SOME_FAILED if has_failed else Exit.OK


def conduct(
    batch: Batch,
    launcher: Launcher,
    signals: Signals,
    *,
    grace_s: float,
    is_live: bool,
) -> Outcome:
    """
    Run a batch to its end, or until signals end it, and show how it goes meanwhile.

    Args:
        grace_s: how long calls under way may take after the first signal.
        is_live: draw on standard error, if it is a terminal.

    Raises:
        ConfigError: the output does not fit the input.
        BrokenPipeError: who read standard output has left.
    """
    view = make_view(batch, launcher.metrics, is_live=is_live)
    ending = Ending(
        batch,
        signals,
        grace_s,
        in_flight=lambda: int(launcher.metrics()["in_flight"]),
        say=view.say,
    )
    work = Background(batch.run)
    signals.hold()
    with view:
        work.start()
        while not work.wait(_FRAME_S):
            ending.act()
            view.update()
            if ending.aborted_at is not None and _is_overdue(ending.aborted_at):
                break
    trouble, report, expected = _trouble(work), batch.report(), batch.expected
    return Outcome(
        report=report,
        trouble=trouble,
        left=None if expected is None else expected - report.rows,
        is_interrupted=signals.count > 0 and not report.is_complete,
        is_aborted=ending.aborted_at is not None,
    )


def _is_overdue(aborted_at: float) -> bool:
    return time.monotonic() - aborted_at > _ABORT_S


def _trouble(work: Background[BatchReport]) -> str:
    try:
        work.raise_error()
    except ConfigError:
        raise
    except HolyBalanceError as error:
        return str(error).splitlines()[0]
    return ""
