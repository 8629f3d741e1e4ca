"""Owns what may be chosen from where a caller names no single model."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from holybalance.config import Config
from holybalance.config.routing import AUTO, AliasConfig, Condition, RouteConfig
from holybalance.routing.candidates import Candidate, distinct_models
from holybalance.routing.strategies import ASK_FOR_TASK


@dataclass(frozen=True, kw_only=True)
class Offer:
    """
    Models to choose from.

    Args:
        decided_by: what offers them, for people.
        targets: one tier, ordered by `strategy` for each call.
        fallbacks: tried after it, in this order.
        strategy: orders the targets.
        weights: shares of targets, by model.
        routes: of these, the first that fits goes before all else.
    """

    decided_by: str
    targets: tuple[Candidate, ...] = ()
    fallbacks: tuple[Candidate, ...] = ()
    strategy: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()

    @functools.cached_property
    def asks_for_task(self) -> bool:
        """Whether it matters what a prompt is about."""
        return self.weighs_task or any(
            route.when.tasks or route.offer.weighs_task for route in self.routes
        )

    @functools.cached_property
    def weighs_task(self) -> bool:
        """Whether it changes the order of the targets: not where all are as good."""
        return self.strategy in ASK_FOR_TASK and any(
            target.strengths != self.targets[0].strengths for target in self.targets
        )

    @functools.cached_property
    def is_drawn(self) -> bool:
        """Whether chance decides."""
        return "weighted" in self._strategies()

    @functools.cached_property
    def bounds(self) -> tuple[int, ...]:
        """The lengths of input, in tokens, at which another route may hold."""
        whens = [route.when for route in self.routes]
        least = [w.min_input_tokens for w in whens if w.min_input_tokens is not None]
        # "At most" changes behind its bound.
        most = [w.max_input_tokens for w in whens if w.max_input_tokens is not None]
        return tuple(sorted([*least, *(bound + 1 for bound in most)]))

    @functools.cached_property
    def windowed(self) -> tuple[Candidate, ...]:
        """The candidates whose context window is known, of routes as well."""
        offers = [self, *(route.offer for route in self.routes)]
        all_of = [one for each in offers for one in each.targets + each.fallbacks]
        return tuple(dict.fromkeys(one for one in all_of if one.window is not None))

    @functools.cached_property
    def least_window(self) -> float:
        """The smallest window of them, in tokens."""
        return min((one.window or 0 for one in self.windowed), default=math.inf)

    def _strategies(self) -> list[str | None]:
        return [self.strategy, *(route.offer.strategy for route in self.routes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is offered to calls that meet a condition."""

    when: Condition
    offer: Offer


def make_offers(
    config: Config, candidates: Mapping[str, Candidate]
) -> dict[str, Offer]:
    """Gather the offers of all aliases and of "auto", by name."""
    offers = {
        name: _of_alias(config, candidates, alias)
        for name, alias in config.aliases.items()
    }
    # An endpoint's own model of that name is one that callers may mean.
    if AUTO in config.aliases or AUTO not in config.models:
        offers[AUTO] = _of_auto(config, candidates)
    return offers


def _of_alias(
    config: Config, candidates: Mapping[str, Candidate], alias: AliasConfig
) -> Offer:
    rest = [model for model in alias.fallbacks if model not in alias.targets]
    return Offer(
        decided_by=f"alias {alias.name}",
        targets=tuple(candidates[model] for model in alias.targets),
        fallbacks=tuple(candidates[model] for model in rest),
        strategy=alias.strategy or config.defaults.strategy,
        weights=alias.weights,
    )


def _of_auto(config: Config, candidates: Mapping[str, Candidate]) -> Offer:
    weights = {name: one.weight for name, one in candidates.items() if one.is_served}
    routes = tuple(
        Route(when=route.when, offer=_of_route(number, route, candidates, weights))
        for number, route in enumerate(config.routes, 1)
    )
    alias = config.aliases.get(AUTO)
    if alias is not None:
        return replace(_of_alias(config, candidates, alias), routes=routes)
    strategy = config.defaults.strategy
    return Offer(
        decided_by=f"strategy {strategy}",
        targets=tuple(candidates[model] for model in distinct_models(config)),
        strategy=strategy,
        weights=weights,
        routes=routes,
    )


def _of_route(
    number: int,
    route: RouteConfig,
    candidates: Mapping[str, Candidate],
    weights: Mapping[str, float],
) -> Offer:
    use = tuple(candidates[model] for model in route.use)
    decided_by = f"route {number} ({_condition(route.when)})"
    # Without a strategy it names an order, as fallbacks do.
    if route.strategy is None:
        return Offer(decided_by=decided_by, fallbacks=use)
    return Offer(
        decided_by=decided_by, targets=use, strategy=route.strategy, weights=weights
    )


def _condition(when: Condition) -> str:
    parts = [
        _quoted("task", when.tasks, " or "),
        _quoted("tag", when.tags, " or "),
        _quoted("needs", sorted(when.needs), " and "),
    ]
    if when.min_input_tokens is not None:
        parts.append(f"{when.min_input_tokens:,} input tokens or more")
    if when.max_input_tokens is not None:
        parts.append(f"{when.max_input_tokens:,} input tokens or less")
    return ", ".join(filter(None, parts)) or "any call"


def _quoted(what: str, names: Iterable[str], joint: str) -> str:
    quoted = joint.join(f'"{name}"' for name in names)
    return f"{what} {quoted}" if quoted else ""
