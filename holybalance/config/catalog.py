"""
Owns what is known of models: the catalog that is shipped, and what the user adds to it.

Reads one file of the package, once in a process and only when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from holybalance.config.card import CARD_CHECKS, Card
from holybalance.config.fields import Fields, read_fields, read_price, read_table
from holybalance.config.price import Price
from holybalance.config.problems import KeyPath, Problems

_FILE = "catalog.toml"
PROVIDERS = ("openai", "anthropic", "google", "deepseek", "holysheep")
"""Whose names and prices of models a card may have."""
_KEYS = {key: check for key, check in CARD_CHECKS.items() if key != "name"}
_NESTED = ("names", "prices", "strengths")
"""Fields of a card that are tables: the user's is added to the shipped one."""


class Catalog(NamedTuple):
    """
    Every card, and whose prices they are.

    Args:
        cards: by their own names, in order.
        by_name: by every name that they have; its own name stands before the name
            that a provider has for another.
        priced: the own names of those that the user gave a price.
    """

    cards: Mapping[str, Card]
    by_name: Mapping[str, Card]
    priced: frozenset[str] = frozenset()

    def offered_by(self, provider: str) -> dict[str, str]:
        """Give the models of a provider, by our names and by its own, to its own."""
        pairs = [
            (card.name, card.names[provider])
            for card in self.cards.values()
            if provider in card.names
        ]
        return dict(pairs) | {theirs: theirs for _, theirs in pairs}


@functools.cache
def shipped() -> Catalog:
    """
    Read the catalog that comes with the package.

    Raises:
        ConfigError: the file is wrong, which a test of ours is to notice.
    """
    # Imported here: what only names the configuration's classes reads no file.
    import tomllib  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    text = Path(__file__).with_name(_FILE).read_text("utf-8")
    problems = Problems(source=_FILE, text=text)
    cards = {
        name: Card(name=name, **_read_card(problems, (name,), table).passed)
        for name, table in tomllib.loads(text).items()
    }
    problems.raise_if_any()
    return _indexed(cards)


def read_catalog(problems: Problems, tables: Mapping[str, Any]) -> Catalog:
    """Add the tables of `[catalog]` to what is shipped; mistakes are noted."""
    known = shipped()
    cards = dict(known.cards)
    priced: set[str] = set()
    taken: dict[str, str] = {}
    for written, value in tables.items():
        path = ("catalog", str(written))
        name = _name_of(problems, path, known)
        if name in taken:
            message = f'it is "{taken[name]}" above by another name; keep one table'
            problems.add(path, f"{path[-1]}: {message}")
        taken[name] = path[-1]
        fields = _read_card(problems, path, read_table(problems, path, value))
        if fields.complete and not problems.any():
            cards[name] = _merged(cards.get(name, Card(name=name)), fields.passed)
            priced |= {name} if fields.passed.get("price") else set()
    return _indexed(cards, priced) if tables else known


def _name_of(problems: Problems, path: KeyPath, known: Catalog) -> str:
    written = str(path[-1])
    if written in known.by_name:
        return known.by_name[written].name
    read_fields(problems, path, {"name": written}, {"name": CARD_CHECKS["name"]})
    return written


def _indexed(cards: Mapping[str, Card], priced: Iterable[str] = ()) -> Catalog:
    by_name = dict(cards)
    for card in cards.values():
        for theirs in card.names.values():
            by_name.setdefault(theirs, card)
    return Catalog(
        MappingProxyType(dict(cards)), MappingProxyType(by_name), frozenset(priced)
    )


def _merged(card: Card, given: Mapping[str, Any]) -> Card:
    changes = dict(given)
    if given.get("price"):
        # It is meant for every endpoint, and a shipped price is for one provider.
        card = replace(card, prices={})
    for field in _NESTED:
        if field in given:
            changes[field] = {**getattr(card, field), **given[field]}
    return replace(card, **changes)


def _read_card(problems: Problems, path: KeyPath, table: Mapping[str, Any]) -> Fields:
    values = dict(table)
    if table.get("price") is not None:
        price = read_price(problems, (*path, "price"), table["price"])
        values |= {"price": price}
    if isinstance(table.get("prices"), Mapping):
        values["prices"] = _read_prices(problems, (*path, "prices"), table["prices"])
    if isinstance(table.get("names"), Mapping):
        problems.add_unknown_keys((*path, "names"), table["names"], PROVIDERS)
    return read_fields(problems, path, values, _KEYS)


def _read_prices(
    problems: Problems, path: KeyPath, table: Mapping[str, Any]
) -> dict[str, Price]:
    problems.add_unknown_keys(path, table, PROVIDERS)
    read = {
        provider: read_price(problems, (*path, provider), item)
        for provider, item in table.items()
        if provider in PROVIDERS
    }
    return {provider: price for provider, price in read.items() if price is not None}
