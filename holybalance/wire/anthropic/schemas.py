"""
Owns how a JSON schema becomes one that Anthropic keeps answers to.

It wants every object closed, and refuses keywords that bound values
(platform.claude.com, "Structured outputs", "JSON Schema limitations"). What it refuses
is put into the description, as its own client does (anthropic: lib/_parse), where the
model reads it and mostly obeys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from holybalance.wire.anthropic.checks import mistake, shown
from holybalance.wire.formats import Gaps
from holybalance.wire.shape import Json

# Their values are schemas, by names of their own, or in a list.
_NAMED = ("$defs", "definitions", "properties")
_LISTED = ("anyOf", "oneOf", "allOf")
_KEPT = frozenset(
    {"$ref", "type", "title", "description", "required", "const", "default"}
)
# About the schema, and nothing to tell the model.
_ABOUT = frozenset({"$schema", "$id", "$comment", "additionalProperties"})
_FORMATS = frozenset(
    {
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    }
)
_DEEPEST = 100


def closed(schema: Mapping[str, Any], where: str, gaps: Gaps) -> Json:
    """
    Give a schema that Anthropic takes; the one given stays as it is.

    Raises:
        RequestError: it is nested deeper than anybody means it.
    """
    return _Closing(where, gaps).close(schema, 0)


class _Closing:
    def __init__(self, where: str, gaps: Gaps) -> None:
        self._where = where
        self._gaps = gaps

    def close(self, schema: Mapping[str, Any], depth: int) -> Json:
        if depth > _DEEPEST:
            raise mistake(f"{self._where} is nested too deep")
        if isinstance(schema.get("$ref"), str):
            # Beside it Anthropic takes definitions only.
            names = ("$defs", "definitions")
            schema = {n: schema[n] for n in ("$ref", *names) if n in schema}
        made: Json = {}
        refused: Json = {}
        for name, value in schema.items():
            inner = self._inner(name, value, depth)
            if inner is not None:
                made["anyOf" if name == "oneOf" else name] = inner
            elif _is_kept(name, value):
                made[name] = value
            elif name not in _ABOUT:
                refused[name] = value
        if _is_object(schema):
            made["additionalProperties"] = False
            self._look_for_maps(schema, refused)
        return _described(made, refused)

    def _inner(self, name: str, value: Any, depth: int) -> Any:
        """Close what schemas a keyword holds; `None` where it holds none."""
        if name in _NAMED and isinstance(value, Mapping):
            return {key: self._one(one, depth) for key, one in value.items()}
        if name in _LISTED and isinstance(value, list | tuple):
            return [self._one(one, depth) for one in value]
        if name == "items" and isinstance(value, Mapping):
            return self._one(value, depth)
        return None

    def _one(self, value: Any, depth: int) -> Any:
        return self.close(value, depth + 1) if isinstance(value, Mapping) else value

    def _look_for_maps(self, schema: Mapping[str, Any], refused: Json) -> None:
        """Take note of objects of any fields: closed, nothing could be in them."""
        others = schema.get("additionalProperties")
        if others is not True and not isinstance(others, Mapping):
            return
        if not schema.get("properties"):
            self._gaps.note_option(f"objects of any fields in {self._where}")
        if others is not True and others:
            refused["additionalProperties"] = others


def _is_kept(name: str, value: Any) -> bool:
    if name == "format":
        return isinstance(value, str) and value in _FORMATS
    if name == "minItems":
        return value in (0, 1)
    if name == "enum":
        return isinstance(value, list | tuple) and not any(map(_is_nested, value))
    return name in _KEPT


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if isinstance(kind, list | tuple):
        return "object" in kind
    return kind == "object" or (kind is None and "properties" in schema)


def _described(made: Json, refused: Json) -> Json:
    if not refused:
        return made
    told = ", ".join(f"{name}: {_said(value)}" for name, value in refused.items())
    known = made.get("description")
    before = f"{known}\n\n" if isinstance(known, str) and known else ""
    return {**made, "description": f"{before}{{{told}}}"}


def _said(value: Any) -> str:
    try:
        return orjson.dumps(value, default=dict).decode()
    except TypeError:
        # No JSON, which schemas are made of.
        return shown(value)
