"""Owns what people are told who look for what the stand-in does not have."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NoReturn

_SETTINGS = frozenset(
    {
        "api_base",
        "api_key",
        "api_type",
        "api_version",
        "azure_ad_token",
        "azure_endpoint",
        "base_url",
        "default_headers",
        "default_query",
        "http_client",
        "max_retries",
        "organization",
        "project",
        "proxy",
        "timeout",
    }
)
"""What programs set on the official package itself, now or before its version 1."""
_NO_CLIENT = (
    "the module is no client of its own; make one, client = OpenAI(), and use client."
)
_OLD = "that is of versions of openai before 1.0; "
_AZURE = (
    'Azure is an endpoint of a configuration here, with provider = "azure"; use OpenAI'
)
_HINTS = {
    "AzureOpenAI": _AZURE,
    "AsyncAzureOpenAI": f"{_AZURE}, from threads: the library has no asyncio",
    "BedrockOpenAI": "there is no Bedrock here; keep the official package beside it",
    "ChatCompletion": f"{_OLD}use OpenAI().chat.completions.create; the class of "
    "answers is types.chat.ChatCompletion",
    "ChatCompletionChunk": "the class of chunks is types.chat.ChatCompletionChunk",
    "CreateEmbeddingResponse": "the class is types.CreateEmbeddingResponse",
    "Embedding": f"{_OLD}use OpenAI().embeddings.create; the class of answers is "
    "types.Embedding",
    "Model": f"{_OLD}use OpenAI().models.list; the class of answers is types.Model",
    "error": f"{_OLD}errors are names of the module now, as RateLimitError",
    "chat": f"{_NO_CLIENT}chat.completions.create",
    "embeddings": f"{_NO_CLIENT}embeddings.create",
    "models": f"{_NO_CLIENT}models.list",
    **dict.fromkeys(
        _SETTINGS, "the module is no client of its own; pass it to OpenAI()"
    ),
}
_OTHERWISE = (
    "there is OpenAI, with chat.completions, embeddings and models, its errors, and "
    "types; for the rest, keep the official package beside it"
)


def explain(module: str, name: str) -> NoReturn:
    """
    Say that a module does not have a name, and what to use.

    Raises:
        AttributeError: as Python expects it.
        ImportError: the name was imported from the module: Python would say no more
            than that it cannot be.
    """
    hint = _HINTS.get(name)
    if hint is None and name.startswith("Async"):
        hint = "the library has no asyncio; use OpenAI, from threads"
    if hint is not None and _is_imported():
        raise ImportError(
            f"cannot import name {name!r} from {module!r}: {hint}", name=module
        )
    raise AttributeError(f"{module} has no {name!r}: {hint or _OTHERWISE}")


def refuse_settings(module: str) -> None:
    """Have a module refuse what would be set on it in vain, such as `api_key`."""
    sys.modules[module].__class__ = _Module


class _Module(ModuleType):
    """A module that does not take what only a client has."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SETTINGS:
            raise AttributeError(
                f"{self.__name__}.{name} would be without effect: {_HINTS[name]}"
            )
        super().__setattr__(name, value)


def _is_imported() -> bool:
    """Tell whether `from module import name` asks, through `__getattr__`."""
    # Python asks so whether a package has a name: importlib's `_handle_fromlist`. Where
    # it does not, its own ImportError comes.
    return sys._getframe(3).f_code.co_name == "_handle_fromlist"  # noqa: SLF001
