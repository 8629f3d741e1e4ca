"""Owns what OpenAI's errors say, and those of servers that follow it."""

from __future__ import annotations

import re
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
    "billing_not_active": Problem.QUOTA,
    "insufficient_balance": Problem.QUOTA,
    "model_not_found": Problem.NO_MODEL,
    "model_not_exist": Problem.NO_MODEL,
    # Azure, Groq, Together.
    "DeploymentNotFound": Problem.NO_MODEL,
    "unknown_model": Problem.NO_MODEL,
    "model_decommissioned": Problem.NO_MODEL,
    "model_not_available": Problem.NO_MODEL,
}
# A code for malformed prompts as well; the words tell those that were flagged.
_INVALID_PROMPT = "invalid_prompt"
_FLAGGED = ("usage policy", "safety reasons")
# What OpenRouter's moderation tells beside a 403 that is not about the key:
# https://openrouter.ai/docs/api/reference/errors-and-debugging#moderation-errors
_MODERATION = ("flagged_input", "reasons")
# What an error within a 200 would have been, had it come as an answer's status.
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
    # OpenRouter's.
    "provider_overloaded": 529,
    "provider_unavailable": 503,
}
_STATUS = re.compile("[45][0-9]{2}")
_BROKE_DOWN = "the model broke down (finish_reason error)"
_STATUS_OF_PROBLEM = {
    Problem.CONTEXT_LENGTH: 400,
    Problem.CONTENT_POLICY: 400,
    Problem.QUOTA: 429,
    Problem.NO_MODEL: 404,
}


def read_error(
    response: Response, document: Any, flaw: str | None, now: float | None
) -> Outcome:
    """Read an error in whatever shape it came; `flaw` says what is wrong with a 200."""
    return _read(response, document, error_object(document), flaw, now)


def read_told(response: Response, error: Any, now: float | None) -> Outcome:
    """
    Read an error that a 200 tells of, whole or in a stream.

    It is judged as the answer that it would have been, where it says so.

    Args:
        error: what `error_in` found.
    """
    told = error_object({"error": error})
    status = _status(told)
    if status is None:
        problem = _problem(response.status, {}, told)
        status = None if problem is None else _STATUS_OF_PROBLEM[problem]
    if status is None:
        return _read(response, {}, told, "status 200 with an error in it", now)
    return _read(response._replace(status=status), {}, told, None, now)


def error_in(document: Mapping[str, Any]) -> Any:
    """
    Find the error in what came with a 200; `None` without one.

    Beside the choices, as most do, or in the first one, as OpenRouter does when a model
    breaks down; or it is the whole of it, as vLLM's have been.
    """
    error = document.get("error")
    if error:
        return error
    choices = document.get("choices")
    if not choices:
        return document if document.get("object") == "error" else None
    first = choices[0] if isinstance(choices, list) else None
    if not isinstance(first, dict):
        return None
    if first.get("error"):
        return first["error"]
    return _BROKE_DOWN if first.get("finish_reason") == "error" else None


def error_object(document: Any) -> Mapping[str, Any]:
    """Find what an error says: most nest it, some give a text, some are it."""
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def _read(
    response: Response,
    document: Any,
    error: Mapping[str, Any],
    flaw: str | None,
    now: float | None,
) -> Outcome:
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


def _status(error: Mapping[str, Any]) -> int | None:
    # vLLM and OpenRouter give the status itself as the code, some as a text.
    code = error.get("code")
    if isinstance(code, int | str) and _STATUS.fullmatch(str(code)):
        return int(code)
    return next((_STATUSES[n] for n in _names(error) if n in _STATUSES), None)


def _problem(status: int, document: Any, error: Mapping[str, Any]) -> Problem | None:
    message = str(error.get("message") or "")
    for name in _names(error):
        if name in _PROBLEMS:
            return _PROBLEMS[name]
        if name == _INVALID_PROMPT and any(each in message for each in _FLAGGED):
            return Problem.CONTENT_POLICY
    if status == FORBIDDEN and (not isinstance(document, dict) or _is_flagged(error)):
        # An API says in JSON that it refuses a key. Else this is somebody before it,
        # a firewall that dislikes the prompt, say, and the key is as good as before.
        return Problem.CONTENT_POLICY
    return problem_by_words(status, message)


def _names(error: Mapping[str, Any]) -> list[str]:
    """List the names that an error has, the most telling first."""
    found = (
        error.get("code"),
        error.get("type"),
        error.get("error_type"),
        _metadata(error).get("error_type"),
    )
    return [name for name in found if isinstance(name, str)]


def _is_flagged(error: Mapping[str, Any]) -> bool:
    metadata = _metadata(error)
    return any(metadata.get(name) for name in _MODERATION)


def _metadata(error: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = error.get("metadata")
    return metadata if isinstance(metadata, dict) else {}
