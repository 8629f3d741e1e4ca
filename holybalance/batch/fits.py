"""Owns what calls add up to under a budget, and whether that fits into it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """
    Whether a batch fits into a budget.

    Args:
        budget: its name.
        left_usd: what there is for it, as far as it is known.
        cost_usd: the least and the most that the calls cost which it covers.
        unpriced: calls that it covers and that have no known price: they are refused.
    """

    budget: str
    left_usd: float
    cost_usd: tuple[float, float]
    unpriced: int


class Purse:
    """What some calls come to."""

    def __init__(self) -> None:
        self.calls = self.unpriced = 0
        self._least_usd = self._most_usd = 0.0

    @property
    def cost_usd(self) -> tuple[float, float]:
        """The least and the most, of those of known price."""
        return self._least_usd, self._most_usd

    def add(self, cost_usd: tuple[float, float] | None, *, is_whole: bool) -> None:
        """
        Add a call.

        Args:
            cost_usd: the least and the most; `None` when no price is known.
            is_whole: it cannot go where it would not count here.
        """
        self.calls += 1
        if cost_usd is None:
            self.unpriced += 1
            return
        least, most = cost_usd
        self._least_usd += least if is_whole else 0.0
        self._most_usd += most
