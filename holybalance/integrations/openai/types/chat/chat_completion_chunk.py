"""Owns what a piece of a stream is made of, as the official package names it."""

from holybalance.integrations.openai.types.answer import Answer
from holybalance.integrations.openai.types.chat.chat_completion import (
    ChoiceLogprobs,
    CompletionUsage,
    Moderation,
)


class ChoiceDeltaAudio(Answer):
    """A piece of an answer to be heard."""

    id: str | None
    data: str | None
    expires_at: int | None
    transcript: str | None


class ChoiceDeltaFunctionCall(Answer):
    """A piece of a function call, in the old way."""

    arguments: str | None
    name: str | None


class ChoiceDeltaToolCallFunction(Answer):
    """A piece of a function to be called."""

    arguments: str | None
    name: str | None


class ChoiceDeltaToolCall(Answer):
    """A piece of a tool call."""

    index: int
    id: str | None
    function: ChoiceDeltaToolCallFunction | None
    type: str | None


class ChoiceDelta(Answer):
    """What a piece adds to the message."""

    audio: ChoiceDeltaAudio | None
    content: str | None
    function_call: ChoiceDeltaFunctionCall | None
    refusal: str | None
    role: str | None
    tool_calls: list[ChoiceDeltaToolCall] | None


class Choice(Answer):
    """A piece of one of the answers."""

    delta: ChoiceDelta
    index: int
    finish_reason: str | None
    logprobs: ChoiceLogprobs | None


class ChatCompletionChunk(Answer):
    """A piece of a stream."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: str
    moderation: Moderation | None
    obfuscation: str | None
    service_tier: str | None
    system_fingerprint: str | None
    usage: CompletionUsage | None
