"""Owns Anthropic's format, the Messages API; pure, with no I/O."""

from __future__ import annotations

from holybalance.wire.anthropic import chat
from holybalance.wire.failures import OK, parse
from holybalance.wire.transport import Response

__all__ = [
    "MODELS_PATH",
    "PROVIDER",
    "VERSION",
    "chat",
    "decode_models",
    "embeddings",
    "headers",
]

PROVIDER = "Anthropic"
# As many as a page holds; by itself one has 20, and a list with more pages is no list.
MODELS_PATH = "/models?limit=1000"
VERSION = "2023-06-01"
"""
The version of the API that we speak.

It takes `temperature` and `top_p` for the models that have them. Version 2026-10-21
has them for none, and is the same in all else that we use
(platform.claude.com, "Versions").
"""

embeddings = None


def headers() -> dict[str, str]:
    """Give the headers that say what we speak."""
    return {
        "Accept": "application/json",
        # A compressed reply could unpack to far more than any cap on the wire.
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "anthropic-version": VERSION,
    }


def decode_models(response: Response) -> frozenset[str] | None:
    """Read the names of the models to be had; `None` where there is no whole list."""
    document = parse(response.body)
    if response.status != OK or not isinstance(document, dict):
        return None
    entries = document.get("data")
    if not isinstance(entries, list) or document.get("has_more"):
        return None
    return frozenset(
        str(entry["id"])
        for entry in entries
        # Models that are gone stay in the list, for the record.
        if isinstance(entry, dict)
        and "id" in entry
        and entry.get("lifecycle") != "retired"
    )
