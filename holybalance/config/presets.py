"""Owns what is known beforehand about each provider: URLs, variables and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """
    A provider that needs no more than a key.

    Args:
        format: the wire format that it speaks, of `schema.FORMATS`.
        base_url: without a trailing slash.
        key_variable: the environment variable that holds its key.
        url_variable: the one that may hold another base URL for it.
    """

    name: str
    format: str
    base_url: str
    key_variable: str
    url_variable: str

    @property
    def models(self) -> Mapping[str, str]:
        """Its models, by our names and by its own, to its own; the default first."""
        from holybalance.config.catalog import shipped  # noqa: PLC0415 - it reads a file

        return shipped().offered_by(self.name)


_ALL = (
    Preset(
        name="holysheep",
        format="openai",
        base_url="https://api.holysheep.ai/v1",
        key_variable="HOLYSHEEP_API_KEY",
        url_variable="HOLYSHEEP_BASE_URL",
    ),
    Preset(
        name="openai",
        format="openai",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
    ),
    Preset(
        name="deepseek",
        format="openai",
        base_url="https://api.deepseek.com",
        key_variable="DEEPSEEK_API_KEY",
        url_variable="DEEPSEEK_BASE_URL",
    ),
)

PRESETS = {preset.name: preset for preset in _ALL}
"""Every preset by its name, in the order in which they are tried."""
