"""Owns what kind of task a conversation asks for; knows no model."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.routing.tasks.memory import Remembering
from holybalance.routing.tasks.verdict import Classified, Classifier

__all__ = ["Classified", "Classifier", "Remembering", "classify"]


def classify(messages: Sequence[Mapping[str, Any]]) -> Classified:
    """
    Tell what kind of task OpenAI-shaped messages ask for.

    The last message of the user decides; a system message and earlier turns say a
    little. An image goes before length, and length before all that words say.

    Args:
        messages: anything; what is no message and no text is passed over.
    """
    classified: Classified = _rules().classify(messages)
    return classified


@functools.cache
def _rules() -> Any:
    # Imported with the first question: the vocabulary takes a tenth of a second to
    # build, and clients that name their models never ask.
    from holybalance.routing.tasks import rules  # noqa: PLC0415

    return rules
