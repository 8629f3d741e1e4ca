"""Owns which endpoints a client calls: a configuration's, or the one it is told of."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holybalance.client import Client
from holybalance.config import Config
from holybalance.integrations.openai.errors import OpenAIError
from holybalance.integrations.openai.given import is_given
from holybalance.integrations.openai.timeouts import (
    DEFAULT_TIMEOUT,
    connect_seconds_of,
    seconds_of,
)

_LOGGER = logging.getLogger("holybalance")
# As `Config.find` looks for a file.
_VARIABLE = "HOLYBALANCE_CONFIG"
_FILE = "holybalance.toml"
OPENAI_URL = "https://api.openai.com/v1"
NAMING = ("api_key", "base_url", "organization", "project")
"""The arguments that name an endpoint, or belong to it."""
# The official package's own number of connections at once.
_MAX_IN_FLIGHT = 1000


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


class Pool:
    """
    A client of the library's, and how it came about.

    Args:
        key: of the one endpoint; empty for a function's, and for a configuration's.
        is_configured: by a configuration, and not by arguments.
        is_own: whoever closes this closes the client.
    """

    def __init__(
        self, client: Client, *, key: str = "", is_configured: bool, is_own: bool
    ) -> None:
        self.client = client
        self.key = key
        self.is_configured = is_configured
        self.is_own = is_own
        self.is_closed = False

    def close(self) -> None:
        """End its connections, where they are its own."""
        self.is_closed = True
        if self.is_own:
            self.client.close()


def find_pool(
    arguments: Arguments,
    config: Config | Mapping[str, Any] | None,
    client: Client | None,
    environ: Mapping[str, str] | None = None,
) -> Pool:
    """
    Find the endpoints to call.

    A client or a configuration that was passed comes first, then a file that
    `Config.find` would read, then what the arguments and `OPENAI_*` variables name.

    Raises:
        OpenAIError: there is no key.
        ConfigError: the configuration is wrong.
    """
    environ = os.environ if environ is None else environ
    if client is not None and config is not None:
        raise TypeError("pass config or client, not both")
    if client is not None:
        return _configured(client, arguments, is_own=False)
    if config is not None or _has_file(environ):
        return _configured(Client(config), arguments, is_own=True)
    return make_pool(arguments, environ)


def make_pool(arguments: Arguments, environ: Mapping[str, str] | None = None) -> Pool:
    """
    Make the pool of the one endpoint that arguments name, or `OPENAI_*` variables.

    Raises:
        OpenAIError: there is no key.
        ConfigError: something in them is wrong.
    """
    environ = os.environ if environ is None else environ
    key = _key(arguments, environ)
    made = Config.from_dict(_configuration(arguments, key, environ), environ={})
    shown = "" if callable(key) else key
    return Pool(Client(made), key=shown, is_configured=False, is_own=True)


def warn_of_unused(names: Collection[str], source: str) -> None:
    """Say once what a configuration leaves no use for."""
    unused = [name for name in NAMING if name in names]
    if unused:
        _LOGGER.warning(
            "%s names the endpoints, so %s of OpenAI() %s left aside",
            source,
            " and ".join(unused),
            "are" if len(unused) > 1 else "is",
        )


def _configured(client: Client, arguments: Arguments, *, is_own: bool) -> Pool:
    given = [name for name in NAMING if getattr(arguments, name) is not None]
    warn_of_unused(given, client.config.source)
    return Pool(client, is_configured=True, is_own=is_own)


def _has_file(environ: Mapping[str, str]) -> bool:
    return bool(environ.get(_VARIABLE)) or Path(_FILE).exists()


def _key(arguments: Arguments, environ: Mapping[str, str]) -> str | Callable[[], str]:
    """
    Find the key, or what gives one.

    Raises:
        OpenAIError: there is none.
    """
    key = arguments.api_key
    if key is None:
        key = environ.get("OPENAI_API_KEY")
    if not key:
        raise OpenAIError(
            "no key: pass api_key (for a server without keys any text will do), set "
            "$OPENAI_API_KEY, or configure endpoints in ./holybalance.toml or in the "
            "file that $HOLYBALANCE_CONFIG names"
        )
    return key


def _url(arguments: Arguments, environ: Mapping[str, str]) -> str:
    """Find the base URL, without a trailing slash."""
    url = arguments.base_url or environ.get("OPENAI_BASE_URL") or OPENAI_URL
    return str(url).rstrip("/")


def _configuration(
    arguments: Arguments, key: str | Callable[[], str], environ: Mapping[str, str]
) -> dict[str, Any]:
    """Write the configuration of the one endpoint that arguments name."""
    endpoint = {
        "provider": "openai",
        "base_url": _url(arguments, environ),
        "api_key": key,
        "models": ["*"],
        "max_in_flight": _MAX_IN_FLIGHT,
    }
    is_told = is_given(arguments.timeout)
    timeout = arguments.timeout if is_told else DEFAULT_TIMEOUT
    return {"endpoints": [endpoint], "defaults": _defaults(timeout)}


def _defaults(timeout: Any) -> dict[str, Any]:
    """The official package's timeout is for each silence, and so for the first one."""
    defaults: dict[str, Any] = {}
    seconds = seconds_of(timeout)
    if seconds > 0:
        defaults["first_token_timeout"] = defaults["idle_timeout"] = seconds
    connect = connect_seconds_of(timeout)
    if connect is not None:
        defaults["connect_timeout"] = connect
    return defaults
