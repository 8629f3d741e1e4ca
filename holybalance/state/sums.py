"""Owns the arithmetic of rate buckets and accounts; knows no store."""

from __future__ import annotations

from typing import NamedTuple

from holybalance.state.store import BURST_SHARE, Claim, Draw


class Purse(NamedTuple):
    """
    An account as one process meets it, in nano-dollars.

    Args:
        spent: by all, for good.
        restored: the most that a process of a lost generation knew to be in use.
        others: held by the other processes.
        mine: held by this one.
    """

    spent: int
    restored: int
    others: int
    mine: int


def burst(draw: Draw) -> float:
    """Say how much a bucket holds at most, which it has at first."""
    return max(1.0, BURST_SHARE * draw.per_minute)


def pour(level: float, age_s: float, draw: Draw) -> tuple[float, float]:
    """Fill a bucket for the time that has passed; give what is granted and left."""
    most = burst(draw)
    filled = min(most, level + max(0.0, age_s) * draw.per_minute / 60)
    level = min(most, filled + draw.back)
    if draw.lower_to is not None:
        level = min(level, draw.lower_to)
    granted = min(draw.want, max(0.0, level))
    return granted, level - granted


def restored(purse: Purse, claim: Claim) -> Purse:
    """
    Put back what a process of a lost generation knew.

    What it holds is in the others' `seen`, so it is taken out of what they had to be
    counted as spent: in all, no less is in use than the most that any of them knew.
    """
    known = claim.seen + claim.held
    raised = max(0, known - purse.restored)
    return purse._replace(
        spent=max(0, purse.spent + raised - claim.held),
        restored=purse.restored + raised,
        mine=claim.held,
    )


def reported(purse: Purse, claim: Claim) -> Purse:
    """Move what the process has spent and does not want, out of what it holds."""
    spent = min(claim.spent, purse.mine)
    back = min(claim.back, purse.mine - spent)
    return purse._replace(
        spent=purse.spent + spent + claim.over, mine=purse.mine - spent - back
    )


def grant(purse: Purse, claim: Claim) -> int:
    """Say how much a claim gets: what it needs or nothing, and more where there is."""
    left = max(0, claim.limit - purse.spent - purse.others - purse.mine)
    return min(claim.need + claim.extra, left) if claim.need <= left else 0
