"""Owns the proof of what all commands share: help, version, how they end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from holybalance.version import __version__

Call = Callable[..., Result]
COMMAND = [sys.executable, "-c", "from holybalance_cli.main import main; main()"]


@pytest.mark.parametrize("name", ["ask", "run", "check", "mock", "demo"])
def test_each_command_explains_itself(call: Call, name: str) -> None:
    """Each command has help, and the group lists it."""
    assert 0 == call(name, "--help").exit_code
    assert f"\n  {name}" in call("--help").output


def test_version(call: Call) -> None:
    """The version is the library's."""
    assert f"holybalance, version {__version__}\n" == call("--version").output


def test_help_loads_nothing_heavy() -> None:
    """Help needs no network library, no view and no event loop."""
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "before = set(sys.modules)\n"
        "from holybalance_cli.main import main\n"
        "assert main(['--help'], standalone_mode=False) == 0\n"
        "heavy = {'rich', 'urllib3', 'asyncio', 'orjson', 'holybalance.client'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)), file=sys.stderr)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert "[]\n" == process.stderr


def test_unknown_command(call: Call) -> None:
    """A misspelt command is a mistake in usage."""
    result = call("chekc")
    assert 2 == result.exit_code
    assert "No such command 'chekc'" in result.stderr


def test_missing_config(call: Call) -> None:
    """Without any configuration, the message says what to do."""
    result = call("ask", "hi")
    assert 2 == result.exit_code
    assert result.stderr.startswith("Error: no configuration found; do one of these:\n")
    assert "" == result.stdout


def test_config_that_does_not_exist(call: Call) -> None:
    """A wrong --config is a mistake in usage."""
    result = call("check", "--config", "nowhere.toml")
    assert 2 == result.exit_code
    assert "nowhere.toml" in result.stderr


def _run(command: str, redirection: str, tmp_path: Path) -> tuple[int, str]:
    """Run a command in a shell of its own; give its exit code and complaints."""
    script = f'"$@" {command} {redirection}'
    ended = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command", ["--help", "ask --help", "--version", "ask hi", "check", "check --json"]
)
def test_a_standard_output_that_is_full(
    command: str,
    unbuffered: str,
    config: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is one message and no traceback, whatever is written."""
    monkeypatch.setenv("HOLYBALANCE_CONFIG", config)
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    message = "Error: cannot write standard output: No space left on device\n"
    assert (1, message) == _run(command, ">/dev/full", tmp_path)


@pytest.mark.parametrize("command", ["ask hi", "check", "demo --calls 3"])
def test_a_standard_output_that_is_closed(
    command: str, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked for when nobody could read the answer."""
    monkeypatch.setenv("HOLYBALANCE_CONFIG", config)
    code, complaint = _run(command, ">&-", tmp_path)
    assert (1, "Error: standard output is closed\n") == (code, complaint)


def test_run_into_a_standard_output_that_is_closed(config: str, tmp_path: Path) -> None:
    """It is a mistake in usage."""
    (tmp_path / "in").write_text("hi")
    code, complaint = _run(f"run in -o - --config {config}", ">&-", tmp_path)
    assert 2 == code
    assert "standard output is closed; name a file instead" in complaint


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """The message says what is wrong with the place."""
    folder = tmp_path / "gone"
    folder.mkdir()
    # -P, as for an installed command: the folder itself is not looked in for modules.
    script = 'rmdir ../gone; program=$1; shift; "$program" -P "$@" check'
    ended = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND],
        capture_output=True,
        check=False,
        text=True,
        cwd=folder,
    )
    assert 2 == ended.returncode
    assert ended.stderr.startswith("Error: the current folder does not exist")
