"""Owns how tools, and which of them must be called, become Gemini's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.wire.formats import Gaps
from holybalance.wire.gemini.naming import Json, camel, invalid

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class Tools:
    """
    The tools of a request.

    Args:
        tools: as OpenAI takes them. Those that are objects without a `type` are
            Google's own, `{"google_search": {}}` for one, and stay what they are.
        gaps: told of what Gemini does not have.

    Raises:
        RequestError: they are not as they must be.
    """

    def __init__(self, tools: Any, gaps: Gaps) -> None:
        self._gaps = gaps
        self._declared: list[Json] = []
        self._own: list[Json] = []
        self._is_strict = False
        if tools is not None and not isinstance(tools, list | tuple):
            raise invalid("tools must be a list")
        for number, tool in enumerate(tools or ()):
            self._read(tool, f"tools[{number}]")

    def written(self) -> list[Json]:
        """Give them in Gemini's shape."""
        declared = [{"functionDeclarations": self._declared}] if self._declared else []
        return declared + self._own

    def calling(self, choice: Any) -> Json | None:
        """
        Write a `tool_choice` as a `functionCallingConfig`; `None` where none is needed.

        A function that is `strict` asks for arguments that keep to its schema, which is
        what the mode VALIDATED is for; ANY does so by itself.

        Raises:
            RequestError: there is no such choice.
        """
        if choice is None or isinstance(choice, str):
            return self._by_word(choice)
        if not isinstance(choice, Mapping):
            raise invalid("tool_choice must be a text or an object")
        kind = choice.get("type")
        if kind == "function":
            return {"mode": "ANY", "allowedFunctionNames": [_name(choice)]}
        if kind == "allowed_tools":
            return _among(choice.get("allowed_tools"))
        if not isinstance(kind, str):
            raise invalid("tool_choice.type must say what it is")
        self._gaps.note_option(f"tool_choice of the type {kind}")
        return None

    def _by_word(self, choice: str | None) -> Json | None:
        if choice not in (None, *_MODES):
            raise invalid("tool_choice must be auto, none, required or an object")
        if choice in (None, "auto") and self._is_strict:
            return {"mode": "VALIDATED"}
        if choice is None or (choice != "required" and not self._declared):
            return None
        return {"mode": _MODES[choice]}

    def _read(self, tool: Any, where: str) -> None:
        if not isinstance(tool, Mapping):
            raise invalid(f"{where} must be an object")
        kind = tool.get("type")
        if kind == "function":
            self._declare(tool.get("function"), where)
        elif kind is None:
            self._own.append({camel(str(name)): told for name, told in tool.items()})
        else:
            self._gaps.note_option(f"tools of the type {kind}")

    def _declare(self, function: Any, where: str) -> None:
        if not isinstance(function, Mapping) or not isinstance(
            function.get("name"), str
        ):
            raise invalid(f"{where}.function must have a name")
        declared = {
            name: value
            for name, value in function.items()
            if name not in ("strict", "parameters") and value is not None
        }
        if function.get("parameters") is not None:
            # `parameters` would be Google's own dialect, which knows less.
            declared["parametersJsonSchema"] = function["parameters"]
        self._is_strict = self._is_strict or bool(function.get("strict"))
        self._declared.append(declared)


def _among(allowed: Any) -> Json:
    """Write a choice among some; only these two modes know names."""
    tools = allowed.get("tools") if isinstance(allowed, Mapping) else None
    if not isinstance(allowed, Mapping) or not isinstance(tools, list | tuple):
        raise invalid("tool_choice.allowed_tools must have a list of tools")
    mode = "ANY" if allowed.get("mode") == "required" else "VALIDATED"
    return {"mode": mode, "allowedFunctionNames": [_name(tool) for tool in tools]}


def _name(tool: Any) -> str:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str):
        raise invalid("tool_choice must name a function: function.name is missing")
    return name
