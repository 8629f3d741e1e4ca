"""Owns a row of OpenAI's batch output: how a reply or an error is written as one."""

from __future__ import annotations

import re
import uuid
from typing import Any

import orjson

from holybalance.errors import CallError, HolyBalanceError, RequestError
from holybalance.messages import Reply
from holybalance_cli.batch.rows import BadRow, Row

BAD_ROW = "invalid_row"
"""The code of a row that no call could be made of."""
_OK = 200
_WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")


def of_reply(row: Row, reply: Reply) -> bytes:
    """Write the row of a call that was answered."""
    response = {
        "status_code": _OK,
        "request_id": reply.request_id or "",
        "body": reply.body,
    }
    return _write(row.custom_id, response, None)


def of_error(row: Row, error: HolyBalanceError) -> bytes:
    """
    Write the row of a call that failed.

    What an upstream rejected is its response; everything else is an error of ours.
    """
    if isinstance(error, RequestError) and error.status is not None:
        return _write(row.custom_id, _rejection(error), None)
    message = " ".join(str(error).split())
    return _write(row.custom_id, None, _error(code_of(error), row.line, message))


def of_bad_row(row: BadRow) -> bytes:
    """Write the row of a line that no call could be made of."""
    return _write(row.custom_id, None, _error(BAD_ROW, row.line, row.message))


def code_of(error: HolyBalanceError) -> str:
    """Name the kind of an error: the upstream's code, or one of ours."""
    if isinstance(error, RequestError) and error.code is not None:
        return error.code
    kind = type(error) if isinstance(error, CallError) else HolyBalanceError
    # RetriesExhausted -> retries_exhausted
    return _WORD_STARTS.sub("_", kind.__name__).lower()


def _write(
    custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None
) -> bytes:
    name = f"batch_req_{uuid.uuid4().hex}"
    row = {"id": name, "custom_id": custom_id, "response": response, "error": error}
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


def _error(code: str, line: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": f"line {line}: {message}"}
