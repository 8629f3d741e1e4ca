"""Owns what Gemini's models take and what they refuse, where they differ: one table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_NOTHING: Mapping[str, int | str] = {}
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
# Where there is no level as low as that, Google's own layer takes the lowest.
_NO_MINIMAL = {**_LEVELS, "minimal": "LOW"}


class Traits(NamedTuple):
    """
    What a model takes; by itself, all that there is.

    Args:
        efforts: what `reasoning_effort` becomes, by OpenAI's word for it: a number is a
            `thinkingBudget`, a text a `thinkingLevel`. What is missing is a gap.
        signs: it gives signatures with calls of functions, and asks for them.
        nests_media: results of functions may hold images and the like.
    """

    efforts: Mapping[str, int | str] = {**_LEVELS, "xhigh": "XHIGH"}
    signs: bool = True
    nests_media: bool = True


_Version = tuple[int, int]
_UNKNOWN = Traits(signs=False)
_OLD = Traits(efforts=_NOTHING, signs=False, nests_media=False)
_TWO_5 = _OLD._replace(efforts={**_BUDGETS, "none": 0})
_THREE = Traits(efforts=_LEVELS)
_HIGHER = Traits(efforts=_NO_MINIMAL)

# By what stands behind the version in a name ("" is any other), and by the version from
# which it holds. From ai.google.dev, "OpenAI compatibility", "Gemini thinking" and the
# models' own pages ("minimal is not supported and returns an error", Gemini 3.7 Flash;
# low, medium and high of Gemini 4 Argon), and of media from Vertex AI's 400
# "`function_response.parts` is not supported for this model" for Gemini 2.5.
_TABLE: Mapping[str, Sequence[tuple[_Version, Traits]]] = {
    "": (((0, 0), _OLD), ((2, 5), _TWO_5), ((3, 0), _THREE), ((4, 0), _HIGHER)),
    "pro": (
        ((0, 0), _OLD),
        # It cannot be kept from thinking.
        ((2, 5), _OLD._replace(efforts=_BUDGETS)),
        ((3, 0), _HIGHER),
    ),
    "flash": (
        ((0, 0), _OLD),
        ((2, 5), _TWO_5),
        ((3, 0), _THREE),
        ((3, 7), _HIGHER),
    ),
    "flash-lite": (((0, 0), _OLD), ((2, 5), _TWO_5), ((3, 0), _THREE)),
}
_NAME = re.compile(
    r"gemini-(?:(?P<major>\d{1,3})(?!\d)(?:\.(?P<minor>\d{1,3})(?!\d))?-?)?"
    r"(?P<kind>flash-lite|flash|pro)?"
)


def traits(model: str) -> Traits:
    """
    Look up what a model takes.

    An alias without a number, "gemini-flash-latest" say, is the newest of its kind.
    """
    found = _NAME.search(model)
    if found is None:
        return _UNKNOWN
    major, minor = found["major"], found["minor"]
    known = _OLD
    for first, row in _TABLE[found["kind"] or ""]:
        if major is None or (int(major), int(minor or 0)) >= first:
            known = row
    return known
