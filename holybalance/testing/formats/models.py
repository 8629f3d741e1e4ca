"""Owns the lists of models; one shape serves both who ask for `/v1/models`."""

from __future__ import annotations

from typing import Any

import orjson

from holybalance.testing.behaviour import Behaviour

_NEVER = "1970-01-01T00:00:00Z"
_METHODS = ["generateContent", "embedContent", "batchEmbedContents"]


def openai_and_anthropic(behaviour: Behaviour) -> bytes:
    """Write `GET /v1/models`: each entry has OpenAI's fields and Anthropic's."""
    names = behaviour.models
    return orjson.dumps(
        {
            "object": "list",
            "data": [_model(name) for name in names],
            "has_more": False,
            "first_id": names[0] if names else None,
            "last_id": names[-1] if names else None,
        }
    )


def _model(name: str) -> dict[str, Any]:
    openai = {"id": name, "object": "model", "created": 0, "owned_by": "mock"}
    anthropic = {"type": "model", "display_name": name, "created_at": _NEVER}
    return {**openai, **anthropic, "lifecycle": "active"}


def gemini(behaviour: Behaviour) -> bytes:
    """Write `GET /v1beta/models`."""
    models = [
        {
            "name": f"models/{name}",
            "version": "001",
            "displayName": name,
            "inputTokenLimit": 1_000_000,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": _METHODS,
        }
        for name in behaviour.models
    ]
    return orjson.dumps({"models": models})
