"""Owns how `reasoning_effort` becomes Gemini's `thinkingConfig`."""

from __future__ import annotations

from typing import Any

from holybalance.wire.gemini.models import Traits
from holybalance.wire.gemini.naming import Json

# What sets the depth of thought; Google refuses more than one of these at a time.
_DEPTHS = ("thinkingBudget", "thinkingLevel")


def thinking_config(traits: Traits, effort: Any) -> Json | None:
    """Translate an effort for a model; `None` where it has nothing of the kind."""
    told = traits.efforts.get(effort) if isinstance(effort, str) else None
    if told is None:
        return None
    return {"thinkingLevel" if isinstance(told, str) else "thinkingBudget": told}


def merged(ours: Json, theirs: Json) -> Json:
    """Put what the caller says of thinking over what its effort came to."""
    if any(name in theirs for name in _DEPTHS):
        return theirs
    return {**ours, **theirs}
