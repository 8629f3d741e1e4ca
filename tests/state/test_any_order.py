"""Money in any interleaving of three processes, deaths, lost and repeated messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
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

from holybalance.state.store import Account, Answer, Claim, News, Store
from tests.state.conftest import RULES, place_of
from tests.state.places import Place, look

LIMIT = 100
SLOTS = 3
SLOT = st.integers(0, SLOTS - 1)
AMOUNT = st.integers(0, 60)


@dataclass
class Model:
    """What the account should be, by the words of the protocol."""

    spent: int = 0
    holds: dict[str, int] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)

    def take(self, news: News, now: float) -> Account:
        """Apply a claim that has not been applied before."""
        self.heard[news.process] = now
        for name in [n for n, heard in self.heard.items() if now - heard > 10]:
            self.spent += self.holds.pop(name, 0)
            del self.heard[name]
        claim, mine = news.claims[0], self.holds.get(news.process, 0)
        spent = min(claim.spent, mine)
        mine -= spent + min(claim.back, mine - spent)
        self.spent += spent
        self.holds[news.process] = mine
        left = LIMIT - self.spent - sum(self.holds.values())
        fits = claim.need <= left and not news.is_leaving
        granted = min(claim.need + claim.extra, left) if fits else 0
        self.holds[news.process] += granted
        if news.is_leaving:
            del self.holds[news.process], self.heard[news.process]
        held = sum(self.holds.values())
        return Account(granted, self.spent, held, self.holds.get(news.process, 0))


@dataclass
class Client:
    """A process with what it believes to hold, and what it has really spent of it."""

    name: str
    store: Store
    number: int = 0
    mine: int = 0
    used: int = 0
    unanswered: News | None = None
    answer: Answer | None = None

    def news(self, need: int, extra: int, back: int, *, is_leaving: bool) -> News:
        """Say the next thing, or the last one again when its answer was lost."""
        if self.unanswered is None:
            self.number += 1
            back = min(back, self.mine - self.used)
            claim = Claim("account", LIMIT, need, extra, self.used, back, self.mine)
            self.mine -= self.used + back
            self.used = 0
            self.unanswered = News(
                self.name, self.number, claims=(claim,), is_leaving=is_leaving
            )
        return self.unanswered

    def hear(self, account: Account) -> None:
        """Take an answer."""
        self.unanswered = None
        self.mine = min(self.mine + account.granted, account.mine)


def machine(make_place: Callable[[], Place]) -> type[RuleBasedStateMachine]:
    """Make a machine that works at a place of its own in each run."""

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.place = make_place()
            self.model = Model()
            self.truly_spent = 0
            self.count = 0
            self.clients = [self.another() for _ in range(SLOTS)]
            self.watcher = self.place.store()

        def another(self) -> Client:
            self.count += 1
            return Client(f"process-{self.count}", self.place.store())

        @rule(
            slot=SLOT,
            need=AMOUNT,
            extra=AMOUNT,
            back=AMOUNT,
            is_lost=st.booleans(),
            copies=st.integers(1, 2),
        )
        def exchange(  # noqa: PLR0917  Hypothesis passes them by name
            self,
            slot: int,
            need: int,
            extra: int,
            back: int,
            is_lost: bool,
            copies: int,
        ) -> None:
            self.deliver(slot, need, extra, back, copies=copies, is_lost=is_lost)

        @rule(slot=SLOT)
        def leave(self, slot: int) -> None:
            if self.clients[slot].unanswered is not None:
                self.deliver(slot, 0, 0, 0)
            self.deliver(slot, 0, 0, 0, is_leaving=True)
            self.clients[slot] = self.another()

        def deliver(
            self,
            slot: int,
            need: int,
            extra: int,
            back: int,
            *,
            copies: int = 1,
            is_lost: bool = False,
            is_leaving: bool = False,
        ) -> None:
            client = self.clients[slot]
            is_repeated = client.unanswered is not None
            news = client.news(need, extra, back, is_leaving=is_leaving)
            if not is_repeated:
                expected = self.model.take(news, self.place.clock.now)
            for _ in range(copies):
                answer = client.store.exchange(news)
                if is_repeated:
                    assert client.answer == answer
                else:
                    assert (expected,) == answer.accounts
                    client.answer, is_repeated = answer, True
            if not is_lost:
                client.hear(answer.accounts[0])

        @rule(slot=SLOT, amount=AMOUNT)
        def spend(self, slot: int, amount: int) -> None:
            client = self.clients[slot]
            amount = min(amount, client.mine - client.used)
            client.used += amount
            self.truly_spent += amount

        @rule(slot=SLOT)
        def die(self, slot: int) -> None:
            self.clients[slot] = self.another()

        @rule(seconds=st.sampled_from((0.5, 4.0, 9.0, 11.0)))
        def wait(self, seconds: float) -> None:
            self.place.clock.now += seconds

        @precondition(lambda self: hasattr(self, "place"))
        @invariant()
        def nothing_is_lost_or_made(self) -> None:
            account = look(self.watcher).accounts[0]
            assert 0 <= account.spent <= LIMIT
            assert 0 <= account.held <= LIMIT - account.spent
            assert self.truly_spent <= account.spent + account.held

        def teardown(self) -> None:
            if hasattr(self, "place"):
                self.place.close()

    return Machine


@pytest.mark.parametrize(
    ("kind", "examples"), [("memory", 150), ("file", 12), ("redis", 25)]
)
def test_money_is_neither_lost_nor_made(
    kind: str, examples: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Spent, held and left are the limit, and nobody really spends beyond it."""
    runs = iter(range(10**6))

    def make_place() -> Place:
        folder = tmp_path / str(next(runs))
        folder.mkdir()
        return place_of(kind, request, folder)

    run_state_machine_as_test(
        machine(make_place),
        settings=settings(max_examples=examples, stateful_step_count=40),
    )


def test_the_rules_are_those_of_the_model() -> None:
    """The model's lease is that of the places, whose new generations give at once."""
    assert (10.0, 0.0) == (RULES.lease_s, RULES.grace_s)
