"""How much is tried again, and after how long."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.balancing.retry import BACKOFF_BASE_S, BACKOFF_CAP_S, backoff_s
from holybalance.balancing.retry_budget import RetryBudget
from tests.unit.stubs import Clock


@given(
    ratio=st.floats(0, 1),
    reserve=st.integers(0, 50),
    steps=st.lists(
        st.sampled_from(["call", "retry", "retry", "retry"]) | st.floats(0, 10),
        max_size=200,
    ),
)
def test_retries_are_bounded(
    ratio: float, reserve: int, steps: list[str | float]
) -> None:
    """Never more than the reserve, the share of the calls, and one a second."""
    clock = Clock()
    budget = RetryBudget(ratio, reserve, clock)
    began, calls, retries = clock.now, 0, 0
    for step in steps:
        if isinstance(step, float):
            clock.now += step
        elif step == "call":
            budget.deposit()
            calls += 1
        else:
            retries += budget.withdraw()
        allowed = reserve + ratio * calls + (clock.now - began)
        assert retries <= allowed + 1e-6


def test_an_idle_second_allows_a_retry() -> None:
    """However few calls there are."""
    clock = Clock()
    budget = RetryBudget(0.0, 2, clock)
    spent = [budget.withdraw() for _ in range(3)]

    clock.now += 1

    assert [True, True, False] == spent
    assert [True, False] == [budget.withdraw(), budget.withdraw()]


def test_an_idle_hour_allows_no_storm() -> None:
    """The budget never holds more than its reserve."""
    clock = Clock()
    budget = RetryBudget(0.1, 5, clock)
    clock.now += 3600

    assert 5 == sum(budget.withdraw() for _ in range(100))


def test_a_tenth_of_the_calls_may_be_retried() -> None:
    """When the reserve is gone and no time passes."""
    budget = RetryBudget(0.1, 5, Clock())
    while budget.withdraw():
        pass
    for _ in range(30):
        budget.deposit()

    assert 3 == sum(budget.withdraw() for _ in range(10))


@given(failures=st.integers(0, 1000), seed=st.integers(0, 1000))
def test_backoff_has_full_jitter_below_a_cap(failures: int, seed: int) -> None:
    """U(0, min(cap, base * 2^n)), and no overflow however large n is."""
    cap = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(failures, 20))

    assert 0 <= backoff_s(failures, random.Random(seed)) <= cap


def test_backoff_uses_the_whole_range() -> None:
    """It is jitter from zero, not around a middle."""
    rng = random.Random(7)
    drawn = sorted(backoff_s(3, rng) for _ in range(2000))

    assert drawn[20] < 0.1
    assert 2.0 == pytest.approx(drawn[1000], rel=0.1)
    assert drawn[-20] > 3.9
