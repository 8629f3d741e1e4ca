"""Several models in a plan: when the next one takes over, and when not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from holybalance.balancing.lease import Lease
from holybalance.balancing.line import Place
from holybalance.balancing.verdict import judge
from holybalance.errors import (
    DeadlineExceeded,
    NoEndpoint,
    RequestError,
    RetriesExhausted,
    Saturated,
)
from holybalance.messages import Fault, Outcome, Verdict
from holybalance.wire.transport import Response
from tests.unit.stubs import Stage, Step, ask, fault, reply, request, status

BIG, SMALL, OTHER = "big", "small", "other"


def refusal(code: str, http: int = 400) -> Step:
    """An upstream's no, with its code."""
    body = {"error": {"message": "no", "code": code}}
    return Step(Response(http, {}, json.dumps(body).encode()))


TOO_LONG = refusal("context_length_exceeded")
POLICY = refusal("content_policy_violation")
NO_MODEL = refusal("model_not_found", 404)


def stage_of(
    scripts: dict[str, Sequence[Step]],
    models: dict[str, tuple[str, ...]] | None = None,
    **settings: Any,
) -> Stage:
    """Endpoints that serve the models they are named for, unless told otherwise."""
    endpoints = settings.pop("endpoints", {})
    for name in scripts:
        served = (models or {}).get(name, (name,))
        endpoints[name] = endpoints.get(name, {}) | {"models": {m: m for m in served}}
    return Stage(scripts, endpoints=endpoints, **settings)


def went(answer: Any) -> list[str]:
    """Give the endpoints that a call went to."""
    return [attempt.endpoint for attempt in answer.attempts]


def fill(stage: Stage, name: str, model: str, slots: int = 1) -> list[Lease]:
    """Take slots and keep them."""
    leases = [Lease(stage.endpoints[name], ask(model)) for _ in range(slots)]
    assert not any(lease.take() for lease in leases)
    return leases


def trip(stage: Stage, name: str, model: str) -> None:
    """Open a circuit."""
    outcome = Outcome(status=500)
    for lease in fill(stage, name, model, 5):
        lease.settle(outcome, judge(outcome))


def test_the_first_model_is_the_first_choice() -> None:
    """The others are not asked."""
    stage = stage_of({BIG: [reply()], SMALL: [reply()]})

    answer = stage.send(models=(BIG, SMALL))

    assert (BIG, BIG) == (answer.model, answer.endpoint)
    assert 0 == stage.calls(SMALL)


def test_the_reply_names_the_model_that_answered() -> None:
    """Whatever was asked for; and that model's name is sent."""
    stage = stage_of({BIG: [status(500)], SMALL: [reply()]})

    answer = stage.send(model="alias", models=(BIG, SMALL))

    assert (SMALL, [BIG, SMALL]) == (answer.model, went(answer))
    assert SMALL == json.loads(stage.transports[SMALL].bodies[0])["model"]
    assert [] == stage.clock.waits
    assert 0 == stage.in_flight()


@pytest.mark.parametrize(
    "step",
    [
        status(500),
        status(401),
        status(402),
        status(429),
        NO_MODEL,
        fault(Fault.UNREACHABLE),
        fault(Fault.NO_ANSWER),
        fault(Fault.CUT),
    ],
)
def test_the_next_model_takes_over_at_once(step: Step) -> None:
    """Whatever the trouble of the first one's endpoints."""
    stage = stage_of({BIG: [step], SMALL: [reply()]})

    answer = stage.send(models=(BIG, SMALL))

    assert [BIG, SMALL] == went(answer)
    assert [] == stage.clock.waits


def test_all_endpoints_of_a_model_come_before_the_next_model() -> None:
    """Those that have not been tried."""
    stage = stage_of(
        {"b1": [status(500)], SMALL: [reply()], "b2": [status(500)]},
        {"b1": (BIG,), "b2": (BIG,)},
    )

    assert ["b1", "b2", SMALL] == went(stage.send(models=(BIG, SMALL)))


@pytest.mark.parametrize("step", [status(400), status(422)])
def test_a_request_at_fault_goes_nowhere_else(step: Step) -> None:
    """It would be at fault there, too."""
    stage = stage_of({BIG: [step], SMALL: [reply()]})

    with pytest.raises(RequestError):
        stage.send(models=(BIG, SMALL))

    assert 0 == stage.calls(SMALL)


# Too long.


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ((100, 50, 200), [BIG, OTHER]),
        ((100, 100, 200), [BIG, OTHER]),
        ((100, None, 200), [BIG, SMALL]),
        ((None, 50, 200), [BIG, SMALL]),
        ((None, None, None), [BIG, SMALL]),
    ],
)
def test_what_is_too_long_goes_to_larger_windows(
    windows: tuple[int | None, ...], expected: list[str]
) -> None:
    """Or to those of which nobody knows how large they are."""
    stage = stage_of({BIG: [TOO_LONG], SMALL: [reply()], OTHER: [reply()]})

    answer = stage.send(models=(BIG, SMALL, OTHER), windows=windows)

    assert expected == went(answer)
    assert Verdict.TOO_LONG is answer.attempts[0].verdict
    assert [] == stage.clock.waits


def test_what_is_too_long_for_all() -> None:
    """The error is the caller's, and lists all who said so."""
    stage = stage_of({BIG: [TOO_LONG], SMALL: [reply()], OTHER: [TOO_LONG]})

    with pytest.raises(RequestError) as caught:
        stage.send(models=(BIG, SMALL, OTHER), windows=(100, 50, 200))

    assert [BIG, OTHER] == went(caught.value)
    assert Verdict.TOO_LONG is caught.value.verdict
    assert 0 == stage.calls(SMALL)


def test_another_endpoint_of_a_model_has_the_same_window() -> None:
    """It is not asked."""
    stage = stage_of(
        {"b1": [TOO_LONG], "b2": [reply()], OTHER: [reply()]},
        {"b1": (BIG,), "b2": (BIG,)},
    )

    assert ["b1", OTHER] == went(stage.send(models=(BIG, OTHER), windows=(10, 20)))


# Refused.


def test_a_refusal_ends_the_call() -> None:
    """A policy is not to be evaded, unless the configuration says so."""
    stage = stage_of({BIG: [POLICY], SMALL: [reply()]})

    with pytest.raises(RequestError) as caught:
        stage.send(models=(BIG, SMALL))

    assert Verdict.REFUSED is caught.value.verdict
    assert 0 == stage.calls(SMALL)


def test_a_refusal_goes_on_where_that_is_allowed() -> None:
    """To any other model, the smaller one included."""
    stage = stage_of({BIG: [POLICY], SMALL: [reply()]}, content_policy_fallback=True)

    answer = stage.send(models=(BIG, SMALL), windows=(100, 50))

    assert [BIG, SMALL] == went(answer)


def test_refusals_take_nothing_of_the_retry_budget() -> None:
    """No upstream has failed, so it is no load of an outage."""
    stage = stage_of({BIG: [TOO_LONG], SMALL: [reply()]}, retry_budget=0.0)

    for _ in range(20):
        assert [BIG, SMALL] == went(stage.send(models=(BIG, SMALL)))


def test_refusals_count_as_attempts() -> None:
    """`max_attempts` is over all models."""
    stage = stage_of(
        {BIG: [TOO_LONG], SMALL: [TOO_LONG], OTHER: [reply()]}, max_attempts=2
    )

    with pytest.raises(RequestError) as caught:
        stage.send(models=(BIG, SMALL, OTHER))

    assert [BIG, SMALL] == went(caught.value)


def test_failures_count_as_attempts_over_all_models() -> None:
    """Fresh endpoints first, of whatever model."""
    stage = stage_of({n: [status(500)] for n in (BIG, SMALL, OTHER)}, max_attempts=4)

    with pytest.raises(RetriesExhausted, match="max_attempts") as caught:
        stage.send(models=(BIG, SMALL, OTHER))

    assert [BIG, SMALL, OTHER, BIG] == went(caught.value)


# No model.


def test_no_model_anywhere() -> None:
    """The error lists all, and is the caller's."""
    stage = stage_of({BIG: [NO_MODEL], SMALL: [NO_MODEL]})

    with pytest.raises(RequestError) as caught:
        stage.send(models=(BIG, SMALL))

    assert [BIG, SMALL] == went(caught.value)
    assert Verdict.NO_MODEL is caught.value.verdict
    with pytest.raises(RequestError, match="no endpoint has the model"):
        stage.send(models=(BIG, SMALL))


# One endpoint for several models.


def test_one_endpoint_for_both_models() -> None:
    """What it says of the one is no reason not to ask it for the other."""
    stage = stage_of({"e": [TOO_LONG, reply()]}, {"e": (BIG, SMALL)})

    answer = stage.send(models=(BIG, SMALL))

    assert (["e", "e"], SMALL) == (went(answer), answer.model)
    sent = [json.loads(body)["model"] for body in stage.transports["e"].bodies]
    assert [BIG, SMALL] == sent
    assert [] == stage.clock.waits


def test_a_throttled_model_leaves_the_other_at_the_same_endpoint() -> None:
    """A cool-down is a model's."""
    stage = stage_of(
        {"e": [status(429, retry_after="50"), reply()]}, {"e": (BIG, SMALL)}
    )

    assert SMALL == stage.send(models=(BIG, SMALL)).model
    assert SMALL == stage.send(models=(BIG, SMALL)).model
    assert 3 == stage.calls("e")


# Outages and saturation.


def test_an_outage_of_the_first_model() -> None:
    """The next one is asked at once, and no probe is spent on the first."""
    stage = stage_of({BIG: [reply()], SMALL: [reply()]})
    trip(stage, BIG, BIG)
    stage.clock.now += 2

    assert SMALL == stage.send(models=(BIG, SMALL)).model
    assert (0, []) == (stage.calls(BIG), stage.clock.waits)


def test_an_outage_of_all_models() -> None:
    """One call a second tries, and the others fail at once."""
    stage = stage_of({BIG: [status(500)], SMALL: [status(500)]}, max_attempts=1)
    trip(stage, BIG, BIG)
    trip(stage, SMALL, SMALL)

    with pytest.raises(NoEndpoint) as caught:
        stage.send(models=(BIG, SMALL))
    assert 1.0 == pytest.approx(caught.value.retry_after_s)

    stage.clock.now += 1
    for _ in range(5):
        with pytest.raises((RetriesExhausted, NoEndpoint)):
            stage.send(models=(BIG, SMALL))
    assert 2 == stage.calls(BIG) + stage.calls(SMALL)


def test_a_patient_call_waits_out_an_outage_of_all_models() -> None:
    """And takes the first that works again."""
    stage = stage_of({BIG: [status(500)], SMALL: [reply()]})
    trip(stage, BIG, BIG)
    trip(stage, SMALL, SMALL)

    answer = stage.send(models=(BIG, SMALL), is_patient=True)

    assert SMALL == answer.model
    assert 0 == stage.balancer.queued()


def test_saturation_of_the_first_model() -> None:
    """The next one takes the call, and nobody waits."""
    stage = stage_of(
        {BIG: [reply()], SMALL: [reply()]}, endpoints={BIG: {"max_in_flight": 1}}
    )
    fill(stage, BIG, BIG)

    assert SMALL == stage.send(models=(BIG, SMALL)).model
    assert [] == stage.clock.waits


def test_saturation_of_all_models_where_waiting_is_not_wanted() -> None:
    """The error tells of all of them."""
    limits = {name: {"max_in_flight": 1} for name in (BIG, SMALL)}
    stage = stage_of(
        {BIG: [reply()], SMALL: [reply()]}, endpoints=limits, when_saturated="fail"
    )
    for name in (BIG, SMALL):
        fill(stage, name, name)

    with pytest.raises(Saturated, match=r"big.*small"):
        stage.send(models=(BIG, SMALL))


@pytest.mark.parametrize("freed", [BIG, SMALL])
def test_room_at_any_model_ends_the_waiting(freed: str) -> None:
    """Within a moment, though the call waits in the first one's line."""
    limits = {name: {"max_in_flight": 1} for name in (BIG, SMALL)}
    stage = stage_of({BIG: [reply()], SMALL: [reply()]}, endpoints=limits)
    leases = {name: fill(stage, name, name)[0] for name in (BIG, SMALL)}
    stage.clock.call_at(stage.clock.now + 3, leases[freed].end)

    answer = stage.send(models=(BIG, SMALL))

    assert freed == answer.model
    assert 3 <= answer.latency_s <= 3.3


def test_the_deadline_while_waiting() -> None:
    """To the instant, and nobody is left in a line."""
    limits = {name: {"max_in_flight": 1} for name in (BIG, SMALL)}
    stage = stage_of({BIG: [reply()], SMALL: [reply()]}, endpoints=limits)
    for name in (BIG, SMALL):
        fill(stage, name, name)
    began = stage.clock.now

    with pytest.raises(DeadlineExceeded):
        stage.send(models=(BIG, SMALL), timeout_s=7.0)

    assert began + 7 == stage.clock.now
    assert 0 == stage.balancer.queued()


# Fairness.


def in_line(stage: Stage, model: str) -> Place:
    """Stand in a model's line, and stay."""
    line = stage.balancer.pools.of_model(model).line
    place = Place(line, stage.runtime)
    line.join(place)
    return place


def test_who_falls_back_does_not_overtake() -> None:
    """Others wait for that model, whose room is theirs."""
    stage = stage_of(
        {BIG: [reply()], SMALL: [reply()]}, endpoints={BIG: {"max_in_flight": 1}}
    )
    place = in_line(stage, SMALL)
    (lease,) = fill(stage, BIG, BIG)
    stage.clock.call_at(stage.clock.now + 2, lease.end)

    assert BIG == stage.send(models=(BIG, SMALL)).model
    assert 0 == stage.calls(SMALL)
    stage.balancer.pools.of_model(SMALL).line.leave(place)


def test_who_comes_back_does_not_overtake_either() -> None:
    """Though it has been tried there before."""
    stage = stage_of(
        {BIG: [status(429, retry_after="50")], SMALL: [status(500), reply()]}
    )
    line = stage.balancer.pools.of_model(SMALL).line
    places: list[Place] = []
    exchange = stage.transports[SMALL].exchange

    def then_a_line_forms(*arguments: Any) -> Response:
        if not places:
            places.append(in_line(stage, SMALL))
            stage.clock.call_at(stage.clock.now + 20, lambda: line.leave(places[0]))
        return exchange(*arguments)

    stage.transports[SMALL].exchange = then_a_line_forms  # type: ignore[assignment, method-assign]  # to look in

    answer = stage.send(models=(BIG, SMALL))

    assert [BIG, SMALL, SMALL] == went(answer)
    assert answer.latency_s >= 20


def test_whose_first_model_is_over_waits_with_the_others() -> None:
    """At the end of the line of what it falls back to."""
    stage = stage_of({BIG: [TOO_LONG], SMALL: [reply()]})
    place = in_line(stage, SMALL)
    line = stage.balancer.pools.of_model(SMALL).line
    stage.clock.call_at(stage.clock.now + 2, lambda: line.leave(place))

    answer = stage.send(models=(BIG, SMALL))

    assert (SMALL, 2.0) == (answer.model, answer.latency_s)


def test_a_model_that_nobody_serves() -> None:
    """Is the caller's fault."""
    stage = stage_of({BIG: [reply()]})

    with pytest.raises(RequestError, match="unknown"):
        stage.balancer.send(request(), models=("unknown",))


def test_a_model_that_takes_over_has_retries_of_its_own_calls() -> None:
    """The budget grows with the calls that go there, whatever model they named."""
    stage = stage_of({BIG: [reply()], SMALL: [reply()]}, retry_budget=0.5)
    trip(stage, BIG, BIG)
    budget = stage.balancer.pools.of_model(SMALL).budget
    while budget.withdraw():
        pass

    for _ in range(4):
        stage.send(models=(BIG, SMALL))

    assert [True, True, False] == [budget.withdraw() for _ in range(3)]


def test_a_model_that_nobody_has_costs_no_retries() -> None:
    """Nothing failed, so the next one is asked even where nothing is retried."""
    stage = stage_of({BIG: [NO_MODEL], SMALL: [reply()]}, retry_budget=0.0)

    assert SMALL == stage.send(models=(BIG, SMALL)).model
