"""
Owns the assistant's messages: from Anthropic's blocks to OpenAI's shape, and back.

What has no place in that shape is kept beside it, in fields that are read again when
a message is sent back: `thinking_blocks` with their signatures; of a tool call
`extra_content.anthropic`, who made it and the like; and `content_blocks`, all that
came, where the rest would not bring back the same blocks in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from holybalance.wire.anthropic.blocks import (
    Notes,
    blocks,
    says_something,
    text_block,
)
from holybalance.wire.anthropic.checks import (
    a_list,
    a_text,
    an_object,
    mistake,
    shown,
)
from holybalance.wire.failures import parse
from holybalance.wire.formats import Gaps
from holybalance.wire.shape import Json
from holybalance.wire.writing import written

THINKING = ("thinking", "redacted_thinking")
# What they take in the id of a tool call. Other providers' ids may hold more, and a
# conversation may have begun there.
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_IN_TOOL_USE = frozenset({"type", "id", "name", "input"})
# Anthropic's own of a `tool_use`, which callers may set on a call as well; it refuses
# what it does not know (anthropic: types/tool_use_block_param.py).
_OF_CALLERS = ("cache_control", "caller", "toolset_name")
_OURS = "anthropic"


def message_of(content: Iterable[Json]) -> Json:
    """Shape the content of a reply as OpenAI's message."""
    came = [without_nones(block) for block in content]
    thinking = [block for block in came if block.get("type") in THINKING]
    calls = [call_of(block) for block in came if block.get("type") == "tool_use"]
    reasoning = "".join(text_of(block, "thinking") for block in thinking)
    text = "".join(text_of(b, "text") for b in came if b.get("type") == "text")
    message: Json = {"role": "assistant", "content": text or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    if reasoning:
        message["reasoning_content"] = reasoning
    if thinking:
        message["thinking_blocks"] = thinking
    if _sendable(came) != _rebuilt(message):
        message["content_blocks"] = came
    return message


def call_of(block: Json) -> Json:
    """Shape a `tool_use` as OpenAI's tool call; its other fields are kept apart."""
    extras = {name: block[name] for name in block if name not in _IN_TOOL_USE}
    return {
        **({"extra_content": {_OURS: extras}} if extras else {}),
        "id": text_of(block, "id"),
        "type": "function",
        "function": {
            "name": text_of(block, "name"),
            "arguments": written(block.get("input", {})).decode(),
        },
    }


def blocks_of(message: Mapping[str, Any], where: str, notes: Notes) -> list[Json]:
    """
    Translate an assistant's message.

    Raises:
        RequestError: something in it is not as it must be.
    """
    if message.get("audio") is not None:
        notes.content("audio of earlier answers")
    if message.get("function_call") is not None:
        notes.content("function_call in messages")
    whole = _kept(message)
    if whole is not None:
        return whole
    found = _thinking(message)
    found += blocks(message.get("content"), f"{where}.content", notes)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and says_something(refusal):
        found.append(text_block(refusal))
    return found + _tool_uses(message, where, notes)


def tool_id(value: Any, where: str) -> str:
    """
    Write the id of a tool call.

    Raises:
        RequestError: it is none.
    """
    text = a_text(value, where)
    if not text:
        raise mistake(f"{where} is empty")
    return _NOT_IN_IDS.sub("_", text)


def without_nones(block: Json) -> Json:
    """Leave out what is not set."""
    return {name: value for name, value in block.items() if value is not None}


def text_of(block: Json, name: str) -> str:
    """Read a text from what an upstream gave; empty where it is none."""
    value = block.get(name)
    return value if isinstance(value, str) else ""


def _sendable(content: list[Json]) -> list[Json]:
    """Leave out what may be in a reply, but not in a request: texts of white space."""
    return [
        block
        for block in content
        if block.get("type") != "text" or says_something(text_of(block, "text"))
    ]


def _rebuilt(message: Json) -> list[Json] | None:
    """Give the blocks that come of a message when it is sent back."""
    if not all(
        isinstance(parse(call["function"]["arguments"].encode()), dict) and call["id"]
        for call in message.get("tool_calls", ())
    ):
        return None
    return blocks_of(message, "", Notes(Gaps("")))


def _kept(message: Mapping[str, Any]) -> list[Json] | None:
    """Give the blocks that were kept, as long as they say what the message says."""
    kept = message.get("content_blocks")
    if not isinstance(kept, list) or not all(isinstance(b, dict) for b in kept):
        return None
    said = message_of(kept)
    if said["content"] != (message.get("content") or None):
        return None
    return _sendable(kept) if _calls(said) == _calls(message) else None


def _calls(message: Mapping[str, Any]) -> list[Any]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list | tuple):
        return []
    return [
        (call.get("id"), call.get("function")) if isinstance(call, Mapping) else None
        for call in calls
    ]


def _thinking(message: Mapping[str, Any]) -> list[Json]:
    """Give the thinking that goes back; what is not signed is not Anthropic's."""
    given = message.get("thinking_blocks")
    if not isinstance(given, list | tuple):
        return []
    return [
        dict(block)
        for block in given
        if isinstance(block, Mapping)
        and block.get("type") in THINKING
        and (
            isinstance(block.get("signature"), str)
            or isinstance(block.get("data"), str)
        )
    ]


def _tool_uses(message: Mapping[str, Any], where: str, notes: Notes) -> list[Json]:
    calls = message.get("tool_calls")
    if calls is None:
        return []
    found = []
    for place, given in enumerate(a_list(calls, f"{where}.tool_calls")):
        here = f"{where}.tool_calls[{place}]"
        call = an_object(given, here)
        if call.get("type", "function") == "function":
            found.append(_tool_use(call, here))
        else:
            notes.content(f"tool calls of the type {shown(call['type'])}")
    return found


def _tool_use(call: Mapping[str, Any], where: str) -> Json:
    function = an_object(call.get("function"), f"{where}.function")
    return {
        **{name: call[name] for name in _OF_CALLERS if call.get(name) is not None},
        **_kept_of(call),
        "type": "tool_use",
        "id": tool_id(call.get("id"), f"{where}.id"),
        "name": a_text(function.get("name"), f"{where}.function.name"),
        "input": _arguments(function.get("arguments"), f"{where}.function.arguments"),
    }


def _kept_of(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what was kept of a call; another provider's is not ours to send."""
    extra = call.get("extra_content")
    kept = extra.get(_OURS) if isinstance(extra, Mapping) else None
    return kept if isinstance(kept, Mapping) else {}


def _arguments(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return value
    text = a_text(value, where)
    if not text.strip():
        return {}
    try:
        arguments = orjson.loads(text)
    except ValueError as error:
        raise mistake(f"{where} is not JSON: {error}") from error
    return an_object(arguments, where)
