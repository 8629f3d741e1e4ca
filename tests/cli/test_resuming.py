"""Owns the proof of the words on how a run goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holybalance_cli.run.resuming import WayOn


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """An input and an output that are files."""
    for name in ("the in", "out"):
        (tmp_path / name).touch()
    return str(tmp_path / "the in"), str(tmp_path / "out")


def _say(
    arguments: list[str],
    files: tuple[str, str],
    *,
    is_complete: bool = False,
    failed: int = 0,
) -> list[str]:
    way_on = WayOn(arguments=arguments, source=files[0], output=files[1])
    return way_on.lines(is_complete=is_complete, failed=failed)


def test_the_same_command(files: tuple[str, str]) -> None:
    """It is quoted for a shell, and may be pasted."""
    source, output = files
    arguments = [source, "-o", output, "-s", "Be brief; don't joke."]
    text = f"to go on: holybalance run '{source}' -o {output} -s "
    assert [text + "'Be brief; don'\"'\"'t joke.'"] == _say(arguments, files)


@pytest.mark.parametrize("option", ["--no-resume", "--retry-errors"])
def test_what_holds_only_at_first(files: tuple[str, str], option: str) -> None:
    """The output exists by now, and failed rows were tried again by now."""
    said = _say(["in", option, "-o", "out"], files)
    assert ["to go on: holybalance run in -o out"] == said


def test_failed_rows(files: tuple[str, str]) -> None:
    """They are not sent again by themselves, so it is said how."""
    complete = _say(["in", "--no-resume"], files, is_complete=True, failed=3)
    broken = _say(["in"], files, failed=3)
    retry = "holybalance run --retry-errors in"
    assert [f"to send failed rows again: {retry}"] == complete
    assert [
        "to go on: holybalance run in",
        f"to send failed rows again as well: {retry}",
    ] == broken


def test_failed_rows_in_their_order(files: tuple[str, str]) -> None:
    """--ordered cannot add them where they belong, so it is not proposed."""
    assert [] == _say(["in", "--ordered"], files, is_complete=True, failed=3)


def test_all_is_done(files: tuple[str, str]) -> None:
    """Then there is nothing to say, wherever it went."""
    assert [] == _say(["in"], files, is_complete=True)
    assert [] == _say(["in"], (files[0], "-"), is_complete=True, failed=3)


def test_an_input_that_was_piped_in(files: tuple[str, str]) -> None:
    """The rows that are done are skipped, if they come once more."""
    said = "to go on, with the same input once more: holybalance run - -o out"
    assert [said] == _say(["-", "-o", "out"], ("-", files[1]))


@pytest.mark.parametrize("output", ["-", "pipe"])
def test_an_output_that_is_gone(
    files: tuple[str, str], tmp_path: Path, output: str
) -> None:
    """Nobody knows any more what was answered."""
    os.mkfifo(tmp_path / "pipe")
    place = output if output == "-" else str(tmp_path / output)
    name = "standard output" if output == "-" else place
    said = _say(["in", "-o", place], (files[0], place), failed=3)
    assert [f"not resumable: what went to {name} cannot be read again"] == said


@pytest.mark.parametrize("is_on_path", [True, False])
def test_the_name_of_the_program(
    files: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_on_path: bool,
) -> None:
    """As short as the shell finds it, or else as it was called."""
    program = tmp_path / "holybalance"
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(program), "run"])
    monkeypatch.setenv("PATH", str(tmp_path if is_on_path else tmp_path / "nowhere"))
    name = "holybalance" if is_on_path else str(program)
    assert [f"to go on: {name} run in"] == _say(["in"], files)
