"""Owns what a call asks of whichever model takes it; knows no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from holybalance import tokens
from holybalance.messages import ChatRequest

_NOTHING: frozenset[str] = frozenset()
_IMAGES = frozenset({"image_url", "input_image", "image"})
# Bounds from above, for money: what providers wrap around a message, their largest
# count for an image, and the bytes of a character, since no byte makes two tokens.
_MOST_PER_MESSAGE = 100
_MOST_PER_IMAGE = 5_000
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


def measure(request: ChatRequest) -> Size:
    """Count the input once, for models with any ratio of characters to tokens."""
    messages = request.messages
    images = _images(messages)
    overhead = tokens.TOKENS_PER_MESSAGE * len(messages) + tokens.IMAGE_TOKENS * images
    counted = tokens.of_input(messages, request.options, 1.0)
    return Size(counted - overhead, overhead, images)


def demand_of(request: ChatRequest) -> Demand:
    """Read a request."""
    size, options = measure(request), request.options
    if not options:
        return Demand(size, _VISION if size.images else _NOTHING, None, 1)
    bound, answers = tokens.output_bound(options), tokens.choices(options)
    return Demand(size, frozenset(_needs(options, size.images)), bound, answers)


def most_input_tokens(request: ChatRequest, size: Size) -> int:
    """Bound the input from above: never fewer tokens than a provider charges."""
    texts = [text for text in _texts(request.messages) if text.isascii()]
    ascii_characters = sum(map(len, texts))
    others = size.characters - ascii_characters
    return (
        ascii_characters
        + _MOST_PER_CHARACTER * others
        + _MOST_PER_MESSAGE * len(request.messages)
        + _MOST_PER_IMAGE * size.images
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


def _images(messages: tuple[Mapping[str, Any], ...]) -> int:
    # A loop, since nearly all contents are strings, and every call passes here.
    count = 0
    for message in messages:
        if type(message.get("content")) is not str:
            parts = _parts((message,))
            count += sum(1 for part in parts if part.get("type") in _IMAGES)
    return count


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
        if isinstance(part.get("text"), str) and part.get("type") not in _IMAGES:
            yield part["text"]
