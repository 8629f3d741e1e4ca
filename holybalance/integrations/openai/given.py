"""Owns telling what a caller has given from what he has left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

_ABSENT = frozenset({"NotGiven", "Omit"})


class NotGiven:
    """Stands for an argument that is not given, where `None` has a meaning."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


class Omit:
    """Stands for what is to be left out, such as a header of the client's."""

    def __bool__(self) -> Literal[False]:
        return False


NOT_GIVEN = NotGiven()
not_given = NOT_GIVEN
omit = Omit()


def is_given(value: object) -> bool:
    """
    Tell whether a value is none of these.

    Those of the official package are known by the names of their types: older code
    passes them on, and nothing of that package is loaded here.
    """
    return type(value).__name__ not in _ABSENT


def given_of(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Leave out what is not given."""
    return {name: value for name, value in values.items() if is_given(value)}
