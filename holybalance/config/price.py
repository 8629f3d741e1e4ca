"""Owns what tokens cost: prices, and the arithmetic from usage to money."""

from __future__ import annotations

import math
from dataclasses import dataclass

from holybalance.config import checks
from holybalance.config.checks import Check, settle
from holybalance.messages import Usage

_PER_MILLION = 1e6
NANO = 1_000_000_000
"""Nano-dollars in a US dollar: money is added up in whole ones, so no cent is lost."""
# Somebody means "no limit"; in nano-dollars it is still a number.
_MOST_USD = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPrice:
    """
    The price of a call whose input is long, in US dollars per million tokens.

    Args:
        above: input tokens; with more, the whole call is charged this price.
    """

    above: int
    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None

    def __post_init__(self) -> None:
        settle(self, LONG_PRICE_CHECKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """
    US dollars per million tokens.

    Args:
        cached: input read from a prompt cache; `None` means the input price.
        cache_write: input written to one; `None` means the input price.
        long: what holds instead for long input; `None` for no difference.
    """

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    long: LongPrice | None = None

    def __post_init__(self) -> None:
        settle(self, PRICE_CHECKS)

    def cost_usd(self, usage: Usage) -> float:
        """Price a reply; cached and written tokens are part of the input."""
        rate = self._rate(usage.input_tokens)
        cached = min(usage.cached_tokens, usage.input_tokens)
        written = min(usage.cache_write_tokens, usage.input_tokens - cached)
        dollars = (
            (usage.input_tokens - cached - written) * rate.input
            + cached * (rate.input if rate.cached is None else rate.cached)
            + written * (rate.input if rate.cache_write is None else rate.cache_write)
            + usage.output_tokens * rate.output
        )
        return dollars / _PER_MILLION

    def usual_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Price a call of so many tokens, none of them cached."""
        rate = self._rate(input_tokens)
        dollars = input_tokens * rate.input + output_tokens * rate.output
        return dollars / _PER_MILLION

    def worst_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Price a call of so many tokens at the most, however they are charged."""
        long = self.long
        if long is None or input_tokens <= long.above:
            return _worst_usd(self, input_tokens, output_tokens)
        # A shorter input may be the dearer one.
        return max(
            _worst_usd(self, long.above, output_tokens),
            _worst_usd(long, input_tokens, output_tokens),
        )

    def _rate(self, input_tokens: int) -> Price | LongPrice:
        long = self.long
        return long if long is not None and input_tokens > long.above else self


def _worst_usd(rate: Price | LongPrice, input_tokens: int, output_tokens: int) -> float:
    dearest = max(rate.input, rate.cached or 0.0, rate.cache_write or 0.0)
    return (input_tokens * dearest + output_tokens * rate.output) / _PER_MILLION


def nano_of(dollars: float) -> int:
    """Give US dollars in whole nano-dollars, rounded up: never less than is spent."""
    # A float's own error must not become a nano-dollar: 0.1 * 3 is 0.3.
    return math.ceil(round(min(dollars, _MOST_USD) * NANO, 3))


def usd_of(nano: int) -> float:
    """Give nano-dollars in US dollars."""
    return nano / NANO


_OF_BOTH: dict[str, Check] = {
    "input": checks.not_negative,
    "output": checks.not_negative,
    "cached": checks.optional(checks.not_negative),
    "cache_write": checks.optional(checks.not_negative),
}
LONG_PRICE_CHECKS: dict[str, Check] = {"above": checks.whole(1), **_OF_BOTH}
PRICE_CHECKS: dict[str, Check] = {
    **_OF_BOTH,
    "long": checks.optional(checks.instance(LongPrice)),
}
