"""Owns how OpenAI's tools, and the choice among them, become Anthropic's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.wire.anthropic.checks import a_list, a_text, an_object, shown
from holybalance.wire.anthropic.models import Traits
from holybalance.wire.anthropic.schemas import closed
from holybalance.wire.formats import Gaps
from holybalance.wire.shape import Json

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_OWN_CHOICES = frozenset({"auto", "any", "tool", "none"})
FORCED = ("any", "tool")
"""The types of a choice that leaves the model none."""
# They are about the tools that there are; without any, they ask for nothing.
_IDLE_CHOICES = ("auto", "none")


def tools_of(
    options: Mapping[str, Any], model: str, traits: Traits, gaps: Gaps
) -> Json:
    """
    Translate `tools`, `tool_choice` and `parallel_tool_calls`.

    Raises:
        RequestError: something in them is not as it must be.
    """
    given = options.get("tools")
    entries = [] if given is None else a_list(given, "tools")
    choice = _choice(options.get("tool_choice"), gaps)
    if choice is not None and choice["type"] in FORCED and not traits.forces_tools:
        gaps.note_option(f"tool_choice that forces a tool for {model}")
        choice = None
    if not entries:
        is_idle = choice is None or choice["type"] in _IDLE_CHOICES
        return {} if is_idle else {"tool_choice": choice}
    tools = [_tool(tool, f"tools[{place}]", gaps) for place, tool in enumerate(entries)]
    if options.get("parallel_tool_calls") is False:
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice = {**choice, "disable_parallel_tool_use": True}
    return {"tools": tools, **({} if choice is None else {"tool_choice": choice})}


def _tool(given: Any, where: str, gaps: Gaps) -> Json:
    tool = an_object(given, where)
    if isinstance(tool.get("custom"), Mapping):
        # OpenAI's custom tools take a text; Anthropic's of that name take an object.
        gaps.note_content("custom tools")
        return {}
    if tool.get("type") != "function":
        return dict(tool)
    function = an_object(tool.get("function"), f"{where}.function")
    place = f"{where}.function.parameters"
    schema = _schema(function.get("parameters"), place)
    if function.get("strict"):
        # Then Anthropic holds the model to it, and takes what it can hold it to.
        schema = closed(schema, place, gaps)
    translated = {
        "name": a_text(function.get("name"), f"{where}.function.name"),
        "input_schema": schema,
    }
    for name in ("description", "strict"):
        if function.get(name) is not None:
            translated[name] = function[name]
    own = ("type", "function")
    return {**{name: tool[name] for name in tool if name not in own}, **translated}


def _schema(parameters: Any, where: str) -> Json:
    if parameters is None:
        return {"type": "object", "properties": {}}
    schema = an_object(parameters, where)
    # OpenAI does without these.
    least = {} if "type" in schema else {"type": "object"}
    return {**least, **schema} if schema else {"type": "object", "properties": {}}


def _choice(given: Any, gaps: Gaps) -> Json | None:
    if given is None:
        return None
    if isinstance(given, str) and given in _CHOICES:
        return {"type": _CHOICES[given]}
    choice = an_object(given, "tool_choice")
    kind = choice.get("type")
    if kind == "function":
        function = an_object(choice.get("function"), "tool_choice.function")
        name = a_text(function.get("name"), "tool_choice.function.name")
        return {"type": "tool", "name": name}
    if isinstance(kind, str) and kind in _OWN_CHOICES:
        return dict(choice)
    gaps.note_option(f"tool_choice of the type {shown(kind)}")
    return None
