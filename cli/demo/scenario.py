"""
Owns the demo's story: who plays, by which settings, and what each part came to.

Three upstreams serve one model. `gamma` lets only so many requests a second through.
After a third of the calls `beta` is killed, after two thirds it is back.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from typing import Any

from holybalance.errors import HolyBalanceError
from holybalance.messages import Reply, Verdict
from holybalance.telemetry.histogram import Histogram
from holybalance.testing import Behaviour

MODEL = "demo-model"
PROMPT = "Explain quantum computing in 50 words."
VICTIM = "beta"
# Without it the outage would be over before it could be watched, and how soon would
# depend on the machine.
CALLS_PER_S = 1400.0
CAST = {
    "alpha": Behaviour(latency="lognormal:0.05:0.25"),
    "beta": Behaviour(latency="lognormal:0.05:0.25"),
    # Without the headers that announce a limit, only its 429s tell of it.
    "gamma": Behaviour(
        latency="lognormal:0.05:0.25",
        rate=200,
        burst=12,
        retry_after=0.1,
        rate_limit_headers=False,
    ),
}
# Tokens that each reply reports, and US dollars per million of them.
TOKENS: dict[str, Any] = {"prompt_tokens": 12, "completion_tokens": 70}
PRICE = {"input": 2.0, "output": 8.0}
BREAKER = {"open_for": 1.0, "max_open_for": 1.0, "slow_start": 3.0}
PROGRAMME = (
    "gamma throttles. beta is killed after a third of the calls, back after two.\n"
    "Circuits open for {open_for:g} s here and ramp up over {slow_start:g} s; "
    "the defaults are 30 s each.\n"
    "The demo makes at most {calls_per_s:,.0f} calls a second, so that you can follow."
).format(**BREAKER, calls_per_s=CALLS_PER_S)


class Phase(enum.Enum):
    """A part of the story."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


def settings(urls: Mapping[str, str]) -> dict[str, Any]:
    """
    Write the configuration, of the shape of a `holybalance.toml`.

    Args:
        urls: each upstream's base URL by its name.
    """
    endpoints = [
        {"name": name, "provider": "openai", "base_url": url, "models": [MODEL]}
        for name, url in urls.items()
    ]
    return {
        # No proxy of the environment stands between this machine and itself.
        "defaults": {"breaker": BREAKER, "proxy": "", "timeout": 30},
        "catalog": {MODEL: {"price": PRICE}},
        "endpoints": endpoints,
    }


def kill_at(calls: int) -> int:
    """Say after how many of the calls the victim is killed."""
    return calls // 3


def restart_at(calls: int) -> int:
    """Say after how many of the calls it is brought back."""
    return calls * 2 // 3


class Ledger:
    """
    What came of the calls, as the caller sees it: from replies and errors alone.

    One thread adds, any may read. The one who changes `phase` tells the story.
    """

    def __init__(self) -> None:
        self.phase = Phase.BEFORE
        self.replies = 0
        self.retries = 0
        self.failovers = 0
        self.cost_usd = 0.0
        self.latency = Histogram()
        self.errors: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self._answered = {phase: Counter[str]() for phase in Phase}

    @property
    def done(self) -> int:
        """How many calls have ended."""
        return self.replies + self.errors.total()

    def note(self, result: Reply | HolyBalanceError) -> None:
        """Take a call's end."""
        if isinstance(result, HolyBalanceError):
            self.errors[f"{type(result).__name__}: {result}"] += 1
            return
        self.replies += 1
        self.retries += len(result.attempts) - 1
        self.failovers += len({attempt.endpoint for attempt in result.attempts}) > 1
        for attempt in result.attempts:
            if attempt.verdict is Verdict.THROTTLED:
                self.throttled[attempt.endpoint] += 1
        self.cost_usd += result.cost_usd or 0.0
        self.latency.record(result.latency_s)
        self._answered[self.phase][result.endpoint] += 1

    def answered(self, endpoint: str) -> int:
        """Count the calls that an endpoint answered."""
        return sum(counts[endpoint] for counts in self._answered.values())

    def share(self, endpoint: str, phase: Phase) -> float | None:
        """Give an endpoint's share of a phase's replies; `None` when it had none."""
        counts = self._answered[phase]
        return counts[endpoint] / counts.total() if counts else None
