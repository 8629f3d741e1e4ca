"""Owns what each step of a script makes of an answer that would have been sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from holybalance.testing import streams
from holybalance.testing.counts import Cell
from holybalance.testing.delivery import OK, Delivery, Ending, count_of, ending_of
from holybalance.testing.draft import CHUNKED, HTML, JSON, LAST_CHUNK, Draft, chunk
from holybalance.testing.faults import (
    Answer,
    BrokenStream,
    Fault,
    Gigantic,
    SlowBody,
    SlowHead,
    Step,
)

_BODILESS = (204, *range(300, 400))


def scripted(step: Step, draft: Draft) -> Delivery:
    """What `step` makes of an ordinary reply or stream."""
    if isinstance(step, BrokenStream):
        return streams.broken(step, draft)
    if draft.telling is not None:
        draft = draft._replace(body=b"".join(draft.telling.events()))
    match step:
        case Fault():
            return _FAULTS[step](draft)
        case Answer():
            return _given(step, draft)
        case SlowHead():
            return _slow_head(step, draft)
        case SlowBody():
            return _slow_body(step, draft)
        case Gigantic():
            return _gigantic(step, draft)


def _given(answer: Answer, draft: Draft) -> Delivery:
    fields = {name.lower(): value for name, value in answer.headers.items()}
    body = _given_body(answer, draft)
    closes = fields.pop("connection", "").lower() == "close"
    length = fields.pop("content-length", str(len(body)))
    drafted = draft._replace(
        status=answer.status,
        request_id=fields.pop(draft.format.REQUEST_ID, draft.request_id),
        content_type=fields.pop("content-type", _given_type(answer, draft)),
        headers=tuple(f"{name}: {value}" for name, value in fields.items()),
        keep_alive=draft.keep_alive and not closes,
    )
    return Delivery(
        pieces=(drafted.head(f"content-length: {length}") + body,),
        ending=ending_of(drafted),
        counted_as=count_of(answer.status),
    )


def _given_type(answer: Answer, draft: Draft) -> str:
    is_ours = answer.body is None and answer.status in OK
    return draft.content_type if is_ours else JSON


def _given_body(answer: Answer, draft: Draft) -> bytes:
    if isinstance(answer.body, str):
        return answer.body.encode()
    if answer.body is not None:
        return answer.body
    if answer.status in _BODILESS:
        return b""
    if answer.status in OK:
        return draft.body
    return draft.format.error(draft.scripted_failure(answer.status))


def _slow_head(step: SlowHead, draft: Draft) -> Delivery:
    head = draft.head(_length(draft))
    pieces = chain(_slowly(head, step.interval_s), (draft.body,))
    return Delivery(pieces, ending_of(draft), Cell.ANSWERED)


def _slow_body(step: SlowBody, draft: Draft) -> Delivery:
    body = _slowly(draft.body, step.interval_s)
    return Delivery(
        chain((draft.head(_length(draft)), step.interval_s), body),
        ending_of(draft),
        Cell.ANSWERED,
    )


def _slowly(data: bytes, interval_s: float) -> Iterator[bytes | float]:
    for place in range(len(data)):
        yield data[place : place + 1]
        yield interval_s


def _gigantic(step: Gigantic, draft: Draft) -> Delivery:
    # Spaces may follow JSON, but who reads a stream does not wait for what follows.
    start, end = (draft.body, b"")
    if draft.telling is not None:
        start, end = b":", b"\n\n" + draft.body
    filling = max(0, step.size - len(start + end))
    head = draft.head(f"content-length: {len(start + end) + filling}")
    pieces = _filled(head + start, filling, end)
    return Delivery(pieces, ending_of(draft), Cell.ANSWERED)


_FILLING = b" " * 65536


def _filled(start: bytes, filling: int, end: bytes) -> Iterator[bytes]:
    yield start
    for _ in range(filling // len(_FILLING)):
        yield _FILLING
    yield _FILLING[: filling % len(_FILLING)] + end


def _length(draft: Draft, difference: int = 0) -> str:
    return f"content-length: {len(draft.body) + difference}"


def _ended(ending: Ending, *pieces: bytes) -> Delivery:
    return Delivery(pieces=pieces, ending=ending)


def _half(draft: Draft) -> bytes:
    body = draft.body[: len(draft.body) // 2]
    return draft.head(_length(draft)) + body


def _half_head(draft: Draft) -> bytes:
    head = draft.head(_length(draft))
    return head[: len(head) // 2]


def _chunks(draft: Draft) -> tuple[bytes, bytes]:
    middle = len(draft.body) // 2
    return chunk(draft.body[:middle]), chunk(draft.body[middle:])


def _with(draft: Draft, body: bytes, content_type: str | None = None) -> Delivery:
    content_type = content_type or draft.content_type
    drafted = draft._replace(body=body, content_type=content_type)
    return Delivery(pieces=(drafted.whole(),), ending=ending_of(draft))


def _sound(ending: Ending, *pieces: bytes) -> Delivery:
    return Delivery(pieces=pieces, ending=ending, counted_as=Cell.ANSWERED)


def _until_close(draft: Draft) -> Delivery:
    closing = draft._replace(keep_alive=False)
    return _sound(Ending.CLOSE, closing.head() + draft.body)


def _connection_close(draft: Draft) -> Delivery:
    closing = draft._replace(keep_alive=False)
    return _sound(Ending.CLOSE, closing.whole())


def _length_twice(draft: Draft) -> Delivery:
    head = draft.head(_length(draft), _length(draft, -_MISCOUNT))
    return _ended(ending_of(draft), head + draft.body)


def _length_too_short(draft: Draft) -> Delivery:
    return _ended(ending_of(draft), draft.head(_length(draft, -_MISCOUNT)) + draft.body)


def _length_too_long(draft: Draft) -> Delivery:
    return _ended(Ending.CLOSE, draft.head(_length(draft, _MISCOUNT)) + draft.body)


_MISCOUNT = 10
_GARBAGE = b"\x00\xff\xfe\x80 this is no JSON \x9f\x92"
_NOT_HTTP = b"\x15\x03\x01\x00\x02\x02\x16 this is no HTTP\r\n\r\n"
_PAGE = b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_FAULTS: dict[Fault, Callable[[Draft], Delivery]] = {
    Fault.RESET: lambda _: _ended(Ending.RESET),
    Fault.CLOSE: lambda _: _ended(Ending.CLOSE),
    Fault.HANG: lambda _: Delivery(ending=Ending.STALL, counted_as=None),
    Fault.CUT_HEAD: lambda draft: _ended(Ending.CLOSE, _half_head(draft)),
    Fault.CUT_BODY: lambda draft: _ended(Ending.CLOSE, _half(draft)),
    Fault.CUT_CHUNKED: lambda draft: _ended(
        Ending.CLOSE, draft.head(CHUNKED), _chunks(draft)[0]
    ),
    Fault.RESET_BODY: lambda draft: _ended(Ending.RESET, _half(draft)),
    Fault.STALL_BODY: lambda draft: _ended(Ending.STALL, _half(draft)),
    Fault.LENGTH_TOO_LONG: _length_too_long,
    Fault.LENGTH_TOO_SHORT: _length_too_short,
    Fault.LENGTH_TWICE: _length_twice,
    Fault.NOT_HTTP: lambda _: _ended(Ending.CLOSE, _NOT_HTTP),
    Fault.GARBAGE: lambda draft: _with(draft, _GARBAGE),
    Fault.HTML: lambda draft: _with(draft, _PAGE, HTML),
    Fault.EMPTY: lambda draft: _with(draft, b""),
    Fault.ERROR_OBJECT: lambda draft: _with(
        draft, draft.format.error(draft.scripted_failure(500)), JSON
    ),
    Fault.CHUNKED: lambda draft: _sound(
        ending_of(draft), draft.head(CHUNKED), *_chunks(draft), LAST_CHUNK
    ),
    Fault.UNTIL_CLOSE: _until_close,
    Fault.CONTINUE_FIRST: lambda draft: _sound(
        ending_of(draft), _CONTINUE + draft.whole()
    ),
    Fault.CONNECTION_CLOSE: _connection_close,
    Fault.CLOSE_AFTER: lambda draft: _sound(Ending.CLOSE, draft.whole()),
}
