"""Owns what a latency may be and how one is drawn; knows no clock and no timer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Draw = Callable[[Random], float]
"""Draws one latency in seconds, never negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Distribution:
    """A family of latencies: its parameters' names, their rule, and how to draw."""

    parameters: tuple[str, ...]
    rule: str
    accepts: Callable[[tuple[float, ...]], bool]
    draw: Callable[[Random, tuple[float, ...]], float]


_DISTRIBUTIONS = {
    "uniform": _Distribution(
        parameters=("LOW", "HIGH"),
        rule="0 <= LOW <= HIGH",
        accepts=lambda values: 0 <= values[0] <= values[1],
        draw=lambda rng, values: rng.uniform(values[0], values[1]),
    ),
    "normal": _Distribution(
        parameters=("MEAN", "DEVIATION"),
        rule="MEAN >= 0 and DEVIATION >= 0",
        accepts=lambda values: min(values) >= 0,
        draw=lambda rng, values: max(0.0, rng.gauss(values[0], values[1])),
    ),
    "lognormal": _Distribution(
        parameters=("MEDIAN", "SIGMA"),
        rule="MEDIAN > 0 and SIGMA >= 0",
        accepts=lambda values: values[0] > 0 and values[1] >= 0,
        # The median of a log-normal distribution is exp(mu).
        draw=lambda rng, values: rng.lognormvariate(math.log(values[0]), values[1]),
    ),
    "exponential": _Distribution(
        parameters=("MEAN",),
        rule="MEAN > 0",
        accepts=lambda values: values[0] > 0,
        draw=lambda rng, values: rng.expovariate(1 / values[0]),
    ),
}


def parse_latency(latency: float | str, field: str = "latency") -> Draw:
    """
    Turn a latency as a user writes it into a function that draws one.

    Args:
        latency: seconds, or one of `"0.05"`, `"uniform:LOW:HIGH"`,
            `"normal:MEAN:DEVIATION"` (cut off at 0), `"lognormal:MEDIAN:SIGMA"` and
            `"exponential:MEAN"`, all in seconds but for SIGMA, which has no unit.
        field: what it is called where it was given.

    Returns:
        A function from a random number generator to seconds.

    Raises:
        ValueError: it is none of these, or a parameter is out of range.
    """
    try:
        return _parse(latency)
    except ValueError as error:
        names = ", ".join(_DISTRIBUTIONS)
        raise ValueError(
            f"{field} {latency!r}: {error}; give seconds or one of {names}, "
            "as in 'lognormal:0.05:0.3'"
        ) from None


def _parse(latency: float | str) -> Draw:
    if not isinstance(latency, str):
        return _constant(latency)
    name, *texts = latency.strip().split(":")
    values = tuple(map(_number, texts))
    if not texts:
        return _constant(_number(name))
    distribution = _DISTRIBUTIONS.get(name)
    if distribution is None:
        raise ValueError(f"there is no distribution {name!r}")
    if len(values) != len(distribution.parameters):
        usage = ":".join((name, *distribution.parameters))
        raise ValueError(f"the form is {usage}")
    if not distribution.accepts(values):
        raise ValueError(f"it must hold that {distribution.rule}")
    draw = distribution.draw
    return lambda rng: draw(rng, values)


def _constant(seconds: float) -> Draw:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not (is_number and math.isfinite(seconds) and seconds >= 0):
        raise ValueError("seconds must be finite and not negative")
    return lambda _: seconds


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not finite")
    return number
