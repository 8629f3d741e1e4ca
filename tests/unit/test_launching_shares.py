"""How limits are shared out: together never more than the whole."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.config import Config, Secret, StateConfig
from holybalance.errors import ConfigError
from holybalance.launching import shares


def config(*endpoints: dict[str, Any], **breaker: Any) -> Config:
    """A configuration of endpoints that differ in their limits."""
    tables = [
        {
            "name": name,
            "provider": "openai",
            "base_url": "http://127.0.0.1:1/v1",
            "api_key": "k",
            "models": ["m"],
            **endpoint,
        }
        for name, endpoint in zip("abcd", endpoints, strict=False)
    ]
    return Config.from_dict({"defaults": {"breaker": breaker}, "endpoints": tables})


@given(st.integers(1, 500), st.integers(1, 64))
def test_parts_add_up(slots: int, parts: int) -> None:
    """Each part has a slot, and the first ones what cannot be divided."""
    parts = min(slots, parts)
    whole = config({"max_in_flight": slots})

    each = [shares.share_of(whole, part, parts).endpoints[0] for part in range(parts)]

    assert slots == sum(endpoint.max_in_flight for endpoint in each)
    assert min(endpoint.max_in_flight for endpoint in each) >= 1
    assert [endpoint.max_in_flight for endpoint in each] == sorted(
        (endpoint.max_in_flight for endpoint in each), reverse=True
    )


def shared(url: str, **limits: Any) -> Config:
    """One endpoint, and where its state is."""
    return dataclasses.replace(config(limits), state=StateConfig(url=Secret.url(url)))


@pytest.mark.parametrize("url", ["sqlite:////tmp/a.db", "redis://h:1/0"])
def test_a_store_divides_the_rates(url: str) -> None:
    """Workers keep the whole of them, and their parts of slots and of trials."""
    whole = shared(url, max_in_flight=8, rpm=90, tpm=900)

    part = shares.share_of(whole, 0, 3)

    (endpoint,) = part.endpoints
    assert (90.0, 900.0, 3) == (endpoint.rpm, endpoint.tpm, endpoint.max_in_flight)
    assert 1 == part.defaults.breaker.half_open_max_calls
    assert whole.state == part.state


def test_one_part_is_the_whole() -> None:
    """Nothing is lost where nothing is shared."""
    whole = config({"max_in_flight": 7, "rpm": 100, "tpm": 1000}, {})

    assert whole == shares.share_of(whole, 0, 1)


def test_trials_of_a_half_open_circuit() -> None:
    """Divided too, but each worker needs one to find out."""
    whole = config({}, half_open_max_calls=3)

    parts = [shares.share_of(whole, part, 5) for part in range(5)]

    trials = [part.defaults.breaker.half_open_max_calls for part in parts]
    assert [1, 1, 1, 1, 1] == trials
    assert 3 == sum(
        shares.share_of(whole, part, 2).defaults.breaker.half_open_max_calls
        for part in range(2)
    )


def test_more_processes_than_slots() -> None:
    """Names the endpoint that has too few."""
    whole = config({"max_in_flight": 9}, {"max_in_flight": 3})

    shares.check_processes(whole, 3)
    with pytest.raises(ConfigError, match='the 3 slots of endpoint "b"'):
        shares.check_processes(whole, 4)


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([{}], 8),
        ([{}, {"max_in_flight": 3}], 3),
        ([{"rpm": 6000}], 8),
        ([{"rpm": 1}], 8),
    ],
)
def test_processes_by_default(
    endpoints: list[dict[str, Any]], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cores, or fewer where slots are too few; rates are shared by need."""
    monkeypatch.setattr(shares, "usable_cores", lambda: 8)

    assert expected == shares.default_processes(config(*endpoints))


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000", 4),
        ("200000 100000", 2),
        ("50000 100000", 1),
        ("900000 100000", 4),
        ("nonsense", 4),
        (None, 4),
    ],
)
def test_usable_cores(
    quota: str | None,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By affinity and by the container's quota, one at least; strange files aside."""
    path = tmp_path / "cpu.max"
    if quota is not None:
        path.write_text(quota)
    monkeypatch.setattr(shares, "_CGROUP_QUOTA", path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)

    assert expected == shares.usable_cores()


@pytest.mark.parametrize(("parts", "expected"), [(2, 4), (16, 16)])
def test_workers_know_how_many_they_are(parts: int, expected: int) -> None:
    """For when the store is away from the start; others may be there, too."""
    whole = config({"max_in_flight": 16})

    assert expected == shares.share_of(whole, 0, parts).state.processes
