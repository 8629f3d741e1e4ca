"""That the shipped catalog is whole, and what it says of the models that it has."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from holybalance.config import PRESETS, TASKS, Card, Price, catalog
from holybalance.config.catalog import PROVIDERS, Catalog, shipped

FOUR = ("gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-flash", "deepseek-v3.2")
CARDS = list(shipped().cards.values())
CHATS = [card for card in CARDS if card.chats]
EMBEDS = [card for card in CARDS if not card.chats]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_card_says_what_is_needed(card: Card) -> None:
    """Its maker and its name there, its price and their source."""
    assert card.maker in PROVIDERS
    assert card.maker in card.names
    assert card.price is not None
    assert (card.source or "").startswith("https://")
    assert card.checked is not None


@pytest.mark.parametrize("card", CHATS, ids=lambda card: card.name)
def test_a_model_that_chats_has_limits(card: Card) -> None:
    """How much it takes and gives, and how long it is at it."""
    assert card.context_window is not None
    assert card.max_output is not None
    assert card.max_output <= card.context_window
    assert "streaming" in (card.abilities or ())
    assert card.latency_s is not None


def test_models_that_only_embed() -> None:
    """They cost what goes in; nothing is said of answers, for there are none."""
    prices = {card.name: card.price.input for card in EMBEDS if card.price is not None}

    assert {
        "text-embedding-3-small": 0.02,
        "text-embedding-3-large": 0.13,
        "gemini-embedding-001": 0.15,
    } == prices
    for card in EMBEDS:
        assert card.price == Price(input=prices[card.name], output=0)
        assert (None, None, {}) == (
            card.context_window,
            card.max_output,
            card.strengths,
        )


@pytest.mark.parametrize("provider", ["openai", "gemini", "vertex"])
def test_no_preset_begins_with_one_that_only_embeds(provider: str) -> None:
    """The first model is the default of chats."""
    models = list(PRESETS[provider].models)

    assert shipped().by_name[models[0]].chats
    assert [] != [name for name in models if not shipped().by_name[name].chats]


@pytest.mark.parametrize("card", CHATS, ids=lambda card: card.name)
def test_strengths_are_said_of_every_task_that_a_model_can_do(card: Card) -> None:
    """A model that cannot see is no good at pictures, and that is left out."""
    sees = "vision" in (card.abilities or ())

    assert set(card.strengths) == set(TASKS) - (set() if sees else {"vision"})


@pytest.mark.parametrize("card", CHATS, ids=lambda card: card.name)
def test_prices_are_in_the_usual_order(card: Card) -> None:
    """Output is dearer than input, that is dearer than cached; a long one is dearer."""
    assert card.price is not None
    for price in (card.price, card.price.long):
        if price is not None:
            assert (price.cached or 0) < price.input < price.output
    if card.price.long is not None:
        assert card.price.long.input > card.price.input


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_successor_is_in_the_catalog_and_stays(card: Card) -> None:
    """Who is sent on to another model is not sent on from there."""
    if card.successor is None:
        return
    assert card.retires is not None
    assert shipped().cards[card.successor].retires is None


def test_a_name_means_one_card() -> None:
    """No two models of a provider have one name, and no name is another card's own."""
    names = Counter(
        (provider, name) for card in CARDS for provider, name in card.names.items()
    )

    assert {1} == set(names.values())
    for card in CARDS:
        for name in card.names.values():
            assert card is shipped().by_name[name]


@pytest.mark.parametrize("name", FOUR)
def test_the_four_are_at_holysheep_and_at_their_makers(name: str) -> None:
    """The models that most users begin with."""
    card = shipped().cards[name]

    assert name == card.names["holysheep"]
    assert card.retires is not None
    assert card.successor is not None


def test_the_four_differ_in_what_they_are_good_at() -> None:
    """One writes best, one reads most, one is fastest, one costs least."""
    four = {name: shipped().cards[name] for name in FOUR}

    def best(task: str) -> str:
        return max(four, key=lambda name: four[name].strengths.get(task, 0))

    assert "claude-sonnet-4.5" == best("writing") == best("code")
    assert "gpt-4.1" == best("analysis") == best("long_context")
    assert "gemini-2.5-flash" == best("speed")
    assert "deepseek-v3.2" == best("math")
    assert "gemini-2.5-flash" == min(four, key=lambda name: four[name].latency_s or 99)
    assert "deepseek-v3.2" == min(four, key=lambda name: _of_a_call(four[name]))


def _of_a_call(card: Card) -> float:
    assert card.price is not None
    return card.price.usual_usd(1000, 500)


def test_facts_of_one_card() -> None:
    """As the file has them."""
    card = shipped().cards["deepseek-v3.2"]

    assert {"deepseek": "deepseek-chat", "holysheep": "deepseek-v3.2"} == card.names
    assert dt.date(2026, 7, 24) == card.retires
    assert "deepseek-flash" == card.successor
    assert card.price is not None
    assert (0.28, 0.42, 0.028) == (
        card.price.input,
        card.price.output,
        card.price.cached,
    )


@pytest.mark.parametrize("card", CHATS, ids=lambda card: card.name)
def test_models_that_refuse_tools_where_they_are_asked(card: Card) -> None:
    """OpenAI's of 6 take them in another API alone, one that is not spoken here."""
    refuses = card.maker == "openai" and card.name.startswith("gpt-6")
    if refuses:
        assert "tools" not in (card.abilities or ())
    elif card.name != "deepseek-reasoner":
        assert "tools" in (card.abilities or ())


def test_an_introductory_price_is_not_kept() -> None:
    """A budget had rather count too much for a week than half from then on."""
    card = shipped().cards["gemini-4-argon"]

    assert card.price is not None
    assert (4.0, 20.0, 0.2) == (card.price.input, card.price.output, card.price.cached)
    assert 65_536 == card.max_output


@pytest.mark.parametrize(
    ("provider", "first"),
    [
        ("openai", "gpt-4.1"),
        ("holysheep", "gpt-4.1"),
        ("deepseek", "deepseek-flash"),
        ("anthropic", "claude-sonnet-4.5"),
        ("gemini", "gemini-2.5-flash"),
        ("vertex", "gemini-2.5-flash"),
        ("azure", "*"),
        ("vllm", "*"),
    ],
)
def test_the_default_of_each_preset(provider: str, first: str) -> None:
    """The first model is asked by who names none."""
    assert first == next(iter(PRESETS[provider].models))


def test_models_go_by_our_names_and_by_their_own() -> None:
    """Both lead to the provider's."""
    models = PRESETS["deepseek"].models

    assert "deepseek-chat" == models["deepseek-v3.2"] == models["deepseek-chat"]


def test_presets_have_names_that_the_catalog_knows() -> None:
    """One that it does not know would offer no model at all."""
    names = {preset.catalog_name for preset in PRESETS.values()}

    assert {*PROVIDERS, None} == names


@pytest.mark.parametrize(
    ("provider", "ours", "theirs"),
    [
        ("anthropic", "claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4.6", "claude-sonnet-4-6"),
        ("anthropic", "claude-sonnet-5.5", "claude-sonnet-5-5"),
        ("anthropic", "claude-opus-5.5", "claude-opus-5-5"),
        ("anthropic", "claude-haiku-5.5", "claude-haiku-5-5"),
        ("anthropic", "claude-haiku-4.5", "claude-haiku-4-5"),
        ("gemini", "gemini-3.8-flash", "gemini-3.8-flash"),
        ("vertex", "gemini-3.8-flash", "gemini-3.8-flash"),
    ],
)
def test_names_of_makers(provider: str, ours: str, theirs: str) -> None:
    """As their own packages have them."""
    assert theirs == PRESETS[provider].models[ours]


def test_it_is_read_once() -> None:
    """And cannot be changed for the others who read it."""
    assert shipped() is shipped()
    with pytest.raises(TypeError):
        shipped().cards["x"] = CARDS[0]  # type: ignore[index] # it is to be refused


def test_a_cards_own_name_stands_before_a_providers_name_for_another() -> None:
    """Whatever comes first in the file."""
    one = Card(name="a", names={"openai": "b"})
    other = Card(name="b")

    indexed = catalog._indexed({"a": one, "b": other})

    assert isinstance(indexed, Catalog)
    assert other is indexed.by_name["b"]


def test_an_import_reads_no_catalog() -> None:
    """Only a configuration does."""
    program = (
        "import holybalance, holybalance.config, sys;"
        "print('holybalance.config.catalog' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert "False" == done.stdout.strip()
