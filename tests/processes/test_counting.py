"""The workers' counts are merged: exact after a map, and never less than before."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from holybalance import Client
from holybalance.testing import MockUpstream
from tests.processes.stage import Stage, Watch, config, kill, pids, table

PROMPTS = [f"prompt {number}" for number in range(300)]


def test_counts_are_exact_after_a_map(stage: Stage) -> None:
    """Calls, successes and tokens of all workers, each once."""
    launcher = stage.launcher(stage.upstream(Watch()).url)

    list(launcher.map(PROMPTS))
    list(launcher.map([*PROMPTS, []], return_errors=True))

    metrics = launcher.metrics()
    endpoint = metrics["endpoints"]["a"]
    assert (600, 600, 600) == tuple(
        metrics[name] for name in ("calls", "attempts", "success")
    )
    assert {"input": 1800, "output": 1200, "cached": 0} == metrics["tokens"]
    assert (600, metrics["tokens"]) == (endpoint["success"], endpoint["tokens"])
    assert 0 < metrics["p50_s"] <= metrics["p90_s"] <= metrics["p99_s"]
    assert (0, 0, "closed") == (
        metrics["in_flight"],
        metrics["queued"],
        metrics["breaker"],
    )


def test_costs_are_added(stage: Stage) -> None:
    """As a client adds them."""
    price = {"m": {"input": 1.0, "output": 2.0}}
    launcher = stage.launcher(stage.upstream(Watch()).url, endpoint={"prices": price})

    list(launcher.map(PROMPTS))

    metrics = launcher.metrics()
    assert 300 * (3 * 1.0 + 2 * 2.0) / 1e6 == pytest.approx(metrics["cost_usd"])
    assert 0 == metrics["unpriced"]


def test_errors_are_counted(stage: Stage) -> None:
    """By the verdict that ended them."""
    with MockUpstream(error_rate=1.0, error_status=400) as upstream:
        launcher = stage.launcher(upstream.url)

        list(launcher.map(PROMPTS[:50], return_errors=True))

    metrics = launcher.metrics()
    assert (50, 0) == (metrics["calls"], metrics["success"])
    assert {"caller": 50} == metrics["errors"]


def test_the_keys_are_a_clients_and_the_workers(
    stage: Stage, echo: MockUpstream
) -> None:
    """Before the first map and after it, and JSON can hold them."""
    launcher = stage.launcher(echo.url)
    before = launcher.metrics()
    list(launcher.map(PROMPTS))
    after = launcher.metrics()

    with Client(config(table(echo.url))) as client:
        expected = client.metrics()
    assert {*expected, "workers"} == set(before) == set(after)
    ends = [each["endpoints"]["a"] for each in (expected, before, after)]
    assert set(ends[0]) == set(ends[1]) == set(ends[2])
    assert after == json.loads(json.dumps(after))
    assert {"pid", "threads", "held"} == set(after["workers"][0])


def test_the_keys_are_documented(stage: Stage, echo: MockUpstream) -> None:
    """Each in the table of the reference."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
    documented = set(re.findall(r"`(\w+)`", page.read_text()))

    metrics = stage.launcher(echo.url).metrics()

    assert set() == set(metrics["endpoints"]["a"]) - documented
    assert set() == set(metrics) - {"endpoints"} - documented


def test_a_killed_worker_takes_no_counts_along(stage: Stage) -> None:
    """What it had told stays, and counts only ever rise."""
    launcher = stage.launcher(stage.upstream(Watch(latency_s=0.005)).url)
    list(launcher.map(PROMPTS))
    seen = [launcher.metrics()["calls"]]

    for reply in launcher.map(3 * PROMPTS):
        seen.append(launcher.metrics()["calls"])
        if reply.index and reply.index % 300 == 0:
            kill(pids(launcher)[0])
    seen.append(launcher.metrics()["calls"])
    launcher.close()
    seen.append(launcher.metrics()["calls"])

    assert 300 == seen[0]
    assert seen == sorted(seen)
    assert seen[-1] == seen[-2]
    # A worker that was killed tells nothing of its last half second, and what was
    # lost with it was called again.
    assert 900 <= seen[-1] <= 1200 + 16


def test_a_killed_worker_leaves_nothing_in_flight(stage: Stage) -> None:
    """Its connections and calls are no more."""
    launcher = stage.launcher(stage.upstream(Watch(latency_s=0.005)).url)
    for reply in launcher.map(3 * PROMPTS):
        if reply.index == 400:
            kill(pids(launcher)[0])

    metrics = launcher.metrics()
    assert (0, 0) == (metrics["in_flight"], metrics["queued"])
    assert metrics["endpoints"]["a"]["idle_connections"] <= 8
