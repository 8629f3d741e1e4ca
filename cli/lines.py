"""Owns how messages fit a terminal: broken between words, never within one."""

from __future__ import annotations

import os
import sys
import textwrap
from typing import TextIO

import click

_DEEPER = "  "


def tell(message: str) -> None:
    """Print a message on standard error, to the width of its terminal."""
    click.echo(wrapped(message, width_of(sys.stderr)), err=True)


def width_of(stream: TextIO | None) -> int | None:
    """Give the columns of a stream's terminal; `None` where it is none."""
    try:
        if stream is None or not stream.isatty():
            return None
        told = os.environ.get("COLUMNS", "")
        if told.isdecimal() and int(told):
            return int(told)
        # Some terminals say 0 for what they do not know.
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def wrapped(message: str, width: int | None) -> str:
    """
    Break lines that are longer than a width; a longer word has a line of its own.

    Args:
        width: in columns; `None` leaves all lines as they are.
    """
    if width is None:
        return message
    return "\n".join(_wrapped(line, width) for line in message.split("\n"))


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    depth = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line,
        width,
        subsequent_indent=depth + _DEEPER,
        # A URL or a command must stay whole, to be copied.
        break_long_words=False,
        break_on_hyphens=False,
    )
