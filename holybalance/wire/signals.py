"""Owns what response headers say about when to come back; trusts none of it blindly."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from holybalance.messages import RateLimits

Headers = Mapping[bytes, bytes]

WINDOW_S = 60.0
# What a call uses, roughly: a window of tokens is worth coming back to with that.
USUAL_TOKENS = 1000

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_UNIT_S["ns"] = 1e-9
# Anthropic's windows: of input, of output, and the tightest of all that are in force.
_DATED = b"anthropic-ratelimit-"
_DATED_TOKENS = (b"tokens", b"input-tokens", b"output-tokens")


def retry_after_s(headers: Headers, now: float) -> float | None:
    """
    Read `retry-after-ms` or `retry-after` (RFC 9110 §10.2.3) as seconds from now.

    Args:
        now: the wall clock, seconds since the epoch; used only for a date, and only
            when the response has no `Date` of its own to compare it with.

    Returns:
        Seconds, at least 0; `None` where there is none that makes sense: `nan`,
        infinite, negative, or neither number nor date.
    """
    milliseconds = headers.get(b"retry-after-ms")
    if milliseconds is not None:
        seconds = _number(milliseconds)
        if seconds is not None:
            return seconds / 1000
    value = headers.get(b"retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    until = _date(value)
    if until is None:
        return None
    sent = _date(headers.get(b"date", b""))
    return max(0.0, until - (now if sent is None else sent))


def rate_limits(headers: Headers) -> RateLimits | None:
    """Read the `x-ratelimit-*` headers of OpenAI and of those who follow it."""
    requests = headers.get(b"x-ratelimit-remaining-requests")
    tokens = headers.get(b"x-ratelimit-remaining-tokens")
    if requests is None and tokens is None:
        return None
    left = _count(requests), _count(tokens)
    wait = 0.0
    if left[0] == 0:
        wait = _wait_s(headers, b"requests", at_least=1)
    if left[1] == 0:
        wait = max(wait, _wait_s(headers, b"tokens", at_least=USUAL_TOKENS))
    return RateLimits(*left, wait)


def dated_rate_limits(headers: Headers, now: float) -> RateLimits | None:
    """
    Read the `anthropic-ratelimit-*` headers, whose resets are dates (RFC 3339).

    Of the windows of tokens, the one with the least left counts.

    Args:
        now: the wall clock, seconds since the epoch; used only when the response has
            no `Date` of its own to compare with.
    """
    sent = _date(headers.get(b"date", b""))
    now = now if sent is None else sent
    requests = _dated_left(headers, b"requests")
    tokens = [
        left
        for kind in _DATED_TOKENS
        if (left := _dated_left(headers, kind)) is not None
    ]
    if requests is None and not tokens:
        return None
    waits = [_dated_wait_s(headers, b"requests", 1, now)] + [
        _dated_wait_s(headers, kind, USUAL_TOKENS, now) for kind in _DATED_TOKENS
    ]
    return RateLimits(requests, min(tokens, default=None), max(waits))


def _dated_left(headers: Headers, kind: bytes) -> int | None:
    return _count(headers.get(_DATED + kind + b"-remaining"))


def _dated_wait_s(headers: Headers, kind: bytes, at_least: int, now: float) -> float:
    if _dated_left(headers, kind) != 0:
        return 0.0
    until = _timestamp(headers.get(_DATED + kind + b"-reset", b""))
    reset = None if until is None else max(0.0, until - now)
    return _share_s(reset, _count(headers.get(_DATED + kind + b"-limit")), at_least)


def _wait_s(headers: Headers, kind: bytes, at_least: int) -> float:
    """Say when an empty window of OpenAI's has room for so much again."""
    reset = _duration(headers.get(b"x-ratelimit-reset-" + kind))
    limit = _count(headers.get(b"x-ratelimit-limit-" + kind))
    return _share_s(reset, limit, at_least)


def _share_s(reset: float | None, limit: int | None, at_least: int) -> float:
    """
    Say when an empty window has room for so much again.

    The `reset` is when the window is full, and it fills steadily: so much of the limit
    comes back in that share of the time. Without a limit, or with a reset that
    is beyond a window of a minute, whoever sent it means something else by it; then
    the next 429 with its Retry-After is the better authority.
    """
    if reset is None or reset > WINDOW_S:
        return 0.0
    return reset * min(1.0, at_least / limit) if limit else reset


def _number(value: bytes) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _count(value: bytes | None) -> int | None:
    """Read a count; Azure sends -1 where it does not know."""
    number = None if value is None else _number(value)
    return None if number is None else int(number)


def _duration(value: bytes | None) -> float | None:
    """Read a duration as Go writes it (`6m0s`, `12ms`), or plain seconds (Azure)."""
    if value is None:
        return None
    text = value.decode("utf-8", "replace").strip()
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    return _number(value)


def _date(value: bytes) -> float | None:
    try:
        date = parsedate_to_datetime(value.decode("latin-1"))
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return date.timestamp()


def _timestamp(value: bytes) -> float | None:
    """Read a date of RFC 3339 as seconds since the epoch."""
    try:
        date = datetime.fromisoformat(value.decode("latin-1"))
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
