"""Owns turning the tables of `[[endpoints]]` into endpoints; opens no configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holybalance.config import checks
from holybalance.config.addresses import PLACE_KEYS, Address, find_address
from holybalance.config.catalog import Catalog
from holybalance.config.checks import RejectedError, examine, is_header_name
from holybalance.config.fields import read_price
from holybalance.config.presets import OTHER_NAMES, PRESETS, Preset
from holybalance.config.problems import KeyPath
from holybalance.config.routing import ANY_MODEL
from holybalance.config.schema import ENDPOINT_CHECKS, Defaults, EndpointConfig
from holybalance.config.secret import Secret
from holybalance.config.sources import Sources
from holybalance.config.terms import Terms
from holybalance.config.wording import likely, shown

_FOUND = ("format", "token", "retires", "max_outputs")
"""Fields of an endpoint that no table holds: they follow from others."""
ENDPOINT_KEYS = (
    *(key for key in ENDPOINT_CHECKS if key not in _FOUND),
    *PLACE_KEYS,
)
"""What a table of `[[endpoints]]` may hold."""
_PLAIN = (
    "auth",
    "rpm",
    "tpm",
    "max_in_flight",
    "weight",
    "priority",
    "stream_usage",
)
_INHERITED = ("max_in_flight", "proxy", "ca_file")


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


def _meant(provider: object) -> str:
    """Say which provider is meant, as a question, or which there are."""
    word = provider.lower() if isinstance(provider, str) else ""
    if word not in OTHER_NAMES:
        return likely(provider, PRESETS)
    names = " or ".join(f'"{name}"' for name in OTHER_NAMES[word])
    return f"; did you mean {names}?"


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
            message = f"unknown provider {shown(provider)}" + _meant(provider)
        path = ("endpoints", position, "provider")
        self.sources.problems.add(path, message)
        return None

    def _values(
        self, position: int, table: Mapping[str, Any], preset: Preset
    ) -> dict[str, Any]:
        path = ("endpoints", position)
        address = find_address(self.sources, path, table, preset)
        values: dict[str, Any] = {
            key: getattr(self.defaults, key) for key in _INHERITED
        }
        values["auth"] = preset.auth
        values |= {key: table[key] for key in _PLAIN if key in table}
        values |= self._ca_file(table)
        values |= self._key(position, table, preset, address)
        values |= self._proxy(position, table)
        values |= {} if address.url is None else {"base_url": address.url}
        values["headers"] = self._headers(position, table)
        values |= self._models(position, table, preset, address)
        terms = self._terms(values.get("models"), preset, address)
        values["prices"] = self._prices(position, table, terms)
        values["retires"] = terms.retires()
        values["max_outputs"] = terms.max_outputs()
        return values

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
        if callable(value):
            return {"token": value}
        if value is not None:
            self.sources.warn_of_literal(path, value)
            return {"api_key": self.sources.secret(path, value, Secret)}
        if not address.is_providers:  # never one provider's key to another's host
            return {}
        if preset.has_google_login:
            return self._google_login(path)
        names = preset.key_variables
        if not names:
            return {}
        return {"api_key": self.sources.first_variable(path, names, Secret)}

    def _google_login(self, path: KeyPath) -> dict[str, Any]:
        # Imported here: hardly any configuration has it.
        from holybalance.config import google_login  # noqa: PLC0415

        if not google_login.is_installed():
            message = f"{path[-1]} is missing: {google_login.NEEDED}"
            self.sources.problems.add(path, message)
        return {"token": google_login.GoogleLogin()}

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
        if address.is_presets and preset.catalog_name is not None:
            return {"models": self.catalog.offered_by(preset.catalog_name)}
        if "base_url" not in table or preset.catalog_name is None:
            return {"models": [ANY_MODEL]}
        self.sources.problems.add(
            ("endpoints", position, "models"),
            f"models is missing, and this base_url is not {preset.name}'s own;"
            f' list the models it serves, or ["{ANY_MODEL}"] for any name',
        )
        return {}

    def _sent(self, value: Any, preset: Preset) -> Any:
        """Give what the provider calls the models of a list, where that is known."""
        if not isinstance(value, list | tuple) or preset.catalog_name is None:
            return value
        try:
            names = checks.models(value)
        except RejectedError:
            return value  # left for the check to refuse
        offered = self.catalog.offered_by(preset.catalog_name)
        return {name: offered.get(name, name) for name in names}

    def _terms(self, models: Any, preset: Preset, address: Address) -> Terms:
        try:
            served = checks.models(models)
        except RejectedError:
            served = {}
        return Terms(
            catalog=self.catalog,
            provider=preset.catalog_name or preset.name,
            is_providers=address.is_providers,
            keeps_days=address.is_presets and preset.keeps_days,
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
