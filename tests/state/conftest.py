"""Owns the fixtures of the tests of stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from holybalance.state.rules import Rules
from tests.state.places import KINDS, Place, file_place, memory_place, redis_place
from tests.state.servers import RedisServer

settings.register_profile("state", derandomize=True, database=None, deadline=None)
settings.load_profile("state")

RULES = Rules("tests", lease_s=10.0, grace_s=0.0)


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """One server for all who leave it as it was."""
    with RedisServer() as made:
        yield made


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """One server for a test that ends, pauses or fills it."""
    with RedisServer() as made:
        yield made


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each kind of store, in turn."""
    made = place_of(request.param, request, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=KINDS[1:])
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each kind of store that processes share."""
    made = place_of(request.param, request, tmp_path)
    yield made
    made.close()


def place_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Place:
    """Make a place of a kind."""
    if kind == "memory":
        return memory_place(RULES)
    if kind == "file":
        return file_place(folder / "state.db", RULES)
    return redis_place(request.getfixturevalue("server"), RULES)
