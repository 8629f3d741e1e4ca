"""What an attempt comes to, and that something follows from it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.balancing.verdict import (
    CONSEQUENCES,
    Bench,
    Blame,
    Consequence,
    judge,
)
from holybalance.messages import Fault, Outcome, Problem, Verdict

OF_FAULT = {
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
OF_PROBLEM = {
    Problem.CONTEXT_LENGTH: Verdict.TOO_LONG,
    Problem.CONTENT_POLICY: Verdict.REFUSED,
    Problem.QUOTA: Verdict.EXHAUSTED,
    Problem.NO_MODEL: Verdict.NO_MODEL,
}
OF_STATUS = {
    100: Verdict.MALFORMED,
    200: Verdict.MALFORMED,
    204: Verdict.MALFORMED,
    301: Verdict.MALFORMED,
    307: Verdict.MALFORMED,
    400: Verdict.CALLER,
    401: Verdict.DENIED,
    402: Verdict.EXHAUSTED,
    403: Verdict.DENIED,
    404: Verdict.CALLER,
    408: Verdict.SICK,
    409: Verdict.SICK,
    413: Verdict.CALLER,
    422: Verdict.CALLER,
    425: Verdict.SICK,
    429: Verdict.THROTTLED,
    499: Verdict.CALLER,
    500: Verdict.SICK,
    502: Verdict.SICK,
    503: Verdict.SICK,
    504: Verdict.LOST,
    524: Verdict.LOST,
    529: Verdict.THROTTLED,
    599: Verdict.SICK,
    600: Verdict.MALFORMED,
    0: Verdict.MALFORMED,
    None: Verdict.MALFORMED,
}
outcomes = st.builds(
    Outcome,
    status=st.none() | st.integers(-1, 1000),
    fault=st.none() | st.sampled_from(Fault),
    body=st.none() | st.just({}) | st.just({"choices": []}),
    problem=st.none() | st.sampled_from(Problem),
    retry_after_s=st.none() | st.floats(0, 1e6),
    headers=st.just({}),
    error=st.none(),
)


def test_the_tables_are_complete() -> None:
    """A fault or problem added without a verdict is noticed here."""
    assert set(Fault) == set(OF_FAULT)
    assert set(Problem) == set(OF_PROBLEM)


@pytest.mark.parametrize(("kind", "verdict"), OF_FAULT.items())
def test_a_fault_decides(kind: Fault, verdict: Verdict) -> None:
    """Whatever else is known, a failed exchange is judged by its fault."""
    assert verdict is judge(Outcome(fault=kind, status=200, problem=Problem.QUOTA))


@pytest.mark.parametrize(("problem", "verdict"), OF_PROBLEM.items())
@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_a_problem_outweighs_its_status(
    problem: Problem, verdict: Verdict, status: int
) -> None:
    """A 429 for money that is used up is no throttle."""
    assert verdict is judge(Outcome(status=status, problem=problem))


@pytest.mark.parametrize(("status", "verdict"), OF_STATUS.items())
def test_a_status_decides_when_nothing_else_does(
    status: int | None, verdict: Verdict
) -> None:
    """Every class of status has its verdict."""
    assert verdict is judge(Outcome(status=status))


@given(outcomes)
def test_every_outcome_has_a_verdict_with_consequences(outcome: Outcome) -> None:
    """Nothing that the wire can say goes unjudged."""
    assert isinstance(CONSEQUENCES[judge(outcome)], Consequence)


@given(outcomes)
def test_only_a_whole_reply_is_ok(outcome: Outcome) -> None:
    """OK exactly when there is a body, no fault, and the content was not refused."""
    is_sound = outcome.fault is None and outcome.problem is None
    is_reply = outcome.body is not None and is_sound

    assert is_reply is (judge(outcome) is Verdict.OK)


@given(outcomes)
def test_judging_changes_nothing(outcome: Outcome) -> None:
    """The same outcome, judged twice, is the same and judged the same."""
    before = copy.deepcopy(outcome)

    assert judge(outcome) is judge(outcome)
    assert before == outcome


def test_every_verdict_has_its_consequence() -> None:
    """A verdict added without one is noticed here."""
    assert set(Verdict) == set(CONSEQUENCES)


BLAMES: list[tuple[Blame, set[Verdict]]] = [
    (Blame.CREDIT, {Verdict.OK}),
    (Blame.FAILURE, {Verdict.SICK, Verdict.MALFORMED, Verdict.LOST}),
]


@pytest.mark.parametrize(("blame", "verdicts"), BLAMES)
def test_only_these_touch_the_circuit(blame: Blame, verdicts: set[Verdict]) -> None:
    """The caller's and this machine's own faults never blame an endpoint."""
    assert verdicts == {v for v, c in CONSEQUENCES.items() if c.blame is blame}


def test_only_these_take_an_endpoint_out_of_service() -> None:
    """Model, key, quota and throttle; nothing else benches."""
    benched: dict[Verdict, Any] = {
        verdict: consequence.bench
        for verdict, consequence in CONSEQUENCES.items()
        if consequence.bench is not Bench.NO
    }

    assert {
        Verdict.NO_MODEL: Bench.MODEL,
        Verdict.DENIED: Bench.KEY,
        Verdict.EXHAUSTED: Bench.QUOTA,
        Verdict.THROTTLED: Bench.COOL_DOWN,
    } == benched


def test_what_another_endpoint_may_mend_is_tried_again() -> None:
    """The caller's faults, its deadline and this machine's are final."""
    assert {
        Verdict.NO_MODEL,
        Verdict.DENIED,
        Verdict.EXHAUSTED,
        Verdict.THROTTLED,
        Verdict.SICK,
        Verdict.MALFORMED,
        Verdict.LOST,
    } == {v for v, c in CONSEQUENCES.items() if c.retry}
