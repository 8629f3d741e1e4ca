"""Owns what an attempt may cost at the most, so that a budget can be held for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from holybalance.balancing.endpoint import Endpoint
from holybalance.budgeting.ledger import Ledger, Unbounded
from holybalance.config import Card, Price
from holybalance.messages import ChatRequest, Request
from holybalance.tokens import (
    choices,
    is_plainly_priced,
    output_bound,
    unseen_input,
)

# An endpoint that takes any name may be asked for many; the facts of so many are kept.
_MANY_MODELS = 1_000


class _Facts(NamedTuple):
    """What bounds the cost of a model at an endpoint; `None` where it is unknown."""

    price: Price | None
    window: int | None
    max_output: int | None


class WorstCase:
    """
    Bounds an attempt's cost from above: a bound, not an estimate.

    Of tokens that go in there are never more than bytes in the request, or than fit the
    model's window where the upstream fetches some by itself. Of those that come
    out, no more than the request allows, or the model writes at the most.

    Args:
        catalog: what is known of models, by every name that they have.
    """

    def __init__(self, ledger: Ledger, catalog: Mapping[str, Card]) -> None:
        self.ledger = ledger
        self._catalog = catalog
        self._known: dict[tuple[str, str], _Facts] = {}

    def of(
        self, endpoint: Endpoint, model: str, request: Request, body_bytes: int
    ) -> float | Unbounded:
        """Give US dollars, or what keeps them unknown."""
        facts = self._known.get((endpoint.name, model)) or self._facts(endpoint, model)
        if not isinstance(request, ChatRequest):
            if facts.price is None:
                return Unbounded(_price_unknown(endpoint.name, model, None))
            return facts.price.worst_usd(body_bytes, 0)
        output = output_bound(request.options)
        if output is None and facts.max_output is not None:
            output = facts.max_output * choices(request.options)
        if facts.price is None or not is_plainly_priced(request.options):
            return Unbounded(_price_unknown(endpoint.name, model, facts.price))
        if output is None:
            return Unbounded(
                "how long its answer may be is not known; bound it with max_tokens, or "
                f'set max_output in [catalog."{model}"]'
            )
        bound = body_bytes + unseen_input(request.messages, request.options)
        bound = min(bound, facts.window or math.inf)
        if math.isinf(bound):
            return Unbounded(
                "some of what goes in is not in the request, and how much the model "
                f'can take is not known; set context_window in [catalog."{model}"]'
            )
        return facts.price.worst_usd(int(bound), output)

    def _facts(self, endpoint: Endpoint, model: str) -> _Facts:
        card = self._catalog.get(model)
        if card is None:
            card = self._catalog.get(endpoint.speech.upstream_model(model))
        facts = _Facts(
            endpoint.price(model),
            None if card is None else card.context_window,
            None if card is None else card.max_output,
        )
        if len(self._known) >= _MANY_MODELS:
            self._known.clear()
        self._known[endpoint.name, model] = facts
        return facts


def _price_unknown(endpoint: str, model: str, price: Price | None) -> str:
    if price is None:
        return (
            f'its price at "{endpoint}" is not known; set [catalog."{model}"] price = '
            "{ input = …, output = … }, in US dollars per million tokens"
        )
    return (
        "an option of the call changes its price by what is not known (service_tier, "
        "web_search_options, audio); leave it out, or make the call without a budget"
    )
