"""Owns the labelled prompts of `data/prompts.jsonl`, and which half is held out."""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any, NamedTuple

_PATH = Path(__file__).with_name("data") / "prompts.jsonl"


class Labelled(NamedTuple):
    """A conversation, and the task that a person reads in it."""

    task: str
    messages: list[dict[str, Any]]
    held_out: bool


def labelled() -> list[Labelled]:
    """
    Read the labelled prompts; every second one of each task is held out.

    A row has a `text` or `messages`. A row with `characters` has its last message
    filled up to that many with its `filler`, which spares the file the long ones.
    """
    seen: collections.Counter[str] = collections.Counter()
    found = []
    for line in _PATH.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        seen[row["task"]] += 1
        held_out = seen[row["task"]] % 2 == 0
        found.append(Labelled(row["task"], _messages(row), held_out))
    return found


def _messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = row.get("messages") or [
        {"role": "user", "content": row["text"]}
    ]
    if "filler" in row:
        copies = row["characters"] // len(row["filler"]) + 1
        messages[-1]["content"] += "\n\n" + row["filler"] * copies
    return messages
