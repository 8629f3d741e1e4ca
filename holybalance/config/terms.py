"""Owns what an endpoint's models cost there, and until when it serves them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from holybalance.config.card import Card
from holybalance.config.catalog import Catalog
from holybalance.config.price import Price
from holybalance.config.routing import ANY_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    On which terms one endpoint serves models, as far as the catalog tells.

    The caller's name leads to what the user said of a model. What a provider charges,
    and when it withdraws a model, depends on the name that is sent to it.

    Args:
        provider: whose preset the endpoint has, by the catalog's name for it.
        is_providers: whether the endpoint is the provider's: a shipped price holds
            nowhere else, since a server of the user's own charges what it likes.
        keeps_days: whether a maker's days of withdrawal hold there: only at the
            maker's own address.
        models: the caller's name of each model to the upstream's.
    """

    catalog: Catalog
    provider: str
    is_providers: bool
    keeps_days: bool
    models: Mapping[str, str]

    def prices(self) -> dict[str, Price]:
        """Give the price of each model that has one, by the caller's name."""
        found = {name: self._price(name, sent) for name, sent in self._pairs()}
        return {name: price for name, price in found.items() if price is not None}

    def retires(self) -> dict[str, dt.date]:
        """Give the day from which a model is not served, by the caller's name."""
        if not self.keeps_days:
            return {}
        found = {name: self._retires(name, sent) for name, sent in self._pairs()}
        return {name: day for name, day in found.items() if day is not None}

    def max_outputs(self) -> dict[str, int]:
        """Give the most tokens of one answer where known, by the caller's name."""
        found = {name: self._max_output(name, sent) for name, sent in self._pairs()}
        return {name: most for name, most in found.items() if most is not None}

    def _pairs(self) -> Iterable[tuple[str, str]]:
        pairs = {name: sent for name, sent in self.models.items() if name != ANY_MODEL}
        if ANY_MODEL in self.models:
            pairs = {name: name for name in self.catalog.by_name} | pairs
        return pairs.items()

    def _cards(self, *names: str) -> Iterable[Card]:
        by_name = self.catalog.by_name
        return (by_name[name] for name in names if name in by_name)

    def _price(self, name: str, sent: str) -> Price | None:
        for card in self._cards(name, sent):
            if card.name in self.catalog.priced:
                return self._own_price(card) or card.price
        for card in self._cards(sent, name):
            if price := self._own_price(card):
                return price
        return None

    def _own_price(self, card: Card) -> Price | None:
        """What the endpoint's provider charges, where it is the provider's."""
        is_offered = self.provider == card.maker or self.provider in card.names
        price = card.price if is_offered else None
        return card.prices.get(self.provider, price) if self.is_providers else None

    def _retires(self, name: str, sent: str) -> dt.date | None:
        card = next(iter(self._cards(sent, name)), None)
        return card.retires if card and card.maker == self.provider else None

    def _max_output(self, name: str, sent: str) -> int | None:
        # What is sent decides: it is the model that answers.
        card = next(iter(self._cards(sent, name)), None)
        return card.max_output if card else None
