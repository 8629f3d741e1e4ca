"""Owns which endpoints a client calls: a configuration's, or the one it is told of."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from holybalance.client import Client
from holybalance.config import Config, Secret
from holybalance.config.checks import RejectedError
from holybalance.config.urls import base_url
from holybalance.errors import ConfigError
from holybalance.integrations.openai.errors import OpenAIConfigError
from holybalance.integrations.openai.inputs import is_given
from holybalance.integrations.openai.settings import (
    DEFAULT_TIMEOUT,
    NO_TIMEOUT_S,
    Arguments,
    connect_seconds_of,
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

GivenConfig = Config | Mapping[str, Any] | str | os.PathLike[str]


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
    config: GivenConfig | None,
    client: Client | None,
    environ: Mapping[str, str] | None = None,
) -> Pool:
    """
    Find the endpoints to call.

    A client or a configuration that was passed comes first, then a file that
    `Config.find` would read, then what the arguments and `OPENAI_*` variables name.

    Raises:
        OpenAIConfigError: there is no key, or the configuration is wrong.
    """
    environ = os.environ if environ is None else environ
    if client is not None and config is not None:
        raise TypeError("pass config or client, not both")
    if client is not None:
        return _configured(client, arguments, is_own=False)
    if config is not None or _has_file(environ):
        return _configured(_made(_read, config), arguments, is_own=True)
    return make_pool(arguments, environ)


def make_pool(arguments: Arguments, environ: Mapping[str, str] | None = None) -> Pool:
    """
    Make the pool of the one endpoint that arguments name, or `OPENAI_*` variables.

    Raises:
        OpenAIConfigError: there is no key, or something in them is wrong.
    """
    environ = os.environ if environ is None else environ
    key = _key(arguments, environ)
    mapping = _configuration(arguments, key, _url(arguments, environ))
    client = _made(lambda given: Config.from_dict(given, environ={}), mapping)
    shown = key if isinstance(key, str) else ""
    return Pool(client, key=shown, is_configured=False, is_own=True)


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


def _made(read: Callable[[Any], Config], given: Any) -> Client:
    try:
        return Client(read(given))
    except ConfigError as error:
        # Anew rather than from it: it says the same.
        raise OpenAIConfigError(str(error)) from None


def _read(config: GivenConfig | None) -> Config:
    if isinstance(config, str | os.PathLike):
        return Config.load(config)
    return Config.of(config)


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
        OpenAIConfigError: there is none, or it can be none.
    """
    key, where = arguments.api_key, "api_key"
    if key is None:
        key, where = environ.get("OPENAI_API_KEY"), "$OPENAI_API_KEY"
    if not key:
        raise OpenAIConfigError(
            "no key: pass api_key (for a server without keys any text will do), set "
            "$OPENAI_API_KEY, or configure endpoints in ./holybalance.toml or in the "
            "file that $HOLYBALANCE_CONFIG names"
        )
    if callable(key):
        return key
    if not isinstance(key, str):
        kind = type(key).__name__
        raise OpenAIConfigError(
            f"{where} must be a string, or a function that gives one, not {kind}"
        )
    try:
        Secret(key)
    except ConfigError as error:
        raise OpenAIConfigError(f"{where}: {error}") from None
    return key


def _url(arguments: Arguments, environ: Mapping[str, str]) -> str:
    """
    Find the base URL, without a trailing slash.

    Raises:
        OpenAIConfigError: it is none.
    """
    url, where = arguments.base_url, "base_url"
    if not url:
        url, where = environ.get("OPENAI_BASE_URL"), "$OPENAI_BASE_URL"
    try:
        return base_url(str(url or OPENAI_URL))
    except RejectedError as error:
        raise OpenAIConfigError(f"{where} {error}") from None


def _configuration(
    arguments: Arguments, key: str | Callable[[], str], url: str
) -> dict[str, Any]:
    """Write the configuration of the one endpoint that arguments name."""
    endpoint = {
        "provider": "openai",
        "base_url": url,
        "api_key": key,
        "models": ["*"],
        "max_in_flight": _MAX_IN_FLIGHT,
    }
    # A call's timeout bounds its silences as well, and is told with each call.
    defaults = dict.fromkeys(("first_token_timeout", "idle_timeout"), NO_TIMEOUT_S)
    is_told = is_given(arguments.timeout)
    connect = connect_seconds_of(arguments.timeout if is_told else DEFAULT_TIMEOUT)
    if connect is not None:
        defaults["connect_timeout"] = connect
    return {"endpoints": [endpoint], "defaults": defaults}
