"""Owns in which order models that may take a call are tried."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from holybalance.routing.filters import Fit

# What "balanced" goes by. Being good at the task leads, for a poor answer is paid for
# twice; money comes next, since prices differ by far more than skill does; speed is
# worth half as much, since most calls wait on no person; free slots only tip a scale,
# since a model without any goes after the others in all strategies.
STRENGTH, CHEAPNESS, SPEED, ROOM = 0.45, 0.30, 0.15, 0.10
# What is not known is neither held against a model nor for it.
_NEUTRAL = 0.5


class Question(NamedTuple):
    """
    What strategies go by besides what a call is at each model.

    `task` is what the prompt is about; `weights` are shares by model, 1 where there
    is none.
    """

    task: str
    weights: Mapping[str, float]
    rng: random.Random


Scores = Callable[[Sequence[Fit], Question], list[float]]
"""Gives each model a score from 0 to 1; the highest is tried first."""


def by_task(fits: Sequence[Fit], asked: Question) -> list[float]:
    """Prefer whoever is best at the prompt's task."""
    task = asked.task
    return [fit.candidate.strengths[task] for fit in fits]


def cheapest(fits: Sequence[Fit], asked: Question) -> list[float]:
    """Prefer what costs least; an unknown price comes last."""
    return _relative([fit.cost_usd for fit in fits], unknown=0.0)


def fastest(fits: Sequence[Fit], asked: Question) -> list[float]:
    """
    Prefer who answers soonest; an unknown latency comes last.

    But while no call is finding it out it comes first: else nobody ever would.
    """
    known = [fit.latency_s for fit in fits if fit.latency_s is not None]
    # Ahead of all that are known, which keep their order.
    untried = min(known, default=1.0) / 2
    latencies = [
        untried if fit.latency_s is None and fit.is_doubtful else fit.latency_s
        for fit in fits
    ]
    return _relative(latencies, unknown=0.0)


def weighted(fits: Sequence[Fit], asked: Question) -> list[float]:
    """
    Draw an order in which each comes first as often as its weight says.

    u^(1/w) for random u: Efraimidis and Spirakis, "Weighted random sampling with a
    reservoir", 2006. Only ratios of weights count, so the largest is taken as 1.
    """
    weights = [asked.weights.get(fit.candidate.model, 1.0) for fit in fits]
    most = max(weights)
    return [asked.rng.random() ** (most / weight) for weight in weights]


def balanced(fits: Sequence[Fit], asked: Question) -> list[float]:
    """Weigh strength, cheapness, speed and free slots against each other."""
    task = asked.task
    cheapness = _relative([fit.cost_usd for fit in fits], unknown=_NEUTRAL)
    speed = _relative([fit.latency_s for fit in fits], unknown=_NEUTRAL)
    return [
        STRENGTH * fit.candidate.strengths[task]
        + CHEAPNESS * cheap
        + SPEED * quick
        + ROOM * fit.live.free
        for fit, cheap, quick in zip(fits, cheapness, speed, strict=True)
    ]


STRATEGIES: Mapping[str, Scores] = {
    "task": by_task,
    "cheapest": cheapest,
    "fastest": fastest,
    "weighted": weighted,
    "balanced": balanced,
}
ASK_FOR_TASK = frozenset({"task", "balanced"})
"""The strategies that need to know what a prompt is about."""


def rank(strategy: str, fits: list[Fit], asked: Question) -> None:
    """Score models by a strategy and put them in order; equals go by their cost."""
    scores = STRATEGIES[strategy](fits, asked)
    for fit, score in zip(fits, scores, strict=True):
        fit.score = score
    fits.sort(key=_by_score)


def put_available_first(fits: list[Fit]) -> None:
    """Move models without room behind those with it, and closed ones to the end."""
    for fit in fits:
        live = fit.live
        if live.free <= 0 or not live.is_open:
            fits.sort(key=lambda one: (not one.live.is_open, one.live.free <= 0))
            return


def _by_score(fit: Fit) -> tuple[float, float]:
    cost, score = fit.cost_usd, fit.score or 0.0
    return -score, math.inf if cost is None else cost


def _relative(values: Sequence[float | None], unknown: float) -> list[float]:
    """Give lowest / value: 1 for the lowest, and half for what is twice as much."""
    lowest = min([value for value in values if value is not None], default=0.0)
    # Not a bare division: free models cost 0.
    return [
        unknown if value is None else 1.0 if value <= lowest else lowest / value
        for value in values
    ]
