"""
Owns finding the line of a key in a TOML text; does not judge what it finds.

`tomllib` reports lines only for broken syntax. This scan is for text that `tomllib`
has accepted: it follows table headers and the keys at the beginning of lines. A key
inside an inline table is found by the line where that table begins.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from holybalance.config.problems import KeyPath

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_STRING = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'""")
_TOKEN = re.compile(
    r"#[^\n]*"
    r'|"{3}(?:\\.|[^\\])*?"{3,5}'
    r"|'{3}.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def line_of(text: str, path: KeyPath) -> int | None:
    """
    Find where `path` stands, or the nearest table around it.

    Args:
        text: valid TOML.
        path: keys from the outermost in; the place in an array is an int from 0.

    Returns:
        The line, counted from 1; `None` when nothing around it has a line.
    """
    lines = _lines(text)
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _lines(text: str) -> dict[KeyPath, int]:
    found: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    depth = 0
    for number, line in enumerate(_TOKEN.sub(_calm, text).split("\n"), 1):
        if depth == 0:
            if header := _HEADER.fullmatch(line):
                table = _enter(header, counts)
                _note(found, (), table, number)
            elif assignment := _ASSIGNMENT.match(line):
                _note(found, table, tuple(_keys(assignment[1])), number)
        depth += _opened(line)
    return found


def _calm(token: re.Match[str]) -> str:
    """Drop comments and the inside of long strings; keep the count of lines."""
    text = token[0]
    if text.startswith("#"):
        return ""
    return '""' + "\n" * text.count("\n") if text[:3] in ('"""', "'''") else text


def _opened(line: str) -> int:
    bare = _STRING.sub("", line)
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")


def _keys(dotted: str) -> list[str]:
    """Let `tomllib` take a dotted key apart, quotes and escapes included."""
    keys: list[str] = []
    value: Any = tomllib.loads(f"{dotted} = 0")
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    return keys


def _enter(header: re.Match[str], counts: dict[KeyPath, int]) -> KeyPath:
    """The path of a header; each array of tables on the way adds its latest place."""
    path: KeyPath = ()
    keys = _keys(header[2])
    for key in keys[:-1]:
        path = _latest((*path, key), counts)
    path = (*path, keys[-1])
    if header[1] == "[[":
        counts[path] = counts.get(path, 0) + 1
    return _latest(path, counts)


def _latest(path: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    return (*path, counts[path] - 1) if path in counts else path


def _note(
    found: dict[KeyPath, int], table: KeyPath, keys: KeyPath, number: int
) -> None:
    for length in range(1, len(keys) + 1):
        found.setdefault((*table, *keys[:length]), number)
