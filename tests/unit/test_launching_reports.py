"""Counts of many processes, merged: exact, in any order, without change to any."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.messages import Usage, Verdict
from holybalance.telemetry.metrics import Tally
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
