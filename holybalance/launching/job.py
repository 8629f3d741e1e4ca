"""Owns one job's items: which is next, which are to be given again, which never."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from holybalance.launching import frames
from holybalance.launching.messages import Begin, Item, Work

# An item that as many workers died of is not given to another.
MOST_DEATHS = 3


class Job:
    """
    The items of one `Crew.perform`, and what became of workers that held them.

    Args:
        number: tells this job's answers from an earlier one's.
        items: pulled only as they can be given out; `None` is "not now".
        may_repeat: whether what a dead worker had begun may be given again.
    """

    def __init__(
        self,
        number: int,
        work: Work,
        items: Iterator[Item | None],
        *,
        may_repeat: bool,
    ) -> None:
        self.number = number
        self.begin = frames.encode(Begin(number, work))
        self.has_more = True
        self.is_stopped = False
        self.is_paused = False
        self._items = items
        self._position = 0
        self._most_deaths = MOST_DEATHS if may_repeat else 1
        self._again: deque[tuple[int, Item]] = deque()
        # Only of items whose worker died and that are not done with.
        self._deaths: dict[int, int] = {}

    def take(self, most: int) -> list[tuple[int, Item]]:
        """Take a hand of items to give out, those to be given again first."""
        hand: list[tuple[int, Item]] = []
        while len(hand) < most:
            each = self._again.popleft() if self._again else self._next()
            if each is None:
                break
            hand.append(each)
        return hand

    def is_given_out(self) -> bool:
        """Tell whether nothing is left to give."""
        return not self.has_more and not self._again

    def stop(self) -> None:
        """Give out nothing more."""
        self.is_stopped = True
        self.has_more = False
        self._again.clear()

    def mourn(self, held: dict[int, Item], begun: set[int]) -> list[tuple[int, Item]]:
        """
        Take back what a dead worker held.

        Args:
            begun: the positions whose calls may have been under way.

        Returns:
            What too many workers have died of; the rest is given again.
        """
        lost = []
        for position, item in reversed(held.items()):
            self._deaths[position] = self._deaths.get(position, 0) + (position in begun)
            if self._deaths[position] >= self._most_deaths:
                lost.append((position, item))
            else:
                self._again.appendleft((position, item))
        return lost

    def forget(self, position: int) -> None:
        """An item is done with."""
        if self._deaths:
            self._deaths.pop(position, None)

    def _next(self) -> tuple[int, Item] | None:
        if not self.has_more or self.is_paused:
            return None
        try:
            item = next(self._items)
        except StopIteration:
            self.has_more = False
            return None
        if item is None:
            self.is_paused = True
            return None
        self._position += 1
        return self._position - 1, item
