"""Owns what is known of a model: who makes it, what it can do, what it costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holybalance.config import checks
from holybalance.config.checks import Check, RejectedError, settle
from holybalance.config.price import Price

ABILITIES = ("tools", "vision", "json_schema", "streaming")
"""What a chat may need of a model."""
EMBEDDINGS = "embeddings"
"""The ability of models that make vectors; alone, it is that of one that only does."""
TASKS = (
    "code",
    "writing",
    "analysis",
    "speed",
    "math",
    "long_context",
    "vision",
    "general",
)
"""What a prompt may be about, for routes and for the strengths of models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    A model as the catalog has it; what is unknown is `None` or left out.

    Args:
        name: the caller's usual name for it.
        maker: the provider whose own model it is, of `PROVIDERS` where we know it.
        names: what each provider calls it, by the provider's name.
        price: at its maker and at each provider of `names` but those of `prices`;
            one that the user gave holds at every endpoint.
        prices: by the provider's name, at that provider's own address.
        context_window: tokens, input and output together.
        max_output: tokens that one answer has at the most.
        abilities: of `ABILITIES` and `EMBEDDINGS`; `None` when they are not known.
        strengths: how good it is at each of `TASKS`, from 0 to 1; a judgement.
        latency_s: seconds that a usual answer takes, until calls have told.
        retires: the day from which its maker does not serve it any more.
        successor: the model that takes its place then.
        source: where price and dates are from.
        checked: when they were read there.
    """

    name: str
    maker: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    price: Price | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    context_window: int | None = None
    max_output: int | None = None
    abilities: frozenset[str] | None = None
    strengths: Mapping[str, float] = field(default_factory=dict)
    latency_s: float | None = None
    retires: dt.date | None = None
    successor: str | None = None
    source: str | None = None
    checked: dt.date | None = None

    def __post_init__(self) -> None:
        settle(self, CARD_CHECKS)

    @property
    def chats(self) -> bool:
        """Whether it answers messages, as far as is known: one that only embeds not."""
        return self.abilities != frozenset({EMBEDDINGS})


def day(value: Any) -> dt.date:
    """A date, or its ISO form."""
    # A datetime is a date as well, and one with a time of day is none.
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    if type(value) is not dt.date:
        raise RejectedError(f"must be a date such as 2027-01-14, not {value!r}")
    return value


CARD_CHECKS: dict[str, Check] = {
    "name": checks.model,
    "maker": checks.optional(checks.label),
    "names": checks.mapping(checks.model),
    "price": checks.optional(checks.instance(Price)),
    "prices": checks.mapping(checks.instance(Price)),
    "context_window": checks.optional(checks.whole(1)),
    "max_output": checks.optional(checks.whole(1)),
    "abilities": checks.optional(checks.names_of((*ABILITIES, EMBEDDINGS))),
    "strengths": checks.scores(TASKS),
    "latency_s": checks.optional(checks.seconds),
    "retires": checks.optional(day),
    "successor": checks.optional(checks.model),
    "source": checks.optional(checks.label),
    "checked": checks.optional(day),
}
