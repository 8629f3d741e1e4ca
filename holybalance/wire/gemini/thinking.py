"""
Owns how `reasoning_effort` becomes Gemini's `thinkingConfig`.

The rule is that of Google's own OpenAI-compatible layer, by the version in the model's
name (https://ai.google.dev/gemini-api/docs/openai#thinking): 2.5 is given a budget of
tokens, later ones a level. Before 2.5 no model thinks. Only the Flash models of 2.5 can
be kept from thinking; the Pro models know no level below "low".
"""

from __future__ import annotations

from typing import Any

from holybalance.wire.gemini.naming import Json, version

_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_LEVELS = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
}
# What sets the depth of thought; Google refuses more than one of these at a time.
_DEPTHS = ("thinkingBudget", "thinkingLevel")


def thinking_config(model: str, effort: Any) -> Json | None:
    """Translate an effort for a model; `None` where it has nothing of the kind."""
    if not isinstance(effort, str) or version(model) < (2, 5):
        return None
    is_pro = "-pro" in model
    if version(model) < (3, 0):
        if effort == "none":
            return None if is_pro else {"thinkingBudget": 0}
        budget = _BUDGETS.get(effort)
        return None if budget is None else {"thinkingBudget": budget}
    level = _LEVELS.get("low" if is_pro and effort == "minimal" else effort)
    return None if level is None else {"thinkingLevel": level}


def merged(ours: Json, theirs: Json) -> Json:
    """Put what the caller says of thinking over what its effort came to."""
    if any(name in theirs for name in _DEPTHS):
        return theirs
    return {**ours, **theirs}
