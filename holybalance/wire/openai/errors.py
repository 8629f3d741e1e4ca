"""Owns what OpenAI's errors say, and those of servers that follow it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from holybalance.messages import Outcome, Problem
from holybalance.wire import signals
from holybalance.wire.failures import (
    FORBIDDEN,
    failure,
    problem_by_words,
)
from holybalance.wire.transport import Response

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
# A code for malformed prompts as well; the words tell those that were flagged.
_INVALID_PROMPT = "invalid_prompt"
_FLAGGED = ("usage policy", "safety reasons")
# What an error within a stream would have been, had it come as an answer's status.
_STATUSES = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "tokens": 429,
    "requests": 429,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "server_error": 500,
    "internal_server_error": 500,
    "api_error": 500,
    "overloaded_error": 529,
    "overloaded": 529,
    "service_unavailable_error": 503,
    "server_is_overloaded": 503,
    "slow_down": 429,
    "timeout": 504,
}


def read_error(
    response: Response, document: Any, flaw: str | None, now: float | None
) -> Outcome:
    """Read an error in whatever shape it came; `flaw` says what is wrong with a 200."""
    error = error_object(document)
    head = response.headers
    return failure(
        response,
        error,
        problem=_problem(response.status, document, error),
        retry_after_s=signals.retry_after_s(head, time.time() if now is None else now),
        rate_limits=signals.rate_limits(head),
        flaw=flaw,
        is_openais=True,
    )


def read_in_band(error: Any, body: bytes) -> Outcome:
    """Read an error that a stream tells of."""
    told = error_object({"error": error})
    status = _status(told)
    response = Response(status or 500, {}, body)
    return failure(
        response,
        told,
        problem=_problem(response.status, {}, told),
        retry_after_s=None,
        rate_limits=None,
        flaw=None if status else "an error in the stream",
        is_openais=True,
    )


def error_object(document: Any) -> Mapping[str, Any]:
    """Find what an error says: most nest it, some give a text, some are it."""
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def _status(error: Mapping[str, Any]) -> int | None:
    for name in (error.get("code"), error.get("type")):
        # vLLM and OpenRouter give the status itself as the code.
        if isinstance(name, int) and 400 <= name < 600:
            return name
        if isinstance(name, str) and name in _STATUSES:
            return _STATUSES[name]
    return None


def _problem(status: int, document: Any, error: Mapping[str, Any]) -> Problem | None:
    message = str(error.get("message") or "")
    for name in (error.get("code"), error.get("type")):
        if isinstance(name, str) and name in _PROBLEMS:
            return _PROBLEMS[name]
        if name == _INVALID_PROMPT and any(each in message for each in _FLAGGED):
            return Problem.CONTENT_POLICY
    if status == FORBIDDEN and not isinstance(document, dict):
        # An API says in JSON that it refuses a key. This is somebody before it, a
        # firewall that dislikes the prompt, say, and the key is as good as before.
        return Problem.CONTENT_POLICY
    return problem_by_words(status, message)
