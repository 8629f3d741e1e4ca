"""Owns how an answer goes out, as a value: which bytes, how slowly, what then."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from holybalance.testing import replies
from holybalance.testing.counts import Cell
from holybalance.testing.faults import (
    Answer,
    Fault,
    Gigantic,
    SlowBody,
    SlowHead,
    Step,
)
from holybalance.testing.replies import Draft


class Ending(enum.Enum):
    """What becomes of the connection once the last piece is written."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    What a connection is to do for one request.

    Args:
        pieces: what to write, in order; may be made while it is written.
        ending: what to do then.
        counted_as: the count to add to as the first piece goes out, if any.
        delay_s: seconds before the first piece.
        interval_s: seconds after each piece; 0: as fast as the client reads.
    """

    pieces: Iterable[bytes] = ()
    ending: Ending = Ending.KEEP
    counted_as: Cell | None = Cell.ERRORS
    delay_s: float = 0.0
    interval_s: float = 0.0


def plain(draft: Draft, *, delay_s: float = 0.0) -> Delivery:
    """The ordinary way: head and body in one piece."""
    return Delivery(
        pieces=(draft.whole(),),
        ending=_ending(draft),
        counted_as=_count_of(draft.status),
        delay_s=delay_s,
    )


def _ending(draft: Draft) -> Ending:
    return Ending.KEEP if draft.keep_alive else Ending.CLOSE


_OK = range(200, 300)
_THROTTLED = 429
_BODILESS = (204, *range(300, 400))


def _count_of(status: int) -> Cell:
    if status in _OK:
        return Cell.ANSWERED
    return Cell.THROTTLED if status == _THROTTLED else Cell.ERRORS


def scripted(step: Step, draft: Draft) -> Delivery:
    """What `step` makes of an ordinary reply."""
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
    drafted = replace(
        draft,
        status=answer.status,
        request_id=fields.pop("x-request-id", draft.request_id),
        content_type=fields.pop("content-type", replies.JSON),
        headers=tuple(f"{name}: {value}" for name, value in fields.items()),
        keep_alive=draft.keep_alive and not closes,
    )
    return Delivery(
        pieces=(drafted.head(f"content-length: {length}") + body,),
        ending=_ending(drafted),
        counted_as=_count_of(answer.status),
    )


def _given_body(answer: Answer, draft: Draft) -> bytes:
    if isinstance(answer.body, str):
        return answer.body.encode()
    if answer.body is not None:
        return answer.body
    if answer.status in _BODILESS:
        return b""
    if answer.status in _OK:
        return draft.body
    return replies.error(answer.status, "This error was scripted.", "scripted")


def _slow_head(step: SlowHead, draft: Draft) -> Delivery:
    head = draft.head(_length(draft))
    return Delivery(
        pieces=(*_single_bytes(head), draft.body),
        ending=_ending(draft),
        counted_as=Cell.ANSWERED,
        interval_s=step.interval_s,
    )


def _slow_body(step: SlowBody, draft: Draft) -> Delivery:
    return Delivery(
        pieces=(draft.head(_length(draft)), *_single_bytes(draft.body)),
        ending=_ending(draft),
        counted_as=Cell.ANSWERED,
        interval_s=step.interval_s,
    )


def _single_bytes(data: bytes) -> Iterator[bytes]:
    return (data[place : place + 1] for place in range(len(data)))


def _gigantic(step: Gigantic, draft: Draft) -> Delivery:
    filling = max(0, step.size - len(draft.body))
    head = draft.head(_length(draft, filling))
    return Delivery(
        pieces=_filled(head + draft.body, filling),
        ending=_ending(draft),
        counted_as=Cell.ANSWERED,
    )


_FILLING = b" " * 65536


def _filled(start: bytes, filling: int) -> Iterator[bytes]:
    yield start
    for _ in range(filling // len(_FILLING)):
        yield _FILLING
    yield _FILLING[: filling % len(_FILLING)]


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


_CHUNKED = "transfer-encoding: chunked"
_LAST_CHUNK = b"0\r\n\r\n"


def _chunks(draft: Draft) -> tuple[bytes, bytes]:
    middle = len(draft.body) // 2
    return _chunk(draft.body[:middle]), _chunk(draft.body[middle:])


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _with(draft: Draft, body: bytes, content_type: str = replies.JSON) -> Delivery:
    drafted = replace(draft, body=body, content_type=content_type)
    return Delivery(pieces=(drafted.whole(),), ending=_ending(draft))


def _sound(ending: Ending, *pieces: bytes) -> Delivery:
    return Delivery(pieces=pieces, ending=ending, counted_as=Cell.ANSWERED)


def _until_close(draft: Draft) -> Delivery:
    closing = replace(draft, keep_alive=False)
    return _sound(Ending.CLOSE, closing.head() + draft.body)


def _connection_close(draft: Draft) -> Delivery:
    closing = replace(draft, keep_alive=False)
    return _sound(Ending.CLOSE, closing.whole())


def _length_twice(draft: Draft) -> Delivery:
    head = draft.head(_length(draft), _length(draft, -_MISCOUNT))
    return _ended(_ending(draft), head + draft.body)


def _length_too_short(draft: Draft) -> Delivery:
    return _ended(_ending(draft), draft.head(_length(draft, -_MISCOUNT)) + draft.body)


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
        Ending.CLOSE, draft.head(_CHUNKED), _chunks(draft)[0]
    ),
    Fault.RESET_BODY: lambda draft: _ended(Ending.RESET, _half(draft)),
    Fault.STALL_BODY: lambda draft: _ended(Ending.STALL, _half(draft)),
    Fault.LENGTH_TOO_LONG: _length_too_long,
    Fault.LENGTH_TOO_SHORT: _length_too_short,
    Fault.LENGTH_TWICE: _length_twice,
    Fault.NOT_HTTP: lambda _: _ended(Ending.CLOSE, _NOT_HTTP),
    Fault.GARBAGE: lambda draft: _with(draft, _GARBAGE),
    Fault.HTML: lambda draft: _with(draft, _PAGE, replies.HTML),
    Fault.EMPTY: lambda draft: _with(draft, b""),
    Fault.ERROR_OBJECT: lambda draft: _with(
        draft, replies.error(500, "This error was scripted.", "scripted")
    ),
    Fault.CHUNKED: lambda draft: _sound(
        _ending(draft), draft.head(_CHUNKED), *_chunks(draft), _LAST_CHUNK
    ),
    Fault.UNTIL_CLOSE: _until_close,
    Fault.CONTINUE_FIRST: lambda draft: _sound(
        _ending(draft), _CONTINUE + draft.whole()
    ),
    Fault.CONNECTION_CLOSE: _connection_close,
    Fault.CLOSE_AFTER: lambda draft: _sound(Ending.CLOSE, draft.whole()),
}
