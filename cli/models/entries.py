"""Owns which models there are to list, and what is known of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from holybalance.config import Card, Config, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """
    An endpoint that serves a model.

    Args:
        sent_as: what it calls the model.
        retires: the day from which it does not serve it any more, where known.
    """

    endpoint: str
    sent_as: str
    price: Price | None
    retires: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    A model.

    Args:
        name: the caller's.
        card: what the catalog knows; `None` for nothing.
    """

    name: str
    card: Card | None
    servings: tuple[Serving, ...] = ()

    @property
    def price(self) -> Price | None:
        """The dearest price at its endpoints; else its maker's, or a provider's."""
        known = [each.price for each in self.servings if each.price is not None]
        if not known and self.card is not None and not self.servings:
            usual = (self.card.price, *self.card.prices.values())
            return next((price for price in usual if price is not None), None)
        return max(known, key=lambda price: (price.output, price.input), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """
    All models: those that are served, then the rest of the catalog.

    Args:
        source: which configuration it is by; `None` without one.
        takers: endpoints that take any name.
        aliases: the models of each.
    """

    source: str | None
    entries: tuple[Entry, ...]
    takers: tuple[str, ...] = ()
    aliases: dict[str, tuple[str, ...]]

    @property
    def served(self) -> tuple[Entry, ...]:
        """Those that endpoints list."""
        return tuple(entry for entry in self.entries if entry.servings)

    def find(self, name: str) -> Entry:
        """
        Find a model by any of its names.

        Raises:
            click.UsageError: there is none, or the name is an alias.
        """
        for entry in self.entries:
            if name in _names(entry):
                return entry
        from holybalance.config.wording import did_you_mean  # noqa: PLC0415 - lazy

        if name in self.aliases:
            models = ", ".join(self.aliases[name])
            raise click.UsageError(
                f'"{name}" is an alias; name a model of it: {models}'
            )
        known = [each for entry in self.entries for each in _names(entry)]
        hint = did_you_mean(name, known) or '; "holybalance models --all" lists all'
        raise click.UsageError(f'nothing is known of a model "{name}"{hint}')


def make_shelf(config: Config | None) -> Shelf:
    """Gather the models of a configuration, or of the shipped catalog alone."""
    from holybalance.config.catalog import shipped  # noqa: PLC0415 - it reads a file

    if config is None:
        cards = shipped().cards.values()
        entries = tuple(Entry(name=card.name, card=card) for card in cards)
        return Shelf(source=None, entries=entries, aliases={})
    from holybalance.config import ANY_MODEL  # noqa: PLC0415 - lazy

    served = tuple(_served(config))
    known = {entry.card.name for entry in served if entry.card is not None}
    # The catalog of a configuration has each card by every name that it has.
    cards = {card.name: card for card in config.catalog.values()}.values()
    others = (Entry(name=c.name, card=c) for c in cards if c.name not in known)
    return Shelf(
        source=config.source,
        entries=(*served, *others),
        takers=tuple(e.name for e in config.endpoints if ANY_MODEL in e.models),
        aliases={name: alias.models for name, alias in config.aliases.items()},
    )


def entry_json(entry: Entry) -> dict[str, Any]:
    """Give an entry as JSON can hold it, with every field of its card."""
    card = None if entry.card is None else _plain(asdict(entry.card))
    return {
        "model": entry.name,
        "served_by": [
            asdict(serving) | {"retires": _iso(serving.retires)}
            for serving in entry.servings
        ],
        "card": card,
    }


def _served(config: Config) -> Iterator[Entry]:
    from holybalance.routing.candidates import (  # noqa: PLC0415 - lazy
        card_of,
        distinct_models,
    )

    for model in (*distinct_models(config), *_embedding(config)):
        servings = tuple(
            Serving(
                endpoint=endpoint.name,
                sent_as=endpoint.models[model],
                price=endpoint.prices.get(model),
                retires=endpoint.retires.get(model),
            )
            for endpoint in config.endpoints
            if model in endpoint.models
        )
        yield Entry(name=model, card=card_of(config, model), servings=servings)


def _embedding(config: Config) -> Iterator[str]:
    """Name the models that only embed, which no choice among models has; each once."""
    from holybalance.config import ANY_MODEL  # noqa: PLC0415 - lazy
    from holybalance.routing.candidates import card_of  # noqa: PLC0415 - likewise

    apart = {ANY_MODEL, *config.models}
    listed = dict.fromkeys(name for each in config.endpoints for name in each.models)
    kept: list[tuple[Card | None, set[str]]] = []
    for name in listed:
        if name in apart:
            continue
        card = card_of(config, name)
        where = {each.name for each in config.endpoints if name in each.models}
        # Another name of the same model, which the same endpoints list by both.
        if not any(card == other and where <= there for other, there in kept):
            kept.append((card, where))
            yield name


def _names(entry: Entry) -> set[str]:
    sent = {serving.sent_as for serving in entry.servings}
    card = entry.card
    known = set() if card is None else {card.name, *card.names.values()}
    return {entry.name} | sent | known


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    abilities = fields["abilities"]
    return fields | {
        "abilities": None if abilities is None else sorted(abilities),
        "retires": _iso(fields["retires"]),
        "checked": _iso(fields["checked"]),
    }


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
