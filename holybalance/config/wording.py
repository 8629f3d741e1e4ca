"""Owns how a mistake is put into words; never shows more than a short value."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN_CHARACTERS = 40
_PLAIN = (str, int, float, type(None))


def shown(value: object) -> str:
    """A plain value, cut short; of anything else only its type."""
    if isinstance(value, bool):
        return str(value).lower()  # as TOML writes it
    if not isinstance(value, _PLAIN):
        return f"a {type(value).__name__}"
    try:
        text = repr(value)
    except ValueError:  # an int with more digits than Python agrees to print
        return "a very large number"
    if len(text) > _SHOWN_CHARACTERS:
        return f"{text[:_SHOWN_CHARACTERS]}…"
    return f'"{value}"' if isinstance(value, str) and value.isprintable() else text


def likely(word: object, names: Iterable[str], kind: str = "names") -> str:
    """The nearest of `names` as a question, or all of them when none is near."""
    known = list(names)
    return did_you_mean(word, known) or f"; valid {kind}: {', '.join(known)}"


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """The nearest of `names` as a question; empty when none is near."""
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    written = word.lower() if isinstance(word, str) else ""
    near = difflib.get_close_matches(written, list(names), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
