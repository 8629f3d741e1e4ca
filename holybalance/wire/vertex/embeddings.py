"""
Owns embeddings of Vertex AI: pure encode and decode.

Models of the Gemini family are asked in one way, older ones (`text-embedding-005`) by
`predict`, as Google's own client does (google-genai, `Models.embed_content`).
"""

from __future__ import annotations

from typing import Any

from holybalance.messages import EmbedRequest, Outcome, Usage
from holybalance.wire.formats import Gaps, Manner, Written
from holybalance.wire.gemini.embeddings import options_of, read, texts_of
from holybalance.wire.gemini.naming import Json, path
from holybalance.wire.gemini.reply import usage_in
from holybalance.wire.transport import Response
from holybalance.wire.writing import written

PROVIDER = "Vertex AI"

# What `predict` takes for all texts together; the rest is said of each.
_PARAMETERS = frozenset({"outputDimensionality", "autoTruncate"})


def encode(request: EmbedRequest, manner: Manner) -> Written:
    """
    Write a request for embeddings.

    Raises:
        UnsupportedError: it asks for what Vertex AI cannot do.
        RequestError: something in it is not as it must be.
    """
    gaps = Gaps(PROVIDER)
    texts = texts_of(request.inputs, gaps)
    options = options_of(request.options, gaps)
    dropped = gaps.settle(drops=manner.drops)
    write = _contents if _embeds_contents(manner.model) else _instances
    action, body = write(texts, options)
    return Written(path(manner.model, action), written(body), dropped)


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed one has no body.

    Args:
        now: the wall clock, for a `Retry-After` that is a date.
    """
    return read(response, now, _vectors, _usage)


def _embeds_contents(model: str) -> bool:
    name = model.rpartition("/")[2]
    return "gemini" in name or "maas" in name


def _contents(texts: list[str], options: Json) -> tuple[str, Json]:
    requests: list[Json] = [
        {"content": {"parts": [{"text": text}]}}
        | ({"embedContentConfig": options} if options else {})
        for text in texts
    ]
    if len(requests) == 1:
        return "embedContent", requests[0]
    return "batchEmbedContents", {"requests": requests}


def _instances(texts: list[str], options: Json) -> tuple[str, Json]:
    parameters = {name: told for name, told in options.items() if name in _PARAMETERS}
    each = {name: told for name, told in options.items() if name not in _PARAMETERS}
    if "taskType" in each:
        # The one field here that Vertex AI has in snake case.
        each["task_type"] = each.pop("taskType")
    body: Json = {"instances": [{"content": text, **each} for text in texts]}
    if parameters:
        body["parameters"] = parameters
    return "predict", body


def _vectors(document: Json) -> list[Any]:
    predictions = document.get("predictions")
    if isinstance(predictions, list):
        return [
            one.get("embeddings") if isinstance(one, dict) else None
            for one in predictions
        ]
    if "embedding" in document:
        return [document["embedding"]]
    embeddings = document.get("embeddings")
    return embeddings if isinstance(embeddings, list) else []


def _usage(document: Json) -> Usage | None:
    """Read the usage: of all texts together, or each text's own."""
    told = usage_in(document)
    if told is not None:
        return told
    counts = [_tokens(one) for one in _vectors(document)]
    known = [count for count in counts if count is not None]
    return Usage(input_tokens=sum(known)) if known else None


def _tokens(embedding: Any) -> int | None:
    told = embedding.get("statistics") if isinstance(embedding, dict) else None
    if not isinstance(told, dict):
        return None
    count = told.get("token_count", told.get("tokenCount"))
    # A float in Google's JSON, though always a whole number.
    if not isinstance(count, int | float) or not 0 <= count < 2**53:
        return None
    return int(count)
