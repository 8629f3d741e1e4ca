"""Owns performing the scenario: upstreams, calls, the outage; draws nothing."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from holybalance.launcher import Launcher
from holybalance.testing import MockUpstream
from holybalance_cli.demo import scenario
from holybalance_cli.demo.scenario import CAST, VICTIM, Ledger, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something worth telling, and when: in seconds from the beginning."""

    at: float
    text: str


class Performance:
    """
    One performance; `run` belongs into a thread of its own, the rest to the watcher.

    Args:
        launcher: makes the calls.
        upstreams: the cast, by name.
        calls: how many to make.
    """

    def __init__(
        self, launcher: Launcher, upstreams: dict[str, MockUpstream], calls: int
    ) -> None:
        self.calls = calls
        self.ledger = Ledger()
        self.events: list[Event] = []
        self._launcher = launcher
        self._upstreams = upstreams
        self._started: float | None = None
        self._ended: float | None = None
        self._is_stopped = False
        self._is_closed = dict.fromkeys(upstreams, True)
        self._was_throttled = dict.fromkeys(upstreams, False)

    @property
    def seconds(self) -> float:
        """Since the first call, up to the last one's end; workers are up by then."""
        if self._started is None:
            return 0.0
        return (self._ended or time.monotonic()) - self._started

    def run(self) -> None:
        """Make all the calls, as any program would, or those until it is stopped."""
        prompts = self._prompts()
        for result in self._launcher.map(prompts, ordered=False, return_errors=True):
            self.ledger.note(result)
            if self._is_stopped:
                break
        self._ended = time.monotonic()

    def stop(self) -> None:
        """Have `run` end soon; what is under way is given up."""
        self._is_stopped = True

    def act(self) -> None:
        """Kill the victim or bring it back, if its hour has come."""
        done, phase = self.ledger.done, self.ledger.phase
        if phase is Phase.BEFORE and done >= scenario.kill_at(self.calls):
            self._upstreams[VICTIM].kill()
            self.ledger.phase = Phase.DURING
            self._tell(f"{VICTIM} killed (SIGKILL)")
        elif phase is Phase.DURING and done >= scenario.restart_at(self.calls):
            self._upstreams[VICTIM].restart()
            self.ledger.phase = Phase.AFTER
            self._tell(f"{VICTIM} is back")

    def observe(self) -> dict[str, Any]:
        """Give the launcher's metrics, and take note of what is new."""
        metrics = self._launcher.metrics()
        for name, endpoint in metrics["endpoints"].items():
            self._observe_circuit(name, endpoint)
            self._observe_throttles(name)
        return metrics

    def _prompts(self) -> Iterator[str]:
        # Pulled when the first worker is ready.
        self._started = time.monotonic()
        yield from itertools.repeat(scenario.PROMPT, self.calls)

    def _observe_circuit(self, name: str, endpoint: dict[str, Any]) -> None:
        is_closed = endpoint["breaker"] == "closed"
        if is_closed != self._is_closed[name]:
            self._is_closed[name] = is_closed
            self._tell(f"{name}: circuit {'closed' if is_closed else 'opened'}")

    def _observe_throttles(self, name: str) -> None:
        # It happens several times a second, so only the first time is news.
        if self.ledger.throttled[name] and not self._was_throttled[name]:
            self._was_throttled[name] = True
            self._tell(f"{name}: throttled (429), cools down again and again")

    def _tell(self, text: str) -> None:
        self.events.append(Event(at=self.seconds, text=text))


@contextlib.contextmanager
def prepare(calls: int) -> Iterator[Performance]:
    """Start the upstreams, make a launcher; end all of them, whatever happens."""
    with contextlib.ExitStack() as stack:
        upstreams = {
            name: stack.enter_context(
                MockUpstream(behaviour=behaviour, **scenario.TOKENS)
            )
            for name, behaviour in CAST.items()
        }
        urls = {name: upstream.url for name, upstream in upstreams.items()}
        launcher = Launcher(scenario.settings(urls), rate=scenario.CALLS_PER_S)
        yield Performance(stack.enter_context(launcher), upstreams, calls)
