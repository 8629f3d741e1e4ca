"""Percentiles and counts: how exact they are, and that they add up."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.messages import Usage, Verdict
from holybalance.telemetry.histogram import BUCKETS, GROWTH, LEAST_S, Histogram
from holybalance.telemetry.metrics import Tally

durations = st.floats(2 * LEAST_S, 90_000)


def filled(values: list[float]) -> Histogram:
    """A histogram of these durations."""
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@settings(max_examples=40)
@given(st.lists(durations, min_size=1, max_size=50), st.floats(0, 100))
def test_a_percentile_is_off_by_one_per_cent_at_most(
    values: list[float], percent: float
) -> None:
    """Against the exact nearest rank."""
    exact = sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]

    assert exact == pytest.approx(filled(values).percentile_s(percent), rel=0.01)


@pytest.mark.parametrize("percent", [1, 50, 90, 99, 99.9, 100])
def test_percentiles_of_many_are_exact_to_one_per_cent(percent: float) -> None:
    """Fifty thousand durations as latencies are spread."""
    rng = random.Random(7)
    values = sorted(rng.lognormvariate(0, 1) for _ in range(10_000))

    exact = values[math.ceil(len(values) * percent / 100) - 1]
    assert exact == pytest.approx(filled(values).percentile_s(percent), rel=0.01)


@settings(max_examples=40)
@given(st.lists(durations, max_size=20), st.lists(durations, max_size=20))
def test_merging_is_recording_all(one: list[float], other: list[float]) -> None:
    """Bucket by bucket."""
    merged = filled(one)
    merged.merge(filled(other))
    whole = filled(one + other)

    assert whole._counts == merged._counts
    assert whole.count == merged.count
    assert whole.total_s == pytest.approx(merged.total_s)


@pytest.mark.parametrize("value", [-1.0, 0.0, LEAST_S / 2, LEAST_S])
def test_what_is_too_short_counts_as_shortest(value: float) -> None:
    """In the first bucket."""
    least = filled([value]).percentile_s(50)

    assert least is not None
    assert least <= LEAST_S


def test_what_is_too_long_counts_as_longest() -> None:
    """In the last bucket, of about a day."""
    longest = filled([1e9]).percentile_s(50)

    assert longest == pytest.approx(LEAST_S * GROWTH ** (BUCKETS - 1.5))


def test_nothing_recorded_has_no_percentile() -> None:
    """Rather than a zero."""
    assert (None, None) == (Histogram().percentile_s(50), Histogram().average_s())


def test_the_average_is_exact() -> None:
    """It needs no buckets."""
    assert pytest.approx(2.0) == filled([1.0, 2.0, 3.0]).average_s()


KEYS = {
    "calls",
    "attempts",
    "retries",
    "success",
    "errors",
    "average_s",
    "p50_s",
    "p90_s",
    "p99_s",
    "first_token",
    "tokens",
    "cost_usd",
    "unpriced",
}


def test_a_snapshot_has_its_keys() -> None:
    """As documented, also when nothing has happened."""
    snapshot = Tally().snapshot()

    assert set(snapshot) == KEYS
    assert {"input": 0, "output": 0, "cached": 0} == snapshot["tokens"]
    assert (None, None, {}) == (
        snapshot["p50_s"],
        snapshot["cost_usd"],
        snapshot["errors"],
    )


def test_attempts_are_calls_and_retries() -> None:
    """And errors are counted by verdict; only answers are timed."""
    tally = Tally()
    tally.note_attempt(Verdict.OK, 2.0, is_retry=False)
    tally.note_attempt(Verdict.SICK, 9.0, is_retry=False)
    tally.note_attempt(Verdict.OK, 4.0, is_retry=True)
    snapshot = tally.snapshot()

    assert (2, 3, 1, 2) == tuple(
        snapshot[key] for key in ("calls", "attempts", "retries", "success")
    )
    assert {"sick": 1} == snapshot["errors"]
    assert 3.0 == snapshot["average_s"]


def test_an_unknown_price_is_not_zero() -> None:
    """It is counted as unpriced."""
    tally = Tally()
    for cost in (None, 0.5, None):
        tally.note_attempt(Verdict.OK, 1.0, is_retry=False)
        tally.note_usage(Usage(input_tokens=10, output_tokens=5), cost)
    snapshot = tally.snapshot()

    assert (0.5, 2) == (snapshot["cost_usd"], snapshot["unpriced"])
    assert {"input": 30, "output": 15, "cached": 0} == snapshot["tokens"]


ends = st.lists(
    st.tuples(st.sampled_from(Verdict), durations, st.booleans()), max_size=20
)


def tallied(attempts: list[tuple[Verdict, float, bool]]) -> Tally:
    """A tally of these attempts."""
    tally = Tally()
    for verdict, seconds, is_retry in attempts:
        tally.note_attempt(verdict, seconds, is_retry)
        if verdict is Verdict.OK:
            tally.note_usage(Usage(input_tokens=3), 0.25)
    return tally


@settings(max_examples=40)
@given(ends, ends)
def test_tallies_merge_by_addition(
    one: list[tuple[Verdict, float, bool]], other: list[tuple[Verdict, float, bool]]
) -> None:
    """As if all had been counted in one place."""
    merged = tallied(one)
    merged.merge(tallied(other))
    expected, actual = tallied(one + other).snapshot(), merged.snapshot()

    assert pytest.approx(expected.pop("average_s")) == actual.pop("average_s")
    assert expected == actual


@settings(max_examples=40)
@given(ends)
def test_a_snapshot_is_json(attempts: list[tuple[Verdict, float, bool]]) -> None:
    """Without nan or infinity, which JSON has not."""
    snapshot = tallied(attempts).snapshot()

    assert snapshot == json.loads(json.dumps(snapshot, allow_nan=False))
