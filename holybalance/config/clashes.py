"""Owns what is wrong only between the values of a configuration, each right alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from holybalance.config.problems import KeyPath
from holybalance.config.routing import (
    ANY_MODEL,
    AUTO,
    AliasConfig,
    BudgetConfig,
    RouteConfig,
)
from holybalance.config.wording import likely

if TYPE_CHECKING:
    from holybalance.config.schema import Defaults, EndpointConfig

Clash = tuple[KeyPath, str]


class Parts(NamedTuple):
    """The parts of a configuration that refer to each other."""

    endpoints: tuple[EndpointConfig, ...]
    defaults: Defaults
    aliases: Mapping[str, AliasConfig]
    routes: tuple[RouteConfig, ...]
    budgets: tuple[BudgetConfig, ...]


class Unpriced(NamedTuple):
    """A model that a budget covers, at an endpoint where its price is not known."""

    budget: str
    model: str
    endpoint: str


def clashes(parts: Parts) -> Iterator[Clash]:
    """Find what does not fit together: the path of each, and a sentence."""
    yield from _same_names("endpoints", [each.name for each in parts.endpoints])
    yield from _default_model(parts)
    yield from _aliases(parts)
    for position, route in enumerate(parts.routes):
        for model in route.use:
            yield from _target(parts, ("routes", position, "use"), model)
    yield from _same_names("budgets", [each.name for each in parts.budgets])
    for position, budget in enumerate(parts.budgets):
        yield from _scope(parts, ("budgets", position, "scope"), budget)
        yield from _economy(("budgets", position, "on_exceed"), budget)


def unpriced(parts: Parts) -> Iterator[Unpriced]:
    """Find models that a budget covers although what they cost is not known."""
    for budget in parts.budgets:
        kind, name = budget.scope_kind, budget.scope_name
        for endpoint in parts.endpoints:
            if kind == "endpoint" and name != endpoint.name:
                continue
            covered = [name] if kind == "model" else list(endpoint.models)
            for model in covered:
                known = model in endpoint.prices or model == ANY_MODEL
                if endpoint.serves(model) and not known:
                    yield Unpriced(budget.name, model, endpoint.name)


def _same_names(table: str, names: list[str]) -> Iterator[Clash]:
    for position, name in enumerate(names):
        if name in names[:position]:
            message = f'the name "{name}" is taken by an earlier {table[:-1]}'
            yield (table, position, "name"), message


def _default_model(parts: Parts) -> Iterator[Clash]:
    model = parts.defaults.model
    path = ("defaults", "model")
    if model == ANY_MODEL:
        yield path, f'model must be one model, not "{ANY_MODEL}"'
    elif model is not None and model != AUTO and model not in parts.aliases:
        yield from _not_served(parts, path, model, (*parts.aliases, AUTO))


def _aliases(parts: Parts) -> Iterator[Clash]:
    for name, alias in parts.aliases.items():
        path = ("models", name)
        if name == ANY_MODEL:
            yield path, f'"{ANY_MODEL}" cannot be an alias: it stands for any model'
        for key in ("targets", "fallbacks"):
            for model in getattr(alias, key):
                yield from _target(parts, (*path, key), model)


def _target(parts: Parts, path: KeyPath, model: str) -> Iterator[Clash]:
    """What is wrong with a model that an alias or a route leads to."""
    alias = parts.aliases.get(model)
    if model in (AUTO, ANY_MODEL):
        yield path, f'{path[-1]} must be models, and "{model}" is none'
    elif alias is not None and model not in alias.models:
        message = f'{path[-1]} has "{model}", an alias itself; name its models instead'
        yield path, message
    else:
        yield from _not_served(parts, path, model)


def _scope(parts: Parts, path: KeyPath, budget: BudgetConfig) -> Iterator[Clash]:
    kind, name = budget.scope_kind, budget.scope_name
    names = [endpoint.name for endpoint in parts.endpoints]
    if kind == "endpoint" and name not in names:
        message = f'there is no endpoint "{name}"' + likely(name, names, "endpoints")
        yield path, f"scope: {message}"
    if kind != "model":
        return
    alias = parts.aliases.get(name)
    if name == AUTO or (alias is not None and name not in alias.models):
        message = f'"{name}" is a name for several models; a budget is for one of them'
        yield path, f"scope: {message}, or for a tag"
    else:
        yield from _not_served(parts, path, name)


def _economy(path: KeyPath, budget: BudgetConfig) -> Iterator[Clash]:
    """What is wrong with saving where the router has not chosen a model yet."""
    if budget.on_exceed == "cheapest" and budget.scope_kind in ("model", "endpoint"):
        message = (
            f'on_exceed = "cheapest" has no use with the scope "{budget.scope}"; '
            'set scope = "all" or "tag:NAME", or on_exceed = "fail", with which calls '
            "that leave a choice go to others when there is no room"
        )
        yield path, message


def _not_served(
    parts: Parts, path: KeyPath, model: str, others: tuple[str, ...] = ()
) -> Iterator[Clash]:
    if any(endpoint.serves(model) for endpoint in parts.endpoints):
        return
    known = dict.fromkeys(name for each in parts.endpoints for name in each.models)
    place = "" if path[0] == "defaults" else f"{path[-1]}: "
    message = f'{place}no endpoint serves the model "{model}"'
    yield path, message + likely(model, [*known, *others], "models")
