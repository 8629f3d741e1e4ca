"""Owns the fixtures of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """Upstreams and clients; at the end nothing of them may be left."""
    made = World()
    try:
        yield made
    finally:
        made.close()
