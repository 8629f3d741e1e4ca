"""Owns the proof of the `models` command."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from holybalance.config import Card
from holybalance.config.catalog import shipped
from holybalance_cli.models.retiring import ending, style

Call = Callable[..., Result]

CONFIG = """
[[endpoints]]
name = "one"
provider = "openai"
base_url = "http://127.0.0.1:9/v1"
models = { mine = "theirs" }
[[endpoints]]
name = "two"
provider = "openai"
base_url = "http://127.0.0.1:9/v1"
models = ["mine", "bare"]
prices = { mine = { input = 3.0, output = 4.5, cached = 0.028 } }
[[endpoints]]
name = "open"
provider = "openai"
base_url = "http://127.0.0.1:9/v1"
models = ["*"]
[models.fast]
targets = ["mine"]
[catalog.mine]
price = { input = 1.0, output = 2.0 }
context_window = 200_000
max_output = 8_192
abilities = ["tools", "streaming"]
retires = 2020-01-31
successor = "bare"
source = "https://prices.test/page"
checked = 2026-11-22
"""
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Two endpoints that list models, and one that takes any."""
    path = tmp_path / "models.toml"
    path.write_text(CONFIG, "utf-8")
    return str(path)


def test_served_models(call: Call, config: str) -> None:
    """Each has a line with the dearest price, limits, abilities and endpoints."""
    result = call("models", "--config", config)
    lines = result.stdout.splitlines()
    assert 0 == result.exit_code
    assert [
        *("*", "mine", "3.00", "4.50", "0.028", "200k", "8.19k", "t··s"),
        *("2020-01-31", "bare", "prices.test", "2026-11-22", "one,", "two"),
    ] == lines[2].split()
    assert ["*", "bare", *["-"] * 10, "two"] == lines[3].split()
    assert "any other name is taken by open" == lines[-1]
    assert "mine was retired on 2020-01-31; bare replaces it" == lines[-2]


def test_the_rest_of_the_catalog(call: Call, config: str) -> None:
    """It comes after those that are served, without a mark."""
    result = call("models", "--all", "--json", "--config", config)
    models = json.loads(result.stdout)["models"]
    assert ["mine", "bare"] == [each["model"] for each in models[:2]]
    assert [*shipped().cards] == [each["model"] for each in models[2:]]
    assert not any(each["served_by"] for each in models[2:])


def test_without_a_configuration(call: Call) -> None:
    """There is the whole catalog, and no key is needed."""
    result = call("models")
    names = [line.split()[0] for line in result.stdout.splitlines()[2:] if line]
    cards = [*shipped().cards]
    assert (0, cards) == (result.exit_code, names[: len(cards)])


def test_a_wrong_configuration_is_not_passed_over(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where there is none at all it is done without."""
    monkeypatch.setenv("HOLYBALANCE_CONFIG", "/nowhere.toml")
    result = call("models")
    assert 2 == result.exit_code
    assert "does not exist" in result.stderr


@pytest.mark.parametrize("width", ["72", "80", "100", "120", "160"])
def test_no_line_of_the_catalog_is_too_wide(
    call: Call, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    """Columns give way, and every model has one line."""
    monkeypatch.setenv("COLUMNS", width)
    lines = call("models").stdout.splitlines()
    assert max(map(len, lines)) <= int(width)
    assert len(shipped().cards) == lines.index("") - 2


def test_every_field_as_json(call: Call, config: str) -> None:
    """By any of its names."""
    document = json.loads(call("models", "theirs", "--json", "--config", config).stdout)
    one, two = document["served_by"]
    assert ("mine", "theirs", "one") == (
        document["model"],
        one["sent_as"],
        one["endpoint"],
    )
    assert 0.028 == two["price"]["cached"]
    assert {*Card.__dataclass_fields__} == {*document["card"]}
    assert "2020-01-31" == document["card"]["retires"]


def test_a_page(call: Call, config: str) -> None:
    """It has all that is known, and each place's price."""
    text = call("models", "mine", "--config", config).stdout
    assert "window    200,000 tokens, input and output together\n" in text
    assert "served by one, as theirs\nserved by two\n" in text
    assert "source    https://prices.test/page, read on 2026-11-22\n" in text
    rows = [line.split() for line in text.splitlines() if line.startswith("endpoint")]
    assert [
        ["endpoint", "one", "1.00", "2.00", "-", "-"],
        ["endpoint", "two", "3.00", "4.50", "0.028", "-"],
    ] == rows


def test_a_page_of_the_catalog(call: Call) -> None:
    """A price for long input has a line of its own."""
    name = next(
        card.name
        for card in shipped().cards.values()
        if card.price is not None and card.price.long is not None
    )
    result = call("models", name)
    assert (0, name) == (result.exit_code, result.stdout.splitlines()[0])
    assert "\n  above " in result.stdout


def test_a_model_of_which_nothing_is_known(call: Call, config: str) -> None:
    """Its endpoint is."""
    text = call("models", "bare", "--config", config).stdout
    assert "nothing: it is not in the catalog" in text
    assert "served by two" in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fast", '"fast" is an alias; name a model of it: mine'),
        ("miner", 'nothing is known of a model "miner"; did you mean "mine"?'),
        ("????", '"holybalance models --all" lists all'),
    ],
)
def test_names_of_no_model(call: Call, config: str, name: str, message: str) -> None:
    """They are mistakes in usage."""
    result = call("models", name, "--config", config)
    assert 2 == result.exit_code
    assert message in result.stderr


@pytest.mark.parametrize(
    ("retires", "words", "colour"),
    [
        (None, "has no end that is known", ""),
        ("2027-11-22", "will be retired on 2027-11-22, in 365 days; b replaces it", ""),
        ("2026-11-23", "will be retired on 2026-11-23, in 1 day; b replaces it", "y"),
        ("2026-11-22", "was retired on 2026-11-22; b replaces it", "r"),
    ],
)
def test_the_end_of_a_model(retires: str | None, words: str, colour: str) -> None:
    """It is told in words, and in a colour where it is near or past."""
    day = None if retires is None else dt.date.fromisoformat(retires)
    card = Card(name="a", retires=day, successor="b")
    assert words == ending(card, TODAY)
    assert colour == style(card, TODAY)[:1]
