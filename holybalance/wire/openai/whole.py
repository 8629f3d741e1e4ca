"""Owns how a whole answer of OpenAI's is read, whatever was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holybalance.messages import Outcome
from holybalance.wire import signals
from holybalance.wire.failures import OK, parse, request_id
from holybalance.wire.openai.errors import error_in, read_error, read_told
from holybalance.wire.shape import usage_of
from holybalance.wire.transport import Response


def read_whole(
    response: Response, flaw_of: Callable[[Any], str | None], now: float | None
) -> Outcome:
    """
    Read an answer, good or bad; whatever is not well-formed has no body.

    Args:
        flaw_of: says what keeps a document from being what was asked for.
        now: the wall clock, for a `Retry-After` that is a date.
    """
    document = parse(response.body)
    if response.status != OK:
        return read_error(response, document, None, now)
    if not isinstance(document, dict):
        return read_error(response, document, "status 200 without a JSON object", now)
    error = error_in(document)
    if error:
        return read_told(response, error, now)
    flaw = flaw_of(document)
    if flaw is not None:
        return read_error(response, document, flaw, now)
    head = response.headers
    return Outcome(
        status=OK,
        body=document,
        usage=usage_of(document),
        rate_limits=signals.rate_limits(head),
        request_id=request_id(head),
        headers=head,
    )
