"""Owns OpenAI's embeddings: pure encode and decode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.messages import EmbedRequest, Outcome
from holybalance.wire.formats import Manner, Written
from holybalance.wire.openai.whole import read_whole
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
    return read_whole(response, _flaw, now)


def _flaw(document: Mapping[str, Any]) -> str | None:
    """Say what keeps a document from being embeddings; `None` when nothing does."""
    entries = document.get("data")
    if not isinstance(entries, list) or not entries:
        return "status 200 without embeddings"
    if not all(isinstance(e, dict) and e.get("embedding") for e in entries):
        return "status 200 with an entry that has no embedding"
    return None
