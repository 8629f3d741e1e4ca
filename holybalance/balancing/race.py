"""Owns attempts at one stream that run side by side: the first with a token wins."""

from __future__ import annotations

import threading

from holybalance.balancing.feed import Feed, Times
from holybalance.balancing.lease import Lease
from holybalance.messages import Fault, Outcome, Usage, Verdict
from holybalance.wire.cancel import Cancel

BYTES_PER_TOKEN = 4


class Race:
    """
    Runs attempts in threads of their own, while the thread that makes the call waits.

    A runner owns its lease until its result is taken; one that is outrun, and that is
    any whose result is not taken until the end, ends its lease by itself.
    """

    def __init__(self) -> None:
        # Guards the results and `_is_over`: a result is either taken, or its runner's.
        self._lock = threading.Lock()
        self._is_over = False
        self._results: list[tuple[Runner, Feed | Outcome]] = []
        # Only the waiting thread's: those that have begun, and were not taken.
        self.runners: list[Runner] = []
        self.news = threading.Event()

    def start(self, lease: Lease, times: Times) -> None:
        """
        Begin an attempt.

        Raises:
            RuntimeError: there is no thread to be had; the lease stays the caller's.
        """
        runner = Runner(self, lease, times)
        thread = threading.Thread(
            target=runner.run, name="holybalance-hedge", daemon=True
        )
        # Before it runs: an interruption must not leave one that nobody knows.
        self.runners.append(runner)
        try:
            thread.start()
        except RuntimeError:
            self.runners.remove(runner)
            raise

    def take(self) -> tuple[Lease, Feed | Outcome] | None:
        """Take what an attempt has come to; `None` while all are under way."""
        with self._lock:
            self.news.clear()
            if not self._results:
                return None
            runner, result = self._results.pop(0)
        self.runners.remove(runner)
        return runner.lease, result

    def give(self, runner: Runner, result: Feed | Outcome) -> bool:
        """Hand a result over, if anybody still wants it."""
        with self._lock:
            if self._is_over:
                return False
            self._results.append((runner, result))
            self.news.set()
        return True

    def end(self) -> None:
        """Have all that are left outrun."""
        with self._lock:
            self._is_over = True
            results, self._results = self._results, []
        for runner, result in results:
            self.runners.remove(runner)
            runner.lose(result)
        for runner in self.runners:
            runner.cancel.set()


class Runner:
    """One attempt of a race."""

    def __init__(self, race: Race, lease: Lease, times: Times) -> None:
        self.lease = lease
        self.cancel = Cancel()
        self._race = race
        self._times = times

    def run(self) -> None:
        """Make the attempt."""
        try:
            result = self.lease.open(self._times, self.cancel)
        except BaseException as error:  # noqa: BLE001 - there is nobody above
            message = f"the attempt failed: {error!r}"
            result = Outcome(fault=Fault.LOCAL, message=message)
        if not self._race.give(self, result):
            self.lose(result)

    def lose(self, result: Feed | Outcome) -> None:
        """End the lease of an attempt that nobody waits for, and count what it used."""
        if isinstance(result, Feed):
            result.close()
        lease = self.lease
        if not self.cancel.was_attached:
            lease.end()
            return
        outcome = Outcome(
            fault=Fault.OUTRUN,
            message="another endpoint was faster",
            usage=Usage(input_tokens=len(lease.ask.written.body) // BYTES_PER_TOKEN),
        )
        lease.settle(outcome, Verdict.LATE, is_whole=False)
