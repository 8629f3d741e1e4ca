"""Owns how much Claude is asked to think, and in what form it is to answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.wire.anthropic.checks import an_object, shown
from holybalance.wire.anthropic.models import ADAPTIVE, Traits
from holybalance.wire.anthropic.schemas import closed
from holybalance.wire.anthropic.tools import FORCED
from holybalance.wire.formats import Gaps
from holybalance.wire.shape import Json

# OpenAI's word to the nearest of Anthropic's (anthropic: types/output_config_param.py).
# OpenAI's "none" turns thinking off instead.
EFFORTS = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
# A model that thinks refuses these, or takes them at their defaults alone.
_AGAINST_THINKING = ("temperature", "top_p", "top_k")


def output_of(
    options: Mapping[str, Any], model: str, traits: Traits, gaps: Gaps
) -> Json:
    """
    Translate `reasoning_effort` and `response_format`.

    Raises:
        RequestError: something in them is not as it must be.
    """
    told = _thinking(options.get("reasoning_effort"), model, traits, gaps)
    form = _format(options.get("response_format"), gaps)
    if form:
        told["output_config"] = {**told.get("output_config", {}), "format": form}
    return told


def adaptive(body: Json, own: Mapping[str, Any], traits: Traits) -> Json:
    """
    Let a model think that was told an effort, but would not think by itself.

    Where something else keeps it from thinking, the effort still bounds its answer.
    """
    has_effort = "effort" in body.get("output_config", ())
    if not has_effort or not traits.waits_for_thinking:
        return {}
    is_forced = body.get("tool_choice", {}).get("type") in FORCED
    if is_forced or any(name in body or name in own for name in _AGAINST_THINKING):
        return {}
    return {"thinking": {"type": ADAPTIVE}}


def _thinking(effort: Any, model: str, traits: Traits, gaps: Gaps) -> Json:
    if effort is None:
        return {}
    if effort == "none" and traits.off is not None:
        return {"thinking": {"type": traits.off}}
    level = EFFORTS.get(effort) if isinstance(effort, str) else None
    if level in traits.efforts:
        return {"output_config": {"effort": level}}
    is_word = level is not None or effort == "none"
    where = f" for {model}" if is_word else ""
    gaps.note_option(f"reasoning_effort {shown(effort)}{where}")
    return {}


def _format(given: Any, gaps: Gaps) -> Json | None:
    if given is None:
        return None
    asked = an_object(given, "response_format")
    kind = asked.get("type")
    if kind == "text":
        return None
    if kind != "json_schema":
        gaps.note_option(f"response_format {shown(kind)}")
        return None
    where = "response_format.json_schema"
    described = an_object(asked.get("json_schema"), where)
    schema = an_object(described.get("schema"), f"{where}.schema")
    return {"type": "json_schema", "schema": closed(schema, f"{where}.schema", gaps)}
