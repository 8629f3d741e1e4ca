"""Owns the proof of a batch from beginning to end, over a crew in this thread."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holybalance.batch.job import Batch
from holybalance.batch.options import BatchOptions
from holybalance.config import Config
from holybalance.errors import (
    BatchError,
    BudgetExceeded,
    ConfigError,
    DeadlineExceeded,
    NoEndpoint,
    RequestError,
    RetriesExhausted,
    WorkerDied,
)
from holybalance.messages import Attempt, Reply, Verdict
from tests.unit.batches import CONFIG, Crew, Engine, World, reply, row, text_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input and an output."""
    return World(tmp_path)


def _reject(prompt: str) -> Reply:
    attempt = Attempt(
        endpoint="one", verdict=Verdict.CALLER, latency_s=0.1, message="too rude"
    )
    raise RequestError("no", status=422, code="rude", attempts=[attempt])


def _refuse_all_but(*prompts: str) -> Callable[[str], Reply]:
    def refuse(prompt: str) -> Reply:
        if prompt in prompts:
            return reply(prompt)
        raise NoEndpoint(
            "no endpoint takes calls; mend its key, then call Client.restore "
            "(one: its key was refused)"
        )

    return refuse


def _broke(needed_usd: float | None, *rich: str) -> Callable[[str], Reply]:
    def refuse(prompt: str) -> Reply:
        if prompt in rich:
            return reply(prompt)
        raise BudgetExceeded(
            f"no room for {prompt}\n  1. one ok",
            budget="daily",
            limit_usd=1.0,
            needed_usd=needed_usd,
        )

    return refuse


def _odd(prompt: str) -> Reply:
    if prompt.startswith("bad"):
        raise RequestError("never sent", code="unknown_model")
    return reply(prompt)


def test_each_row_gets_its_answer(world: World) -> None:
    """The report adds up what the rows came to."""
    world.write("a", "", "b", "c", "d", "e")
    report = world.run()
    texts = {each["custom_id"]: text_of(each) for each in world.rows()}
    named = {"row-1": "a", "row-3": "b", "row-4": "c", "row-5": "d", "row-6": "e"}
    assert named == texts
    assert (5, 5, 0, 15, 10) == (
        report.rows,
        report.ok,
        report.failed,
        report.input_tokens,
        report.output_tokens,
    )
    assert (2.5, 0.25, {}, True, "") == (
        report.cost_usd,
        report.average_s,
        report.errors,
        report.is_complete,
        report.reason,
    )
    assert {"calls": 0} == report.metrics


def test_the_report_is_json(world: World) -> None:
    """Plain values, whatever happened."""
    world.write("a", "bad")
    document = json.loads(json.dumps(world.run(Engine(_odd)).as_dict()))
    example = {"unknown_model": {"count": 1, "line": 2, "example": "never sent"}}
    assert example == document["errors"]


def test_no_price_is_not_free(world: World) -> None:
    """What is unknown is not zero, but a run without calls cost nothing."""
    world.write("a", "b")
    report = world.run(Engine(lambda prompt: reply(prompt, None)))
    assert (None, 2) == (report.cost_usd, report.unpriced)
    again = world.run()
    assert (0.0, 0) == (again.cost_usd, again.unpriced)


def test_a_rejection_is_a_response(world: World) -> None:
    """An upstream's 4xx is its answer, with an error of OpenAI's shape."""
    world.write("a")
    report = world.run(Engine(_reject))
    (answer,) = world.rows()
    assert (422, None) == (answer["response"]["status_code"], answer["error"])
    assert "too rude" == answer["response"]["body"]["error"]["message"]
    assert {"rude": {"count": 1, "line": 1, "example": "no"}} == report.errors


def test_a_bad_row_is_answered_without_a_call(world: World) -> None:
    """Its error names its line and the mistake."""
    world.write_rows(row("good"), {"custom_id": "bad"})
    engine = Engine()
    report = world.run(engine)
    answers = {each["custom_id"]: each for each in world.rows()}
    expected = {
        "code": "invalid_row",
        "message": "line 2: body must be an object with messages, or with input",
    }
    assert expected == answers["bad"]["error"]
    assert (["good"], 1, 1) == (engine.prompts, report.ok, report.failed)


def test_a_bug_is_a_row_of_its_own(world: World) -> None:
    """Whatever a call raises, the rest goes on."""

    def stumble(prompt: str) -> Reply:
        return reply(prompt) if prompt == "b" else reply(str(1 // 0))

    world.write("a", "b")
    world.run(Engine(stumble))
    first, second = world.rows()
    assert "local_error" == first["error"]["code"]
    assert "ZeroDivisionError" in first["error"]["message"]
    assert "b" == text_of(second)


def test_a_worker_that_died_is_a_row(world: World) -> None:
    """It has the row's own name, also in jsonl, and the run goes on."""
    world.write_rows(row("a"), row("b", "deadly"), row("c"))
    death = WorkerDied("three workers died of it", verdict=Verdict.LOCAL)
    report = world.batch(Crew(values={"deadly": death})).run()
    answers = {each["custom_id"]: each["error"] for each in world.rows()}
    expected = {"code": "worker_died", "message": "line 2: three workers died of it"}
    assert {"a": None, "b": expected, "c": None} == answers
    assert (2, 1, True) == (report.ok, report.failed, report.is_complete)


def test_failed_rows_go_to_a_file_of_their_own(world: World) -> None:
    """The output has only what is ok."""
    world.write("a", "bad 1", "b", "bad 2")
    report = world.run(Engine(_odd), errors=world.errors)
    assert ["row-1", "row-3"] == world.names()
    assert ["row-2", "row-4"] == world.names(world.errors)
    assert (2, 2) == (report.ok, report.failed)


def test_a_hopeless_pool_breaks_it_off(world: World) -> None:
    """What was not sent is not written; the same run with a good key goes on."""
    world.write(*"abcdefgh")
    engine = Engine(_refuse_all_but("a"))
    engine.is_dead = True
    batch = world.batch(Crew(engine, hand=2))
    message = (
        r"^no endpoint takes calls \(one: its key was refused\); mend its key and run "
        r"the same command again$"
    )
    with pytest.raises(BatchError, match=message):
        batch.run()
    report = batch.report()
    assert (["row-1"], ["a", "b"]) == (world.names(), engine.prompts)
    assert (1, 0, 0) == (report.ok, report.failed, report.discarded)
    assert not report.is_complete
    assert report.reason.startswith("no endpoint takes calls")
    rest = world.run()
    assert (1, 7, True) == (rest.skipped, rest.ok, rest.is_complete)


def test_hopeless_rows_in_order_and_repeated(world: World) -> None:
    """Neither what waits for such a row nor what repeats it is written."""
    world.write("a", "b", "b", "c")
    engine = Engine(_refuse_all_but("a", "c"))
    engine.is_dead = True
    batch = world.batch(Crew(engine), ordered=True, dedupe=True)
    with pytest.raises(BatchError, match="run the same command again"):
        batch.run()
    assert (["row-1"], 1) == (world.names(), batch.report().discarded)
    world.run(ordered=True, dedupe=True)
    assert ["row-1", "row-2", "row-3", "row-4"] == world.names()


def test_an_empty_budget_stops_it(world: World) -> None:
    """What there is no money for is not written; what is under way is."""
    world.write(*"abcdefgh")
    engine = Engine(_broke(0.5, "a", "d"))
    report = world.run(engine)
    assert (["a", "b", "c", "d"], ["row-1", "row-4"]) == (engine.prompts, world.names())
    assert (2, 0, "no room for b") == (report.ok, report.failed, report.budget)
    assert (False, "no room for b") == (report.is_complete, report.reason)
    rest = world.run()
    assert (2, 6, True) == (rest.skipped, rest.ok, rest.is_complete)
    assert (None, "") == (rest.budget, rest.reason)
    assert sorted(world.names()) == [f"row-{number}" for number in range(1, 9)]


def test_a_budget_that_is_too_small_for_one_call(world: World) -> None:
    """What to do about it is said."""
    world.write("a")
    report = world.run(Engine(_broke(1.5)))
    advice = "; bound answers with max_tokens (--max-tokens N), or raise the limit"
    assert f"no room for a{advice}" == report.budget
    report = world.run(Engine(_broke(1.5)), max_tokens=9)
    assert "no room for a; lower max_tokens, or raise the limit" == report.budget


def test_an_empty_budget_in_order_and_repeated(world: World) -> None:
    """Neither what waits for such a row nor what repeats it is written."""
    world.write("a", "b", "b", "c")
    report = world.run(Engine(_broke(0.5, "a", "c")), ordered=True, dedupe=True)
    assert (["row-1"], 1) == (world.names(), report.discarded)
    world.run(ordered=True, dedupe=True)
    assert ["row-1", "row-2", "row-3", "row-4"] == world.names()


def test_a_cost_that_nobody_knows_is_the_row_s_own(world: World) -> None:
    """It fails with the budget's error, and others go on."""
    world.write(*"abcd")
    report = world.run(Engine(_broke(None, "a", "d")))
    assert (2, 2, True) == (report.ok, report.failed, report.is_complete)
    assert (["budget_exceeded"], None) == (list(report.errors), report.budget)


def test_tags_go_with_every_call(world: World) -> None:
    """Besides those that a row has of its own."""
    world.write_rows(row("a"), row("b", tags=["own"]), row("c", tags="odd"))
    engine = Engine()
    world.run(engine, tags=["x", "y"])
    assert [["x", "y"], ["x", "y", "own"], "odd"] == engine.tags


def test_a_bound_for_rows_without_one(world: World) -> None:
    """What is sent has it, and a row's own bound stays as it is."""
    world.write_rows(
        row("a"),
        row("b", max_tokens=5),
        row("c", max_completion_tokens=500),
        row("d", max_tokens=-1, max_completion_tokens=None),
        row("e", max_tokens="odd"),
    )
    engine = Engine()
    world.run(engine, max_tokens=9)
    assert [
        {"max_tokens": 9},
        {"max_tokens": 5},
        {"max_completion_tokens": 500},
        {"max_tokens": 9},
        {"max_tokens": "odd"},
    ] == engine.bounds


def test_without_a_bound(world: World) -> None:
    """Rows are sent as they are."""
    world.write_rows(row("a"), row("b", max_tokens=-1))
    engine = Engine()
    world.run(engine)
    assert [{}, {"max_tokens": -1}] == engine.bounds


def test_the_spend_of_each_model(world: World) -> None:
    """The dearest comes first."""
    costs = {"a": ("cheap", 0.1), "b": ("dear", 0.5), "c": ("cheap", None)}

    def answer(prompt: str) -> Reply:
        model, cost_usd = costs[prompt]
        return replace(reply(prompt, cost_usd), model=model)

    world.write(*"abc")
    models = world.run(Engine(answer)).as_dict()["models"]
    assert ["dear", "cheap"] == list(models)
    assert {
        "calls": 2,
        "input_tokens": 6,
        "output_tokens": 4,
        "cost_usd": 0.1,
        "unpriced": 1,
    } == models["cheap"]


def test_one_dead_model_among_others(world: World) -> None:
    """Its rows fail, and the others go on."""
    world.write(*"abcd")
    report = world.run(Engine(_refuse_all_but("a", "d")))
    assert (2, 2, True) == (report.ok, report.failed, report.is_complete)
    assert ["no_endpoint"] == list(report.errors)


def test_nothing_is_ever_answered(world: World) -> None:
    """It breaks off soon, with the latest reason; what is under way is written."""

    def refuse(prompt: str) -> Reply:
        raise RetriesExhausted(f"cannot reach {prompt}\nmore", verdict=Verdict.SICK)

    world.write(*(f"p{number}" for number in range(1, 100)))
    batch = world.batch(Crew(Engine(refuse), hand=8))
    message = "^nothing was answered; 20 rows failed, the latest with: cannot.* p20$"
    with pytest.raises(BatchError, match=message):
        batch.run()
    assert 24 == batch.report().failed


@pytest.mark.parametrize("first", ["answer", "rejection"])
def test_an_outage_after_an_answer(world: World, first: str) -> None:
    """It may pass: each row has its chance."""

    def vary(prompt: str) -> Reply:
        if prompt == "rejection":
            raise RequestError("no", status=422)
        if prompt == "answer":
            return reply(prompt)
        raise DeadlineExceeded("too late", verdict=Verdict.SICK)

    world.write(first, *(f"p{number}" for number in range(99)))
    report = world.run(Engine(vary))
    assert (100, True) == (report.rows, report.is_complete)


def test_bad_rows_are_no_outage(world: World) -> None:
    """However many there are, what can be sent is sent."""
    world.write_rows(*[{"custom_id": "bad"}] * 50, row("a"))
    assert (1, 50) == ((report := world.run()).ok, report.failed)


def test_a_pool_that_comes_back_does_not(world: World) -> None:
    """Where a trial is due some time, it goes on."""

    def refuse(prompt: str) -> Reply:
        raise NoEndpoint("not now", retry_after_s=3.0)

    world.write("a", "b", "c")
    assert 3 == world.run(Engine(refuse)).failed


def test_stopping_lets_go_on_later(world: World) -> None:
    """What was not begun is left; the next run does the rest."""
    world.write(*"abcdefgh")
    crew = Crew(hand=2)
    batch = world.batch(crew)
    crew.on_hand = lambda number: batch.stop() if number == 1 else None
    report = batch.run()
    assert (4, False, "it was stopped") == (
        report.rows,
        report.is_complete,
        report.reason,
    )
    rest = world.run()
    assert (4, 4, True) == (rest.skipped, rest.ok, rest.is_complete)
    assert 8 == len(set(world.names()))


def test_aborting_gives_up_what_is_under_way(world: World) -> None:
    """Only what came before is written."""
    world.write(*"abcdefgh")
    crew = Crew(hand=2)
    batch = world.batch(crew)
    crew.on_hand = lambda number: batch.abort() if number == 2 else None
    report = batch.run()
    assert (4, False) == (report.rows, report.is_complete)


def test_stopping_before_it_began(world: World) -> None:
    """Nothing is sent."""
    world.write("a")
    batch = world.batch(crew := Crew())
    batch.stop()
    crew.is_drained = False  # a crew begins afresh with each work
    assert (0, False) == (batch.run().rows, batch.report().is_complete)


def test_stopping_too_late(world: World) -> None:
    """A run that has done all is complete, whoever wanted to end it."""
    world.write("a", "b")
    crew = Crew(hand=3)
    batch = world.batch(crew)
    crew.on_hand = lambda number: batch.stop()
    assert (2, True, "") == (
        batch.run().rows,
        batch.report().is_complete,
        batch.report().reason,
    )


def test_it_runs_once(world: World) -> None:
    """Its files are closed afterwards."""
    world.write("a")
    batch = world.batch()
    batch.run()
    with pytest.raises(BatchError, match="run once"):
        batch.run()


def test_one_that_never_runs_can_be_left(world: World) -> None:
    """Its lock goes with it, and nothing leaks."""
    world.write("a")
    with world.batch() as batch:
        assert ("lines", 1, []) == (batch.format, batch.expected, batch.notes)
    assert 1 == world.run().ok


def test_an_input_that_breaks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before is answered and written, then it says what happened."""
    world.write("a", "b", "c")
    batch = world.batch()
    given = batch._source.lines

    def broken() -> Any:
        yield from list(given())[:2]
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(batch._source, "lines", broken)
    with pytest.raises(BatchError, match=r"cannot read .*in.txt: Input/output error"):
        batch.run()
    assert ["row-1", "row-2"] == world.names()


def test_from_a_pipe_to_standard_output(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dash is standard input or output; how many rows there are is not known."""
    reader, writer = os.pipe()
    os.write(writer, b"a\nb\n")
    os.close(writer)
    saved = os.dup(0)
    os.dup2(reader, 0)
    standard_output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", standard_output)
    try:
        batch = Batch(Crew(), "-", "-", BatchOptions(), CONFIG)
        assert ("lines", None) == (batch.format, batch.expected)
        assert 2 == batch.run().ok
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(reader)
    buffer = standard_output.buffer
    assert isinstance(buffer, io.BytesIO)
    assert 2 == buffer.getvalue().count(b"\n")


def test_a_silent_pipe_lets_answers_through(world: World) -> None:
    """Rows that came are answered while the pipe is silent."""
    world.source = world.folder / "fifo"
    os.mkfifo(world.source)
    keeper = os.open(world.source, os.O_RDWR)
    writer = os.open(world.source, os.O_WRONLY)
    os.write(keeper, b"a\nb\n")
    crew = Crew()
    batch = world.batch(crew)

    def end(number: int) -> None:
        if number == 2:
            assert ["row-1", "row-2"] == world.names()
            os.close(keeper)
            os.close(writer)

    crew.on_hand = end
    assert (2, True) == (batch.run().ok, batch.report().is_complete)


def test_lines_for_any_model(world: World) -> None:
    """Where the endpoint takes any model, one has to be named."""
    endpoint = {
        "name": "any",
        "provider": "openai",
        "base_url": "http://127.0.0.1:9/v1",
        "models": ["*"],
    }
    config = Config.from_dict({"endpoints": [endpoint]})
    world.write("a")
    with pytest.raises(ConfigError, match="takes any; say --model"):
        Batch(Crew(), world.source, world.output, BatchOptions(), config)
    assert not world.output.exists()


def test_expected_rows(world: World) -> None:
    """Done rows are not among them, before the run as after it."""
    world.write(*"abcdef")
    world.run(limit=2)
    batch = world.batch()
    assert 4 == batch.expected
    batch.run()
    assert (4, 2) == (batch.expected, batch.totals.skipped)
