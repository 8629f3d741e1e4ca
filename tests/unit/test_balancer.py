"""One call's walk: where it goes, when it waits, when it gives up, what it says."""

from __future__ import annotations

import contextlib
import gc
import json
import weakref
from typing import Any

import pytest

from holybalance.balancing.lease import Lease
from holybalance.balancing.legs import Leg, Legs
from holybalance.balancing.line import Place
from holybalance.balancing.retry import BACKOFF_BASE_S
from holybalance.balancing.trail import Trail
from holybalance.balancing.verdict import judge
from holybalance.config import BreakerConfig
from holybalance.errors import (
    ClientClosed,
    DeadlineExceeded,
    LocalError,
    NoEndpoint,
    RequestError,
    RetriesExhausted,
    Saturated,
)
from holybalance.messages import Fault, Outcome, Verdict
from holybalance.wire.formats import Written
from holybalance.wire.transport import Response
from tests.unit.stubs import MODEL, Stage, Step, ask, fault, reply, request, status

DEAD = [status(500)]


def names(stage: Stage, error: Any) -> list[str]:
    """Give the endpoints that a call went to."""
    return [attempt.endpoint for attempt in error.attempts]


# Replies.


def test_a_reply_says_where_it_is_from() -> None:
    """Endpoint, model, usage, time and the one attempt."""
    stage = Stage({"a": [reply(takes=2.0, tokens=(7, 3))]})

    answer = stage.send()

    assert ("a", MODEL, "hi") == (answer.endpoint, answer.model, answer.text)
    assert (7, 3) == (answer.usage.input_tokens, answer.usage.output_tokens)
    assert 2.0 == answer.latency_s
    assert [Verdict.OK] == [attempt.verdict for attempt in answer.attempts]


def test_time_before_the_first_attempt_counts() -> None:
    """A call that waited for a thread has less left, and says how long it took."""
    stage = Stage({"a": [reply(takes=2.0)]})

    answer = stage.balancer.send(request(), started=stage.clock.now - 5)

    assert 7.0 == answer.latency_s


# Trying again.


@pytest.mark.parametrize(
    "step",
    [
        status(500),
        status(401),
        status(402),
        status(429),
        fault(Fault.UNREACHABLE),
        fault(Fault.BROKEN),
        fault(Fault.NO_ANSWER),
        fault(Fault.CUT),
        fault(Fault.GARBLED),
    ],
)
def test_a_fresh_endpoint_is_tried_at_once(step: Step) -> None:
    """Whatever the first one's trouble, the second is asked with no wait."""
    stage = Stage({"a": [step], "b": [reply()]})

    answer = stage.send()

    assert ["a", "b"] == names(stage, answer)
    assert [] == stage.clock.waits
    assert 0 == stage.in_flight()


@pytest.mark.parametrize("step", [status(400), status(404), status(413), status(422)])
def test_a_request_at_fault_is_not_tried_again(step: Step) -> None:
    """It would fail everywhere; the error tells the status and the attempt."""
    stage = Stage({"a": [step], "b": [reply()]})

    with pytest.raises(RequestError) as caught:
        stage.send()

    assert ["a"] == names(stage, caught.value)
    assert Verdict.CALLER is caught.value.verdict
    assert 0 == stage.calls("b")


def test_this_machines_trouble_is_not_tried_again() -> None:
    """And is no endpoint's fault."""
    stage = Stage({"a": [fault(Fault.LOCAL)], "b": [reply()]})

    with pytest.raises(LocalError):
        stage.send()

    assert "closed" == stage.endpoints["a"].state()["breaker"]
    assert 0 == stage.calls("b")


def test_going_back_waits_with_full_jitter() -> None:
    """Each wait is below its cap, the caps double, and fresh endpoints come first."""
    stage = Stage({"a": DEAD, "b": DEAD}, max_attempts=4)

    with pytest.raises(RetriesExhausted) as caught:
        stage.send()

    assert ["a", "b", "a", "a"] == names(stage, caught.value)
    assert 2 == len(stage.clock.waits)
    for wait, failures in zip(stage.clock.waits, (1, 2), strict=True):
        assert 0 < wait <= BACKOFF_BASE_S * 2**failures


def test_going_back_waits_when_the_fresh_one_has_its_trials() -> None:
    """A half-open circuit without room for a trial is no reason to skip the wait."""
    stage = Stage({"a": [status(500), reply()], "b": DEAD}, max_attempts=2)
    trip(stage, "b")
    stage.clock.now += 30
    held = hold(stage, "b", 3)

    answer = stage.send()

    assert ["a", "a"] == names(stage, answer)
    assert 1 == len(stage.clock.waits)
    assert 3 == len(held)


def test_attempts_are_bounded() -> None:
    """Four by default, the first included, and the error lists each."""
    stage = Stage({"a": DEAD})

    with pytest.raises(RetriesExhausted, match="max_attempts") as caught:
        stage.send()

    assert 4 == len(caught.value.attempts) == stage.calls("a")
    assert Verdict.SICK is caught.value.verdict


def test_a_spent_retry_budget_ends_the_call() -> None:
    """The reserve is as large as an endpoint; then a tenth of the calls."""
    stage = Stage(
        {"a": DEAD},
        endpoints={"a": {"max_in_flight": 3}},
        breaker=BreakerConfig(failures=1000, failure_ratio=1.0, min_calls=1000),
        max_attempts=2,
    )
    seen = []
    for _ in range(23):
        # Time stands still, so that the budget gains nothing by it.
        with pytest.raises(RetriesExhausted) as caught:
            stage.balancer.send(request())
        stage.clock.now -= sum(stage.clock.waits)
        stage.clock.waits.clear()
        seen.append(len(caught.value.attempts))

    assert 23 + 3 + 2 == sum(seen) == stage.calls("a")
    assert "retry_budget" in str(caught.value)


def test_what_was_lost_is_sent_again() -> None:
    """By default."""
    stage = Stage({"a": [fault(Fault.NO_ANSWER)], "b": [reply()]})

    assert ["a", "b"] == names(stage, stage.send())


def test_what_was_lost_is_not_sent_again_where_that_is_forbidden() -> None:
    """It may have been billed, and done."""
    stage = Stage({"a": [fault(Fault.NO_ANSWER)], "b": [reply()]}, retry_lost=False)

    with pytest.raises(RetriesExhausted, match="retry_lost") as caught:
        stage.send()

    assert Verdict.LOST is caught.value.verdict
    assert 0 == stage.calls("b")


def test_what_was_never_answered_but_refused_is_sent_again_all_the_same() -> None:
    """`retry_lost` is about what may have been worked on."""
    stage = Stage({"a": [fault(Fault.UNREACHABLE)], "b": [reply()]}, retry_lost=False)

    assert ["a", "b"] == names(stage, stage.send())


def test_no_attempt_that_cannot_finish() -> None:
    """The fastest answer ever took 5 s; with 3 s left there is no use in another."""
    stage = Stage({"a": [reply(takes=5.0), status(500, takes=7.0), reply()]})
    stage.send()

    with pytest.raises(RetriesExhausted, match="before the deadline") as caught:
        stage.send(timeout_s=10.0)

    assert 1 == len(caught.value.attempts)


def test_attempt_timeout_moves_on() -> None:
    """One that is too slow for an attempt is lost; another answers in time."""
    stage = Stage({"a": [reply(takes=30.0)], "b": [reply()]}, attempt_timeout=5.0)

    answer = stage.send()

    assert [Verdict.LOST, Verdict.OK] == [a.verdict for a in answer.attempts]
    assert 5.0 == answer.latency_s


# The deadline.


def test_the_callers_deadline_ends_the_call() -> None:
    """On the spot, and blames nobody."""
    stage = Stage({"a": [reply(takes=30.0)], "b": [reply()]})
    began = stage.clock.now

    with pytest.raises(DeadlineExceeded) as caught:
        stage.send(timeout_s=10.0)

    assert began + 10 == stage.clock.now
    assert Verdict.LATE is caught.value.verdict
    assert 0 == stage.calls("b")
    assert "closed" == stage.endpoints["a"].state()["breaker"]


def test_a_call_that_begins_too_late_is_not_sent() -> None:
    """It waited for a thread until its deadline had passed."""
    stage = Stage({"a": [reply()]})

    with pytest.raises(DeadlineExceeded):
        stage.balancer.send(request(), started=stage.clock.now - 60)

    assert 0 == stage.calls("a")


def test_waiting_for_room_ends_at_the_deadline() -> None:
    """With the only slot taken, and nobody who gives it back."""
    stage = Stage({"a": [reply()]}, endpoints={"a": {"max_in_flight": 1}})
    hold(stage, "a", 1)
    began = stage.clock.now

    with pytest.raises(DeadlineExceeded):
        stage.send(timeout_s=10.0)

    assert began + 10 == stage.clock.now
    assert 0 == stage.balancer.queued()


# Waiting, or not.


def hold(stage: Stage, name: str, slots: int) -> list[Any]:
    """Take slots and keep them."""
    endpoint = stage.endpoints[name]
    leases = [Lease(endpoint, ask(MODEL)) for _ in range(slots)]
    assert not any(lease.take() for lease in leases)
    return leases


def trip(stage: Stage, name: str) -> None:
    """Open an endpoint's circuit."""
    for lease in hold(stage, name, 5):
        with lease:
            lease.settle(Outcome(status=500), judge(Outcome(status=500)))


def test_a_call_waits_for_a_slot() -> None:
    """And goes as soon as one is given back."""
    stage = Stage({"a": [reply()]}, endpoints={"a": {"max_in_flight": 1}})
    (lease,) = hold(stage, "a", 1)
    stage.clock.call_at(stage.clock.now + 3, lease.__exit__)

    assert 3.0 == stage.send().latency_s


def test_a_call_does_not_wait_where_that_is_not_wanted() -> None:
    """`when_saturated = "fail"`; when there is room again nobody knows."""
    stage = Stage(
        {"a": [reply()]}, endpoints={"a": {"max_in_flight": 1}}, when_saturated="fail"
    )
    hold(stage, "a", 1)

    with pytest.raises(Saturated) as caught:
        stage.send()

    assert None is caught.value.retry_after_s
    assert [] == stage.clock.waits


def test_a_cool_down_is_waited_out() -> None:
    """With one endpoint there is nowhere else to go; Retry-After is a floor."""
    stage = Stage({"a": [status(429, retry_after="5"), reply()]})

    answer = stage.send()

    assert [Verdict.THROTTLED, Verdict.OK] == [a.verdict for a in answer.attempts]
    assert 5.0 <= answer.latency_s <= 5.0 + 0.5


def test_a_cool_down_beyond_the_deadline_is_not_begun() -> None:
    """The error comes at once, and says when there is room."""
    stage = Stage({"a": [status(429, retry_after="100"), reply()]})
    began = stage.clock.now

    with pytest.raises(Saturated) as caught:
        stage.send(timeout_s=50.0)

    assert stage.clock.now - began <= 0.5
    assert 99 <= (caught.value.retry_after_s or 0) <= 101
    assert ["a"] == names(stage, caught.value)
    assert 0 == stage.balancer.queued()


def test_another_endpoint_serves_while_one_cools_down() -> None:
    """No waiting as long as anybody is willing."""
    stage = Stage({"a": [status(429, retry_after="100")], "b": [reply()]})

    assert ["b", "b", "b"] == [stage.send().endpoint for _ in range(3)]
    assert [] == stage.clock.waits


def test_a_rate_limit_is_kept_by_waiting() -> None:
    """A limit of one every ten seconds: the third call waits twenty."""
    stage = Stage({"a": [reply()]}, endpoints={"a": {"rpm": 6}})
    began = stage.clock.now

    for _ in range(3):
        stage.send()

    at = [round(instant - began, 3) for instant in stage.transports["a"].at]
    assert [0.0, 10.0, 20.0] == at


# Priorities.


def test_a_second_tier_serves_only_when_the_first_refuses() -> None:
    """A higher priority number is a reserve."""
    stage = Stage(
        {"spare": [reply()], "first": [reply()]},
        endpoints={"spare": {"priority": 1}, "first": {"max_in_flight": 1}},
    )

    usual = stage.send().endpoint
    hold(stage, "first", 1)
    when_full = stage.send().endpoint

    assert ("first", "spare") == (usual, when_full)


def test_a_call_that_failed_in_the_first_tier_goes_to_the_second() -> None:
    """Fresh in a lower tier comes before used in a higher one."""
    stage = Stage(
        {"first": DEAD, "spare": [reply()]}, endpoints={"spare": {"priority": 1}}
    )

    assert ["first", "spare"] == names(stage, stage.send())


# Out of service.


def test_open_circuits_fail_fast_and_say_when_the_next_trial_is_due() -> None:
    """With a second to the first probe."""
    stage = Stage({"a": DEAD, "b": DEAD})
    trip(stage, "a")
    trip(stage, "b")

    with pytest.raises(NoEndpoint, match=r"due in 1\.0 s .*circuit is open") as caught:
        stage.send()

    assert 1.0 == caught.value.retry_after_s
    assert [] == stage.clock.waits
    assert 0 == stage.calls("a")


def test_open_circuits_let_one_call_a_second_through() -> None:
    """Ten calls a second, and one of them reaches the upstream."""
    stage = Stage({"a": DEAD}, max_attempts=1)
    trip(stage, "a")
    began = stage.clock.now
    for tenth in range(1, 51):
        stage.clock.now = began + tenth / 10
        with pytest.raises((NoEndpoint, RetriesExhausted)):
            stage.send()

    assert [1, 2, 3, 4, 5] == [
        round(instant - began, 6) for instant in stage.transports["a"].at
    ]


def test_a_probe_that_succeeds_is_a_reply() -> None:
    """The caller whose call was the trial is simply served."""
    stage = Stage({"a": [reply()]})
    trip(stage, "a")
    stage.clock.now += 1

    assert "a" == stage.send().endpoint
    assert "half-open" == stage.endpoints["a"].state()["breaker"]


def test_no_probe_while_somebody_can_serve() -> None:
    """An open circuit is let be as long as another endpoint is well, or full."""
    stage = Stage(
        {"a": [reply()], "b": [reply()]},
        endpoints={"b": {"max_in_flight": 1}},
        when_saturated="fail",
    )
    trip(stage, "a")
    stage.clock.now += 1
    stage.send()
    hold(stage, "b", 1)

    with pytest.raises(Saturated):
        stage.send()

    assert (0, 1) == (stage.calls("a"), stage.calls("b"))


def test_refused_keys_are_nothing_to_wait_for() -> None:
    """Until somebody restores them, or a call a minute later finds them good."""
    stage = Stage({"a": [status(401), reply()]})

    with pytest.raises(NoEndpoint, match="mend its key") as caught:
        stage.send()
    stage.clock.now += 59
    with pytest.raises(NoEndpoint):
        stage.send()
    stage.endpoints["a"].restore()

    assert None is caught.value.retry_after_s
    assert Verdict.DENIED is caught.value.verdict
    assert "a" == stage.send().endpoint


# Policies of the user's.


def test_a_policy_may_be_any_callable() -> None:
    """It is given the candidates and the request."""
    seen = []

    def last(candidates: Any, asked: Any) -> Any:
        seen.append(([c.name for c in candidates], asked.model))
        return candidates[-1]

    stage = Stage({"a": [reply()], "b": [reply()]}, policy=last)

    assert "b" == stage.send().endpoint
    assert [(["a", "b"], MODEL)] == seen


def test_a_policy_that_returns_a_stranger_is_told_so() -> None:
    """And no slot is lost."""
    stage = Stage({"a": [reply()], "b": [reply()]}, policy=lambda c, r: "me")

    with pytest.raises(LocalError, match="'me', which is none of its candidates"):
        stage.send()

    assert 0 == stage.in_flight()


def test_a_policy_that_raises_ends_in_an_error_of_ours() -> None:
    """With its own as the cause."""

    def broken(candidates: Any, asked: Any) -> Any:
        raise ZeroDivisionError("oops")

    stage = Stage({"a": [reply()], "b": [reply()]}, policy=broken)

    with pytest.raises(LocalError, match="the policy failed: ZeroDivisionError") as e:
        stage.send()

    assert isinstance(e.value.__cause__, ZeroDivisionError)
    assert 0 == stage.in_flight()


@pytest.mark.parametrize(
    "policy", ["p2c", "round_robin", "weighted", "least_in_flight", "cheapest"]
)
def test_every_policy_serves(policy: str) -> None:
    """Over three endpoints one of which is dead."""
    stage = Stage({"a": DEAD, "b": [reply()], "c": [reply()]}, policy=policy)

    assert {"b", "c"} == {stage.send().endpoint for _ in range(40)}


# Models.


def test_an_unknown_model_is_refused_with_a_guess() -> None:
    """Before any endpoint is asked."""
    stage = Stage({"a": [reply()]})

    with pytest.raises(RequestError, match=r'did you mean "gpt-4\.1"\?') as caught:
        stage.send(model="gpt-4.2")

    assert "unknown_model" == caught.value.code
    assert 0 == stage.calls("a")


def test_a_wildcard_takes_any_model() -> None:
    """An endpoint that lists a model and one that takes any share it."""
    stage = Stage(
        {"any": [reply()], "listed": [reply()]},
        endpoints={"any": {"models": {"*": "*"}}},
        policy="round_robin",
    )

    assert {"any", "listed"} == {stage.send().endpoint for _ in range(4)}
    assert {"any"} == {stage.send(model="new").endpoint for _ in range(4)}


def test_a_model_is_renamed_for_its_upstream() -> None:
    """And the reply bears the caller's name for it."""
    stage = Stage({"a": [reply()]}, endpoints={"a": {"models": {MODEL: "my-own"}}})

    answer = stage.send()

    assert "my-own" == json.loads(stage.transports["a"].bodies[0])["model"]
    assert MODEL == answer.model


def test_a_request_is_written_once_for_all_its_attempts() -> None:
    """The very same bytes go out each time."""
    stage = Stage({"a": DEAD, "b": [reply()]})

    stage.send()

    assert stage.transports["a"].bodies[0] is stage.transports["b"].bodies[0]


def test_a_request_over_the_cap_takes_no_slot() -> None:
    """Nor a request of the rate limit."""
    stage = Stage({"a": [reply()]}, endpoints={"a": {"rpm": 1}}, max_request_bytes=1000)

    with pytest.raises(RequestError) as caught:
        stage.send(messages=({"role": "user", "content": "x" * 1000},))

    assert "request_too_large" == caught.value.code
    assert 0 == stage.in_flight()
    assert "a" == stage.send().endpoint


def test_what_is_no_json_takes_no_slot() -> None:
    """And is the caller's fault."""
    stage = Stage({"a": [reply()]})

    with pytest.raises(RequestError) as caught:
        stage.send(options={"seed": object()})

    assert "not_json" == caught.value.code
    assert 0 == stage.in_flight()


# Giving up, and what is left behind.


def test_a_waiting_call_can_be_given_up() -> None:
    """Closing the client ends it, and leaves no one in line."""
    stage = Stage({"a": [reply()]}, endpoints={"a": {"max_in_flight": 1}})
    hold(stage, "a", 1)
    stage.clock.call_at(stage.clock.now + 5, lambda: setattr(stage, "given_up", True))

    with pytest.raises(ClientClosed):
        stage.send()

    assert 0 == stage.balancer.queued()


def test_a_backoff_can_be_given_up() -> None:
    """The same while a call waits to go back to an endpoint."""
    stage = Stage({"a": DEAD})
    stage.clock.call_at(stage.clock.now, lambda: setattr(stage, "given_up", True))

    with pytest.raises(ClientClosed):
        stage.send()

    assert 1 == stage.calls("a")


def test_what_nobody_foresaw_still_frees_the_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An interrupt in the middle of an exchange, say."""
    stage = Stage({"a": [reply()]})

    def interrupted(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.transports["a"], "exchange", interrupted)

    with pytest.raises(KeyboardInterrupt):
        stage.send()

    assert 0 == stage.in_flight()


class Options(dict[str, Any]):
    """A dict that can be watched."""


@pytest.mark.parametrize("code", [200, 400, 401, 500])
def test_no_prompt_outlives_its_call(code: int) -> None:
    """Neither tenacity nor pybreaker may hold one until a garbage collection."""
    step = reply() if code == 200 else status(code)
    stage = Stage({"a": [step]})
    gc.collect()
    gc.disable()
    try:
        options = Options(temperature=0)
        watched = weakref.ref(options)
        with contextlib.suppress(RequestError, RetriesExhausted, NoEndpoint):
            stage.send(options=options)
        del options
        assert None is watched()
    finally:
        gc.enable()


# An endpoint without the model.

NO_MODEL = Step(
    Response(404, {}, b'{"error": {"message": "no", "code": "model_not_found"}}')
)


def test_a_model_that_one_endpoint_lacks_is_asked_of_another() -> None:
    """And not of the first again for a moment."""
    stage = Stage({"a": [NO_MODEL], "b": [reply()]})

    first, second = stage.send(), stage.send()

    assert (["a", "b"], ["b"]) == (names(stage, first), names(stage, second))
    assert [] == stage.clock.waits


def test_a_model_that_all_endpoints_lack_is_the_callers_mistake() -> None:
    """Each is asked once, and for a moment not at all."""
    stage = Stage({"a": [NO_MODEL], "b": [NO_MODEL]})

    for _ in range(2):
        with pytest.raises(RequestError) as caught:
            stage.send()

    assert Verdict.NO_MODEL is caught.value.verdict
    assert (1, 1) == (stage.calls("a"), stage.calls("b"))


def test_rejecting_all_at_once_attracts_no_calls() -> None:
    """An endpoint that answers 404 in no time does not look fast."""
    stage = Stage({"a": [status(404)], "b": [reply(takes=0.1)]}, policy="p2c")
    rejected = 0

    for _ in range(40):
        with contextlib.suppress(RequestError):
            stage.send()
            continue
        rejected += 1

    assert rejected <= 2


# Silence.


def test_an_endpoint_that_hangs_is_left_by_and_by() -> None:
    """It used to answer in a second, and lets five callers' deadlines pass."""
    tiers = {"b": {"priority": 1}}
    stage = Stage({"a": [reply(takes=1.0), reply(takes=1e6)], "b": [reply()]}, tiers)
    stage.send()

    for _ in range(5):
        with pytest.raises(DeadlineExceeded):
            stage.send(timeout_s=5.0)

    assert "b" == stage.send(timeout_s=5.0).endpoint


@pytest.mark.parametrize("timeout_s", [0.5, 2.0])
def test_a_callers_haste_blames_nobody(timeout_s: float) -> None:
    """A deadline below three times what is usual, or below a second, says nothing."""
    stage = Stage({"a": [reply(takes=1.0), reply(takes=1e6)]})
    stage.send()

    for _ in range(20):
        with pytest.raises(DeadlineExceeded):
            stage.send(timeout_s=timeout_s)

    assert "closed" == stage.endpoints["a"].state()["breaker"]


def test_nothing_is_usual_before_the_first_answer() -> None:
    """A model that has not answered yet may need longer than callers would like."""
    stage = Stage({"a": [reply(takes=1e6)]})

    for _ in range(20):
        with pytest.raises(DeadlineExceeded):
            stage.send(timeout_s=20.0)

    assert "closed" == stage.endpoints["a"].state()["breaker"]


@pytest.mark.parametrize(("takes", "state"), [(0.5, "closed"), (1.5, "open")])
def test_connecting_up_to_the_deadline(takes: float, state: str) -> None:
    """Longer than a second, it is the endpoint that cannot be reached."""
    stage = Stage({"a": [fault(Fault.UNREACHABLE, takes=takes)]})

    for _ in range(5):
        with pytest.raises(DeadlineExceeded):
            stage.send(timeout_s=takes)

    assert state == stage.endpoints["a"].state()["breaker"]


# Patience.


def test_a_patient_call_waits_out_an_outage() -> None:
    """It tries once a second, where another call would fail at once."""
    stage = Stage({"a": [*[status(500)] * 7, reply()]}, max_attempts=9)
    trip(stage, "a")
    with pytest.raises(NoEndpoint):
        stage.send()

    answer = stage.send(is_patient=True)

    assert "a" == answer.endpoint
    assert 8 == len(answer.attempts)


def test_a_patient_call_does_not_wait_for_a_key_to_be_mended() -> None:
    """Nobody knows when that will be."""
    stage = Stage({"a": [status(401)]})

    with pytest.raises(NoEndpoint):
        stage.send(is_patient=True)

    assert [] == stage.clock.waits


def test_a_patient_call_waits_for_room_as_long_as_it_takes() -> None:
    """Its time begins when there is some, where another call would be refused."""
    stage = Stage({"a": [reply(), reply(takes=4.0), reply()]}, {"a": {"rpm": 1.0}})
    stage.send()
    with pytest.raises(Saturated):
        stage.send(timeout_s=5.0)

    answer = stage.send(timeout_s=5.0, is_patient=True)

    assert "a" == answer.endpoint
    assert 64.0 == pytest.approx(answer.latency_s, abs=0.1)


def test_a_patient_call_does_not_wait_out_an_outage_for_ever() -> None:
    """An outage is what its time is for."""
    stage = Stage({"a": [status(500)]}, max_attempts=99)
    trip(stage, "a")
    began = stage.clock.now

    with pytest.raises((NoEndpoint, DeadlineExceeded)):
        stage.send(timeout_s=5.0, is_patient=True)

    assert stage.clock.now - began <= 5.0


def test_a_patient_call_counts_an_outage_from_its_beginning() -> None:
    """Having waited for room for long, it does not fail at the first sign of one."""
    stage = Stage({"a": [*[status(500)] * 2, reply()]}, max_attempts=9)
    trip(stage, "a")
    line = stage.balancer.pools.of_model(MODEL).patient_line
    line.served_at = stage.clock.now
    asked = request(timeout_s=5.0)

    answer = stage.balancer.send(asked, stage.clock.now - 4.9, is_patient=True)

    assert "a" == answer.endpoint


def test_a_short_timeout_does_not_keep_a_patient_call_from_waiting() -> None:
    """However short it is beside the wait."""
    stage = Stage({"a": [reply(), reply()]}, {"a": {"rpm": 1.0}})
    stage.send()

    answer = stage.send(timeout_s=0.5, is_patient=True)

    assert "a" == answer.endpoint


def test_a_half_open_circuit_is_no_service() -> None:
    """Trials of a dead endpoint do not keep those in line waiting for ever."""
    stage = Stage({"a": [status(500)]}, max_attempts=99)
    trip(stage, "a")
    began = stage.clock.now
    stage.clock.now += 31.0

    with pytest.raises((NoEndpoint, DeadlineExceeded, RetriesExhausted)):
        stage.send(timeout_s=5.0, is_patient=True)

    assert stage.clock.now - began <= 36.0


def test_nobody_waits_behind_a_batch_that_waits_out_an_outage() -> None:
    """A call that is in a hurry fails at once, however many patient ones stand."""
    stage = Stage({"a": [status(500)]})
    trip(stage, "a")
    pool = stage.balancer.pools.of_model(MODEL)
    pool.patient_line.join(Place(pool.patient_line, stage.runtime))

    with pytest.raises(NoEndpoint):
        stage.send()

    assert [] == stage.clock.waits
    assert 1 == stage.balancer.queued()


def test_what_a_hasty_call_never_sent_costs_no_request() -> None:
    """Its deadline came while connecting: the reservation is given back."""
    limits = {"a": {"rpm": 50.0}}
    script = [fault(Fault.UNREACHABLE, takes=0.5), reply()]
    stage = Stage({"a": script}, limits)
    with pytest.raises(DeadlineExceeded):
        stage.send(timeout_s=0.5)

    stage.send()

    assert [] == stage.clock.waits


def test_no_bound_on_the_answer_reserves_the_usual() -> None:
    """As llama.cpp says with -1; it must not lower what the prompt needs."""
    stage = Stage({"a": [reply()]}, {"a": {"tpm": 10_000.0}})
    pool = stage.balancer.pools.of_model(MODEL)
    asked = request(options={"max_tokens": -1})
    trail = Trail(asked, Legs(lambda _: Leg(asked, MODEL, pool)), stage.clock.now)

    ask = trail.ask_of(stage.endpoints["a"], Written("", b"x" * 400))

    assert 100 + 256 == ask.tokens


def test_a_closed_client_tells_what_was_tried() -> None:
    """One attempt had failed when the next was no longer wanted."""
    stage = Stage({"a": [status(500)]})
    stage.given_up = True

    with pytest.raises(ClientClosed) as caught:
        stage.send()

    assert ["a"] == names(stage, caught.value)
