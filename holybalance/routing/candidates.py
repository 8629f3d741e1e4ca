"""Owns what is known of each model before any call, gathered from a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from holybalance.config import Config, EndpointConfig, Price
from holybalance.config.card import TASKS, Card
from holybalance.config.routing import ANY_MODEL
from holybalance.routing.learned import Learned, Record
from holybalance.routing.plan import Plan

_UNKNOWN = Card(name="unknown")
# What a model is taken to be worth at tasks on which its card says nothing.
_MIDDLING = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """
    A model that a call may go to.

    Args:
        record: what to expect of it.
        prices: at the endpoints that serve it, each once; none where one of them is
            unknown.
        strengths: from 0 to 1, at every task.
        weight: the sum of the weights of the endpoints that serve it.
        is_served: whether there are any.
        plan: for a call that asks for it by its name.
    """

    model: str
    record: Record
    prices: tuple[Price, ...]
    window: int | None
    max_output: int | None
    abilities: frozenset[str] | None
    strengths: Mapping[str, float]
    weight: float
    is_served: bool
    plan: Plan

    def usual_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """Price a call at the dearest of its endpoints; `None` when unknown."""
        prices = self.prices
        if len(prices) == 1:
            return prices[0].usual_usd(input_tokens, output_tokens)
        costs = (price.usual_usd(input_tokens, output_tokens) for price in prices)
        return max(costs, default=None)

    def worst_usd(self, input_tokens: int, output_tokens: int | None) -> float | None:
        """Bound what a call may cost anywhere; `None` when nothing bounds it."""
        if output_tokens is None:
            return None
        costs = (price.worst_usd(input_tokens, output_tokens) for price in self.prices)
        return max(costs, default=None)


def make_candidates(config: Config, learned: Learned) -> dict[str, Candidate]:
    """Gather every model that the configuration names, by its name."""
    candidates: dict[str, Candidate] = {}
    for model in dict.fromkeys(_named(config)):
        card = card_of(config, model)
        record = learned.add(model, card.latency_s if card is not None else None)
        candidates[model] = make_candidate(config, record, model)
    return candidates


def make_candidate(config: Config, record: Record, model: str) -> Candidate:
    """Gather what is known of a model, one that only `"*"` serves included."""
    serving = endpoints_of(config, model)
    card = card_of(config, model) or _UNKNOWN
    return Candidate(
        model=model,
        record=record,
        prices=_prices(serving, model),
        window=card.context_window,
        max_output=card.max_output,
        abilities=card.abilities,
        strengths=_strengths(card),
        weight=sum(endpoint.weight for endpoint in serving),
        is_served=bool(serving),
        plan=Plan((model,), (card.context_window,)),
    )


def endpoints_of(config: Config, model: str) -> tuple[EndpointConfig, ...]:
    """Find the endpoints that serve a model."""
    return tuple(one for one in config.endpoints if one.serves(model))


def card_of(config: Config, model: str) -> Card | None:
    """Find a card by the caller's name of a model, else by an upstream's."""
    names = [model, *(e.models[model] for e in config.endpoints if model in e.models)]
    found = (config.catalog.get(name) for name in names)
    return next((card for card in found if card is not None), None)


def distinct_models(config: Config) -> tuple[str, ...]:
    """
    Give the models that endpoints list, each once.

    Two names of one card are one model where the same endpoints serve both: the name
    that is listed first stands for it.
    """
    kept: list[str] = []
    for model in config.models:
        if not any(_is_one(config, model, earlier) for earlier in kept):
            kept.append(model)
    return tuple(kept)


def _is_one(config: Config, model: str, earlier: str) -> bool:
    card, other = card_of(config, model), card_of(config, earlier)
    if card is None or other is None or card.name != other.name:
        return False
    return all(endpoint.serves(earlier) for endpoint in endpoints_of(config, model))


def _prices(serving: tuple[EndpointConfig, ...], model: str) -> tuple[Price, ...]:
    prices = dict.fromkeys(endpoint.prices.get(model) for endpoint in serving)
    known = tuple(price for price in prices if price is not None)
    return known if len(known) == len(prices) else ()


def _strengths(card: Card) -> dict[str, float]:
    usual = card.strengths.get("general", _MIDDLING)
    return {task: card.strengths.get(task, usual) for task in TASKS}


def _named(config: Config) -> Iterator[str]:
    yield from config.models
    for alias in config.aliases.values():
        yield from alias.models
    for route in config.routes:
        yield from route.use
    if any(ANY_MODEL in endpoint.models for endpoint in config.endpoints):
        yield from config.catalog
