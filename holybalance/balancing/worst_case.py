"""Owns what an attempt may cost at the most, so that a budget can be held for it."""

from __future__ import annotations

from collections.abc import Mapping

from holybalance.balancing.endpoint import Endpoint
from holybalance.budgeting.ledger import Ledger
from holybalance.config import Card
from holybalance.messages import ChatRequest
from holybalance.tokens import choices, output_bound

# More than any provider counts for one, however large.
MOST_IMAGE_TOKENS = 5_000


class WorstCase:
    """
    Bounds an attempt's cost from above: a bound, not an estimate.

    Of tokens that go in there are never more than bytes in the request. Of those that
    come out, no more than the request allows, or the model writes at the most.

    Args:
        catalog: what is known of models, by every name that they have.
    """

    def __init__(self, ledger: Ledger, catalog: Mapping[str, Card]) -> None:
        self.ledger = ledger
        self._catalog = catalog

    def of(
        self, endpoint: Endpoint, model: str, request: ChatRequest, body_bytes: int
    ) -> float | None:
        """Give US dollars; `None` where price or length of the answer is unbounded."""
        price = endpoint.price(model)
        if price is None:
            return None
        card = self._catalog.get(model) or self._catalog.get(
            endpoint.upstream_model(model)
        )
        output = output_bound(request.options)
        if output is None:
            if card is None or card.max_output is None:
                return None
            output = card.max_output * choices(request.options)
        return price.worst_usd(_input_bound(request, card, body_bytes), output)


def _input_bound(request: ChatRequest, card: Card | None, body_bytes: int) -> int:
    images = sum(
        isinstance(part, Mapping) and "image" in str(part.get("type"))
        for message in request.messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
    )
    bound = body_bytes + MOST_IMAGE_TOKENS * images
    if card is not None and card.context_window is not None:
        return min(bound, card.context_window)
    return bound
