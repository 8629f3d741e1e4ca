"""
Owns Google's Gemini format, as Google AI Studio and Vertex AI speak it; no I/O.

The base URL of an endpoint has the version and, on Vertex AI, the publisher in it.
Vertex AI embeds in another way: see `holybalance.wire.vertex`.
"""

from __future__ import annotations

from holybalance.wire.failures import OK, parse
from holybalance.wire.gemini import chat, embeddings
from holybalance.wire.gemini.naming import PROVIDER
from holybalance.wire.transport import Response

__all__ = [
    "MODELS_PATH",
    "PROVIDER",
    "chat",
    "decode_models",
    "embeddings",
    "headers",
]

# More than there are, and the most that Google gives at once: one page is all.
MODELS_PATH = "/models?pageSize=1000"


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
    # Vertex AI names the list for the publisher.
    entries = document.get("models", document.get("publisherModels"))
    if not isinstance(entries, list):
        return None
    return frozenset(
        _short(entry["name"])
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    )


def _short(name: str) -> str:
    """Take off what a path puts before a model's name: `models/x` is `x`."""
    return name.rpartition("models/")[2]
