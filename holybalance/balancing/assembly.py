"""Owns how a configuration becomes endpoints; opens no socket and starts no thread."""

from __future__ import annotations

import functools
import importlib
import os
import ssl
from collections.abc import Callable
from typing import Any, cast
from urllib import request
from urllib.parse import urlsplit

import certifi

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.runtime import Runtime
from holybalance.config import Config, Defaults, EndpointConfig, urls
from holybalance.config.checks import RejectedError
from holybalance.errors import ConfigError
from holybalance.version import __version__
from holybalance.wire.connection import Surroundings
from holybalance.wire.formats import WireFormat
from holybalance.wire.login import login
from holybalance.wire.resolver import Resolver
from holybalance.wire.transport import Target, Transport


def format_of(name: str) -> WireFormat:
    """Give a wire format; each is loaded when an endpoint speaks it."""
    found: Any = importlib.import_module(f"holybalance.wire.{name}")
    return cast(WireFormat, found)


def make_endpoints(
    config: Config, runtime: Runtime, is_given_up: Callable[[], bool]
) -> list[Endpoint]:
    """
    Make an endpoint for each that is configured.

    Args:
        is_given_up: asked by exchanges under way; true ends them.

    Raises:
        ConfigError: a file of certificate authorities is not one, or the environment
            names a proxy that cannot be used.
    """
    surroundings = Surroundings(
        clock=runtime.clock, resolver=Resolver(), is_given_up=is_given_up
    )
    # Endpoints that trust the same authorities share a context: it takes 15 ms to read.
    make_tls = functools.cache(_make_tls)
    endpoints = []
    for settings in config.endpoints:
        target = make_target(settings, config.defaults, make_tls)
        endpoints.append(
            Endpoint(
                settings,
                config.defaults.breaker,
                Transport(target, surroundings),
                format_of(settings.format),
                runtime,
                drops=config.defaults.on_unsupported == "drop",
            )
        )
    return endpoints


def make_target(
    endpoint: EndpointConfig,
    defaults: Defaults,
    make_tls: Callable[[str | None], ssl.SSLContext],
) -> Target:
    """Say where an endpoint's requests go, and how."""
    is_secure = endpoint.base_url.startswith("https:")
    return Target(
        base_url=endpoint.base_url,
        headers=_headers(endpoint),
        proxy=_proxy(endpoint),
        tls=make_tls(endpoint.ca_file) if is_secure else None,
        connect_timeout=defaults.connect_timeout,
        max_response_bytes=defaults.max_response_bytes,
        max_idle=endpoint.max_in_flight,
        replace_stale=defaults.retry_lost,
    )


def _headers(endpoint: EndpointConfig) -> dict[str, str]:
    ours = {"User-Agent": f"holybalance/{__version__}"}
    ours |= format_of(endpoint.format).headers()
    if endpoint.api_key is not None:
        ours |= login(endpoint.auth, endpoint.api_key.reveal())
    theirs = {name: value.reveal() for name, value in endpoint.headers.items()}
    replaced = {name.lower() for name in theirs}
    kept = {name: value for name, value in ours.items() if name.lower() not in replaced}
    return kept | theirs


def _make_tls(ca_file: str | None) -> ssl.SSLContext:
    """Trust `ca_file`, else `$SSL_CERT_FILE`, else the authorities of certifi."""
    trusted = ca_file or os.environ.get("SSL_CERT_FILE") or certifi.where()
    try:
        return ssl.create_default_context(cafile=trusted)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"cannot read certificate authorities from {trusted}: {error}; "
            "ca_file wants a PEM file"
        ) from error


def _proxy(endpoint: EndpointConfig) -> str | None:
    """
    Find the proxy of an endpoint: its own, else the environment's, else none.

    `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` are read in the usual way;
    an upstream on this machine never goes through a proxy of the environment.
    """
    if endpoint.proxy is not None:
        return endpoint.proxy.reveal() or None
    url = urlsplit(endpoint.base_url)
    host = url.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        return None
    proxies = request.getproxies_environment()
    scheme = url.scheme if proxies.get(url.scheme) else "all"
    proxy = proxies.get(scheme)
    if not proxy or request.proxy_bypass_environment(  # type: ignore[attr-defined]  # not in its stubs
        url.netloc, proxies
    ):
        return None
    try:
        return urls.proxy(_with_port(proxy)).reveal()
    except RejectedError as error:
        # Neither message nor cause shows the URL, which may carry a password.
        raise ConfigError(
            f'endpoint "{endpoint.name}": the proxy of ${scheme}_proxy {error}; '
            'correct it, set the proxy of the endpoint, or proxy = "" for none'
        ) from error


def _with_port(proxy: str) -> str:
    """Fill in what the environment's variables may leave out: scheme and port."""
    scheme, separator, rest = proxy.rpartition("://")
    place, slash, path = rest.partition("/")
    if ":" not in place.rpartition("@")[2].rpartition("]")[2]:
        place += ":80"
    return f"{scheme if separator else 'http'}://{place}{slash}{path}"
