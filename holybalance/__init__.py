"""A blocking client that balances LLM calls over keys, endpoints and providers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from holybalance.version import __version__

if TYPE_CHECKING:
    from holybalance import errors
    from holybalance.balancing.stream import Stream
    from holybalance.client import Client
    from holybalance.config import Config
    from holybalance.integrations.openai.client import OpenAI
    from holybalance.launcher import Launcher
    from holybalance.messages import (
        Attempt,
        ChatRequest,
        Delta,
        Embeddings,
        EmbedRequest,
        EndpointCheck,
        Reply,
        Usage,
        Verdict,
    )

__all__ = [
    "Attempt",
    "ChatRequest",
    "Client",
    "Config",
    "Delta",
    "EmbedRequest",
    "Embeddings",
    "EndpointCheck",
    "Launcher",
    "OpenAI",
    "Reply",
    "Stream",
    "Usage",
    "Verdict",
    "__version__",
    "errors",
]

# Bound on first use, so that the import itself loads next to nothing.
_HOMES = {
    "Attempt": "holybalance.messages",
    "ChatRequest": "holybalance.messages",
    "Client": "holybalance.client",
    "Config": "holybalance.config",
    "Delta": "holybalance.messages",
    "EmbedRequest": "holybalance.messages",
    "Embeddings": "holybalance.messages",
    "EndpointCheck": "holybalance.messages",
    "Launcher": "holybalance.launcher",
    "OpenAI": "holybalance.integrations.openai.client",
    "Reply": "holybalance.messages",
    "Stream": "holybalance.balancing.stream",
    "Usage": "holybalance.messages",
    "Verdict": "holybalance.messages",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("holybalance.errors")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
