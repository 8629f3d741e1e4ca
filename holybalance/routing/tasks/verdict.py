"""Owns what a classifier says of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Classified(NamedTuple):
    """The task of a conversation, and what spoke for it."""

    task: str
    """One of `holybalance.config.TASKS`."""
    evidence: tuple[str, ...]
    """What spoke for it, for people."""
    scores: Mapping[str, float]
    """Every task that had any evidence, and how much."""


Classifier = Callable[[Sequence[Mapping[str, Any]]], Classified | str]
"""Gives the task of OpenAI-shaped messages; a user's own may give only its name."""
