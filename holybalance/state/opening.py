"""Owns which store an address means."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import unquote

from holybalance.config import StateConfig
from holybalance.errors import ConfigError
from holybalance.state.rules import FILE_GRACE_S, SERVER_GRACE_S, Rules
from holybalance.state.sqlite import MEMORY, SqliteStore
from holybalance.state.store import Store


def open_store(
    config: StateConfig, clock: Callable[[], float] = time.monotonic
) -> Store:
    """
    Make the store that a configuration names; nothing is opened before its first use.

    Args:
        config: with a checked URL.
        clock: monotonic seconds; a store on a server goes by the server's.

    Raises:
        ConfigError: the URL is wrong, or the package that it needs is not installed.
    """
    rules = Rules(config.namespace, grace_s=_grace_s(config))
    if config.scheme == "local":
        return SqliteStore(MEMORY, rules, clock=clock)
    if config.scheme == "sqlite":
        path, is_durable = _path(config.url.reveal()), not config.is_passing
        return SqliteStore(path, rules, clock=clock, is_durable=is_durable)
    try:
        # Only those who use a server need the package for it.
        from holybalance.state.redis import RedisStore  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "state on a Redis server needs a package that is not installed: "
            'pip install "holybalance[redis]"'
        ) from error
    return RedisStore(config.url.reveal(), rules)


def _grace_s(config: StateConfig) -> float:
    if config.scheme == "local" or config.is_passing:
        return 0.0  # nobody knows anything of what was before
    return FILE_GRACE_S if config.scheme == "sqlite" else SERVER_GRACE_S


def _path(url: str) -> str:
    """Give what follows the three slashes; a fourth begins an absolute path."""
    path = unquote(url[len("sqlite:///") :], errors="surrogateescape")
    if path == MEMORY:
        raise ConfigError(
            'url of [state] is "sqlite:///:memory:", which no other process could see; '
            'write "local:" for state in memory'
        )
    if "\0" in path:
        raise ConfigError("url of [state] has a zero byte in its path; remove %00")
    return path
