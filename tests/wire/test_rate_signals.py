"""What headers say about when to come back, read without trust."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.messages import RateLimits
from holybalance.wire.signals import dated_rate_limits, rate_limits, retry_after_s

NOW = 1_700_000_000.0
DATE = b"Tue, 14 Nov 2023 22:13:20 GMT"  # NOW
LATER = b"Tue, 14 Nov 2023 22:14:20 GMT"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0", 0.0),
        (b"1.5", 1.5),
        (b" 7 ", 7.0),
        (b"86400", 86400.0),
        (LATER, 60.0),
        (DATE, 0.0),
        (b"Tue, 14 Nov 2000 22:14:20 GMT", 0.0),
        (b"Tue, 14 Nov 2023 23:14:20 +0100", 60.0),
        (b"Tue, 14 Nov 2023 22:14:20", 60.0),
        (b"nan", None),
        (b"inf", None),
        (b"-1", None),
        (b"", None),
        (b"soon", None),
        (b"\xff\xfe", None),
        (b"Tue, 14 Nov 99999 22:14:20 GMT", None),
        (b"Tue, 32 Nov 2023 22:14:20 GMT", None),
    ],
)
def test_retry_after(value: bytes, expected: float | None) -> None:
    """Seconds or a date; nonsense is as good as nothing."""
    assert expected == retry_after_s({b"retry-after": value}, NOW)


def test_dates_by_the_senders_clock() -> None:
    """A date is compared with the response's own, whatever our clock says."""
    head = {b"retry-after": LATER, b"date": DATE}
    assert 60.0 == retry_after_s(head, NOW - 1e6)


def test_milliseconds() -> None:
    """Milliseconds are more exact, and win."""
    head = {b"retry-after-ms": b"1500", b"retry-after": b"2"}
    assert 1.5 == retry_after_s(head, NOW)


def test_milliseconds_that_are_none() -> None:
    """Unless they make no sense."""
    head = {b"retry-after-ms": b"soon", b"retry-after": b"2"}
    assert 2.0 == retry_after_s(head, NOW)


@given(st.binary(max_size=60))
def test_any_value(value: bytes) -> None:
    """Whatever comes, it is seconds from 0 up or nothing."""
    for name in (b"retry-after", b"retry-after-ms"):
        seconds = retry_after_s({name: value, b"date": value}, NOW)
        assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@given(st.text(max_size=40))
def test_any_limits(value: str) -> None:
    """The same holds for what is left and when it is reset."""
    head = {
        f"x-ratelimit-{what}-{unit}".encode(): value.encode()
        for what in ("remaining", "reset")
        for unit in ("requests", "tokens")
    }
    left = rate_limits(head)
    assert left is not None
    assert 0 <= left.wait_s <= 60


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"12ms", 0.012),
        (b"1s", 1.0),
        (b"1m0s", 60.0),
        (b"3.5s", 3.5),
        ("5µs".encode(), 5e-6),
        (b"30", 30.0),
        (b"-1", 0.0),
        (b"1s2", 0.0),
        (b"later", 0.0),
        # Not a minute's window, and not what is meant here: an epoch, a day's quota.
        (b"1763800000", 0.0),
        (b"23h18m29s", 0.0),
    ],
)
def test_empty_windows(value: bytes, expected: float) -> None:
    """A reset is a duration as Go writes it, or seconds."""
    left = rate_limits(
        {
            b"x-ratelimit-remaining-requests": b"0",
            b"x-ratelimit-reset-requests": value,
        }
    )
    assert left is not None
    assert expected == pytest.approx(left.wait_s)


def test_windows_fill_steadily() -> None:
    """A reset is when a window is full; the next request has room long before."""
    left = rate_limits(
        {
            b"x-ratelimit-limit-requests": b"500",
            b"x-ratelimit-remaining-requests": b"0",
            b"x-ratelimit-reset-requests": b"60s",
        }
    )
    assert left is not None
    assert 0.12 == pytest.approx(left.wait_s)


def test_a_window_with_room_asks_for_no_wait() -> None:
    """Whatever its reset."""
    left = rate_limits(
        {
            b"x-ratelimit-remaining-tokens": b"1",
            b"x-ratelimit-reset-tokens": b"59s",
        }
    )
    assert left is not None
    assert 0.0 == left.wait_s


def test_unknown() -> None:
    """Azure's -1 is unknown, and no header is no news."""
    assert RateLimits() == rate_limits({b"x-ratelimit-remaining-tokens": b"-1"})
    assert rate_limits({}) is None


def dated(**head: str) -> RateLimits | None:
    """Read Anthropic's headers, by what follows `anthropic-ratelimit-`."""
    return dated_rate_limits(
        {
            f"anthropic-ratelimit-{name.replace('_', '-')}".encode(): value.encode()
            for name, value in head.items()
        },
        NOW,
    )


def test_dated_limits() -> None:
    """Of several windows of tokens, the one with the least left counts."""
    assert RateLimits(49, 7_000) == dated(
        requests_limit="50",
        requests_remaining="49",
        requests_reset="2023-11-14T22:13:21Z",
        tokens_remaining="90000",
        input_tokens_remaining="80000",
        output_tokens_remaining="7000",
    )
    assert RateLimits(None, 5) == dated(output_tokens_remaining="5")
    assert RateLimits(5) == dated(requests_remaining="5")
    assert dated(requests_limit="50") is None


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("2023-11-14T22:13:50Z", 30.0),
        ("2023-11-14T22:13:50.500Z", 30.5),
        ("2023-11-14T23:13:50+01:00", 30.0),
        ("2023-11-14T22:13:50", 30.0),
        ("2023-11-14T22:13:10Z", 0.0),
        # Not of a window of a minute: the next 429 with its Retry-After tells better.
        ("2023-11-15T22:13:50Z", 0.0),
        ("30s", 0.0),
        ("0001-01-01T00:00:00+14:00", 0.0),
        ("", 0.0),
    ],
)
def test_dated_resets(reset: str, expected: float) -> None:
    """They are dates of RFC 3339; nonsense asks for no wait."""
    limits = dated(requests_remaining="0", requests_reset=reset)
    assert RateLimits(0, None, expected) == limits


def test_dated_windows_fill_steadily() -> None:
    """An empty window has room for a call long before it is full."""
    reset = "2023-11-14T22:14:20Z"
    assert RateLimits(0, None, 1.2) == dated(
        requests_limit="50", requests_remaining="0", requests_reset=reset
    )
    assert RateLimits(3, 0, 7.5) == dated(
        requests_remaining="3",
        requests_reset=reset,
        input_tokens_remaining="0",
        input_tokens_limit="80000",
        input_tokens_reset=reset,
        output_tokens_remaining="0",
        output_tokens_limit="8000",
        output_tokens_reset=reset,
    )


def test_dated_limits_by_the_senders_clock() -> None:
    """A reset is compared with the response's own date, whatever our clock says."""
    head = {
        b"anthropic-ratelimit-requests-remaining": b"0",
        b"anthropic-ratelimit-requests-reset": b"2023-11-14T22:13:50Z",
        b"date": DATE,
    }
    assert RateLimits(0, None, 30.0) == dated_rate_limits(head, NOW - 1e6)


@given(st.binary(max_size=40))
def test_any_dated_limits(value: bytes) -> None:
    """Whatever comes, it is counts and seconds from 0 up, or nothing."""
    head = {
        b"anthropic-ratelimit-%s-%s" % (kind, what): value
        for kind in (b"requests", b"tokens", b"input-tokens", b"output-tokens")
        for what in (b"limit", b"remaining", b"reset")
    }
    limits = dated_rate_limits(head, NOW)
    assert limits is None or 0 <= limits.wait_s <= 60
    later = {name: value for name, value in head.items() if name.endswith(b"reset")}
    left = {name: b"0" for name in head if name.endswith(b"remaining")}
    limits = dated_rate_limits({**later, **left}, NOW)
    assert limits is not None
    assert 0 <= limits.wait_s <= 60
