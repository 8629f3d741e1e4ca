"""Owns the proof of the `route` command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import KEY

Call = Callable[..., Result]

NOWHERE = 'provider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "k"'


def _card(name: str, output: float, **more: object) -> str:
    price = f"price = {{ input = 1.0, output = {output} }}"
    rest = "".join(f"{key} = {value}\n" for key, value in more.items())
    return f'[catalog."{name}"]\n{price}\nmax_output = 1000\n{rest}'


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write a configuration over models at an endpoint that is not there."""

    def write(*models: str, rest: str = "") -> str:
        listed = json.dumps(list(models))
        text = f"[[endpoints]]\n{NOWHERE}\nmodels = {listed}\n{rest}"
        text = text.replace('"k"', '{ env = "TEST_KEY" }')
        path = tmp_path / "routes.toml"
        path.write_text(text, "utf-8")
        return str(path)

    return write


@pytest.fixture
def config(write: Callable[..., str]) -> str:
    """Two models, one cheap and one dear, and a route for code."""
    route = '[[routes]]\nwhen = { task = "code" }\nuse = ["dear", "cheap"]\n'
    cards = _card("cheap", 1.0) + _card("dear", 10.0)
    return write("cheap", "dear", rest=cards + route)


def test_the_first_line_says_it_all(call: Call, config: str) -> None:
    """The model and what chose it; then the task, the tokens and the table."""
    prompt = "Write a python function that sorts a list"
    result = call("route", prompt, "--config", config)
    lines = result.stdout.splitlines()
    assert (0, "") == (result.exit_code, result.stderr)
    assert 'dear, by route 1 (task "code")' == lines[0]
    assert lines[3].startswith("task      code: ")
    assert "tokens    about 15 in, 256 out" == lines[4]
    assert [["1", "dear"], ["2", "cheap"]] == [line.split()[:2] for line in lines[8:10]]


def test_auto_is_the_default_where_there_is_a_choice(call: Call, config: str) -> None:
    """Another model is asked for by its name."""
    document = json.loads(call("route", "hi", "--json", "--config", config).stdout)
    forced = call("route", "hi", "-m", "dear", "--json", "--config", config)
    assert "auto" == document["requested"]
    assert ("dear", "the caller") == (
        json.loads(forced.stdout)["model"],
        json.loads(forced.stdout)["decided_by"],
    )


def test_one_model_is_no_choice(call: Call, write: Callable[..., str]) -> None:
    """Then it is the default."""
    document = json.loads(call("route", "hi", "--json", "--config", write("m")).stdout)
    assert ("m", "m") == (document["requested"], document["model"])


def test_an_alias_makes_a_choice(call: Call, write: Callable[..., str]) -> None:
    """Also over a single model."""
    config = write("m", rest='[models.fast]\ntargets = ["m"]\n')
    document = json.loads(call("route", "hi", "--json", "--config", config).stdout)
    assert ("auto", "m") == (document["requested"], document["model"])


def test_what_is_too_dear_is_left_out(call: Call, config: str) -> None:
    """With the reason."""
    result = call("route", "hi", "--max-cost", "0.001", "--config", config)
    lines = result.stdout.splitlines()
    assert "cheap, by strategy balanced" == lines[0]
    (reason,) = lines[lines.index("left out") + 1 :]
    assert reason.startswith("dear          is expected to cost 0.002")


def test_nothing_is_left(call: Call, config: str) -> None:
    """It fails, and still shows why."""
    result = call("route", "hi", "--max-cost", "1e-9", "--config", config)
    assert 1 == result.exit_code
    assert 'no model is left for "auto"' == result.stdout.splitlines()[0]
    assert 2 == result.stdout.count("is expected to cost")


def test_tags_and_bounds(call: Call, write: Callable[..., str]) -> None:
    """They reach the routes and the estimate."""
    route = '[[routes]]\nwhen = { tag = "web" }\nuse = ["b"]\n'
    config = write("a", "b", rest=route)
    arguments = ("--tag", "x", "--tag", "web", "--max-tokens", "7", "--json")
    result = call("route", "-", *arguments, "--config", config, piped="hi")
    document = json.loads(result.stdout)
    assert ('route 1 (tag "web")', 7) == (
        document["decided_by"],
        document["output_tokens"],
    )


def test_budgets_are_told(call: Call, write: Callable[..., str]) -> None:
    """Each has a line, at the end."""
    budget = '[[budgets]]\nname = "daily"\nlimit_usd = 5.0\n'
    config = write("m", rest=_card("m", 1.0) + budget)
    lines = call("route", "hi", "--config", config).stdout.splitlines()
    assert lines[-1].startswith("budget    daily: 0.000000 of 5.000000 USD spent")


@pytest.mark.parametrize("width", ["80", "120"])
def test_many_models(
    call: Call,
    write: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    width: str,
) -> None:
    """Twelve are shown, the rest is counted, and no line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", width)
    names = [f"a-model-with-a-long-name-{number}" for number in range(30)]
    result = call("route", "Why is the sky blue?", "--config", write(*names))
    lines = result.stdout.splitlines()
    assert "and 18 other models, tried after these; --json lists all" in lines
    assert max(map(len, lines)) <= int(width)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "the prompt is empty"),
        (["hi", "--max-cost", "0"], "Invalid value for '--max-cost'"),
        (["hi", "--max-cost", "nan"], "Invalid value for '--max-cost'"),
        (["hi", "--max-tokens", "0"], "Invalid value for '--max-tokens'"),
    ],
)
def test_wrong_usage(
    call: Call, config: str, arguments: list[str], message: str
) -> None:
    """It is refused by name."""
    result = call("route", *arguments, "--config", config)
    assert 2 == result.exit_code
    assert message in result.stderr
    assert KEY not in result.output


def test_no_model_to_choose_from(call: Call, write: Callable[..., str]) -> None:
    """Where any name will do, one has to be given."""
    result = call("route", "hi", "--config", write("*"))
    assert 2 == result.exit_code
    assert "say --model" in result.stderr
