"""
Owns OpenAI's format, which most others speak as well; pure, with no I/O.

Spoken by HolySheep, DeepSeek, Azure, OpenRouter, Groq, Together, vLLM, Ollama and
llama.cpp, to name some.
"""

from __future__ import annotations

from holybalance.wire.failures import OK, parse
from holybalance.wire.openai import chat, embeddings
from holybalance.wire.transport import Response

__all__ = [
    "MODELS_PATH",
    "PROVIDER",
    "chat",
    "decode_models",
    "embeddings",
    "headers",
]

PROVIDER = "OpenAI"
MODELS_PATH = "/models"


def headers() -> dict[str, str]:
    """Give the headers that say what we speak."""
    return {
        "Accept": "application/json",
        # A compressed reply could unpack to far more than any cap on the wire.
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }


def decode_models(response: Response) -> frozenset[str] | None:
    """Read the names in a list of models; `None` where there is no such list."""
    document = parse(response.body)
    if response.status != OK or not isinstance(document, dict):
        return None
    entries = document.get("data")
    if not isinstance(entries, list):
        return None
    return frozenset(
        str(entry["id"])
        for entry in entries
        if isinstance(entry, dict) and "id" in entry
    )
