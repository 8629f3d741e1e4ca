"""Owns what is known beforehand about each provider: URLs, variables and models."""

from __future__ import annotations

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
        models: its models by their own names; the first is the default.
    """

    name: str
    format: str
    base_url: str
    key_variable: str
    url_variable: str
    models: tuple[str, ...]


_ALL = (
    Preset(
        name="holysheep",
        format="openai",
        base_url="https://api.holysheep.ai/v1",
        key_variable="HOLYSHEEP_API_KEY",
        url_variable="HOLYSHEEP_BASE_URL",
        models=(
            "gpt-4.1",
            "gpt-4.1-mini",
            "claude-sonnet-4.5",
            "gemini-2.5-flash",
            "gemini-2.5-pro",
            "deepseek-v3.2",
        ),
    ),
    Preset(
        name="openai",
        format="openai",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
        models=(
            "gpt-4.1",
            "gpt-4.1-mini",
            "gpt-4.1-nano",
            "gpt-5.4",
            "gpt-5.4-mini",
            "gpt-5.4-nano",
            "gpt-5.2",
            "gpt-5.1",
            "gpt-5",
            "gpt-5-mini",
            "gpt-5-nano",
            "gpt-4o",
            "gpt-4o-mini",
        ),
    ),
    Preset(
        name="deepseek",
        format="openai",
        base_url="https://api.deepseek.com",
        key_variable="DEEPSEEK_API_KEY",
        url_variable="DEEPSEEK_BASE_URL",
        models=("deepseek-chat", "deepseek-reasoner", "deepseek-flash"),
    ),
)

PRESETS = {preset.name: preset for preset in _ALL}
"""Every preset by its name, in the order in which they are tried."""
