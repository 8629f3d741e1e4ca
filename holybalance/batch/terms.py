"""Owns what a run says to its rows, as far as they do not say it themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_BOUNDS = ("max_tokens", "max_completion_tokens")
# llama.cpp takes -1 for no bound. Anything else is left for the upstream to judge.
_UNBOUNDED = (None, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What holds for all rows of a run; it goes to each worker.

    Args:
        system: put before each prompt of "lines".
        model: of rows that name none.
        max_tokens: the longest answer of a chat that sets no bound of its own.
        tags: of every call, besides those of its row.
    """

    system: str | None = None
    model: str | None = None
    max_tokens: int | None = None
    tags: tuple[str, ...] = ()

    def of_chat(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """Complete a call for a chat."""
        return self._bounded(self.of_embedding(call))

    def of_embedding(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """Complete a call for embeddings, which have no answer to be bounded."""
        if self.model is not None and call.get("model") is None:
            call = {**call, "model": self.model}
        own = call.get("tags", ())
        # What is no list is left for whoever checks the call.
        if not self.tags or not isinstance(own, Sequence) or isinstance(own, str):
            return call
        return {**call, "tags": [*self.tags, *own]}

    def _bounded(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        is_bounded = any(call.get(key) not in _UNBOUNDED for key in _BOUNDS)
        if self.max_tokens is None or is_bounded:
            return call
        rest = {key: value for key, value in call.items() if key not in _BOUNDS}
        return {**rest, "max_tokens": self.max_tokens}
