"""Owns what any request looks like, and the refusal of those that are not so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

_BAD_REQUEST = 400


class Request(NamedTuple):
    """One whole HTTP request; header names are lower case."""

    method: bytes
    path: bytes
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    keep_alive: bool


class RefusalError(Exception):
    """
    A request gets an error object instead of a reply.

    Args:
        status: the HTTP status, 400 or more.
        message: for people.
        code: for programs.
        headers: further headers, each a whole line without its end.
        delay_s: seconds before the answer.
        retry_after: seconds to wait, or whatever was chosen in their place.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        headers: tuple[str, ...] = (),
        delay_s: float = 0.0,
        retry_after: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers
        self.delay_s = delay_s
        self.retry_after = retry_after


def load(body: bytes) -> dict[str, Any]:
    """
    Read a body.

    Raises:
        RefusalError: it is no JSON object.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise _refusal("The body is not a JSON object.", "invalid_json")
    return content


def name_in(content: Mapping[str, Any], field: str) -> str:
    """
    Read a name.

    Raises:
        RefusalError: it is missing, empty or no text.
    """
    name = content.get(field)
    if not (isinstance(name, str) and name):
        raise _refusal(f"You must provide a {field}.", f"missing_{field}")
    return name


def list_of_objects(content: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    """
    Read a list of objects.

    Raises:
        RefusalError: it is missing, empty or something else.
    """
    items = content.get(field)
    if isinstance(items, list) and items:
        for item in items:
            if not isinstance(item, dict):
                break
        else:
            return items
    message = f"{field!r} must be a list of at least one object."
    raise _refusal(message, f"missing_{field}")


def whole_number(
    content: Mapping[str, Any], field: str, least: int, most: int | None = None
) -> int | None:
    """
    Read a whole number; `None` where there is none.

    Raises:
        RefusalError: it is something else, or out of range.
    """
    number = content.get(field)
    if number is None:
        return None
    if type(number) is int and number >= least and (most is None or number <= most):
        return number
    until = "up" if most is None else f"to {most}"
    message = f"{field!r} must be a whole number from {least} {until}."
    raise _refusal(message, f"invalid_{field}")


def _refusal(message: str, code: str) -> RefusalError:
    return RefusalError(_BAD_REQUEST, message, code)
