"""Owns the header by which each kind of provider takes a key."""

from __future__ import annotations


def login(auth: str, key: str) -> dict[str, str]:
    """
    Write the header that logs in.

    Args:
        auth: "bearer" (RFC 6750), or the name of the header that holds the key.
    """
    if auth == "bearer":
        return {"Authorization": f"Bearer {key}"}
    return {auth: key}
