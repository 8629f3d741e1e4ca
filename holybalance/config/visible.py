"""Owns which characters may stand in a request's head; never repeats what it reads."""

from __future__ import annotations

import re

_NAMED = {
    "\n": "a line break",
    "\r": "a line break",
    "\0": "a NUL character",
    " ": "a space",
    "\t": "a tab",
}
_FORBIDDEN = re.compile(r"[^\x21-\x7e]")
_FORBIDDEN_INSIDE = re.compile(r"[^\x21-\x7e \t]|\A[ \t]|[ \t]\Z")


def flaw(text: str, *, blanks_inside: bool = False) -> str | None:
    """
    Say what keeps `text` out of a request's head, without showing any of it.

    Args:
        text: what would be sent; positions are counted from 1.
        blanks_inside: whether a space or a tab may stand between other characters.

    Returns:
        A verb phrase such as "is empty", or `None` when all is well.
    """
    if not text:
        return "is empty"
    found = (_FORBIDDEN_INSIDE if blanks_inside else _FORBIDDEN).search(text)
    return None if found is None else _describe(found.group(), found.start(), text)


def _describe(character: str, start: int, text: str) -> str:
    kind = _NAMED.get(character) or (
        "a control character" if character.isascii() else "a non-ASCII character"
    )
    at_the_end = not text[start:].strip()
    return f"has {kind} at position {start + 1}" + (
        ", at its end: strip it" if at_the_end else ""
    )
