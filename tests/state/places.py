"""Owns the three kinds of store as places where processes of a test meet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from holybalance.state.rules import Rules
from holybalance.state.sqlite import MEMORY, SqliteStore
from holybalance.state.store import Account, Answer, Claim, Draw, News, Store
from tests.state.servers import RedisServer

KINDS = ("memory", "file", "redis")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Opens(Protocol):
    """How a process comes to its store."""

    def __call__(self, rules: Rules) -> Store:
        """Open it."""


class Place:
    """
    Where several processes meet, at one clock.

    Args:
        opens: gives each process its store.
        forget: makes the store lose all that it knows.
        clock: of all processes.
        rules: for those who do not say otherwise.
    """

    def __init__(
        self, opens: Opens, forget: Callable[[], None], clock: Clock, rules: Rules
    ) -> None:
        self._opens = opens
        self.forget = forget
        self.clock = clock
        self.rules = rules
        self._made: list[Store] = []
        self._numbers = itertools.count(1)

    def store(self, rules: Rules | None = None) -> Store:
        """Open a store as another process would."""
        made = self._opens(rules or self.rules)
        self._made.append(made)
        return made

    def process(self, rules: Rules | None = None) -> Process:
        """Let another process come."""
        return Process(f"process-{next(self._numbers)}", self.store(rules))

    def close(self) -> None:
        """Close all stores."""
        for store in self._made:
            store.close()


class Process:
    """One process's side of its exchanges."""

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self.store = store
        self.number = 0
        self.generation = ""
        self.last: News | None = None

    def say(
        self,
        *,
        draws: tuple[Draw, ...] = (),
        claims: tuple[Claim, ...] = (),
        rests: dict[str, float] | None = None,
        lifted: tuple[str, ...] = (),
        is_leaving: bool = False,
    ) -> Answer:
        """Make the next exchange."""
        self.number += 1
        self.last = News(
            process=self.name,
            number=self.number,
            generation=self.generation,
            draws=draws,
            claims=claims,
            rests=rests or {},
            lifted=lifted,
            is_leaving=is_leaving,
        )
        answer = self.repeat()
        self.generation = answer.generation
        return answer

    def repeat(self) -> Answer:
        """Say the last news again, as after a lost answer."""
        assert self.last is not None
        return self.store.exchange(self.last)

    def draw(
        self,
        want: float = 0.0,
        *,
        per_minute: float = 6000.0,
        back: float = 0.0,
        lower_to: float | None = None,
    ) -> float:
        """Draw on the one bucket; give what was granted."""
        draw = Draw("bucket", per_minute, want, back, lower_to)
        return self.say(draws=(draw,)).drawn[0]

    def claim(
        self,
        need: int = 0,
        *,
        limit: int = 1000,
        extra: int = 0,
        spent: int = 0,
        back: int = 0,
        held: int = 0,
        seen: int = 0,
    ) -> Account:
        """Claim on the one account."""
        claim = Claim("account", limit, need, extra, spent, back, held, seen)
        return self.say(claims=(claim,)).accounts[0]


def look(store: Store, *draws: Draw) -> Answer:
    """Look at the one account, without being a process."""
    return store.exchange(
        News("", 0, draws=draws, claims=(Claim("account", 1000, need=10),))
    )


def memory_place(rules: Rules) -> Place:
    """Make a place in this process's memory."""
    clock = Clock()
    only = SqliteStore(MEMORY, rules, clock=clock)
    return Place(lambda rules: only, only.close, clock, rules)


def file_place(path: Path, rules: Rules) -> Place:
    """Make a place in a file."""
    clock = Clock()

    def forget() -> None:
        path.unlink()

    def opens(rules: Rules) -> Store:
        return SqliteStore(str(path), rules, clock=clock, is_durable=False)

    return Place(opens, forget, clock, rules)


def redis_place(server: RedisServer, rules: Rules) -> Place:
    """Make a place on a server, which is emptied first."""
    from holybalance.state.redis import RedisStore  # noqa: PLC0415  may be missing

    clock = Clock()

    def forget() -> None:
        server.command("FLUSHALL")

    forget()
    return Place(
        lambda rules: RedisStore(server.url, rules, clock=clock), forget, clock, rules
    )
