"""What an attempt may cost at the most: never less than any answer costs."""

from __future__ import annotations

from typing import Any

import pytest

from holybalance.balancing.runtime import Runtime
from holybalance.balancing.worst_case import WorstCase
from holybalance.budgeting.ledger import Ledger, Unbounded
from holybalance.config import Card, Price
from holybalance.tokens import MOST_IMAGE_TOKENS
from tests.unit.stubs import (
    MODEL,
    Clock,
    ScriptedTransport,
    make_endpoint,
    reply,
    request,
)

PRICE = Price(input=1.0, output=10.0)
CARD = Card(name=MODEL, context_window=1_000, max_output=100)


def micro_usd(
    body_bytes: int = 0,
    *,
    price: Price | None = PRICE,
    card: Card | None = CARD,
    upstream: str = MODEL,
    messages: tuple[Any, ...] = ({"role": "user", "content": "hi"},),
    **options: Any,
) -> float | None:
    """Bound a call's cost, in millionths of a US dollar."""
    clock = Clock()
    endpoint = make_endpoint(
        Runtime(clock=clock),
        ScriptedTransport(clock, [reply()]),
        models={MODEL: upstream},
        prices={} if price is None else {MODEL: price},
    )
    catalog = {} if card is None else {card.name: card}
    worst = WorstCase(Ledger((), is_alone=True, ask_soon=lambda: None), catalog)
    asked = request(messages=messages, options=options)
    bound = worst.of(endpoint, MODEL, asked, body_bytes)
    # The second time from memory.
    assert bound == worst.of(endpoint, MODEL, asked, body_bytes)
    return None if isinstance(bound, Unbounded) else round(bound * 1e6, 6)


@pytest.mark.parametrize(
    ("options", "output_tokens"),
    [
        ({}, 100),
        ({"n": 3}, 300),
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 8, "n": 2}, 16),
        # No bound, to some upstreams.
        ({"max_tokens": -1}, 100),
        ({"max_tokens": None}, 100),
    ],
)
def test_output(options: dict[str, Any], output_tokens: int) -> None:
    """As long as the request allows, or the model writes, times all its answers."""
    assert 10 * output_tokens == micro_usd(**options)


@pytest.mark.parametrize(
    ("body_bytes", "input_tokens"), [(200, 200), (1_000, 1_000), (50_000, 1_000)]
)
def test_input(body_bytes: int, input_tokens: int) -> None:
    """A token is at least a byte; and no more fits than the context window."""
    assert input_tokens == micro_usd(body_bytes, max_tokens=1) - 10  # type: ignore[operator]  # known


def test_images_count_more_than_their_bytes() -> None:
    """A short URL may be of a large image."""
    part = {"type": "image_url", "image_url": {"url": "http://a/b.png"}}
    message = {"role": "user", "content": [part, part]}
    card = Card(name=MODEL)

    bound = micro_usd(100, messages=(message,), card=card, max_tokens=1)

    assert 100 + 2 * MOST_IMAGE_TOKENS + 10 == bound


def test_a_model_is_known_by_its_upstreams_name() -> None:
    """Where the endpoint calls it something else."""
    card = Card(name="real", max_output=9)

    assert 90 == micro_usd(card=card, upstream="real")


@pytest.mark.parametrize(
    ("price", "card"),
    [
        (None, CARD),
        (PRICE, None),
        (PRICE, Card(name=MODEL)),
        (PRICE, Card(name="other", max_output=1)),
    ],
)
def test_unknown(price: Price | None, card: Card | None) -> None:
    """Without a price or a bound of the answer it is not known, and never nothing."""
    assert micro_usd(price=price, card=card) is None


def test_the_request_bounds_what_the_catalog_does_not() -> None:
    """Then a price is enough."""
    assert 10 == micro_usd(card=None, max_tokens=1)


def test_a_cache_that_is_written_costs_more() -> None:
    """Each token may be charged so."""
    price = Price(input=1.0, output=0.0, cached=0.1, cache_write=1.25)

    assert 125 == micro_usd(100, price=price)
