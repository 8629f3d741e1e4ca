"""Owns where an endpoint is: its base URL, and whether that is the provider's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from holybalance.config.checks import RejectedError
from holybalance.config.presets import Preset
from holybalance.config.problems import KeyPath
from holybalance.config.sources import Sources
from holybalance.config.urls import base_url, same_origin
from holybalance.config.wording import shown

PLACE_KEYS = ("project", "location")
"""What names an endpoint's place in Google Cloud."""
_VARIABLES = {"project": "GOOGLE_CLOUD_PROJECT", "location": "GOOGLE_CLOUD_LOCATION"}
_EXAMPLES = {"project": "my-project", "location": "europe-west4"}
_NAME = re.compile(r"[A-Za-z0-9]+(?:[._:-][A-Za-z0-9]+)*")
# Places of several regions, with hosts of another form: see
# https://docs.cloud.google.com/gemini-enterprise-agent-platform/resources/locations
_GLOBAL = "global"
_MULTI_REGIONS = ("us", "eu")
_VERSION = re.compile(r"/v[0-9]+[a-z0-9]*/*\Z")
"""What a base URL ends with that has its path already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    Where an endpoint is.

    Args:
        url: the base URL, unchecked; `None` after a mistake, which has been noted.
        is_providers: whether the preset's key may go there.
        is_presets: whether it is the preset's own, with the models that are there.
    """

    url: Any
    is_providers: bool
    is_presets: bool


def find_address(
    sources: Sources, path: KeyPath, table: Mapping[str, Any], preset: Preset
) -> Address:
    """Find the address that an endpoint's table, a variable or its preset gives."""
    _refuse_place(sources, path, table, preset)
    if "base_url" in table:
        return _written(sources, table["base_url"], preset)
    url = sources.environ.get(preset.url_variable or "")
    if url:
        is_own = preset.origin is None or _is_at(sources, url, preset)
        return Address(url=_whole(url, preset), is_providers=True, is_presets=is_own)
    return Address(
        url=_own(sources, path, table, preset), is_providers=True, is_presets=True
    )


def _written(sources: Sources, url: Any, preset: Preset) -> Address:
    is_own = _is_at(sources, url, preset)
    if is_own and not urlsplit(url).path.strip("/"):
        url = url.rstrip("/") + preset.path
    return Address(url=url, is_providers=is_own, is_presets=is_own)


def _whole(url: str, preset: Preset) -> str:
    """Put the path behind a variable's URL, where that is left out."""
    if not preset.is_path_left_out or _VERSION.search(url) is not None:
        return url
    return url.rstrip("/") + preset.path


def _own(
    sources: Sources, path: KeyPath, table: Mapping[str, Any], preset: Preset
) -> str | None:
    if preset.has_google_login:
        return _in_google_cloud(sources, path, table)
    if preset.origin is None:
        message = (
            f"base_url is missing: every user of {preset.name} has another; set it, "
            f"or ${preset.url_variable}"
        )
        sources.problems.add((*path, "base_url"), message)
        return None
    return preset.base_url


def _is_at(sources: Sources, url: Any, preset: Preset) -> bool:
    """Whether a URL leads to the provider: its host, scheme and port."""
    try:
        valid = base_url(url)
    except RejectedError:
        return False
    if preset.hosts is not None and _is_one_of(valid, preset.hosts):
        return True
    try:
        own = base_url(preset.origin or sources.environ.get(preset.url_variable or ""))
    except RejectedError:
        return False
    return same_origin(valid, own)


def _is_one_of(url: str, hosts: str) -> bool:
    parts = urlsplit(url)
    is_usual = parts.scheme == "https" and parts.port in (None, 443)
    return is_usual and re.fullmatch(hosts, parts.hostname or "") is not None


def _in_google_cloud(
    sources: Sources, path: KeyPath, table: Mapping[str, Any]
) -> str | None:
    """Make the base URL of a project in a location, or note what is missing."""
    project, location = (_place(sources, path, table, key) for key in PLACE_KEYS)
    if project is None or location is None:
        return None
    host = f"{location}-aiplatform"
    if location == _GLOBAL:
        host = "aiplatform"
    elif location in _MULTI_REGIONS:
        host = f"aiplatform.{location}.rep"
    return (
        f"https://{host}.googleapis.com/v1/projects/{project}/locations/{location}"
        "/publishers/google"
    )


def _place(
    sources: Sources, path: KeyPath, table: Mapping[str, Any], key: str
) -> str | None:
    variable = _VARIABLES[key]
    value = table.get(key, sources.environ.get(variable) or None)
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    if value is None:
        message = f"{key} is missing; set it, or ${variable}"
    else:
        origin = "" if key in table else f" (it is from ${variable})"
        message = f'{key} must be a name such as "{_EXAMPLES[key]}", not {shown(value)}'
        message += origin
    sources.problems.add((*path, key), message)
    return None


def _refuse_place(
    sources: Sources, path: KeyPath, table: Mapping[str, Any], preset: Preset
) -> None:
    for key in PLACE_KEYS:
        if key not in table:
            continue
        if not preset.has_google_login:
            message = f'{key} is for the provider "vertex" alone, not {preset.name}'
            sources.problems.add((*path, key), message)
        elif "base_url" in table:
            message = f"{key} is part of base_url already; leave one of them out"
            sources.problems.add((*path, key), message)
