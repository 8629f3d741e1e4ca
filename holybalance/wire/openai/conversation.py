"""Owns what other providers' answers have that OpenAI refuses to take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Where our other formats keep what has to be sent back to their own providers:
# signatures of thoughts and of tool calls. OpenAI answers fields that it does not know
# with a 400, so that no conversation could go on there.
_KEPT = frozenset({"thinking_blocks", "content_blocks", "extra_content"})
# The text of those thoughts. Without signatures beside it, it is somebody else's: some
# servers of this format want their own back.
_THOUGHTS = "reasoning_content"


Messages = Sequence[Mapping[str, Any]]


def plain_messages(messages: Messages) -> Messages:
    """Leave out what only the provider understands that wrote it; often nothing."""
    if not any(map(_is_foreign, messages)):
        return messages
    return [_plain(one) if _is_foreign(one) else one for one in messages]


def _is_foreign(message: Mapping[str, Any]) -> bool:
    if message.get("role") != "assistant":
        return False
    return not _KEPT.isdisjoint(message) or any(map(_is_signed, _calls(message)))


def _is_signed(call: Any) -> bool:
    return isinstance(call, Mapping) and not _KEPT.isdisjoint(call)


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    plain = _without(message, _KEPT | {_THOUGHTS})
    calls = _calls(message)
    if calls:
        plain["tool_calls"] = [
            _without(call, _KEPT) if _is_signed(call) else call for call in calls
        ]
    return plain


def _calls(message: Mapping[str, Any]) -> Sequence[Any]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list | tuple) else ()


def _without(value: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in names}
