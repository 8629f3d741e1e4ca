"""Owns how the address of an upstream is written."""

from __future__ import annotations


def base_url(host: str, port: int) -> str:
    """The base URL for an OpenAI client of an upstream at this address."""
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"
