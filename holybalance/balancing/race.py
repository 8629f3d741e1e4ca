"""Owns attempts at one stream that run side by side: the first with a token wins."""

from __future__ import annotations

import threading
import weakref

from holybalance.balancing.feed import Feed, Times
from holybalance.balancing.lease import Lease
from holybalance.balancing.verdict import judge
from holybalance.messages import Fault, Outcome, Usage, Verdict
from holybalance.tokens import CHARACTERS_PER_TOKEN
from holybalance.wire.cancel import Cancel


class Race:
    """
    Runs attempts in threads of their own, while the thread that makes the call waits.

    A lease is the race's from `enter` on: until its thread begins it is ended here, and
    from then on by its runner, unless the result is adopted.
    """

    def __init__(self) -> None:
        # Guards all but `news`: whether a runner has begun, and whose its result is.
        self._lock = threading.Lock()
        self._is_over = False
        self._results: list[tuple[Runner, Feed | Outcome]] = []
        self._runners: list[Runner] = []
        self.news = threading.Event()

    def __del__(self) -> None:
        # Where an interruption has kept `end` from being called, or from its end.
        if hasattr(self, "news"):
            self.end()

    @property
    def leases(self) -> list[Lease]:
        """Those of the attempts whose results have not been adopted."""
        return [runner.lease for runner in self._runners]

    def enter(self, lease: Lease, times: Times) -> Runner:
        """Take a lease over; `start` begins its attempt."""
        runner = Runner(self, lease, times)
        self._runners.append(runner)
        return runner

    def start(self, runner: Runner) -> None:
        """
        Begin an attempt.

        Raises:
            RuntimeError: there is no thread to be had.
        """
        thread = threading.Thread(
            target=runner.run, name="holybalance-hedge", daemon=True
        )
        thread.start()

    def first_result(self) -> tuple[Runner, Feed | Outcome] | None:
        """Look at what an attempt has come to; `None` while all are under way."""
        with self._lock:
            self.news.clear()
            return self._results[0] if self._results else None

    def adopt(self, runner: Runner) -> None:
        """Give an attempt's lease and result away: they are the caller's now."""
        with self._lock:
            self._results = [each for each in self._results if each[0] is not runner]
            self._runners.remove(runner)

    def begin(self, runner: Runner) -> bool:
        """Let a runner begin, unless it is over before that."""
        with self._lock:
            runner.has_begun = not self._is_over
            return runner.has_begun

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
            results = dict(self._results)
            idle = [each for each in self._runners if not each.has_begun]
        for runner in idle:
            runner.lease.end()
        for runner in self._runners:
            if runner in results:
                runner.lose(results[runner])
            else:
                runner.cancel.set()


class Runner:
    """One attempt of a race."""

    def __init__(self, race: Race, lease: Lease, times: Times) -> None:
        self.lease = lease
        self.cancel = Cancel()
        self.has_begun = False
        # Weakly: without the thread that waits, nobody wants a result.
        self._race = weakref.ref(race)
        self._times = times

    def run(self) -> None:
        """Make the attempt."""
        race = self._race()
        if race is None or not race.begin(self):
            return
        del race
        try:
            result = self.lease.open(self._times, self.cancel)
        except BaseException as error:  # noqa: BLE001 - there is nobody above
            message = f"the attempt failed: {type(error).__name__}"
            result = Outcome(fault=Fault.LOCAL, message=message)
        race = self._race()
        if race is None or not race.give(self, result):
            self.lose(result)

    def lose(self, result: Feed | Outcome) -> None:
        """End the lease of an attempt that nobody waits for, and count what it used."""
        lease = self.lease
        if isinstance(result, Feed):
            result.close()
        elif result.status is not None:
            # It had its answer before it was outrun.
            lease.settle(result, judge(result))
            return
        if not self.cancel.was_attached:
            lease.end_unsent()
            return
        used = int(len(lease.ask.written.body) / CHARACTERS_PER_TOKEN)
        outcome = Outcome(
            fault=Fault.OUTRUN,
            message="another endpoint was faster",
            usage=Usage(input_tokens=used),
        )
        lease.settle(outcome, Verdict.LATE, is_whole=False)
