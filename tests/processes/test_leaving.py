"""Maps that are left, drained or closed, and launchers that are asked for too much."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Generator

import pytest

from holybalance.errors import HolyBalanceError
from holybalance.testing import MockUpstream
from tests.processes.stage import (
    HELD,
    PATIENCE_S,
    Stage,
    Watch,
    children,
    eventually,
    is_alive,
    iterating,
    pids,
    texts,
)

PROMPTS = [f"prompt {number}" for number in range(200)]


def test_a_map_that_is_left_early(stage: Stage, echo: MockUpstream) -> None:
    """The next one gets its own results, and no other's."""
    launcher = stage.launcher(echo.url)

    for reply in launcher.map(f"old {number}" for number in itertools.count()):
        if reply.index == 50:
            break

    assert PROMPTS == texts(list(launcher.map(PROMPTS)))


def test_what_was_left_is_not_called(stage: Stage) -> None:
    """Of a map that is left early nothing begins any more."""
    watch = Watch(held=frozenset(f"old {number}" for number in range(1, 100)))
    launcher = stage.launcher(stage.upstream(watch).url, processes=1)

    old = launcher.map([f"old {number}" for number in range(100)], ordered=False)
    assert "old 0" == next(old).text
    eventually(lambda: watch.seen == 5, "four calls are under way")
    assert isinstance(old, Generator)
    old.close()
    with iterating(launcher.map(["new"])) as (new, _):
        # Not before the workers have read that the old is over.
        eventually(lambda: pids(launcher), "the worker is there")
        watch.let_go.set()

    assert ["new"] == texts(new)
    assert {f"old {number}" for number in range(5)} == set(watch.prompts) - {"new"}


def test_one_map_at_a_time(stage: Stage, echo: MockUpstream) -> None:
    """A second one is refused, and the first goes on."""
    launcher = stage.launcher(echo.url)
    first = launcher.map(PROMPTS)
    begun = [next(first)]

    with pytest.raises(HolyBalanceError, match="one map or run at a time"):
        next(launcher.map(["second"]))

    assert PROMPTS == texts([*begun, *first])
    assert ["third"] == texts(list(launcher.map(["third"])))


def test_prompts_that_map_themselves(stage: Stage, echo: MockUpstream) -> None:
    """A generator that uses the launcher it feeds is told so."""
    launcher = stage.launcher(echo.url)
    inner = (reply.text for reply in launcher.map(["inner"]))

    with pytest.raises(HolyBalanceError, match="one map or run at a time"):
        list(launcher.map(inner))


def test_a_closed_launcher(stage: Stage, echo: MockUpstream) -> None:
    """It maps no more, keeps its counts, and may be closed again."""
    launcher = stage.launcher(echo.url)
    list(launcher.map(PROMPTS))
    workers = pids(launcher)
    launcher.close()

    with pytest.raises(HolyBalanceError, match="closed"):
        next(launcher.map(["one"]))

    launcher.close()
    assert [] == [pid for pid in workers if is_alive(pid)]
    assert (200, []) == (launcher.metrics()["calls"], launcher.metrics()["workers"])


def test_closed_before_its_first_map(stage: Stage, echo: MockUpstream) -> None:
    """There was nothing to end."""
    launcher = stage.launcher(echo.url)
    launcher.close()

    assert {0} == {launcher.metrics()[name] for name in ("calls", "attempts")}


def test_closed_in_the_middle_of_a_map(stage: Stage, echo: MockUpstream) -> None:
    """Whoever goes on taking results is told; no worker comes back to life."""
    launcher = stage.launcher(echo.url)
    results = launcher.map(str(number) for number in itertools.count())
    next(results)
    before = set(children(os.getpid()))
    launcher.close()

    with pytest.raises(HolyBalanceError, match="closed"):
        list(itertools.islice(results, 10_000))

    assert [] == [pid for pid in before if is_alive(pid) and pid in pids(launcher)]
    assert set() == set(children(os.getpid())) - before


def test_closed_by_another_thread(stage: Stage) -> None:
    """Whoever waits for results is told, and does not wait on."""
    watch = Watch(held=frozenset({"*"}))
    launcher = stage.launcher(stage.upstream(watch).url)

    def close() -> None:
        eventually(lambda: watch.seen == 8, "all threads are busy")
        launcher.close()

    thread = threading.Thread(target=close)
    thread.start()
    with pytest.raises(HolyBalanceError, match="closed"):
        list(launcher.map(PROMPTS))
    thread.join()


def test_closing_does_not_wait_for_calls(stage: Stage) -> None:
    """What the workers are about is given up."""
    watch = Watch(held=frozenset({"*"}))
    launcher = stage.launcher(stage.upstream(watch).url)
    results = launcher.map(PROMPTS)
    closed = threading.Event()

    def close() -> None:
        eventually(lambda: watch.seen == 8, "all threads are busy")
        launcher._crew.abort()
        closed.set()

    thread = threading.Thread(target=close)
    thread.start()
    assert [] == list(results)
    assert closed.wait(PATIENCE_S)
    thread.join()
    launcher.close()


def test_draining(stage: Stage) -> None:
    """What has begun is answered, the rest is not called, and the map ends."""
    watch = Watch(latency_s=0.02)
    launcher = stage.launcher(stage.upstream(watch).url)
    results = []

    numbers = (str(number) for number in itertools.count())
    for reply in launcher.map(numbers, ordered=False):
        results.append(reply)
        if len(results) == 50:
            launcher._crew.drain()

    assert len(results) == watch.seen
    assert len(results) <= 50 + 2 * HELD
    assert ["again"] == texts(list(launcher.map(["again"])))
