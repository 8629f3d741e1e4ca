"""Owns the proof that options which make no sense are refused before anything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from holybalance.batch.options import BatchOptions
from holybalance.errors import ConfigError
from tests.unit.batches import World, row


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "csv"}, "format must be one of auto, lines, jsonl"),
        ({"format": "jsonl", "system": "Be brief."}, "is for plain lines"),
        ({"errors": "-"}, "errors must name a file"),
        ({"errors": ""}, "errors must name a file"),
        ({"limit": 0}, "limit must be a whole number"),
        ({"limit": True}, "limit must be a whole number"),
        ({"max_tokens": 0}, "max_tokens must be a whole number"),
        ({"sample": 1.5}, "sample must be a whole number"),
        ({"limit": 1, "sample": 1}, "do not go together"),
        ({"retry_errors": True, "resume": False}, "leave resume on"),
        ({"retry_errors": True, "ordered": True}, "leave ordered out"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    """The message says which, and what to do."""
    with pytest.raises(ConfigError, match=message):
        BatchOptions(**options)


def test_a_system_message_has_no_place_in_jsonl(tmp_path: Path) -> None:
    """Also where the format was only guessed; no output is made."""
    world = World(tmp_path)
    world.write_rows(row("a"))
    with pytest.raises(ConfigError, match="is read as jsonl"):
        world.batch(system="Be brief.")
    assert not world.output.exists()


def test_files_that_are_the_same(tmp_path: Path) -> None:
    """Neither the input nor the errors may be the output, by whatever name."""
    world = World(tmp_path)
    world.write("a")
    link = tmp_path / "link"
    link.symlink_to(world.source)
    content = world.source.read_bytes()
    with pytest.raises(ConfigError, match="is the input and the errors file"):
        world.batch(errors=link)
    with pytest.raises(ConfigError, match="is the output and the errors file"):
        world.batch(errors=tmp_path / "." / "out.jsonl")
    world.output = link
    with pytest.raises(ConfigError, match="is the input and the output"):
        world.batch()
    assert content == world.source.read_bytes()


def test_a_device_may_be_both(tmp_path: Path) -> None:
    """What goes to /dev/null cannot hurt what else goes there."""
    world = World(tmp_path)
    world.write("a")
    world.output = Path(os.devnull)
    assert 1 == world.run(errors=os.devnull).ok


@pytest.mark.parametrize("output", ["nowhere/out", "."])
def test_an_output_that_cannot_be_written(tmp_path: Path, output: str) -> None:
    """The message names it and says why."""
    world = World(tmp_path)
    world.write("a")
    world.output = tmp_path / output
    with pytest.raises(ConfigError, match="cannot write "):
        world.batch()


def test_what_cannot_be_read_again_cannot_be_retried(tmp_path: Path) -> None:
    """Failed rows on a device are gone."""
    world = World(tmp_path)
    world.write("a")
    world.output = Path(os.devnull)
    with pytest.raises(ConfigError, match="/dev/null cannot be read"):
        world.batch(retry_errors=True)


@pytest.mark.parametrize(("given", "tags"), [("web", ("web",)), (["a", "a"], ("a",))])
def test_tags(given: Any, tags: tuple[str, ...]) -> None:
    """Each once; a single one is a list of one."""
    assert tags == BatchOptions(tags=given).tags


@pytest.mark.parametrize("wrong", [7, [""], [7]])
def test_what_are_no_tags(wrong: Any) -> None:
    """They are refused by name."""
    with pytest.raises(ConfigError, match=r"^tags must be"):
        BatchOptions(tags=wrong)
