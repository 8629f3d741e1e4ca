"""Owns the estimate of what a call's prompt comes to in tokens, whatever its model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
"""For its role, and for what stands between messages."""
# An image in a message is no text, and has a price of its own.
_DATA_URL = re.compile(rb'"data:[^"]*"')
_OTHER_INPUT = ("tools", "functions", "response_format")
_IN_A_MESSAGE = ("role", "content")


def count(call: Mapping[str, Any]) -> int:
    """
    Estimate the tokens that go in.

    Texts count by their characters, everything else by its length as JSON, images
    that are in it not at all. So a prompt counts the same as a line and in a row.

    Args:
        call: what `Client.chat` takes, by name.
    """
    messages = _messages(call)
    characters = sum(map(_characters, messages))
    characters += sum(_length(call[name]) for name in _OTHER_INPUT if call.get(name))
    rounded_up = -(-characters // CHARACTERS_PER_TOKEN)
    return rounded_up + TOKENS_PER_MESSAGE * len(messages)


def _messages(call: Mapping[str, Any]) -> list[Any]:
    prompt, system = call["messages"], call.get("system")
    messages = [prompt] if isinstance(prompt, str) else list(prompt)
    return [system, *messages] if system else messages


def _characters(message: Any) -> int:
    if isinstance(message, str):
        return len(message)
    if not isinstance(message, Mapping):
        return _length(message)
    rest = {key: each for key, each in message.items() if key not in _IN_A_MESSAGE}
    content = message.get("content") or ""
    parts = content if isinstance(content, list) else [content]
    return sum(map(_of_part, parts)) + (_length(rest) if rest else 0)


def _of_part(part: Any) -> int:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        part = part["text"]
    return len(part) if isinstance(part, str) else _length(part)


def _length(value: Any) -> int:
    return len(_DATA_URL.sub(b"", orjson.dumps(value)).decode())
