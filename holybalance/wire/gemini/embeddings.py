"""Owns embeddings of the Gemini API: pure encode and decode, always of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holybalance.messages import EmbedRequest, Outcome, Usage
from holybalance.wire import signals
from holybalance.wire.failures import OK, parse, request_id
from holybalance.wire.formats import Gaps, Manner, Written
from holybalance.wire.gemini.candidates import MisshapenError
from holybalance.wire.gemini.errors import read_error
from holybalance.wire.gemini.naming import (
    PROVIDER,
    Json,
    camel,
    invalid,
    path,
    resource,
)
from holybalance.wire.gemini.reply import usage_in
from holybalance.wire.shape import shaped_usage
from holybalance.wire.transport import Response
from holybalance.wire.writing import written

Vectors = Callable[[Json], list[Any]]
"""Finds the embeddings in an answer; each is to be an object with `values`."""


def encode(request: EmbedRequest, manner: Manner) -> Written:
    """
    Write a request for embeddings.

    What is no parameter of OpenAI's, `taskType` for one, goes along with each text.

    Raises:
        UnsupportedError: it asks for what Gemini cannot do.
        RequestError: something in it is not as it must be.
    """
    gaps = Gaps(PROVIDER)
    texts = texts_of(request.inputs, gaps)
    options = options_of(request.options, gaps)
    dropped = gaps.settle(drops=manner.drops)
    name = resource(manner.model)
    body = {
        "requests": [
            {"model": name, "content": {"parts": [{"text": text}]}, **options}
            for text in texts
        ]
    }
    return Written(path(manner.model, "batchEmbedContents"), written(body), dropped)


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed one has no body.

    Args:
        now: the wall clock, for a `Retry-After` that is a date.
    """
    return read(response, now, _vectors, usage_in)


def texts_of(inputs: Any, gaps: Gaps) -> list[str]:
    """
    Give the texts to embed.

    Raises:
        RequestError: they are neither texts nor, what Gemini has not, tokens.
    """
    items = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(items, list | tuple):
        raise invalid("input must be a text or a list of texts")
    if any(isinstance(item, int | list | tuple) for item in items):
        gaps.note_content("token ids as input")
        return []
    if not all(isinstance(item, str) for item in items):
        raise invalid("input must be a text or a list of texts")
    return list(items)


def options_of(options: Mapping[str, Any], gaps: Gaps) -> Json:
    """
    Give the options in Google's words.

    The answer has numbers as they are, whatever `encoding_format` says: how they are
    handed on is not for the wire to say.
    """
    told: Json = {}
    for name, value in options.items():
        if value is None or name in ("encoding_format", "model", "input"):
            continue
        if name == "user":
            gaps.note_option(name)
        elif name == "dimensions":
            told["outputDimensionality"] = value
        else:
            told[camel(name)] = value
    return told


def read(
    response: Response,
    now: float | None,
    vectors: Vectors,
    usage_of: Callable[[Json], Usage | None],
) -> Outcome:
    """Read an answer, with what knows where it has its embeddings and its usage."""
    document = parse(response.body)
    if response.status != OK:
        return read_error(response, document, "", now)
    try:
        if not isinstance(document, dict):
            raise MisshapenError("no JSON object")
        entries = [_entry(n, one) for n, one in enumerate(vectors(document))]
        if not entries:
            raise MisshapenError("no embeddings")
    except MisshapenError as flaw:
        return read_error(response, document, f"status 200 with {flaw}", now)
    return _outcome(response, entries, usage_of(document))


def _outcome(response: Response, entries: list[Json], usage: Usage | None) -> Outcome:
    head = response.headers
    body: Json = {"object": "list", "data": entries, "model": ""}
    if usage is not None:
        body["usage"] = shaped_usage(usage)
    return Outcome(
        status=OK,
        body=body,
        usage=usage,
        rate_limits=signals.rate_limits(head),
        request_id=request_id(head),
        headers=head,
    )


def _vectors(document: Json) -> list[Any]:
    embeddings = document.get("embeddings")
    return embeddings if isinstance(embeddings, list) else []


def _entry(index: int, embedding: Any) -> Json:
    values = embedding.get("values") if isinstance(embedding, dict) else None
    if not isinstance(values, list) or not values:
        raise MisshapenError("an embedding without values")
    return {"object": "embedding", "index": index, "embedding": values}
