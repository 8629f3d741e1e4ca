"""What tokens cost: exact, never too little as a bound, and unknown is not nothing."""

from __future__ import annotations

import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.config import BudgetConfig, Price, nano_of, usd_of
from holybalance.config.price import LongPrice
from holybalance.messages import Usage

PRICE = Price(
    input=2.0,
    output=8.0,
    cached=0.5,
    cache_write=2.5,
    long=LongPrice(above=1000, input=4.0, output=16.0, cached=1.0, cache_write=5.0),
)

rates = st.sampled_from((0.0, 0.1, 0.5, 1.25, 3.0, 75.0))
tokens = st.integers(0, 3000)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Any price, also such as no provider has."""
    caches = st.none() | rates
    long = LongPrice(
        above=1000,
        input=draw(rates),
        output=draw(rates),
        cached=draw(caches),
        cache_write=draw(caches),
    )
    return Price(
        input=draw(rates),
        output=draw(rates),
        cached=draw(caches),
        cache_write=draw(caches),
        long=draw(st.none() | st.just(long)),
    )


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (Usage(), 0),
        (Usage(input_tokens=100, output_tokens=10), 280),
        (Usage(input_tokens=100, cached_tokens=40, output_tokens=10), 220),
        (Usage(input_tokens=100, cache_write_tokens=40, output_tokens=10), 300),
        (Usage(input_tokens=100, cached_tokens=60, cache_write_tokens=40), 130),
        (Usage(input_tokens=1000), 2000),
        (Usage(input_tokens=1001, output_tokens=1), 4020),
        (Usage(input_tokens=2000, cached_tokens=2000), 2000),
        # More cached than there is cannot be.
        (Usage(input_tokens=100, cached_tokens=500, cache_write_tokens=7), 50),
        # Reasoning is output already.
        (Usage(output_tokens=10, reasoning_tokens=9), 80),
    ],
)
def test_cost(usage: Usage, micro_usd: int) -> None:
    """Input, cached, written and output at their rates; long input at its own."""
    assert micro_usd / 1e6 == pytest.approx(PRICE.cost_usd(usage), rel=1e-12)


def test_without_prices_of_a_cache_input_is_input() -> None:
    """Read or written."""
    usage = Usage(input_tokens=100, cached_tokens=30, cache_write_tokens=30)

    assert 0.0001 == pytest.approx(Price(input=1.0, output=0.0).cost_usd(usage))


@settings(max_examples=300)
@given(prices(), tokens, tokens, tokens, tokens, tokens)
def test_the_worst_case_is_no_less_than_any_cost(  # noqa: PLR0917 by Hypothesis
    price: Price, most: int, output: int, input_: int, cached: int, written: int
) -> None:
    """Whatever is cached, written, and shorter than the bound."""
    usage = Usage(
        input_tokens=min(input_, most),
        output_tokens=output,
        cached_tokens=cached,
        cache_write_tokens=written,
    )

    worst = price.worst_usd(most, output)

    assert nano_of(price.cost_usd(usage)) <= nano_of(worst)


def test_a_long_input_may_be_the_cheaper_one() -> None:
    """Then the worst case is a shorter one."""
    price = Price(input=5.0, output=1.0, long=LongPrice(above=10, input=1.0, output=1))

    assert 50 / 1e6 == pytest.approx(price.worst_usd(12, 0))


@settings(max_examples=200)
@given(st.integers(0, 10**15))
def test_whole_nano_dollars_stay_as_they_are(nano: int) -> None:
    """There and back."""
    assert nano == nano_of(usd_of(nano))


@settings(max_examples=200)
@given(st.floats(0, 1000))
def test_rounding_loses_nothing(dollars: float) -> None:
    """Up to the next nano-dollar; a thousandth of one is the float's own error."""
    exact = Fraction(dollars) * 10**9

    assert -Fraction(1, 1000) <= nano_of(dollars) - exact < 1


def test_a_floats_error_is_no_nano_dollar() -> None:
    """Three tenths are three tenths."""
    assert 300_000_000 == nano_of(0.1 * 3)


def test_as_good_as_no_limit() -> None:
    """The largest number that a configuration takes is still one in nano-dollars."""
    limit = BudgetConfig(name="b", limit_usd=sys.float_info.max).limit_usd

    assert nano_of(limit) > nano_of(1e9)
