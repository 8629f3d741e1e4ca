"""Owns how a command ends: the exit codes, and which error means which."""

from __future__ import annotations

import enum
import sys


class Exit(enum.IntEnum):
    """What the shell is told."""

    OK = 0
    """The command did its work; of a run, all rows are fine."""
    FATAL = 1
    """The command could not do its work."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was sent."""
    SOME_FAILED = 3
    """The command did its work, and some rows failed."""
    BUDGET = 4
    """A budget had no room: for the call, or for all rows of a run."""
    THRESHOLD = 99
    """A run did its work, and crossed a threshold of its --fail-on."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 + SIGINT; or SIGTERM during a run."""


def is_ours(error: Exception) -> bool:
    """Tell an error that the library explains from a bug."""
    # Whoever could raise one has imported it; `--help` need not.
    errors = sys.modules.get("holybalance.errors")
    return errors is not None and isinstance(error, errors.HolyBalanceError)


def explain(error: Exception) -> Exit:
    """Choose the exit code of an error of the library."""
    from holybalance.errors import (  # noqa: PLC0415 - lazy
        BudgetExceeded,
        ConfigError,
        RequestError,
    )

    if isinstance(error, BudgetExceeded):
        return Exit.BUDGET
    was_never_sent = isinstance(error, RequestError) and error.status is None
    if was_never_sent or isinstance(error, ConfigError):
        return Exit.USAGE
    return Exit.FATAL
