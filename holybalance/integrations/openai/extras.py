"""Owns the headers and the query that callers add to requests, checked and encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from holybalance.errors import RequestError
from holybalance.integrations.openai.inputs import given_of, is_given
from holybalance.messages import Extras

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token of RFC 9110 §5.6.2."""
_FRAMING = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""What says how a message is framed and carried; that is the transport's."""
_LOGIN = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key"})
"""What logs in."""

Headers = dict[str, str]


def merged_headers(*layers: Mapping[str, Any], is_pool: bool) -> Headers:
    """
    Put headers over each other, the last on top; names are the same in any case.

    Args:
        is_pool: the request may go to several endpoints, each with a key of its own.

    Raises:
        RequestError: one cannot be sent, or is not the caller's to set.
    """
    found: dict[str, tuple[str, str]] = {}
    for layer in layers:
        for name, value in layer.items():
            key = _checked_name(name)
            if is_given(value):
                found[key] = (_spelled(name), _checked_value(name, value))
            else:
                _refuse_to_omit(key, name)
                found.pop(key, None)
            if is_pool and key in _LOGIN:
                raise _wrong(
                    f"the header {name} cannot be set: calls go to several endpoints, "
                    "each with its own key; set api_key of an endpoint"
                )
    return dict(found.values())


def merged_query(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Put queries over each other, the last on top; what is not given is left out."""
    found: dict[str, Any] = {}
    for layer in layers:
        found |= layer
    return given_of(found)


def make_extras(headers: Headers, query: Mapping[str, Any]) -> Extras | None:
    """Make what a request is sent with; `None` for nothing."""
    if not headers and not query:
        return None
    return Extras(headers, encoded(query))


def encoded(query: Mapping[str, Any]) -> dict[str, list[str]]:
    """Write a query as the official package does: `a[]=1&a[]=2&b[c]=3`."""
    found: dict[str, list[str]] = {}
    for name, value in query.items():
        for key, text in _items(str(name), value):
            found.setdefault(key, []).append(text)
    return found


def _items(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _items(f"{name}[{key}]", item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _items(f"{name}[]", item)
    elif value is not None:
        is_flag = isinstance(value, bool)
        yield name, str(value).lower() if is_flag else str(value)


def _spelled(name: str) -> str:
    """Spell it as the library does, which would not replace its own otherwise."""
    return "Authorization" if name.lower() == "authorization" else name


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise _wrong(f"{name!r} is no name of a header")
    key = name.lower()
    if key in _FRAMING:
        raise _wrong(f"the header {name} is the transport's to set; leave it out")
    return key


def _checked_value(name: str, value: object) -> str:
    # Never the value itself: it may be a key.
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        kind = type(value).__name__
        raise _wrong(f"the value of the header {name} must be a string, not {kind}")
    if not value.isascii() or not value.replace("\t", " ").isprintable():
        raise _wrong(
            f"the value of the header {name} must be visible ASCII, with spaces and "
            "tabs only inside: no line breaks"
        )
    return value.strip(" \t")


def _refuse_to_omit(key: str, name: str) -> None:
    if key in _LOGIN:
        raise _wrong(
            f"the header {name} cannot be left out; for a server without keys pass any "
            "api_key"
        )


def _wrong(message: str) -> RequestError:
    return RequestError(message, code="invalid_header")
