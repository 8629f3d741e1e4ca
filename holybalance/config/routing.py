"""Owns the shape of what decides on models and money: routes, budgets, shared state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holybalance.config import checks
from holybalance.config.card import ABILITIES, TASKS
from holybalance.config.checks import Check, RejectedError, settle
from holybalance.config.secret import Secret
from holybalance.config.wording import likely
from holybalance.errors import ConfigError

AUTO = "auto"
"""The model's name that leaves the choice to the router."""
ANY_MODEL = "*"
"""In an endpoint's list of models: any name is taken."""
STRATEGIES = ("task", "cheapest", "fastest", "weighted", "balanced")
WINDOWS = ("hour", "day", "month", "total")
ON_EXCEED = ("cheapest", "fail")
SCOPES = ("all", "model", "endpoint", "tag")
STATE_SCHEMES = ("local", "sqlite", "redis", "rediss")


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasConfig:
    """
    A name of the user's for several models.

    Args:
        name: what `model=` may say; may be the name of one of its models.
        targets: one tier, ordered by `strategy` for each call.
        fallbacks: tried after all targets, in this order.
        strategy: of `STRATEGIES`; `None` for the one of `[defaults]`.
        weights: shares of targets for the strategy "weighted"; 1 where none is named.
    """

    name: str
    targets: tuple[str, ...]
    fallbacks: tuple[str, ...] = ()
    strategy: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settle(self, ALIAS_CHECKS)
        for model in self.weights:
            if model not in self.targets:
                message = f'weights has "{model}", which is none of its targets'
                raise ConfigError(message + likely(model, self.targets, "targets"))

    @property
    def models(self) -> tuple[str, ...]:
        """Targets and fallbacks, each once."""
        return tuple(dict.fromkeys((*self.targets, *self.fallbacks)))


ALIAS_CHECKS: dict[str, Check] = {
    "name": checks.model,
    "targets": checks.model_names(1),
    "fallbacks": checks.model_names(0),
    "strategy": checks.optional(checks.choice(STRATEGIES)),
    "weights": checks.mapping(checks.positive),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """
    Which calls a route is for; all that is given must hold.

    Args:
        tasks: one of these is the prompt's task; empty for any.
        tags: the call has one of these; empty for any.
        needs: the call needs all of these, of `ABILITIES`.
        min_input_tokens: the prompt is estimated at this or more.
        max_input_tokens: the prompt is estimated at this or less.
    """

    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    min_input_tokens: int | None = None
    max_input_tokens: int | None = None

    def __post_init__(self) -> None:
        settle(self, CONDITION_CHECKS)
        least, most = self.min_input_tokens, self.max_input_tokens
        if least is not None and most is not None and most < least:
            raise ConfigError(
                f"max_input_tokens ({most}) must not be below min_input_tokens "
                f"({least}): no call would meet both"
            )


CONDITION_CHECKS: dict[str, Check] = {
    "tasks": checks.some_of(TASKS),
    "tags": checks.labels,
    "needs": checks.names_of(ABILITIES),
    "min_input_tokens": checks.optional(checks.whole(0)),
    "max_input_tokens": checks.optional(checks.whole(1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteConfig:
    """
    Which models the calls of "auto" go to that meet a condition.

    Args:
        use: models in order of preference, unless `strategy` orders them.
        strategy: of `STRATEGIES`; `None` keeps the order of `use`.
    """

    use: tuple[str, ...]
    when: Condition = field(default_factory=Condition)
    strategy: str | None = None

    def __post_init__(self) -> None:
        settle(self, ROUTE_CHECKS)


ROUTE_CHECKS: dict[str, Check] = {
    "use": checks.model_names(1),
    "when": checks.instance(Condition),
    "strategy": checks.optional(checks.choice(STRATEGIES)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetConfig:
    """
    How much money may be spent, on what, and in which time.

    Args:
        name: unique; shown in errors and tables.
        limit_usd: US dollars in one window.
        window: of `WINDOWS`; "total" never ends.
        scope: "all", "model:NAME", "endpoint:NAME" or "tag:NAME".
        on_exceed: "cheapest" sends what the router may decide on to the cheapest model
            once `economy_at` of the limit is gone, for the scopes "all" and "tag:NAME"
            only; both fail when nothing fits.
        economy_at: share of the limit.
        timezone: whose midnight ends a window, as in "Europe/Berlin".
        is_passing: it is of one run, and nobody will ask for it again; not for users.
    """

    name: str
    limit_usd: float
    window: str = "day"
    scope: str = "all"
    on_exceed: str = "fail"
    economy_at: float = 0.9
    timezone: str = "UTC"
    is_passing: bool = False

    def __post_init__(self) -> None:
        settle(self, BUDGET_CHECKS)

    @property
    def scope_kind(self) -> str:
        """What the scope is of: one of `SCOPES`."""
        return self.scope.partition(":")[0]

    @property
    def scope_name(self) -> str:
        """The model, endpoint or tag; empty for all."""
        return self.scope.partition(":")[2]


def _scope(value: Any) -> str:
    kind, colon, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    is_right = kind in SCOPES and (kind == "all") != bool(colon and name)
    if not is_right or (kind == "all" and colon):
        raise RejectedError(
            f'must be "all", "model:NAME", "endpoint:NAME" or "tag:NAME", not {value!r}'
        )
    return checks.label(value)


def _timezone(value: Any) -> str:
    # Imported here: most configurations have no time zones.
    import zoneinfo  # noqa: PLC0415

    name = checks.label(value)
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise RejectedError(
            f'must be a time zone such as "Europe/Berlin", and {name!r} is not known '
            "on this machine (without time zone data: pip install tzdata)"
        ) from None
    return name


BUDGET_CHECKS: dict[str, Check] = {
    "name": checks.label,
    "limit_usd": checks.positive,
    "window": checks.choice(WINDOWS),
    "scope": _scope,
    "on_exceed": checks.choice(ON_EXCEED),
    "economy_at": checks.share_or_none,
    "timezone": _timezone,
    "is_passing": checks.flag,
}
BUDGET_KEYS = {k: check for k, check in BUDGET_CHECKS.items() if k != "is_passing"}
"""What a table of `[[budgets]]` may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateConfig:
    """
    Where processes share rate limits, money and cool-downs.

    Args:
        url: "local:" for this process alone, "sqlite:///path" for the processes of one
            machine, "redis://host:port/0" for those of many. A secret, since it may
            carry a password.
        namespace: keeps several users of one store apart.
        processes: between how many limits are divided while the store cannot be
            reached and it is not known how many there are.
        is_passing: it is of one launcher, and empty when that begins; not for users.
    """

    url: Secret = field(default_factory=lambda: Secret.url("local:"))
    namespace: str = "holybalance"
    processes: int = 4
    is_passing: bool = False

    def __post_init__(self) -> None:
        settle(self, STATE_CHECKS)

    @property
    def scheme(self) -> str:
        """The kind of store: one of `STATE_SCHEMES`."""
        return self.url.reveal().partition(":")[0].lower()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may see it."""
        return self.scheme != "local"


def _state_url(value: Any) -> Secret:
    url: Secret = checks.secret(Secret.url)(value)
    text = url.reveal()
    scheme, colon, rest = text.partition(":")
    wanted = (
        'must be "local:", "sqlite:///PATH" (four slashes for an absolute path) or '
        '"redis://HOST:PORT/0"'
    )
    if not colon or scheme.lower() not in STATE_SCHEMES:
        raise RejectedError(wanted)
    if scheme.lower() == "sqlite" and (not rest.startswith("///") or len(rest) < 4):
        raise RejectedError(wanted)
    if scheme.lower() == "local" and rest:
        raise RejectedError(wanted)
    if scheme.lower().startswith("redis") and not rest.startswith("//"):
        raise RejectedError(wanted)
    return url


STATE_CHECKS: dict[str, Check] = {
    "url": _state_url,
    "namespace": checks.label,
    "processes": checks.whole(1),
    "is_passing": checks.flag,
}
STATE_KEYS = {k: check for k, check in STATE_CHECKS.items() if k != "is_passing"}
"""What `[state]` may hold."""
