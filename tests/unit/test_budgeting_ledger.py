"""Money in one process: held in all budgets or in none, settled once, never made."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from holybalance.budgeting.ledger import PATIENCE_S, Hold, Ledger, Shortage
from holybalance.config import BudgetConfig
from holybalance.state.exchange import STALE_S
from tests.unit.stubs import Clock, Process, memory

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC).timestamp()
MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC).timestamp()


def budget(name: str = "b", limit_usd: float = 1.0, **changes: Any) -> BudgetConfig:
    """A budget of one US dollar in all."""
    return BudgetConfig(name=name, limit_usd=limit_usd, **{"window": "total"} | changes)


def process(*budgets: BudgetConfig) -> Process:
    """The only process at a store."""
    clock = Clock(NOON)
    return Process(memory(clock), clock, *(budgets or (budget(),)))


def short(held: Hold | Shortage) -> Shortage:
    """Expect that there is no money."""
    assert isinstance(held, Shortage)
    return held


# Holding and settling.


def test_no_money_before_the_store_has_answered() -> None:
    """The call may wait for that, and the store is asked at once."""
    alone = process()

    assert short(alone.hold(0.1)).may_end
    assert 1 == alone.asked
    assert alone.exchange.round()
    assert 1 == alone.woken
    assert isinstance(alone.hold(0.1), Hold)


@pytest.mark.parametrize(
    ("cost_usd", "spent_usd"), [(0.04, 0.04), (0.0, 0.0), (None, 0.1), (0.3, 0.3)]
)
def test_settling(cost_usd: float | None, spent_usd: float) -> None:
    """What it cost is spent; when that is unknown, all that was held."""
    alone = process()

    alone.held(0.1).settle(cost_usd)

    assert (spent_usd, 0.0) == alone.money("b")


def test_a_hold_is_settled_once() -> None:
    """What comes later changes nothing."""
    alone = process()
    hold = alone.held(0.1)

    for cost in (0.02, 0.05, None):
        hold.settle(cost)
    hold.close()

    assert (0.02, 0.0) == alone.money("b")


@pytest.mark.parametrize(("is_sent", "spent_usd"), [(False, 0.0), (True, 0.1)])
def test_a_hold_that_is_abandoned(is_sent: bool, spent_usd: float) -> None:
    """Free again before it was sent; after that it may have cost all."""
    alone = process()
    hold = alone.held(0.1)
    hold.is_sent = is_sent

    hold.close()

    assert (spent_usd, 0.0) == alone.money("b")


def test_a_call_that_costs_nothing_is_never_short() -> None:
    """Not even where an earlier one cost more than there was."""
    alone = process()
    alone.held(1.0).settle(1.5)

    assert isinstance(alone.hold(0.0), Hold)


def test_what_cost_more_than_held_is_paid_by_the_next() -> None:
    """It was spent, so it is counted."""
    alone = process()
    alone.held(0.1).settle(0.7)

    assert short(alone.hold(0.4)).may_end is False
    alone.held(0.3).settle(0.0)
    for _ in range(3):
        assert alone.exchange.round()
    other = Process(alone.store.store, alone.clock, budget())
    other.hold(0.1)
    assert other.exchange.round()
    assert 0.7 == other.money("b")[0]


# Which budgets.


@pytest.mark.parametrize(
    ("scope", "is_concerned"),
    [
        ("all", True),
        ("model:gpt-4.1", True),
        ("model:other", False),
        ("endpoint:one", True),
        ("endpoint:two", False),
        ("tag:web", True),
        ("tag:batch", False),
    ],
)
def test_scopes(scope: str, is_concerned: bool) -> None:
    """A budget counts the calls of its scope and no others."""
    alone = process(budget(scope=scope))

    alone.held(0.25, tags=("web", "eu")).settle(None)

    assert (0.25 if is_concerned else None) == alone.money("b")[0]


def test_in_all_budgets_or_in_none() -> None:
    """One without room keeps the others' money free."""
    alone = process(budget("wide"), budget("narrow", 0.05))
    alone.held(0.01).settle(0.01)

    shortage = short(alone.hold(0.1))

    assert ("narrow", False) == (shortage.account.budget.name, shortage.may_end)
    assert (0.01, 0.01) == (alone.money("wide")[0], alone.money("narrow")[0])
    assert 0 == sum(account.held for account in alone.ledger._accounts.values())


def test_two_budgets_are_asked_for_together() -> None:
    """What one has given is not given back before the other has given, too."""
    alone = process(budget("one"), budget("tagged", scope="tag:t"))
    alone.held(0.1, tags=("t",)).settle(0.0)
    for _ in range(40):
        alone.clock.now += 0.25
        alone.exchange.round()
    # Nothing is ahead by now; in one of them there is some again.
    alone.hold(0.1)
    alone.exchange.round()

    alone.held(0.1, tags=("t",)).settle(0.1)

    assert (0.1, 0.1) == (alone.money("one")[0], alone.money("tagged")[0])


# Shortages and their errors.


def test_exceeded_for_good() -> None:
    """The error names the budget, its amounts, and when it opens again."""
    alone = process(budget("daily", window="day"))
    alone.held(0.7).settle(0.7)

    shortage = short(alone.hold(0.4))
    error = alone.ledger.error(shortage)

    assert shortage.may_end is False
    assert ("daily", 1.0, 0.7, 0.0, 0.4) == (
        error.budget,
        error.limit_usd,
        error.spent_usd,
        error.reserved_usd,
        error.needed_usd,
    )
    assert dt.datetime(2026, 3, 2, tzinfo=dt.UTC) == error.opens_at
    assert '"daily"' in str(error)
    assert "2026-03-02 00:00 UTC" in str(error)


@pytest.mark.parametrize(
    ("limit_usd", "shown"), [(0.05, "0.05"), (1e-7, "0.0000001"), (1e-9, "0.000000001")]
)
def test_one_call_may_cost_more_than_all(limit_usd: float, shown: str) -> None:
    """No window ever has room for it, so none is promised, and none is waited for."""
    alone = process(budget("daily", limit_usd, window="day"))

    shortage = short(alone.hold(0.163857))
    error = alone.ledger.error(shortage)

    assert shortage.may_end is False
    assert error.opens_at is None
    assert (
        'the budget "daily" has no room: one such call may cost 0.163857 USD, more than'
        f" the whole budget of {shown} USD; bound its answer with max_tokens, or raise"
        " limit_usd"
    ) == str(error)


def test_amounts_have_no_powers_of_ten() -> None:
    """And no digits that say nothing."""
    alone = process(budget("daily", 2_000_000.0))
    alone.held(0.0000025).settle(0.0000025)
    alone.held(1_999_999.5).settle(1_999_999.5)

    message = str(alone.ledger.error(short(alone.hold(0.75))))

    assert (
        "of 2000000 USD 1999999.500002 are spent and 0 held for calls under way, and"
        " this one may cost 0.75"
    ) == message.partition("has no room: ")[2]


def test_exceeded_for_good_is_not_asked_for() -> None:
    """The store has said how much is spent, and that only grows."""
    alone = process()
    alone.held(1.0).settle(1.0)
    alone.exchange.round()
    before = alone.asked

    for _ in range(10):
        assert short(alone.hold(0.4)).may_end is False

    assert before == alone.asked


def test_held_by_calls_under_way() -> None:
    """Those may turn out to be cheaper, so one waits, and goes on when they do."""
    alone = process()
    under_way = alone.held(0.7)

    assert short(alone.hold(0.4)).may_end
    under_way.settle(0.1)

    assert isinstance(alone.held(0.4), Hold)


def test_an_unknown_price_is_refused() -> None:
    """And the error says what to set."""
    alone = process()

    shortage = short(alone.hold(None, model="odd"))

    assert shortage.may_end is False
    message = str(alone.ledger.error(shortage))
    assert '"b" cannot hold what a call of "odd" may cost: nobody knows why' == (
        message.removeprefix("the budget ")
    )


def test_an_unknown_price_without_a_budget_is_nobodys_concern() -> None:
    """Only who has a budget has to know."""
    assert isinstance(process(budget(scope="tag:t")).hold(None), Hold)


def test_one_large_call_does_not_keep_small_ones_waiting() -> None:
    """Each is given what there is for it."""
    clock = Clock(NOON)
    store = memory(clock)
    one, other = (Process(store, clock, budget()) for _ in range(2))
    other.held(0.5)
    one.hold(0.8)
    one.exchange.round()
    one.hold(0.8)
    one.hold(0.1)

    one.exchange.round()

    assert isinstance(one.hold(0.1), Hold)


def test_what_nobody_waits_for_any_more_is_not_asked_for() -> None:
    """Its call has gone; the others' needs count."""
    clock = Clock(NOON)
    store = memory(clock)
    one, other = (Process(store, clock, budget()) for _ in range(2))
    other.held(0.5)
    one.hold(0.5000001)
    one.exchange.round()
    one.exchange.round()

    assert 0 == one.store.heard[-1].claims[0].need


# Time.


def test_a_hold_from_before_midnight_is_spent_there() -> None:
    """And the new day begins with nothing spent."""
    alone = process(budget(window="day"))
    hold = alone.held(0.6)
    alone.clock.now = MIDNIGHT + 1

    assert (None, None) == alone.money("b")  # nobody has asked the store yet
    assert isinstance(alone.held(0.9), Hold)
    hold.settle(0.5)
    alone.exchange.round()
    alone.clock.now = MIDNIGHT - 1
    assert 0.5 == alone.money("b")[0]


def test_a_wall_clock_that_goes_back_and_forth() -> None:
    """Each day has its own account, and finds it again."""
    clock, wall = Clock(), Clock(NOON)
    alone = Process(memory(clock), clock, budget(window="day"), wall=wall)
    for _ in range(3):
        wall.now = NOON
        alone.held(0.1).settle(0.1)
        alone.exchange.round()
        wall.now = MIDNIGHT + 5
        alone.held(0.2).settle(0.2)
        alone.exchange.round()

    assert 0.6 == pytest.approx(alone.money("b")[0])
    wall.now = NOON
    alone.hold(0.1)
    alone.exchange.round()
    assert 0.3 == pytest.approx(alone.money("b")[0])


def test_closed_windows_are_forgotten() -> None:
    """Once all in them is reported."""
    alone = process(budget(window="hour"))
    for _ in range(5):
        alone.held(0.1).settle(0.1)
        alone.clock.now += 3600
    alone.held(0.1)
    alone.exchange.round()
    alone.exchange.round()

    assert 1 == len(alone.store.heard[-1].claims)


@pytest.mark.parametrize(
    ("window", "is_lasting"), [("total", True), ("month", False), ("hour", False)]
)
def test_a_budget_without_end_is_kept_without_end(
    window: str, is_lasting: bool
) -> None:
    """A store forgets the others."""
    alone = process(budget(window=window))
    alone.held(0.1)

    assert is_lasting is alone.store.heard[-1].claims[0].is_lasting


# A store that fails.


def test_without_the_store_what_is_held_is_spent_and_then_no_more() -> None:
    """For some seconds calls wait; then money fails closed, until the store is back."""
    alone = process()
    alone.held(0.3).settle(0.0)
    alone.store.is_down = True
    assert isinstance(alone.hold(0.3), Hold)
    for _ in range(2):
        alone.exchange.round()
        alone.clock.now += STALE_S

    assert short(alone.hold(0.3)).may_end
    alone.clock.now += PATIENCE_S
    shortage = short(alone.hold(0.3))
    assert shortage.may_end is False
    assert "out of reach" in str(alone.ledger.error(shortage))

    alone.store.is_down = False
    assert alone.exchange.round()
    assert short(alone.hold(0.3)).may_end
    assert alone.exchange.round()
    assert isinstance(alone.hold(0.3), Hold)


def test_an_answer_that_was_lost_is_asked_for_again() -> None:
    """What it gave is had once."""
    alone = process()
    alone.hold(0.3)
    alone.store.loses = 1

    assert not alone.exchange.round()
    assert short(alone.hold(0.3)).may_end
    assert alone.exchange.round()

    assert isinstance(alone.hold(0.3), Hold)
    first, again = alone.store.heard
    assert first is again
    assert 0.3 == pytest.approx(alone.money("b")[1])


def test_money_that_was_written_off_is_not_had_twice() -> None:
    """A process that was silent for too long begins anew, even while it is given."""
    clock = Clock(NOON)
    store = memory(clock)
    one, other = (Process(store, clock, budget()) for _ in range(2))
    one.held(0.4).settle(0.0)
    assert 0 < one.ledger._accounts["b"].free
    clock.now += 11
    other.held(0.01)  # whoever comes buries the dead
    one.hold(0.45)
    one.exchange.round()

    account = one.ledger._accounts["b"]
    assert account.free == account._stored.mine
    assert isinstance(one.hold(0.45), Hold)
    assert isinstance(one.hold(0.2), Shortage)


def test_what_was_given_to_a_process_that_was_written_off_is_not_lost() -> None:
    """It may use that, and gives back what it does not need."""
    clock = Clock(NOON)
    store = memory(clock)
    one, other = (Process(store, clock, budget()) for _ in range(2))
    one.held(0.1)
    clock.now += 11
    other.held(0.01).settle(0.0)
    one.hold(0.3)
    one.exchange.round()
    given = one.hold(0.3)
    assert isinstance(given, Hold)
    given.settle(0.0)
    for _ in range(2):
        one.exchange.round()
    for each in (one, other):
        each.leave()

    third = Process(store, clock, budget())
    third.hold(0.1)
    third.exchange.round()
    assert 0.1 == pytest.approx(third.money("b")[0])


# Alone.


def test_alone_all_of_it_is_drawn_at_once() -> None:
    """And the store is not asked again and again as it runs low."""
    clock = Clock(NOON)
    asked: list[int] = []
    ledger = Ledger(
        [budget()], is_alone=True, ask_soon=lambda: asked.append(1), wall=clock
    )
    made = Process(memory(clock), clock)
    made.exchange.spend_by(ledger)
    Hold(ledger, 0.01).take("m", "one", ())
    made.exchange.round()
    asked.clear()

    for _ in range(90):
        hold = Hold(ledger, 0.01)
        assert hold.take("m", "one", ()) is None
        hold.settle(0.01)
        if asked:
            made.exchange.round()

    assert len(asked) <= 2


# What others ask of it.


def test_refusal() -> None:
    """The router hears early of a call that will find no money."""
    alone = process()
    assert alone.ledger.refusal("m", (), 1.0) is None  # nothing is known yet
    assert alone.ledger.refusal("m", (), 1.1) is not None  # but this is
    alone.held(0.7).settle(0.7)

    assert alone.ledger.refusal("m", (), 0.3) is None
    error = alone.ledger.refusal("m", (), 0.4)
    assert error is not None
    assert ("b", 0.4) == (error.budget, error.needed_usd)


def test_economy() -> None:
    """From a share of the limit on that is spent; what is held may come back."""
    alone = process(budget(on_exceed="cheapest", economy_at=0.5))
    hold = alone.held(0.9)
    assert alone.ledger.economy(()) is None

    hold.settle(0.51)

    assert "b" == alone.ledger.economy(())


def test_nothing_is_held_when_all_is_given_back() -> None:
    """Then the exchange may rest."""
    alone = process()
    assert not alone.ledger.is_holding()
    alone.held(0.2).settle(0.1)
    assert alone.ledger.is_holding()
    for _ in range(60):
        alone.clock.now += 0.25
        alone.exchange.round()

    assert not alone.ledger.is_holding()


@pytest.mark.parametrize("is_leaving", [False, True])
def test_an_answer_that_is_dearer_than_it_could_be_counts_in_full(
    is_leaving: bool,
) -> None:
    """Also where the limit has no room for it, and where the process ends at once."""
    clock = Clock()
    store = memory(clock)
    one = Process(store, clock, budget(limit_usd=1.0))
    one.held(0.1).settle(3.0)
    if is_leaving:
        one.leave()
    else:
        one.exchange.round()

    other = Process(store, clock, budget(limit_usd=1.0))
    other.hold(0.1)
    other.exchange.round()

    assert 3.0 == other.money("b")[0]
    assert not short(other.hold(0.1)).may_end
