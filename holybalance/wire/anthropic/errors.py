"""Owns what Anthropic's errors say, whole or in a stream."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from holybalance.messages import Outcome, Problem
from holybalance.wire import signals
from holybalance.wire.failures import (
    FORBIDDEN,
    failure,
    one_line,
    problem_by_words,
)
from holybalance.wire.transport import Response

# What an error within a stream would have been, had it come as an answer's status
# (platform.claude.com, "Errors").
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
# By `details.error_code`, where there is one (anthropic: types/shared), or by type.
_PROBLEMS = {
    "billing_error": Problem.QUOTA,
    "contract_spend_limit_reached": Problem.QUOTA,
    "enforced_spend_limit_reached": Problem.QUOTA,
    # The whole account is of no use, as one without money is.
    "organization_on_hold": Problem.QUOTA,
    "request_too_large": Problem.CONTEXT_LENGTH,
}
# Told by words alone, and as an `invalid_request_error`: an account without money, the
# limits that people set for themselves, and an answer that a filter held back.
_WORDS = (
    ("credit balance is too low", Problem.QUOTA),
    ("reached your specified", Problem.QUOTA),
    ("content filtering policy", Problem.CONTENT_POLICY),
)
_WORDS_STATUSES = (400, 403, 429)
_ID_CHARACTERS = 200


def read_error(
    response: Response, document: Any, flaw: str | None, now: float | None
) -> Outcome:
    """Read an error in whatever shape it came; `flaw` says what is wrong with a 200."""
    head = response.headers
    now = time.time() if now is None else now
    error = _error(document)
    outcome = failure(
        response,
        error,
        problem=_problem(response.status, document, error),
        retry_after_s=signals.retry_after_s(head, now),
        rate_limits=signals.dated_rate_limits(head, now),
        flaw=flaw,
    )
    return _identified(outcome, document)


def read_in_band(document: Any, body: bytes) -> Outcome:
    """Read an error that a stream tells of."""
    error = _error(document)
    kind = error.get("type")
    status = STATUSES.get(kind) if isinstance(kind, str) else None
    response = Response(status or 500, {}, body)
    outcome = failure(
        response,
        error,
        problem=_problem(response.status, document, error),
        retry_after_s=None,
        rate_limits=None,
        flaw=None if status else "an error in the stream",
    )
    return _identified(outcome, document)


def _error(document: Any) -> Mapping[str, Any]:
    """Find what an error says; whoever stands before Anthropic may say it its way."""
    error = document.get("error", document) if isinstance(document, dict) else document
    if not isinstance(error, dict):
        return {"message": error} if isinstance(error, str) else {}
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    return {**error, "code": code or error.get("code") or error.get("type")}


def _problem(status: int, document: Any, error: Mapping[str, Any]) -> Problem | None:
    for name in (error.get("code"), error.get("type")):
        if isinstance(name, str) and name in _PROBLEMS:
            return _PROBLEMS[name]
    if status == FORBIDDEN and not isinstance(document, dict):
        # Not the API's own refusal of a key, but of somebody before it.
        return Problem.CONTENT_POLICY
    message = str(error.get("message") or "")
    words = message.lower()
    if status in _WORDS_STATUSES:
        for phrase, problem in _WORDS:
            if phrase in words:
                return problem
    # "model: claude-…" is all that it says of one that there is not.
    if error.get("type") == "not_found_error" and words.startswith("model"):
        return Problem.NO_MODEL
    return problem_by_words(status, message)


def _identified(outcome: Outcome, document: Any) -> Outcome:
    """Take the request's id from the body where no header gave it."""
    told = document.get("request_id") if isinstance(document, dict) else None
    if outcome.request_id or not isinstance(told, str) or not told:
        return outcome
    if len(told) > _ID_CHARACTERS:
        return outcome
    return outcome._replace(request_id=one_line(told, _ID_CHARACTERS))
