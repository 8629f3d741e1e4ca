"""Owns the judgement that a run is better broken off: no call of it can work."""

from __future__ import annotations

from holybalance.batch.work import RowResult

MOST_UNANSWERED = 20
"""So many rows fail for want of an endpoint before the first answer, not more."""


class Outage:
    """Looks at what comes of each call, from the first on."""

    def __init__(self) -> None:
        self._unanswered = 0
        self._was_answered = False

    def note(self, result: RowResult) -> str:
        """Take a row, and say why the run is to be broken off, if it is."""
        if result.hopeless:
            return result.hopeless
        self._was_answered = self._was_answered or result.is_answered
        self._unanswered += result.is_unavailable
        if self._was_answered or self._unanswered < MOST_UNANSWERED:
            return ""
        # Only where it has just got so far: a row of another kind tells nothing new.
        if not result.is_unavailable:
            return ""
        why = result.message.partition("\n")[0]
        return (
            f"nothing was answered; {self._unanswered:,} rows failed, the latest "
            f"with: {why}"
        )
