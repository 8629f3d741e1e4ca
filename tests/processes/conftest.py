"""Owns the fixtures of the tests of the launcher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holybalance.testing import MockUpstream
from tests.processes.stage import Stage

if not Path("/proc/self/stat").exists():
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Launchers, upstreams and scripts; at the end no worker may be left."""
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def _echo() -> Iterator[MockUpstream]:
    with MockUpstream(echo=True) as upstream:
        yield upstream


@pytest.fixture
def echo(_echo: MockUpstream) -> MockUpstream:
    """An upstream that answers at once with the prompt, its counts at zero."""
    _echo.reset_counts()
    return _echo
