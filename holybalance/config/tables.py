"""Owns turning every table but `[[endpoints]]` and `[catalog]` into its value."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from holybalance.config.checks import Check
from holybalance.config.fields import (
    Fields,
    build,
    read_array,
    read_fields,
    read_table,
)
from holybalance.config.problems import KeyPath, Problems
from holybalance.config.routing import (
    ALIAS_CHECKS,
    BUDGET_KEYS,
    CONDITION_CHECKS,
    ROUTE_CHECKS,
    STATE_KEYS,
    AliasConfig,
    BudgetConfig,
    Condition,
    RouteConfig,
    StateConfig,
)
from holybalance.config.schema import (
    BREAKER_CHECKS,
    DEFAULTS_CHECKS,
    BreakerConfig,
    Defaults,
)
from holybalance.config.secret import Secret
from holybalance.config.sources import Sources

ALIAS_KEYS = {key: check for key, check in ALIAS_CHECKS.items() if key != "name"}
_SINGULAR = {"task": "tasks", "tag": "tags"}
_CONDITION_KEYS: dict[str, Check] = {
    **CONDITION_CHECKS,
    **{one: CONDITION_CHECKS[several] for one, several in _SINGULAR.items()},
}
_SQLITE = "sqlite:///"


def read_defaults(sources: Sources, table: Mapping[str, Any]) -> Defaults:
    """Read `[defaults]`; what is wrong keeps its default and is noted."""
    problems = sources.problems
    known = dict(table)
    if "breaker" in known:
        path = ("defaults", "breaker")
        known["breaker"] = _breaker(
            problems, read_table(problems, path, table[path[1]])
        )
    if known.get("proxy") is not None:
        path = ("defaults", "proxy")
        known["proxy"] = sources.secret(path, known["proxy"], Secret.url)
    if isinstance(known.get("ca_file"), str) and known["ca_file"]:
        known["ca_file"] = sources.path(known["ca_file"])
    fields = read_fields(problems, ("defaults",), known, DEFAULTS_CHECKS)
    return Defaults(**fields.passed)


def _breaker(problems: Problems, table: Mapping[str, Any]) -> BreakerConfig:
    path = ("defaults", "breaker")
    fields = read_fields(problems, path, table, BREAKER_CHECKS)
    breaker = build(problems, (*path, "max_open_for"), BreakerConfig, fields)
    return breaker or BreakerConfig()


def read_aliases(problems: Problems, value: Any) -> dict[str, AliasConfig]:
    """Read `[models.NAME]`, each an alias."""
    path: KeyPath = ("models",)
    if isinstance(value, list | tuple):
        message = "models must be tables, [models.NAME]; lists belong in [[endpoints]]"
        problems.add(path, message)
        return {}
    aliases: dict[str, AliasConfig] = {}
    for name, item in read_table(problems, path, value).items():
        alias = _alias(problems, str(name), item)
        aliases |= {} if alias is None else {alias.name: alias}
    return aliases


def _alias(problems: Problems, name: str, value: Any) -> AliasConfig | None:
    path = ("models", name)
    naming = {"name": ALIAS_CHECKS["name"]}
    named = read_fields(problems, path, {"name": name}, naming)
    table = read_table(problems, path, value)
    if table is not value:
        return None
    fields = read_fields(problems, path, table, ALIAS_KEYS, ("targets",))
    whole = Fields(named.passed | fields.passed, named.complete and fields.complete)
    return build(problems, (*path, "weights"), AliasConfig, whole)


def read_routes(problems: Problems, value: Any) -> tuple[RouteConfig, ...]:
    """Read `[[routes]]`."""
    tables = read_array(problems, ("routes",), value)
    routes = [_route(problems, position, t) for position, t in enumerate(tables)]
    return tuple(route for route in routes if route is not None)


def _route(problems: Problems, position: int, value: Any) -> RouteConfig | None:
    path = ("routes", position)
    table = dict(_row(problems, path, value))
    if not table:
        return None
    if "when" in table and not isinstance(table["when"], Condition):
        given = read_table(problems, (*path, "when"), table["when"])
        table["when"] = _condition(problems, (*path, "when"), given)
    fields = read_fields(problems, path, table, ROUTE_CHECKS, ("use",))
    return build(problems, path, RouteConfig, fields)


def _condition(
    problems: Problems, path: KeyPath, table: Mapping[str, Any]
) -> Condition:
    fields = read_fields(problems, path, table, _CONDITION_KEYS)
    values = dict(fields.passed)
    for one, several in _SINGULAR.items():
        if one in table and several in table:
            message = f"{one} and {several} are one key by two names; keep one"
            problems.add((*path, one), message)
        if one in values:
            values[several] = values.pop(one)
    whole = Fields(values, fields.complete)
    condition = build(problems, (*path, "max_input_tokens"), Condition, whole)
    return condition or Condition()


def read_budgets(problems: Problems, value: Any) -> tuple[BudgetConfig, ...]:
    """Read `[[budgets]]`."""
    tables = read_array(problems, ("budgets",), value)
    budgets = [_budget(problems, position, t) for position, t in enumerate(tables)]
    return tuple(budget for budget in budgets if budget is not None)


def _budget(problems: Problems, position: int, value: Any) -> BudgetConfig | None:
    path = ("budgets", position)
    table = _row(problems, path, value)
    if not table:
        return None
    if isinstance(name := table.get("name"), str):
        problems.names[path] = name
    fields = read_fields(problems, path, table, BUDGET_KEYS, ("name", "limit_usd"))
    return build(problems, path, BudgetConfig, fields)


def _row(problems: Problems, path: KeyPath, value: Any) -> Mapping[str, Any]:
    """Give a table of an array; an empty one is a mistake as well."""
    if isinstance(value, Mapping) and value:
        return value
    what = "empty" if isinstance(value, Mapping) else "no table"
    problems.add(path, f"number {int(path[-1]) + 1} of {path[0]} is {what}")
    return {}


def read_state(sources: Sources, table: Mapping[str, Any]) -> StateConfig:
    """Read `[state]`; a store's driver must be there when it is named."""
    path: KeyPath = ("state", "url")
    known = dict(table)
    if "url" in known:
        url = _state_url(sources, path, known.pop("url"))
        known |= {} if url is None else {"url": url}
    fields = read_fields(sources.problems, path[:1], known, STATE_KEYS)
    state = StateConfig(**fields.passed)
    if state.scheme.startswith("redis") and importlib.util.find_spec("redis") is None:
        message = 'url: Redis needs its client; pip install "holybalance[redis]"'
        sources.problems.add(path, message)
    return state


def _state_url(sources: Sources, path: KeyPath, value: Any) -> Secret | None:
    def make(text: str) -> Secret:
        return Secret.url(_with_full_path(sources, text))

    given = sources.secret(path, value, make)
    # Once more for one that was a Secret already; to others it does nothing.
    return None if given is None else make(given.reveal())


def _with_full_path(sources: Sources, url: str) -> str:
    """Make a SQLite path one from the root, in the ASCII that a URL consists of."""
    if not url.lower().startswith(_SQLITE) or len(url) == len(_SQLITE):
        return url
    return _SQLITE + quote(sources.path(unquote(url[len(_SQLITE) :])))
