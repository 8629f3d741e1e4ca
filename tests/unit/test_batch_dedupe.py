"""Owns the proof that equal rows are called once, and each has an answer of its own."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from holybalance.batch import dedupe, job
from holybalance.batch.dedupe import Dedupe
from holybalance.batch.job import Batch
from holybalance.batch.options import BatchOptions
from holybalance.batch.order import Order
from holybalance.batch.output import Output
from holybalance.batch.work import RowWork
from holybalance.errors import RequestError, WorkerDied
from holybalance.messages import Reply, Verdict
from tests.unit.batches import CONFIG, Answer, Crew, Engine, World, reply, row, text_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input and an output."""
    return World(tmp_path)


def _refuse(prompt: str) -> Reply:
    raise RequestError("never sent", code="unknown_model")


def test_done_before_the_repeat_comes(world: World) -> None:
    """The answer is read back, and has the repeat's own name and id."""
    world.write_rows(row("a", "x"), row("b", "y"), row("c", "x"), row("d", "x"))
    engine = Engine()
    report = world.batch(Crew(engine, hand=1), dedupe=True).run()
    assert ["x", "y"] == engine.prompts
    assert {"a": "x", "b": "y", "c": "x", "d": "x"} == {
        each["custom_id"]: text_of(each) for each in world.rows()
    }
    ids = {each["custom_id"]: each["id"] for each in world.rows()}
    assert 4 == len(set(ids.values()))
    assert (4, 4, 2, 1.0, 6) == (
        report.rows,
        report.ok,
        report.repeated,
        report.cost_usd,
        report.input_tokens,
    )
    assert report.is_complete
    assert 0 == world.run(Engine(), dedupe=True).rows


def test_under_way_when_the_repeat_comes(world: World) -> None:
    """It waits for that answer."""
    world.write(*"xxyxxxyz")
    engine = Engine()
    report = world.batch(Crew(engine, hand=3, late=["x"]), dedupe=True).run()
    assert ["x", "y", "z"] == sorted(engine.prompts)
    assert (8, 5) == (report.ok, report.repeated)
    texts = {each["custom_id"]: text_of(each) for each in world.rows()}
    assert {f"row-{n}": text for n, text in enumerate("xxyxxxyz", 1)} == texts


@pytest.mark.parametrize("hand", [1, 8])
def test_the_first_failed(world: World, hand: int) -> None:
    """Its repeats fail alike, each naming its own line, and are counted."""
    world.write(*"xxx")
    engine = Engine(_refuse)
    report = world.batch(Crew(engine, hand=hand), dedupe=True).run()
    assert ["x"] == engine.prompts
    messages = [each["error"]["message"] for each in world.rows()]
    assert [f"line {number}: never sent" for number in (1, 2, 3)] == messages
    expected = {"count": 3, "line": 1, "example": "never sent"}
    assert {"unknown_model": expected} == report.errors
    assert (0, 3, 2) == (report.ok, report.failed, report.repeated)


@pytest.mark.parametrize("code", ["rude", None])
def test_the_first_was_rejected(world: World, code: str | None) -> None:
    """A response that is no 200 is repeated as one, in the file of errors."""

    def reject(prompt: str) -> Reply:
        if prompt == "y":
            return reply(prompt)
        raise RequestError("the upstream says no", status=422, code=code)

    world.write(*"xyx")
    engine = Engine(reject)
    batch = world.batch(Crew(engine, hand=1), dedupe=True, errors=world.errors)
    report = batch.run()
    assert ["row-1", "row-3"] == world.names(world.errors)
    statuses = [each["response"]["status_code"] for each in world.rows(world.errors)]
    failures = {name: error["count"] for name, error in report.errors.items()}
    assert ([422, 422], {code or "request_error": 2}) == (statuses, failures)


def test_the_firsts_worker_died(world: World) -> None:
    """That failure is repeated too."""
    world.write(*"xyx")
    death = WorkerDied("died", verdict=Verdict.LOCAL)
    report = world.batch(Crew(values={"x": death}), dedupe=True).run()
    assert {"worker_died": {"count": 2, "line": 1, "example": "died"}} == report.errors


def test_bad_rows_are_no_repeats(world: World) -> None:
    """Each has a mistake of its own."""
    world.write_rows({"custom_id": "a"}, {"custom_id": "b"})
    report = world.run(dedupe=True)
    assert (2, 0) == (report.failed, report.repeated)


def test_many_repeats_wait_within_bounds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound nothing is given out until the answer is there."""
    made: list[Dedupe] = []

    def make(kind: str, outputs: Sequence[Output]) -> Dedupe:
        made.append(Dedupe(kind, outputs, most_waiting=5))
        return made[0]

    monkeypatch.setattr(job, "Dedupe", make)
    world.write(*["late"] * 30, "other")
    crew = Crew(late=["late"])
    seen: list[int] = []
    crew.on_hand = lambda number: seen.append(made[0].held)
    report = world.batch(crew, dedupe=True).run()
    assert (31, 29, 5) == (report.ok, report.repeated, max(seen))


def test_repeats_that_are_ready_are_written_in_turns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many come at once."""
    monkeypatch.setattr(dedupe, "_WRITTEN_AT_ONCE", 3)
    world.write(*["x"] * 20)
    assert 19 == world.run(dedupe=True).repeated
    assert 20 == len(world.rows())


@pytest.mark.parametrize("late", ["x", "y", "z"])
def test_in_the_order_of_the_input(
    world: World, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Repeats keep their place, whichever answer is late."""
    monkeypatch.setattr(job, "Order", lambda: Order(most_rows=4))
    prompts = "xyxzzyxxzy" * 3
    world.write(*prompts)
    engine = Engine()
    crew = Crew(engine, hand=2, late=[late])
    report = world.batch(crew, dedupe=True, ordered=True).run()
    assert list(prompts) == [text_of(each) for each in world.rows()]
    assert [f"row-{n}" for n in range(1, 31)] == world.names()
    assert (27, ["x", "y", "z"]) == (report.repeated, sorted(engine.prompts))


def test_to_a_pipe(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read back is kept in a temporary file."""
    world.write(*"xyx")
    standard_output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", standard_output)
    engine = Engine()
    options = BatchOptions(dedupe=True)
    Batch(Crew(engine, hand=1), world.source, "-", options, CONFIG).run()
    buffer = standard_output.buffer
    assert isinstance(buffer, io.BytesIO)
    rows = [json.loads(line) for line in buffer.getvalue().splitlines()]
    assert (list("xyx"), list("xy")) == (
        [text_of(each) for each in rows],
        engine.prompts,
    )


def test_to_a_device(world: World) -> None:
    """Nor can a device be read back."""
    world.write(*"xyx")
    world.output = Path(os.devnull)
    assert 1 == world.batch(Crew(hand=1), dedupe=True).run().repeated


@pytest.mark.parametrize("is_jsonl", [False, True])
def test_answers_of_an_earlier_run_serve(world: World, is_jsonl: bool) -> None:
    """A resumed run calls nothing that is answered, but what failed it calls."""
    prompts = "xyxzyx"
    if is_jsonl:
        world.write_rows(*(row(f"r{n}", each) for n, each in enumerate(prompts)))
    else:
        world.write(*prompts)

    def first(prompt: str) -> Reply:
        return _refuse(prompt) if prompt == "y" else reply(prompt)

    world.run(Engine(first), limit=2)
    engine = Engine()
    report = world.run(engine, dedupe=True)
    assert ["y", "z"] == sorted(engine.prompts)
    assert (2, 4, 2) == (report.skipped, report.ok, report.repeated)
    texts = [text_of(each) for each in world.rows()[2:]]
    assert sorted("xzyx") == sorted(texts)


def test_an_end_with_repeats_waiting(world: World) -> None:
    """They are not written, so the next run does them."""
    world.write(*"xxab")
    crew = Crew(hand=2, late=["x"])
    batch = world.batch(crew, dedupe=True)
    crew.on_hand = lambda number: batch.abort() if number == 1 else None
    assert not batch.run().is_complete
    assert ["row-3"] == world.names()
    assert world.run(dedupe=True).is_complete
    assert 4 == len(set(world.names()))


def test_the_last_rows_repeat_what_is_done(world: World) -> None:
    """They are written although no further answer comes."""

    class Curt(Crew):
        def perform(
            self,
            work: RowWork,
            items: Iterator[bytes | None],
            expected: int | None = None,
        ) -> Generator[Sequence[Answer], None, None]:
            for item in items:
                assert item is not None
                yield [self._answer(work, item)]

    world.write(*"xxx")
    report = world.batch(Curt(), dedupe=True).run()
    assert (3, True) == (report.ok, report.is_complete)


def test_after_an_output_was_mended(world: World) -> None:
    """Answers are found where they are, newline or none."""
    world.write(*"xyxy")
    world.run(limit=1)
    world.output.write_bytes(world.output.read_bytes().rstrip())
    world.batch(Crew(hand=1), dedupe=True).run()
    assert list("xyxy") == [text_of(each) for each in world.rows()]


def test_an_answer_counts_before_an_error(world: World) -> None:
    """A row may be in both files, where a run did not know the file of errors."""
    world.write(*"xx")
    world.run(Engine(_refuse), limit=1, errors=world.errors)
    world.run(limit=1)
    engine = Engine()
    report = world.run(engine, dedupe=True, errors=world.errors)
    assert (1, 1, []) == (report.skipped, report.repeated, engine.prompts)


def test_repeats_leave_room_for_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While very many come in a row, those under way get their turn."""
    monkeypatch.setattr("holybalance.batch.pulse.INTERVAL_S", -1.0)
    world.write(*"xxxx")
    world.batch(crew := Crew(), dedupe=True).run()
    assert 3 == crew.pauses
