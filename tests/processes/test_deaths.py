"""Workers that are killed, stopped, or cannot begin: no result is lost or repeated."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trustme

from holybalance import Launcher
from holybalance.errors import HolyBalanceError, WorkerDied
from holybalance.testing import MockUpstream
from tests.processes import policies
from tests.processes.stage import (
    HELD,
    Results,
    Stage,
    Watch,
    config,
    errors,
    eventually,
    indexes,
    is_alive,
    iterating,
    kill,
    pids,
    table,
    texts,
)

THREADS = 4
# What a worker that is killed takes along: calls under way, and answers on their way.
LOST = 2 * THREADS
PROMPTS = [f"prompt {number}" for number in range(400)]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_killed_worker_loses_and_repeats_nothing(stage: Stage, ordered: bool) -> None:
    """One result for each prompt; only what it had begun is called again."""
    watch = Watch(latency_s=0.02)
    launcher = stage.launcher(stage.upstream(watch).url, threads=THREADS)
    results: Results = []

    for reply in launcher.map(PROMPTS, ordered=ordered):
        results.append(reply)
        if len(results) == 100:
            kill(pids(launcher)[0])

    assert list(range(400)) == indexes(results)
    assert PROMPTS == texts(sorted(results, key=lambda each: each.index or 0))
    assert set(PROMPTS) == set(watch.prompts)
    assert watch.seen <= 400 + LOST


def test_a_killed_worker_is_replaced(stage: Stage, echo: MockUpstream) -> None:
    """By another process, which works as it did."""
    launcher = stage.launcher(echo.url)
    list(launcher.map(PROMPTS))
    victim, other = pids(launcher)
    kill(victim)

    def prompts() -> Iterator[str]:
        while not {victim, other} - set(pids(launcher)) or len(pids(launcher)) < 2:
            yield "prompt"

    list(launcher.map(prompts()))

    assert other in pids(launcher)
    assert victim not in pids(launcher)
    assert not is_alive(victim)


def test_workers_killed_again_and_again(stage: Stage) -> None:
    """Each prompt has one result, while one worker after the other goes."""
    watch = Watch(latency_s=0.02)
    launcher = stage.launcher(stage.upstream(watch).url, threads=THREADS)
    results: Results = []
    victims = []

    for result in launcher.map(2 * PROMPTS, ordered=False, return_errors=True):
        results.append(result)
        workers = pids(launcher)
        if len(results) % 100 == 0 and workers:
            kill(workers[-1])
            victims.append(workers[-1])

    assert list(range(800)) == indexes(results)
    assert [] == errors(results)
    assert len(victims) >= 5
    assert watch.seen <= 800 + LOST * len(victims)


def test_all_workers_killed_at_once(stage: Stage) -> None:
    """There is nobody left for a while, and then there is."""
    watch = Watch(latency_s=0.02)
    launcher = stage.launcher(stage.upstream(watch).url, threads=THREADS)
    results: Results = []

    for result in launcher.map(PROMPTS):
        results.append(result)
        if len(results) == 50:
            for pid in pids(launcher):
                kill(pid)

    assert PROMPTS == texts(results)
    assert watch.seen <= 400 + 2 * LOST


def test_a_call_whose_workers_die_is_given_up(stage: Stage) -> None:
    """After the third, with an error that names no upstream; the others go on."""
    watch = Watch(held=frozenset({"deadly"}))
    launcher = stage.launcher(stage.upstream(watch).url, processes=1, threads=1)
    prompts = ["deadly", "one", "two"]

    with iterating(launcher.map(prompts, return_errors=True)) as (results, _):
        for times in (1, 2, 3):
            eventually(partial(watch.has_seen, times), f"call {times}")
            eventually(
                lambda: [1] == [w["threads"] for w in launcher.metrics()["workers"]],
                "the worker has told of its thread",
            )
            kill(pids(launcher)[0])

    death, one, two = results
    assert isinstance(death, WorkerDied)
    assert (0, "local") == (death.index, death.verdict.value)
    assert ["one", "two"] == texts([one, two])
    assert {"deadly": 3, "one": 1, "two": 1} == watch.prompts


def test_a_call_that_kills_its_workers_at_once(stage: Stage) -> None:
    """It is given up as well when a worker dies before it could say anything of it."""
    watch = Watch(held=frozenset({"deadly"}))
    launcher = stage.launcher(stage.upstream(watch).url, processes=1, threads=1)

    with iterating(launcher.map(["deadly"], return_errors=True)) as (results, thread):
        for times in (1, 2, 3):
            eventually(partial(watch.has_seen, times), f"call {times}")
            kill(pids(launcher)[0])
        thread.join(5)
        launcher._crew.abort()

    assert ["WorkerDied"] == [type(each).__name__ for each in results]
    assert 3 == watch.seen


def test_code_of_the_users_that_crashes_workers(
    stage: Stage, echo: MockUpstream
) -> None:
    """A policy that aborts the process: an error after three deaths, not a loop."""
    endpoints = [table(echo.url, name) for name in "ab"]
    settings = config(*endpoints, policy=policies.deadly)
    launcher = stage.add(Launcher(settings, processes=1, threads=1))

    with iterating(launcher.map(["one"], return_errors=True)) as (results, thread):
        thread.join(10)
        launcher._crew.abort()

    assert ["WorkerDied"] == [type(each).__name__ for each in results]


def test_what_may_be_lost_only_once(stage: Stage) -> None:
    """With retry_lost = false nothing that a dead worker held is called again."""
    watch = Watch(latency_s=0.02)
    launcher = stage.launcher(
        stage.upstream(watch).url, processes=1, threads=THREADS, retry_lost=False
    )
    results: Results = []

    for result in launcher.map(PROMPTS, return_errors=True):
        results.append(result)
        if len(results) == 100:
            kill(pids(launcher)[0])

    lost = errors(results)
    assert list(range(400)) == [result.index for result in results]
    assert {WorkerDied} == {type(error) for error in lost}
    assert 1 <= len(lost) <= 2 * HELD
    assert {1} == set(watch.prompts.values())
    assert "retry_lost = false" in str(lost[0])


@pytest.mark.parametrize("retry_lost", [True, False])
def test_killed_between_two_maps(
    stage: Stage, echo: MockUpstream, retry_lost: bool
) -> None:
    """What a worker never got it cannot have begun: it is called, and once."""
    launcher = stage.launcher(echo.url, retry_lost=retry_lost)
    list(launcher.map(PROMPTS))
    echo.reset_counts()
    for pid in pids(launcher):
        kill(pid)
    eventually(lambda: not any(map(is_alive, pids(launcher))), "they are dead")

    results = list(launcher.map(PROMPTS, return_errors=True))

    assert [] == errors(results)
    assert 400 == echo.received


def test_a_stopped_worker_holds_up_nobody_else(stage: Stage) -> None:
    """All but what it holds comes in; closing the launcher ends it."""
    watch = Watch(latency_s=0.002)
    launcher = stage.launcher(stage.upstream(watch).url, threads=THREADS)
    results: Results = []
    stopped = 0

    for result in launcher.map(PROMPTS, ordered=False):
        results.append(result)
        if len(results) == 50:
            stopped = pids(launcher)[0]
            os.kill(stopped, signal.SIGSTOP)
        # What it held, and had answered when it was stopped.
        if len(results) >= 400 - 200:
            break

    assert len(results) == 200
    launcher.close()
    assert not is_alive(stopped)


def test_a_worker_that_comes_late_to_a_map_is_there_for_the_next(stage: Stage) -> None:
    """It is ready when the map is over already and only counts are waited for."""
    watch = Watch()
    launcher = stage.launcher(stage.upstream(watch).url)
    list(launcher.map(PROMPTS))
    eventually(lambda: len(_after_a_map(launcher)) == 2, "both are ready")
    victim, other = pids(launcher)
    kill(victim)

    try:
        for _ in launcher.map(["one"]):
            # The replacement is starting; the map ends when this one has told its
            # counts, or after a second.
            os.kill(other, signal.SIGSTOP)
    finally:
        os.kill(other, signal.SIGCONT)
    late = _children_but(launcher, other)

    for _ in range(3):
        list(launcher.map(PROMPTS))

    assert {other, *late} == set(pids(launcher))
    assert 2 == len(pids(launcher))


def _after_a_map(launcher: Launcher) -> list[int]:
    list(launcher.map(["one"]))
    return pids(launcher)


def _children_but(launcher: Launcher, known: int) -> set[int]:
    posts = launcher._crew._posts
    assert posts is not None
    manned = {post.worker.pid for post in posts._posts if post.worker is not None}
    return manned - {known}


def test_workers_that_cannot_start(
    stage: Stage,
    echo: MockUpstream,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """One clear error after a few tries, each time that it is tried."""
    log = tmp_path / "starts"
    broken = tmp_path / "python"
    broken.write_text(f"#!/bin/sh\necho start >>{log}\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    launcher = stage.launcher(echo.url)

    for _ in range(2):
        with pytest.raises(HolyBalanceError, match=r"worker.*exit code 1"):
            list(launcher.map(PROMPTS))

    assert len(log.read_text().splitlines()) <= 8


def test_no_interpreter_to_start(
    stage: Stage,
    echo: MockUpstream,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The error has the reason."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    launcher = stage.launcher(echo.url)

    with pytest.raises(HolyBalanceError, match="cannot start a worker process"):
        list(launcher.map(PROMPTS))


def test_a_file_of_authorities_that_has_gone(stage: Stage, tmp_path: Path) -> None:
    """What a worker finds wrong with the configuration is said as a client says it."""
    authorities = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authorities))
    launcher = stage.launcher("https://127.0.0.1:1/v1", ca_file=str(authorities))
    authorities.unlink()

    with pytest.raises(HolyBalanceError, match=r"ca\.pem"):
        list(launcher.map(PROMPTS))


def test_aborting_keeps_the_counts(stage: Stage) -> None:
    """What the workers had told before they were killed is not forgotten."""
    watch = Watch()
    launcher = stage.launcher(stage.upstream(watch).url)
    list(launcher.map(PROMPTS))
    for reply in launcher.map(PROMPTS):
        if reply.index == 100:
            launcher._crew.abort()

    assert launcher.metrics()["calls"] >= 400
    assert [] == launcher.metrics()["workers"]


def test_after_an_abort_there_are_new_workers(stage: Stage, echo: MockUpstream) -> None:
    """For the next map."""
    launcher = stage.launcher(echo.url)
    for reply in launcher.map(PROMPTS):
        if reply.index == 100:
            launcher._crew.abort()

    assert PROMPTS == texts(list(launcher.map(PROMPTS)))
