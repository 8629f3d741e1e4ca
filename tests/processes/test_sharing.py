"""Limits hold for all workers together; threads are as many as it takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from holybalance import Launcher
from holybalance.errors import ConfigError
from holybalance.launching.shares import usable_cores
from holybalance.testing import MockUpstream
from tests.processes.stage import (
    Stage,
    Watch,
    config,
    errors,
    eventually,
    iterating,
    table,
)


def threads(launcher: Launcher) -> int:
    """Count the threads of all workers."""
    return sum(worker["threads"] for worker in launcher.metrics()["workers"])


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_max_in_flight_holds_for_all_workers(stage: Stage, processes: int) -> None:
    """Threads enough for more, and never more calls at the upstream."""
    watch = Watch(latency_s=0.01)
    launcher = stage.launcher(
        stage.upstream(watch).url,
        processes=processes,
        threads=8,
        endpoint={"max_in_flight": 5},
    )

    results = list(launcher.map(map(str, range(150)), return_errors=True))

    assert [] == errors(results)
    assert 1 < watch.most_at_once <= 5


def test_max_in_flight_of_one_endpoint_of_two(stage: Stage) -> None:
    """Each endpoint has its own."""
    small, large = Watch(latency_s=0.01), Watch(latency_s=0.01)
    settings = config(
        table(stage.upstream(small).url, "a", max_in_flight=2),
        table(stage.upstream(large).url, "b", max_in_flight=6),
    )
    launcher = stage.add(Launcher(settings, processes=2, threads=8))

    list(launcher.map(map(str, range(150))))

    assert 150 == small.seen + large.seen
    assert small.most_at_once <= 2
    assert large.most_at_once <= 6


def test_more_processes_than_slots(echo: MockUpstream) -> None:
    """Said at once, with the endpoint and what to do."""
    settings = config(table(echo.url, max_in_flight=3))

    with pytest.raises(ConfigError, match=r'endpoint "a".*lower processes'):
        Launcher(settings, processes=4)


def test_processes_for_few_slots(stage: Stage, echo: MockUpstream) -> None:
    """Left to itself, a launcher starts no more workers than there are slots."""
    launcher = stage.launcher(echo.url, processes=None, endpoint={"max_in_flight": 1})

    list(launcher.map(["prompt"] * 500))

    assert 1 == len(launcher.metrics()["workers"])


def test_a_generator_tells_no_length(stage: Stage, echo: MockUpstream) -> None:
    """Left to itself, a launcher starts as many workers as there are cores."""
    launcher = stage.launcher(echo.url, processes=None, threads=None)

    replies = list(launcher.map(str(number) for number in range(500)))

    assert 500 == len(replies)
    assert 1 <= len(launcher.metrics()["workers"]) <= usable_cores()


def test_a_small_map_does_not_settle_the_number_of_workers(
    stage: Stage, echo: MockUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first one of a prompt needs a worker; a later one gets all that there are."""
    monkeypatch.setattr("holybalance.launching.shares.usable_cores", lambda: 3)
    launcher = stage.launcher(echo.url, processes=None)

    list(launcher.map(["warm up"]))
    for _ in range(5):
        list(launcher.map(["prompt"] * 500))

    assert 3 == len(launcher.metrics()["workers"])


def test_a_limit_of_requests_a_minute(stage: Stage) -> None:
    """However many workers share it, the upstream sees no more."""
    watch = Watch()
    # Ten a second, and twelve at once to begin with.
    launcher = stage.launcher(
        stage.upstream(watch).url, processes=3, threads=4, endpoint={"rpm": 600}
    )

    results = list(launcher.map(map(str, range(30)), return_errors=True))

    assert [] == errors(results)
    assert 30 == watch.seen
    assert_rate(watch.times, per_s=10, burst=12 + 3)


def test_a_limit_of_tokens_a_minute(stage: Stage) -> None:
    """A call larger than a worker's part of it is made all the same, in time."""
    watch = Watch()
    launcher = stage.launcher(
        stage.upstream(watch).url,
        processes=2,
        threads=4,
        endpoint={"tpm": 60_000},
    )

    results = list(launcher.map([1000 * "word "] * 8, return_errors=True))

    assert [] == errors(results)
    assert 8 == watch.seen


@pytest.mark.parametrize("processes", [1, 2])
def test_a_cap_on_the_rate(stage: Stage, processes: int) -> None:
    """Calls begin evenly, at the pace of all workers together."""
    watch = Watch()
    launcher = stage.launcher(
        stage.upstream(watch).url, processes=processes, threads=16, rate=40
    )

    list(launcher.map(map(str, range(60))))

    assert_rate(watch.times, per_s=40, burst=2 * processes)


def assert_rate(times: list[float], *, per_s: float, burst: float) -> None:
    """Assert that in no stretch more came than the rate allows, and a burst."""
    # A second of slack: a busy machine may hold calls up between pacing and arrival.
    times = sorted(times)
    for first, last in itertools.combinations(range(len(times)), 2):
        allowed = burst + per_s * (times[last] - times[first] + 0.25)
        assert last - first + 1 <= allowed


def test_a_cap_loses_no_turns_to_a_map_that_was_left(stage: Stage) -> None:
    """What was dropped takes no turn of what comes next."""
    watch = Watch()
    launcher = stage.launcher(
        stage.upstream(watch).url, processes=1, threads=64, rate=4
    )
    for _ in launcher.map(str(number) for number in itertools.count()):
        break

    # The turns of sixty-four dropped calls would hold it up for sixteen seconds.
    with iterating(launcher.map(["next"])) as (results, thread):
        thread.join(8)
        is_late = thread.is_alive()
        launcher._crew.abort()

    assert (False, 1) == (is_late, len(results))


def test_threads_as_told(stage: Stage) -> None:
    """So many calls at once, and no more."""
    watch = Watch(latency_s=0.05)
    launcher = stage.launcher(stage.upstream(watch).url, processes=2, threads=5)

    list(launcher.map(map(str, range(100))))

    assert 10 == threads(launcher)
    assert 5 <= watch.most_at_once <= 10


def test_no_more_threads_than_prompts(stage: Stage, echo: MockUpstream) -> None:
    """Threads are started as there is something for them to do."""
    launcher = stage.launcher(echo.url, processes=1, threads=500)

    list(launcher.map(["one", "two", "three"]))

    assert 1 <= threads(launcher) <= 3


def test_threads_grow_for_a_slow_upstream(stage: Stage) -> None:
    """Calls that wait cost next to nothing: there may be many of them."""
    with MockUpstream(latency=0.5) as upstream:
        launcher = stage.launcher(upstream.url, processes=1, threads=None)

        def prompts() -> Iterator[str]:
            for number in range(5000):
                if threads(launcher) > 32:
                    return
                yield str(number)

        list(launcher.map(prompts(), ordered=False))

        assert 32 < threads(launcher) <= 200


def test_threads_beyond_all_slots(stage: Stage, echo: MockUpstream) -> None:
    """Left to itself, a worker has no more threads than there are slots for it."""
    with MockUpstream(latency=0.2) as upstream:
        launcher = stage.launcher(
            upstream.url, processes=1, threads=None, endpoint={"max_in_flight": 12}
        )

        list(launcher.map(["prompt"] * 60))

        assert threads(launcher) <= 12


@pytest.mark.parametrize("threads", [16, 64])
def test_waiting_for_a_limit_uses_up_no_timeout(stage: Stage, threads: int) -> None:
    """Rows that a worker holds wait before their time runs, not in the line."""
    watch = Watch()
    # Twenty a second, so that the last waits for more than its timeout.
    launcher = stage.launcher(
        stage.upstream(watch).url,
        processes=2,
        threads=threads,
        timeout=1,
        endpoint={"rpm": 1200},
    )

    results = list(launcher.map(map(str, range(55)), return_errors=True))

    assert [] == [str(error) for error in errors(results)]


def test_waiting_for_slots_uses_up_no_timeout(stage: Stage) -> None:
    """The same where calls are slow and slots few."""
    watch = Watch(latency_s=0.1)
    launcher = stage.launcher(
        stage.upstream(watch).url,
        processes=2,
        threads=64,
        timeout=1,
        endpoint={"max_in_flight": 4},
    )

    results = list(launcher.map(map(str, range(80)), return_errors=True))

    assert [] == [str(error) for error in errors(results)]


def test_metrics_show_the_work(stage: Stage) -> None:
    """While calls are under way they are seen, by worker and in flight."""
    watch = Watch(held=frozenset({"*"}))
    launcher = stage.launcher(stage.upstream(watch).url, processes=2, threads=3)

    def seen() -> tuple[Any, ...]:
        metrics = launcher.metrics()
        workers = metrics["workers"]
        return metrics["in_flight"], sum(w["held"] for w in workers), len(workers)

    with iterating(launcher.map(map(str, range(100)))):
        # Three under way in each, and sixteen ahead.
        eventually(lambda: seen() == (6, 2 * 19, 2), "six are under way")
        watch.let_go.set()

    assert (0, 0, 2) == seen()
