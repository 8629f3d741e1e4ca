"""Owns a client's settings as they stand, and how they change while it is in use."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from holybalance.errors import RequestError
from holybalance.integrations.openai.calls import Calls
from holybalance.integrations.openai.errors import OpenAIError
from holybalance.integrations.openai.extras import merged_headers
from holybalance.integrations.openai.pools import (
    NAMING,
    Pool,
    make_pool,
    warn_of_unused,
)
from holybalance.integrations.openai.settings import (
    Arguments,
    affiliated,
    retries_of,
    timeout_of,
)

_OF_CONNECTIONS = frozenset({"api_key", "base_url"})
"""What takes connections of its own."""


class State(NamedTuple):
    """
    The settings at one moment.

    Args:
        max_retries: to show.
        timeout: to show.
        calls: makes calls by all of this.
    """

    arguments: Arguments
    pool: Pool
    max_retries: int
    timeout: Any
    calls: Calls


class LiveSettings:
    """
    The settings of one client; a call goes by those that stand when it begins.

    Args:
        arguments: what the client was made with.
        pool: what was found by them.
    """

    def __init__(self, arguments: Arguments, pool: Pool) -> None:
        self.state = _state(_affiliated(arguments, pool), pool)
        # Guards `_pools`, and changes of `state`; whoever reads takes it as it is.
        self._lock = threading.Lock()
        self._pools = {_place(arguments): pool}

    def change(self, **changes: Any) -> None:
        """
        Change some of the arguments.

        Another key or URL has connections of its own. Those before stay open until the
        client is closed: calls may be under way there, and copies use them.

        Raises:
            AttributeError: the endpoints are not the client's to change.
            OpenAIError: what it is to be is wrong; then nothing has changed.
        """
        with self._lock:
            before = self.state
            if before.pool.is_configured:
                _refuse(changes, before.pool)
            arguments = replace(before.arguments, **changes)
            pool = before.pool
            if changes.keys() & _OF_CONNECTIONS:
                known = self._pools.get(_place(arguments))
                pool = make_pool(arguments) if known is None else known
            self.state = _state(arguments, pool)
            self._pools[_place(arguments)] = pool
            if before.pool.is_closed:
                pool.close()

    def changed(self, changes: Mapping[str, Any]) -> LiveSettings:
        """
        Give another one with some of the arguments changed.

        Raises:
            OpenAIError: what it is to be is wrong.
        """
        before = self.state
        pool = before.pool
        if pool.is_configured:
            warn_of_unused(changes, pool.client.config.source)
        elif changes.keys() & _OF_CONNECTIONS:
            pool = make_pool(replace(before.arguments, **changes))
        return LiveSettings(replace(before.arguments, **changes), pool)

    def close(self) -> None:
        """End the connections, of earlier settings as well."""
        with self._lock:
            pools = [*self._pools.values()]
        for pool in pools:
            pool.close()


def _place(arguments: Arguments) -> tuple[Any, str]:
    return arguments.api_key, str(arguments.base_url)


def _affiliated(arguments: Arguments, pool: Pool) -> Arguments:
    """Find organization and project; those of a pool belong to its endpoints."""
    if pool.is_configured:
        return replace(arguments, organization=None, project=None)
    return replace(
        arguments,
        organization=arguments.organization or os.environ.get("OPENAI_ORG_ID"),
        project=arguments.project or os.environ.get("OPENAI_PROJECT_ID"),
    )


def _refuse(changes: Mapping[str, Any], pool: Pool) -> None:
    for name in NAMING:
        if name in changes:
            raise AttributeError(
                f"{name} cannot be set: {pool.client.config.source} names the "
                "endpoints, each with a key, a URL and headers of its own; change "
                "it there, or make the client with a configuration of its own: "
                "OpenAI(config={...})"
            )


def _state(arguments: Arguments, pool: Pool) -> State:
    config = pool.client.config
    file = config.defaults if pool.is_configured else None
    max_retries, max_attempts = retries_of(arguments, file)
    timeout, timeout_s = timeout_of(arguments, file)
    is_pool = len(config.endpoints) > 1
    headers = {
        **affiliated(arguments.organization, arguments.project),
        **arguments.headers,
    }
    try:
        merged_headers(headers, is_pool=is_pool)
    except RequestError as error:
        raise OpenAIError(f"default_headers: {error.args[0]}") from None
    calls = Calls(
        pool.client,
        is_pool=is_pool,
        timeout_s=timeout_s,
        max_attempts=max_attempts,
        headers=headers,
        query=arguments.query,
    )
    return State(arguments, pool, max_retries, timeout, calls)
