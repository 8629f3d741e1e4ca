"""Owns when models end, who follows them, and that people hear of it in time."""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Callable, Iterator

from holybalance.config import Config
from holybalance.config.warning import warn
from holybalance.routing.candidates import card_of, endpoints_of

_NOTICE_DAYS = 30
# The day is asked for once a minute at most: reading a date costs more than a plan.
_KEEPS_S = 60.0


class Calendar:
    """
    Knows the day on which each model ends at the last endpoint that serves it.

    Args:
        today: the date in UTC.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        config: Config,
        today: Callable[[], dt.date],
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._today = today
        self._clock = clock
        self._ends = _ends(config)
        self._first_notice = min(self._ends.values(), default=0) - _NOTICE_DAYS
        self._day = 0
        self._asked = -math.inf
        # Guards `_warned`: the models that people have been told of.
        self._lock = threading.Lock()
        self._warned: set[str] = set()

    def matters(self) -> bool:
        """Tell whether a model's end is near or past."""
        return bool(self._ends) and self._now() >= self._first_notice

    def is_retired(self, model: str) -> bool:
        """Tell whether a model has ended everywhere."""
        end = self._ends.get(model)
        return end is not None and self._now() >= end

    def is_near(self, model: str) -> bool:
        """Tell whether a model ends soon, or has ended."""
        end = self._ends.get(model)
        return end is not None and self._now() >= end - _NOTICE_DAYS

    def heir(self, model: str) -> str | None:
        """Find the first successor that is served and has not ended."""
        served = (m for m in self._successors(model) if endpoints_of(self._config, m))
        return next((m for m in served if not self.is_retired(m)), None)

    def obituary(self, model: str) -> str | None:
        """Tell that a model has ended and what follows it; `None` if it has not."""
        return f"{model} {self.ending(model)}" if self.is_retired(model) else None

    def ending(self, model: str) -> str:
        """Tell when a model that ends does so and what follows it, without its name."""
        end, card = self._ends[model], card_of(self._config, model)
        day, maker = dt.date.fromordinal(end), card.maker if card is not None else None
        verb = "was retired" if self._now() >= end else "will be retired"
        by = f" by {maker}" if maker else ""
        successor = next(self._successors(model), None)
        follows = f"; {successor} replaces it" if successor else ""
        return f"{verb}{by} on {day}{follows}"

    def warn(self, model: str, advice: str) -> None:
        """Tell people once about a model that ends soon or has ended."""
        with self._lock:
            if model in self._warned:
                return
            self._warned.add(model)
        warn(f"{model} {self.ending(model)}; {advice}")

    def _now(self) -> int:
        now = self._clock()
        if now - self._asked >= _KEEPS_S:
            self._day, self._asked = self._today().toordinal(), now
        return self._day

    def _successors(self, model: str) -> Iterator[str]:
        seen = {model}
        card = card_of(self._config, model)
        while card is not None and card.successor and card.successor not in seen:
            seen.add(card.successor)
            yield card.successor
            card = card_of(self._config, card.successor)


def _ends(config: Config) -> dict[str, int]:
    """Give the last day's ordinal of each model that no endpoint has without an end."""
    dated = dict.fromkeys(model for e in config.endpoints for model in e.retires)
    ends: dict[str, int] = {}
    for model in dated:
        days = [e.retires.get(model) for e in endpoints_of(config, model)]
        known = [day.toordinal() for day in days if day is not None]
        if known and len(known) == len(days):
            ends[model] = max(known)
    return ends
