"""Owns how a request becomes JSON, and the error for what cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from holybalance.errors import RequestError


def written(body: Mapping[str, Any]) -> bytes:
    """
    Write a request's body.

    Raises:
        RequestError: something in it is not JSON.
    """
    try:
        return orjson.dumps(body, default=_as_dict)
    except TypeError as error:
        raise RequestError(
            f"the request cannot be written as JSON: {error}", code="not_json"
        ) from error


def _as_dict(value: Any) -> Any:
    """Write as an object what is one to Python but not to orjson."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
