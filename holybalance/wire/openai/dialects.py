"""
Owns how providers' varieties of OpenAI's format differ, as data.

Some refuse what others demand. Where nothing is known of a server, what the caller
passes goes as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """
    One variety.

    Args:
        fields: what an assistant's message may have; `None` where anything may stand,
            but for what other providers want back.
        call_fields: the same of its tool calls.
        owner: whose part of `extra_content` is understood.
        roles: other names of roles, for those that are refused.
        options: other names of options; one that the caller uses is left alone.
        needs_thoughts: each assistant's message must have `reasoning_content`, and be
            it empty.
    """

    fields: frozenset[str] | None = None
    call_fields: frozenset[str] | None = None
    owner: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    needs_thoughts: bool = False


OTHERS = Dialect()
"""How a server is spoken to of which nothing is known."""

_OPENAI = Dialect(
    # As in the official package's `ChatCompletionAssistantMessageParam`: others are
    # answered with 400, "Unknown parameter: 'messages[1].reasoning_content'".
    fields=frozenset(
        {"role", "content", "name", "refusal", "audio", "tool_calls", "function_call"}
    ),
    call_fields=frozenset({"id", "type", "function", "custom"}),
    # Models from o1 on refuse the old name, and all of them know the new one.
    options={"max_tokens": "max_completion_tokens"},
)

DIALECTS = {
    "openai": _OPENAI,
    "azure": _OPENAI,
    # https://api-docs.deepseek.com/guides/thinking_mode: without the thoughts of turns
    # that called tools comes a 400. It knows four roles, "unknown variant `developer`".
    "deepseek": Dialect(roles={"developer": "system"}, needs_thoughts=True),
    # As in the package `groq`: "property 'reasoning_content' is unsupported".
    "groq": Dialect(
        fields=frozenset(
            {"role", "content", "name", "reasoning", "tool_calls", "function_call"}
        ),
        call_fields=frozenset({"id", "type", "function"}),
    ),
    # "Unknown name …: Cannot find field", as in all of Google's APIs. Signatures come
    # and go in `extra_content`.
    "google": Dialect(
        fields=frozenset({"role", "content", "name", "tool_calls"}),
        call_fields=frozenset({"id", "type", "function"}),
        owner="google",
    ),
}
"""By the names that `formats.Manner.dialect` has."""
