"""Owns the proof that messages fit a terminal, and that no word of them is cut."""

from __future__ import annotations

import io
import os
import pty
import subprocess

import pytest

from holybalance_cli.lines import width_of, wrapped
from tests.cli.conftest import COMMAND

URL = "https://host.example/a/path-of/no-little-length"


class _Terminal(io.StringIO):
    """A stream that says it is a terminal, and has no descriptor."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Error: short", "Error: short"),
        ("Error: one two three four", "Error: one two\n  three four"),
        (f"Error: see {URL} now", f"Error: see\n  {URL}\n  now"),
        (
            "Error: it failed\n  1. mock-1 was away",
            "Error: it failed\n  1. mock-1 was\n    away",
        ),
    ],
)
def test_lines_are_broken_between_words(message: str, expected: str) -> None:
    """A line that fits stays; what continues one stands below its beginning."""
    assert expected == wrapped(message, 16)


def test_without_a_terminal_nothing_is_broken() -> None:
    """What reads a pipe counts on whole lines."""
    message = "Error: one two three four"
    assert width_of(io.StringIO()) is None
    assert message == wrapped(message, None)


def test_the_width_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable stands before the terminal, which may not know."""
    monkeypatch.setenv("COLUMNS", "33")
    assert 33 == width_of(_Terminal())
    monkeypatch.setenv("COLUMNS", "wide")
    assert width_of(_Terminal()) is None


def test_an_error_on_a_terminal() -> None:
    """A command's own, on standard error alone."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, "ask", "hi"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env={**os.environ, "COLUMNS": "40"},
            check=False,
        )
        lines = os.read(ours, 65536).decode().splitlines()
    finally:
        os.close(ours)
        os.close(theirs)
    assert 2 == done.returncode
    assert lines[0].startswith("Error: no configuration found")
    assert any(line.startswith("    ") for line in lines)
    assert max(len(line) for line in lines if "/" not in line) <= 40
