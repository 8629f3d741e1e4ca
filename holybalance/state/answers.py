"""Owns which numbers a store takes, and how it keeps an answer to repeat it."""

from __future__ import annotations

from typing import Any

import orjson

from holybalance.state.rules import LONGEST_REST_S, MOST
from holybalance.state.store import Account, Answer, Claim, Draw, News

_LARGEST = 1e15


def within_bounds(news: News) -> News:
    """Put a process's numbers where both kinds of store can hold them."""
    return news._replace(
        draws=tuple(map(_bounded_draw, news.draws)),
        claims=tuple(map(_bounded_claim, news.claims)),
        rests={
            key: min(seconds, LONGEST_REST_S)
            for key, seconds in news.rests.items()
            if seconds > 0
        },
    )


def _bounded_draw(draw: Draw) -> Draw:
    lower_to = draw.lower_to
    return Draw(
        draw.key,
        _not_negative(draw.per_minute),
        _not_negative(draw.want),
        _finite(draw.back),
        None if lower_to is None else _not_negative(lower_to),
    )


def _not_negative(number: float) -> float:
    return max(0.0, _finite(number))


def _finite(number: float) -> float:
    # Two comparisons, so that "not a number" becomes a number, too.
    if number > -_LARGEST:
        return min(number, _LARGEST)
    return -_LARGEST if number <= -_LARGEST else 0.0


def _bounded_claim(claim: Claim) -> Claim:
    return claim._replace(
        limit=_amount(claim.limit),
        need=_amount(claim.need),
        extra=_amount(claim.extra),
        spent=_amount(claim.spent),
        back=_amount(claim.back),
        held=_amount(claim.held),
        seen=_amount(claim.seen),
        over=_amount(claim.over),
    )


def _amount(number: int) -> int:
    return min(max(0, number), MOST)


def refuse_all(news: News, generation: str = "") -> Answer:
    """Answer from a store that knows nothing yet."""
    return Answer(
        generation,
        0,
        (0.0,) * len(news.draws),
        (Account(0, 0, 0, 0),) * len(news.claims),
        {},
    )


def packed(answer: Answer) -> bytes:
    """Write an answer down."""
    accounts = [tuple(account) for account in answer.accounts]
    return orjson.dumps((*answer[:3], accounts, answer.rests))


def unpacked(text: bytes | str) -> Answer:
    """Read an answer; from Redis's Lua, where numbers are text and no list is `{}`."""
    generation, processes, drawn, accounts, rests = orjson.loads(text)
    return Answer(
        generation,
        processes,
        tuple(map(float, drawn)),
        tuple(Account(*map(int, amounts)) for amounts in accounts),
        _as_floats(rests),
    )


def _as_floats(rests: Any) -> dict[str, float]:
    return {key: float(seconds) for key, seconds in dict(rests).items()}
