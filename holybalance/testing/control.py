"""Owns the lines between a mock upstream's parent and child: JSON, one per line."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.faults import (
    Answer,
    BrokenStream,
    Fault,
    Gigantic,
    SlowBody,
    SlowHead,
    Then,
)

_VALUES = {
    f"${kind.__name__}": kind
    for kind in (Behaviour, Answer, SlowHead, SlowBody, Gigantic, BrokenStream)
}
_ENUMS = {f"${kind.__name__}": kind for kind in (Fault, Then)}


def encode(message: dict[str, Any]) -> bytes:
    """Write one message, which may hold behaviours and faults, as one line."""
    return json.dumps(message, default=_tag).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Read one line that `encode` wrote."""
    message: dict[str, Any] = json.loads(line, object_hook=_untag)
    return message


def _tag(value: Any) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"$bytes": value.decode("latin-1")}
    if isinstance(value, enum.Enum):
        return {f"${type(value).__name__}": value.value}
    if isinstance(value, Mapping):
        return dict(value)
    content = {field.name: getattr(value, field.name) for field in fields(value)}
    return {f"${type(value).__name__}": content}


def _untag(content: dict[str, Any]) -> Any:
    if len(content) != 1:
        return content
    [(tag, value)] = content.items()
    if tag == "$bytes":
        return value.encode("latin-1")
    if tag in _ENUMS:
        return _ENUMS[tag](value)
    kind = _VALUES.get(tag)
    return content if kind is None else kind(**value)
