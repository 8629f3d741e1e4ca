"""Owns what a client's arguments mean: which are taken, and what stands for which."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from holybalance.integrations.openai.given import is_given
from holybalance.integrations.openai.pools import Arguments, Pool
from holybalance.integrations.openai.timeouts import DEFAULT_TIMEOUT, seconds_of

_DEFAULT_MAX_RETRIES = 2
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


def affiliation(arguments: Arguments, pool: Pool) -> tuple[str | None, str | None]:
    """Give organization and project; those of a pool belong to its endpoints."""
    if pool.is_configured:
        return None, None
    return (
        arguments.organization or os.environ.get("OPENAI_ORG_ID"),
        arguments.project or os.environ.get("OPENAI_PROJECT_ID"),
    )


def affiliated(organization: str | None, project: str | None) -> dict[str, str]:
    """Write the headers of organization and project."""
    headers = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return {name: value for name, value in headers.items() if value}


def retries_of(arguments: Arguments, pool: Pool) -> tuple[int, int | None]:
    """Give the number of retries to show, and of attempts to ask for."""
    retries = arguments.max_retries
    if not is_given(retries):
        if pool.is_configured:
            return pool.client.config.defaults.max_attempts - 1, None
        retries = _DEFAULT_MAX_RETRIES
    if not isinstance(retries, int) or isinstance(retries, bool):
        raise TypeError(f"max_retries must be a whole number, not {retries!r}")
    if retries < 0:
        raise ValueError(f"max_retries must be a whole number from 0 up, not {retries}")
    return retries, retries + 1


def timeout_of(arguments: Arguments, pool: Pool) -> tuple[Any, float | None]:
    """Give the timeout to show, and the seconds to ask for."""
    if is_given(arguments.timeout):
        return arguments.timeout, seconds_of(arguments.timeout)
    if pool.is_configured:
        return pool.client.config.defaults.timeout, None
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
