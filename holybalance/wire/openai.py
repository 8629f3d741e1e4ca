"""Owns OpenAI's chat-completions format: pure encode and decode, no I/O."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from holybalance.errors import RequestError
from holybalance.messages import ChatRequest, Fault, Outcome, Problem, Usage
from holybalance.wire import signals
from holybalance.wire.framing import Headers
from holybalance.wire.transport import Response

CHAT_PATH = "/chat/completions"
MODELS_PATH = "/models"

OK = 200
FORBIDDEN = 403

_PROBLEMS = {
    "context_length_exceeded": Problem.CONTEXT_LENGTH,
    "content_policy_violation": Problem.CONTENT_POLICY,
    "content_filter": Problem.CONTENT_POLICY,
    "insufficient_quota": Problem.QUOTA,
    "billing_hard_limit_reached": Problem.QUOTA,
    "insufficient_balance": Problem.QUOTA,
    "model_not_found": Problem.NO_MODEL,
    "model_not_exist": Problem.NO_MODEL,
}
# Servers that follow OpenAI (vLLM, llama.cpp, DeepSeek) tell this by words alone.
_CONTEXT_WORDS = ("maximum context length", "context window", "context size")
_CONTEXT_STATUSES = (400, 413, 422)
# So do vLLM, Ollama and DeepSeek ("Model Not Exist") with this.
_MISSING_WORDS = ("does not exist", "not found", "not exist")
_MISSING_STATUSES = (400, 404)
_REDIRECTS = (301, 302, 303, 307, 308)
_EXCERPT_CHARACTERS = 200
# An upstream must not fill its callers' errors and logs.
_MESSAGE_CHARACTERS = 1000
_NAME_CHARACTERS = 200


def headers(api_key: str | None) -> dict[str, str]:
    """Give the headers that log in and say what we speak."""
    common = {
        "Accept": "application/json",
        # A compressed reply could unpack to far more than any cap on the wire.
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }
    return (
        common if api_key is None else common | {"Authorization": f"Bearer {api_key}"}
    )


def encode(request: ChatRequest, upstream_model: str) -> bytes:
    """
    Write a chat request's body.

    Raises:
        RequestError: something in it is not JSON.
    """
    body = {
        **request.options,
        "model": upstream_model,
        "messages": request.messages,
    }
    try:
        return orjson.dumps(body, default=_as_dict)
    except TypeError as error:
        raise RequestError(
            f"the request cannot be written as JSON: {error}", code="not_json"
        ) from error


def _as_dict(value: Any) -> dict[Any, Any]:
    """Write as an object what is one to Python but not to orjson."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed reply has no body.

    Args:
        now: the wall clock, for a `Retry-After` that is a date.
    """
    document = _parse(response.body)
    flaw = _flaw(document) if response.status == OK else ""
    if flaw is not None:
        return _failure(response, document, flaw, time.time() if now is None else now)
    head = response.headers
    return Outcome(
        status=OK,
        body=document,
        usage=_usage(document),
        rate_limits=signals.rate_limits(head),
        request_id=_request_id(head),
    )


def _failure(response: Response, document: Any, flaw: str, now: float) -> Outcome:
    """Read an error; `flaw` is what is wrong with a 200, else empty."""
    head = response.headers
    outcome = Outcome(
        status=response.status,
        rate_limits=signals.rate_limits(head),
        request_id=_request_id(head),
        **_error(response, document),
    )
    if flaw:
        message = f"{flaw}: {outcome.message}"
        return outcome._replace(fault=Fault.GARBLED, message=message)
    return outcome._replace(retry_after_s=signals.retry_after_s(head, now))


def _request_id(head: Headers) -> str | None:
    value = head.get(b"x-request-id")
    # Longer ones are no ids; cut, one might show a part of a key that it repeats.
    if not value or len(value) > _NAME_CHARACTERS:
        return None
    return _one_line(value.decode("latin-1"), _NAME_CHARACTERS)


def decode_models(response: Response) -> frozenset[str] | None:
    """Read the names in a list of models; `None` where there is no such list."""
    document = _parse(response.body)
    if response.status != OK or not isinstance(document, dict):
        return None
    entries = document.get("data")
    if not isinstance(entries, list):
        return None
    return frozenset(
        str(entry["id"])
        for entry in entries
        if isinstance(entry, dict) and "id" in entry
    )


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def _flaw(document: Any) -> str | None:
    """Say what keeps a document from being a reply; `None` when nothing does."""
    if not isinstance(document, dict):
        return "status 200 without a JSON object"
    if document.get("error"):
        return "status 200 with an error in it"
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        return "status 200 without choices"
    first = choices[0]
    if not isinstance(first, dict) or not isinstance(first.get("message"), dict):
        return "status 200 with a choice that has no message"
    return None


def _usage(document: Mapping[str, Any]) -> Usage | None:
    usage = document.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, answer = "prompt_tokens_details", "completion_tokens_details"
    cached = _count(usage[prompt], "cached_tokens") if prompt in usage else 0
    return Usage(
        input_tokens=_count(usage, "prompt_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
        # DeepSeek's own name for it.
        cached_tokens=cached or _count(usage, "prompt_cache_hit_tokens"),
        reasoning_tokens=(
            _count(usage[answer], "reasoning_tokens") if answer in usage else 0
        ),
    )


def _count(counts: Any, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value > 0 else 0


def _error(response: Response, document: Any) -> dict[str, Any]:
    """Find an error's code, message and problem in whatever shape it came."""
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, dict):
        code = error.get("code") or error.get("type")
        message = str(error.get("message") or "")
    else:
        code, message = None, error if isinstance(error, str) else ""
    return {
        "code": None if code is None else _one_line(str(code), _NAME_CHARACTERS),
        "message": _told(response, message),
        "problem": _problem(response.status, document, error, message.lower()),
    }


def _told(response: Response, message: str) -> str:
    if response.status in _REDIRECTS:
        return (
            f"a redirect to another address ({response.status}), which is not followed"
        )
    return _one_line(message, _MESSAGE_CHARACTERS) or _excerpt(response.body)


def _problem(status: int, document: Any, error: Any, words: str) -> Problem | None:
    if isinstance(error, dict):
        for name in (error.get("code"), error.get("type")):
            if isinstance(name, str) and name in _PROBLEMS:
                return _PROBLEMS[name]
    if status == FORBIDDEN and not isinstance(document, dict):
        # An API says in JSON that it refuses a key. This is somebody before it, a
        # firewall that dislikes the prompt, say, and the key is as good as before.
        return Problem.CONTENT_POLICY
    return _problem_by_words(status, words)


def _problem_by_words(status: int, words: str) -> Problem | None:
    if status in _CONTEXT_STATUSES and any(
        phrase in words for phrase in _CONTEXT_WORDS
    ):
        return Problem.CONTEXT_LENGTH
    is_missing = "model" in words and any(phrase in words for phrase in _MISSING_WORDS)
    if status in _MISSING_STATUSES and is_missing:
        return Problem.NO_MODEL
    return None


def _one_line(text: str, most: int) -> str:
    """Cut an upstream's text to size, and take out what could forge lines of a log."""
    text = text[:most]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text.strip()


def _excerpt(body: bytes) -> str:
    text = " ".join(body[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "replace").split())
    if not text:
        return "an empty body"
    shown = text[:_EXCERPT_CHARACTERS]
    return repr(shown + "…" if len(text) > len(shown) else shown)
