"""Owns the proof that nobody has to read standard error."""

from __future__ import annotations

import io
import os
import sys

import pytest
from rich.console import Console

from holybalance_cli.run.stderr import quiet


class _Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise BrokenPipeError


def test_what_nobody_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever prints notices nothing, and afterwards it is what it was."""
    gone = _Gone()
    monkeypatch.setattr(sys, "stderr", gone)
    with quiet():
        assert 2 == sys.stderr.write("hi")
        sys.stderr.flush()
        Console(stderr=True).print("hi")
        assert not sys.stderr.isatty()
    assert gone is sys.stderr


def test_what_is_read_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as somebody reads."""
    read = io.StringIO()
    monkeypatch.setattr(sys, "stderr", read)
    with quiet():
        assert 2 == sys.stderr.write("hi")
    assert "hi" == read.getvalue()


def test_silence_holds_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python itself flushes at its end goes nowhere as well."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with quiet():
            sys.stderr.write("hi")
            sys.stderr.flush()
        stream.write("more")
        stream.flush()


def test_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has none where it is closed from the start."""
    monkeypatch.setattr(sys, "stderr", None)
    with quiet():
        assert sys.stderr is None
