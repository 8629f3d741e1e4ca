"""
Owns the format of Vertex AI: Gemini's chats, and embeddings of its own; no I/O.

The base URL of an endpoint ends with `/publishers/google`. There Vertex AI lists no
models, so that `decode_models` finds none; a gateway before it may list some.
"""

from __future__ import annotations

from holybalance.wire.gemini import MODELS_PATH, chat, decode_models, headers
from holybalance.wire.vertex import embeddings

__all__ = [
    "MODELS_PATH",
    "PROVIDER",
    "chat",
    "decode_models",
    "embeddings",
    "headers",
]

PROVIDER = "Vertex AI"
