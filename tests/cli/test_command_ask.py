"""Owns the proof of the `ask` command."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from holybalance.testing import Answer, MockUpstream

MODEL = "mock-model"

Call = Callable[..., Result]


def test_prints_the_answer(call: Call, config: str) -> None:
    """The text goes to standard output, and nothing else does."""
    result = call("ask", "Hello you", "--config", config)
    assert ("Hello you\n", "", 0) == (result.stdout, result.stderr, result.exit_code)


@pytest.mark.parametrize("prompt", [["-"], []])
def test_reads_standard_input(call: Call, config: str, prompt: list[str]) -> None:
    """A dash or no prompt at all reads what is piped in."""
    result = call("ask", *prompt, "--config", config, piped="Grüße")
    assert "Grüße\n" == result.stdout


def test_json(call: Call, config: str) -> None:
    """The upstream's body comes whole, with what we know beside it."""
    result = call("ask", "hi", "--json", "--config", config, "--model", MODEL)
    document = json.loads(result.stdout)
    assert "hi" == document["choices"][0]["message"]["content"]
    ours = document["holybalance"]
    assert {"model", "endpoint", "latency_s", "cost_usd", "attempts"} == set(ours)
    assert ["ok"] == [attempt["verdict"] for attempt in ours["attempts"]]


def test_verbose(call: Call, config: str) -> None:
    """The story goes to standard error."""
    result = call("ask", "hi", "-v", "--config", config)
    assert "hi\n" == result.stdout
    names = [line.split()[0] for line in result.stderr.splitlines()]
    assert ["model", "endpoint", "latency", "tokens", "cost", "attempts"] == names


def test_verbose_tells_of_a_retry(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """Each attempt has its line when there was more than one."""
    upstream.script(Answer(status=503))
    config = configure(upstream.url, upstream.url)
    result = call("ask", "hi", "-v", "--config", config)
    assert "attempts  2\n  1. mock-" in result.stderr


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_empty_prompt(call: Call, config: str, prompt: str) -> None:
    """An empty prompt is a mistake in usage."""
    result = call("ask", prompt, "--config", config)
    assert 2 == result.exit_code
    assert "the prompt is empty" in result.stderr


def test_input_that_is_not_text(call: Call, config: str) -> None:
    """Bytes that are not UTF-8 are refused with their place."""
    result = call("ask", "--config", config, piped=b"ab\xff")
    assert 2 == result.exit_code
    assert "not UTF-8 text, from byte 3 on" in result.stderr


def test_unknown_model(call: Call, config: str) -> None:
    """A misspelt model is a mistake in usage, with a hint."""
    result = call("ask", "hi", "-m", "mock-modle", "--config", config)
    assert 2 == result.exit_code
    assert (
        'Error: -m mock-modle: no endpoint serves the model "mock-modle"; did you mean '
        f'"{MODEL}"?\n'
    ) == result.stderr


def test_an_empty_model(call: Call, config: str) -> None:
    """It, too, was typed."""
    result = call("ask", "hi", "-m", "", "--config", config)
    assert (2, True) == (
        result.exit_code,
        result.stderr.startswith("Error: -m: model is empty"),
    )


def test_no_model_at_all(call: Call, tmp_path: Path) -> None:
    """Where any model will do, one has to be named."""
    path = tmp_path / "any.toml"
    lines = ["[[endpoints]]", 'provider = "openai"', 'models = ["*"]']
    path.write_text("\n".join([*lines, 'base_url = "http://127.0.0.1:9/v1"']))
    result = call("ask", "hi", "--config", str(path))
    assert 2 == result.exit_code
    assert "Error: no model given" in result.stderr
    assert "say --model" in result.stderr


@pytest.mark.parametrize("command", [["ask", "hi"], ["check"]])
@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1"])
def test_a_timeout_that_is_none(
    call: Call, config: str, command: list[str], seconds: str
) -> None:
    """The message names the option."""
    result = call(*command, "--timeout", seconds, "--config", config)
    assert 2 == result.exit_code
    assert "Invalid value for '--timeout': it must be seconds" in result.stderr


def test_rejected_request(call: Call, config: str, upstream: MockUpstream) -> None:
    """What the upstream rejects is fatal, and no traceback is shown."""
    upstream.script(Answer(status=400))
    result = call("ask", "hi", "--config", config)
    assert 1 == result.exit_code
    assert result.stderr.startswith("Error: mock-1 rejected the request (400)")


def test_missing_key(call: Call, config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not set is named by its variable."""
    monkeypatch.delenv("TEST_KEY")
    result = call("ask", "hi", "--config", config)
    assert 2 == result.exit_code
    assert "$TEST_KEY is not set" in result.stderr


def test_no_endpoint_answers(call: Call, configure: Callable[..., str]) -> None:
    """An endpoint that is not there is fatal, within the timeout."""
    config = configure("http://127.0.0.1:9/v1")
    result = call("ask", "hi", "--timeout", "0.5", "--config", config)
    assert 1 == result.exit_code
    assert result.stderr.startswith("Error: no")
    assert os.environ["TEST_KEY"] not in result.output


def _extend(config: str, tables: str = "", card: str = "") -> None:
    """Add tables to a configuration, and a line to its model's card."""
    path = Path(config)
    text = path.read_text("utf-8").replace("[[endpoints]]", f"{card}\n[[endpoints]]")
    path.write_text(f"{text}\n{tables}", "utf-8")


def test_verbose_tells_which_model_it_was(call: Call, config: str) -> None:
    """Where an alias or "auto" left it open."""
    _extend(config, f'[models.fast]\ntargets = ["{MODEL}"]\n')
    result = call("ask", "hi", "-m", "fast", "-v", "--config", config)
    assert f"model     {MODEL}, for fast" == result.stderr.splitlines()[0]
    result = call("ask", "hi", "-m", "fast", "--json", "--config", config)
    assert MODEL == json.loads(result.stdout)["holybalance"]["model"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--max-cost", "0.000001", "max_cost is 0.000001 USD"),
        ("--max-latency", "0.5", "max_latency is 0.5 s"),
    ],
)
def test_bounds(call: Call, config: str, option: str, value: str, message: str) -> None:
    """A model that is expected to go beyond them is not asked."""
    _extend(config, card="latency_s = 2.0")
    result = call("ask", "hi", option, value, "--config", config)
    assert 2 == result.exit_code
    assert message in result.stderr


def test_a_bound_for_the_answer(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """It goes with the request, and a budget holds no more than it."""
    budget = '[[budgets]]\nname = "daily"\nlimit_usd = 0.001\n'
    with MockUpstream(echo=True) as upstream:
        config = configure(upstream.url)
        _extend(config, budget, card="max_output = 100_000")
        assert 4 == call("ask", "hi", "--config", config).exit_code
        result = call("ask", "hi", "--max-tokens", "9", "--config", config)
    assert (0, "hi\n") == (result.exit_code, result.stdout)
    result = call("ask", "hi", "--max-tokens", "0", "--config", config)
    assert 2 == result.exit_code
    assert "Invalid value for '--max-tokens'" in result.stderr


def test_an_empty_budget(call: Call, config: str) -> None:
    """It has an exit code of its own, and one line; tags decide whose it is."""
    budget = '[[budgets]]\nname = "web"\nlimit_usd = 0.000001\nscope = "tag:web"\n'
    _extend(config, budget, card="max_output = 9")
    assert 0 == call("ask", "hi", "--config", config).exit_code
    result = call("ask", "hi", "--tag", "web", "--config", config)
    assert (4, "") == (result.exit_code, result.stdout)
    (line,) = result.stderr.splitlines()
    assert line.startswith('Error: the budget "web" has no room: of 1e-06 USD')
