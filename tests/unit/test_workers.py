"""The threads behind `submit` and `map`: lazy, bounded, orderly at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, wait
from typing import Any

import pytest

from holybalance import workers as workers_module
from holybalance.errors import ClientClosed, DeadlineExceeded, LocalError, Saturated
from holybalance.messages import Verdict
from holybalance.workers import Workers

PATIENCE_S = 20.0


@pytest.fixture
def make() -> Iterator[Callable[..., Workers]]:
    """Make workers; all threads must be gone at the end."""
    before = threading.active_count()
    made: list[Workers] = []

    def factory(
        threads: int = 2, max_queued: int = 5, *, waits: bool = True
    ) -> Workers:
        made.append(Workers(threads, max_queued, waits=waits))
        return made[-1]

    yield factory
    for workers in made:
        workers.close(finish=True)
    assert before == threading.active_count()


class Gate:
    """A task that tells when it has begun, and ends when it may."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def task(self, *arguments: Any) -> Any:
        self.begun.release()
        assert self.may_end.wait(PATIENCE_S)
        return arguments

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.begun.acquire(timeout=PATIENCE_S)


def telling(items: Iterable[int], last: int, is_full: threading.Event) -> Iterator[int]:
    """Give items, and tell when one of them is pulled."""
    for item in items:
        if item == last:
            is_full.set()
        yield item


def echo(position: int, item: Any) -> tuple[int, Any]:
    """Give back what came."""
    return position, item


def test_no_thread_before_the_first_task(make: Callable[..., Workers]) -> None:
    """And then only as many as there are tasks."""
    before = threading.active_count()
    workers = make(threads=64)
    idle = threading.active_count()
    workers.submit(int).result(PATIENCE_S)

    assert (before, before + 1) == (idle, threading.active_count())


def test_a_task_has_its_result(make: Callable[..., Workers]) -> None:
    """In a thread that is not the caller's."""
    name = make().submit(lambda: threading.current_thread().name).result(PATIENCE_S)

    assert name.startswith("holybalance")


def test_a_task_has_its_exception(make: Callable[..., Workers]) -> None:
    """And its thread goes on."""
    workers = make(threads=1)

    with pytest.raises(ValueError, match="invalid literal"):
        workers.submit(int, "x").result(PATIENCE_S)
    assert 7 == workers.submit(int, "7").result(PATIENCE_S)


def test_a_full_queue_refuses_where_waiting_is_not_wanted(
    make: Callable[..., Workers],
) -> None:
    """Two under way and five queued; the eighth is one too many."""
    workers, gate = make(threads=2, max_queued=5, waits=False), Gate()
    futures = [workers.submit(gate.task) for _ in range(7)]
    gate.wait_for(2)

    with pytest.raises(Saturated, match="2 calls are under way and 5 queued"):
        workers.submit(gate.task)
    assert 5 == workers.queued()
    gate.may_end.set()
    for future in futures:
        future.result(PATIENCE_S)
    assert 0 == workers.queued()


def test_there_is_room_again_as_soon_as_a_task_is_done(
    make: Callable[..., Workers],
) -> None:
    """Whoever saw one's result may submit the next, at once and every time."""
    workers = make(threads=1, max_queued=0, waits=False)

    assert [*range(300)] == [
        workers.submit(int, number).result(PATIENCE_S) for number in range(300)
    ]


def test_a_full_queue_waits_for_room(make: Callable[..., Workers]) -> None:
    """The caller is held up until a task is done."""
    workers, gate = make(threads=1, max_queued=0), Gate()
    workers.submit(gate.task)
    gate.wait_for(1)
    submitted: list[Future[int]] = []
    caller = threading.Thread(target=lambda: submitted.append(workers.submit(int)))
    caller.start()

    held_up = not submitted
    gate.may_end.set()
    caller.join(PATIENCE_S)

    assert held_up
    assert 0 == submitted[0].result(PATIENCE_S)


def test_a_cancelled_task_makes_room(make: Callable[..., Workers]) -> None:
    """And is not counted as waiting."""
    workers, gate = make(threads=1, max_queued=1, waits=False), Gate()
    workers.submit(gate.task)
    gate.wait_for(1)
    workers.submit(int).cancel()
    queued = workers.queued()

    last = workers.submit(int, 7)
    gate.may_end.set()

    assert (0, 7) == (queued, last.result(PATIENCE_S))


def test_no_thread_left_is_this_machines_trouble(
    make: Callable[..., Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typed error, and the room is given back."""
    workers = make(threads=1, max_queued=0, waits=False)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(3):
        with pytest.raises(LocalError, match="lower threads"):
            workers.submit(int)


def test_what_was_reported_as_not_begun_is_not_begun_later(
    make: Callable[..., Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the executor has queued it before it failed to start a thread."""
    workers, gate = make(threads=2, max_queued=0, waits=False), Gate()
    first = workers.submit(gate.task)
    gate.wait_for(1)
    begun: list[int] = []

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(LocalError):
            workers.submit(begun.append, 1)
    gate.may_end.set()
    first.result(PATIENCE_S)
    last = workers.submit(int, 7).result(PATIENCE_S)
    workers.close(finish=True)

    assert (7, []) == (last, begun)


# map.


def results(futures: Iterator[Future[Any]]) -> list[Any]:
    """Give the results of all."""
    return [future.result(PATIENCE_S) for future in futures]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_map_gives_every_result_once(
    make: Callable[..., Workers], ordered: bool, count: int
) -> None:
    """With the position of its item."""
    found = results(make().map(echo, (n * n for n in range(count)), ordered=ordered))

    assert [(n, n * n) for n in range(count)] == sorted(found)


def test_map_keeps_the_order(make: Callable[..., Workers]) -> None:
    """Though the first is the last to be done."""
    gate = threading.Event()

    def task(position: int, item: int) -> int:
        if position:
            gate.set()
        return item if gate.wait(PATIENCE_S) else -1

    assert [*range(20)] == results(make().map(task, range(20), ordered=True))


def test_map_gives_what_is_done_first_where_order_does_not_matter(
    make: Callable[..., Workers],
) -> None:
    """The first item comes last when it is held up."""
    gate = threading.Event()

    def task(position: int, item: int) -> int:
        return item if position or gate.wait(PATIENCE_S) else -1

    found = []
    for future in make().map(task, range(8), ordered=False):
        found.append(future.result())
        if len(found) == 7:
            gate.set()

    assert 0 == found[-1]


@pytest.mark.parametrize("ordered", [True, False])
def test_map_pulls_no_more_than_a_window_ahead(
    make: Callable[..., Workers], ordered: bool
) -> None:
    """Two items for each thread at the most, and one more for each that was read."""
    pulled = []

    def count() -> Iterator[int]:
        for number in range(10**9):
            pulled.append(number)
            yield number

    futures = make(threads=3, max_queued=100).map(echo, count(), ordered=ordered)
    seen = []
    for _ in range(20):
        next(futures)
        seen.append(len(pulled))
    futures.close()  # type: ignore[attr-defined] # it is a generator

    assert [] == [(read, n) for read, n in enumerate(seen) if n > 6 + read]


@pytest.mark.parametrize("ordered", [True, False])
def test_map_gives_what_is_done_while_its_source_is_slow(
    make: Callable[..., Workers], monkeypatch: pytest.MonkeyPatch, ordered: bool
) -> None:
    """A source of a prompt a minute does not hold back the replies before."""
    workers = make(threads=4, max_queued=50)
    start = workers._start
    started: list[Future[Any]] = []
    given: list[Any] = []
    given_by_then: list[int] = []

    def noted_start(*arguments: Any) -> Future[Any]:
        started.append(start(*arguments))
        return started[-1]

    def slow() -> Iterator[int]:
        yield 0
        wait(started, PATIENCE_S)
        yield 1
        given_by_then.append(given[0])

    monkeypatch.setattr(workers, "_start", noted_start)
    for future in workers.map(echo, slow(), ordered=ordered):
        given.append(future.result())

    assert [given[0]] == given_by_then


def test_map_pulls_nothing_before_it_is_read(make: Callable[..., Workers]) -> None:
    """Not an item, not a thread."""
    before = threading.active_count()
    make().map(echo, iter([pytest.fail]), ordered=True)

    assert before == threading.active_count()


@pytest.mark.parametrize("ordered", [True, False])
def test_map_is_not_in_its_own_way(make: Callable[..., Workers], ordered: bool) -> None:
    """With no queue and no waiting for room, it still gets through any length."""
    workers = make(threads=2, max_queued=0, waits=False)

    assert 200 == len(results(workers.map(echo, range(200), ordered=ordered)))


@pytest.mark.parametrize("ordered", [True, False])
def test_leaving_map_early_cancels_what_has_not_begun(
    make: Callable[..., Workers], ordered: bool
) -> None:
    """What is under way goes on to its end."""
    workers, gate = make(threads=2, max_queued=50), Gate()
    begun = []
    is_full = threading.Event()

    def task(position: int, item: int) -> int:
        if position:
            begun.append(position)
            gate.task()
        assert is_full.wait(PATIENCE_S)
        return item

    futures = workers.map(task, telling(range(100), 3, is_full), ordered=ordered)
    next(futures)
    gate.wait_for(2)
    futures.close()  # type: ignore[attr-defined] # it is a generator
    queued = workers.queued()
    gate.may_end.set()
    workers.close(finish=True)

    assert (0, 2) == (queued, len(begun))


@pytest.mark.parametrize("ordered", [True, False])
def test_items_that_raise_end_the_map(
    make: Callable[..., Workers], ordered: bool
) -> None:
    """With their own exception."""

    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="the file is gone"):
        results(make().map(echo, broken(), ordered=ordered))


def test_closing_while_a_map_is_read_cancels_what_has_not_begun(
    make: Callable[..., Workers],
) -> None:
    """The iterator still gives those futures, for each item has its end."""
    workers, gate = make(threads=2), Gate()
    is_full = threading.Event()

    def task(position: int, item: int) -> int:
        if position:
            gate.task()
        assert is_full.wait(PATIENCE_S)
        return item

    futures = workers.map(task, telling(range(4), 3, is_full), ordered=True)
    next(futures)
    gate.wait_for(2)
    workers.close(finish=False)
    gate.may_end.set()

    assert [False, False, True] == [future.cancelled() for future in futures]


# The end.


def test_closing_finishes_what_was_taken(make: Callable[..., Workers]) -> None:
    """And takes no more."""
    workers = make(threads=1)
    futures = [workers.submit(int, n) for n in range(5)]

    workers.close(finish=True)

    assert [*range(5)] == [future.result(0) for future in futures]
    with pytest.raises(ClientClosed):
        workers.submit(int)


def test_closing_can_drop_what_has_not_begun(make: Callable[..., Workers]) -> None:
    """And does not wait for what has."""
    workers, gate = make(threads=1), Gate()
    first, second = workers.submit(gate.task), workers.submit(int)
    gate.wait_for(1)

    workers.close(finish=False)
    is_running = first.running()
    gate.may_end.set()

    assert is_running
    assert () == first.result(PATIENCE_S)
    with pytest.raises(CancelledError):
        second.result(0)


def test_closing_twice_does_no_harm(make: Callable[..., Workers]) -> None:
    """Nor does closing what never began."""
    workers = make()
    workers.close(finish=True)
    workers.close(finish=False)


def test_closing_ends_a_wait_for_room(make: Callable[..., Workers]) -> None:
    """The caller that waits is told."""
    workers, gate = make(threads=1, max_queued=0), Gate()
    workers.submit(gate.task)
    gate.wait_for(1)
    errors: list[Exception] = []

    def submit() -> None:
        try:
            workers.submit(int)
        except ClientClosed as error:
            errors.append(error)

    caller = threading.Thread(target=submit)
    caller.start()
    workers.close(finish=False)
    gate.may_end.set()
    caller.join(PATIENCE_S)

    assert 1 == len(errors)


def test_only_a_worker_is_ending(make: Callable[..., Workers]) -> None:
    """And only at the interpreter's end."""
    workers = make()

    assert not workers.is_ending()
    assert not workers.submit(workers.is_ending).result(PATIENCE_S)


def test_waiting_for_room_ends_in_time(make: Callable[..., Workers]) -> None:
    """With the error of a call whose time is up, and no attempt in it."""
    workers, gate = make(threads=1, max_queued=0), Gate()
    workers.submit(gate.task)
    gate.wait_for(1)

    with pytest.raises(DeadlineExceeded) as caught:
        workers.submit(int, wait_s=0.01)
    gate.may_end.set()

    assert (Verdict.LATE, ()) == (caught.value.verdict, caught.value.attempts)


def test_waiting_for_room_ends_with_the_interpreter(
    make: Callable[..., Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that waits for its own kind would wait for ever."""
    monkeypatch.setattr(workers_module, "GLANCE_S", 0.01)
    workers, gate = make(threads=1, max_queued=0), Gate()
    workers.submit(gate.task)
    gate.wait_for(1)
    monkeypatch.setattr(workers, "is_ending", lambda: True)

    with pytest.raises(ClientClosed):
        workers.submit(int, wait_s=PATIENCE_S)
    gate.may_end.set()


@pytest.mark.parametrize("ordered", [True, False])
def test_items_that_raise_lose_no_result(
    make: Callable[..., Workers], ordered: bool
) -> None:
    """What was begun is given first."""
    gate = threading.Event()

    def broken() -> Iterator[int]:
        yield from range(3)
        gate.set()
        raise OSError("the file is gone")

    def task(position: int, item: int) -> tuple[int, int]:
        assert gate.wait(PATIENCE_S)
        return position, item

    futures = make(threads=4).map(task, broken(), ordered=ordered)
    found = [next(futures).result(PATIENCE_S) for _ in range(3)]

    assert [(n, n) for n in range(3)] == sorted(found)
    with pytest.raises(OSError, match="the file is gone"):
        next(futures)
