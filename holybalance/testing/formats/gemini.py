"""Owns Gemini's content and embeddings, as Google's reference and package have them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.formats.values import (
    Asked,
    Failure,
    Said,
    Telling,
    Wanted,
)
from holybalance.testing.reading import (
    RefusalError,
    Request,
    list_of_objects,
    load,
    whole_number,
)
from holybalance.testing.throttle import Level
from holybalance.testing.vectors import MOST_DIMENSIONS, tokens_in, unpacked

REQUEST_ID = "x-request-id"
_KEY_INVALID = "API_KEY_INVALID"
WRONG_KEY = (400, "API key not valid. Please pass a valid API key.", _KEY_INVALID)

_MOST_CHOICES = 8
_MOST_INPUTS = 100
"""What the API says of more: "at most 100 requests can be in one batch"."""
_BAD_REQUEST = 400
_FIRST_SERVER_ERROR = 500
# google.rpc.Code, and the HTTP statuses that it names.
_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_DETAIL = "type.googleapis.com/google.rpc."
_SECONDS = re.compile(r"\d+(\.\d+)?")
_MODEL = re.compile(rb"/models/(.+):\w+$")
_CHATTER = b": keep-alive\r\n\r\n"
_GARBAGE = b'data: {"candidates": [{"content": {"parts": [{"te\r\n\r\n'


def model_in(path: bytes) -> str:
    """Read the model in `…/models/MODEL:METHOD`."""
    found = _MODEL.search(path)
    return unquote(found[1].decode("latin-1")) if found else "unknown"


def read_chat(request: Request) -> Asked:
    """
    Read a request for content.

    Raises:
        RefusalError: it is no JSON object, or has no contents.
    """
    content = load(request.body)
    turns = list_of_objects(content, "contents")
    settings = content.get("generationConfig")
    settings = settings if isinstance(settings, dict) else {}
    return Asked(
        model_in(request.path),
        [_text_of(turn) for turn in (content.get("systemInstruction"), *turns)],
        choices=whole_number(settings, "candidateCount", 1, _MOST_CHOICES) or 1,
        is_result=any("functionResponse" in part for part in _parts(turns[-1])),
    )


def read_stream(request: Request) -> Asked:
    """
    Read a request for content in pieces.

    Raises:
        RefusalError: as in `read_chat`, or it does not ask for events; without
            `alt=sse` the pieces of a JSON array would come.
    """
    if parse_qs(request.query).get(b"alt") != [b"sse"]:
        raise _refusal("This mock upstream streams with ?alt=sse only.")
    return read_chat(request)._replace(is_stream=True)


def _refusal(message: str) -> RefusalError:
    return RefusalError(_BAD_REQUEST, message, "invalid_request")


def _text_of(turn: object) -> str:
    texts = [part.get("text") for part in _parts(turn)]
    return "".join(text for text in texts if isinstance(text, str))


def _parts(turn: object) -> list[Mapping[str, Any]]:
    parts = turn.get("parts") if isinstance(turn, dict) else None
    # A single part is let through where a list is expected, as the real one does.
    parts = parts if isinstance(parts, list) else [parts]
    return [part for part in parts if isinstance(part, dict)]


def reply(said: Said) -> bytes:
    """Write a whole response."""
    part = {"text": said.text} if said.tool_call is None else _function_call(said)
    choices = range(said.choices)
    candidates = [_candidate(index, part, "STOP") for index in choices]
    return orjson.dumps(_response(said, candidates, _usage(said)))


def _function_call(said: Said) -> dict[str, Any]:
    assert said.tool_call is not None
    call = {"name": said.tool_call["name"], "args": said.tool_call["arguments"]}
    return {"functionCall": call}


def _candidate(
    index: int, part: dict[str, Any], reason: str | None = None
) -> dict[str, Any]:
    content = {"parts": [part], "role": "model"}
    if reason is None:
        return {"content": content, "index": index}
    return {"content": content, "finishReason": reason, "index": index}


def _response(
    said: Said, candidates: list[dict[str, Any]], usage: dict[str, int]
) -> dict[str, Any]:
    return {
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": said.model,
        "responseId": said.request_id,
    }


def _usage(said: Said) -> dict[str, int]:
    return {
        "promptTokenCount": said.prompt_tokens,
        "candidatesTokenCount": said.completion_tokens,
        "totalTokenCount": said.prompt_tokens + said.completion_tokens,
    }


def stream(said: Said, texts: Sequence[str]) -> Telling:
    """
    Tell a response as events, each of which is a response.

    The last one has the reasons to end and all of the usage. A function call comes in
    one piece.
    """
    tokens = said.prompt_tokens
    so_far = {"promptTokenCount": tokens, "totalTokenCount": tokens}

    def tell(choice: int, text: str) -> bytes:
        part = {"text": text} if said.tool_call is None else _function_call(said)
        return _event(_response(said, [_candidate(choice, part)], so_far))

    choices = range(said.choices)
    ends = [_candidate(index, {"text": ""}, "STOP") for index in choices]
    return Telling(
        opening=(),
        texts=texts if said.tool_call is None else [""],
        tell=tell,
        closing=[_event(_response(said, ends, _usage(said)))],
        chatter=_CHATTER,
        garbage=_GARBAGE,
        choices=said.choices,
    )


def _event(content: dict[str, Any]) -> bytes:
    return b"data: %b\r\n\r\n" % orjson.dumps(content)


def read_embeddings(request: Request) -> Wanted:
    """
    Read a batch of requests for embeddings.

    Raises:
        RefusalError: it is no JSON object, or not 1 to 100 requests with a text.
    """
    requests = list_of_objects(load(request.body), "requests")
    if len(requests) > _MOST_INPUTS:
        what = "at most 100 requests can be in one batch"
        raise _refusal(f"* BatchEmbedContentsRequest.requests: {what}")
    return _wanted(request, requests)


def read_embedding(request: Request) -> Wanted:
    """
    Read a request for one embedding.

    Raises:
        RefusalError: it is no JSON object, or has no text.
    """
    return _wanted(request, [load(request.body)])


def _wanted(request: Request, contents: Sequence[Mapping[str, Any]]) -> Wanted:
    texts = [_text_of(content.get("content")) for content in contents]
    if not all(texts):
        raise _refusal("* content: there is no text in it")
    # The real one lets each have its own; a mock need not.
    dimensions = whole_number(contents[0], "outputDimensionality", 1, MOST_DIMENSIONS)
    sources = [text.encode("utf-8", "surrogatepass") for text in texts]
    tokens = sum(map(tokens_in, texts))
    return Wanted(model_in(request.path), sources, tokens, dimensions)


def embeddings(wanted: Wanted, vectors: Sequence[bytes], behaviour: Behaviour) -> bytes:
    """Write a batch of vectors."""
    values = [{"values": unpacked(vector)} for vector in vectors]
    usage = _tokens(wanted, behaviour)
    return orjson.dumps({"embeddings": values, "usageMetadata": usage})


def embedding(wanted: Wanted, vectors: Sequence[bytes], behaviour: Behaviour) -> bytes:
    """Write one vector."""
    values = {"values": unpacked(vectors[0])}
    usage = _tokens(wanted, behaviour)
    return orjson.dumps({"embedding": values, "usageMetadata": usage})


def _tokens(wanted: Wanted, behaviour: Behaviour) -> dict[str, int]:
    tokens = behaviour.prompt_tokens
    tokens = wanted.tokens if tokens is None else tokens
    return {"promptTokenCount": tokens, "totalTokenCount": tokens}


def error(failure: Failure) -> bytes:
    """Write an error object with its details."""
    status = _STATUSES.get(failure.status)
    if status is None:
        server = failure.status >= _FIRST_SERVER_ERROR
        status = "INTERNAL" if server else "INVALID_ARGUMENT"
    told = {"code": failure.status, "message": failure.message, "status": status}
    details = _details(failure)
    return orjson.dumps({"error": told | {"details": details} if details else told})


def _details(failure: Failure) -> list[dict[str, Any]]:
    if failure.code == _KEY_INVALID:
        told = {"reason": _KEY_INVALID, "domain": "googleapis.com"}
        return [{"@type": f"{_DETAIL}ErrorInfo", **told}]
    if failure.retry_after is None:
        return []
    # A duration in JSON is seconds with an "s" (google.protobuf.Duration).
    wait = failure.retry_after
    delay = f"{wait}s" if _SECONDS.fullmatch(wait) else wait
    return [{"@type": f"{_DETAIL}RetryInfo", "retryDelay": delay}]


def error_event(failure: Failure) -> bytes:
    """Write an error object as an event."""
    return b"data: %b\r\n\r\n" % error(failure)


def limit_headers(_: Level) -> tuple[str, ...]:
    """Write nothing: Gemini has no such headers."""
    return ()


def wait_headers(_: str) -> tuple[str, ...]:
    """Write nothing: Gemini says it in the error object."""
    return ()
