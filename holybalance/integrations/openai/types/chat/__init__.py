"""
Owns `openai.types.chat`: what answers are made of, and names for what is sent.

What is sent is checked upstream, so a parameter is a dictionary here, whatever its
name: `ChatCompletionUserMessageParam(role="user", content="hi")` makes one.
"""

from typing import Any

from holybalance.integrations.openai.types.chat.chat_completion import (
    ChatCompletion,
    ChatCompletionAudio,
    ChatCompletionMessage,
    ChatCompletionMessageCustomToolCall,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionTokenLogprob,
)
from holybalance.integrations.openai.types.chat.chat_completion_chunk import (
    ChatCompletionChunk,
)

__all__ = [
    "ChatCompletion",
    "ChatCompletionAllowedToolChoiceParam",
    "ChatCompletionAllowedToolsParam",
    "ChatCompletionAssistantMessageParam",
    "ChatCompletionAudio",
    "ChatCompletionAudioParam",
    "ChatCompletionChunk",
    "ChatCompletionContentPartImageParam",
    "ChatCompletionContentPartInputAudioParam",
    "ChatCompletionContentPartParam",
    "ChatCompletionContentPartRefusalParam",
    "ChatCompletionContentPartTextParam",
    "ChatCompletionCustomToolParam",
    "ChatCompletionDeveloperMessageParam",
    "ChatCompletionFunctionCallOptionParam",
    "ChatCompletionFunctionMessageParam",
    "ChatCompletionFunctionToolParam",
    "ChatCompletionMessage",
    "ChatCompletionMessageCustomToolCall",
    "ChatCompletionMessageCustomToolCallParam",
    "ChatCompletionMessageFunctionToolCall",
    "ChatCompletionMessageFunctionToolCallParam",
    "ChatCompletionMessageParam",
    "ChatCompletionMessageToolCall",
    "ChatCompletionMessageToolCallParam",
    "ChatCompletionMessageToolCallUnion",
    "ChatCompletionMessageToolCallUnionParam",
    "ChatCompletionModality",
    "ChatCompletionNamedToolChoiceCustomParam",
    "ChatCompletionNamedToolChoiceParam",
    "ChatCompletionPredictionContentParam",
    "ChatCompletionReasoningEffort",
    "ChatCompletionRole",
    "ChatCompletionStreamOptionsParam",
    "ChatCompletionSystemMessageParam",
    "ChatCompletionTokenLogprob",
    "ChatCompletionToolChoiceOptionParam",
    "ChatCompletionToolMessageParam",
    "ChatCompletionToolParam",
    "ChatCompletionToolUnionParam",
    "ChatCompletionUserMessageParam",
    "CreateChatCompletionRequestMessageParam",
]

ChatCompletionMessageToolCall = ChatCompletionMessageFunctionToolCall
ChatCompletionMessageToolCallUnion = (
    ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall
)
ChatCompletionModality = str
ChatCompletionReasoningEffort = str
ChatCompletionRole = str

ChatCompletionAllowedToolChoiceParam = dict[str, Any]
ChatCompletionAllowedToolsParam = dict[str, Any]
ChatCompletionAssistantMessageParam = dict[str, Any]
ChatCompletionAudioParam = dict[str, Any]
ChatCompletionContentPartImageParam = dict[str, Any]
ChatCompletionContentPartInputAudioParam = dict[str, Any]
ChatCompletionContentPartParam = dict[str, Any]
ChatCompletionContentPartRefusalParam = dict[str, Any]
ChatCompletionContentPartTextParam = dict[str, Any]
ChatCompletionCustomToolParam = dict[str, Any]
ChatCompletionDeveloperMessageParam = dict[str, Any]
ChatCompletionFunctionCallOptionParam = dict[str, Any]
ChatCompletionFunctionMessageParam = dict[str, Any]
ChatCompletionFunctionToolParam = dict[str, Any]
ChatCompletionMessageCustomToolCallParam = dict[str, Any]
ChatCompletionMessageFunctionToolCallParam = dict[str, Any]
ChatCompletionMessageParam = dict[str, Any]
ChatCompletionMessageToolCallParam = dict[str, Any]
ChatCompletionMessageToolCallUnionParam = dict[str, Any]
ChatCompletionNamedToolChoiceCustomParam = dict[str, Any]
ChatCompletionNamedToolChoiceParam = dict[str, Any]
ChatCompletionPredictionContentParam = dict[str, Any]
ChatCompletionStreamOptionsParam = dict[str, Any]
ChatCompletionSystemMessageParam = dict[str, Any]
ChatCompletionToolChoiceOptionParam = dict[str, Any]
ChatCompletionToolMessageParam = dict[str, Any]
ChatCompletionToolParam = dict[str, Any]
ChatCompletionToolUnionParam = dict[str, Any]
ChatCompletionUserMessageParam = dict[str, Any]
CreateChatCompletionRequestMessageParam = dict[str, Any]
