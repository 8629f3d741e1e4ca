"""Owns the proof of the `budget` command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import MODEL

Call = Callable[..., Result]
Said = Callable[[str, int], list[str]]

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


@pytest.fixture
def said(
    call: Call,
    add: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Said:
    """Have budgets shown on a terminal so wide, and give the lines about them."""

    def said(budgets: str, columns: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        config = add(budgets + _state(tmp_path / "state.db"))
        shown, _, _ = call("budget", "--config", config).stdout.partition("\n\n")
        return shown.splitlines()

    return said


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


def test_a_narrow_terminal(said: Said) -> None:
    """The bar gives way, and no line is too wide."""
    assert max(map(len, said(BUDGETS, 80))) <= 80


_LONG = """
[[budgets]]
name = "website-and-friends"
limit_usd = 50.5
scope = "tag:customer-support"
window = "month"
"""


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (100, ["budget", "scope", "window", "limit", "spent", "held", "left", "opens"]),
        (92, ["budget", "scope", "limit", "spent", "held", "left", "opens"]),
        (86, ["budget", "scope", "limit", "spent", "left", "opens"]),
        (80, ["budget", "scope", "limit", "spent", "left"]),
    ],
)
def test_columns_give_way_to_names(said: Said, columns: int, heads: list[str]) -> None:
    """No name is cut or folded; the window goes first, then what is held."""
    lines = said(BUDGETS + _LONG, columns)
    assert heads == lines[0].removesuffix("(UTC)").split()
    assert lines[4].startswith("website-and-friends  tag:customer-support")
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("columns", [40, 60])
def test_no_room_for_a_table(said: Said, columns: int) -> None:
    """Each budget is said in words, with its names whole."""
    lines = said(_LONG, columns)
    assert max(map(len, lines)) <= columns
    assert " ".join(" ".join(lines).split()).startswith(
        "website-and-friends (tag:customer-support, month): $0.00 of $50.50 spent, "
        "$0.00 held, $50.50 left, opens "
    )


def test_large_amounts(said: Said) -> None:
    """They cost columns, not names."""
    lines = said(BUDGETS.replace("5.0", "123456789.0"), 80)
    assert lines[3].startswith("all of it  tag:web")
    assert "$123,456,789.00" in lines[2]


def test_a_file_that_is_not_there_yet(
    call: Call, add: Callable[[str], str], tmp_path: Path
) -> None:
    """It is said that nothing was spent by way of it: the path may be another one."""
    path = tmp_path / "state.db"
    config = add(BUDGETS + _state(path))
    result = call("budget", "--config", config)
    said = f'the state file "{path}" is not there yet: nothing has been spent'
    assert (0, True) == (result.exit_code, said in result.stdout)
    assert not path.exists()
    assert not json.loads(call("budget", "--json", "--config", config).stdout)[
        "is_begun"
    ]


def test_a_file_that_is_there(
    call: Call, add: Callable[[str], str], tmp_path: Path
) -> None:
    """Nothing more is said."""
    path = tmp_path / "state.db"
    path.touch()
    result = call("budget", "--config", add(BUDGETS + _state(path)))
    assert "is not there yet" not in result.stdout


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
