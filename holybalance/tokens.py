"""Owns the estimate of how many tokens a call reads and writes, before it is made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

CHARACTERS_PER_TOKEN = 4.0
"""The usual rule of thumb for English, until a model's usage has told better."""
TOKENS_PER_MESSAGE = 4
"""For its role, and for what stands between messages."""
USUAL_ANSWER_TOKENS = 256
"""Of an answer whose length the request does not bound."""
IMAGE_TOKENS = 1_000
"""What an image usually comes to; providers count from 85 to some 5,000."""
MOST_IMAGE_TOKENS = 5_000
"""More than any provider counts for an image, however large."""
IMAGES = frozenset({"image_url", "input_image", "image"})
"""Kinds of parts of a message that are images."""
# Other kinds, such as files, may stand for something that is elsewhere, and so do these
# options: what an upstream searches for the model goes in as well.
_PRESENT = IMAGES | {"text", "input_text", "input_audio", "refusal"}
_FETCHING = frozenset({"web_search_options", "plugins"})
_CHARGED_APART = frozenset(
    {"service_tier", "web_search_options", "modalities", "audio"}
)
_USUAL_TIERS = (None, "auto", "default", "standard", "standard_only")
# An image in a message is no text, and has a price of its own.
_DATA_URL = re.compile(rb'"data:[^"]*"')
_OTHER_INPUT = frozenset({"tools", "functions", "response_format"})
_IN_A_MESSAGE = {"role", "content"}


def of_input(
    messages: Sequence[Any],
    options: Mapping[str, Any],
    characters_per_token: float = CHARACTERS_PER_TOKEN,
) -> int:
    """
    Estimate the tokens that go in.

    Texts count by their characters, images at `IMAGE_TOKENS`, everything else by its
    length as JSON. So a prompt counts the same as a line of a file and in a row.
    """
    characters = images = 0
    for message in messages:
        if type(message) is dict and len(message) == len(_IN_A_MESSAGE):
            # Nearly every message: two keys, and text.
            text = message.get("content")
            if type(text) is str and "role" in message:
                characters += len(text)
                continue
        content = message.get("content") if isinstance(message, Mapping) else message
        if isinstance(content, str):
            characters += len(content)
        elif isinstance(content, list):
            for part in content:
                is_image = isinstance(part, Mapping) and part.get("type") in IMAGES
                images += is_image
                characters += 0 if is_image else _of_part(part)
        elif content is not None:
            characters += _length(content)
        if isinstance(message, Mapping) and not message.keys() <= _IN_A_MESSAGE:
            characters += _of_rest(message)
    if not _OTHER_INPUT.isdisjoint(options):
        given = (options[name] for name in _OTHER_INPUT if options.get(name))
        characters += sum(map(_length, given))
    rounded_up = -int(-characters // characters_per_token)
    return rounded_up + TOKENS_PER_MESSAGE * len(messages) + IMAGE_TOKENS * images


def images_in(messages: Sequence[Mapping[str, Any]]) -> int:
    """Count the images in messages."""
    return sum(kind in IMAGES for kind in _kinds(messages))


def unseen_input(
    messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
) -> float:
    """
    Bound the tokens that go in besides those that the request's bytes bound.

    Returns:
        `MOST_IMAGE_TOKENS` for each image; infinite where an upstream fetches some of
        what goes in by itself: files by their names, or what it finds on the web.
    """
    if not _FETCHING.isdisjoint(options):
        return math.inf
    tokens = 0.0
    for kind in _kinds(messages):
        if kind in IMAGES:
            tokens += MOST_IMAGE_TOKENS
        elif kind not in _PRESENT:
            return math.inf
    return tokens


def _kinds(messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Give the kinds of all parts of messages; a plain text has none."""
    kinds: list[Any] = []
    for message in messages:
        content = message.get("content")
        # First, for nearly all contents are strings, and every call passes here.
        if type(content) is not str and isinstance(content, list):
            parts = [part for part in content if isinstance(part, Mapping)]
            kinds += [str(part.get("type")) for part in parts]
    return kinds


def is_plainly_priced(options: Mapping[str, Any]) -> bool:
    """Tell whether nothing that a call asks for is charged apart from its tokens."""
    if _CHARGED_APART.isdisjoint(options):
        return True
    modalities = options.get("modalities") or ()
    return (
        options.get("service_tier") in _USUAL_TIERS
        and not options.get("web_search_options")
        and "audio" not in modalities
    )


def output_bound(options: Mapping[str, Any]) -> int | None:
    """Say how many tokens a request allows in all its answers; `None` for no bound."""
    # The larger of two: which of them an upstream heeds is its own affair. llama.cpp
    # takes -1 for no bound.
    asked = (options.get("max_completion_tokens"), options.get("max_tokens"))
    most = max((n for n in asked if isinstance(n, int)), default=0)
    return most * choices(options) if most > 0 else None


def choices(options: Mapping[str, Any]) -> int:
    """Say how many answers a request asks for."""
    asked = options.get("n")
    return asked if isinstance(asked, int) and asked > 1 else 1


def _of_part(part: Any) -> int:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        part = part["text"]
    return len(part) if isinstance(part, str) else _length(part)


def _of_rest(message: Mapping[str, Any]) -> int:
    """Count what a message has besides its role and text, such as tool calls."""
    rest = {key: each for key, each in message.items() if key not in _IN_A_MESSAGE}
    return _length(rest) if rest else 0


def _length(value: Any) -> int:
    try:
        return len(_DATA_URL.sub(b"", orjson.dumps(value)).decode())
    except TypeError:
        return 0  # no JSON, which whoever encodes it will say
