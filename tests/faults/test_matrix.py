"""Each format, whole and in pieces: what comes of each kind of answer."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import orjson
import pytest

from holybalance import Client, Reply
from holybalance.balancing.feed import LINGER_S
from holybalance.errors import (
    CallError,
    RequestError,
    Saturated,
    StreamInterrupted,
)
from holybalance.messages import Delta, Verdict
from tests.faults.answers import anthropic, gemini, openai
from tests.faults.answers.row import (
    KINDS,
    RESULTS,
    SCENARIOS,
    TEXT,
    TOOLS,
    Format,
    Row,
    Told,
    opening,
)
from tests.faults.scripted import PATIENCE_S, Peer, Script
from tests.faults.streaming import END, Gate, event, framed
from tests.faults.world import World, assert_settled, calm, state

FORMATS: dict[str, Format] = {
    "openai": openai.FORMAT,
    "anthropic": anthropic.FORMAT,
    "gemini": gemini.FORMAT,
}


class Cell(NamedTuple):
    """One place of the matrix."""

    format: Format
    kind: str
    row: Row

    @property
    def healthy(self) -> bytes:
        """What an endpoint of the same format answers that is in order."""
        return self.format.rows[self.kind, "ok"].answer


def cells(begin: str = "") -> list[Any]:
    """Give the cells of scenarios whose names begin so."""
    return [
        pytest.param(Cell(one, kind, row), id=f"{name}-{kind}-{scenario}")
        for name, one in FORMATS.items()
        for (kind, scenario), row in one.rows.items()
        if scenario.startswith(begin)
    ]


class Heard(NamedTuple):
    """What a caller met: a reply or an error, and the pieces of a stream."""

    result: Reply | CallError
    deltas: list[Delta]


def listen(client: Client, kind: str, gate: Gate, **arguments: Any) -> Heard:
    """Make a call, and open the gate when there is a first piece."""
    messages = arguments.pop("messages", "ping")
    deltas: list[Delta] = []
    try:
        if kind == "whole":
            return Heard(client.chat(messages, **arguments), deltas)
        with client.stream(messages, **arguments) as stream:
            for delta in stream:
                deltas.append(delta)
                gate.set()
            assert stream.reply is not None
            return Heard(stream.reply, deltas)
    except CallError as error:
        return Heard(error, deltas)


def playing(row: Row, gate: Gate, *more: bytes) -> Script:
    """Give a row's answer, and further ones to further requests."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(row.answer)
        if row.rest is not None:
            assert gate.wait(PATIENCE_S)
            peer.send(row.rest)
        if row.closes:
            peer.close()
            return
        for answer in more:
            peer.request()
            peer.send(answer)

    return script


def giving(*answers: bytes) -> Script:
    """Answer the requests of a connection in turn."""
    return playing(Row(answer=answers[0]), Gate(), *answers[1:])


def went(result: Reply | CallError) -> list[tuple[str, Verdict]]:
    """Give endpoints and verdicts of the attempts."""
    return [(attempt.endpoint, attempt.verdict) for attempt in result.attempts]


def assert_told(told: Told, reply: Reply) -> None:
    """Assert what a reply says."""
    calls = [call["function"] for call in reply.tool_calls]
    assert told.text == reply.text
    assert told.finish == reply.finish_reason
    assert told.calls == [(f["name"], orjson.loads(f["arguments"])) for f in calls]
    assert len(calls) == len({call["id"] for call in reply.tool_calls} - {""})
    assert told.refusal == reply.body["choices"][0]["message"].get("refusal")
    assert told.usage == reply.usage
    assert told.cost_usd == pytest.approx(reply.cost_usd)


def assert_pieces(reply: Reply, deltas: list[Delta]) -> None:
    """Assert that a stream's pieces say what its whole reply says."""
    texts: dict[int, str] = {}
    for delta in deltas:
        for call in delta.tool_calls:
            more = call["function"].get("arguments", "")
            texts[call["index"]] = texts.get(call["index"], "") + more
    reasons = [delta.finish_reason for delta in deltas if delta.finish_reason]
    assert reply.text == "".join(delta.text for delta in deltas)
    assert [call["function"]["arguments"] for call in reply.tool_calls] == [
        texts[index] for index in sorted(texts)
    ]
    assert [reply.finish_reason] == reasons


def assert_error(row: Row, error: CallError) -> None:
    """Assert what an error says of the last attempt."""
    assert row.error is type(error)
    assert row.verdict is error.verdict
    assert row.is_heard is (error.answer is not None)
    if error.answer is not None:
        assert row.status == error.answer.status
        said = error.answer.error
        assert row.code == (said.get("code") or said.get("type"))
    if isinstance(error, RequestError):
        assert (row.status, row.code) == (error.status, error.code)
    if isinstance(error, StreamInterrupted):
        assert row.told is not None
        assert row.told.text == error.text
        assert row.told.text == error.body["choices"][0]["message"]["content"]
        assert error.body["choices"][0]["finish_reason"] in (None, "stop")


def assert_result(cell: Cell, heard: Heard) -> None:
    """Assert what one attempt came to, with nobody else to go to."""
    row, result = cell.row, heard.result
    attempt = result.attempts[0]
    assert [("a", row.verdict)] == went(result)
    assert (row.status, row.code) == (attempt.status, attempt.code)
    assert row.request_id == attempt.request_id
    if isinstance(result, CallError):
        assert_error(row, result)
        return
    assert row.error is None, f"there was a reply: {result.body}"
    assert row.told is not None
    assert_told(row.told, result)
    assert row.request_id == result.request_id
    if cell.kind == "stream":
        assert_pieces(result, heard.deltas)


def assert_freed(world: World, client: Client) -> None:
    """Assert that nothing but idle connections is left."""
    assert_settled(client)
    for upstream, name in zip(world.upstreams, "ab", strict=False):
        idle = state(client, name)["idle_connections"]
        assert upstream.wait_for_open(idle)


def test_the_matrix_is_whole() -> None:
    """Each format has a row for each scenario, whole and in pieces."""
    usual = {(kind, scenario) for kind in KINDS for scenario in SCENARIOS}

    assert dict.fromkeys(FORMATS, usual) == {
        name: usual & set(one.rows) for name, one in FORMATS.items()
    }
    assert 60 == len(FORMATS) * len(usual)


@pytest.mark.parametrize("cell", cells())
def test_alone(world: World, cell: Cell) -> None:
    """One endpoint: a reply, or one typed error that says what the upstream said."""
    gate = Gate()
    upstream = world.upstream(playing(cell.row, gate))
    client = world.client(upstream, endpoint=dict(cell.format.endpoint))

    heard = listen(client, cell.kind, gate, tools=TOOLS)

    assert_result(cell, heard)
    assert [cell.format.targets[cell.kind]] == [r.target for r in upstream.requests]
    assert 1 == client.metrics()["calls"]
    assert_freed(world, client)


@pytest.mark.parametrize("cell", cells())
def test_with_another(world: World, cell: Cell) -> None:
    """It is asked where the first is at fault, and only there."""
    gate = Gate()
    first = world.upstream(playing(cell.row, gate))
    other = world.upstream(giving(cell.healthy))
    client = world.client(first, other, endpoint=dict(cell.format.endpoint))

    heard = listen(client, cell.kind, gate, tools=TOOLS)

    if cell.row.goes_on:
        assert isinstance(heard.result, Reply)
        assert [("a", cell.row.verdict), ("b", Verdict.OK)] == went(heard.result)
        assert (TEXT, "b") == (heard.result.text, heard.result.endpoint)
        if cell.kind == "stream":
            assert_pieces(heard.result, heard.deltas)
    else:
        assert_result(cell, heard)
    assert int(cell.row.goes_on) == other.seen
    assert_freed(world, client)


@pytest.mark.parametrize("cell", cells("429"))
def test_when_to_come_back(world: World, cell: Cell) -> None:
    """The endpoint is left alone for as long as it asked."""
    gate = Gate()
    upstream = world.upstream(playing(cell.row, gate))
    client = world.client(upstream, endpoint=dict(cell.format.endpoint))
    listen(client, cell.kind, gate)

    again = listen(client, cell.kind, gate).result

    assert isinstance(again, Saturated)
    assert cell.row.wait_s == pytest.approx(again.retry_after_s, abs=3)
    assert 1 == upstream.seen


@pytest.mark.parametrize("cell", cells("tool call"))
def test_results_of_tools_go_back(world: World, cell: Cell) -> None:
    """Calls and results reach the upstream as its own API wants them."""
    gate = Gate()
    upstream = world.upstream(playing(cell.row, gate, cell.healthy))
    client = world.client(upstream, endpoint=dict(cell.format.endpoint))
    first = listen(client, cell.kind, gate, tools=TOOLS).result
    assert isinstance(first, Reply)
    message = first.body["choices"][0]["message"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": result}
        for call, result in zip(first.tool_calls, RESULTS, strict=True)
    ]
    messages = [{"role": "user", "content": "ping"}, message, *results]

    second = listen(client, cell.kind, gate, messages=messages, tools=TOOLS).result

    assert isinstance(second, Reply)
    assert TEXT == second.text
    body = orjson.loads(upstream.requests[1].body)
    assert cell.format.back == cell.format.sent_back(body)


@pytest.mark.parametrize("cell", cells("refusal"))
def test_another_model_takes_what_one_refuses(world: World, cell: Cell) -> None:
    """With `content_policy_fallback`, where nothing has been said."""
    gate = Gate()
    first = world.upstream(playing(cell.row, gate))
    other = world.upstream(giving(cell.healthy))
    client = falling_back(world, cell, first.url, other.url)

    heard = listen(client, cell.kind, gate, model="any")

    if cell.row.falls_back:
        assert isinstance(heard.result, Reply)
        assert [("a", Verdict.REFUSED), ("b", Verdict.OK)] == went(heard.result)
        assert (TEXT, "n") == (heard.result.text, heard.result.model)
    else:
        assert_result(cell, heard)
    assert int(cell.row.falls_back) == other.seen
    assert_freed(world, client)


def falling_back(world: World, cell: Cell, *urls: str) -> Client:
    """Make a client with two models, one behind the other."""
    known = cell.format.endpoint["models"]
    tables = [
        {
            **cell.format.endpoint,
            "name": name,
            "base_url": url,
            "api_key": "sk-canary",
            "models": {model: known[model]},
        }
        for name, url, model in zip("ab", urls, "mn", strict=True)
    ]
    client = Client(
        {
            "defaults": {"timeout": 5.0, "content_policy_fallback": True},
            "endpoints": tables,
            "models": {"any": {"targets": ["m"], "fallbacks": ["n"]}},
        }
    )
    calm(client)
    world.clients.append(client)
    return client


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "other"),
    [(name, other) for name in FORMATS for other in FORMATS if name != other],
)
def test_an_answer_in_another_format(
    world: World, name: str, other: str, kind: str
) -> None:
    """It is none, and an endpoint that speaks the right one is asked."""
    wrong = FORMATS[other].rows[kind, "ok"].answer
    cell = Cell(FORMATS[name], kind, Row(answer=wrong))
    client = world.client(
        world.upstream(giving(wrong)),
        world.upstream(giving(cell.healthy)),
        endpoint=dict(cell.format.endpoint),
    )

    heard = listen(client, kind, Gate())

    assert isinstance(heard.result, Reply)
    assert [("a", Verdict.MALFORMED), ("b", Verdict.OK)] == went(heard.result)
    assert TEXT == heard.result.text
    assert_freed(world, client)


@pytest.mark.parametrize(
    "cell",
    [
        one
        for one in cells("refusal")
        if one.values[0].kind == "stream"
        and one.values[0].row.verdict is Verdict.REFUSED
        and one.values[0].row.told is not None
    ],
)
def test_a_stream_that_says_nothing_has_no_first_token(
    world: World, cell: Cell
) -> None:
    """Neither for its reader, nor for what tells when others are late."""
    upstream = world.upstream(giving(cell.row.answer))
    client = world.client(upstream, endpoint=dict(cell.format.endpoint))

    stream = client.stream("ping")
    reply = stream.read()

    assert (None, None) == (stream.first_token_s, reply.first_token_s)
    assert client.metrics()["first_token"]["p50_s"] is None
    assert [] == list(client._engine().balancer.pools.of_model("m").hedges._recent)


def test_a_finish_reason_with_every_event(world: World) -> None:
    """As some models of Gemini's send: a pause after one is not the end."""
    gate = Gate()

    def event_of(text: str) -> bytes:
        part = {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}
        return event({"candidates": [part]})

    begin = Row(answer=opening(event_of("Once ")), rest=framed(event_of("upon")) + END)
    upstream = world.upstream(playing(begin, gate))
    client = world.client(upstream, endpoint=dict(FORMATS["gemini"].endpoint))
    stream = client.stream("ping")
    assert "Once " == next(stream).text
    # Longer than an end that is only missing HTTP's is waited for.
    threading.Event().wait(LINGER_S + 0.05)
    gate.set()

    assert TEXT == stream.read().text


def test_a_cut_after_a_finish_reason(world: World) -> None:
    """Gemini has no end marker, so nobody could tell a part from the whole."""
    part = {"content": {"parts": [{"text": "Once "}]}, "finishReason": "STOP"}
    upstream = world.upstream(
        playing(Row(answer=opening(event({"candidates": [part]})), closes=True), Gate())
    )
    client = world.client(upstream, endpoint=dict(FORMATS["gemini"].endpoint))

    with pytest.raises(StreamInterrupted):
        client.stream("ping").read()
