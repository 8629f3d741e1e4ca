"""Owns where the calls of a name may go: which models, endpoints and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from holybalance.config import AUTO, BudgetConfig, Config, Price
from holybalance.routing.candidates import distinct_models, endpoints_of
from holybalance.routing.embedding import unfit_for_embedding


class _Target(NamedTuple):
    """A model at an endpoint that serves it; `price` is `None` where it is unknown."""

    model: str
    endpoint: str
    price: Price | None


class Places(NamedTuple):
    """
    Where the calls of a name may go.

    Args:
        endpoints: the names of those who may serve it.
        prices: each known one once.
        covered: the prices of those that a budget covers, by its place among all; not
            there where it covers none.
        wholly: the places of budgets that a call cannot escape.
    """

    endpoints: frozenset[str]
    prices: tuple[Price, ...]
    covered: Mapping[int, tuple[Price, ...]]
    wholly: frozenset[int]


def models_of(config: Config, name: str) -> tuple[str, ...]:
    """Give the models that a name may mean: of an alias, of "auto", or itself."""
    alias = config.aliases.get(name)
    if name == AUTO and (alias is not None or AUTO not in config.models):
        routed = [model for route in config.routes for model in route.use]
        rest = distinct_models(config) if alias is None else alias.models
        return tuple(dict.fromkeys((*routed, *rest)))
    return (name,) if alias is None else alias.models


def why_not_embedded(config: Config, name: str) -> str:
    """Say what the router says of a name that is none for embeddings; else nothing."""
    unfit = unfit_for_embedding(config, name)
    return "" if unfit is None else unfit.why


def places_of(config: Config, name: str, tags: Sequence[str]) -> Places:
    """Say where the calls of a name with tags may go; no endpoints if none serve it."""
    targets = _targets_of(config, name)
    covered = {
        number: [target for target in targets if _covers(budget, target, tags)]
        for number, budget in enumerate(config.budgets)
    }
    return Places(
        frozenset(target.endpoint for target in targets),
        _prices(targets),
        {number: _prices(under) for number, under in covered.items() if under},
        frozenset(n for n, under in covered.items() if len(under) == len(targets)),
    )


def _targets_of(config: Config, name: str) -> tuple[_Target, ...]:
    return tuple(
        _Target(model, endpoint.name, endpoint.prices.get(model))
        for model in models_of(config, name)
        for endpoint in endpoints_of(config, model)
    )


def _prices(targets: Sequence[_Target]) -> tuple[Price, ...]:
    known = dict.fromkeys(target.price for target in targets)
    return tuple(price for price in known if price is not None)


def _covers(budget: BudgetConfig, target: _Target, tags: Sequence[str]) -> bool:
    kind, name = budget.scope_kind, budget.scope_name
    if kind == "tag":
        return name in tags
    return kind == "all" or name == getattr(target, kind)
