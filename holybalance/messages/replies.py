"""Owns what a caller gets: whole answers, vectors, pieces of streams."""

from __future__ import annotations

import array
import base64
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from holybalance.messages.outcomes import Attempt, Usage, texts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    A whole, well-formed answer.

    Args:
        body: the answer in OpenAI's chat-completion shape, nothing left out.
        model: the model's name as the caller knows it.
        endpoint: the name of the endpoint that answered.
        usage: tokens, or `None` where the upstream did not say.
        cost_usd: US dollars, or `None` where usage or price is unknown.
        latency_s: seconds for the whole call, waiting and retries included.
        first_token_s: seconds to the first token; `None` for a whole reply.
        attempts: every try, the last one being the answer.
        request_id: the upstream's id for the request, if it sent one.
        index: the place of the prompt in what `Client.map` was given, from 0.
        head: the answer's HTTP headers as they came; see `headers`.
    """

    body: Mapping[str, Any]
    model: str
    endpoint: str
    usage: Usage | None
    cost_usd: float | None
    latency_s: float
    first_token_s: float | None = None
    attempts: tuple[Attempt, ...] = ()
    request_id: str | None = None
    index: int | None = None
    head: Mapping[bytes, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def headers(self) -> dict[str, str]:
        """The answer's HTTP headers, their names in lower case."""
        return texts_of(self.head)

    @property
    def _message(self) -> Mapping[str, Any]:
        message: Mapping[str, Any] = self.body["choices"][0]["message"]
        return message

    @property
    def text(self) -> str:
        """The first choice's text; empty when it has none, as with tool calls."""
        content = self._message.get("content") or ""
        return content if isinstance(content, str) else "".join(_texts(content))

    @property
    def tool_calls(self) -> list[Mapping[str, Any]]:
        """The first choice's tool calls, OpenAI-shaped; empty when it has none."""
        return self._message.get("tool_calls") or []

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped: stop, length, tool_calls, content_filter …"""
        reason: str | None = self.body["choices"][0].get("finish_reason")
        return reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """
    One vector for each input; see `Reply` for what both have.

    Args:
        body: the answer in OpenAI's shape of a list of embeddings, nothing left out.
    """

    body: Mapping[str, Any]
    model: str
    endpoint: str
    usage: Usage | None
    cost_usd: float | None
    latency_s: float
    attempts: tuple[Attempt, ...] = ()
    request_id: str | None = None
    index: int | None = None
    head: Mapping[bytes, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def headers(self) -> dict[str, str]:
        """The answer's HTTP headers, their names in lower case."""
        return texts_of(self.head)

    @property
    def vectors(self) -> list[list[float]]:
        """The vectors in the order of the inputs; base64 is decoded."""
        entries = sorted(self.body["data"], key=_place)
        return [floats_of(entry["embedding"]) for entry in entries]


class Delta(NamedTuple):
    """A piece of a stream, in the shape of OpenAI's `chat.completion.chunk`."""

    chunk: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What it adds to the first choice's text; often nothing."""
        return self._said("content")

    @property
    def reasoning(self) -> str:
        """What it adds to the first choice's reasoning, where that is shown."""
        return self._said("reasoning_content") or self._said("reasoning")

    @property
    def tool_calls(self) -> list[Mapping[str, Any]]:
        """Pieces of the first choice's tool calls, each with its `index`."""
        return self._delta.get("tool_calls") or []

    @property
    def finish_reason(self) -> str | None:
        """Why the first choice ends here; `None` as long as it goes on."""
        reason: str | None = self._first.get("finish_reason")
        return reason

    @property
    def _first(self) -> Mapping[str, Any]:
        for choice in self.chunk.get("choices") or ():
            if isinstance(choice, Mapping) and not choice.get("index"):
                return choice
        return {}

    @property
    def _delta(self) -> Mapping[str, Any]:
        delta = self._first.get("delta")
        return delta if isinstance(delta, Mapping) else {}

    def _said(self, name: str) -> str:
        text = self._delta.get(name)
        return text if isinstance(text, str) else "".join(_texts(text))


def _place(entry: Mapping[str, Any]) -> int:
    """Give an embedding's place; those of servers that tell none stay as they came."""
    index = entry.get("index")
    return index if isinstance(index, int) else 0


def floats_of(embedding: Any) -> list[float]:
    """Read a vector: a list of numbers, or the base64 of little-endian float32s."""
    if not isinstance(embedding, str):
        return list(embedding)
    floats = array.array("f", base64.b64decode(embedding))
    if sys.byteorder == "big":
        floats.byteswap()
    return floats.tolist()


def _texts(parts: Any) -> Iterator[str]:
    """Give the texts in a message's content that is a list of parts."""
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]
