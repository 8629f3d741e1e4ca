"""
Owns what a client's arguments mean: which are taken, and what stands for which.

Timeouts, too: how one of the official package's becomes seconds for a whole call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holybalance.config import Defaults
from holybalance.integrations.openai.inputs import is_given

_DEFAULT_MAX_RETRIES = 2
NO_TIMEOUT_S = 86_400.0
"""What stands for no timeout: a call has to end some day."""
_PARTS = ("connect", "read", "write", "pool")
_UNSET: Any = object()
_CONNECTIONS = (
    "connections are the library's own; proxy, ca_file and the like stand in a "
    "configuration"
)
_KEYS = "an endpoint has one key: api_key, which may be a function"
# The official package's arguments that would be wrong to pass over.
_REFUSED = {
    "admin_api_key": _KEYS,
    "data_residency": "pass base_url",
    "http_client": _CONNECTIONS,
    "provider": "name the provider of an endpoint in a configuration",
    "workload_identity": _KEYS,
    "_strict_response_validation": "answers are checked for their shape alone",
}
# These are for what is not there, so nothing would come of them anyhow.
_UNUSED = frozenset({"webhook_secret", "websocket_base_url", "_enforce_credentials"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """
    What a client was made with, as it was passed.

    Args:
        api_key: may hold a secret.
        headers: may hold secrets.
    """

    api_key: str | Callable[[], str] | None = field(default=None, repr=False)
    base_url: Any = None
    organization: str | None = None
    project: str | None = None
    timeout: Any
    max_retries: Any
    headers: Mapping[str, Any] = field(repr=False)
    query: Mapping[str, Any]


class Timeout:
    """
    Seconds for the parts of an exchange, as the official package takes them.

    Of these, `read` is the call's timeout here; see `seconds_of`.
    """

    def __init__(
        self,
        timeout: float | None = _UNSET,
        *,
        connect: float | None = _UNSET,
        read: float | None = _UNSET,
        write: float | None = _UNSET,
        pool: float | None = _UNSET,
    ) -> None:
        parts = (connect, read, write, pool)
        if timeout is _UNSET and any(part is _UNSET for part in parts):
            raise ValueError("Timeout takes a default, or all four of its parts")
        self.connect, self.read, self.write, self.pool = (
            timeout if part is _UNSET else part for part in parts
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _PARTS)
        return f"Timeout({shown})"


DEFAULT_TIMEOUT = Timeout(600.0, connect=5.0)
"""The official package's own."""


def refuse_others(others: Mapping[str, Any]) -> None:
    """
    Refuse arguments that would be wrong to pass over.

    Raises:
        TypeError: says why, and what to do.
    """
    for name, value in others.items():
        if name in _REFUSED:
            if value:
                raise TypeError(f"{name} is not taken here: {_REFUSED[name]}")
        elif name not in _UNUSED:
            raise TypeError(f"OpenAI() got an unexpected keyword argument {name!r}")


def affiliated(organization: str | None, project: str | None) -> dict[str, str]:
    """Write the headers of organization and project."""
    headers = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {name: value for name, value in headers.items() if value}


def retries_of(arguments: Arguments, file: Defaults | None) -> tuple[int, int | None]:
    """
    Give the number of retries to show, and of attempts to ask for.

    Args:
        file: what a configuration says; `None` without one.
    """
    retries = arguments.max_retries
    if not is_given(retries):
        if file is not None:
            return file.max_attempts - 1, None
        retries = _DEFAULT_MAX_RETRIES
    if not isinstance(retries, int) or isinstance(retries, bool):
        raise TypeError(f"max_retries must be a whole number, not {retries!r}")
    if retries < 0:
        raise ValueError(f"max_retries must be a whole number from 0 up, not {retries}")
    return retries, retries + 1


def timeout_of(arguments: Arguments, file: Defaults | None) -> tuple[Any, float | None]:
    """Give the timeout to show, and the seconds to ask for; otherwise likewise."""
    if is_given(arguments.timeout):
        return arguments.timeout, seconds_of(arguments.timeout)
    if file is not None:
        return file.timeout, None
    return DEFAULT_TIMEOUT, seconds_of(DEFAULT_TIMEOUT)


def changed(
    what: str,
    mine: Arguments,
    added: Mapping[str, Any] | None,
    instead: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """Give headers or a query with changes; `None` for none."""
    if added is not None and instead is not None:
        raise ValueError(
            f"default_{what} and set_default_{what} exclude each other; pass one"
        )
    if instead is not None:
        return dict(instead)
    return None if added is None else {**getattr(mine, what), **added}


def seconds_of(timeout: Any) -> float:
    """
    Read a timeout as the seconds of a whole call.

    A number is these seconds. Of an object with parts, `read` counts: it is what a
    caller would wait for the answer. `None` is none, and stands for a day.

    Raises:
        TypeError: it is no timeout.
        ValueError: it is no finite number of seconds from 0 up.
    """
    if timeout is None:
        return NO_TIMEOUT_S
    if isinstance(timeout, tuple) and len(timeout) == len(_PARTS):
        return seconds_of(timeout[_PARTS.index("read")])
    if hasattr(timeout, "read") and hasattr(timeout, "connect"):
        return seconds_of(timeout.read)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        kind = type(timeout).__name__
        raise TypeError(f"timeout must be seconds or a Timeout, not {kind}")
    seconds = float(timeout)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"timeout must be seconds from 0 up, not {timeout!r}")
    return seconds


def connect_seconds_of(timeout: Any) -> float | None:
    """Read how long connecting may take; `None` where that is not said."""
    connect = getattr(timeout, "connect", None)
    if isinstance(connect, bool) or not isinstance(connect, int | float):
        return None
    return float(connect) if 0 < connect < math.inf else None
