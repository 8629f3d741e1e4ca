"""Owns reading the input line by line, lazily; does not know what a line means."""

from __future__ import annotations

import itertools
import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CHUNK_BYTES = 1 << 16
# How often, in seconds, a reader of a silent pipe looks whether it is still wanted.
_GLANCE_S = 0.2
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is not blank; `number` counts all lines from 1."""

    number: int
    content: bytes


def number(contents: Iterator[bytes]) -> Iterator[Line]:
    """Number the lines as they come and leave out the blank ones."""
    for position, content in enumerate(contents, 1):
        text = content.removeprefix(_BYTE_ORDER_MARK) if position == 1 else content
        if text.strip():
            yield Line(position, text.rstrip(b"\r\n"))


def of_file(path: Path) -> Iterator[bytes]:
    """Read a file's lines."""
    with path.open("rb") as file:
        yield from file


def of_pipe(descriptor: int, stop: threading.Event) -> Iterator[bytes]:
    """
    Read the lines of a pipe or terminal, which may be silent for long.

    Args:
        stop: set by somebody else, it ends the lines, even amid silence.
    """
    rest = b""
    while not stop.is_set():
        if not select.select([descriptor], [], [], _GLANCE_S)[0]:
            continue
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            break
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest and not stop.is_set():
        yield rest


def peek(lines: Iterator[Line]) -> tuple[Line | None, Iterator[Line]]:
    """Look at the first line; give it and an iterator that still has it."""
    first = next(lines, None)
    return first, lines if first is None else itertools.chain([first], lines)
