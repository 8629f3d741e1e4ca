"""Owns the proof of what all commands share: help, version, how they end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from holybalance.version import __version__

Call = Callable[..., Result]


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
