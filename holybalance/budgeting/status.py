"""Owns how full budgets are, for somebody who only looks; holds and spends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from holybalance.budgeting.account import Levels, key_of
from holybalance.budgeting.windows import window_at
from holybalance.config import BudgetConfig, nano_of, usd_of
from holybalance.state.store import Claim, News, Store

_ONLY_LOOKING = ""
"""The process id of somebody for whom a store changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """
    A budget in its present window; money in US dollars.

    Args:
        spent_usd: by all processes; `None` where nobody can be asked.
        reserved_usd: held by them for calls under way, or drawn ahead of such.
        opens_at: when the next window begins, in UTC; `None` when there is none.
    """

    budget: BudgetConfig
    spent_usd: float | None
    reserved_usd: float | None
    opens_at: dt.datetime | None

    @property
    def left_usd(self) -> float | None:
        """What is neither spent nor held; `None` where that is not known."""
        if self.spent_usd is None or self.reserved_usd is None:
            return None
        return max(0.0, self.budget.limit_usd - self.spent_usd - self.reserved_usd)


def statuses(
    budgets: Sequence[BudgetConfig], store: Store | None, now: float
) -> tuple[BudgetStatus, ...]:
    """
    Say how full budgets are, in their order.

    Args:
        store: where their money is counted; `None` where each process counts alone.
        now: seconds since the epoch.

    Raises:
        StoreError: the store cannot be asked.
    """
    levels = (None,) * len(budgets) if store is None else _levels(budgets, store, now)
    return tuple(
        BudgetStatus(
            budget=budget,
            spent_usd=None if known is None else usd_of(known.spent),
            reserved_usd=None if known is None else usd_of(known.held),
            opens_at=window_at(budget, now).opens_at(),
        )
        for budget, known in zip(budgets, levels, strict=True)
    )


def _levels(
    budgets: Sequence[BudgetConfig], store: Store, now: float
) -> tuple[Levels, ...]:
    limits = [nano_of(budget.limit_usd) for budget in budgets]
    claims = tuple(
        Claim(key=key_of(budget, window_at(budget, now)), limit=limit)
        for budget, limit in zip(budgets, limits, strict=True)
    )
    answer = store.exchange(News(process=_ONLY_LOOKING, number=0, claims=claims))
    return tuple(
        Levels(limit=limit, spent=account.spent, held=account.held)
        for limit, account in zip(limits, answer.accounts, strict=True)
    )
