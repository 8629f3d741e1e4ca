"""
Owns `openai.types`, for `isinstance` and for annotations.

Answers are here; of what is not answered here, such as images, there is nothing.
"""

from holybalance.integrations.openai.types import chat
from holybalance.integrations.openai.types.chat.chat_completion import CompletionUsage
from holybalance.integrations.openai.types.vectors import (
    CreateEmbeddingResponse,
    Embedding,
    Model,
)

ChatModel = str
EmbeddingModel = str

__all__ = [
    "ChatModel",
    "CompletionUsage",
    "CreateEmbeddingResponse",
    "Embedding",
    "EmbeddingModel",
    "Model",
    "chat",
]
