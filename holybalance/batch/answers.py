"""Owns a row of OpenAI's batch output: how it is written, and what it says."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

from holybalance.batch.rows import BadRow, Label
from holybalance.errors import CallError, HolyBalanceError, RequestError
from holybalance.messages import Embeddings, Reply

BAD_ROW = "invalid_row"
"""The code of a row that no call could be made of."""
OPENING = b'{"id":"batch_req_'
"""How each row begins that is written here."""
_OK = 200
_WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")


class Written(NamedTuple):
    """
    What a row of an output says, as far as resuming asks.

    Args:
        id: tells what was asked; see `rows.Label`.
    """

    custom_id: str
    id: str
    is_failed: bool


class Failure(NamedTuple):
    """Why a row failed: a code for programs, a message for people."""

    code: str
    message: str


def of_reply(label: Label, reply: Reply | Embeddings) -> bytes:
    """Write the row of a call that was answered."""
    response = {
        "status_code": _OK,
        "request_id": reply.request_id or "",
        "body": reply.body,
    }
    return _write(label, response, None)


def of_error(label: Label, error: HolyBalanceError) -> bytes:
    """
    Write the row of a call that failed.

    What an upstream rejected is its response; everything else is an error of ours.
    """
    if isinstance(error, RequestError) and error.status is not None:
        return _write(label, _rejection(error), None)
    message = " ".join(str(error).split())
    return _write(label, None, _error(label, code_of(error), message))


def of_bad_row(row: BadRow) -> bytes:
    """Write the row of a line that no call could be made of."""
    return _write(row.label, None, _error(row.label, BAD_ROW, row.message))


def code_of(error: HolyBalanceError) -> str:
    """Name the kind of an error: the upstream's code, or one of ours."""
    if isinstance(error, RequestError) and error.code is not None:
        return error.code
    kind = type(error) if isinstance(error, CallError) else HolyBalanceError
    # RetriesExhausted -> retries_exhausted
    return _WORD_STARTS.sub("_", kind.__name__).lower()


def read(line: bytes) -> Written | None:
    """Read a row of any output; `None` when it is none."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(row, dict) or not row.keys() >= {"response", "error"}:
        return None
    name, custom_id = row.get("id"), row.get("custom_id")
    if not isinstance(name, str) or not isinstance(custom_id, str):
        return None
    return Written(custom_id, name, not _is_ok(row))


def repeat(line: bytes, label: Label) -> tuple[bytes, Failure | None]:
    """Write a row's answer once more for another row, and say why it failed."""
    row = orjson.loads(line)
    error = row["error"]
    if error is not None:
        _, _, message = error["message"].partition(": ")
        error = _error(label, error["code"], message)
        return _write(label, None, error), Failure(error["code"], message)
    failure = None if _is_ok(row) else _failure(row["response"]["body"]["error"])
    return _write(label, row["response"], None), failure


def _write(
    label: Label, response: dict[str, Any] | None, error: dict[str, Any] | None
) -> bytes:
    row = {
        "id": label.id,
        "custom_id": label.custom_id,
        "response": response,
        "error": error,
    }
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _rejection(error: RequestError) -> dict[str, Any]:
    attempt = error.attempts[-1] if error.attempts else None
    body = {
        "message": attempt.message if attempt else str(error),
        "type": "invalid_request_error",
        "param": None,
        "code": error.code,
    }
    return {
        "status_code": error.status,
        "request_id": (attempt.request_id if attempt else None) or "",
        "body": {"error": body},
    }


def _error(label: Label, code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": f"line {label.line}: {message}"}


def _is_ok(row: dict[str, Any]) -> bool:
    response = row["response"]
    is_answered = isinstance(response, dict) and response.get("status_code") == _OK
    return is_answered and row["error"] is None


def _failure(rejection: dict[str, Any]) -> Failure:
    # As `code_of` names a rejection to which the upstream gave no code.
    return Failure(rejection["code"] or "request_error", rejection["message"])
