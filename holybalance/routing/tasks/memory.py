"""Owns the classifications of the last prompts; classifies nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.routing.tasks.verdict import Classified

# So a memory holds some megabytes at the most.
_MOST_PROMPTS = 256
_MOST_CHARACTERS = 4_000


class Remembering:
    """
    Asks a classifier once for each of the last prompts.

    Load tests, retries and previews send the same prompt again. Safe from any thread,
    as a dict's own steps are.

    Args:
        classifier: whose answer depends on the messages alone.
    """

    def __init__(self, classifier: Any) -> None:
        self._classifier = classifier
        self._known: dict[tuple[str, ...], Classified] = {}

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> Classified:
        """Give the task of messages."""
        prompt = _texts(messages)
        known = None if prompt is None else self._known.get(prompt)
        if known is not None:
            return known
        classified: Classified = self._classifier(messages)
        if prompt is not None:
            if len(self._known) >= _MOST_PROMPTS:
                self._known.clear()
            self._known[prompt] = classified
        return classified


def _texts(messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """Give all that there is of a short prompt of texts; `None` for any other."""
    found: list[str] = []
    characters = 0
    for message in messages:
        if type(message) is not dict or len(message) != 2:
            return None
        role, text = message.get("role"), message.get("content")
        if type(role) is not str or type(text) is not str:
            return None
        characters += len(text)
        if characters > _MOST_CHARACTERS:
            return None
        found += (role, text)
    return tuple(found)
