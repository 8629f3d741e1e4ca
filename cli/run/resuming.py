"""Owns the words on how a run can go on that left something undone."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_DASH = "-"
_PROGRAM = "holybalance"
_RETRY = "--retry-errors"
# A run that goes on finds its own output, and has tried again what failed before.
_ONLY_AT_FIRST = {"--no-resume", _RETRY}
# What is called again is added at the end.
_NOT_WITH_RETRY = "--ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOn:
    """
    How a run may go on.

    Args:
        arguments: of the command that was run, `run` itself left out.
        source: where its rows came from.
        output: where its answers went.
    """

    arguments: Sequence[str]
    source: str
    output: str

    def lines(
        self, *, is_complete: bool, failed: int, is_input_bad: bool = False
    ) -> list[str]:
        """
        Say what to type, or why nothing helps; no line where all is done.

        Args:
            failed: how many rows did.
            is_input_bad: it were all rows that no call can be made of.
        """
        is_readable = _is_lasting(self.output)
        if not is_complete and not is_readable:
            name = "standard output" if self.output == _DASH else self.output
            return [f"not resumable: what went to {name} cannot be read again"]
        lines = [] if is_complete else [f"to go on{self._with()}: {self._command()}"]
        if failed and is_readable and _NOT_WITH_RETRY not in self.arguments:
            retried = "to send failed rows again" + ("" if is_complete else " as well")
            if is_input_bad:
                retried = f"mend the failed rows in the input first; then, {retried}"
            lines.append(f"{retried}{self._with()}: {self._command(_RETRY)}")
        return lines

    def _command(self, *more: str) -> str:
        kept = (each for each in self.arguments if each not in _ONLY_AT_FIRST)
        return shlex.join([_program(), "run", *more, *kept])

    def _with(self) -> str:
        return "" if _is_lasting(self.source) else ", with the same input once more"


def _is_lasting(path: str) -> bool:
    return path != _DASH and Path(path).is_file()


def _program() -> str:
    """Give the name by which the shell finds this program."""
    called = sys.argv[0]
    if Path(called).name != _PROGRAM:  # a test, or a program of the user's
        return _PROGRAM
    found = shutil.which(_PROGRAM)
    is_it = found is not None and os.path.realpath(found) == os.path.realpath(called)
    return _PROGRAM if is_it else called
