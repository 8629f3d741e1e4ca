"""Owns the proof of the `check` command."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from holybalance.testing import MockUpstream

Call = Callable[..., Result]


def test_all_is_well(call: Call, config: str, upstream: MockUpstream) -> None:
    """The table has a line for each endpoint, and the source is named."""
    result = call("check", "--config", config)
    assert 0 == result.exit_code
    (line,) = (line for line in result.stdout.splitlines() if "mock-1" in line)
    name, url, key, models, verdict, status, *_ = line.split()
    assert ("mock-1", upstream.url) == (name, url)
    assert ("present", "1", "ok", "200") == (key, models, verdict, status)
    assert result.stdout.endswith(f"\n1 of 1 endpoint ok\nconfigured by {config}\n")


def test_no_key_is_ever_shown(call: Call, configure: Callable[..., str]) -> None:
    """Neither a good nor a refused key is printed."""
    with MockUpstream(api_key="another") as upstream:
        result = call("check", "--config", configure(upstream.url))
    assert 1 == result.exit_code
    assert "401" in result.stdout
    assert os.environ["TEST_KEY"] not in result.output


def test_an_endpoint_that_is_not_there(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """One that does not answer fails the check; the other is still shown as ok."""
    config = configure(upstream.url, "http://127.0.0.1:9/v1")
    result = call("check", "--config", config)
    assert 1 == result.exit_code
    assert "mock-2: cannot connect to 127.0.0.1:9" in result.stdout
    assert "1 of 2 endpoints ok" in result.stdout


def test_a_model_that_is_not_listed(call: Call, configure: Callable[..., str]) -> None:
    """It is warned of where it is seen, and the endpoint is ok: calls tell."""
    with MockUpstream(models=["other"]) as upstream:
        result = call("check", "--config", configure(upstream.url))
    assert 0 == result.exit_code
    (line,) = (line for line in result.stdout.splitlines() if upstream.url in line)
    assert "warning" in line.split()
    assert "\nWarning: mock-1: it does not list mock-model\n" in result.stdout
    assert "\n1 of 1 endpoint ok, 1 warning\n" in result.stdout


def test_a_narrow_terminal(
    call: Call, config: str, upstream: MockUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL that has no room in the table is below it, and whole."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = call("check", "--config", config).stdout.splitlines()
    assert ["endpoint", "key", "models", "result", "status", "latency"] == (
        lines[0].split()
    )
    assert f"mock-1  {upstream.url}" in lines


def test_json(call: Call, config: str) -> None:
    """The same facts come as JSON."""
    document = json.loads(call("check", "--json", "--config", config).stdout)
    (endpoint,) = document["endpoints"]
    assert config == document["source"]
    assert ("present", True, 200) == (
        endpoint["key"],
        endpoint["ok"],
        endpoint["status"],
    )


def test_wrong_config(call: Call, configure: Callable[..., str]) -> None:
    """A mistake in the file is shown with its line."""
    config = configure("http://127.0.0.1:9/v1", timeuot=5)
    result = call("check", "--config", config)
    assert 2 == result.exit_code
    assert 'line 3, defaults: unknown key "timeuot"' in result.stderr


def test_a_key_written_out_is_warned_of(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """A warning is one plain line, not Python's."""
    config = configure(upstream.url)
    with open(config, "a", encoding="utf-8") as file:
        file.write('\n[[endpoints]]\nprovider = "openai"\napi_key = "sk-written"\n')
        file.write(f'models = ["*"]\nbase_url = "{upstream.url}"\n')
    result = call("check", "--config", config)
    assert result.stderr.startswith("Warning: ")
    assert "api_key is written out in the file" in result.stderr
    assert "sk-written" not in result.output


def _share(config: str, path: Path) -> None:
    with open(config, "a", encoding="utf-8") as file:
        file.write(f'\n[state]\nurl = "sqlite:///{path}"\n')


def test_a_state_that_is_there(call: Call, config: str, tmp_path: Path) -> None:
    """It has a line of its own, and looking makes no file."""
    path = tmp_path / "state.db"
    _share(config, path)
    result = call("check", "--config", config)
    line = f"\nstate     sqlite file {path}: ok; it is not there yet"
    assert (0, True) == (result.exit_code, line in result.stdout)
    path.touch()
    result = call("check", "--config", config)
    assert f"\nstate     sqlite file {path}: ok\n" in result.stdout


def test_a_state_that_is_none(call: Call, config: str, tmp_path: Path) -> None:
    """It fails the check, in the store's words."""
    path = tmp_path / "state.db"
    path.write_text("no database " * 100)
    _share(config, path)
    result = call("check", "--config", config)
    line = f'state     the state file "{path}": it is not an SQLite database'
    assert (1, True) == (result.exit_code, line in result.stdout)
    assert "1 of 1 endpoint ok" in result.stdout


def test_a_folder_that_is_not_there(call: Call, config: str, tmp_path: Path) -> None:
    """No call could make the file."""
    _share(config, tmp_path / "nowhere" / "state.db")
    result = call("check", "--json", "--config", config)
    state = json.loads(result.stdout)["state"]
    assert (1, "sqlite", False) == (result.exit_code, state["scheme"], state["ok"])
    assert "nowhere" in state["message"]


def test_a_server_that_is_away(call: Call, config: str) -> None:
    """It is named without its password."""
    pytest.importorskip("redis")
    with open(config, "a", encoding="utf-8") as file:
        file.write('\n[state]\nurl = "redis://user:secret@127.0.0.1:9/0"\n')
    result = call("check", "--json", "--config", config)
    state = json.loads(result.stdout)["state"]
    assert (1, "redis://127.0.0.1:9/0") == (result.exit_code, state["where"])
    assert "cannot be reached" in state["message"]
    assert "secret" not in result.output


def test_processes_alone(call: Call, config: str) -> None:
    """There is nobody to ask, and no line."""
    assert "\nstate" not in call("check", "--config", config).stdout
    document = json.loads(call("check", "--json", "--config", config).stdout)
    assert document["state"] is None
