"""Owns what a caller asks for; knows neither provider nor endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple


class Extras(NamedTuple):
    """What one request is sent with besides its body: headers, and query parameters."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What every call has, whatever it asks for.

    Args:
        model: the caller's name for the model, not yet an upstream's.
        timeout_s: seconds for the whole call, retries and waiting included.
        options: further OpenAI parameters, passed through as they are.
        session: calls of one session prefer one endpoint (prompt caches).
        tags: the user's own words for the call, for routes and budgets.
        max_attempts: tries, the first included; `None` for the configured number.
        extras: sent with each try; they may hold secrets.
    """

    model: str
    timeout_s: float
    options: Mapping[str, Any] = field(default_factory=dict)
    session: str | None = None
    tags: tuple[str, ...] = ()
    max_attempts: int | None = None
    extras: Extras | None = field(default=None, repr=False)

    operation: ClassVar[str]
    """What is asked for, as wire formats name it."""

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest(Request):
    """
    One chat call as the caller meant it; a stream where `options` say `stream`.

    Args:
        messages: OpenAI-shaped messages, at least one.
        max_cost_usd: models that are expected to cost more are left out.
        max_latency_s: models that are expected to take longer are left out.
    """

    messages: tuple[Mapping[str, Any], ...]
    max_cost_usd: float | None = None
    max_latency_s: float | None = None

    operation: ClassVar[str] = "chat"

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return bool(self.options.get("stream"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedRequest(Request):
    """
    One call for embeddings.

    Args:
        inputs: as OpenAI takes them: a text, several texts, a text as a list of token
            ids, or several of those.
    """

    inputs: str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]

    operation: ClassVar[str] = "embeddings"

    @property
    def count(self) -> int:
        """How many vectors are asked for."""
        if isinstance(self.inputs, str) or isinstance(self.inputs[0], int):
            return 1
        return len(self.inputs)
