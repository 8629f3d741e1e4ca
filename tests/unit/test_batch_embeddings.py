"""Owns the proof that rows for embeddings are embedded, beside chats and by lines."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from holybalance.batch import rows
from holybalance.batch.estimate import Estimate, estimate
from holybalance.batch.funding import with_max_cost
from holybalance.batch.job import Batch
from holybalance.batch.lines import Line
from holybalance.batch.options import BatchOptions, refuse_model
from holybalance.batch.rows import BadRow
from holybalance.batch.targets import why_not_embedded
from holybalance.batch.terms import Terms
from holybalance.config import Config
from holybalance.errors import ConfigError, RequestError
from holybalance.messages import EmbedRequest
from holybalance.prompts import make_embedding
from holybalance.routing.router import Live, Router
from tests.unit.batches import MODEL, Crew, Engine, Row, World, row, text_of
from tests.unit.routers import MORNING, StubFunds

URL = "/v1/embeddings"
PRICE = {"input": 1.0, "output": 10.0}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An input and an output."""
    return World(tmp_path)


def _row(custom_id: str, given: Any = "a text", **body: Any) -> Row:
    asked = {"model": MODEL, "input": given, **body}
    return {"custom_id": custom_id, "method": "POST", "url": URL, "body": asked}


def _read(row: Row, **terms: Any) -> rows.Row | BadRow:
    return rows.read(Line(1, json.dumps(row).encode()), "jsonl", Terms(**terms))


def _config(**parts: Any) -> Config:
    endpoint = {"name": "one", "provider": "openai", "base_url": "http://one.test/v1"}
    return Config.from_dict(
        {"endpoints": [{**endpoint, "models": ["m", "n"]}], **parts}
    )


def _estimate(world: World, config: Config, **options: Any) -> Estimate:
    return estimate(config, world.source, BatchOptions(**options))


def test_both_in_one_file(world: World) -> None:
    """Each row gets what it asks for; the report adds up both."""
    world.write_rows(_row("a", dimensions=2), row("b", "hello"), _row("c", [[1, 2]]))
    engine = Engine()
    report = world.run(engine)
    answers = {each["custom_id"]: each for each in world.rows()}
    body = {"object": "list", "data": [{"index": 0, "embedding": [0.5, 0.25]}]}
    response = {"status_code": 200, "request_id": "", "body": body}
    assert (response, None) == (answers["a"]["response"], answers["a"]["error"])
    assert "hello" == text_of(answers["b"])
    asked = [(each.inputs, {**each.options}) for each in engine.embedded]
    assert [("a text", {"dimensions": 2}), ([[1, 2]], {})] == asked
    assert (3, 3, 13, 2, 1.0) == (
        report.rows,
        report.ok,
        report.input_tokens,
        report.output_tokens,
        report.cost_usd,
    )


@pytest.mark.parametrize(
    ("body", "is_embedding"),
    [
        ({"input": "x"}, True),
        ({"messages": []}, False),
        ({"messages": [], "input": "x"}, False),
    ],
)
def test_a_row_without_a_url(body: dict[str, Any], is_embedding: bool) -> None:
    """Its body tells what it asks for."""
    found = _read({"body": body}, model=MODEL)
    assert isinstance(found, rows.Row)
    assert is_embedding == found.is_embedding


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (_row("a", None), "body.input must be a text, or a list of texts or of"),
        (_row("a", {"text": "x"}), "body.input must be a text"),
        (_row("a", stream=True), "body.stream must be false, or left out: a row gets"),
        (_row("a", timeout=3), "body.timeout is no parameter of embeddings; set it"),
        (_row("a", system="x"), "body.system is no parameter of embeddings; put it"),
        (_row("a", messages=[]), "body.messages is no parameter of embeddings"),
        (_row("a", inputs=[]), "body.inputs is no parameter of embeddings; it is cal"),
        (_row("a", max_cost=1), "body.max_cost is no parameter of embeddings"),
        (_row("a", model=None), "no model given, and embeddings have no default; set"),
        (_row("a") | {"url": "/v1/responses"}, f'url must be "{rows.CHAT}" or "{URL}"'),
        (_row("a") | {"url": None}, "url must be"),
        (_row("a") | {"url": [URL]}, "url must be"),
        (row("a") | {"url": URL}, "body.input must be"),
        (row("a", stream=True), "body.stream must be false, or left out: a row gets"),
        ({"body": {}}, "body.messages must be a list"),
    ],
)
def test_a_row_that_no_call_can_be_made_of(row: Row, message: str) -> None:
    """It says why."""
    found = _read(row)
    assert isinstance(found, BadRow)
    assert found.message.startswith(message)


def test_what_a_client_would_refuse(world: World) -> None:
    """It is an error of the row."""
    world.write_rows(_row("a", ""), _row("b", ["x", ""]), _row("c", []))
    world.run()
    errors = [each["error"] for each in world.rows()]
    assert {"invalid_request"} == {error["code"] for error in errors}
    assert "line 2: inputs[1] is empty" == errors[1]["message"]


def test_what_a_run_says_to_all_rows(world: World) -> None:
    """Tags and a model reach embeddings, a bound of answers only chats."""
    asked = _row("a", tags=["own"])
    del asked["body"]["model"]
    world.write_rows(asked, row("b"))
    engine = Engine()
    world.run(engine, model=MODEL, max_tokens=9, tags=["web"])
    (request,) = engine.embedded
    assert (MODEL, ("web", "own"), {}) == (
        request.model,
        request.tags,
        {**request.options},
    )
    assert [{"max_tokens": 9}] == engine.bounds


def test_names_are_not_taken_for_ours(world: World) -> None:
    """Whatever else is in a body goes to the upstream as it is."""
    world.write_rows(_row("a", config=1, encoding_format="base64", user="u"))
    engine = Engine()
    world.run(engine)
    (request,) = engine.embedded
    options = {"config": 1, "encoding_format": "base64", "user": "u"}
    assert options == request.options


def test_a_question_is_told_by_its_url_too() -> None:
    """What is asked for is part of it, however that was said; the method is checked."""

    def question(**row: Any) -> bytes | None:
        return rows.question_of(Line(1, json.dumps(row).encode()), "jsonl")

    body = {"messages": [], "input": "x"}
    chat, embedding = (question(url=url, body=body) for url in (rows.CHAT, URL))
    assert chat != embedding
    assert chat == question(body=body)
    assert question(body={"input": "x"}) == question(url=URL, body={"input": "x"})
    assert [None] * 3 == [
        question(method="GET", body=body),
        question(url="/v1/responses", body=body),
        question(custom_id=7, body=body),
    ]


def test_a_bad_row_has_no_repeats(world: World) -> None:
    """A sound row of the same body is called all the same."""
    world.write_rows(row("a", "x") | {"method": "GET"}, row("b", "x"))
    report = world.run(dedupe=True)
    assert (1, 1, 0) == (report.ok, report.failed, report.repeated)


def test_equal_rows_are_embedded_once(world: World) -> None:
    """Each gets the answer under its own name."""
    world.write_rows(_row("a"), row("b", "a text"), _row("c"), _row("d", ["a text"]))
    engine = Engine()
    report = world.run(engine, dedupe=True)
    assert (4, 1, 2) == (report.ok, report.repeated, len(engine.embedded))
    bodies = {each["custom_id"]: each["response"]["body"] for each in world.rows()}
    assert bodies["a"] == bodies["c"]


def test_what_is_done_is_not_embedded_again(world: World) -> None:
    """A run goes on with what is missing."""
    world.write_rows(_row("a"), _row("b"))
    world.run(limit=1)
    engine = Engine()
    report = world.run(engine, ordered=True)
    assert (1, 1, 1) == (report.ok, report.skipped, len(engine.embedded))
    assert ["a", "b"] == world.names()


def test_lines_are_embedded(world: World) -> None:
    """Each is a text; no prompt is sent."""
    world.write("one", "", " two ")
    engine = Engine()
    batch = world.batch(Crew(engine), embed=True, model=MODEL)
    report = batch.run()
    assert ("texts", 2, []) == (batch.format, report.ok, engine.prompts)
    assert ["one", " two "] == [each.inputs for each in engine.embedded]
    assert ["row-1", "row-3"] == world.names()


def test_a_line_that_is_no_text(world: World) -> None:
    """It is a bad row here as well."""
    world.source.write_bytes(b"ok\n\xff\n")
    report = world.run(embed=True, model=MODEL)
    assert ({"invalid_row"}, 1) == (set(report.errors), report.ok)


def test_answers_to_prompts_are_none_to_texts(world: World) -> None:
    """Lines that were sent as prompts are not taken for embedded."""
    world.write("one")
    world.run()
    with pytest.raises(ConfigError, match=r"1 row that answers nothing of .*in\.txt"):
        world.batch(embed=True, model=MODEL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"embeddings have no default: name one by --model \(-m\), or model= in P"),
        ({"model": "auto"}, '"auto" stands for several models'),
        ({"model": "nobody"}, 'no endpoint serves the model "nobody"'),
        ({"model": MODEL, "system": "x"}, "embed has none"),
        ({"model": MODEL, "max_tokens": 1}, "embed has them write nothing"),
        ({"model": MODEL, "format": "jsonl"}, "embed is for plain lines"),
    ],
)
def test_lines_that_cannot_be_embedded(
    world: World, options: dict[str, Any], message: str
) -> None:
    """It is refused before anything is sent or opened."""
    world.write("one")
    with pytest.raises(ConfigError, match=message):
        world.batch(embed=True, **options)
    assert not world.output.exists()


def test_rows_say_for_themselves(world: World) -> None:
    """Of rows nobody has to say that they are to be embedded."""
    world.write_rows(_row("a"))
    with pytest.raises(ConfigError, match=r"in\.jsonl is read as jsonl, where a row"):
        world.batch(embed=True, model=MODEL)


def test_a_model_for_prompts(world: World) -> None:
    """The model of a run is for whatever names none, and must be served."""
    world.write("one")
    with pytest.raises(ConfigError, match='no endpoint serves the model "nobody"'):
        world.batch(model="nobody")
    assert 1 == world.run(model=MODEL).ok


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        ("x" * 9, 3),
        (["x" * 9, "y"], 4),
        ([7, 8, 9], 3),
        ([[7, 8], [9]], 3),
        ([[], {"odd": 1}, None], 2),
    ],
)
def test_tokens(world: World, given: Any, tokens: int) -> None:
    """Four characters are one, a token id is one, and nothing is written."""
    world.write_rows(_row("a", given, model="m"))
    config = _config(catalog={"m": {"price": PRICE}})
    found = _estimate(world, config)
    assert (tokens, (0, 0)) == (found.input_tokens, found.output_tokens)
    assert pytest.approx((tokens / 1e6,) * 2) == found.cost_usd


def test_lines_and_rows_take_the_same(world: World) -> None:
    """Embedded as texts, they have no message around them."""
    texts = ["one", "schön", "x" * 101]
    world.write(*texts)
    found = _estimate(world, _config(), embed=True, model="m")
    assert (1 + 2 + 26, 0) == (found.input_tokens, found.bad_rows)
    world.write_rows(*(_row(each, each, model="m") for each in texts))
    assert found == _estimate(world, _config())


@pytest.mark.parametrize("given", [[], "", ["one", ""]])
def test_inputs_that_a_run_would_refuse(world: World, given: Any) -> None:
    """The dry run says of them what the row of the run would."""
    world.write_rows(_row("a", given, model="m"))
    (bad,) = _estimate(world, _config()).bad_examples
    with pytest.raises(RequestError) as refused:
        make_embedding(_config(), given, model="m")
    assert (1, str(refused.value)) == (bad.line, bad.reason)


def test_rows_that_cannot_be_embedded(world: World) -> None:
    """They are told before anything is sent."""
    names = ("m", "nobody", "auto", "fast", "only", None)
    world.write_rows(*(_row(str(name), model=name) for name in names))
    aliases = {"fast": {"targets": ["m", "n"]}, "only": {"targets": ["m"]}}
    found = _estimate(world, _config(models=aliases))
    reasons = {bad.line: bad.reason for bad in found.bad_examples}
    assert {2, 3, 4, 6} == set(reasons)
    assert 'no endpoint serves the model "nobody"' == reasons[2]
    assert reasons[4].startswith('"fast" stands for several models')


@pytest.mark.parametrize("name", ["m", "nobody", "only", "fast", "auto"])
def test_names_for_several(name: str) -> None:
    """What is said before a run is what its calls would be told."""
    aliases = {"fast": {"targets": ["m", "n"]}, "only": {"targets": ["m"]}}
    config = _config(models=aliases)
    router = Router(
        config,
        lambda _: Live(0.0, is_open=True),
        StubFunds(),
        rng=random.Random(1),
        today=lambda: MORNING,
    )
    told = ""
    try:
        router.plan_embeddings(EmbedRequest(model=name, inputs="x", timeout_s=1.0))
    except RequestError as error:
        told = str(error)
    assert told == why_not_embedded(config, name)


@pytest.mark.parametrize("name", ["gpt-4.1", "only"])
def test_a_model_that_makes_no_vectors(world: World, name: str) -> None:
    """A run refuses it at once, and so does the dry run."""
    world.write("one", "two")
    endpoint = {"provider": "openai", "base_url": "http://one.test/v1"}
    config = Config.from_dict(
        {
            "endpoints": [{**endpoint, "models": ["gpt-4.1"]}],
            "models": {"only": {"targets": ["gpt-4.1"]}},
        }
    )
    options: dict[str, Any] = {"embed": True, "model": name}
    with pytest.raises(ConfigError, match=r'"gpt-4\.1" answers messages'):
        _estimate(world, config, **options)
    with pytest.raises(ConfigError, match=r'"gpt-4\.1" answers messages'):
        refuse_model(config, "texts", BatchOptions(**options))


def _notes(world: World, config: Config) -> list[str]:
    capped = with_max_cost(config, 1.0)
    with Batch(Crew(), world.source, world.output, BatchOptions(), capped) as batch:
        return batch.notes


def test_what_it_may_cost(world: World) -> None:
    """The input's price has to be known, and no bound of an answer is asked for."""
    world.write_rows(_row("a", model="m"))
    assert [] == _notes(world, _config(catalog={"m": {"price": PRICE}}))
    with pytest.raises(ConfigError, match=r'price of "m" at "one" is not known'):
        _notes(world, _config())
