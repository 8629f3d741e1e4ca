"""Owns how a stream goes out, whole or broken: its events, its pauses, its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat

from holybalance.testing.counts import Cell
from holybalance.testing.delivery import Delivery, Ending, ending_of, plain
from holybalance.testing.draft import CHUNKED, LAST_CHUNK, Draft, chunk
from holybalance.testing.faults import BrokenStream, Then
from holybalance.testing.formats.values import Telling

Parts = Iterator[bytes | float]
"""What to write, and seconds to pause in between."""


def streamed(
    draft: Draft,
    telling: Telling,
    *,
    latency_s: float,
    interval_s: Callable[[], float],
    head_first: bool,
) -> Delivery:
    """
    The ordinary way of a stream, each event in a chunk of its own.

    Args:
        latency_s: seconds before the first event.
        interval_s: gives seconds between two pieces of the reply.
        head_first: whether the head comes before that.
    """
    delay_s = 0.0 if head_first else latency_s
    parts = _timed(draft, telling, latency_s - delay_s, interval_s)
    return Delivery(parts, ending_of(draft), Cell.ANSWERED, delay_s)


def _timed(
    draft: Draft, telling: Telling, latency_s: float, interval_s: Callable[[], float]
) -> Parts:
    yield draft.head(CHUNKED)
    if latency_s:
        yield latency_s
    yield from map(chunk, telling.opening)
    for number, piece in enumerate(telling.pieces()):
        pause_s = interval_s() if number else 0.0
        if pause_s:
            yield pause_s
        yield chunk(piece)
    yield from map(chunk, telling.closing)
    yield LAST_CHUNK


def broken(step: BrokenStream, draft: Draft) -> Delivery:
    """What becomes of a stream, or of a whole reply in its place."""
    telling = draft.telling
    if telling is None:
        if step.then is Then.ERROR:
            error = draft.format.error(draft.scripted_failure(step.status))
            return plain(draft._replace(status=step.status, body=error))
        telling = _halves(draft.body)
    sound = islice(telling.events(), _length(step, telling))
    parts, ending = _ENDS[step.then](step, draft, telling)
    pieces = chain((draft.head(CHUNKED),), map(chunk, sound), parts)
    return Delivery(pieces, ending)


def _length(step: BrokenStream, telling: Telling) -> int:
    if step.pieces is not None:
        return len(telling.opening) + min(step.pieces, telling.piece_count)
    if step.after < 0:
        return max(0, telling.length + step.after)
    return step.after


def _halves(body: bytes) -> Telling:
    text = body.decode()
    middle = len(text) // 2
    return Telling(
        opening=(),
        texts=(text[:middle], text[middle:]),
        tell=lambda _, half: half.encode(),
        closing=(),
        # DeepSeek sends empty lines while a request for a whole reply has to wait.
        chatter=b"\n",
        garbage=b"\x00\xff",
    )


End = Callable[[BrokenStream, Draft, Telling], tuple[Parts, Ending]]


def _silent(ending: Ending) -> End:
    return lambda *_: (iter(()), ending)


def _chatter(step: BrokenStream, _: Draft, telling: Telling) -> tuple[Parts, Ending]:
    return _again_and_again(telling.chatter, step.interval_s), Ending.STALL


def _flood(step: BrokenStream, _: Draft, telling: Telling) -> tuple[Parts, Ending]:
    piece = telling.tell(0, telling.texts[-1] if telling.texts else " ")
    return _again_and_again(piece, step.interval_s), Ending.STALL


def _again_and_again(event: bytes, interval_s: float) -> Parts:
    if not interval_s:
        return repeat(chunk(event))
    return chain.from_iterable(repeat((interval_s, chunk(event))))


def _end(_: BrokenStream, draft: Draft, __: Telling) -> tuple[Parts, Ending]:
    return iter((LAST_CHUNK,)), ending_of(draft)


def _error(step: BrokenStream, draft: Draft, _: Telling) -> tuple[Parts, Ending]:
    event = draft.format.error_event(draft.scripted_failure(step.status))
    return iter((chunk(event), LAST_CHUNK)), ending_of(draft)


def _garbage(
    step: BrokenStream, draft: Draft, telling: Telling
) -> tuple[Parts, Ending]:
    rest = islice(telling.events(), _length(step, telling), None)
    events = chain((telling.garbage,), rest)
    return chain(map(chunk, events), (LAST_CHUNK,)), ending_of(draft)


_ENDS: dict[Then, End] = {
    Then.CLOSE: _silent(Ending.CLOSE),
    Then.RESET: _silent(Ending.RESET),
    Then.HANG: _silent(Ending.STALL),
    Then.CHATTER: _chatter,
    Then.END: _end,
    Then.ERROR: _error,
    Then.GARBAGE: _garbage,
    Then.FLOOD: _flood,
}
