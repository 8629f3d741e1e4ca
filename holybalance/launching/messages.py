"""
Owns what a parent and its workers say to each other.

All of it is pickled, so all of it lives where both can import it.
"""

from __future__ import annotations

import signal
from typing import Any, NamedTuple, Protocol

from holybalance.engine import Engine
from holybalance.errors import HolyBalanceError
from holybalance.telemetry.report import Report

WORKER_VARIABLE = "HOLYBALANCE_WORKER"
"""The environment variable that tells a worker its parent's process id."""
WORKER_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What workers leave to their parent, as it reaches the whole process group."""
Item = bytes
"""A piece of work as it is handed over; only the `Work` knows what it means."""


class Work(Protocol):
    """
    What workers do with each item; made in the parent and pickled to them.

    Its class must be importable: a worker knows nothing of the parent's script.
    """

    def perform(self, engine: Engine, position: int, item: Item) -> Any:
        """
        Make of an item what the parent is to get for it.

        What it raises ends the worker, and the item goes to another.

        Args:
            engine: makes the calls of this worker.
            position: the item's place among all, from 0.
        """


# What the parent says.


class Orders(NamedTuple):
    """
    The first message to a worker, apart from its configuration.

    Args:
        threads: calls at once; `None` leaves it to the worker, as it goes.
        most_threads: never more than these.
        calls_per_s: never begin calls faster than this, if it is set.
        first_turn_s: then the first one after so many seconds.
        open_files: the limit that the worker is to have, `None` for the one it has.
        warns: whether it tells people what it is warned of; one worker is enough.
    """

    threads: int | None
    most_threads: int
    calls_per_s: float | None
    first_turn_s: float
    open_files: int | None
    warns: bool = False


class Begin(NamedTuple):
    """From here on `Items` of this job are for this work; earlier jobs are over."""

    job: int
    work: Work


class Items(NamedTuple):
    """What to do for the latest job, in this order: positions and items."""

    items: list[tuple[int, Item]]


class Drop(NamedTuple):
    """Do not begin what has not begun; say so as `Answers.dropped`."""


class Ask(NamedTuple):
    """Send a `Told` at once."""


# What a worker says.


class Ready(NamedTuple):
    """The worker has its engine and takes items."""


class Failed(NamedTuple):
    """The worker could not begin, and ends."""

    error: HolyBalanceError


class Answers(NamedTuple):
    """
    What has been done since the last time, which may be nothing.

    Args:
        done: positions and what `Work.perform` made of them.
        dropped: positions that were not begun.
        credit: how many items the worker wants to hold, those under way included.
        threads: how many there are.
        limit: how many there may be; so many of the oldest it holds may have begun.
    """

    job: int
    done: list[tuple[int, Any]]
    dropped: list[int]
    credit: int
    threads: int
    limit: int


class Told(NamedTuple):
    """The worker's counts so far; `is_asked` when it was asked for them."""

    report: Report
    is_asked: bool
