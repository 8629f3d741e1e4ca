"""Owns what the mock upstream replies, in no format: text or call, usage, pieces."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.formats.values import Asked, Said, arguments_of
from holybalance.testing.vectors import tokens_of

# A word goes with the space before it, as the tokens of most models do.
_WORD = re.compile(r"\s*\S+|\s+$")


def say(behaviour: Behaviour, asked: Asked, request_id: str) -> Said:
    """Decide what to reply to a chat request."""
    call = None if asked.is_result else behaviour.tool_call
    if call is not None:
        text = ""
        characters = len(call["name"]) + len(arguments_of(call))
    else:
        text = asked.texts[-1] if behaviour.echo else behaviour.reply
        characters = len(text)
    prompt = behaviour.prompt_tokens
    if prompt is None:
        prompt = tokens_of(sum(map(len, asked.texts)))
    completion = behaviour.completion_tokens
    if completion is None:
        completion = tokens_of(characters) * asked.choices
    return Said(
        request_id,
        asked.model,
        text,
        call,
        prompt,
        completion,
        asked.choices,
        asked.shows_usage,
    )


@functools.lru_cache(maxsize=8)
def cut(text: str, pieces: int | None) -> Sequence[str]:
    """
    Cut a text into so many pieces of about the same length, or into words.

    Most streams tell the same reply, and the pieces are most of what they hold.
    """
    if pieces is None:
        return _WORD.findall(text)
    count = min(pieces, len(text))
    ends = [len(text) * number // count for number in range(1, count + 1)]
    return [text[i:j] for i, j in zip([0, *ends], ends, strict=False)]
