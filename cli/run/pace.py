"""Owns how fast a run goes lately, and so when it will end and what it will cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from holybalance.batch.order import Held
    from holybalance.batch.totals import Totals

WINDOW_S = 10.0
# Slow calls need a longer look: one that spans about so many rows …
_ROWS_IN_WINDOW = 20
# … but not for ever; an outage must show.
_LONGEST_WINDOW_S = 300.0
# Looks that are closer together than this, in seconds, count as one.
_SPACING_S = 0.2
_ROWS = "rows"


class Counted(Protocol):
    """What counts its rows; the part of a `Batch` that matters here."""

    @property
    def totals(self) -> Totals:
        """The rows that are written."""

    @property
    def expected(self) -> int | None:
        """How many there will be; `None` when nobody knows."""

    @property
    def held(self) -> Held | None:
        """Which answers wait for their turn to be written."""

    @property
    def is_stopping(self) -> bool:
        """Whether no further rows are begun."""


class Window:
    """
    Says how many a second were counted lately, for counters that only grow.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds = WINDOW_S
        self._clock = clock
        self._samples: deque[tuple[float, Mapping[str, int]]] = deque()

    def observe(self, counts: Mapping[str, int]) -> None:
        """Take a look at the counters; called several times a second."""
        now, samples = self._clock(), self._samples
        # The last look always counts; the one before goes if it is hardly older.
        if len(samples) > 1 and now - samples[-2][0] < _SPACING_S:
            samples.pop()
        samples.append((now, counts))
        # One sample is kept that is older than the window.
        while len(samples) > 2 and now - samples[1][0] >= self.seconds:
            samples.popleft()

    def rate(self, name: str) -> float:
        """Give a counter's growth a second; what was not there before began at 0."""
        if len(self._samples) < 2:
            return 0.0
        (began, before), (ended, after) = self._samples[0], self._samples[-1]
        grown = after.get(name, 0) - before.get(name, 0)
        return grown / (ended - began) if ended > began else 0.0


class Pace:
    """
    Follows the totals of a run; `observe` is called several times a second.

    Args:
        batch: what is run.
        clock: monotonic seconds.
    """

    def __init__(self, batch: Counted, clock: Callable[[], float]) -> None:
        self.totals = batch.totals
        self.clock = clock
        self._batch = batch
        self._started = clock()
        self._rows = Window(clock)
        self._endpoints = Window(clock)
        self._rows.observe({_ROWS: self.done})

    @property
    def expected(self) -> int | None:
        """How many rows there will be; `None` when nobody knows."""
        return self._batch.expected

    @property
    def held(self) -> Held | None:
        """Which answers wait for their turn to be written."""
        return self._batch.held

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self._started

    @property
    def done(self) -> int:
        """How many rows are written."""
        return self.totals.rows

    @property
    def rate(self) -> float:
        """Rows a second, lately."""
        return self._rows.rate(_ROWS)

    @property
    def left_s(self) -> float | None:
        """How long the rest will take at this rate; `None` where nobody knows."""
        expected, rate = self.expected, self.rate
        if expected is None or not rate or self._batch.is_stopping:
            return None
        return max(0, expected - self.done) / rate

    @property
    def projected_usd(self) -> float | None:
        """What all rows will cost; `None` when nobody knows."""
        totals, expected = self.totals, self.expected
        if expected is None or self._batch.is_stopping:
            return None
        if not totals.ok or not totals.cost_usd:
            return None
        return totals.cost_usd / totals.ok * max(expected, totals.ok)

    def observe(self, metrics: Mapping[str, Any]) -> None:
        """Take a look at the totals, and at the launcher's metrics."""
        average = self.done / self.seconds if self.seconds > 0 else 0.0
        if average:
            needed = min(_ROWS_IN_WINDOW / average, _LONGEST_WINDOW_S)
            self._rows.seconds = max(WINDOW_S, needed)
        self._rows.observe({_ROWS: self.done})
        endpoints = metrics["endpoints"].items()
        self._endpoints.observe({name: each["success"] for name, each in endpoints})

    def rate_of(self, endpoint: str) -> float:
        """Give the replies a second of an endpoint, lately."""
        return self._endpoints.rate(endpoint)
