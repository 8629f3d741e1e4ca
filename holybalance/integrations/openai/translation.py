"""Owns which of the official package's errors stands for which of ours."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from holybalance.errors import (
    BudgetExceeded,
    CallError,
    ClientClosed,
    DeadlineExceeded,
    LocalError,
    RequestError,
    Saturated,
    StreamInterrupted,
)
from holybalance.integrations.openai.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    error_of_status,
)
from holybalance.integrations.openai.http import Request, Response
from holybalance.messages import Rejection, Verdict

_FIRST_ERROR = 300


class _Like(NamedTuple):
    """The status and the code that stand for what no upstream has said."""

    status: int
    code: str
    type: str


_NO_MODEL = _Like(404, "model_not_found", "invalid_request_error")
_NO_MONEY = _Like(429, "insufficient_quota", "insufficient_quota")
# OpenAI says so when the money is gone, and whoever looks before he tries again looks
# for this code: a budget that opens tomorrow is not worth a loop of sleeping today.
_NO_BUDGET = _Like(429, "insufficient_quota", "budget_exceeded")
_NO_ROOM = _Like(429, "rate_limit_exceeded", "requests")
_NO_KEY = _Like(401, "invalid_api_key", "authentication_error")

# What keeps calls away, where they are not even tried.
_OF_VERDICT = {
    Verdict.DENIED: _NO_KEY,
    Verdict.EXHAUSTED: _NO_MONEY,
    Verdict.THROTTLED: _NO_ROOM,
    Verdict.NO_MODEL: _NO_MODEL,
    Verdict.BUDGET: _NO_BUDGET,
}
_OF_CODE = {"unknown_model": _NO_MODEL}


def translated(error: CallError, request: Request) -> APIError:
    """Make the error of the official package's name that stands for one of ours."""
    made = _made(error, request)
    made.attempts = error.attempts
    made.verdict = error.verdict
    made.answer = error.answer
    made.original = error
    return made


def _made(error: CallError, request: Request) -> APIError:
    for kind, make in _MAKERS:
        if isinstance(error, kind):
            return make(error, request)
    if error.answer is not None:
        return _answered(error, error.answer, request)
    return _unanswered(error, request)


def _late(error: CallError, request: Request) -> APIError:
    made = APITimeoutError(request)
    # The official package's words, and then why.
    made.args = (f"{made.message} ({_first_line(error)})",)
    return made


def _local(error: CallError, request: Request) -> APIError:
    return APIConnectionError(message=_first_line(error), request=request)


def _without_budget(error: BudgetExceeded, request: Request) -> APIError:
    return _made_up(error, _NO_BUDGET, request, _until(error.opens_at))


def _of_request(error: RequestError, request: Request) -> APIError:
    if error.answer is not None:
        return _answered(error, error.answer, request)
    code = error.code or "invalid_request"
    like = _OF_CODE.get(code)
    if like is None:
        like = _Like(error.status or 400, code, "invalid_request_error")
    return _made_up(error, like, request)


def _saturated(error: Saturated, request: Request) -> APIError:
    answer = error.answer
    if answer is not None and answer.status == _NO_ROOM.status:
        return _answered(error, answer, request, error.retry_after_s)
    return _made_up(error, _NO_ROOM, request, error.retry_after_s)


def _unanswered(error: CallError, request: Request) -> APIError:
    like = _OF_VERDICT.get(error.verdict)
    if like is None:
        return _local(error, request)
    wait = getattr(error, "retry_after_s", None)
    return _made_up(error, like, request, wait)


def _interrupted(error: StreamInterrupted, request: Request) -> APIError:
    answer = error.answer
    if answer is not None and answer.error:
        message = str(answer.error.get("message") or _first_line(error))
        made = APIError(message, request, body=dict(answer.error))
    elif error.verdict is Verdict.LATE:
        made = _late(error, request)
    else:
        made = _local(error, request)
    made.text = error.text
    return made


def _answered(
    error: CallError,
    answer: Rejection,
    request: Request,
    retry_after_s: float | None = None,
) -> APIError:
    """Say what an upstream said, as the official package would."""
    body = dict(answer.error)
    headers = _waiting(answer.headers, retry_after_s)
    response = Response(answer.status, headers, {"error": body}, request)
    if answer.status < _FIRST_ERROR:
        told = _first_line(error)
        return APIResponseValidationError(response, body, message=told)
    message = f"Error code: {answer.status}"
    if body.get("message"):
        message += f" - {body['message']}"
    return error_of_status(answer.status)(message, response=response, body=body)


def _made_up(
    error: CallError,
    like: _Like,
    request: Request,
    retry_after_s: float | None = None,
) -> APIError:
    """Say what no upstream has said, as one would."""
    body: dict[str, Any] = {
        "message": _first_line(error),
        "type": like.type,
        "param": None,
        "code": like.code,
    }
    headers = _waiting({}, retry_after_s)
    response = Response(like.status, headers, {"error": body}, request)
    message = f"Error code: {like.status} - {body['message']}"
    return error_of_status(like.status)(message, response=response, body=body)


def _waiting(headers: Mapping[str, str], seconds: float | None) -> dict[str, str]:
    """Add how long to stay away, where no upstream has said so."""
    if seconds is None or not math.isfinite(seconds) or "retry-after" in headers:
        return dict(headers)
    return {**headers, "retry-after": str(max(0, math.ceil(seconds)))}


def _until(
    moment: dt.datetime | None,
    now: Callable[[dt.tzinfo], dt.datetime] = dt.datetime.now,
) -> float | None:
    return None if moment is None else (moment - now(dt.UTC)).total_seconds()


def _first_line(error: CallError) -> str:
    # The library's own client is an attribute of this one.
    return str(error.args[0]).replace("Client.restore", "client.holybalance.restore")


# By kind; the first that fits. What is not here goes by what was answered.
_MAKERS: tuple[tuple[type[CallError], Callable[[Any, Request], APIError]], ...] = (
    (StreamInterrupted, _interrupted),
    (DeadlineExceeded, _late),
    (ClientClosed, _local),
    (LocalError, _local),
    (RequestError, _of_request),
    (BudgetExceeded, _without_budget),
    (Saturated, _saturated),
)
