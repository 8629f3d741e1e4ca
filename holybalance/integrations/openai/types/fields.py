"""Owns what an answer's field may hold, as its annotation says it."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, NamedTuple, Union, get_args, get_origin

Json = dict[str, Any]
_UNIONS = (types.UnionType, Union)


class Field(NamedTuple):
    """
    What an answer's field may hold.

    Args:
        make: makes the object that it holds, or each of a list's; `None` for what
            stays as it is.
        is_list: whether it is a list of these.
        is_optional: whether it may be missing.
    """

    make: Callable[[Json], Any] | None
    is_list: bool
    is_optional: bool


def made(value: Any, make: Callable[[Json], Any], *, is_list: bool) -> Any:
    """Make the object, or the list of them, that a field holds."""
    if isinstance(value, dict):
        # Who sends an object for a list is not understood; it stays as it is.
        return value if is_list else make(value)
    if isinstance(value, list):
        return [make(item) if isinstance(item, dict) else item for item in value]
    return value


def field_of(kind: Any, answer: type) -> Field:
    """
    Read an annotation: a class, a list of it, `None` besides, or a union.

    Args:
        answer: the parent of all classes whose objects are made; others' stay.
    """
    parts = get_args(kind) if get_origin(kind) in _UNIONS else (kind,)
    held = [part for part in parts if part is not types.NoneType]
    inner = [part for each in held for part in _items(each)]
    makers = [part for part in inner if _is_a(part, answer)]
    is_list = get_origin(held[0]) is list
    is_optional = len(held) < len(parts)
    if not makers:
        return Field(None, is_list, is_optional)
    make = makers[0] if len(makers) == 1 else _picker(makers)
    return Field(make, is_list, is_optional)


def _items(kind: Any) -> tuple[Any, ...]:
    """Give what a list is of; what is no list, as it is."""
    if get_origin(kind) is not list:
        return (kind,)
    (item,) = get_args(kind)
    return get_args(item) if get_origin(item) in _UNIONS else (item,)


def _is_a(kind: Any, answer: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, answer)


def _picker(kinds: list[Any]) -> Callable[[Json], Any]:
    """Choose among classes by the `type` that each is for; the first by default."""
    by_type = {kind.TYPE: kind for kind in kinds}

    def make(document: Json) -> Any:
        type_ = document.get("type")
        known = by_type.get(type_) if isinstance(type_, str) else None
        return (known or kinds[0])(document)

    return make
