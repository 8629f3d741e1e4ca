"""Owns what callers put into calls: what is given at all, and what JSON makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from holybalance.errors import RequestError

_ABSENT = frozenset({"NotGiven", "Omit"})
_SCALARS = frozenset({str, int, float, bool, type(None)})


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


def plain(value: Any) -> Any:
    """
    Copy a value in lists and dictionaries; nothing of the caller's is shared.

    Takes what the official package takes: any iterable for a list, its own objects
    and ours, keys that are numbers, and leaves out what is not given.

    Raises:
        RequestError: it is nested without end.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise RequestError(
            "the request is nested too deeply, or holds itself",
            code="invalid_request",
        ) from None


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict:
        return _object(value)
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    return _converted(value)


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        key if type(key) is str else _key(key): _plain(item)
        for key, item in value.items()
        if is_given(item)
    }


def _converted(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return _object(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        # An object of the official package, out of an earlier answer, say.
        return dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    return value


def _key(key: Any) -> str:
    """Write a key as the standard library's JSON does: `logit_bias={50256: -1}`."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise RequestError(
        f"a key in the request is {key!r}, and JSON's keys are strings",
        code="invalid_request",
    )
