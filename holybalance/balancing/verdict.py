"""Owns the one judgement of an attempt, and what follows from each verdict."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from holybalance.messages import Fault, Outcome, Problem, Verdict

_OF_FAULT = {
    Fault.UNREACHABLE: Verdict.SICK,
    Fault.BROKEN: Verdict.SICK,
    Fault.NO_ANSWER: Verdict.LOST,
    Fault.CUT: Verdict.MALFORMED,
    Fault.GARBLED: Verdict.MALFORMED,
    Fault.DEADLINE: Verdict.LATE,
    Fault.CONNECTING: Verdict.LATE,
    Fault.OUTRUN: Verdict.LATE,
    Fault.LOCAL: Verdict.LOCAL,
    Fault.GIVEN_UP: Verdict.LOCAL,
}

_OF_PROBLEM = {
    Problem.CONTEXT_LENGTH: Verdict.TOO_LONG,
    Problem.CONTENT_POLICY: Verdict.REFUSED,
    Problem.QUOTA: Verdict.EXHAUSTED,
    Problem.NO_MODEL: Verdict.NO_MODEL,
}

_OF_STATUS = {
    401: Verdict.DENIED,
    402: Verdict.EXHAUSTED,
    403: Verdict.DENIED,
    # The server gave up waiting, met a lock, or will not risk a replay: its trouble.
    408: Verdict.SICK,
    409: Verdict.SICK,
    425: Verdict.SICK,
    429: Verdict.THROTTLED,
    # A gateway has passed the request on and waited in vain: it may have been billed.
    504: Verdict.LOST,
    524: Verdict.LOST,
    529: Verdict.THROTTLED,
}

_OF_STATUS_CLASS = {4: Verdict.CALLER, 5: Verdict.SICK}


def judge(outcome: Outcome) -> Verdict:
    """Decide what an attempt came to; a pure function, and the only such decision."""
    if outcome.fault is not None:
        return _OF_FAULT[outcome.fault]
    if outcome.problem is not None:
        return _OF_PROBLEM[outcome.problem]
    if outcome.body is not None:
        return Verdict.OK
    status = outcome.status or 0
    known = _OF_STATUS.get(status)
    # What is left (1xx, 2xx without a reply, 3xx) is no answer to a chat request.
    return known or _OF_STATUS_CLASS.get(status // 100, Verdict.MALFORMED)


class Blame(enum.Enum):
    """What a verdict means for the endpoint's circuit."""

    CREDIT = "credit"
    """It works."""
    NONE = "none"
    """It says nothing about the endpoint's health."""
    FAILURE = "failure"
    """It does not work."""


class Bench(enum.Enum):
    """How an endpoint is taken out of service, apart from its circuit."""

    NO = "no"
    COOL_DOWN = "cool_down"
    """This model on this endpoint, until Retry-After has passed."""
    MODEL = "model"
    """This model on this endpoint, for a moment."""
    QUOTA = "quota"
    """The whole key, for long."""
    KEY = "key"
    """The whole key, until a single call finds it good again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """
    What follows from a verdict; all who act on one read it here.

    Args:
        retry: another attempt may help.
        next_model: not with this model, but another may take the request.
        is_load: going on adds to the load of an outage, which is to be bounded.
        may_cost: the upstream may charge for it, where the request has been sent.
    """

    blame: Blame = Blame.NONE
    bench: Bench = Bench.NO
    retry: bool = False
    next_model: bool = False
    is_load: bool = True
    may_cost: bool = False


CONSEQUENCES = {
    Verdict.OK: Consequence(blame=Blame.CREDIT, may_cost=True),
    Verdict.CALLER: Consequence(),
    Verdict.TOO_LONG: Consequence(next_model=True, is_load=False),
    Verdict.REFUSED: Consequence(next_model=True, is_load=False),
    Verdict.NO_MODEL: Consequence(bench=Bench.MODEL, retry=True, is_load=False),
    Verdict.DENIED: Consequence(bench=Bench.KEY, retry=True),
    Verdict.EXHAUSTED: Consequence(bench=Bench.QUOTA, retry=True),
    Verdict.THROTTLED: Consequence(bench=Bench.COOL_DOWN, retry=True),
    Verdict.SICK: Consequence(blame=Blame.FAILURE, retry=True),
    Verdict.MALFORMED: Consequence(blame=Blame.FAILURE, retry=True, may_cost=True),
    Verdict.LOST: Consequence(blame=Blame.FAILURE, retry=True, may_cost=True),
    Verdict.LATE: Consequence(may_cost=True),
    Verdict.BUDGET: Consequence(),
    Verdict.LOCAL: Consequence(may_cost=True),
}
