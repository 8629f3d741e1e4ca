"""Owns what Google's errors say (google.rpc.Status, https://google.aip.dev/193)."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from holybalance.messages import Outcome, Problem
from holybalance.wire import signals
from holybalance.wire.failures import FORBIDDEN, failure, problem_by_words
from holybalance.wire.transport import Response

_DENIED = 401
_NOT_FOUND = 404
_THROTTLED = 429
_CANCELLED = 499
_UNAVAILABLE = 503
# A stream's error says its status by name, where not by number (google/rpc/code.proto).
_STATUSES = {
    "CANCELLED": _CANCELLED,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": _UNAVAILABLE,
    "DATA_LOSS": 500,
}
# Google says of keys with these reasons that the *argument* is invalid, status 400,
# which otherwise means that the request is at fault.
_KEY_REASONS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})
_BILLING_REASONS = frozenset({"BILLING_DISABLED", "BILLING_NOT_ACTIVE"})
# Every 429 of AI Studio speaks of billing details: only these mean it.
_MONEY_WORDS = ("credits are depleted", "spending cap", "spend cap")
_DAILY = ("perday", "daily")
# "34s", "34.074824224s": a Duration as protocol buffers write it in JSON.
_DURATION = re.compile(r"(\d{1,9}(?:\.\d+)?)s")


def read_error(
    response: Response, document: Any, flaw: str | None, now: float | None
) -> Outcome:
    """Read an error in whatever shape it came; `flaw` says what is wrong with a 200."""
    error = error_object(document)
    header = signals.retry_after_s(
        response.headers, time.time() if now is None else now
    )
    waits = [wait for wait in (header, _retry_delay_s(error)) if wait is not None]
    return failure(
        response._replace(status=_status(response.status, error)),
        _shaped(error),
        problem=_problem(response.status, document, error),
        retry_after_s=max(waits, default=None),
        rate_limits=signals.rate_limits(response.headers),
        flaw=flaw,
    )


def read_in_band(document: Any, body: bytes) -> Outcome:
    """Read an error that a stream tells of."""
    error = error_object(document)
    status = _told_status(error)
    flaw = None if status else "an error in the stream"
    return read_error(Response(status or 500, {}, body), document, flaw, 0.0)


def error_in(document: Any) -> bool:
    """Tell whether a document, maybe the only one of a list, is an error."""
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    return isinstance(document, dict) and bool(document.get("error"))


def error_object(document: Any) -> Mapping[str, Any]:
    """Find what an error says: some come as the only one of a list, some as a text."""
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def _shaped(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put what an error says into OpenAI's words for it."""
    status = error.get("status")
    reasons = [reason for reason in _reasons(error) if reason in _KEY_REASONS]
    code = reasons[0] if reasons else status or error.get("code")
    return {"message": error.get("message"), "type": status, "code": code}


def _status(status: int, error: Mapping[str, Any]) -> int:
    """
    Give the status that an error should have had.

    A verdict is passed on statuses, and 400 is the caller's fault, so that a bad key
    would fail a call that another key could serve. So would a place from which Google
    serves nobody, another 400, and 499, which says that the caller went away: had it
    gone, nobody would read this.
    """
    if status == _CANCELLED:
        return _UNAVAILABLE
    if status != 400:
        return status
    if not _KEY_REASONS.isdisjoint(_reasons(error)):
        return _DENIED
    is_place = "location is not supported" in _message(error)
    return FORBIDDEN if is_place else status


def _told_status(error: Mapping[str, Any]) -> int | None:
    code, name = error.get("code"), error.get("status")
    if isinstance(code, int) and 400 <= code < 600:
        return code
    return _STATUSES.get(name) if isinstance(name, str) else None


def _problem(status: int, document: Any, error: Mapping[str, Any]) -> Problem | None:
    message = _message(error)
    if _is_out_of_money(status, message, error):
        return Problem.QUOTA
    if status == _THROTTLED and any(_is_daily(one) for one in _violations(error)):
        return Problem.QUOTA
    if status == FORBIDDEN and not isinstance(document, dict | list):
        # An API says in JSON that it refuses a key. This is somebody before it, a
        # firewall that dislikes the prompt, say, and the key is as good as before.
        return Problem.CONTENT_POLICY
    if status == _NOT_FOUND and "model" in message:
        # "is no longer available to new users" is one more way to say it.
        return Problem.NO_MODEL
    if "unexpected model name format" in message:
        return Problem.NO_MODEL
    return problem_by_words(status, message)


def _is_out_of_money(status: int, message: str, error: Mapping[str, Any]) -> bool:
    if status == _THROTTLED:
        return any(words in message for words in _MONEY_WORDS)
    if not _BILLING_REASONS.isdisjoint(_reasons(error)):
        return True
    name = error.get("status")
    return name in ("FAILED_PRECONDITION", "PERMISSION_DENIED") and "billing" in message


def _is_daily(violation: Mapping[str, Any]) -> bool:
    names = (violation.get("quotaId"), violation.get("quotaMetric"))
    return any(
        word in name.lower()
        for name in names
        if isinstance(name, str)
        for word in _DAILY
    )


def _retry_delay_s(error: Mapping[str, Any]) -> float | None:
    """Read a `RetryInfo`, the longest one."""
    waits = [
        float(found[1])
        for detail in _details(error)
        if isinstance(detail.get("retryDelay"), str)
        and (found := _DURATION.fullmatch(detail["retryDelay"]))
    ]
    return max((wait for wait in waits if math.isfinite(wait)), default=None)


def _reasons(error: Mapping[str, Any]) -> list[str]:
    """Give the reasons in each `ErrorInfo`."""
    reasons = [detail.get("reason") for detail in _details(error)]
    return [reason for reason in reasons if isinstance(reason, str)]


def _violations(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give what each `QuotaFailure` names."""
    for detail in _details(error):
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield violation


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = error.get("details")
    return [
        detail
        for detail in (details if isinstance(details, list) else ())
        if isinstance(detail, dict)
    ]


def _message(error: Mapping[str, Any]) -> str:
    return str(error.get("message") or "").lower()
