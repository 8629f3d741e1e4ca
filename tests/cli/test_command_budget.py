"""Owns the proof of the `budget` command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import MODEL

Call = Callable[..., Result]

BUDGETS = """
[[budgets]]
name = "daily"
limit_usd = 5.0
[[budgets]]
name = "all of it"
limit_usd = 0.0001
window = "total"
scope = "tag:web"
"""


@pytest.fixture
def add(config: str) -> Callable[[str], str]:
    """Add tables to the configuration over the shared upstream."""

    def add(text: str) -> str:
        with open(config, "a", encoding="utf-8") as file:
            file.write(text)
        return config

    return add


def _state(path: Path) -> str:
    return f'[state]\nurl = "sqlite:///{path}"\n'


def test_what_another_process_has_spent(
    call: Call, add: Callable[[str], str], tmp_path: Path
) -> None:
    """It is read from the store that both share; looking changes nothing."""
    config = add(BUDGETS + _state(tmp_path / "state.db"))
    source, output = tmp_path / "in.jsonl", tmp_path / "out"
    messages = [{"role": "user", "content": "say something"}]
    body = {"model": MODEL, "max_tokens": 9, "messages": messages}
    source.write_text(json.dumps({"body": body}))
    run = ("run", str(source), "-o", str(output), "--processes", "1")
    assert 0 == call(*run, "--config", config).exit_code
    first = json.loads(call("budget", "--json", "--config", config).stdout)
    again = json.loads(call("budget", "--json", "--config", config).stdout)
    daily, total = first["budgets"]
    assert first == again
    assert 0 < daily["spent_usd"] < 0.001
    assert 5.0 == pytest.approx(daily["spent_usd"] + daily["left_usd"])
    assert daily["opens_at"].endswith("T00:00:00+00:00")
    assert (0.0, None) == (total["spent_usd"], total["opens_at"])


def test_the_table(call: Call, add: Callable[[str], str], tmp_path: Path) -> None:
    """A line for each, with a bar."""
    config = add(BUDGETS + _state(tmp_path / "state.db"))
    lines = call("budget", "--config", config).stdout.splitlines()
    assert lines[2].startswith("daily")
    assert "░" * 20 + "   0 %" in lines[2]
    assert lines[3].endswith("never")


def test_a_narrow_terminal(
    call: Call,
    add: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bar gives way, and no line is too wide."""
    monkeypatch.setenv("COLUMNS", "80")
    config = add(BUDGETS + _state(tmp_path / "state.db"))
    lines = call("budget", "--config", config).stdout.splitlines()
    assert max(map(len, lines)) <= 80


def test_a_state_of_each_process_alone(call: Call, add: Callable[[str], str]) -> None:
    """Nobody can be asked, and what to set is said."""
    result = call("budget", "--config", add(BUDGETS))
    assert 0 == result.exit_code
    assert 'The state is "local:": each process counts its own money' in result.stdout
    assert 'url = "sqlite:///holybalance.db"' in result.stdout


def test_no_budgets(call: Call, config: str) -> None:
    """It says how to have some."""
    result = call("budget", "--config", config)
    assert (0, "no budgets are configured") == (
        result.exit_code,
        result.stdout.partition(";")[0],
    )


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_store_that_is_none(
    call: Call, add: Callable[[str], str], tmp_path: Path, form: list[str]
) -> None:
    """It is said in one line, and nothing is taken to be unspent."""
    path = tmp_path / "state.db"
    path.write_text("no database " * 100)
    result = call("budget", *form, "--config", add(BUDGETS + _state(path)))
    assert 1 == result.exit_code
    assert "Error: the state file" in result.stderr
    assert "what is spent is not known" in result.stderr
    assert "$0.00 " not in result.stdout
