"""Counts of many processes, merged: exact, in any order, without change to any."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.messages import Usage, Verdict
from holybalance.telemetry.metrics import Tally
from holybalance.telemetry.models import ModelReport
from holybalance.telemetry.report import EndpointReport, Report

calls = st.lists(
    st.tuples(st.sampled_from(list(Verdict)), st.floats(0.001, 100)), max_size=12
)
CALM: dict[str, Any] = {
    "in_flight": 0,
    "breaker": "closed",
    "cool_down_s": 0.0,
    "idle_connections": 0,
    "stale_connections": 0,
    "queued": 0,
}


def tally(ends: list[tuple[Verdict, float]]) -> Tally:
    """Count ends of calls as an engine does."""
    made = Tally()
    for verdict, seconds in ends:
        made.note_attempt(verdict, seconds, is_retry=False)
        if verdict is Verdict.OK:
            made.note_usage(Usage(input_tokens=3, output_tokens=2), 0.25)
    return made


def report(
    ends: list[tuple[Verdict, float]] | None = None, queued: int = 0, **state: Any
) -> Report:
    """What a process of one endpoint tells."""
    endpoint = EndpointReport(tally=tally(ends or []), state={**CALM, **state})
    return Report(calls=tally(ends or []), endpoints={"a": endpoint}, queued=queued)


@settings(max_examples=40)
@given(st.lists(calls, max_size=5))
def test_merging_is_counting_all(parts: list[list[tuple[Verdict, float]]]) -> None:
    """As if one process had done everything; histograms bucket by bucket."""
    merged = Report.merged([Report.blank(["a"]), *map(report, parts)]).snapshot()
    whole = report([end for part in parts for end in part]).snapshot()

    for name in ("average_s", "cost_usd"):
        for one, other in (
            (merged, whole),
            (merged["endpoints"]["a"], whole["endpoints"]["a"]),
        ):
            expected, got = other.pop(name), one.pop(name)
            assert (expected is None) == (got is None)
            assert (expected or 0) == pytest.approx(got or 0)
    assert whole == merged


@settings(max_examples=20)
@given(calls, calls)
def test_the_order_does_not_matter(
    one: list[tuple[Verdict, float]], other: list[tuple[Verdict, float]]
) -> None:
    """Nor does merging in steps, as workers die one by one."""
    first, second = report(one, in_flight=2), report(other, breaker="open")
    in_steps = Report.merged([Report.merged([first]), second])

    assert (
        Report.merged([second, first]).snapshot()["errors"]
        == Report.merged([first, second]).snapshot()["errors"]
    )
    assert in_steps.snapshot() == Report.merged([first, second]).snapshot()


def test_the_merged_stay_as_they_are() -> None:
    """They are merged again and again."""
    one = report([(Verdict.OK, 1.0)], in_flight=1)
    before = copy.deepcopy(one.snapshot())

    Report.merged([one, one])
    Report.merged([one, report([(Verdict.OK, 2.0)])])

    assert before == one.snapshot()


def test_states() -> None:
    """Numbers are added; the worst circuit and the longest cool-down count."""
    merged = Report.merged(
        [
            report(queued=2, in_flight=3, idle_connections=5, cool_down_s=1.5),
            report(queued=1, in_flight=4, stale_connections=1, breaker="half-open"),
        ]
    ).snapshot()

    endpoint = merged["endpoints"]["a"]
    assert (7, 3) == (merged["in_flight"], merged["queued"])
    assert ("half-open", 1.5) == (endpoint["breaker"], endpoint["cool_down_s"])
    assert (5, 1) == (endpoint["idle_connections"], endpoint["stale_connections"])


@pytest.mark.parametrize(
    ("waits", "expected"),
    [([0.0, 2.0], 2.0), ([None, 2.0], None), ([None, None], None), ([0.0], 0.0)],
)
def test_cool_downs(waits: list[float | None], expected: float | None) -> None:
    """A bench without an end is longer than any."""
    merged = Report.merged([report(cool_down_s=wait) for wait in waits])

    assert expected == merged.snapshot()["endpoints"]["a"]["cool_down_s"]


@pytest.mark.parametrize(
    ("breakers", "expected"),
    [
        (["closed", "closed"], "closed"),
        (["closed", "open"], "open"),
        (["half-open", "open"], "open"),
        (["half-open", "closed"], "half-open"),
    ],
)
def test_breakers(breakers: list[str], expected: str) -> None:
    """An endpoint is as ill as the process that thinks worst of it."""
    merged = Report.merged([report(breaker=breaker) for breaker in breakers])

    assert expected == merged.snapshot()["endpoints"]["a"]["breaker"]


def test_the_departed() -> None:
    """Counts stay, states go."""
    left = report([(Verdict.OK, 1.0)], queued=3, in_flight=2, breaker="open").at_rest()
    snapshot = left.snapshot()

    assert (1, 1) == (snapshot["calls"], snapshot["success"])
    assert (0, 0, "closed") == (
        snapshot["in_flight"],
        snapshot["queued"],
        snapshot["breaker"],
    )


def test_a_blank() -> None:
    """All keys, nothing counted; JSON can hold it, and merging adds nothing."""
    blank = Report.blank(["a", "b"])
    one = report([(Verdict.OK, 1.0), (Verdict.SICK, 2.0)])

    snapshot = blank.snapshot()
    assert snapshot == json.loads(json.dumps(snapshot))
    assert ["a", "b"] == list(snapshot["endpoints"])
    assert 0 == snapshot["calls"]
    with_blank = Report.merged([Report.blank(["a"]), one])
    assert one.snapshot() == with_blank.snapshot()


def test_a_report_travels() -> None:
    """Pickled and back it says the same."""
    one = report([(Verdict.OK, 1.0)], in_flight=1)

    assert one.snapshot() == pickle.loads(pickle.dumps(one)).snapshot()


# Models, budgets, and how it stands with the store.


def learned(replies: int, latency_s: float | None = None) -> ModelReport:
    """What a process has learned of a model."""
    return ModelReport(
        characters_per_token=4.0 if replies else None,
        token_error=None,
        answer_tokens=100.0 * replies,
        latency_s=latency_s,
        replies=replies,
    )


def figures(spent: float, opens_at: str | None = None) -> dict[str, Any]:
    """What a process says of a budget."""
    return {
        "scope": "all",
        "window": "day",
        "limit_usd": 10.0,
        "spent_usd": spent,
        "reserved_usd": 0.5,
        "left_usd": 9.5 - spent,
        "opens_at": opens_at,
    }


def state(*, is_up: bool, error: str | None = None) -> dict[str, Any]:
    """How it stands with the store."""
    return {"is_up": is_up, "processes": 2, "error": error}


def test_models_are_weighed_by_their_replies() -> None:
    """What is unknown to one is what the others know."""
    one = replace(report(), models={"m": learned(1, 1.0), "x": learned(2, None)})
    other = replace(report(), models={"m": learned(3, 2.0)})

    merged = Report.merged([one, other]).models

    assert ["m", "x"] == sorted(merged)
    assert (4, 1.75, 4.0) == (
        merged["m"].replies,
        merged["m"].latency_s,
        merged["m"].characters_per_token,
    )
    assert (2, None, None) == (
        merged["x"].replies,
        merged["x"].latency_s,
        merged["x"].token_error,
    )


def test_a_model_without_replies_says_nothing() -> None:
    """Rather than dividing by none."""
    one = replace(report(), models={"m": learned(0, 7.0)})

    assert None is Report.merged([one, one]).models["m"].latency_s


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([figures(1.0), figures(3.0), figures(2.0)], 3.0),
        # A later window, in which less is spent.
        ([figures(9.0, "2026-03-02"), figures(1.0, "2026-03-03")], 1.0),
        ([figures(1.0, "2026-03-03"), figures(9.0, "2026-03-02")], 1.0),
    ],
)
def test_budgets_are_of_whoever_knows_most(
    told: list[dict[str, Any]], expected: float
) -> None:
    """They are figures of all processes already, and not to be added up."""
    merged = Report.merged([replace(report(), budgets={"b": each}) for each in told])

    assert expected == merged.snapshot()["budgets"]["b"]["spent_usd"]


def test_budgets_of_which_one_process_tells() -> None:
    """Nothing is lost."""
    one = replace(report(), budgets={"b": figures(1.0)})
    merged = Report.merged([report(), one, Report.blank(["a"])])

    assert {"b": figures(1.0)} == merged.snapshot()["budgets"]


def test_the_store_is_as_far_as_for_the_process_that_is_worst_off() -> None:
    """And is none where no process has one."""
    well = replace(report(), state=state(is_up=True))
    ill = replace(report(), state=state(is_up=False, error="down"))

    assert "down" == Report.merged([well, ill, report()]).snapshot()["state"]["error"]
    assert Report.merged([well, report()]).snapshot()["state"]["is_up"]
    assert None is Report.merged([report(), report()]).snapshot()["state"]


def test_the_departed_leave_what_they_learned() -> None:
    """But how they stood with the store is no matter any more."""
    left = replace(
        report(),
        models={"m": learned(2, 1.0)},
        budgets={"b": figures(1.0)},
        state=state(is_up=False),
    ).at_rest()

    assert (2, 1.0, None) == (
        left.models["m"].replies,
        left.budgets["b"]["spent_usd"],
        left.state,
    )


def test_all_of_it_is_json() -> None:
    """A snapshot goes into files."""
    one = replace(
        report(),
        models={"m": learned(2, 1.0)},
        budgets={"b": figures(1.0, "2026-03-02")},
        state=state(is_up=True),
    )
    snapshot = Report.merged([one, one]).snapshot()

    assert snapshot == json.loads(json.dumps(snapshot))
