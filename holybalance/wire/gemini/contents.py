"""Owns how messages become Gemini's contents and its system instruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.wire.failures import parse
from holybalance.wire.formats import Gaps
from holybalance.wire.gemini.kept import placed, signature_of
from holybalance.wire.gemini.models import Traits
from holybalance.wire.gemini.naming import Json, invalid
from holybalance.wire.gemini.parts import parts_of, text_of

# Gemini 3 refuses a call without the signature that it gave it. This one is for calls
# that it never made, such as another model's, or those of a conversation made up
# (https://ai.google.dev/gemini-api/docs/thought-signatures, "FAQs").
UNSIGNED = "skip_thought_signature_validator"
_BELONGS = "The result of {} came with this:"


class Conversation:
    """
    What messages come to, in Gemini's shape.

    Args:
        gaps: told of what Gemini does not have.
        traits: what the model takes.
    """

    def __init__(self, gaps: Gaps, traits: Traits) -> None:
        self._gaps = gaps
        self._traits = traits
        self.system: list[Json] = []
        self.contents: list[Json] = []
        # What the last of the contents is; results of tools are the user's as well, but
        # stay apart, for Google wants as many results as there were calls.
        self._last = ""
        self._names: dict[str, str] = {}
        # Of results, where a result cannot hold them: they follow when all are there.
        self._media: list[Json] = []

    def read(self, messages: Sequence[Any]) -> None:
        """
        Take messages in their order.

        Raises:
            RequestError: one is not as it must be; says which.
        """
        for number, message in enumerate(messages):
            self._take(message, f"messages[{number}]")
        self._show_media()

    def _take(self, message: Any, where: str) -> None:
        if not isinstance(message, Mapping):
            raise invalid(f"{where} must be an object")
        role = message.get("role")
        if role in ("system", "developer"):
            self._take_system(message, where)
        elif role == "user":
            self._append("user", self._parts(message, where))
        elif role == "assistant":
            self._take_assistant(message, where)
        elif role == "tool":
            self._take_result(message, where)
        elif role == "function":
            self._gaps.note_content("function messages")
        else:
            raise invalid(
                f"{where}.role must be system, developer, user, assistant or tool"
            )
        if message.get("name") and role != "tool":
            self._gaps.note_option("names of participants")

    def _take_system(self, message: Mapping[str, Any], where: str) -> None:
        parts = self._parts(message, where)
        if any("text" not in part for part in parts):
            self._gaps.note_content("system messages that are not text")
        self.system += parts

    def _take_assistant(self, message: Mapping[str, Any], where: str) -> None:
        for name in ("function_call", "audio"):
            if message.get(name):
                self._gaps.note_content(f"{name} in messages")
        parts = self._parts(message, where)
        if message.get("refusal") and not parts:
            parts = parts_of(message["refusal"], f"{where}.refusal", self._gaps)
        if isinstance(message.get("content"), str | None):
            parts = placed(text_of(parts), message.get("extra_content"))
        parts += self._calls(message, where)
        self._append("model", parts)

    def _calls(self, message: Mapping[str, Any], where: str) -> list[Json]:
        calls = message.get("tool_calls")
        if calls is None:
            return []
        if not isinstance(calls, list | tuple):
            raise invalid(f"{where}.tool_calls must be a list")
        parts: list[Json] = []
        for number, call in enumerate(calls):
            parts += self._call(call, f"{where}.tool_calls[{number}]")
        if parts and self._traits.signs:
            # Of calls side by side only the first has one.
            parts[0].setdefault("thoughtSignature", UNSIGNED)
        return parts

    def _call(self, call: Any, where: str) -> list[Json]:
        if isinstance(call, Mapping) and call.get("type") == "custom":
            self._gaps.note_content("custom tool calls")
            return []
        function = call.get("function") if isinstance(call, Mapping) else None
        name = function.get("name") if isinstance(function, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(name, str) or not name:
            raise invalid(f"{where}.function must have a name")
        told: Json = {"name": name, "args": _arguments(function, where)}
        if isinstance(call.get("id"), str):
            told["id"] = call["id"]
            self._names[call["id"]] = name
        signature = signature_of(call.get("extra_content"))
        return [
            {"functionCall": told}
            | ({"thoughtSignature": signature} if signature else {})
        ]

    def _take_result(self, message: Mapping[str, Any], where: str) -> None:
        parts = self._parts(message, where)
        call = message.get("tool_call_id")
        name = self._names.get(call) if isinstance(call, str) else None
        name = name or message.get("name")
        if not isinstance(name, str):
            raise invalid(
                f"{where}.tool_call_id must be the id of a call in an earlier message"
            )
        told: Json = {"name": name, "response": _result(text_of(parts))}
        if isinstance(call, str):
            told["id"] = call
        media = [part for part in parts if "text" not in part]
        if media and self._traits.nests_media:
            told["parts"] = media
        self._append("tool", [{"functionResponse": told}])
        if media and not self._traits.nests_media:
            self._media += [{"text": _BELONGS.format(name)}, *media]

    def _show_media(self) -> None:
        """Show as the user's what results hold; among those Google wants no other."""
        media, self._media = self._media, []
        self._append("user", media)

    def _parts(self, message: Mapping[str, Any], where: str) -> list[Json]:
        return parts_of(message.get("content"), f"{where}.content", self._gaps)

    def _append(self, kind: str, parts: list[Json]) -> None:
        """Add to the last of the contents, or a new one where that is another's."""
        if not parts:
            return
        if kind != "tool" and self._media:
            self._show_media()
        if self._last == kind:
            self.contents[-1]["parts"] += parts
            return
        self._last = kind
        role = "model" if kind == "model" else "user"
        self.contents.append({"role": role, "parts": parts})


def _arguments(function: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    arguments = function.get("arguments")
    if arguments is None or arguments == "":
        return {}
    if isinstance(arguments, str):
        arguments = _parsed(arguments)
    if not isinstance(arguments, Mapping):
        raise invalid(f"{where}.function.arguments must be the text of a JSON object")
    return arguments


def _result(text: str) -> Json:
    """Give a tool's result as the object that it must be to Gemini."""
    result = _parsed(text)
    return result if isinstance(result, dict) else {"result": text}


def _parsed(text: str) -> Any:
    # What is half of a letter is no JSON either, and must not raise here.
    return parse(text.encode("utf-8", "surrogatepass"))
