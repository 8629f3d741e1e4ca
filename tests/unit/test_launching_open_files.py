"""Open files: what there is, what it is enough for, and how limits are raised."""

from __future__ import annotations

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.launching import open_files

NEVER = resource.RLIM_INFINITY


class Limit:
    """Stands in for this process's own limit."""

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def get(self, which: int) -> tuple[int, int]:
        assert resource.RLIMIT_NOFILE == which
        return self.now

    def set(self, which: int, limits: tuple[int, int]) -> None:
        assert resource.RLIMIT_NOFILE == which
        soft, hard = limits
        assert soft <= hard or hard == NEVER
        self.now = limits


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Limit:
    made = Limit(*request.param)
    monkeypatch.setattr(resource, "getrlimit", made.get)
    monkeypatch.setattr(resource, "setrlimit", made.set)
    return made


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ((1024, 4096), 4096),
        ((1024, 1024), 1024),
        ((256, NEVER), 10_240),
        ((50_000, NEVER), 50_000),
    ],
    indirect=["limit"],
)
def test_the_most(limit: Limit, expected: int) -> None:
    """The hard limit; without one, what macOS allows, or the soft one."""
    assert expected == open_files.most()


@pytest.mark.parametrize("limit", [(NEVER, NEVER)], indirect=True)
def test_the_most_without_any_limit(limit: Limit) -> None:
    """Plenty, whatever number the system has for it."""
    assert open_files.most() >= 10_240


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ((1024, 4096), (2000, 4096)),
        ((3000, 4096), (3000, 4096)),
        ((1024, NEVER), (2000, NEVER)),
        ((NEVER, NEVER), (NEVER, NEVER)),
    ],
    indirect=["limit"],
)
def test_raising(limit: Limit, expected: tuple[int, int]) -> None:
    """As far as asked, never down, and the hard limit stays."""
    open_files.set_limit(2000)

    assert expected == limit.now


SLOTS = st.lists(st.integers(1, 3000), min_size=1, max_size=5)


@given(st.integers(0, 100_000), SLOTS)
def test_threads_and_files(files: int, slots: list[int]) -> None:
    """As many threads as the files are enough for, and not one less; always one."""
    threads = open_files.threads_for(files, slots)

    is_enough = open_files.files_for(threads, slots) <= files
    assert is_enough or threads == 1
    assert threads == max(slots) or open_files.files_for(threads + 1, slots) > files
