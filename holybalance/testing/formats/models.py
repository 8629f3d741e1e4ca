"""Owns models as they are listed; one shape serves both who ask for `/v1/models`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from holybalance.testing.behaviour import Behaviour

_PLACES = (b"/v1/models/", b"/v1beta/models/")
_NEVER = "1970-01-01T00:00:00Z"
_METHODS = ["generateContent", "embedContent", "batchEmbedContents"]


def named_in(path: bytes) -> str | None:
    """Give the model that a path is for, slashes in its name included."""
    for place in _PLACES:
        if path.startswith(place) and len(path) > len(place):
            return unquote_to_bytes(path.removeprefix(place)).decode("utf-8", "replace")
    return None


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


def one_of_openai_and_anthropic(name: str) -> bytes:
    """Write `GET /v1/models/NAME`, as an entry of the list."""
    return orjson.dumps(_model(name))


def _model(name: str) -> dict[str, Any]:
    openai = {"id": name, "object": "model", "created": 0, "owned_by": "mock"}
    anthropic = {"type": "model", "display_name": name, "created_at": _NEVER}
    return {**openai, **anthropic, "lifecycle": "active"}


def gemini(behaviour: Behaviour) -> bytes:
    """Write `GET /v1beta/models`."""
    models = [_gemini_model(name) for name in behaviour.models]
    return orjson.dumps({"models": models})


def one_of_gemini(name: str) -> bytes:
    """Write `GET /v1beta/models/NAME`."""
    return orjson.dumps(_gemini_model(name))


def _gemini_model(name: str) -> Mapping[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1_000_000,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": _METHODS,
    }
