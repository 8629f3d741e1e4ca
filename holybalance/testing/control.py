"""Owns the lines between a mock upstream's parent and child: JSON, one per line."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.faults import Answer, Fault, Gigantic, SlowBody, SlowHead

_VALUES = {
    f"${kind.__name__}": kind
    for kind in (Behaviour, Answer, SlowHead, SlowBody, Gigantic)
}


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
    if isinstance(value, Fault):
        return {"$Fault": value.value}
    content = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Answer):
        content["headers"] = dict(value.headers)
    return {f"${type(value).__name__}": content}


def _untag(content: dict[str, Any]) -> Any:
    if len(content) != 1:
        return content
    [(tag, value)] = content.items()
    if tag == "$bytes":
        return value.encode("latin-1")
    if tag == "$Fault":
        return Fault(value)
    kind = _VALUES.get(tag)
    return content if kind is None else kind(**value)
