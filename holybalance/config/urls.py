"""Owns which URLs may be configured; never shows one, for it may carry a password."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, urlsplit

from holybalance.config.checks import RejectedError, secret
from holybalance.config.secret import Secret
from holybalance.config.visible import flaw

_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*")
_ENDINGS = ("/chat/completions", "/completions", "/embeddings", "/messages", "/models")
"""What is put behind a base URL, and often pasted along with it."""
_SCHEMES = {"http": 80, "https": 443}
_LAST_PORT = 65535


def base_url(value: Any) -> str:
    """An API's base URL, without a trailing slash."""
    if not isinstance(value, str):
        raise RejectedError(f"must be a string, not {type(value).__name__}")
    parts = _split(value)
    if "@" in parts.netloc:
        raise RejectedError(
            "must not have a user or password in it; use api_key or headers"
        )
    _port(parts)
    url = value.rstrip("/")
    for ending in _ENDINGS:
        if parts.path.rstrip("/").endswith(ending):
            raise RejectedError(f"must not end in {ending}: leave that out")
    return url


def proxy(value: Any) -> Secret:
    """A proxy's URL, which may carry a user and password; `""` for no proxy."""
    url: Secret = secret(Secret.url)(value)
    revealed = url.reveal()
    if not revealed:
        return url
    parts = _split(revealed, schemes=("http",))
    if _port(parts) is None:
        raise RejectedError("must name a port, as in http://host:3128")
    if parts.path.strip("/"):
        raise RejectedError("must have nothing after its port")
    return Secret.url(revealed.rstrip("/"))


def same_origin(one: str, other: str) -> bool:
    """Whether two valid URLs reach the same server by the same scheme and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _SCHEMES[parts.scheme]


def _split(url: str, schemes: Collection[str] = tuple(_SCHEMES)) -> SplitResult:
    # Before urlsplit, which silently drops tabs and line breaks.
    found = flaw(url)
    if found is not None:
        raise RejectedError(f"{found}; a URL is visible ASCII only")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RejectedError("is not a valid URL") from None
    if parts.scheme not in schemes or not url[len(parts.scheme) :].startswith("://"):
        raise RejectedError(
            f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        )
    if not _HOST.fullmatch(_host(parts)):
        raise RejectedError("must name a host, as in https://host/v1")
    if "?" in url or "#" in url or "\\" in url:
        raise RejectedError('must have no "?", "#" or backslash')
    return parts


def _host(parts: SplitResult) -> str:
    return re.sub(r":[^:\]]*\Z", "", parts.netloc.rpartition("@")[2])


def _port(parts: SplitResult) -> int | None:
    digits = parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")
    if not digits[1]:
        return None
    valid = digits[2].isascii() and digits[2].isdecimal() and len(digits[2]) <= 5
    if not valid or not 0 < int(digits[2]) <= _LAST_PORT:
        raise RejectedError(f"must have a port from 1 to {_LAST_PORT}")
    return int(digits[2])
