"""
Owns Ctrl-C and SIGTERM during a run: the first drains it, the second ends it at once.

A handler only counts: what follows is done by the main thread, between two frames, so
that nothing is torn out of the middle of a row or of the picture.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from holybalance_cli import wording

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stoppable(Protocol):
    """A run that can be ended early; the part of a `Batch` that matters here."""

    def stop(self) -> None:
        """Begin nothing more."""

    def abort(self) -> None:
        """Give up what is under way as well."""


class Signals:
    """
    Takes SIGINT and SIGTERM while it is entered, and puts back what was there.

    Until `hold` is called, a signal ends the command as Ctrl-C does: nothing has been
    sent yet. From then on signals are only counted. One that is ignored stays so, as
    after `nohup`.
    """

    def __init__(self) -> None:
        self.count = 0
        self._is_holding = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Elsewhere Python has no signals to give.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def hold(self) -> None:
        """Count signals from now on; somebody looks at `count`."""
        self._is_holding = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1
        if not self._is_holding:
            raise KeyboardInterrupt


class Ending:
    """
    Ends a run as signals ask for it; `act` is called several times a second.

    Args:
        run: what to end.
        signals: says how often it was asked for.
        grace_s: how long calls under way may take after the first.
        in_flight: tells how many these are.
        say: tells people.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        run: Stoppable,
        signals: Signals,
        grace_s: float,
        *,
        in_flight: Callable[[], int],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._signals = signals
        self._grace_s = grace_s
        self._in_flight = in_flight
        self._say = say
        self._clock = clock
        self._deadline: float | None = None
        self.aborted_at: float | None = None
        """When what is under way was given up, by the clock."""

    def act(self) -> None:
        """Do what is due now."""
        if not self._signals.count or self.aborted_at is not None:
            return
        if self._deadline is None:
            self._run.stop()
            self._deadline = self._clock() + self._grace_s
            if self._signals.count == 1:
                self._say(self._announcement())
        if self._signals.count > 1 or self._clock() >= self._deadline:
            self._run.abort()
            self.aborted_at = self._clock()
            self._say(f"giving up {self._calls()} still under way")

    def _announcement(self) -> str:
        return (
            f"stopping: {self._calls()} under way get up to {self._grace_s:g} s; "
            "Ctrl-C again to stop at once"
        )

    def _calls(self) -> str:
        return wording.count(self._in_flight(), "call")
