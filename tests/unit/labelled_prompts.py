"""Owns the labelled prompts, and which of them the rules were never tuned on."""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any, NamedTuple

_DATA = Path(__file__).with_name("data")
_MORE = "more_prompts.jsonl"


class Labelled(NamedTuple):
    """A conversation, and the task that a person reads in it."""

    task: str
    messages: list[dict[str, Any]]
    held_out: bool


def labelled() -> list[Labelled]:
    """
    Read the prompts of the rules' author; every second one of each task is held out.

    A row has a `text` or `messages`. A row with `characters` has its last message
    filled up to that many with its `filler`, which spares the file the long ones.
    """
    seen: collections.Counter[str] = collections.Counter()
    found = []
    for row in _rows("prompts.jsonl"):
        seen[row["task"]] += 1
        held_out = seen[row["task"]] % 2 == 0
        found.append(Labelled(row["task"], _messages(row), held_out))
    return found


def development() -> list[Labelled]:
    """Read what the rules were tuned on: half of the author's prompts, and more."""
    more = [Labelled(row["task"], _messages(row), False) for row in _rows(_MORE)]
    return [prompt for prompt in labelled() if not prompt.held_out] + more


def held_out() -> list[Labelled]:
    """Read the author's prompts that the rules were not tuned on."""
    return [prompt for prompt in labelled() if prompt.held_out]


def unseen() -> list[Labelled]:
    """Read prompts by somebody who did not know the rules."""
    rows = _rows("unseen_prompts.jsonl")
    return [Labelled(row["task"], _messages(row), held_out=True) for row in rows]


def _rows(name: str) -> list[dict[str, Any]]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = row.get("messages") or [
        {"role": "user", "content": row["text"]}
    ]
    if "filler" in row:
        copies = row["characters"] // len(row["filler"]) + 1
        messages[-1]["content"] += "\n\n" + row["filler"] * copies
    return messages
