"""
Owns which budgets a call falls under, and whether all of them have room for it.

A call holds its worst case in each of its budgets before it is sent, and settles on
what it cost. Money is drawn from the store ahead of the calls, by the exchange.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from holybalance.budgeting.account import Account, Levels
from holybalance.budgeting.windows import window_at
from holybalance.config import BudgetConfig, nano_of, usd_of
from holybalance.errors import BudgetExceeded
from holybalance.state.store import Account as Stored
from holybalance.state.store import Claim

# A store that is out of reach for longer is not waited for: money fails closed.
PATIENCE_S = 5.0


class Unbounded(NamedTuple):
    """What keeps an attempt's cost unknown, and what to do about it, for people."""

    why: str


class Hold:
    """
    Money that is held for one attempt, in one or several accounts.

    It is made before any is taken, so that whoever takes it holds it already and can
    end it however the taking ends.

    Args:
        worst: what the attempt may cost at the most in US dollars, which is to be held
            in each account; or what is not known, and then no budget has room for it.
    """

    __slots__ = ("_ledger", "accounts", "amount", "is_sent", "unknown")

    def __init__(self, ledger: Ledger, worst: float | Unbounded) -> None:
        self._ledger = ledger
        self.unknown = worst if isinstance(worst, Unbounded) else None
        self.amount = 0 if isinstance(worst, Unbounded) else nano_of(worst)
        # Those in which it is held, until it is settled.
        self.accounts: tuple[Account, ...] = ()
        # From here on an upstream may charge for it.
        self.is_sent = False

    def take(self, model: str, endpoint: str, tags: tuple[str, ...]) -> Shortage | None:
        """Hold it in all budgets of an attempt, or in none and say why."""
        return self._ledger.hold(self, model, endpoint, tags)

    def settle(self, cost_usd: float | None) -> None:
        """
        Pay, and free the rest; what has been settled stays as it is.

        Args:
            cost_usd: what the attempt cost; `None` when that is unknown, and then it is
                taken to be all that was held.
        """
        self._ledger.settle(
            self, self.amount if cost_usd is None else nano_of(cost_usd)
        )

    def close(self) -> None:
        """Free what was not sent; what was, may have cost all that is held."""
        self.settle(None if self.is_sent else 0.0)


class Shortage(NamedTuple):
    """
    Why there is no money for an attempt.

    Args:
        may_end: waiting may help: money that is held may turn out not to be spent, or
            the store has yet to answer.
        is_unasked: the store has yet to say, which takes a moment.
        is_cut_off: the store is out of reach, for longer than is waited for.
        amount: what had to be held, in nano-dollars; `None` when that is unknown.
        unknown: why it is.
    """

    account: Account
    levels: Levels | None
    may_end: bool
    is_unasked: bool
    is_cut_off: bool
    amount: int | None
    model: str
    unknown: Unbounded | None = None

    @property
    def is_too_dear(self) -> bool:
        """Whether it is more than the whole budget, so that no time helps."""
        return self.amount is not None and self.amount > self.account.limit


class Ledger:
    """
    Holds money for calls; safe from any thread, and never waits.

    Args:
        is_alone: no other process draws on the same money.
        wall: seconds since the epoch, for the calendar.
        clock: monotonic seconds.
        ask_soon: has the store asked at once.
        kin: gives one name for all names of a model.
        why_away: says why the store is out of reach, where it is.
    """

    def __init__(
        self,
        budgets: Sequence[BudgetConfig],
        *,
        is_alone: bool,
        ask_soon: Callable[[], None],
        kin: Callable[[str], str] = str,
        why_away: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.is_empty = not budgets
        self.names = tuple(budget.name for budget in budgets)
        self.ask_soon = ask_soon
        self.on_money: Callable[[], None] = lambda: None
        self._is_alone = is_alone
        self._kin = kin
        self._why_away = why_away
        self._clock = clock
        self._wall = wall
        # Guards everything below and all accounts; never held across I/O or callbacks.
        self._lock = threading.Lock()
        self._accounts = {b.name: self._open(b) for b in budgets}
        # Of windows that have ended, until everything in them is reported.
        self._closing: list[Account] = []
        self._claimed: list[Account] = []
        self._by_scope: dict[tuple[Any, ...], tuple[BudgetConfig, ...]] = {}
        self._cut_off_since: float | None = None
        # Whether the next exchange only gives back; see `_must_give_way`.
        self._gives_way = False

    # For calls.

    def hold(
        self, hold: Hold, model: str, endpoint: str, tags: tuple[str, ...]
    ) -> Shortage | None:
        """Hold money in all budgets of an attempt or in none; `Hold` calls it."""
        budgets = self._budgets_of(model, endpoint, tags)
        if not budgets:
            return None
        now = self._wall()
        with self._lock:
            accounts = [self._current(budget, now) for budget in budgets]
            for account in accounts:
                if hold.unknown is not None or not account.has_room(hold.amount):
                    return self._shortage(accounts, hold, model)
            for account in accounts:
                account.take(hold)
            is_low = [account.runs_low() for account in accounts]
        if any(is_low):
            self.ask_soon()
        return None

    def settle(self, hold: Hold, cost: int) -> None:
        """End a hold, once, with what it cost in nano-dollars; `Hold` calls it."""
        with self._lock:
            while hold.accounts:
                hold.accounts[-1].settle(hold, cost)

    def refusal(
        self, model: str, tags: tuple[str, ...], worst_usd: float | None
    ) -> BudgetExceeded | None:
        """
        Say why a call of a model will find no money at any endpoint, if that is so.

        Args:
            worst_usd: what it may cost at the most; `None` when that is unknown.
        """
        amount = None if worst_usd is None else nano_of(worst_usd)
        now = self._wall()
        with self._lock:
            for budget in self._budgets_of(model, "", tags):
                account = self._current(budget, now)
                if amount is None or not account.has_to_wait(amount):
                    return self.error(self._shortage_of(account, amount, model))
        return None

    def economy(self, tags: tuple[str, ...]) -> str | None:
        """Name a budget that wants the cheapest model from now on; `None` for none."""
        now = self._wall()
        with self._lock:
            for budget in self._budgets_of("", "", tags):
                if budget.on_exceed == "cheapest":
                    # Not what is held: that is the worst case of calls under way, and
                    # most of it comes back.
                    levels = self._current(budget, now).levels()
                    if levels.spent >= budget.economy_at * levels.limit:
                        return budget.name
        return None

    def lines(self, tags: tuple[str, ...], model: str = "") -> tuple[str, ...]:
        """Say for people how full the budgets of a call are, wherever it goes."""
        now = self._wall()
        with self._lock:
            return tuple(
                _line(self._current(budget, now))
                for budget in self._budgets_of(model, "", tags)
            )

    def error(self, shortage: Shortage) -> BudgetExceeded:
        """Make the error for a shortage that waiting does not end."""
        account, levels = shortage.account, shortage.levels
        return BudgetExceeded(
            _story(shortage, self._why_away()),
            budget=account.budget.name,
            limit_usd=account.budget.limit_usd,
            spent_usd=None if levels is None else usd_of(levels.spent),
            reserved_usd=None if levels is None else usd_of(levels.held),
            needed_usd=None if shortage.amount is None else usd_of(shortage.amount),
            # No window has room for what is more than all of it.
            opens_at=None if shortage.is_too_dear else account.window.opens_at(),
        )

    def report(self) -> dict[str, dict[str, Any]]:
        """Give each budget's figures in US dollars, by its name."""
        now = self._wall()
        with self._lock:
            accounts = [self._current(a.budget, now) for a in self._accounts.values()]
            return {a.budget.name: _figures(a) for a in accounts}

    # For the exchange.

    def claims(self, *, is_leaving: bool) -> tuple[Claim, ...]:
        """Say what has been spent and what is wanted; see `Account.claim`."""
        now, wall = self._clock(), self._wall()
        with self._lock:
            current = [self._current(a.budget, wall) for a in self._accounts.values()]
            self._closing = [a for a in self._closing if not a.is_settled()]
            self._claimed = [*current, *self._closing]
            gives_way, self._gives_way = self._gives_way, False
            return tuple(
                account.claim(
                    now,
                    is_leaving=is_leaving,
                    is_wanted=not gives_way and account not in self._closing,
                )
                for account in self._claimed
            )

    def take_accounts(self, accounts: Sequence[Stored]) -> None:
        """Take the answers to the last claims, and let those who wait try again."""
        with self._lock:
            news = [
                account.take_answer(stored)
                for account, stored in zip(self._claimed, accounts, strict=True)
            ]
            self._gives_way = _must_give_way(self._claimed)
            for account in self._claimed:
                if account.is_void:
                    self._replace(account)
        if any(news):
            self.on_money()

    def is_holding(self) -> bool:
        """Tell whether money is held or free here that others may not use."""
        with self._lock:
            accounts = (*self._accounts.values(), *self._closing)
            return any(not account.is_settled() for account in accounts)

    def cut_off(self, since: float | None) -> None:
        """Hear since when the store is out of reach; `None` when it answers again."""
        self._cut_off_since = since
        self.on_money()

    # Under the lock.

    def _open(self, budget: BudgetConfig) -> Account:
        window = window_at(budget, self._wall())
        return Account(budget, window, is_alone=self._is_alone)

    def _current(self, budget: BudgetConfig, now: float) -> Account:
        account = self._accounts[budget.name]
        if account.window.starts <= now < account.window.ends:
            return account
        return self._turn(account, now)

    def _turn(self, account: Account, now: float) -> Account:
        """Begin the window of now; or, when the clock went back, go back to one."""
        budget, window = account.budget, window_at(account.budget, now)
        self._closing.append(account)
        known = [a for a in self._closing if a.budget is budget and a.window == window]
        for again in known:
            self._closing.remove(again)
        turned = known[0] if known else self._open(budget)
        self._accounts[budget.name] = turned
        return turned

    def _replace(self, account: Account) -> None:
        """Begin an account anew that was written off; what it held counts as spent."""
        if account in self._closing:
            self._closing.remove(account)
            self._closing.append(account.anew())
        else:
            self._accounts[account.budget.name] = account.anew()

    def _shortage(
        self, accounts: Sequence[Account], hold: Hold, model: str
    ) -> Shortage:
        """Have what lacks asked for; name the account that is short for longest."""
        amount = hold.amount if hold.unknown is None else None
        short = [
            self._shortage_of(account, amount, model)._replace(unknown=hold.unknown)
            for account in accounts
            if amount is None or not account.has_room(amount)
        ]
        longest = min(short, key=lambda shortage: shortage.may_end)
        if amount is not None and longest.may_end:
            for account in accounts:
                # Of all of them at once: one that has enough would give it back before
                # the others have it, too.
                account.ask_for(amount)
            self.ask_soon()
        return longest

    def _shortage_of(
        self, account: Account, amount: int | None, model: str
    ) -> Shortage:
        may_end = amount is not None and account.has_to_wait(amount)
        since = self._cut_off_since
        is_cut_off = (
            may_end and since is not None and self._clock() - since > PATIENCE_S
        )
        is_refused = account.was_asked and account.was_refused
        return Shortage(
            account,
            account.levels() if account.is_answered else None,
            may_end=may_end and not is_cut_off,
            is_unasked=may_end and not is_refused and since is None,
            is_cut_off=is_cut_off,
            amount=amount,
            model=model,
        )

    def _budgets_of(
        self, model: str, endpoint: str, tags: tuple[str, ...]
    ) -> tuple[BudgetConfig, ...]:
        """Find the budgets of a call; those of endpoints only where one is named."""
        key = (model, endpoint, tags)
        found = self._by_scope.get(key)
        if found is None:
            budgets = [account.budget for account in self._accounts.values()]
            found = tuple(b for b in budgets if self._covers(b, model, endpoint, tags))
            if len(self._by_scope) >= _MANY_SCOPES:
                self._by_scope.clear()
            self._by_scope[key] = found
        return found

    def _covers(
        self, budget: BudgetConfig, model: str, endpoint: str, tags: tuple[str, ...]
    ) -> bool:
        name = budget.scope_name
        match budget.scope_kind:
            case "tag":
                return name in tags
            case "model":
                # By any of its names, else another one would evade the budget.
                return bool(model) and self._kin(name) == self._kin(model)
            case "endpoint":
                return name == endpoint
        return True


BOUND_ONE = "; bound its answer with max_tokens"
"""What to do where one call may cost more than the whole budget."""
# Tags are the caller's and may be endless; the answers for so many are remembered.
_MANY_SCOPES = 1024
_DOLLARS = 10
# Less than this has its digits behind the sixth one.
_THOUSANDTH = nano_of(0.001)
_UNKNOWN = (
    "that is unknown; set its price and max_output in the catalog, or bound the answer "
    "with max_tokens"
)


def _must_give_way(accounts: Sequence[Account]) -> bool:
    """
    Tell whether some of what calls need was granted, and some was refused.

    Two processes that each hold what the other lacks would wait for ever, as each holds
    on to its part: so whoever finds itself like that lets go of all of it for a moment.
    """
    refused = [account.was_refused for account in accounts if account.was_asked]
    return any(refused) and not all(refused)


def _figures(account: Account) -> dict[str, Any]:
    levels = account.levels() if account.is_answered else None
    opens_at = account.window.opens_at()
    return {
        "scope": account.budget.scope,
        "window": account.budget.window,
        "limit_usd": account.budget.limit_usd,
        "spent_usd": None if levels is None else usd_of(levels.spent),
        "reserved_usd": None if levels is None else usd_of(levels.held),
        "left_usd": None if levels is None else usd_of(levels.left),
        "opens_at": None if opens_at is None else opens_at.isoformat(),
    }


def _line(account: Account) -> str:
    name, limit = account.budget.name, account.budget.limit_usd
    # Cents say nothing of a budget of a few.
    digits = 2 if limit >= _DOLLARS else 6
    if not account.is_answered:
        return f"{name}: what is spent of {limit:.{digits}f} USD is not known"
    levels = account.levels()
    return (
        f"{name}: {usd_of(levels.spent):.{digits}f} of {limit:.{digits}f} USD spent, "
        f"{usd_of(levels.held):.{digits}f} held"
    )


def _amount(nano: int) -> str:
    """Write US dollars with the digits that say something, and no power of ten."""
    digits = 6 if nano >= _THOUSANDTH else 9
    return f"{usd_of(nano):.{digits}f}".rstrip("0").removesuffix(".")


def _story(shortage: Shortage, why_away: str | None) -> str:
    account, levels, amount = shortage.account, shortage.levels, shortage.amount
    name = account.budget.name
    if amount is None:
        why = shortage.unknown.why if shortage.unknown else _UNKNOWN
        return (
            f'the budget "{name}" cannot hold what a call of "{shortage.model}" may '
            f"cost: {why}"
        )
    if shortage.is_too_dear:
        return (
            f'the budget "{name}" has no room: one such call may cost '
            f"{_amount(amount)} USD, more than the whole budget of "
            f"{_amount(account.limit)} USD{BOUND_ONE}, or raise limit_usd"
        )
    if levels is None or shortage.is_cut_off:
        return (
            f'the budget "{name}" cannot be asked for {_amount(amount)} USD: the '
            "shared state is out of reach, and money is not spent without it"
            + (f" ({why_away})" if why_away else "")
        )
    opens_at = account.window.opens_at()
    opens = (
        "" if opens_at is None else f"; it opens again at {opens_at:%Y-%m-%d %H:%M} UTC"
    )
    return (
        f'the budget "{name}" has no room: of {_amount(account.limit)} USD '
        f"{_amount(levels.spent)} are spent and {_amount(levels.held)} held for "
        f"calls under way, and this one may cost {_amount(amount)}{opens}"
    )
