"""Owns what a call asks of whichever model takes it; knows no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from holybalance import tokens
from holybalance.messages import ChatRequest

_NOTHING: frozenset[str] = frozenset()
# The options that tell of what a model must be able to do.
_TELLING = ("tools", "functions", "response_format", "stream")
# Bounds from above, for money: what providers wrap around a message, and the bytes of a
# character, since no byte makes two tokens.
_MOST_PER_MESSAGE = 100
_MOST_PER_CHARACTER = 4


class Size(NamedTuple):
    """
    How long the input is.

    `overhead` are the tokens that no character makes: of messages and images.
    """

    characters: int
    overhead: int
    images: int

    def input_tokens(self, characters_per_token: float) -> int:
        """Estimate the input as `holybalance.tokens.of_input` does."""
        return self.overhead - int(-self.characters // characters_per_token)


class Demand(NamedTuple):
    """
    What a call needs.

    `bound` is what the request allows in all its `answers` together, `None` where it
    sets no bound.
    """

    size: Size
    needs: frozenset[str]
    bound: int | None
    answers: int

    @property
    def answer(self) -> int:
        """
        The tokens of one answer that need room in a window; 0 without a bound.

        Each is of its own: all of them see the input, none sees the others.
        """
        return 0 if self.bound is None else self.bound // self.answers


def measure(request: ChatRequest) -> Size:
    """Count the input once, for models with any ratio of characters to tokens."""
    messages = request.messages
    images = tokens.images_in(messages)
    overhead = tokens.TOKENS_PER_MESSAGE * len(messages) + tokens.IMAGE_TOKENS * images
    counted = tokens.of_input(messages, request.options, 1.0)
    return Size(counted - overhead, overhead, images)


def demand_of(request: ChatRequest) -> Demand:
    """Read a request."""
    size, options = measure(request), request.options
    needs = _VISION if size.images else _NOTHING
    if not options:
        return Demand(size, needs, None, 1)
    if not options.keys().isdisjoint(_TELLING):
        needs = frozenset(_needs(options, size.images))
    return Demand(size, needs, tokens.output_bound(options), tokens.choices(options))


def most_input_tokens(request: ChatRequest, size: Size) -> int:
    """Bound the input from above: never fewer tokens than a provider charges."""
    texts = [text for text in _texts(request.messages) if text.isascii()]
    ascii_characters = sum(map(len, texts))
    others = size.characters - ascii_characters
    return (
        ascii_characters
        + _MOST_PER_CHARACTER * others
        + _MOST_PER_MESSAGE * len(request.messages)
        + tokens.MOST_IMAGE_TOKENS * size.images
    )


_VISION = frozenset({"vision"})


def _needs(options: Mapping[str, Any], images: int) -> Iterator[str]:
    if options.get("tools") or options.get("functions"):
        yield "tools"
    if images:
        yield "vision"
    form = options.get("response_format")
    if isinstance(form, Mapping) and form.get("type") == "json_schema":
        yield "json_schema"
    if options.get("stream"):
        yield "streaming"


def _parts(messages: tuple[Mapping[str, Any], ...]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            yield from (part for part in content if isinstance(part, Mapping))


def _texts(messages: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
    for part in _parts(messages):
        if isinstance(part.get("text"), str) and part.get("type") not in tokens.IMAGES:
            yield part["text"]
