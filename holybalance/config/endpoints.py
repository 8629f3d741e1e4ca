"""Owns turning the tables of `[[endpoints]]` into endpoints; opens no configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holybalance.config import checks
from holybalance.config.catalog import Catalog
from holybalance.config.checks import RejectedError, examine, is_header_name
from holybalance.config.fields import read_price
from holybalance.config.presets import PRESETS, Preset
from holybalance.config.routing import ANY_MODEL
from holybalance.config.schema import ENDPOINT_CHECKS, Defaults, EndpointConfig
from holybalance.config.secret import Secret
from holybalance.config.sources import Sources
from holybalance.config.terms import Terms
from holybalance.config.urls import base_url, same_origin
from holybalance.config.wording import likely, shown

ENDPOINT_KEYS = tuple(
    key for key in ENDPOINT_CHECKS if key not in ("format", "retires")
)
"""What a table of `[[endpoints]]` may hold."""
_PLAIN = ("rpm", "tpm", "max_in_flight", "weight", "priority")
_INHERITED = ("max_in_flight", "proxy", "ca_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    Where an endpoint is.

    Args:
        url: the base URL as it was given.
        is_providers: whether the preset's key may go there.
        is_presets: whether it is the preset's own, with the models that are there.
    """

    url: Any
    is_providers: bool
    is_presets: bool


def endpoint_names(tables: list[Any]) -> list[str]:
    """A name for each table: its own, or its provider's, numbered from the second."""
    given = [_given_name(table) for table in tables]
    taken = {name for name in given if name}
    names: list[str] = []
    for table, name in zip(tables, given, strict=True):
        names.append(name or _free_name(_provider(table), taken))
        taken.add(names[-1])
    return names


def _given_name(table: Any) -> str:
    name = table.get("name") if isinstance(table, Mapping) else None
    return name if isinstance(name, str) else ""


def _provider(table: Any) -> str:
    provider = table.get("provider") if isinstance(table, Mapping) else None
    return provider if isinstance(provider, str) and provider in PRESETS else ""


def _free_name(stem: str, taken: set[str]) -> str:
    name, number = stem, 1
    while name and name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReader:
    """
    Reads one table after another.

    Args:
        sources: where secrets, variables and paths come from.
        defaults: what an endpoint takes over when it has no value of its own.
        catalog: what is known of models.
    """

    sources: Sources
    defaults: Defaults
    catalog: Catalog

    def read(self, position: int, name: str, table: Any) -> EndpointConfig | None:
        """Read the table at `position`; `None` after mistakes, which are noted."""
        path = ("endpoints", position)
        problems = self.sources.problems
        if not isinstance(table, Mapping):
            problems.add(path, f"an endpoint must be a table, not {shown(table)}")
            return None
        problems.add_unknown_keys(path, table, ENDPOINT_KEYS)
        preset = self._preset(position, table)
        if preset is None:
            return None
        values = self._values(position, table, preset) | {
            "name": table.get("name", name),
            "provider": preset.name,
            "format": preset.format,
        }
        passed, mistakes = examine(values, ENDPOINT_CHECKS)
        for key, message in mistakes.items():
            by_variable = key == "base_url" and "base_url" not in table
            origin = f" (it is from ${preset.url_variable})" if by_variable else ""
            problems.add((*path, key), message + origin)
        return None if problems.any() else EndpointConfig(**passed)

    def _preset(self, position: int, table: Mapping[str, Any]) -> Preset | None:
        provider = table.get("provider")
        if isinstance(provider, str) and provider in PRESETS:
            return PRESETS[provider]
        if provider is None:
            message = f"provider is missing; valid names: {', '.join(PRESETS)}"
        else:
            message = f"unknown provider {shown(provider)}" + likely(provider, PRESETS)
        path = ("endpoints", position, "provider")
        self.sources.problems.add(path, message)
        return None

    def _values(
        self, position: int, table: Mapping[str, Any], preset: Preset
    ) -> dict[str, Any]:
        address = self._address(table, preset)
        values: dict[str, Any] = {
            key: getattr(self.defaults, key) for key in _INHERITED
        }
        values |= {key: table[key] for key in _PLAIN if key in table}
        values |= self._ca_file(table)
        values |= self._key(position, table, preset, address)
        values |= self._proxy(position, table)
        values["base_url"] = address.url
        values["headers"] = self._headers(position, table)
        values |= self._models(position, table, preset, address)
        terms = self._terms(values.get("models"), preset, address)
        values["prices"] = self._prices(position, table, terms)
        values["retires"] = terms.retires()
        return values

    def _address(self, table: Mapping[str, Any], preset: Preset) -> Address:
        if "base_url" in table:
            url = table["base_url"]
            ours = _is_at(url, preset)
            return Address(url=url, is_providers=ours, is_presets=ours)
        url = self.sources.environ.get(preset.url_variable)
        if not url:
            return Address(url=preset.base_url, is_providers=True, is_presets=True)
        return Address(url=url, is_providers=True, is_presets=_is_at(url, preset))

    def _ca_file(self, table: Mapping[str, Any]) -> dict[str, Any]:
        if "ca_file" not in table:
            return {}
        value = table["ca_file"]
        return {
            "ca_file": self.sources.path(value)
            if isinstance(value, str) and value
            else value
        }

    def _key(
        self,
        position: int,
        table: Mapping[str, Any],
        preset: Preset,
        address: Address,
    ) -> dict[str, Any]:
        path = ("endpoints", position, "api_key")
        value = table.get("api_key")
        if value is not None:
            self.sources.warn_of_literal(path, value)
            return {"api_key": self.sources.secret(path, value, Secret)}
        if not address.is_providers:  # never one provider's key to another's host
            return {}
        return {"api_key": self.sources.variable(path, preset.key_variable, Secret)}

    def _proxy(self, position: int, table: Mapping[str, Any]) -> dict[str, Any]:
        if "proxy" not in table:
            return {}
        path = ("endpoints", position, "proxy")
        return {"proxy": self.sources.secret(path, table["proxy"], Secret.url)}

    def _headers(self, position: int, table: Mapping[str, Any]) -> Any:
        headers = table.get("headers", {})
        if not isinstance(headers, Mapping):
            return headers
        path = ("endpoints", position, "headers")
        result: dict[Any, Any] = {}
        for name, value in headers.items():
            result[name] = (
                self.sources.secret((*path, name), value, Secret.header)
                if is_header_name(name)
                else value  # left for the check to refuse, without showing the name
            )
        return {name: value for name, value in result.items() if value is not None}

    def _models(
        self,
        position: int,
        table: Mapping[str, Any],
        preset: Preset,
        address: Address,
    ) -> dict[str, Any]:
        value = table.get("models")
        if value is not None:
            return {
                "models": self._sent(value, preset) if address.is_presets else value
            }
        if address.is_presets:
            return {"models": self.catalog.offered_by(preset.name)}
        if "base_url" not in table:
            return {"models": [ANY_MODEL]}
        self.sources.problems.add(
            ("endpoints", position, "models"),
            f"models is missing, and this base_url is not {preset.name}'s own;"
            f' list the models it serves, or ["{ANY_MODEL}"] for any name',
        )
        return {}

    def _sent(self, value: Any, preset: Preset) -> Any:
        """Give what the provider calls the models of a list, where that is known."""
        if not isinstance(value, list | tuple):
            return value
        try:
            names = checks.models(value)
        except RejectedError:
            return value  # left for the check to refuse
        offered = self.catalog.offered_by(preset.name)
        return {name: offered.get(name, name) for name in names}

    def _terms(self, models: Any, preset: Preset, address: Address) -> Terms:
        try:
            served = checks.models(models)
        except RejectedError:
            served = {}
        return Terms(
            catalog=self.catalog,
            provider=preset.name,
            is_providers=address.is_providers,
            is_presets=address.is_presets,
            models=served,
        )

    def _prices(self, position: int, table: Mapping[str, Any], terms: Terms) -> Any:
        own = table.get("prices", {})
        if not isinstance(own, Mapping):
            return own
        prices = terms.prices()
        path = ("endpoints", position, "prices")
        for name, item in own.items():
            price = read_price(self.sources.problems, (*path, str(name)), item)
            prices |= {} if price is None else {name: price}
        return prices


def _is_at(url: Any, preset: Preset) -> bool:
    try:
        return same_origin(base_url(url), preset.base_url)
    except RejectedError:
        return False
