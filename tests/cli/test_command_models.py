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
from holybalance_cli.models.entries import Entry, Serving
from holybalance_cli.models.retiring import ending, is_near, notice, style

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
    why = "its maker retired it on 2020-01-31; one, two may serve it longer"
    assert f"mine: {why} (bare replaces it)" == lines[-2]


def test_models_that_only_embed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are listed once, after those that chat, and marked; all say who serves."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    name = "text-embedding-3-small"
    for option in ((), ("--all",)):
        lines = call("models", *option).stdout.splitlines()
        (line,) = [line.split() for line in lines if name in line]
        assert ("*", name, "embed", "openai") == (*line[:2], line[7], line[-1])
    listed = json.loads(call("models", "--json").stdout)["models"]
    embeds = ["embeddings" in each["card"]["abilities"] for each in listed]
    assert any(embeds)
    assert sorted(embeds) == embeds
    page = call("models", name).stdout
    assert "\ncan       embeddings\n" in page
    assert "\nserved by openai\n" in page


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
    assert one["retires"] is None
    assert {*Card.__dataclass_fields__} == {*document["card"]}
    assert "2020-01-31" == document["card"]["retires"]


def test_a_page(call: Call, config: str) -> None:
    """It has all that is known, and each place's price."""
    text = call("models", "mine", "--config", config).stdout
    assert "window    200,000 tokens, input and output together\n" in text
    assert "served by one, as theirs\nserved by two\n" in text
    said = "its maker retired it on 2020-01-31; one, two may serve it longer"
    assert f"end       {said}\n          bare replaces it\n" in text
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


def _entry(makers: str | None, **days: str | None) -> Entry:
    """Give a model that ends at its maker and, or, at endpoints on these days."""

    def day(text: str | None) -> dt.date | None:
        return None if text is None else dt.date.fromisoformat(text)

    servings = (
        Serving(endpoint=name, sent_as="a", price=None, retires=day(text))
        for name, text in days.items()
    )
    card = Card(name="a", retires=day(makers), successor="b")
    return Entry(name="a", card=card, servings=tuple(servings))


PAST, TOMORROW, FAR = "2026-11-22", "2026-11-23", "2027-11-22"


@pytest.mark.parametrize(
    ("entry", "words", "colour"),
    [
        (_entry(None, x=None), "", ""),
        (_entry(FAR, x=FAR), "will be retired on 2027-11-22, in 365 days", ""),
        (_entry(PAST, x=TOMORROW), "will be retired on 2026-11-23, in 1 day", "y"),
        (_entry(PAST, x=PAST), "was retired on 2026-11-22", "r"),
        (_entry(PAST, x=PAST, y=FAR), "will be retired on 2027-11-22, in 365 days", ""),
        (
            _entry(PAST, x=PAST, y=None),
            "was retired at x on 2026-11-22; y may serve it longer",
            "",
        ),
        (
            _entry(PAST, x=None),
            "its maker retired it on 2026-11-22; x may serve it longer",
            "",
        ),
        (
            _entry(TOMORROW, x=None, y=None, z=None),
            "its maker retires it on 2026-11-23; 3 endpoints may serve it longer",
            "",
        ),
        (_entry(TOMORROW), "its maker retires it on 2026-11-23", "y"),
        (_entry(PAST), "its maker retired it on 2026-11-22", "r"),
    ],
)
def test_the_end_of_a_model(entry: Entry, words: str, colour: str) -> None:
    """It is told as far as it holds, in a colour where it does and is near or past."""
    assert words == ending(entry, TODAY)
    assert colour == style(entry, TODAY)[:1]


@pytest.mark.parametrize(
    ("entry", "width", "line"),
    [
        (_entry(PAST, x=PAST), 80, "a was retired on 2026-11-22; b replaces it"),
        (_entry(PAST, x=PAST), 40, "a was retired on 2026-11-22"),
        (
            _entry(PAST, x=None),
            80,
            (
                "a: its maker retired it on 2026-11-22; x may serve it longer "
                "(b replaces it)"
            ),
        ),
        (
            _entry(PAST, x=None),
            72,
            "a: its maker retired it on 2026-11-22; x may go on",
        ),
    ],
)
def test_a_notice_of_it(entry: Entry, width: int, line: str) -> None:
    """It is a line with the model's name, and shorter where there is less room."""
    assert line == notice(entry, TODAY, width)


def test_only_what_is_near_is_noticed() -> None:
    """Also where the day is the maker's alone."""
    entries = [_entry(FAR, x=None), _entry(PAST, x=None), _entry(None, x=None)]
    assert [False, True, False] == [is_near(each, TODAY) for each in entries]


def test_a_maker_and_another(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The maker's day holds at the maker's own endpoint, and no line is too wide."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "sk-test")
    lines = call("models").stdout.splitlines()
    retired = "deepseek-v3.2: its maker retired it on 2026-07-24; holysheep may go on"
    assert retired in lines
    assert max(map(len, lines)) <= 80
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-test")
    page = call("models", "deepseek-v3.2").stdout
    assert "\nend       was retired at deepseek on 2026-07-24; holysheep may" in page
