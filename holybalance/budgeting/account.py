"""
Owns one budget in one window, as far as this process knows it; all in nano-dollars.

What the store has granted to this process is either free, held for a call under way, or
spent and not yet reported. The ledger's lock guards it all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from holybalance.budgeting.windows import Window
from holybalance.config import BudgetConfig, nano_of
from holybalance.state.store import Account as Stored
from holybalance.state.store import Claim

if TYPE_CHECKING:
    from holybalance.budgeting.ledger import Hold

# Free money is what half a second of calls takes, but not more than a fiftieth of what
# is left: what a process that dies had free is lost to the others.
AHEAD_S = 0.5
AHEAD_SHARE = 0.02
# What was granted to waiting calls is not given back for so long: they may have to ask
# for room in a rate limit as well, and must find both.
KEEP_S = 0.25
# How soon half of a pace is forgotten; by time, as exchanges come at any intervals.
_HALF_LIFE_S = 0.25


def key_of(budget: BudgetConfig, window: Window) -> str:
    """Name the account that a store has for a budget's window."""
    return f"{budget.name}\n{window.label}"


class Levels(NamedTuple):
    """How full an account is, by all processes, in nano-dollars."""

    limit: int
    spent: int
    held: int

    @property
    def left(self) -> int:
        """What is neither spent nor held."""
        return max(0, self.limit - self.spent - self.held)


class Account:
    """
    A budget's money in one window.

    Args:
        is_alone: no other process draws on it, so all of it may be granted at once.
    """

    __slots__ = (
        "_asked_at",
        "_is_void",
        "_kept",
        "_kept_until",
        "_least",
        "_low",
        "_most",
        "_needed",
        "_said",
        "_stored",
        "_taken",
        "budget",
        "free",
        "held",
        "is_alone",
        "is_answered",
        "key",
        "limit",
        "pace",
        "spent",
        "was_asked",
        "was_refused",
        "window",
    )

    def __init__(self, budget: BudgetConfig, window: Window, *, is_alone: bool) -> None:
        self.budget = budget
        self.window = window
        self.key = key_of(budget, window)
        self.limit = nano_of(budget.limit_usd)
        self.is_alone = is_alone
        self.free = 0
        self.held = 0
        self.spent = 0
        # The least and the most that calls wait for; asked for with the next exchange,
        # and again by those who still wait.
        self._least = 0
        self._most = 0
        self._needed = 0
        # Whether the store has answered at all.
        self.is_answered = False
        self.pace = 0.0
        self._taken = 0
        # With less than this free, more is to be asked for ahead of need; once.
        self._low = 0
        self._asked_at: float | None = None
        # Granted to calls that waited, and until when; from the next claim on.
        self._kept = 0
        self._kept_until: float | None = None
        self._stored = Stored(granted=0, spent=0, held=0, mine=0)
        self._said: Claim | None = None
        self._is_void = False
        # What came of the last claim: whether calls needed money, and got none.
        self.was_asked = self.was_refused = False

    def anew(self) -> Account:
        """Give what there is of it after all that was held here was written off."""
        account = Account(self.budget, self.window, is_alone=self.is_alone)
        account._stored, account.is_answered = self._stored, True
        account.free = self._stored.mine
        return account

    def has_room(self, amount: int) -> bool:
        """Tell whether so much is free; nothing always is, even below zero."""
        return amount <= max(0, self.free)

    def take(self, hold: Hold) -> None:
        """Hold free money for a call; the caller has seen that there is enough."""
        amount = hold.amount
        # One statement: an interruption must find all of it done, or nothing.
        hold.accounts, self.free, self.held, self._taken = (
            (*hold.accounts, self),
            self.free - amount,
            self.held + amount,
            self._taken + amount,
        )

    def runs_low(self) -> bool:
        """Tell, once in an exchange, that more should be asked for ahead of need."""
        if self.free >= self._low:
            return False
        self._low = -1
        return True

    def settle(self, hold: Hold, cost: int) -> None:
        """End the last part of a hold: `cost` is spent, and the rest is free again."""
        amount = hold.amount
        # One statement, as in `take`. Free is below zero when a call cost more than it
        # could: the next ones pay for it.
        hold.accounts, self.held, self.free, self.spent = (
            hold.accounts[:-1],
            self.held - amount,
            self.free + amount - cost,
            self.spent + cost,
        )

    def ask_for(self, amount: int) -> None:
        """Note what a call has to hold that lacks it, here or in another account."""
        self._least = min(self._least or amount, amount)
        self._most = max(self._most, amount)

    def levels(self) -> Levels:
        """Say how full it is, as far as it is known here."""
        stored = self._stored
        mine_elsewhere = stored.held - stored.mine
        return Levels(
            limit=self.limit,
            spent=stored.spent + self.spent,
            held=max(0, mine_elsewhere) + self.held,
        )

    def has_to_wait(self, amount: int) -> bool:
        """Tell whether there may be room later: what is held may turn out cheaper."""
        if amount > self.limit:
            return False
        return not self.is_answered or self.levels().spent + amount <= self.limit

    def is_settled(self) -> bool:
        """Tell whether nothing of it is held or unreported here."""
        return not (self.free > 0 or self.held or self.spent or self._said)

    def claim(self, now: float, *, is_leaving: bool, is_wanted: bool = True) -> Claim:
        """
        Say what has been spent and what is wanted; answered by `take_answer`.

        Args:
            is_leaving: the process ends; calls under way may cost all that they hold.
            is_wanted: money is asked for; else what is free is given back.
        """
        self._note_pace(now)
        mine = self._stored.mine
        total = self.spent + (self.held if is_leaving else 0)
        spent = min(total, mine)
        # An answer may be dearer than it could be, whatever the upstream was asked.
        over = total - spent
        self.spent = max(0, self.spent - total)
        self.free += over
        least, most, ahead = self._least, self._most, self._ahead()
        kept = max(ahead, self._still_kept(now))
        self._least = self._most = 0
        if is_leaving or not is_wanted:
            least = most = ahead = kept = 0
        self._needed = least
        # Whoever is alone has all that is left, and asking would not make it more.
        self._low = 0 if self.is_alone else ahead // 2
        if least > max(0, self.free):
            # Who lacks money gives back what does not suffice: else several would wait
            # for each other, with a part each.
            need, extra, back = least, most - least + ahead, self.free
        else:
            need, extra = 0, max(ahead, most) - self.free
            back = self.free - max(kept, least)
        back = max(0, min(back, mine - spent))
        self.free -= back
        self._said = Claim(
            key=self.key,
            limit=self.limit,
            need=need + max(0, -self.free) if need else 0,
            extra=max(0, extra),
            spent=spent,
            back=back,
            held=mine,
            seen=self._stored.spent + self._stored.held - mine,
            over=over,
            is_lasting=math.isinf(self.window.ends) and not self.budget.is_passing,
        )
        return self._said

    def take_answer(self, stored: Stored) -> bool:
        """
        Take the answer to the last claim.

        Returns:
            Whether calls that lacked money should try again: there is some, or it is
            clear that there will be none.
        """
        said, self._said = self._said, None
        if said is None:
            return False
        kept = stored.mine - stored.granted
        self._is_void = kept < said.held - said.spent - said.back
        self._stored, self.is_answered = stored, True
        self.free += stored.granted
        needed = self._needed
        self.was_asked, self.was_refused = needed > 0, self.free < needed
        if not said.need:
            return False
        if not self.was_refused:
            self._kept, self._kept_until = stored.granted, None
        return not self.was_refused or not self.has_to_wait(needed)

    @property
    def is_void(self) -> bool:
        """Whether what was held here has been written off, and so counts as spent."""
        return self._is_void

    def _ahead(self) -> int:
        if self.is_alone:
            return self.limit
        return min(int(self.pace * AHEAD_S), int(self.levels().left * AHEAD_SHARE))

    def _still_kept(self, now: float) -> int:
        if self._kept_until is None:
            self._kept_until = now + KEEP_S
        return self._kept if now < self._kept_until else 0

    def _note_pace(self, now: float) -> None:
        if self._asked_at is None:
            self._asked_at, self._taken = now, 0
        seconds = now - self._asked_at
        if seconds > 0:
            pace = self._taken / seconds
            self.pace += (1 - 0.5 ** (seconds / _HALF_LIFE_S)) * (pace - self.pace)
            self._asked_at, self._taken = now, 0
