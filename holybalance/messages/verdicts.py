"""Owns what came of an attempt, in words that no provider owns."""

from __future__ import annotations

import enum


class Verdict(enum.Enum):
    """
    What one attempt came to, and so who is to blame for it.

    `holybalance.balancing.verdict.judge` is the only place that decides on one;
    retries, breakers, cool-downs, metrics and exit codes obey it.
    """

    OK = "ok"
    CALLER = "caller"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    NO_MODEL = "no_model"
    DENIED = "denied"
    EXHAUSTED = "exhausted"
    THROTTLED = "throttled"
    SICK = "sick"
    MALFORMED = "malformed"
    LOST = "lost"
    LATE = "late"
    BUDGET = "budget"
    LOCAL = "local"

    # Every attempt looks verdicts up in tables; members are singletons, so identity
    # will do, and it spares each look-up a call of Enum's own `__hash__`.
    __hash__ = object.__hash__


class Fault(enum.Enum):
    """How an exchange failed where HTTP has no status for it."""

    UNREACHABLE = "unreachable"
    """Nothing was sent: DNS, connect, proxy or TLS failed, or connect timed out."""
    BROKEN = "broken"
    """The connection broke while the request was still being sent."""
    NO_ANSWER = "no_answer"
    """The request was sent whole, then came a reset, an end or a long silence."""
    CUT = "cut"
    """The answer began and then ended before it was complete."""
    GARBLED = "garbled"
    """The answer broke HTTP or the wire format, or went over a byte cap."""
    DEADLINE = "deadline"
    """The caller's own deadline came first."""
    CONNECTING = "connecting"
    """The caller's own deadline came while connecting: nothing was sent."""
    OUTRUN = "outrun"
    """Another attempt at the same call was faster."""
    LOCAL = "local"
    """This machine could not: no file descriptor, no port, no memory."""
    GIVEN_UP = "given_up"
    """The client was closed, or the interpreter is ending."""


class Problem(enum.Enum):
    """What an upstream's error is about, where its status alone does not tell."""

    CONTEXT_LENGTH = "context_length"
    """The prompt does not fit the model's context window."""
    CONTENT_POLICY = "content_policy"
    """The upstream refuses the content."""
    QUOTA = "quota"
    """The key's money or long-term quota is used up."""
    NO_MODEL = "no_model"
    """The endpoint does not have the model."""
