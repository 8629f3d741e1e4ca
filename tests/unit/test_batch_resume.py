"""Owns the proof that a batch goes on where it ended: nothing lost, nothing twice."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from holybalance.batch import mending
from holybalance.batch.job import Batch
from holybalance.batch.scratch import Table
from holybalance.errors import BatchError, ConfigError, RequestError
from holybalance.messages import Reply
from tests.unit.batches import Crew, Engine, Row, World, reply, row, text_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input and an output."""
    return World(tmp_path)


def _fails(prompt: str) -> Reply:
    if prompt.startswith("bad"):
        raise RequestError("never sent", code="unknown_model")
    return reply(prompt)


def test_what_is_done_is_not_called_again(world: World) -> None:
    """Rows are told by their custom_id, wherever they are in the output."""
    world.write_rows(row("a"), row("b"), row("c"), row("d"))
    world.run()
    kept = [world.output.read_bytes().splitlines(keepends=True)[n] for n in (3, 1)]
    world.output.write_bytes(b"".join(kept))
    engine = Engine()
    batch = world.batch(Crew(engine))
    assert [f"{world.output}: 2 rows are done already"] == batch.notes
    report = batch.run()
    assert (["a", "c"], ["d", "b", "a", "c"]) == (engine.prompts, world.names())
    assert (2, 2, True) == (report.skipped, report.rows, report.is_complete)


def test_nothing_left_to_do(world: World) -> None:
    """A run over a whole output changes nothing."""
    world.write("a", "b")
    world.run()
    content, engine = world.output.read_bytes(), Engine()
    assert 0 == world.run(engine).rows
    assert (content, []) == (world.output.read_bytes(), engine.prompts)


def test_a_cut_at_every_byte_of_the_last_row(world: World) -> None:
    """Whatever a crash leaves of it, the next run makes it whole."""
    world.write_rows(row("a"), row("b", "bé"))
    world.run()
    whole = world.output.read_bytes()
    first, last = whole.splitlines(keepends=True)
    for length in range(len(last)):
        world.output.write_bytes(first + last[:length])
        engine = Engine()
        batch = world.batch(Crew(engine))
        assert (1 if length == 0 else 2) == len(batch.notes)
        batch.run()
        assert whole == world.output.read_bytes(), length
        # Only where nothing but the newline is missing is the row there already.
        called = [] if length == len(last) - 1 else ["bé"]
        assert called == engine.prompts, length


@pytest.mark.parametrize("zeros", [1, 5000])
def test_zeros_of_a_power_failure(world: World, zeros: int) -> None:
    """A file system may have made room for what was never written."""
    world.write("a", "b")
    world.run()
    whole = world.output.read_bytes()
    first, last = whole.splitlines(keepends=True)
    for torn in (b"", last[:40]):
        world.output.write_bytes(first + torn + bytes(zeros))
        world.run()
        assert whole == world.output.read_bytes()


def test_a_torn_row_larger_than_what_is_read_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning is found all the same."""
    monkeypatch.setattr(mending, "_CHUNK_BYTES", 7)
    world.write("a", "b" * 100)
    world.run()
    whole = world.output.read_bytes()
    world.output.write_bytes(whole[:-20])
    world.run()
    assert whole == world.output.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"{}\n",
        b"notes of mine",
        b'{"id": "batch_req_1", "custom_id": "x", "response": null',
        b'{"id": 1, "custom_id": "x", "response": null, "error": {}}\n',
        b'{"id": "x", "custom_id": 2, "response": null, "error": {}}\n',
        b'{"id": "x", "custom_id": "x", "error": {}}\n',
        b"[]\n",
        b"\xff\n",
    ],
)
def test_a_file_of_somebody_elses_is_left_alone(world: World, content: bytes) -> None:
    """What is no batch output is named, and not changed by a byte."""
    world.write("a")
    world.output.write_bytes(content)
    with pytest.raises(ConfigError, match=r"no row of batch|else than a row"):
        world.batch()
    assert content == world.output.read_bytes()


def test_a_strange_line_has_a_number(world: World) -> None:
    """People are told where to look; blank lines do no harm."""
    world.write("a", "b")
    world.run()
    with world.output.open("ab") as file:
        file.write(b"\nstrange\n")
    with pytest.raises(ConfigError, match=r"out.jsonl, line 4: it is no row"):
        world.batch()


def test_no_resume_refuses_what_is_there(world: World) -> None:
    """An empty file has nothing to lose."""
    world.write("a")
    world.output.touch()
    assert 1 == world.run(resume=False).ok
    content = world.output.read_bytes()
    with pytest.raises(ConfigError, match="exists already; name another output"):
        world.batch(resume=False)
    assert content == world.output.read_bytes()


def test_another_inputs_output(world: World) -> None:
    """It is noticed before anything is sent or written."""
    world.write("a", "b")
    world.run()
    content = world.output.read_bytes()
    world.write("a", "x")
    message = r'1 row that answers nothing of .*in.txt, .* custom_id "row-2": name an'
    with pytest.raises(ConfigError, match=message) as caught:
        world.batch()
    assert "retry_errors" not in str(caught.value)
    assert content == world.output.read_bytes()


def test_a_failed_row_that_was_corrected(world: World) -> None:
    """The message says how to call it again, and then it works."""
    world.write_rows(row("a"), {"custom_id": "b"})
    world.run()
    world.write_rows(row("a"), row("b"))
    with pytest.raises(
        ConfigError, match="take it out and call it again by retry_errors"
    ):
        world.batch()
    assert 1 == world.run(retry_errors=True).ok
    assert ["a", "b"] == world.names()


def test_a_pipe_with_another_inputs_output(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be read twice, so it ends where that shows; answers are written."""
    world.write("a", "b", "", "d")
    world.run()
    batch = _piped(world, monkeypatch, b"a\nb\nc\nx\n")
    with pytest.raises(BatchError, match=r"answers other rows .* as line 4 "):
        batch.run()
    assert ["row-1", "row-2", "row-4", "row-3"] == world.names()
    assert not batch.report().is_complete


def test_a_pipe_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it brings again is skipped."""
    world.write("a", "bad", "c")
    world.run(Engine(_fails))
    batch = _piped(world, monkeypatch, b"a\nbad\nc\nd\n")
    assert [f"{world.output}: 3 rows are done already, 1 of them failed"] == batch.notes
    report = batch.run()
    assert (3, 1, 1) == (report.skipped, report.skipped_failed, report.ok)


def _piped(world: World, monkeypatch: pytest.MonkeyPatch, content: bytes) -> Batch:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    monkeypatch.setattr("holybalance.batch.source._STDIN", reader)
    world.source = Path("-")
    return world.batch()


def _keep(world: World, *places: int) -> None:
    """Leave only some rows in the output."""
    rows = world.output.read_bytes().splitlines(keepends=True)
    world.output.write_bytes(b"".join(rows[place] for place in places))


def test_equal_rows_are_told_apart_by_their_number(world: World) -> None:
    """Each row of the output serves one row of the input."""
    world.write_rows(*[row("a"), row("b"), row("c")] * 16)
    world.run()
    _keep(world, *range(20))
    batch = world.batch()
    assert [f"{world.output}: 20 rows are done already"] == batch.notes
    assert 28 == batch.expected
    report = batch.run()
    assert (20, 28, True) == (report.skipped, report.ok, report.is_complete)
    assert 48 == len(world.names())


def test_rows_of_one_name_that_ask_different_things(world: World) -> None:
    """They are told by what they ask, in whatever order they were answered."""
    world.write_rows(row("x", "one"), row("x", "two"), row("x", "one"), row("x", "3"))
    world.run()
    _keep(world, 3, 1, 0)
    engine = Engine()
    assert (3, 1) == ((report := world.run(engine)).skipped, report.ok)
    assert ["one"] == engine.prompts


def test_the_good_one_of_equal_rows_serves_first(world: World) -> None:
    """How many failed is counted all the same."""
    world.write_rows(*[row("a", "bad")] * 3)
    world.run(Engine(_fails), limit=1)
    world.run(limit=2)
    report = world.run(limit=2)
    assert (2, 1) == (report.skipped, report.skipped_failed)


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize(
    "prompts", [("a", "x", "c"), ("a", "b"), ("x", "y", "z"), ("c", "b", "a"), ()]
)
def test_an_input_that_was_edited(
    world: World, prompts: tuple[str, ...], limit: int | None
) -> None:
    """Wherever it was, and whatever part of it is chosen; no byte is changed."""
    world.write("a", "b", "c")
    world.run()
    content = world.output.read_bytes()
    world.write(*prompts)
    for retry in (False, True):
        with pytest.raises(ConfigError, match=r"nothing of .*in.txt"):
            world.batch(limit=limit, retry_errors=retry)
    assert content == world.output.read_bytes()


def test_other_names_are_another_input(world: World) -> None:
    """Also where not one name is shared: outputs are not mixed."""
    world.write_rows(*(row(f"old-{number}") for number in range(3)))
    world.run()
    world.write_rows(row("new-1"))
    with pytest.raises(ConfigError, match=r"3 rows that answer .* custom_id \"old-0\""):
        world.batch()


def test_more_answers_than_rows(world: World) -> None:
    """What was asked three times is not what is asked once."""
    world.write_rows(*[row("a")] * 3)
    world.run()
    world.write_rows(row("a"))
    with pytest.raises(ConfigError, match="2 rows that answer nothing"):
        world.batch()


def test_retrying_keeps_a_foreign_output(world: World) -> None:
    """Its failed rows are not taken out before that is known."""
    world.write("a", "bad")
    world.run(Engine(_fails))
    content = world.output.read_bytes()
    world.write("x", "bad")
    with pytest.raises(ConfigError, match="1 row that answers nothing"):
        world.batch(retry_errors=True)
    assert content == world.output.read_bytes()


def test_what_is_chosen_of_what_is_done(world: World) -> None:
    """Rows are expected by the part that is chosen, not by what the output has."""
    world.write(*(f"p{number}" for number in range(20)))
    world.run(sample=10)
    with world.batch(limit=12) as batch:
        done = {int(name.removeprefix("row-")) for name in world.names()}
        assert 12 - len(done & set(range(1, 13))) == batch.expected
    report = world.run(limit=12)
    assert batch.expected == report.rows
    assert report.is_complete


def test_a_failed_row_that_an_unnamed_file_has(world: World) -> None:
    """It is called again, and both of its rows are fine with a later run."""
    world.write("a", "bad")
    world.run(Engine(_fails), errors=world.errors)
    assert 1 == world.run().ok
    report = world.run(errors=world.errors)
    assert (2, 0, 0) == (report.skipped, report.skipped_failed, report.rows)


def test_answers_have_moved_when_failed_rows_are_gone(world: World) -> None:
    """A repeat reads them where they are by then."""
    world.write_rows(row("bad 1"), row("a", "x"), row("b", "y"), row("bad 2"))
    world.run(Engine(_fails))
    rows = [row("bad 1"), row("a", "x"), row("b", "y"), row("bad 2"), row("c", "y")]
    world.write_rows(*rows)
    engine = Engine()
    world.run(engine, retry_errors=True, dedupe=True)
    assert ["bad 1", "bad 2"] == engine.prompts
    assert "y" == {each["custom_id"]: text_of(each) for each in world.rows()}["c"]


def test_failed_rows_are_done_as_well(world: World) -> None:
    """Unless they are to be tried again, which takes their old answers away."""
    world.write("a", "bad", "c")
    world.run(Engine(_fails))
    assert 3 == world.run().skipped
    world.output.chmod(0o640)
    engine = Engine()
    batch = world.batch(Crew(engine), retry_errors=True)
    done = f"{world.output}: 2 rows are done already"
    took = f"took 1 failed row out of {world.output} to call again"
    assert [took, done] == batch.notes
    batch.run()
    assert (["bad"], ["row-1", "row-3", "row-2"]) == (engine.prompts, world.names())
    assert 0o640 == world.output.stat().st_mode & 0o777
    assert {"in.txt", "out.jsonl"} == set(os.listdir(world.folder))


def test_rejections_are_failed_rows(world: World) -> None:
    """A response that is no 200 is an answer, and it failed."""

    def reject(prompt: str) -> Reply:
        raise RequestError("no", status=422)

    world.write("a")
    world.run(Engine(reject))
    assert 1 == world.run(retry_errors=True).ok
    assert ["a"] == [text_of(each) for each in world.rows()]


def test_nothing_to_retry(world: World) -> None:
    """The output keeps its place: it is not written anew."""
    world.write("a")
    world.run()
    before = world.output.stat().st_ino
    assert 1 == world.run(retry_errors=True).skipped
    assert before == world.output.stat().st_ino


def test_errors_in_a_file_of_their_own(world: World) -> None:
    """They are done too, and tried again where that is wanted."""
    world.write("a", "bad 1", "b", "bad 2")
    world.run(Engine(_fails), errors=world.errors)
    assert 4 == world.run(errors=world.errors).skipped
    engine = Engine(lambda prompt: reply(prompt) if "1" in prompt else _fails(prompt))
    report = world.run(engine, errors=world.errors, retry_errors=True)
    assert (2, 1, 1) == (report.skipped, report.ok, report.failed)
    assert ["row-1", "row-3", "row-2"] == world.names()
    assert ["row-4"] == world.names(world.errors)


def test_a_torn_file_of_errors_is_mended(world: World) -> None:
    """As the output is."""
    world.write("bad 1", "bad 2")
    world.run(Engine(_fails), errors=world.errors)
    whole = world.errors.read_bytes()
    world.errors.write_bytes(whole[:-9])
    world.run(Engine(_fails), errors=world.errors)
    assert whole == world.errors.read_bytes()


def test_a_crash_between_rewriting_and_appending(world: World) -> None:
    """What was taken out is called again by any later run."""
    world.write("a", "bad", "c")
    world.run(Engine(_fails))
    with world.batch(retry_errors=True):
        assert ["row-1", "row-3"] == world.names()
    engine = Engine()
    world.run(engine)
    assert (["bad"], ["row-1", "row-3", "row-2"]) == (engine.prompts, world.names())


def test_a_crash_while_rewriting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output is as it was, and no draft stays behind where that can be had."""
    world.write("a", "bad", "c")
    world.run(Engine(_fails))
    content = world.output.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"cannot write .*: No space left"):
        world.batch(retry_errors=True)
    assert content == world.output.read_bytes()
    assert {"in.txt", "out.jsonl"} == set(os.listdir(world.folder))


def test_a_link_stays_one(world: World) -> None:
    """Rewriting replaces what it points to."""
    target = world.folder / "target.jsonl"
    world.write("a", "bad")
    world.output.symlink_to(target)
    world.run(Engine(_fails))
    world.run(retry_errors=True)
    assert world.output.is_symlink()
    assert ["row-1", "row-2"] == world.names(target)


def test_one_run_at_a_time(world: World) -> None:
    """A second one on the same output is told so, and changes nothing."""
    world.write("a", "bad")
    world.run(Engine(_fails))
    content = world.output.read_bytes()
    with world.batch():
        for retry in (False, True):
            with pytest.raises(ConfigError, match="another run is writing"):
                world.batch(retry_errors=retry)
    assert content == world.output.read_bytes()
    with (
        world.batch(retry_errors=True),
        pytest.raises(ConfigError, match="another run is writing"),
    ):
        world.batch()


def test_an_output_that_was_replaced_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opened the old file just before writes nothing into it."""
    world.write("a", "bad")
    world.run(Engine(_fails))
    flock = fcntl.flock

    def replaced(file: int, operation: int) -> None:
        flock(file, operation)
        world.output.rename(world.folder / "old")
        (world.folder / "old").with_name("out.jsonl").write_bytes(b"")

    monkeypatch.setattr(fcntl, "flock", replaced)
    with pytest.raises(ConfigError, match="another run is writing"):
        world.batch()


def test_a_file_system_without_locks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network ones have none; it works unguarded there."""

    def refuse(file: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    world.write("a")
    assert 1 == world.run().ok


def _abort_at_second(batch: Batch, number: int) -> None:
    if number == 1:
        batch.abort()


def test_killed_after_any_write(world: World) -> None:
    """However often and wherever it ends, each row is there once in the end."""
    prompts = [f"prompt {number}" for number in range(60)]
    world.write(*prompts)
    called: list[str] = []
    for cut in itertools.count(1):
        engine = Engine()
        batch = world.batch(crew := Crew(engine, hand=7))
        if batch.expected == 0:
            batch.run()
            break
        crew.on_hand = partial(_abort_at_second, batch)
        batch.run()
        called += engine.prompts
        # A kill may also tear the last row.
        content = world.output.read_bytes()
        world.output.write_bytes(content[: len(content) - cut % 3 * 11])
    names = world.names()
    assert sorted(f"row-{number}" for number in range(1, 61)) == sorted(names)
    assert len(called) - 60 <= cut


def test_done_rows_leave_room_for_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While very many are skipped, those under way get their turn."""
    monkeypatch.setattr("holybalance.batch.pulse.INTERVAL_S", -1.0)
    world.write(*"abcd")
    world.run()
    crew = Crew()
    world.batch(crew).run()
    assert 4 == crew.pauses


def test_an_id_that_is_not_ours(world: World) -> None:
    """Rows of another program's output cannot be told to answer these lines."""
    world.write_rows(row("a"))
    answer: Row = {"id": "batch_req_x", "custom_id": "a", "response": None, "error": {}}
    world.output.write_text(json.dumps(answer) + "\n")
    with pytest.raises(ConfigError, match="1 row that answers nothing"):
        world.batch()


def test_errors_alone_cannot_be_resumed_from_a_device(world: World) -> None:
    """Where the answers are gone, all rows are called."""
    world.write("a", "bad")
    world.run(Engine(_fails), errors=world.errors)
    world.output = Path(os.devnull)
    report = world.run(errors=world.errors)
    assert (0, 2) == (report.skipped, report.ok)


def _fill_at_once(table: Table, statement: str, rows: list[tuple[Any, ...]]) -> None:
    table.add(statement, rows)


def _fill_by_row(table: Table, statement: str, rows: list[tuple[Any, ...]]) -> None:
    for each in rows:
        table.execute(statement, each)


@pytest.mark.parametrize("fill", [_fill_at_once, _fill_by_row])
def test_a_full_temporary_folder(
    world: World, fill: Callable[[Table, str, list[tuple[Any, ...]]], None]
) -> None:
    """What cannot be kept in mind is said in a sentence."""
    world.write("a")
    world.run()
    with world.batch() as batch:
        assert batch._finished is not None
        table = batch._finished._table
        # What SQLite says of a full disk: see its PRAGMA max_page_count.
        table.execute("PRAGMA max_page_count = 5")
        many = [("x" * 4000, str(number)) for number in range(100)]
        statement = "INSERT INTO finished (custom_id, id) VALUES (?, ?)"
        with pytest.raises(BatchError, match=r"temporary file: .* is full"):
            fill(table, statement, many)
