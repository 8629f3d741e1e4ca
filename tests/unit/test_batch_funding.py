"""Owns the proof of what a run may cost: its budget, and whether it can be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holybalance.batch.cap import is_max_cost
from holybalance.batch.funding import with_max_cost
from holybalance.batch.job import Batch
from holybalance.batch.options import BatchOptions
from holybalance.config import Config
from holybalance.errors import ConfigError
from tests.unit.batches import CONFIG, Crew, World, row

PRICE = {"input": 1.0, "output": 2.0}
KNOWN = {"price": PRICE, "max_output": 100}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input and an output."""
    return World(tmp_path)


def _config(**parts: Any) -> Config:
    endpoints = [
        {
            "name": name,
            "provider": "openai",
            "base_url": f"http://{name}.test/v1",
            "models": ["m", "n", name],
        }
        for name in ("one", "two")
    ]
    return Config.from_dict({"endpoints": endpoints, **parts})


def _open(
    world: World, config: Config, max_cost: float | None = 1.0, **options: Any
) -> list[str]:
    capped, chosen = with_max_cost(config, max_cost), BatchOptions(**options)
    with Batch(Crew(), world.source, world.output, chosen, capped) as batch:
        return batch.notes


def test_each_has_a_budget_of_its_own() -> None:
    """For all calls, without an end, and under a name that is not used again."""
    one, two = (with_max_cost(CONFIG, 2.5).budgets[-1] for _ in range(2))
    assert ("all", "total", "fail", 2.5) == (
        one.scope,
        one.window,
        one.on_exceed,
        one.limit_usd,
    )
    assert one.name != two.name
    assert is_max_cost(one.name)
    assert not is_max_cost("max_cost")
    assert CONFIG is with_max_cost(CONFIG, None)


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), float("inf"), True, "1"])
def test_what_is_no_money(wrong: Any) -> None:
    """It is refused by name."""
    with pytest.raises(ConfigError, match=r"^max_cost must be US dollars, above 0"):
        with_max_cost(CONFIG, wrong)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (
            {},
            r'^max_cost cannot be kept: the price of "m" at "one", "two" is not known',
        ),
        ({"price": PRICE}, r'an answer of "m" may be is not known; set max_output'),
    ],
)
def test_lines_whose_cost_has_no_bound(
    world: World, card: dict[str, Any], message: str
) -> None:
    """They are refused before anything is sent or opened."""
    world.write("hello")
    with pytest.raises(ConfigError, match=message):
        _open(world, _config(catalog={"m": card}))
    assert not world.output.exists()
    _open(world, _config(catalog={"m": card}), max_cost=None)


def test_lines_whose_cost_is_bounded(world: World) -> None:
    """With a price everywhere and a longest answer they may begin."""
    world.write("hello")
    _open(world, _config(catalog={"m": KNOWN}))
    assert world.output.exists()


def test_one_endpoint_without_a_price(world: World) -> None:
    """It is named, alone."""
    world.write_rows(row("a", model="m", max_tokens=5))
    priced = {"name": "one", "models": ["m"], "prices": {"m": PRICE}}
    base = {"provider": "openai", "base_url": "http://127.0.0.1:9/v1"}
    bare = {"name": "two", "models": ["m"]}
    mixed = Config.from_dict({"endpoints": [{**base, **priced}, {**base, **bare}]})
    with pytest.raises(ConfigError, match=r'the price of "m" at "two" is not known'):
        _open(world, mixed)


def test_a_row_that_bounds_its_answer(world: World) -> None:
    """Needs no longest answer of the model; nor does one that is given a bound."""
    config = _config(catalog={"m": {"price": PRICE}})
    world.write_rows(row("a", model="m", max_tokens=5))
    _open(world, config)
    world.write_rows(row("a", model="m"))
    advice = r"or bound answers with max_tokens \(--max-tokens N\)$"
    with pytest.raises(ConfigError, match=advice):
        _open(world, config)
    _open(world, config, max_tokens=5)


def test_a_name_for_several_models(world: World) -> None:
    """It is enough when the cost of one of them is bounded."""
    aliases = {"fast": {"targets": ["m", "n"]}}
    world.write_rows(row("a", model="fast"))
    _open(world, _config(models=aliases, catalog={"n": KNOWN}))
    with pytest.raises(ConfigError, match=r'price of "m" .*; the price of "n"'):
        _open(world, _config(models=aliases))


def test_auto_over_many_models(world: World) -> None:
    """Some of them are named, and the others counted."""
    world.write_rows(row("a", model="auto"))
    with pytest.raises(ConfigError, match=r"; and 1 more like these$"):
        _open(world, _config())


def test_a_budget_of_the_configuration(world: World) -> None:
    """One for all calls is held to the same, by its name."""
    world.write("hello")
    everything = {"name": "daily", "limit_usd": 1.0}
    with pytest.warns(UserWarning, match="unknown price"):
        config = _config(budgets=[everything])
    with pytest.raises(ConfigError, match=r'^the budget "daily" cannot be kept'):
        _open(world, config, max_cost=None)


@pytest.mark.parametrize("text", ["", "{broken\n", '{"body": {"model": "nobody"}}\n'])
def test_rows_that_fail_by_themselves(world: World, text: str) -> None:
    """They are not this check's concern."""
    world.source = world.folder / "in.jsonl"
    world.source.write_text(text)
    _open(world, _config())


def test_answers_without_a_bound_hold_much(world: World) -> None:
    """It is noted where the first row has none, and falls under a budget."""
    config = _config(catalog={"m": KNOWN})
    world.write("hello")
    (note,) = _open(world, config)
    assert note.startswith("answers are not bounded, so each call holds")
    assert note.endswith("; --max-tokens N lets more run at once")
    assert [] == _open(world, config, max_cost=None)
    assert [] == _open(world, config, max_tokens=5)
    world.write_rows(row("a", max_completion_tokens=5), row("b"))
    assert [] == _open(world, config)


@pytest.mark.parametrize(
    ("scope", "changes", "notes"),
    [
        ("model:m", {}, 1),
        ("model:n", {}, 0),
        ("model:n", {"model": "n"}, 1),
        ("endpoint:one", {}, 1),
        ("tag:web", {}, 0),
        ("tag:web", {"tags": ["web"]}, 1),
        ("tag:web", {"tags": "web"}, 0),
        ("tag:shell", {"tags": ["web"]}, 1),
        ("all", {"model": "nobody"}, 0),
        ("all", {"model": 7}, 0),
    ],
)
def test_a_budget_that_some_calls_fall_under(
    world: World, scope: str, changes: dict[str, Any], notes: int
) -> None:
    """The first row tells whether it is one of these."""
    budgets = [{"name": "some", "limit_usd": 1.0, "scope": scope}]
    catalog = {"m": KNOWN, "n": KNOWN, "one": KNOWN, "two": KNOWN}
    config = _config(catalog=catalog, budgets=budgets)
    world.write_rows(row("a", **changes))
    found = _open(world, config, max_cost=None, tags=["shell"])
    assert notes == len(found)


def test_nothing_left_to_do(world: World) -> None:
    """Then no speed is told."""
    world.write("hello")
    config = with_max_cost(_config(catalog={"m": KNOWN}), 1.0)
    Batch(Crew(), world.source, world.output, BatchOptions(), config).run()
    (note,) = _open(world, config, max_cost=None)
    assert note.endswith("1 row is done already")
