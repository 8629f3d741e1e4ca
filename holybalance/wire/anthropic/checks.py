"""Owns how a caller's mistakes are told: what is wrong, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.errors import RequestError

_SHOWN_CHARACTERS = 40


def mistake(message: str) -> RequestError:
    """Make the error for what the caller has to mend."""
    return RequestError(message, code="invalid_request")


def an_object(value: Any, where: str) -> Mapping[str, Any]:
    """
    Take what must be an object.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, Mapping):
        raise mistake(f"{where} is {shown(value)}, not an object")
    return value


def a_text(value: Any, where: str) -> str:
    """
    Take what must be a text.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, str):
        raise mistake(f"{where} is {shown(value)}, not a text")
    return value


def a_list(value: Any, where: str) -> Sequence[Any]:
    """
    Take what must be a list.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, list | tuple):
        raise mistake(f"{where} is {shown(value)}, not a list")
    return value


def shown(value: Any) -> str:
    """Show a value in an error, cut to size."""
    if value is None:
        return "missing"
    if not isinstance(value, str | int | float):
        return f"of the type {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
