"""
Owns the processes that hold promises together: each a client with its own threads.

Run as `python -m tests.state.members ORDERS`: prints "up" after a first reply to every
model, works until its input is closed or there is no money, and then prints what came
of it. `Crew` starts such processes and ends them.
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from holybalance import Client
from holybalance.errors import BudgetExceeded, HolyBalanceError
from holybalance.state.rules import Rules
from tests.state.recording import ANSWER_TOKENS

ROOT = Path(__file__).parents[2]
PROMPT = "hi there"
# Whatever takes longer than this has failed.
PATIENCE_S = 30.0
# After an error, so that a refusal at once is not asked for a thousand times a second.
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """
    What a process is to do.

    Args:
        config: of its client.
        threads: how many call each model.
        is_stubborn: goes on when there is no money.
        lease_s: after so many seconds of silence the store takes a process for dead;
            `None`: as the product has it. All processes of a store must agree.
        pause_s: between the calls of a thread.
        max_tokens: of each call.
    """

    config: dict[str, Any]
    threads: dict[str, int]
    is_stubborn: bool = False
    lease_s: float | None = None
    pause_s: float = 0.0
    max_tokens: int = ANSWER_TOKENS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What came of a process.

    Args:
        replies: how many calls of each model were answered.
        errors: how many calls ended with each type of error.
        stories: the first message of each type.
    """

    replies: dict[str, int]
    errors: dict[str, int]
    stories: dict[str, str]


def endpoint(url: str, member: str, model: str, **fields: Any) -> dict[str, Any]:
    """Write an endpoint of one model, and name it so unless told otherwise."""
    return {
        "name": model,
        "provider": "openai",
        "base_url": url,
        "api_key": member,
        "models": [model],
        **fields,
    }


class Worker:
    """The inside of a process: its threads, and what came of their calls."""

    def __init__(self, client: Client, orders: Orders) -> None:
        self._client = client
        self._orders = orders
        self._stopping = threading.Event()
        # Guards all that follows, and is notified of a model's first reply.
        self._changed = threading.Condition()
        self._replies: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._stories: dict[str, str] = {}
        self._running = 0

    def run(self) -> Outcome:
        """Work to the end."""
        threads = [
            threading.Thread(target=self._work, args=(model,))
            for model, count in self._orders.threads.items()
            for _ in range(count)
        ]
        self._running = len(threads)
        for thread in threads:
            thread.start()
        self._wait_until_up()
        _say("up")
        threading.Thread(target=self._wait_for_stop, daemon=True).start()
        for thread in threads:
            thread.join()
        return Outcome(
            replies=dict(self._replies),
            errors=dict(self._errors),
            stories=self._stories,
        )

    def _work(self, model: str) -> None:
        try:
            while not self._stopping.is_set() and self._call(model):
                if self._orders.pause_s:
                    self._stopping.wait(self._orders.pause_s)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _call(self, model: str) -> bool:
        """Make a call; tell whether another makes sense."""
        try:
            self._client.chat(PROMPT, model=model, max_tokens=self._orders.max_tokens)
        except HolyBalanceError as error:
            kind = type(error).__name__
            with self._changed:
                self._errors[kind] += 1
                self._stories.setdefault(kind, str(error))
            self._stopping.wait(_PAUSE_S)
            return self._orders.is_stubborn or not isinstance(error, BudgetExceeded)
        with self._changed:
            self._replies[model] += 1
            if self._replies[model] == 1:
                self._changed.notify_all()
        return True

    def _wait_until_up(self) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    len(self._replies) == len(self._orders.threads) or not self._running
                )
            )

    def _wait_for_stop(self) -> None:
        sys.stdin.read()
        self._stopping.set()


class Member:
    """A process, from outside."""

    def __init__(self, orders: Orders) -> None:
        command = [sys.executable, "-m", "tests.state.members"]
        self.process = subprocess.Popen(
            [*command, json.dumps(asdict(orders))],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_up(self) -> None:
        """Wait for its first replies."""
        assert self.process.stdout is not None
        assert "up\n" == self.process.stdout.readline()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end after the calls under way."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def outcome(self) -> Outcome:
        """Wait for its end, and hear what came of it."""
        # Not `communicate`, which closes its input; what it prints fits in the pipe.
        assert 0 == self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        return Outcome(**json.loads(self.process.stdout.read().splitlines()[-1]))


class Crew:
    """Starts processes, and sees that none outlives the test."""

    def __init__(self) -> None:
        self.members: list[Member] = []

    def begin(self, *orders: Orders) -> list[Member]:
        """Start processes, and wait until all are up."""
        begun = self.start(*orders)
        for member in begun:
            member.wait_until_up()
        return begun

    def start(self, *orders: Orders) -> list[Member]:
        """Start processes."""
        begun = [Member(each) for each in orders]
        self.members += begun
        return begun

    def end(self) -> list[Outcome]:
        """Stop those that still run, and hear what came of each."""
        alive = [m for m in self.members if m.process.poll() is None]
        for member in alive:
            member.stop()
        return [member.outcome() for member in alive]

    def close(self) -> None:
        """Kill those that are left."""
        for member in self.members:
            member.kill()
            for pipe in (member.process.stdin, member.process.stdout):
                if pipe is not None:
                    pipe.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _leased(lease_s: float | None) -> Iterator[None]:
    """Have stores opened with a lease of their own."""
    if lease_s is None:
        yield
        return
    rules = functools.partial(Rules, lease_s=lease_s)
    with mock.patch("holybalance.state.opening.Rules", rules):
        yield


def main(text: str) -> None:
    """Do what is ordered."""
    orders = Orders(**json.loads(text))
    with _leased(orders.lease_s), Client(orders.config) as client:
        outcome = Worker(client, orders).run()
    _say(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main(sys.argv[1])
