"""How much an endpoint may be asked: buckets, cool-downs, benches."""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.balancing.limits import (
    ALL_MODELS,
    JITTER_CAP_S,
    JITTER_SHARE,
    MAX_COOL_DOWN_S,
    QUOTA_BENCH_S,
    Bucket,
    Limits,
    Refusal,
)
from holybalance.messages import RateLimits

START = 1000.0
MODEL = "gpt-4.1"


def make(rpm: float | None = None, tpm: float | None = None) -> Limits:
    """Limits at the start of the test's time, with jitter from a known seed."""
    return Limits(rpm, tpm, START, random.Random(7))


def greedy(limits: Limits, seconds: float, tokens: int = 0) -> list[float]:
    """Start calls whenever that is allowed; give the instants at which they began."""
    now, began = START, []
    while now < START + seconds:
        refused = limits.refusal(MODEL, tokens, now)
        if refused is None:
            limits.reserve(tokens, now)
            began.append(now)
        else:
            assert refused[1] is not None, "a bucket of one's own knows"
            # The next representable instant, lest rounding has it wait for ever.
            now = max(refused[1], math.nextafter(now, math.inf))
    return began


def busiest_minute(began: list[float]) -> int:
    """Count the calls in the fullest sliding minute."""
    window: deque[float] = deque()
    fullest = 0
    for instant in began:
        window.append(instant)
        while window[0] <= instant - 60:
            window.popleft()
        fullest = max(fullest, len(window))
    return fullest


@pytest.mark.parametrize("rpm", [600, 60, 3])
def test_no_sliding_minute_is_over_the_limit(rpm: int) -> None:
    """Five minutes of endless demand: 2 % over in any minute at most."""
    assert busiest_minute(greedy(make(rpm=rpm), 300)) <= rpm * 1.02


def test_the_limit_is_used() -> None:
    """Endless demand gets 95 % of the limit at least, in each minute."""
    began = greedy(make(rpm=600), 300)

    per_minute = [*Counter(int(instant // 60) for instant in began).values()]
    assert min(per_minute[1:-1]) >= 570
    assert len(began) >= 5 * 570


def test_an_endless_demand_for_tokens_gets_the_limit() -> None:
    """Calls of 500 tokens out of 60,000 a minute: 120 a minute, and no more."""
    began = greedy(make(tpm=60_000), 300, tokens=500)

    assert busiest_minute(began) * 500 <= 60_000 * 1.02 + 500
    assert len(began) >= 5 * 114


def test_a_call_larger_than_the_bucket_goes_through() -> None:
    """It waits for a full bucket, takes more, and the next ones wait that out."""
    limits = make(tpm=6000)

    began = greedy(limits, 61, tokens=3000)

    assert START == began[0]
    assert [pytest.approx(START + 30), pytest.approx(START + 60)] == began[1:]


def test_usage_above_the_reservation_is_a_debt() -> None:
    """Used 700 of reserved 100: the 600 more are waited for."""
    limits = make(tpm=6000)
    limits.reserve(100, START)

    limits.settle(100, 700, START)

    expected: Any = Refusal.LIMITED, pytest.approx(START + 5.9)
    assert expected == limits.refusal(MODEL, 10, START)


def test_usage_below_the_reservation_is_given_back() -> None:
    """Reserved all 120, used 20: the next 100 need not wait."""
    limits = make(tpm=6000)
    limits.reserve(120, START)

    limits.settle(120, 20, START)

    assert None is limits.refusal(MODEL, 100, START)


def test_unknown_usage_leaves_the_reservation() -> None:
    """What may have been used counts as used."""
    limits = make(tpm=6000)
    limits.reserve(120, START)

    limits.settle(120, None, START)

    expected: Any = Refusal.LIMITED, pytest.approx(START + 1)
    assert expected == limits.refusal(MODEL, 100, START)


amounts = st.integers(0, 10**6)


@given(
    limit=st.floats(1, 1e7),
    steps=st.lists(st.tuples(amounts, st.booleans(), amounts), max_size=20),
)
def test_what_is_reserved_comes_back(
    limit: float, steps: list[tuple[int, bool, int]]
) -> None:
    """Reserve, then settle or release in any order: only what was used is gone."""
    bucket = Bucket(limit, START)
    full = bucket._balance
    # A debt to begin with, so that no refund is cut off at a full bucket.
    bucket.take(10**8, START)
    used = 0
    for reserved, _, _ in steps:
        bucket.take(reserved, START)
    for reserved, is_sent, real in steps:
        bucket.take((real if is_sent else 0) - reserved, START)
        used += real if is_sent else 0

    assert full - 10**8 - used == pytest.approx(bucket._balance)


@given(
    limit=st.floats(1, 1e6),
    steps=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 100)), max_size=30),
)
def test_a_bucket_never_holds_more_than_its_burst(
    limit: float, steps: list[tuple[float, float]]
) -> None:
    """Neither idling nor refunds fill it beyond a fiftieth of a minute."""
    bucket, now = Bucket(limit, START), START
    for amount, seconds in steps:
        now += seconds
        bucket.take(amount, now)
        assert bucket._balance <= max(1.0, limit * 0.02)


@given(need=st.floats(0, 1e6), taken=st.floats(0, 1e6), limit=st.floats(1, 1e6))
def test_it_is_ready_when_it_says(need: float, taken: float, limit: float) -> None:
    """At the instant that `ready_at` names, there is nothing more to wait for."""
    bucket = Bucket(limit, START)
    bucket.take(taken, START)

    ready = bucket.ready_at(need, START)

    assert bucket.ready_at(need, ready + 1e-6) - ready <= 2e-6


def test_time_that_runs_backwards_takes_nothing() -> None:
    """Threads may read the clock in one order and come in another."""
    bucket = Bucket(600, START)
    bucket.take(12, START + 5)

    assert pytest.approx(START + 5.1 - 1) == bucket.ready_at(1, START + 4)


def test_headers_lower_what_is_left() -> None:
    """The upstream counts others' calls too."""
    limits = make(rpm=600)

    limits.observe(MODEL, RateLimits(requests_left=2), START)

    assert [START, START] == greedy(limits, 0.05)


def test_headers_never_raise_what_is_left() -> None:
    """However much the upstream says is left, our own limit holds."""
    limits = make(rpm=600, tpm=6000)
    greedy(limits, 0.01)
    before = limits.refusal(MODEL, 0, START)

    limits.observe(MODEL, RateLimits(requests_left=10**6, tokens_left=10**6), START)

    assert before == limits.refusal(MODEL, 0, START)
    assert before is not None


def test_an_empty_window_keeps_its_model_away() -> None:
    """Even where we have no limit of our own, and for its own model only."""
    limits = make()

    limits.observe(MODEL, RateLimits(requests_left=0, wait_s=7.0), START)

    assert (Refusal.COOLING, START + 7) == limits.refusal(MODEL, 0, START)
    assert None is limits.refusal(MODEL, 0, START + 7)
    assert None is limits.refusal("another", 0, START)


def test_a_window_that_is_not_empty_blocks_nothing() -> None:
    """There is room for a call."""
    limits = make()

    limits.observe(MODEL, RateLimits(requests_left=1), START)

    assert None is limits.refusal(MODEL, 0, START)


@given(asked=st.floats(0, 2 * MAX_COOL_DOWN_S), seed=st.integers(0, 1000))
def test_retry_after_is_a_floor(asked: float, seed: int) -> None:
    """Never sooner than asked, and later by the jitter at most."""
    limits = Limits(None, None, 0.0, random.Random(seed))

    limits.cool_down(MODEL, asked, 0.0)

    wait = limits.cool_down_left(0.0)
    floor = min(asked, MAX_COOL_DOWN_S)
    assert floor <= wait <= floor + min(floor * JITTER_SHARE, JITTER_CAP_S)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=10))
def test_the_later_of_two_ends_holds(asked: list[float]) -> None:
    """A short Retry-After takes nothing back from a long one."""
    limits = Limits(None, None, 0.0, random.Random(7))
    for seconds in asked:
        limits.cool_down(MODEL, seconds, 0.0)

    assert max(asked) <= limits.cool_down_left(0.0) <= max(asked) + JITTER_CAP_S


def test_a_cool_down_is_one_models() -> None:
    """Another model of the same key goes on."""
    limits = make()

    limits.cool_down(MODEL, 10.0, START)

    refused = limits.refusal(MODEL, 0, START)
    assert refused is not None
    assert Refusal.COOLING is refused[0]
    assert None is limits.refusal("another", 0, START)


def guesses(limits: Limits, count: int) -> list[int]:
    """Be throttled again as soon as each cool-down ends; give the whole seconds."""
    now, seen = START, []
    for _ in range(count):
        limits.cool_down(MODEL, None, now)
        left = limits.cool_down_left(now)
        seen.append(int(left))
        now += left
    return seen


def test_a_guessed_cool_down_doubles_up_to_thirty_seconds() -> None:
    """A 429 that does not say: 1 s, then twice as long each time."""
    assert [1, 2, 4, 8, 16, 30, 30] == guesses(make(), 7)


def test_a_success_has_the_throttles_forgotten() -> None:
    """The next guess is a second again."""
    limits = make()
    guesses(limits, 4)

    limits.note_success(MODEL, START, START)

    assert [1] == guesses(make(), 1)
    limits.restore(START)
    assert [1] == guesses(limits, 1)


def test_calls_throttled_together_are_one_throttle() -> None:
    """Fifty that were under way when the 429s came do not make it half a minute."""
    limits = make()
    for _ in range(50):
        limits.cool_down(MODEL, None, START)

    assert 1 <= limits.cool_down_left(START) <= 1.1


def test_the_longer_of_two_benches_holds() -> None:
    """A key that is refused for a minute still has no quota for an hour."""
    limits = make()
    limits.bench_for_quota(START)

    limits.bench_for_denial(START, START)

    expected = Refusal.EXHAUSTED, START + QUOTA_BENCH_S
    assert expected == limits.refusal(MODEL, 0, START + 1)


def test_a_denial_keeps_all_away_without_a_known_end() -> None:
    """Nobody should wait for a key to be mended."""
    limits = make()

    limits.bench_for_denial(START, START)

    assert (Refusal.BENCHED, math.inf) == limits.refusal(MODEL, 0, START + 59)
    assert math.inf == limits.cool_down_left(START)


def test_a_minute_after_a_denial_one_call_finds_out() -> None:
    """One, and not all that come."""
    limits = make()
    limits.bench_for_denial(START, START)

    first = limits.refusal(MODEL, 0, START + 60)
    limits.reserve(0, START + 60)
    second = limits.refusal(MODEL, 0, START + 60)

    assert (None, (Refusal.BENCHED, math.inf)) == (first, second)


def test_denials_in_a_row_double_the_pause_up_to_an_hour() -> None:
    """A key that stays bad costs a call an hour."""
    limits = make()
    now, pauses = START, []
    for _ in range(9):
        limits.bench_for_denial(now, now)
        denied, now = now, now + 1
        while limits.refusal(MODEL, 0, now) is not None:
            now += 1
        pauses.append(now - denied)

    assert [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] == pauses


def test_calls_that_are_denied_together_are_one_denial() -> None:
    """Fifty that were under way do not make an hour of a minute."""
    limits = make()
    for n in range(50):
        limits.bench_for_denial(START, START + 1 + n / 100)

    assert None is limits.refusal(MODEL, 0, START + 61)


def test_a_success_ends_a_denial() -> None:
    """The key is good again, for all."""
    limits = make()
    limits.bench_for_denial(START, START)
    limits.reserve(0, START + 60)

    limits.note_success(MODEL, START + 60, START + 61)

    assert None is limits.refusal(MODEL, 0, START + 61)
    assert 0 == limits.cool_down_left(START + 61)


def test_a_success_of_before_a_denial_does_not_end_it() -> None:
    """The key was good when that call began, and is not now."""
    limits = make()
    limits.bench_for_denial(START, START)

    limits.note_success(MODEL, START - 1, START + 1)

    assert (Refusal.BENCHED, math.inf) == limits.refusal(MODEL, 0, START + 1)


def test_a_bench_for_quota_ends() -> None:
    """A quota comes back by itself."""
    limits = make()

    limits.bench_for_quota(START)

    assert (Refusal.EXHAUSTED, START + 3600) == limits.refusal(MODEL, 0, START)
    assert None is limits.refusal(MODEL, 0, START + 3600)


def test_a_model_that_is_not_there_is_kept_away_for_a_moment() -> None:
    """It alone."""
    limits = make()

    limits.bench_model(MODEL, START)

    assert (Refusal.NO_MODEL, START + 10) == limits.refusal(MODEL, 0, START)
    assert None is limits.refusal("another", 0, START)
    assert None is limits.refusal(MODEL, 0, START + 10)


def test_a_bogus_usage_is_a_minute_of_debt_at_the_most() -> None:
    """However many tokens an upstream claims to have used."""
    limits = make(tpm=6000)
    limits.reserve(10, START)

    limits.settle(10, 10**15, START)

    refused = limits.refusal(MODEL, 10, START)
    assert refused is not None
    assert (refused[1] or math.inf) <= START + 62


def test_restore_ends_benches_and_cool_downs() -> None:
    """And an empty window, a missing model, and debts."""
    limits = make(tpm=6000)
    limits.bench_for_denial(START, START)
    limits.bench_model(MODEL, START)
    limits.cool_down(MODEL, 100.0, START)
    limits.observe(MODEL, RateLimits(requests_left=0, wait_s=60.0), START)
    limits.settle(0, 6000, START)

    limits.restore(START)

    assert None is limits.refusal(MODEL, 0, START)
    assert 0.0 == limits.cool_down_left(START)


# Rests that other processes are told of, or tell of.


def test_rests_are_cool_downs_and_a_used_up_quota() -> None:
    """With their ends; those that are over are left out."""
    limits = Limits(None, None, 0.0, random.Random(1))
    limits.follow("m", 10.0, 0.0)
    limits.follow("n", 5.0, 0.0)
    limits.bench_for_quota(0.0)

    assert {"m": 10.0, ALL_MODELS: 3600.0} == limits.rests(6.0)


def test_a_refused_key_is_no_rest_of_others() -> None:
    """Each process finds out by itself."""
    limits = Limits(None, None, 0.0, random.Random(1))
    limits.bench_for_denial(0.0, 0.0)

    assert {} == limits.rests(1.0)


def test_following_never_shortens() -> None:
    """The later of two ends holds."""
    limits = Limits(None, None, 0.0, random.Random(1))
    limits.follow("m", 10.0, 0.0)
    limits.follow("m", 5.0, 0.0)
    limits.follow(ALL_MODELS, 9.0, 0.0)
    limits.follow(ALL_MODELS, 4.0, 0.0)

    assert {"m": 10.0, ALL_MODELS: 9.0} == limits.rests(1.0)


def test_following_is_not_for_ever() -> None:
    """Whatever a store says."""
    limits = Limits(None, None, 0.0, random.Random(1))
    limits.follow("m", 1e12, 0.0)

    assert limits.rests(0.0)["m"] <= 86_400


@pytest.mark.parametrize("model", ["m", ALL_MODELS])
def test_a_rest_that_is_over_elsewhere_is_over_here(model: str) -> None:
    """Calls go at once; ending it twice does nothing."""
    limits = Limits(None, None, 0.0, random.Random(1))
    limits.follow(model, 10.0, 0.0)
    assert limits.refusal("m", 0, 1.0) is not None

    for _ in range(2):
        limits.end_rest(model, 1.0)

    assert limits.refusal("m", 0, 1.0) is None


def test_a_quota_that_is_paid_elsewhere_mends_no_key_here() -> None:
    """A refused key stays benched."""
    limits = Limits(None, None, 0.0, random.Random(1))
    limits.bench_for_denial(0.0, 0.0)
    limits.end_rest(ALL_MODELS, 1.0)

    refused = limits.refusal("m", 0, 1.0)
    assert refused is not None
    assert Refusal.BENCHED is refused[0]
