"""Owns the picture of what processes have learned of a model; learns nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """
    What replies have told of a model; `None` where none has.

    Args:
        characters_per_token: of input text.
        token_error: by what share of the input the estimates before a call were off,
            on average; 0.07 is 7 %.
        answer_tokens: of a usual answer that no bound has cut.
        latency_s: seconds of a usual whole reply, without waiting and retries.
        replies: how many have been learned from.
    """

    characters_per_token: float | None
    token_error: float | None
    answer_tokens: float | None
    latency_s: float | None
    replies: int

    @classmethod
    def merged(cls, reports: Iterable[ModelReport]) -> ModelReport:
        """Bring together what several processes have learned of one model."""
        given = tuple(reports)

        def weighted(read: Callable[[ModelReport], float | None]) -> float | None:
            known = [(read(one), one.replies) for one in given]
            parts = [(value, n) for value, n in known if value is not None]
            total = sum(n for _, n in parts)
            return sum(value * n for value, n in parts) / total if total else None

        return cls(
            characters_per_token=weighted(lambda one: one.characters_per_token),
            token_error=weighted(lambda one: one.token_error),
            answer_tokens=weighted(lambda one: one.answer_tokens),
            latency_s=weighted(lambda one: one.latency_s),
            replies=sum(one.replies for one in given),
        )
