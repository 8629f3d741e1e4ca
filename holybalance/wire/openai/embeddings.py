"""Owns OpenAI's embeddings: pure encode and decode."""

from __future__ import annotations

from typing import Any

from holybalance.messages import EmbedRequest, Outcome
from holybalance.wire import signals
from holybalance.wire.failures import OK, parse, request_id
from holybalance.wire.formats import Manner, Written
from holybalance.wire.openai.errors import read_error
from holybalance.wire.shape import usage_of
from holybalance.wire.transport import Response
from holybalance.wire.writing import written

PATH = "/embeddings"


def encode(request: EmbedRequest, manner: Manner) -> Written:
    """
    Write a request for embeddings.

    Raises:
        RequestError: something in it is not JSON.
    """
    body = {**request.options, "model": manner.model, "input": request.inputs}
    return Written(PATH, written(body))


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed one has no body.

    Args:
        now: the wall clock, for a `Retry-After` that is a date.
    """
    document = parse(response.body)
    flaw = _flaw(document) if response.status == OK else ""
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


def _flaw(document: Any) -> str | None:
    """Say what keeps a document from being embeddings; `None` when nothing does."""
    if not isinstance(document, dict):
        return "status 200 without a JSON object"
    if document.get("error"):
        return "status 200 with an error in it"
    entries = document.get("data")
    if not isinstance(entries, list) or not entries:
        return "status 200 without embeddings"
    if not all(isinstance(e, dict) and e.get("embedding") for e in entries):
        return "status 200 with an entry that has no embedding"
    return None
