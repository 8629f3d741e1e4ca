"""Owns what the router gives to its callers, and what it asks of them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from holybalance.errors import BudgetExceeded


class Plan(NamedTuple):
    """
    The models that a call may go to.

    `models` are names that endpoints serve, in the order in which they are tried;
    `windows` are their context windows in tokens, `None` where unknown.
    """

    models: tuple[str, ...]
    windows: tuple[int | None, ...]


class Live(NamedTuple):
    """
    What the router may know of a model's endpoints at this moment.

    `free` is the share of their slots that is free, from 0 to 1; `is_open` tells
    whether at least one takes calls now, or will as soon as it has room.
    """

    free: float
    is_open: bool


class Funds(Protocol):
    """What the router may know of money."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no budget at all."""

    def economy(self, tags: tuple[str, ...]) -> str | None:
        """Name a budget that wants the cheapest model now."""

    def refusal(
        self, model: str, tags: tuple[str, ...], worst_usd: float | None
    ) -> BudgetExceeded | None:
        """
        Give the error for why a call has no room; `None` when it has.

        Args:
            worst_usd: what it may cost at the most; `None` when that is unknown, which
                any budget that covers the call refuses.
        """

    def lines(self, tags: tuple[str, ...], model: str = "") -> tuple[str, ...]:
        """
        Tell people about each budget that such calls fall under.

        Args:
            model: to which they go; empty leaves out budgets for some models only.
        """
