"""Money of several processes in any order of calls, deaths and failures of a store."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from holybalance.budgeting.ledger import Hold
from holybalance.config import BudgetConfig, nano_of, usd_of
from holybalance.state.store import Claim, News, Store
from tests.unit.stubs import Clock, Process, memory

LIMITS = {"whole": 100, "tagged": 60}
BUDGETS = (
    BudgetConfig(name="whole", limit_usd=usd_of(100), window="total"),
    BudgetConfig(name="tagged", limit_usd=usd_of(60), window="total", scope="tag:t"),
)
SLOTS = 3
SLOT = st.integers(0, SLOTS - 1)
AMOUNT = st.integers(1, 50)


class Machine(RuleBasedStateMachine):
    """
    Processes call an upstream that charges what a call costs, up to its worst case.

    Args:
        is_calm: nobody dies or is silent for long, so that no money may be lost.
    """

    is_calm = False

    @initialize()
    def begin(self) -> None:
        """Open the store, and three processes at it."""
        self.clock = Clock()
        self.store = memory(self.clock)
        self.charged = dict.fromkeys(LIMITS, 0)
        self.processes = [self.another() for _ in range(SLOTS)]
        self.under_way: list[list[Hold]] = [[] for _ in range(SLOTS)]

    def another(self) -> Process:
        """Begin a process."""
        return Process(self.store, self.clock, *BUDGETS)

    @rule(slot=SLOT, worst=AMOUNT, is_tagged=st.booleans())
    def call(self, slot: int, worst: int, is_tagged: bool) -> None:
        """Begin an attempt where there is money for it."""
        tags = ("t",) if is_tagged else ()
        held = self.processes[slot].hold(usd_of(worst), tags=tags)
        if isinstance(held, Hold):
            self.under_way[slot].append(held)

    @rule(slot=SLOT, share=st.floats(0, 1), is_known=st.booleans())
    def end(self, slot: int, share: float, is_known: bool) -> None:
        """End an attempt; the upstream charges for it, and may not say how much."""
        if self.under_way[slot]:
            hold = self.under_way[slot].pop()
            cost = int(share * hold.amount)
            self.charge(hold, cost)
            hold.settle(usd_of(cost) if is_known or self.is_calm else None)

    @rule(slot=SLOT)
    def abandon(self, slot: int) -> None:
        """End an attempt that was never sent."""
        if self.under_way[slot]:
            self.under_way[slot].pop(0).close()

    @rule(slot=SLOT)
    def exchange(self, slot: int) -> None:
        """Hear from the store, if it can be heard."""
        self.processes[slot].exchange.round()

    @rule(slot=SLOT, is_down=st.booleans())
    def cut_off(self, slot: int, is_down: bool) -> None:
        """Cut the way to the store, or mend it."""
        self.processes[slot].store.is_down = is_down

    @rule(slot=SLOT)
    def lose_an_answer(self, slot: int) -> None:
        """The next exchange is made, and the process does not hear of it."""
        self.processes[slot].store.loses = 1

    @rule(seconds=st.sampled_from((0.1, 1.0, 4.0)))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
        if self.is_calm:
            self.everybody_is_heard()

    @precondition(lambda self: not self.is_calm)
    @rule()
    def wait_for_long(self) -> None:
        """Whoever is not heard of meanwhile is taken for dead."""
        self.clock.now += 11

    @precondition(lambda self: not self.is_calm)
    @rule(slot=SLOT, share=st.floats(0, 1))
    def die(self, slot: int, share: float) -> None:
        """Attempts under way are charged; nobody says so."""
        for hold in self.under_way[slot]:
            self.charge(hold, int(share * hold.amount))
        self.under_way[slot] = []
        self.processes[slot] = self.another()

    @rule(slot=SLOT)
    def leave(self, slot: int) -> None:
        """End in good order; a store that is down does not hear of it."""
        process = self.processes[slot]
        if self.is_calm:
            self.settle_all(slot)
            process.store.is_down, process.store.loses = False, 0
        process.leave()
        for hold in self.under_way[slot]:
            self.charge(hold, hold.amount)
        self.under_way[slot] = []
        self.processes[slot] = self.another()

    def charge(self, hold: Hold, cost: int) -> None:
        """Charge an attempt, to those budgets in which it was held."""
        for account in hold.accounts:
            self.charged[account.budget.name] += cost

    def settle_all(self, slot: int) -> None:
        """End all attempts of a process, for half of what they might have cost."""
        while self.under_way[slot]:
            hold = self.under_way[slot].pop()
            self.charge(hold, hold.amount // 2)
            hold.settle(usd_of(hold.amount // 2))

    def everybody_is_heard(self) -> None:
        """Nobody is silent for so long that it is taken for dead."""
        for process in self.processes:
            process.store.is_down, process.store.loses = False, 0
            assert process.exchange.round()

    @precondition(lambda self: hasattr(self, "store"))
    @invariant()
    def no_limit_is_exceeded(self) -> None:
        """What is charged and what may be is within each limit."""
        for name, limit in LIMITS.items():
            may_be = sum(
                hold.amount
                for holds in self.under_way
                for hold in holds
                if any(account.budget.name == name for account in hold.accounts)
            )
            assert self.charged[name] + may_be <= limit

    def teardown(self) -> None:
        """Once all have left in good order, what was charged is what is spent."""
        if not hasattr(self, "store"):
            return
        for slot, process in enumerate(self.processes):
            process.store.is_down, process.store.loses = False, 0
            self.settle_all(slot)
            process.leave()
        self.clock.now += 11  # now the dead are known to be
        for name, (spent, held) in levels(self.store).items():
            assert 0 == held
            assert self.charged[name] <= spent <= LIMITS[name]
            if self.is_calm:
                assert self.charged[name] == spent


def levels(store: Store) -> dict[str, tuple[int, int]]:
    """Look at what is spent and held, in nano-dollars."""
    claims = tuple(Claim(f"{name}\ntotal", limit) for name, limit in LIMITS.items())
    answer = store.exchange(News("", 0, claims=claims))
    figures = ((account.spent, account.held) for account in answer.accounts)
    return dict(zip(LIMITS, figures, strict=True))


def test_no_order_of_events_spends_beyond_a_limit() -> None:
    """With deaths, silence, unknown costs, and a store that fails in every way."""
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=60, stateful_step_count=30)
    )


class Calm(Machine):
    """Without deaths."""

    is_calm = True


def test_what_is_charged_is_what_is_spent() -> None:
    """To the nano-dollar, where nobody dies and all say what it cost."""
    run_state_machine_as_test(
        Calm, settings=settings(max_examples=60, stateful_step_count=30)
    )


def test_the_least_amount_is_a_nano_dollar() -> None:
    """The amounts above go there and back."""
    assert [1, 60, 100] == [nano_of(usd_of(n)) for n in (1, 60, 100)]


def test_two_that_hold_what_the_other_lacks_do_not_wait_for_ever() -> None:
    """Whoever has a part of what it needs lets go of it for a moment."""
    clock = Clock()
    store = memory(clock)
    budgets = [BudgetConfig(name=n, limit_usd=1.0, scope=f"tag:{n}") for n in "xy"]
    one, other = (Process(store, clock, *budgets) for _ in range(2))
    one.held(0.6, tags=("x",)).settle(0.0)
    other.held(0.6, tags=("y",)).settle(0.0)

    for _ in range(6):
        held = [each.hold(0.6, tags=("x", "y")) for each in (one, other)]
        if any(isinstance(each, Hold) for each in held):
            break
        for each in (one, other):
            each.exchange.round()
    else:
        raise AssertionError(f"they still wait: {held}")
