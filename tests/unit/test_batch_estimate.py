"""Owns the proof of the figures that a dry run gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from holybalance.batch.estimate import Estimate, estimate
from holybalance.batch.options import BatchOptions
from holybalance.config import Config
from holybalance.errors import ConfigError
from tests.unit.batches import World, row

CHEAP = {"input": 1.0, "output": 10.0}
DEAR = {"input": 3.0, "output": 30.0}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input."""
    return World(tmp_path)


def _endpoint(name: str, models: list[str], **more: Any) -> dict[str, Any]:
    url = f"http://{name}.test/v1"
    common = {"name": name, "provider": "openai", "base_url": url}
    return {**common, "models": models, **more}


def _config(*endpoints: dict[str, Any], **catalog: Any) -> Config:
    return Config.from_dict({"endpoints": list(endpoints), "catalog": catalog})


def _prices(**prices: Any) -> dict[str, Any]:
    return {model: {"price": price} for model, price in prices.items()}


def _estimate(
    world: World, config: Config, rate: float | None = None, **options: Any
) -> Estimate:
    found = estimate(config, world.source, BatchOptions(**options), rate=rate)
    assert not world.output.exists()
    return found


def test_tokens_and_cost_of_prompts(world: World) -> None:
    """A token is four characters; an answer without a bound has the usual length."""
    world.write("a" * 384, "é" * 384, "")
    config = _config(_endpoint("one", ["m"]), **_prices(m=CHEAP))
    found = _estimate(world, config)
    expected = Estimate(
        rows=2,
        bad_rows=0,
        bad_examples=(),
        repeated=0,
        input_tokens=2 * (96 + 4),
        output_tokens=(0, 512),
        cost_usd=(0.0002, 0.0002 + 0.00512),
        unpriced=0,
        seconds=None,
        by="",
    )
    assert expected == found
    assert json.loads(json.dumps(found.as_dict()))["output_tokens"] == [0, 512]


def test_a_system_message_is_paid_each_time(world: World) -> None:
    """It goes before each prompt."""
    world.write("abcd", "efgh")
    found = _estimate(world, _config(_endpoint("one", ["m"])), system="x" * 40)
    assert 2 * (11 + 2 * 4) == found.input_tokens


@pytest.mark.parametrize("system", [None, "Be brief: \u00e9\u4e16."])
def test_lines_and_rows_of_the_same(world: World, system: str | None) -> None:
    """Equal prompts have equal tokens, in whatever format they are written."""
    prompts = ["a", "four", "sch\u00f6n \u4e16\u754c", 'quoted "twice"', "x" * 1001]
    config = _config(_endpoint("one", ["m"]))
    world.write(*prompts)
    lines = _estimate(world, config, system=system)
    first = [{"role": "system", "content": system}] if system else []
    for content in (str, lambda text: [{"type": "text", "text": text}]):
        asked = ({"role": "user", "content": content(prompt)} for prompt in prompts)
        world.write_rows(*({"body": {"messages": [*first, each]}} for each in asked))
        assert lines == _estimate(world, config)


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"messages": [{"role": "assistant", "content": None}]}, 4),
        ({"messages": [{"role": "user", "content": 7}]}, 5),
        ({"messages": [{"role": "user", "content": "abcd", "name": "xyz"}]}, 9),
        (
            {
                "messages": [{"role": "user"}],
                "response_format": {"type": "json_object"},
            },
            10,
        ),
    ],
)
def test_whatever_a_message_is(world: World, body: dict[str, Any], tokens: int) -> None:
    """What is no text counts by its length as JSON."""
    world.write_rows({"body": body})
    found = _estimate(world, _config(_endpoint("one", ["m"])))
    assert (tokens, 0) == (found.input_tokens, found.bad_rows)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"messages": []}, "messages are empty; at least one is needed"),
        ({"messages": ["odd"]}, "messages[0] must be a mapping with a role"),
        ({"messages": [{"role": "user"}], "max_cost": -1}, "max_cost must be US dol"),
        ({"messages": [{"role": "user"}], "tags": 7}, "tags must be a list of words"),
    ],
)
def test_rows_that_a_run_would_refuse(
    world: World, body: dict[str, Any], reason: str
) -> None:
    """Each is told with what its row of the run would say, and costs nothing."""
    world.write_rows({"body": body})
    found = _estimate(world, _config(_endpoint("one", ["m"])))
    assert (1, 0) == (found.bad_rows, found.input_tokens)
    assert found.bad_examples[0].reason.startswith(reason)


def test_bounds_of_rows(world: World) -> None:
    """The newer name of the bound comes first, and each choice is an answer."""
    world.write_rows(
        row("a", max_tokens=10),
        row("b", max_tokens=10, max_completion_tokens=20),
        row("c", max_tokens=10, n=3),
        row("d", max_tokens=-1),
    )
    found = _estimate(world, _config(_endpoint("one", ["m"])))
    assert (0, 10 + 20 + 30 + 256) == found.output_tokens


def test_a_bound_for_rows_without_one(world: World) -> None:
    """It counts for them alone, and each choice is an answer."""
    world.write_rows(row("a", max_tokens=10), row("b", n=2), row("c", max_tokens=-1))
    config = _config(_endpoint("one", ["m"]))
    assert (0, 10 + 200 + 100) == _estimate(world, config, max_tokens=100).output_tokens
    world.write("a", "b")
    assert (0, 200) == _estimate(world, config, max_tokens=100).output_tokens


def test_images_are_no_text(world: World) -> None:
    """They count as what is usual, whatever their data, and tools by their length."""
    image = {"type": "image_url", "image_url": {"url": f"data:x,{'A' * 100_000}"}}
    messages = [{"role": "user", "content": [image]}]
    world.write_rows({"body": {"messages": messages}})
    config = _config(_endpoint("one", ["m"]))
    alone = _estimate(world, config).input_tokens
    tools = [{"type": "function", "function": {"name": "f" * 400}}]
    world.write_rows({"body": {"messages": messages, "tools": tools}})
    assert 1_000 <= alone < 1_040
    assert 100 < _estimate(world, config).input_tokens - alone < 130


def test_the_range_of_prices(world: World) -> None:
    """From the cheapest endpoint's input alone to the dearest one's longest answer."""
    world.write("a" * 3984)
    config = Config.from_dict(
        {
            "endpoints": [
                _endpoint("one", ["m"], prices={"m": CHEAP}),
                _endpoint("two", ["m"], prices={"m": DEAR}),
                _endpoint("three", ["other"], prices={"other": DEAR}),
            ]
        }
    )
    found = _estimate(world, config)
    assert found.cost_usd is not None
    least, most = found.cost_usd
    assert pytest.approx(0.001) == least
    assert pytest.approx(0.003 + 256 * 30e-6) == most


def test_rows_without_a_price(world: World) -> None:
    """They are left out and counted; where none has one, nothing is known."""
    config = _config(_endpoint("one", ["m", "free"]), **_prices(m=CHEAP))
    world.write_rows(row("a", model="m"), row("b", model="free"))
    found = _estimate(world, config)
    assert (1, True) == (found.unpriced, found.cost_usd is not None)
    world.write_rows(row("b", model="free"))
    assert (1, None) == ((other := _estimate(world, config)).unpriced, other.cost_usd)


def test_rows_that_cannot_be_called(world: World) -> None:
    """Neither malformed ones nor those of a model that nobody serves."""
    world.write_rows(row("a"), {"custom_id": "b"}, row("c", model="gpt-9"))
    found = _estimate(world, _config(_endpoint("one", ["m"])))
    assert (3, 2) == (found.rows, found.bad_rows)
    expected = [
        {"line": 2, "reason": "body must be an object with messages, or with input"},
        {"line": 3, "reason": 'no endpoint serves the model "gpt-9"'},
    ]
    assert expected == json.loads(json.dumps(found.as_dict()))["bad_examples"]
    assert (0, 256) == found.output_tokens


def test_a_few_of_many_bad_rows(world: World) -> None:
    """The first five are enough to see what is wrong."""
    world.write_rows(row("a", model=7), *[{"custom_id": "b"}] * 9, row("c"))
    found = _estimate(world, _config(_endpoint("one", ["*"])))
    assert (11, [1, 2, 3, 4, 5]) == (
        found.bad_rows,
        [each.line for each in found.bad_examples],
    )
    assert "model must be a string" == found.bad_examples[0].reason


def test_repeated_rows_are_called_once(world: World) -> None:
    """With dedupe only."""
    world.write_rows(row("a", "x"), row("b", "x"), row("c", "y"))
    config = _config(_endpoint("one", ["m"]))
    found = _estimate(world, config, dedupe=True)
    assert (3, 1, (0, 512)) == (found.rows, found.repeated, found.output_tokens)
    assert 0 == _estimate(world, config).repeated


def test_only_the_chosen_rows(world: World) -> None:
    """A limit or a sample is estimated as it would be run."""
    world.write(*(f"p{number}" for number in range(50)))
    config = _config(_endpoint("one", ["m"]))
    sizes = _estimate(world, config, limit=7).rows, _estimate(world, config, sample=9)
    assert (7, 9) == (sizes[0], sizes[1].rows)


@pytest.mark.parametrize(
    ("limits", "rate", "seconds", "by"),
    [
        (({}, {}), None, None, ""),
        (({"rpm": 60}, {"rpm": 540}), None, 10.0, "rpm"),
        (({"rpm": 60}, {}), None, None, ""),
        (({"rpm": 60}, {}), 50.0, 2.0, "rate"),
        (({"rpm": 60}, {"rpm": 540}), 5.0, 20.0, "rate"),
        # A hundred rows of 8 + 256 tokens.
        (({"tpm": 1000}, {"tpm": 9000, "rpm": 9}), 50.0, 158.4, "tpm"),
    ],
)
def test_how_long_it_takes(
    world: World,
    limits: tuple[dict[str, Any], dict[str, Any]],
    rate: float | None,
    seconds: float | None,
    by: str,
) -> None:
    """The narrowest limit says; an endpoint without one has room for all."""
    world.write(*["abcdefghijklmnop"] * 100)
    one, two = limits
    config = _config(_endpoint("one", ["m"], **one), _endpoint("two", ["m"], **two))
    found = _estimate(world, config, rate)
    assert (seconds, by) == (found.seconds, found.by)


def test_a_narrow_endpoint_for_some_rows(world: World) -> None:
    """What only one endpoint serves has to wait for that one."""
    world.write_rows(*(row(str(n), model="m" if n < 90 else "x") for n in range(100)))
    config = _config(_endpoint("one", ["m"], rpm=6000), _endpoint("two", ["x"], rpm=6))
    found = _estimate(world, config)
    assert (100.0, "rpm") == (found.seconds, found.by)


def test_nothing_to_do(world: World) -> None:
    """An empty input costs nothing and takes no time."""
    world.write()
    config = _config(_endpoint("one", ["m"], rpm=60), **_prices(m=CHEAP))
    found = _estimate(world, config)
    assert (0, (0.0, 0.0), (0, 0)) == (found.rows, found.cost_usd, found.output_tokens)
    assert not found.seconds


def test_what_a_run_would_refuse(world: World) -> None:
    """A dry run refuses it as well."""
    world.write_rows(row("a"))
    config = _config(_endpoint("one", ["m"]))
    with pytest.raises(ConfigError, match="is read as jsonl"):
        _estimate(world, config, system="Be brief.")
    world.source = world.folder / "nowhere"
    with pytest.raises(ConfigError, match="cannot read"):
        _estimate(world, config)


def _aliased(**budgets: Any) -> Config:
    endpoints = [_endpoint("one", ["cheap", "dear"]), _endpoint("two", ["dear"])]
    return Config.from_dict(
        {
            "endpoints": endpoints,
            "catalog": _prices(cheap=CHEAP, dear=DEAR),
            "models": {"fast": {"targets": ["cheap"], "fallbacks": ["dear"]}},
            "budgets": [{"name": name, **each} for name, each in budgets.items()],
        }
    )


@pytest.mark.parametrize("model", ["fast", "auto"])
def test_a_name_for_several_models(world: World, model: str) -> None:
    """It costs from the least at the cheapest to the most at the dearest of them."""
    world.write_rows(row("a", "x" * 384, model=model, max_tokens=100))
    found = _estimate(world, _aliased())
    assert (0, 0) == (found.bad_rows, found.unpriced)
    assert pytest.approx((100e-6, 100 * 3e-6 + 100 * 30e-6)) == found.cost_usd


def test_nothing_to_choose_from(world: World) -> None:
    """Endpoints of any name list no model."""
    world.write_rows(row("a", model="auto"))
    found = _estimate(world, _config(_endpoint("one", ["*"])))
    (bad,) = found.bad_examples
    assert 'no model is listed that "auto" could choose from' == bad.reason


def test_budgets(world: World) -> None:
    """Each is held against the calls that it covers, wherever these may go."""
    config = _aliased(
        everything={"limit_usd": 1.0},
        of_cheap={"limit_usd": 2.0, "scope": "model:cheap"},
        of_two={"limit_usd": 3.0, "scope": "endpoint:two"},
        of_web={"limit_usd": 4.0, "scope": "tag:web"},
        of_none={"limit_usd": 5.0, "scope": "tag:none"},
    )
    world.write_rows(
        row("a", "x" * 384, model="fast", max_tokens=100),
        row("b", "x" * 384, model="cheap", max_tokens=100),
    )
    least_each, most_cheap, most_dear = 100e-6, 1100e-6, 3300e-6
    source, options = world.source, BatchOptions(tags=["web"])
    found = estimate(config, source, options, left_usd={"everything": 0.25})
    fits = {fit.budget: (fit.left_usd, fit.cost_usd) for fit in found.budgets}
    both = pytest.approx((2 * least_each, most_dear + most_cheap))
    expected: dict[str, Any] = {
        "everything": (0.25, both),
        "of_cheap": (2.0, pytest.approx((least_each, 2 * most_cheap))),
        "of_two": (3.0, pytest.approx((0.0, most_dear))),
        "of_web": (4.0, both),
    }
    assert expected == fits
    assert json.loads(json.dumps(found.as_dict()))["budgets"][0]["left_usd"] == 0.25


def test_a_budget_over_calls_of_unknown_price(world: World) -> None:
    """They are counted."""
    budget = {"name": "all", "limit_usd": 1.0}
    with pytest.warns(UserWarning, match="unknown price"):
        config = Config.from_dict(
            {"endpoints": [_endpoint("one", ["m"])], "budgets": [budget]}
        )
    world.write("a", "b")
    (fit,) = _estimate(world, config).budgets
    assert (2, (0.0, 0.0)) == (fit.unpriced, fit.cost_usd)
