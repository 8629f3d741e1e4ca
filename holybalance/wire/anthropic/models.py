"""Owns what Claude's models take and what they refuse, where they differ: one table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ADAPTIVE = "adaptive"
_DISABLED = "disabled"
_THREE = ("low", "medium", "high")
_FOUR = (*_THREE, "max")
_FIVE = (*_THREE, "xhigh", "max")


class Traits(NamedTuple):
    """
    What a model takes; by itself, all that there is.

    Args:
        efforts: the levels of `output_config.effort`.
        samples: `temperature` and `top_p` other than 1.
        samples_both: both of them at once.
        off: the `thinking.type` that keeps it from thinking; `None` where none does.
        waits_for_thinking: it thinks only if told to; an effort alone does not tell it.
        forces_tools: a `tool_choice` of `any` or `tool`.
        hears_late: messages of the role `system` among the others.
    """

    efforts: Sequence[str] = _FIVE
    samples: bool = True
    samples_both: bool = True
    off: str | None = _DISABLED
    waits_for_thinking: bool = False
    forces_tools: bool = True
    hears_late: bool = False


_Version = tuple[int, int]
_UNKNOWN = Traits()
_OLD = Traits(efforts=())
# "On Claude 4.x keep at most one of temperature or top_p", and from 4.7 on neither
# (anthropics/skills: claude-api/shared/model-migration.md; the API's 400
# "`temperature` and `top_p` cannot both be specified for this model").
_FOUR_0 = _OLD._replace(samples_both=False)
_FOUR_6 = _FOUR_0._replace(efforts=_FOUR, waits_for_thinking=True)
_FOUR_7 = _FOUR_6._replace(efforts=_FIVE, samples=False)
_FIVE_0 = _FOUR_7._replace(waits_for_thinking=False)
_ALWAYS = Traits(samples=False, off=None)

# By family, and by the version from which it holds; a version that is newer than all
# of them is taken to be as the newest, and a family that is not here takes everything.
# From platform.claude.com, "What's new" and "Migration guide" of each model, "Effort",
# "Mid-conversation system messages", and the price list of litellm 1.109.1 (MIT).
_TABLE: Mapping[str, Sequence[tuple[_Version, Traits]]] = {
    "opus": (
        ((0, 0), _OLD),
        ((4, 0), _FOUR_0),
        ((4, 5), _FOUR_0._replace(efforts=_THREE)),
        ((4, 6), _FOUR_6),
        ((4, 7), _FOUR_7),
        ((4, 8), _FOUR_7._replace(hears_late=True)),
        ((5, 0), _FIVE_0._replace(hears_late=True)),
        ((5, 5), _ALWAYS._replace(forces_tools=False, hears_late=True)),
    ),
    "sonnet": (
        ((0, 0), _OLD),
        ((4, 0), _FOUR_0),
        ((4, 6), _FOUR_6),
        # Of late system messages some say that it takes them, and some that it does not
        # ("role 'system' is not supported on this model").
        ((5, 0), _FIVE_0),
        (
            (5, 5),
            _FIVE_0._replace(off="between_tools", forces_tools=False, hears_late=True),
        ),
    ),
    "haiku": (
        ((0, 0), _OLD),
        ((4, 0), _FOUR_0),
        ((5, 5), _FIVE_0._replace(hears_late=True)),
    ),
    "fable": (
        ((0, 0), _ALWAYS._replace(hears_late=True)),
        ((5, 1), _ALWAYS._replace(forces_tools=False, hears_late=True)),
    ),
    "mythos": (
        ((0, 0), _ALWAYS._replace(hears_late=True)),
        ((5, 1), _ALWAYS._replace(forces_tools=False, hears_late=True)),
    ),
    "mythos-preview": (((0, 0), _ALWAYS),),
}
# claude-opus-4-7, claude-sonnet-5, claude-opus-4-20250514 (whose minor version is 0),
# claude-haiku-4.5, and, before 4, claude-3-5-sonnet-20241022.
_NAME = re.compile(
    r"claude-(?:(?P<old>\d)(?:[-.](?P<old_minor>\d))?-)?"
    r"(?P<family>[a-z]+(?:-preview)?)"
    r"(?:-(?P<major>\d{1,3})(?!\d)(?:[-.](?P<minor>\d)(?!\d))?)?"
)


def traits(model: str) -> Traits:
    """Look up what a model takes."""
    found = _NAME.search(model.lower())
    if found is None:
        return _UNKNOWN
    version = _version(found)
    known = _UNKNOWN
    for first, row in _TABLE.get(found["family"], ()):
        if version is None or version >= first:
            known = row
    return known


def _version(found: re.Match[str]) -> _Version | None:
    """Read a version; a name without one is of the newest."""
    if found["old"] is not None:
        return int(found["old"]), int(found["old_minor"] or 0)
    if found["major"] is None:
        return None
    return int(found["major"]), int(found["minor"] or 0)
