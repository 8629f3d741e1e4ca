"""How many threads a worker wants, by what it has seen."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.launching.growth import FIRST_THREADS, UNSEEN_THREADS, Growth, Look

CALM = Look(
    threads=8,
    seconds=0.1,
    cpu_s=0.001,
    calls=10,
    latency_s=10 * 1.0,
    has_backlog=True,
    is_saturated=False,
)
looks = st.builds(
    Look,
    threads=st.integers(1, 1000),
    seconds=st.floats(0.001, 10),
    cpu_s=st.floats(0, 10),
    calls=st.integers(0, 10_000),
    latency_s=st.floats(0, 100_000),
    has_backlog=st.booleans(),
    is_saturated=st.booleans(),
)


@pytest.mark.parametrize(("most", "first"), [(1, 1), (3, 3), (1000, FIRST_THREADS)])
def test_the_first_threads(most: int, first: int) -> None:
    """A few, or as many as there may be."""
    assert first == Growth(most, None).first()


def test_before_the_first_answer() -> None:
    """Enough to learn of the latency soon."""
    unseen = CALM._replace(calls=0, latency_s=0.0)

    assert UNSEEN_THREADS == Growth(1000, None).wanted(unseen)
    assert 100 == Growth(100, None).wanted(unseen)


def test_slow_calls_want_many_threads() -> None:
    """A call of a second costs a tenth of a millisecond: thousands fit a core."""
    assert Growth(100_000, None).wanted(CALM) > 1000
    assert 500 == Growth(500, None).wanted(CALM)


def test_a_cap_bounds_the_threads() -> None:
    """So many a second, each a second long, are as many at once, and some to spare."""
    assert 100 <= Growth(1000, 100.0).wanted(CALM) <= 150


@pytest.mark.parametrize(
    "change",
    [{"has_backlog": False}, {"is_saturated": True}, {"cpu_s": 0.095}],
    ids=["no backlog", "saturated", "busy"],
)
def test_more_threads_that_would_not_help(change: dict[str, Any]) -> None:
    """Where there is nothing to do, no room, or no interpreter free."""
    assert 8 == Growth(1000, None).wanted(CALM._replace(**change))


def test_fast_calls_want_few_threads() -> None:
    """A millisecond of latency, a tenth of it CPU."""
    fast = CALM._replace(calls=20, latency_s=20 * 0.001, cpu_s=20 * 0.0001)

    assert 8 == Growth(1000, None).wanted(fast)


def test_what_is_latest_weighs_most() -> None:
    """After a while of short calls the long ones of before are forgotten."""
    growth = Growth(100_000, 100.0)
    growth.wanted(CALM._replace(latency_s=10 * 60.0))
    for _ in range(20):
        growth.wanted(CALM)

    assert 100 <= growth.wanted(CALM) <= 151


@given(st.lists(looks), st.integers(1, 2000), st.none() | st.floats(0.001, 10_000))
def test_whatever_it_sees(
    seen: list[Look], most: int, calls_per_s: float | None
) -> None:
    """Never fewer than there are, never more than there may be."""
    growth = Growth(most, calls_per_s)
    threads = growth.first()

    for look in seen:
        wanted = growth.wanted(look._replace(threads=threads))
        assert threads <= wanted <= most
        assert not math.isinf(wanted)
        threads = wanted
