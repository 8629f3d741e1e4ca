"""
Owns what a process and a store say to each other; knows no kind of store.

A process says its news and takes the answer in one exchange, which is atomic among all
processes. Exchanges are made by one thread of a process and never on a call's path, so
what the calls use was drawn before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

LEASE_S = 10.0
"""A process not heard of for so long is dead: what it holds of money is spent."""
BURST_SHARE = 0.01
"""A bucket holds so much of a minute; with what processes have drawn and not used yet,
a sliding minute stays within 2 % of its limit."""


class StoreError(Exception):
    """A store could not be used; says why, for people, and shows no password."""


class Draw(NamedTuple):
    """
    What a process asks of a rate bucket that all share.

    The bucket fills by `per_minute`, up to a burst of `max(1, BURST_SHARE *
    per_minute)`, where it begins. `back` is added first (when negative: taken, even
    below zero), then `lower_to` bounds what is left, then as much of `want` is granted
    as there is, which may be a part of it.

    Args:
        key: which bucket.
        per_minute: requests or tokens a minute.
        want: how many to be granted, from 0.
        back: drawn and not used; negative for what was used beyond what was drawn.
        lower_to: an upstream says that no more than these are left; `None` for nothing.
    """

    key: str
    per_minute: float
    want: float = 0.0
    back: float = 0.0
    lower_to: float | None = None


class Claim(NamedTuple):
    """
    What a process asks of an account of money; all amounts are nano-dollars.

    `spent` moves from what the process holds to what is spent for good, and `back`
    from what it holds to what is left. Then `need` is granted whole or not at all,
    and of `extra`, where `need` was granted, as much as there is. A process whose
    hold has been written off reports in vain: that was counted as spent already.

    Args:
        key: which account, its window included.
        limit: what may be spent in all.
        need: at least this; 0 for nothing.
        extra: and beyond it up to this much.
        spent: spent since the last exchange, out of what was granted.
        back: granted and not wanted any more.
        held: what the process holds before this exchange, `spent` and `back` included.
        seen: what the process knew at its last exchange to be spent by all, or held
            by others. After the store has lost its memory (another generation), the
            account begins with this as spent, or the most that any process says, and
            the process holds `held` again. (What it holds is in the others' `seen`,
            and is not counted twice.)
        over: spent beyond all that was granted: an answer was dearer than it could be.
            It counts in any case, and may take the account beyond its limit.
        is_lasting: the account is kept for ever; others are forgotten when nobody has
            asked for them for 40 days, longer than any window that begins anew.
    """

    key: str
    limit: int
    need: int = 0
    extra: int = 0
    spent: int = 0
    back: int = 0
    held: int = 0
    seen: int = 0
    over: int = 0
    is_lasting: bool = False


class News(NamedTuple):
    """
    What a process says.

    Args:
        process: its id; empty for somebody who only looks: then nothing changes, and
            claims and draws are answered with nothing granted.
        number: counts this process's exchanges from 1. A number that the store has
            answered already (the answer was lost) is answered again, unchanged, and
            not applied twice.
        generation: the store's, as the process knows it; empty at first.
        rests: seconds that others, too, should keep away from something, by its key;
            the later of two ends holds.
        lifted: keys of rests that are over before their end.
        is_leaving: the process ends: all it holds goes back, and it is forgotten.
    """

    process: str
    number: int
    generation: str = ""
    draws: tuple[Draw, ...] = ()
    claims: tuple[Claim, ...] = ()
    rests: Mapping[str, float] = {}
    lifted: tuple[str, ...] = ()
    is_leaving: bool = False


class Account(NamedTuple):
    """
    An account after an exchange, in nano-dollars.

    Args:
        granted: to this process, now.
        spent: by all, for good; what dead processes held is part of it.
        held: by all processes, this one included.
        mine: held by this process, as the store has it; less than it thinks when its
            hold was written off, and then that is how much it may still use.
    """

    granted: int
    spent: int
    held: int
    mine: int


class Answer(NamedTuple):
    """
    What a store says.

    Args:
        generation: another one than before when the store has lost its memory.
        processes: how many were heard of within `LEASE_S`, this one included.
        drawn: what was granted of each draw, in their order.
        accounts: one for each claim, in their order.
        rests: the seconds that are left of every rest, by key.
    """

    generation: str
    processes: int
    drawn: tuple[float, ...]
    accounts: tuple[Account, ...]
    rests: Mapping[str, float]


class Store(Protocol):
    """Where processes meet; used by one thread at a time."""

    def exchange(self, news: News) -> Answer:
        """
        Take a process's news and answer, atomically.

        Raises:
            StoreError: it could not be done, or was done and the answer lost.
        """

    def close(self) -> None:
        """Let go of files and connections; the store may be used again."""
