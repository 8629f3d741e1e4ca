"""Owns how the address of an upstream is written."""

from __future__ import annotations


def origin(host: str, port: int) -> str:
    """The URL of an upstream at this address, without a path."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def base_url(host: str, port: int) -> str:
    """The base URL for an OpenAI client of an upstream at this address."""
    return f"{origin(host, port)}/v1"
