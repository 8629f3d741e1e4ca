"""Owns what of earlier answers a server takes back, whoever gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.wire.openai.dialects import Dialect

# Where all of our formats keep what has to be sent back to their own providers:
# signatures of thoughts and of tool calls. Nobody else needs them, and some answer
# fields that they do not know with a 400, so that no conversation could go on there.
_KEPT = frozenset({"thinking_blocks", "content_blocks", "extra_content"})
_EXTRA = "extra_content"
# The text of those thoughts. Without signatures beside it, it is somebody else's: some
# servers of this format want their own back.
_THOUGHTS = "reasoning_content"


Messages = Sequence[Mapping[str, Any]]


def in_dialect(messages: Messages, dialect: Dialect) -> Messages:
    """Leave out and add what the server wants; often nothing."""
    touched = ("assistant", *dialect.roles)
    # A plain loop, for every request comes by here.
    for message in messages:
        if message.get("role") in touched:
            return [_said(each, dialect) for each in messages]
    return messages


def _said(message: Mapping[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    role = message.get("role")
    if role == "assistant":
        return _answered(message, dialect)
    if isinstance(role, str) and role in dialect.roles:
        return {**message, "role": dialect.roles[role]}
    return message


def _answered(message: Mapping[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    if _is_known(message, dialect):
        return message
    plain = _plain(message, dialect.fields, dialect.owner)
    calls = message.get("tool_calls")
    if isinstance(calls, list | tuple):
        plain["tool_calls"] = [_called(call, dialect) for call in calls]
    if dialect.needs_thoughts:
        plain[_THOUGHTS] = message.get(_THOUGHTS) or ""
    elif _THOUGHTS in plain and _is_signed(message):
        del plain[_THOUGHTS]
    return plain


def _is_known(message: Mapping[str, Any], dialect: Dialect) -> bool:
    """Tell at a glance whether a message may go as it is, as most may."""
    if message.get("tool_calls") or dialect.needs_thoughts:
        return False
    if dialect.fields is None:
        return _KEPT.isdisjoint(message)
    return dialect.fields.issuperset(message)


def _called(call: Any, dialect: Dialect) -> Any:
    if not isinstance(call, Mapping):
        return call
    return _plain(call, dialect.call_fields, dialect.owner)


def _plain(
    value: Mapping[str, Any], fields: frozenset[str] | None, owner: str | None
) -> dict[str, Any]:
    """Give what the server knows of a message or of a tool call."""
    if fields is None:
        return {name: each for name, each in value.items() if name not in _KEPT}
    plain = {name: each for name, each in value.items() if name in fields}
    extra = value.get(_EXTRA)
    if owner is not None and isinstance(extra, Mapping) and owner in extra:
        plain[_EXTRA] = {owner: extra[owner]}
    return plain


def _is_signed(message: Mapping[str, Any]) -> bool:
    """Tell whether a provider's own signatures came with a message."""
    calls = message.get("tool_calls")
    parts = [message, *(calls if isinstance(calls, list | tuple) else ())]
    return any(
        not _KEPT.isdisjoint(part) for part in parts if isinstance(part, Mapping)
    )
