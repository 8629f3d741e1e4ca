"""
Owns the shape of a configuration and the range of each value; reads no files.

Each class checks itself when it is made, so a `Config` that exists is a valid one.
Where the values come from (TOML, a dict, the environment) is `reader`'s concern.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from holybalance.config import checks, urls
from holybalance.config.card import Card, day
from holybalance.config.checks import Check, settle
from holybalance.config.clashes import Parts, clashes
from holybalance.config.price import Price
from holybalance.config.problems import Problems
from holybalance.config.routing import (
    ANY_MODEL as ANY_MODEL,  # noqa: PLC0414 - it is asked for here as well
)
from holybalance.config.routing import (
    STRATEGIES,
    AliasConfig,
    BudgetConfig,
    RouteConfig,
    StateConfig,
)
from holybalance.config.secret import Secret
from holybalance.errors import ConfigError

if TYPE_CHECKING:
    from os import PathLike

POLICIES = ("p2c", "round_robin", "weighted", "least_in_flight", "cheapest")
WHEN_SATURATED = ("wait", "fail")
ON_RETIRED = ("ask", "successor")
ON_UNSUPPORTED = ("fail", "drop")
FORMATS = ("openai", "anthropic", "gemini", "vertex")
"""Wire formats; "vertex" is Gemini's with embeddings of its own."""
AUTHS = ("bearer", "api-key", "x-api-key", "x-goog-api-key")
"""How a key is sent: as a bearer token (RFC 6750), or in the header of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerConfig:
    """
    When an endpoint's circuit opens, and how it closes again; times in seconds.

    Args:
        failures: this many failures in a row open the circuit.
        failure_ratio: so does this share of at least `min_calls` within `window`.
        open_for: how long it stays open, times the trips so far, up to `max_open_for`.
        half_open_max_calls: trials let through, and successes needed, to close it.
        slow_start: how long a closed circuit takes to ramp up to its full share.
    """

    failures: int = 5
    failure_ratio: float = 0.5
    min_calls: int = 10
    window: float = 30.0
    open_for: float = 30.0
    max_open_for: float = 300.0
    half_open_max_calls: int = 3
    slow_start: float = 30.0

    def __post_init__(self) -> None:
        settle(self, BREAKER_CHECKS)
        if self.max_open_for < self.open_for:
            raise ConfigError(
                f"max_open_for ({self.max_open_for:g}) must not be below"
                f" open_for ({self.open_for:g})"
            )


BREAKER_CHECKS: dict[str, Check] = {
    "failures": checks.whole(1),
    "failure_ratio": checks.share,
    "min_calls": checks.whole(1),
    "window": checks.seconds,
    "open_for": checks.seconds,
    "max_open_for": checks.seconds,
    "half_open_max_calls": checks.whole(1),
    "slow_start": checks.seconds_or_none,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """
    What holds for every call and endpoint; times in seconds.

    Args:
        model: used when a call names none: a model, an alias or "auto"; else the first
            endpoint's first model.
        timeout: the whole call: waiting, all attempts, backing off.
        connect_timeout: DNS, TCP, proxy and TLS of one connection.
        attempt_timeout: one attempt; `None` leaves it to `timeout`.
        first_token_timeout: from the start of a stream's attempt to its first token.
        idle_timeout: from one token of a stream to the next; comments are none.
        max_attempts: tries a call, the first included.
        retry_lost: may a request that was sent and never answered be sent again?
        retry_budget: retries allowed as a share of the calls of a model.
        hedge: may a stream whose first token is late be started elsewhere as well?
        hedge_budget: streams started so, as a share of the streams of a model.
        on_unsupported: what becomes of a call with an option that a provider does not
            have: "fail" refuses it there, "drop" leaves the option out, with a warning.
        policy: a name of `POLICIES`, or a callable of the user's.
        threads: workers behind `submit` and `map`.
        max_queued: calls that may wait for such a worker.
        proxy: a proxy's URL; `None` asks the environment; one that reveals `""`
            uses none. A secret, since it may carry a password.
        ca_file: PEM file of certificate authorities to trust instead of the usual.
        strategy: how models are ordered where nothing else says so.
        on_retired: whether a model that its maker has withdrawn is asked for all the
            same, or its successor is.
        content_policy_fallback: does a model's refusal for its content policy send the
            call to the next one?
        classifier: names the task of messages in place of ours.
    """

    model: str | None = None
    timeout: float = 60.0
    connect_timeout: float = 5.0
    attempt_timeout: float | None = None
    first_token_timeout: float = 30.0
    idle_timeout: float = 20.0
    max_attempts: int = 4
    retry_lost: bool = True
    retry_budget: float = 0.1
    hedge: bool = False
    hedge_budget: float = 0.02
    on_unsupported: str = "fail"
    policy: str | Callable[..., Any] = "p2c"
    when_saturated: str = "wait"
    threads: int = 64
    max_queued: int = 5000
    max_in_flight: int = 200
    max_request_bytes: int = 32 * 1024 * 1024
    max_response_bytes: int = 64 * 1024 * 1024
    proxy: Secret | None = None
    ca_file: str | None = None
    strategy: str = "balanced"
    on_retired: str = "ask"
    content_policy_fallback: bool = False
    classifier: Callable[..., Any] | None = None
    breaker: BreakerConfig = field(default_factory=BreakerConfig)

    def __post_init__(self) -> None:
        settle(self, DEFAULTS_CHECKS)


DEFAULTS_CHECKS: dict[str, Check] = {
    "model": checks.optional(checks.model),
    "timeout": checks.seconds,
    "connect_timeout": checks.seconds,
    "attempt_timeout": checks.optional(checks.seconds),
    "first_token_timeout": checks.seconds,
    "idle_timeout": checks.seconds,
    "max_attempts": checks.whole(1),
    "retry_lost": checks.flag,
    "retry_budget": checks.share_or_none,
    "hedge": checks.flag,
    "hedge_budget": checks.share_or_none,
    "on_unsupported": checks.choice(ON_UNSUPPORTED),
    "policy": checks.choice_or_callable(POLICIES),
    "when_saturated": checks.choice(WHEN_SATURATED),
    "threads": checks.whole(1),
    "max_queued": checks.whole(0),
    "max_in_flight": checks.whole(1),
    "max_request_bytes": checks.whole(1),
    "max_response_bytes": checks.whole(1),
    "proxy": checks.optional(urls.proxy),
    "ca_file": checks.optional(checks.readable_file),
    "strategy": checks.choice(STRATEGIES),
    "on_retired": checks.choice(ON_RETIRED),
    "content_policy_fallback": checks.flag,
    "classifier": checks.optional_callable,
    "breaker": checks.instance(BreakerConfig),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """
    One API base URL with one key.

    Args:
        name: unique; shown in replies, errors and metrics.
        format: the wire format that it speaks, of `FORMATS`.
        base_url: with the API's version, without a trailing slash.
        models: the caller's name of a model to the upstream's; `"*"` takes any name.
        auth: how the key is sent, of `AUTHS`.
        token: gives the key for each request in place of `api_key`; called from any
            thread. It may hold secrets, so it is never shown.
        rpm: requests a minute; `None` for no limit of ours.
        tpm: tokens a minute, input and output together; `None` for no limit of ours.
        weight: its share relative to others.
        priority: tiers; a higher number is used only when all lower ones refuse.
        headers: sent with every request besides our own.
        prices: by the caller's name of a model; one that is not there is unknown.
        retires: the day from which it does not serve a model any more, where known.
        max_outputs: tokens of one answer at the most, by the caller's name of a model,
            where known.
        stream_usage: whether a stream asks for its usage, which some servers refuse.
    """

    name: str
    provider: str
    base_url: str
    models: Mapping[str, str]
    format: str = "openai"
    api_key: Secret | None = None
    auth: str = "bearer"
    token: Callable[[], str] | None = field(default=None, repr=False)
    rpm: float | None = None
    tpm: float | None = None
    max_in_flight: int = 200
    weight: float = 1.0
    priority: int = 0
    proxy: Secret | None = None
    ca_file: str | None = None
    headers: Mapping[str, Secret] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    stream_usage: bool = True
    retires: Mapping[str, dt.date] = field(default_factory=dict)
    max_outputs: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settle(self, ENDPOINT_CHECKS)
        if self.api_key is not None and self.token is not None:
            raise ConfigError("EndpointConfig: api_key and token exclude each other")

    def serves(self, model: str) -> bool:
        """Whether it takes this name of a model."""
        return model in self.models or ANY_MODEL in self.models


ENDPOINT_CHECKS: dict[str, Check] = {
    "name": checks.label,
    "provider": checks.label,
    "base_url": urls.base_url,
    "models": checks.models,
    "format": checks.choice(FORMATS),
    "api_key": checks.optional(checks.secret(Secret)),
    "auth": checks.choice(AUTHS),
    "token": checks.optional_callable,
    "rpm": checks.optional(checks.positive),
    "tpm": checks.optional(checks.positive),
    "max_in_flight": checks.whole(1),
    "weight": checks.positive,
    "priority": checks.whole(0),
    "proxy": checks.optional(urls.proxy),
    "ca_file": checks.optional(checks.readable_file),
    "headers": checks.headers,
    "prices": checks.mapping(checks.instance(Price)),
    "stream_usage": checks.flag,
    "retires": checks.mapping(day),
    "max_outputs": checks.mapping(checks.whole(1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    A whole, valid configuration.

    Args:
        endpoints: at least one, each with its own name.
        aliases: names for several models, by name.
        routes: for calls of "auto"; the first that fits decides.
        budgets: each with its own name; all that a call falls under must have room.
        state: what processes share.
        catalog: what is known of models, by every name that they have.
        source: where it came from, for people.
    """

    endpoints: tuple[EndpointConfig, ...]
    defaults: Defaults = field(default_factory=Defaults)
    aliases: Mapping[str, AliasConfig] = field(default_factory=dict)
    routes: tuple[RouteConfig, ...] = ()
    budgets: tuple[BudgetConfig, ...] = ()
    state: StateConfig = field(default_factory=StateConfig)
    catalog: Mapping[str, Card] = field(default_factory=dict)
    source: str = "a dict"

    def __post_init__(self) -> None:
        settle(self, CONFIG_CHECKS)
        for name, alias in self.aliases.items():
            if name != alias.name:
                message = f'aliases has "{alias.name}" by another name, "{name}"'
                raise ConfigError(message)
        problems = Problems(source="Config")
        parts = (self.endpoints, self.defaults, self.aliases, self.routes, self.budgets)
        for path, message in clashes(Parts(*parts)):
            problems.add(path, message)
        problems.raise_if_any()

    @property
    def models(self) -> tuple[str, ...]:
        """
        Every name that an endpoint lists of a model that chats, in order, each once.

        What only embeds is left out: nothing that chooses among models may take it.
        """
        listed = (
            name
            for endpoint in self.endpoints
            for name, sent in endpoint.models.items()
            if name != ANY_MODEL and self._chats(name, sent)
        )
        return tuple(dict.fromkeys(listed))

    @property
    def default_model(self) -> str | None:
        """What a call asks for that names nothing; `None` when nothing settles it."""
        model = self.defaults.model or next(iter(self.endpoints[0].models))
        return None if model == ANY_MODEL else model

    def _chats(self, name: str, sent: str) -> bool:
        card = self.catalog.get(name) or self.catalog.get(sent)
        return card is None or card.chats

    @classmethod
    def load(
        cls, path: str | PathLike[str], *, environ: Mapping[str, str] | None = None
    ) -> Config:
        """
        Read a TOML file.

        Args:
            path: the file; the paths in it are relative to its folder.
            environ: environment variables; `None` takes the process's own.

        Raises:
            ConfigError: names the file, the line, and every mistake found.
        """
        from holybalance.config import reader  # noqa: PLC0415 - it imports this module

        return reader.load(path, environ=environ)

    @classmethod
    def from_dict(
        cls, mapping: Mapping[str, Any], *, environ: Mapping[str, str] | None = None
    ) -> Config:
        """
        Read a mapping of the same shape as a TOML file.

        Raises:
            ConfigError: names every mistake found.
        """
        from holybalance.config import reader  # noqa: PLC0415 - it imports this module

        return reader.from_dict(mapping, environ=environ)

    @classmethod
    def of(cls, given: Config | Mapping[str, Any] | None) -> Config:
        """
        Take a configuration in any of the ways that callers may give one.

        Raises:
            ConfigError: as `from_dict` for a mapping, as `find` for `None`.
        """
        if given is None:
            return cls.find()
        return given if isinstance(given, Config) else cls.from_dict(given)

    @classmethod
    def find(
        cls,
        environ: Mapping[str, str] | None = None,
        cwd: str | PathLike[str] | None = None,
    ) -> Config:
        """
        Take `$HOLYBALANCE_CONFIG`, `./holybalance.toml` or the providers' keys.

        Raises:
            ConfigError: the first of them that exists is wrong, or none exists.
        """
        from holybalance.config import reader  # noqa: PLC0415 - it imports this module

        return reader.find(environ=environ, cwd=cwd)


def _endpoints(value: Any) -> tuple[EndpointConfig, ...]:
    if not isinstance(value, tuple | list) or not value:
        raise checks.RejectedError("must be at least one EndpointConfig, in a tuple")
    return tuple(checks.instance(EndpointConfig)(item) for item in value)


CONFIG_CHECKS: dict[str, Check] = {
    "endpoints": _endpoints,
    "defaults": checks.instance(Defaults),
    "aliases": checks.mapping(checks.instance(AliasConfig)),
    "routes": checks.each(checks.instance(RouteConfig)),
    "budgets": checks.each(checks.instance(BudgetConfig)),
    "state": checks.instance(StateConfig),
    "catalog": checks.mapping(checks.instance(Card)),
    "source": checks.label,
}
