"""Calls and money: who waits for it, who gets it, and what a failed attempt costs."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest

from holybalance.balancing.admission import AWAIT_S
from holybalance.balancing.lease import Lease
from holybalance.balancing.line import Place
from holybalance.budgeting.account import Account
from holybalance.budgeting.ledger import Hold, Ledger
from holybalance.config import BudgetConfig, Card, Price
from holybalance.errors import BudgetExceeded, CallError, DeadlineExceeded, Saturated
from holybalance.messages import Fault, Verdict
from tests.unit.stubs import MODEL, Stage, Step, ask, fault, reply, request, status

# Each answer costs what its 10 + 5 tokens come to; each may cost what 10,000 do.
PRICE = Price(input=0.0, output=1_000.0)
COST, WORST = 0.005, 10.0
CARD = Card(name=MODEL, max_output=10_000)


def stage_of(
    *steps: Step, limit_usd: float = 15.0, scope: str = "all", **given: Any
) -> Stage:
    """Endpoints a and b, whose calls have a price, under one budget."""
    names = given.pop("names", ("a",))
    return Stage(
        {name: list(steps) for name in names},
        endpoints={
            name: {"prices": {MODEL: PRICE}, **given.pop(name, {})} for name in names
        },
        budgets=[
            BudgetConfig(name="b", limit_usd=limit_usd, window="total", scope=scope)
        ],
        catalog={MODEL: CARD},
        **given,
    )


def under_way(stage: Stage, worst_usd: float) -> Hold:
    """Hold money, as a call under way does."""
    for _ in range(2):
        hold = Hold(stage.ledger, worst_usd)
        if hold.take(MODEL, "a", ()) is None:
            return hold
        assert stage.exchange.round()
    raise AssertionError("there is none")


def test_a_call_pays_what_it_cost() -> None:
    """And holds nothing afterwards."""
    stage = stage_of(reply())

    answer = stage.send()

    assert COST == pytest.approx(answer.cost_usd)
    assert (COST, 0.0) == pytest.approx(stage.money("b"))
    assert 0 == stage.in_flight()


def test_the_first_call_waits_for_the_store_and_no_longer() -> None:
    """A millisecond here."""
    assert stage_of(reply()).send().latency_s <= 0.01


@pytest.mark.parametrize(
    ("step", "spent_usd"),
    [
        (status(400), 0.0),
        (status(401), 0.0),
        (status(429), 0.0),
        (status(500), 0.0),
        (fault(Fault.UNREACHABLE), 0.0),
        (fault(Fault.BROKEN), 0.0),
        (fault(Fault.LOCAL), 0.0),
        (fault(Fault.NO_ANSWER), WORST),
        (fault(Fault.CUT), WORST),
        (fault(Fault.GARBLED), WORST),
        (fault(Fault.GIVEN_UP), WORST),
        (reply(takes=100.0), WORST),
        (reply(tokens=None), WORST),
    ],
)
def test_what_an_attempt_costs(step: Step, spent_usd: float) -> None:
    """Nothing where nothing was done; all it may have where nobody knows."""
    stage = stage_of(step, max_attempts=1)

    with contextlib.suppress(CallError):
        stage.send(timeout_s=30.0)

    assert (spent_usd, 0.0) == stage.money("b")
    assert 0 == stage.in_flight()


def test_a_deadline_while_connecting_costs_nothing() -> None:
    """Nothing was sent."""
    stage = stage_of(fault(Fault.UNREACHABLE, takes=0.5), max_attempts=1)

    with pytest.raises(CallError):
        stage.send(timeout_s=0.4)

    assert (0.0, 0.0) == stage.money("b")


def test_each_attempt_is_paid() -> None:
    """One that was lost may have been charged as well."""
    stage = stage_of(fault(Fault.NO_ANSWER), reply(), limit_usd=25.0, names=("a", "b"))
    stage.transports["b"].script.pop(0)

    stage.send()

    assert WORST + COST == pytest.approx(stage.money("b")[0])


def test_a_call_without_money_is_refused() -> None:
    """At once, with what was tried before; nothing is sent."""
    stage = stage_of(reply(), limit_usd=9.0)

    with pytest.raises(BudgetExceeded) as caught:
        stage.send()

    assert ("b", 9.0, WORST) == (
        caught.value.budget,
        caught.value.limit_usd,
        caught.value.needed_usd,
    )
    assert Verdict.BUDGET is caught.value.verdict
    assert (0, ()) == (stage.calls("a"), caught.value.attempts)
    assert 0 == stage.balancer.queued()


def test_a_second_attempt_without_money() -> None:
    """The error lists the first one."""
    stage = stage_of(fault(Fault.NO_ANSWER), limit_usd=15.0)

    with pytest.raises(BudgetExceeded) as caught:
        stage.send()

    assert [Verdict.LOST] == [attempt.verdict for attempt in caught.value.attempts]


def test_an_unknown_price_is_refused() -> None:
    """A budget cannot be kept with it."""
    stage = Stage({"a": [reply()]}, budgets=[BudgetConfig(name="b", limit_usd=1.0)])

    with pytest.raises(BudgetExceeded, match='its price at "a" is not known'):
        stage.send()


def test_a_call_waits_for_money_that_is_held() -> None:
    """And goes on as soon as what is under way turns out to be cheaper."""
    stage = stage_of(reply())
    hold = under_way(stage, WORST)
    stage.clock.call_at(stage.clock.now + 3, lambda: hold.settle(COST))

    answer = stage.send()

    assert 3.0 <= answer.latency_s <= 3.3
    assert 2 * COST == pytest.approx(stage.money("b")[0])


def test_a_call_is_woken_by_one_that_ends() -> None:
    """Not only with its next look."""
    stage = stage_of(reply())
    lease = Lease(stage.endpoints["a"], ask(MODEL))
    assert lease.take() is None
    lease.hold = under_way(stage, WORST)
    stage.clock.call_at(stage.clock.now + 3.01, lease.end)

    assert 3.01 == pytest.approx(stage.send().latency_s, abs=0.01)


def test_a_call_stops_waiting_when_what_was_held_is_spent() -> None:
    """Then there will be none."""
    stage = stage_of(reply())
    hold = under_way(stage, WORST)
    stage.clock.call_at(stage.clock.now + 3, lambda: hold.settle(None))
    began = stage.clock.now

    with pytest.raises(BudgetExceeded):
        stage.send()

    assert 3.0 <= stage.clock.now - began <= 3.3


def test_the_deadline_while_waiting_for_money() -> None:
    """To the instant, with the budget's name; and nobody is left in the line."""
    stage = stage_of(reply())
    under_way(stage, WORST)
    began = stage.clock.now

    with pytest.raises(BudgetExceeded, match="held for calls under way"):
        stage.send(timeout_s=7.0)

    assert began + 7 == stage.clock.now
    assert 0 == stage.balancer.queued()


def test_waiting_for_money_is_no_storm() -> None:
    """The store is asked some four times a second."""
    stage = stage_of(reply())
    under_way(stage, WORST)
    before = stage.store.tries

    with pytest.raises(BudgetExceeded):
        stage.send(timeout_s=10.0)

    assert stage.store.tries - before <= 60


def test_a_call_that_is_not_to_wait() -> None:
    """Waits for the store's word, but not for other calls."""
    stage = stage_of(reply(), when_saturated="fail")
    stage.send()
    under_way(stage, WORST)
    began = stage.clock.now

    with pytest.raises((BudgetExceeded, Saturated)):
        stage.send()

    assert stage.clock.now - began <= AWAIT_S + 0.3


def test_each_attempt_may_wait_for_the_store() -> None:
    """However long the one before it took."""
    stage = stage_of(
        fault(Fault.NO_ANSWER, takes=5.0),
        reply(),
        limit_usd=25.0,
        when_saturated="fail",
    )
    # Of what there is, another call holds some just when the second attempt asks.
    holds: list[Hold] = []

    def take_all(*arguments: Any) -> Any:
        if not holds:
            holds.append(under_way(stage, 10.0))
            stage.clock.call_at(stage.clock.now + 5.2, lambda: holds[0].settle(0.0))
        return exchange(*arguments)

    exchange = stage.transports["a"].exchange
    stage.transports["a"].exchange = take_all  # type: ignore[assignment, method-assign]  # to look in

    assert [Verdict.LOST, Verdict.OK] == [a.verdict for a in stage.send().attempts]


def test_an_endpoints_budget_sends_calls_to_another() -> None:
    """At once, and for as long as it has no room."""
    stage = stage_of(reply(), limit_usd=9.0, scope="endpoint:a", names=("a", "b"))

    assert ["b", "b"] == [stage.send().endpoint for _ in range(2)]
    assert (0, None) == (stage.calls("a"), stage.money("b")[0])


def test_a_tags_budget_is_for_its_calls() -> None:
    """Others have as much as they like."""
    stage = stage_of(reply(), limit_usd=9.0, scope="tag:dear")

    assert "a" == stage.send().endpoint
    with pytest.raises(BudgetExceeded):
        stage.send(tags=("dear",))


def test_money_is_free_again_where_the_endpoint_has_no_slot() -> None:
    """Else who waits for a slot would keep others waiting for money."""
    stage = stage_of(reply(), a={"max_in_flight": 1})
    stage.send()
    lease = Lease(stage.endpoints["a"], ask(MODEL))
    assert lease.take() is None

    with pytest.raises(DeadlineExceeded):
        stage.send(timeout_s=5.0)

    assert (COST, 0.0) == pytest.approx(stage.money("b"))


def test_a_patient_call_without_money_does_not_wait() -> None:
    """No outage ends that."""
    stage = stage_of(reply(), limit_usd=9.0)

    with pytest.raises(BudgetExceeded):
        stage.send(is_patient=True)


def test_an_endpoint_without_money_is_no_service() -> None:
    """In an outage of all others, patient calls in line are not put off by it."""
    stage = stage_of(
        status(500), limit_usd=9.0, scope="endpoint:a", names=("a", "b"), max_attempts=1
    )
    for _ in range(5):
        with pytest.raises(CallError):
            stage.send()
    assert "open" == stage.endpoints["b"].circuit
    assert stage.exchange.round()

    with pytest.raises(CallError):
        stage.send(is_patient=True)

    line = stage.balancer.pools.of_model(MODEL).patient_line
    assert -math.inf == line.served_at


def test_a_store_that_is_down() -> None:
    """Calls wait for some seconds, then fail; with its return they go on."""
    stage = stage_of(reply())
    stage.store.is_down = True
    began = stage.clock.now

    with pytest.raises(BudgetExceeded, match="out of reach") as caught:
        stage.send()
    assert 5.0 <= stage.clock.now - began <= 10.0
    assert None is caught.value.spent_usd

    stage.store.is_down = False
    stage.exchange.round()
    assert "a" == stage.send().endpoint


def test_a_store_that_comes_back_in_time() -> None:
    """The call has only waited."""
    stage = stage_of(reply())
    stage.store.is_down = True
    stage.clock.call_at(
        stage.clock.now + 3, lambda: setattr(stage.store, "is_down", False)
    )

    assert 3.0 <= stage.send().latency_s <= 6.0


class Interruption(BaseException):
    """What a signal handler may raise."""


@pytest.mark.parametrize(("is_sent", "spent_usd"), [(False, 0.0), (True, WORST)])
def test_an_interrupted_attempt(is_sent: bool, spent_usd: float) -> None:
    """Holds no slot and no money; once sent it may have cost all."""
    stage = stage_of(reply())

    def interrupt(*_arguments: Any, **_named: Any) -> Any:
        raise Interruption

    if is_sent:
        stage.transports["a"].exchange = interrupt  # type: ignore[method-assign]  # to interrupt
    else:
        stage.endpoints["a"].admit = interrupt  # type: ignore[method-assign]  # to interrupt

    with pytest.raises(Interruption):
        stage.balancer.send(request())

    assert (spent_usd, 0.0) == stage.money("b")
    assert 0 == stage.in_flight()


def test_the_first_choice_is_waited_for_while_the_store_is_asked() -> None:
    """That takes a millisecond; a reserve tier, or another model, is no better."""
    stage = stage_of(reply(), names=("a", "b"), b={"priority": 1}, scope="endpoint:a")

    assert ["a", "a"] == [stage.send().endpoint for _ in range(2)]
    assert 0 == stage.calls("b")


def test_a_store_that_is_silent_is_not_waited_for_long_where_others_have_room() -> None:
    """Half a second; then the reserve tier takes the call."""
    stage = stage_of(reply(), names=("a", "b"), b={"priority": 1}, scope="endpoint:a")
    stage.store.is_down = True

    answer = stage.send()

    assert "b" == answer.endpoint
    assert 0.5 == pytest.approx(answer.latency_s, abs=0.1)


def test_who_needs_much_keeps_nobody_from_what_suffices_for_them() -> None:
    """A small call goes ahead of a large one that has to wait."""
    stage = stage_of(reply(), limit_usd=WORST * 1.5)
    hold = under_way(stage, WORST)
    stage.clock.call_at(stage.clock.now + 5, lambda: hold.settle(0.0))
    line = stage.balancer.admission.money_lines["b"]
    large = Place(line, stage.runtime, 10**12)
    line.join(large)

    answer = stage.send()

    assert "a" == answer.endpoint
    line.leave(large)


def test_a_patient_call_waits_out_a_store_that_is_away() -> None:
    """A batch has time; another call fails, and says what is away."""
    stage = stage_of(reply())
    stage.send()
    under_way(stage, 1.0)
    stage.ledger._accounts["b"].free = 0
    stage.ledger.cut_off(stage.clock.now - 60)
    account = stage.ledger._accounts["b"]
    stage.clock.call_at(stage.clock.now + 200, lambda: _come_back(stage, account))

    with pytest.raises(BudgetExceeded, match="shared state is out of reach"):
        stage.send()
    assert "a" == stage.send(is_patient=True).endpoint


def _come_back(stage: Stage, account: Account) -> None:
    account.free = int(WORST * 1e9)
    stage.ledger.cut_off(None)


def test_options_that_change_the_price_make_it_unknown() -> None:
    """Neither held nor counted at what the plain call would cost."""
    stage = stage_of(reply())

    with pytest.raises(BudgetExceeded, match="an option of the call changes its price"):
        stage.send(options={"service_tier": "priority"})
    assert "a" == stage.send(options={"service_tier": "default"}).endpoint


def test_a_budget_of_a_model_is_of_all_its_names() -> None:
    """Else a call by another name would evade it."""
    ledger = Ledger(
        [BudgetConfig(name="b", limit_usd=1.0, scope="model:ours")],
        is_alone=True,
        ask_soon=lambda: None,
        kin=lambda name: "card" if name in ("ours", "theirs") else name,
    )

    assert ledger.lines((), "theirs") == ledger.lines((), "ours") != ()
    assert () == ledger.lines((), "other")


def test_money_is_not_held_for_what_cannot_be_answered_in_time() -> None:
    """It would be spent for nothing: nobody has ever answered in less than a second."""
    stage = stage_of(reply(takes=1.0))
    stage.send()
    hold = under_way(stage, WORST)
    stage.clock.call_at(stage.clock.now + 4.5, lambda: hold.settle(0.0))

    with pytest.raises(BudgetExceeded):
        stage.send(timeout_s=5.0)

    assert 1 == stage.calls("a")
