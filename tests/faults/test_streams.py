"""Whatever befalls a stream, its reader meets one whole answer or one typed error."""

from __future__ import annotations

import gc
import os
import threading
from typing import Any

import pytest

from holybalance import Client
from holybalance.balancing.stream import Stream
from holybalance.errors import (
    CallError,
    ClientClosed,
    DeadlineExceeded,
    RequestError,
    RetriesExhausted,
    StreamInterrupted,
)
from holybalance.messages import Usage, Verdict
from tests.faults.scripted import (
    OK,
    PATIENCE_S,
    Peer,
    Script,
    answering,
    error,
    http,
    silent,
)
from tests.faults.streaming import (
    COMMENT,
    DONE,
    END,
    HEAD,
    Gate,
    beginning,
    breaking,
    chattering,
    closing,
    commenting,
    event,
    framed,
    piece,
    resetting,
    role,
    stalling,
    streaming,
    unfinished,
    usage,
    whole,
)
from tests.faults.world import World, assert_connections, assert_settled

BRIEF_S = 0.3


def opened(client: Client, **arguments: Any) -> Stream:
    """Open a stream."""
    return client.stream("ping", **arguments)


def interrupted(client: Client, **arguments: Any) -> StreamInterrupted:
    """Read a stream that must break off after its first piece."""
    stream = opened(client, **arguments)
    with pytest.raises(StreamInterrupted) as caught:
        list(stream)
    assert stream.reply is None
    return caught.value


def failure(client: Client, **arguments: Any) -> CallError:
    """Open a stream that must fail before its first piece."""
    with pytest.raises(CallError) as caught:
        opened(client, **arguments)
    return caught.value


def test_pieces_and_reply(world: World) -> None:
    """Pieces come in their order, and make up a reply with usage and cost."""
    client = world.client(world.upstream(streaming("Once ", "upon")))

    with opened(client) as stream:
        texts = [delta.text for delta in stream]

    assert ["Once ", "upon"] == [text for text in texts if text]
    assert stream.reply is not None
    assert ("Once upon", "stop") == (stream.reply.text, stream.reply.finish_reason)
    assert Usage(input_tokens=3, output_tokens=2) == stream.reply.usage
    assert stream.reply.first_token_s is not None
    assert_connections(client, world.upstreams[0], idle=1)


def test_asks_for_usage(world: World) -> None:
    """A stream has none unless it is asked for."""
    upstream = world.upstream(streaming("a"))
    opened(world.client(upstream)).read()

    assert b'"stream_options":{"include_usage":true}' in upstream.requests[0].body
    assert b'"stream":true' in upstream.requests[0].body


def test_a_connection_serves_one_stream_after_another(world: World) -> None:
    """Its end is read, so that it can."""
    upstream = world.upstream(streaming("a"))
    client = world.client(upstream)
    for _ in range(3):
        assert "a" == opened(client).read().text

    assert (1, 3) == (upstream.accepted, upstream.seen)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16])
def test_cut_into_segments_anyhow(world: World, size: int) -> None:
    """Where the network cuts is of no concern."""
    data = whole("hé\u2028", "😀")

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(*(data[i : i + size] for i in range(0, len(data), size)))

    assert "hé\u2028😀" == opened(world.client(world.upstream(script))).read().text


BEFORE_THE_FIRST_TOKEN: dict[str, Script] = {
    "status 500": answering(http(error(), "500 Oops")),
    "status 429": answering(http(error(), "429 Slow Down", "Retry-After: 60")),
    "refused key": answering(http(error(), "401 No")),
    "closed without an answer": breaking(),
    "closed after the head": answering(HEAD),
    "cut after the role": breaking(role()),
    "reset after the role": breaking(role(), is_reset=True),
    "an end without a word": unfinished(),
    "an end without its marker": unfinished(role(), piece(finish="stop")),
    "silence": silent,
    "silence after the head": stalling(),
    "silence after the role": stalling(role()),
    "comments": chattering(),
    "comments after the role": chattering(role()),
    "garbage": stalling(b"data: {{{\n\n"),
    "a web page": answering(http(b"<html>", "200 OK", "Content-Type: text/html")),
    "an error as the answer": answering(
        http(error("no"), "200 OK", "Content-Type: application/json")
    ),
    "a whole reply": answering(
        OK.replace(b"\r\n", b"\r\nContent-Type: application/json\r\n", 1)
    ),
    "an error in the stream": stalling(
        role(), event({"error": {"message": "busy", "type": "server_error"}})
    ),
    "the marker alone": unfinished(DONE),
    "not HTTP": answering(b"\x00\x01\x02 nonsense\r\n\r\n"),
}


@pytest.mark.parametrize(
    "script", BEFORE_THE_FIRST_TOKEN.values(), ids=BEFORE_THE_FIRST_TOKEN
)
def test_goes_on_elsewhere_before_the_first_token(world: World, script: Script) -> None:
    """The reader sees one clean stream of the other endpoint."""
    client = world.client(
        world.upstream(script),
        world.upstream(streaming("Once ", "upon")),
        first_token_timeout=BRIEF_S,
    )

    reply = opened(client).read()

    assert ("Once upon", "b") == (reply.text, reply.endpoint)
    assert ["a", "b"] == [attempt.endpoint for attempt in reply.attempts]
    assert_settled(client)
    idle = client.metrics()["endpoints"]["a"]["idle_connections"]
    assert world.upstreams[0].wait_for_open(idle)


AFTER_THE_FIRST_TOKEN: dict[str, tuple[bytes, Script | None, Verdict]] = {
    "cut": (b"", closing, Verdict.MALFORMED),
    "reset": (b"", resetting, Verdict.MALFORMED),
    "no marker": (framed(piece(finish="stop")) + END, None, Verdict.MALFORMED),
    "garbage": (framed(b"data: {{{\n\n"), None, Verdict.MALFORMED),
    "silence": (b"", None, Verdict.LOST),
    "comments": (b"", commenting, Verdict.LOST),
    "empty pieces": (framed(piece(""), role()), None, Verdict.LOST),
    "an error": (
        framed(event({"error": {"type": "server_error"}})),
        None,
        Verdict.SICK,
    ),
    "throttled": (
        framed(event({"error": {"type": "rate_limit_exceeded"}})),
        None,
        Verdict.THROTTLED,
    ),
}


@pytest.mark.parametrize(
    ("data", "last", "verdict"),
    AFTER_THE_FIRST_TOKEN.values(),
    ids=AFTER_THE_FIRST_TOKEN,
)
def test_breaks_off_after_the_first_token(
    world: World, data: bytes, last: Script | None, verdict: Verdict
) -> None:
    """The error has what came so far; nobody else is asked."""
    gate = Gate()
    first = world.upstream(gate.then(stalling(piece("Once ")), data, last=last))
    other = world.upstream(streaming("no"))
    client = world.client(first, other, idle_timeout=BRIEF_S)
    stream = opened(client)
    assert "Once " == next(stream).text
    gate.set()

    with pytest.raises(StreamInterrupted) as raised:
        list(stream)

    caught = raised.value
    assert stream.reply is None
    assert ("Once ", verdict) == (caught.text, caught.verdict)
    assert "Once " == caught.body["choices"][0]["message"]["content"]
    assert [verdict] == [attempt.verdict for attempt in caught.attempts]
    assert 0 == other.seen
    assert_settled(client)
    idle = client.metrics()["endpoints"]["a"]["idle_connections"]
    assert first.wait_for_open(idle)


def test_what_came_before_a_flaw_is_told_first(world: World) -> None:
    """Also when both come at once: pieces and text agree."""
    gate = Gate()
    rest = framed(piece("upon"), piece(" a"), b"data: {{{\n\n")
    client = world.client(
        world.upstream(gate.then(stalling(piece("Once ")), rest)), max_attempts=1
    )
    stream = opened(client)
    texts = [next(stream).text]
    gate.set()
    texts += [next(stream).text, next(stream).text]

    with pytest.raises(StreamInterrupted) as caught:
        next(stream)
    assert "Once upon a" == "".join(texts) == caught.value.text


def test_a_flaw_that_comes_with_the_first_token(world: World) -> None:
    """Nothing has been handed over, so another endpoint may still answer."""
    broken = stalling(piece("Once "), b"data: {{{\n\n")
    client = world.client(world.upstream(broken), world.upstream(streaming("b")))

    assert "b" == opened(client).read().text


def test_tokens_keep_a_stream_alive(world: World) -> None:
    """Not the whole stream is bounded by the idle timeout, but each silence."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(HEAD)
        for _ in range(8):
            peer.send(framed(piece("a")))
            peer.upstream.stopping.wait(0.1)
        peer.send(framed(piece(finish="stop"), DONE) + END)

    client = world.client(world.upstream(script), idle_timeout=0.5)

    assert "a" * 8 == opened(client).read().text


def test_a_slow_reader_is_no_silence(world: World) -> None:
    """What it does between two pieces is not the upstream's doing."""
    data = beginning(piece("a")), framed(piece("b"))
    gate = Gate()
    client = world.client(
        world.upstream(gate.then(answering(data[0]), data[1] + framed(DONE) + END)),
        idle_timeout=0.1,
    )
    stream = opened(client)
    assert "a" == next(stream).text
    gate.set()
    threading.Event().wait(0.3)

    assert "ab" == stream.read().text


def test_deadline_within_a_stream(world: World) -> None:
    """The call's own time ends it, whatever still comes."""
    client = world.client(world.upstream(chattering(piece("Once "))))

    caught = interrupted(client, timeout=BRIEF_S)

    assert ("Once ", Verdict.LATE) == (caught.text, caught.verdict)


def test_deadline_before_a_token(world: World) -> None:
    """Then it is the deadline's error, as of any call."""
    client = world.client(world.upstream(chattering()))

    caught = failure(client, timeout=BRIEF_S)

    assert isinstance(caught, DeadlineExceeded)


def test_refused_request(world: World) -> None:
    """A request at fault is nobody else's business."""
    bad = http(error("bad", type="invalid_request_error"), "400 Bad")
    other = world.upstream(streaming("no"))
    caught = failure(world.client(world.upstream(answering(bad)), other))

    assert isinstance(caught, RequestError)
    assert (400, 0) == (caught.status, other.seen)
    assert caught.answer is not None
    assert "bad" == caught.answer.error["message"]


def test_nobody_answers(world: World) -> None:
    """All that was tried is in the error."""
    down = answering(http(error(), "500 Oops"))
    caught = failure(world.client(world.upstream(down), world.upstream(down)))

    assert isinstance(caught, RetriesExhausted)
    assert [Verdict.SICK] * 2 == [attempt.verdict for attempt in caught.attempts]


def test_closing_early_frees_everything_at_once(world: World) -> None:
    """The upstream sees it, the slot is free, and nothing is left of it."""
    upstream = world.upstream(chattering(piece("Once ")))
    client = world.client(upstream, endpoint={"max_in_flight": 1})
    stream = opened(client)
    assert "Once " == next(stream).text

    stream.close()

    assert 0 == client.metrics()["in_flight"]
    assert upstream.wait_for_open(0)
    assert [] == list(stream)
    assert stream.reply is None


def test_leaving_the_block_early(world: World) -> None:
    """As with a file, also when something is raised."""
    upstream = world.upstream(chattering(piece("Once ")))
    client = world.client(upstream)

    def leave() -> None:
        with opened(client) as stream:
            next(stream)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave()

    assert_settled(client)
    assert upstream.wait_for_open(0)


def test_a_stream_that_nobody_refers_to(world: World) -> None:
    """Its connection goes at once, and its slot when anybody asks for one."""
    upstream = world.upstream(chattering(piece("Once ")), streaming("upon a time"))
    client = world.client(upstream, endpoint={"max_in_flight": 1})
    stream: Stream | None = opened(client)
    del stream
    gc.collect()

    assert upstream.wait_for_open(0)
    assert "upon a time" == opened(client).read().text


def test_a_forgotten_stream_gives_its_slot_to_who_waits(world: World) -> None:
    """Also when they have been waiting before it was forgotten."""
    upstream = world.upstream(chattering(piece("Once ")), streaming("upon a time"))
    client = world.client(upstream, endpoint={"max_in_flight": 1})
    held = [opened(client)]
    texts: list[str] = []
    waiting = threading.Thread(target=lambda: texts.append(opened(client).read().text))
    waiting.start()
    while not client.metrics()["queued"]:
        pass
    held.clear()
    waiting.join(PATIENCE_S)

    assert ["upon a time"] == texts


def test_closing_twice_and_after_the_end(world: World) -> None:
    """Neither does any harm."""
    client = world.client(world.upstream(streaming("a")))
    stream = opened(client)
    reply = stream.read()
    stream.close()
    stream.close()

    assert reply is stream.reply
    assert 1 == client.metrics()["calls"]


def test_closing_from_another_thread(world: World) -> None:
    """Whoever waits for a piece wakes up, and all is settled once."""
    upstream = world.upstream(stalling(piece("Once ")))
    client = world.client(upstream)
    stream = opened(client)
    assert "Once " == next(stream).text
    rest: list[object] = []
    reader = threading.Thread(target=lambda: rest.append(list(stream)))
    reader.start()
    while stream._reader is None:
        pass
    stream.close()
    stream.close()
    reader.join(PATIENCE_S)

    assert [[]] == rest
    assert (0, 1) == (client.metrics()["in_flight"], client.metrics()["attempts"])
    assert upstream.wait_for_open(0)


def test_two_readers_at_once(world: World) -> None:
    """The second is told, and the first loses nothing."""
    gate = Gate()
    rest = framed(piece("b"), DONE) + END
    client = world.client(world.upstream(gate.then(stalling(piece("a")), rest)))
    stream = opened(client)
    assert "a" == next(stream).text
    replies: list[str] = []
    reader = threading.Thread(target=lambda: replies.append(stream.read().text))
    reader.start()
    while stream._reader is None:
        pass
    with pytest.raises(RuntimeError, match="another thread"):
        next(stream)
    gate.set()
    reader.join(PATIENCE_S)

    assert ["ab"] == replies


def test_an_interrupted_reader_may_not_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was lost is not known, so the rest would be no answer."""
    client = world.client(world.upstream(streaming("Once ", "upon")))
    stream = opened(client)

    def interrupted_take() -> None:
        raise KeyboardInterrupt

    while stream._ready or stream.text == "":
        next(stream)
    monkeypatch.setattr(stream._feed, "take", interrupted_take)
    with pytest.raises(KeyboardInterrupt):
        list(stream)
    monkeypatch.undo()

    with pytest.raises(StreamInterrupted, match="interrupted"):
        list(stream)
    assert stream.reply is None


def test_a_stream_that_nobody_reads_ends_with_its_time(world: World) -> None:
    """Its slot goes to whoever waits; who reads on is told."""
    upstream = world.upstream(chattering(piece("Once ")), streaming("upon"))
    client = world.client(upstream, endpoint={"max_in_flight": 1})
    held = opened(client, timeout=BRIEF_S)
    next(held)

    assert "upon" == opened(client).read().text
    with pytest.raises(StreamInterrupted, match="time was up") as caught:
        next(held)
    assert Verdict.LATE is caught.value.verdict


def test_a_stream_that_has_ended_stays_ended(world: World) -> None:
    """Its time may be up long after; nobody who looks again is told otherwise."""
    client = world.client(world.upstream(streaming("a")))
    stream = opened(client)
    reply = stream.read()
    stream.expire()
    client._engine().balancer._streams.sweep(stream.deadline + 60)

    assert reply is stream.read()
    assert [] == list(stream)
    assert not client._engine().balancer._streams


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are of POSIX")
def test_a_child_of_a_fork_leaves_it_alone(world: World) -> None:
    """It may neither read nor settle what is its parent's."""
    gate = Gate()
    rest = framed(piece("b"), piece(finish="stop"), DONE) + END
    client = world.client(world.upstream(gate.then(stalling(piece("a")), rest)))
    stream = opened(client)
    assert "a" == next(stream).text
    child = os.fork()
    if child == 0:
        try:
            next(stream)
        except RuntimeError:
            stream.close()
            os._exit(7)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    gate.set()

    assert 7 == os.waitstatus_to_exitcode(status)
    assert "ab" == stream.read().text


def test_trials_need_not_end(world: World) -> None:
    """A token is proof enough: other calls go on while the streams do."""
    down = answering(http(error(), "500 Oops", "Connection: close"))
    gate = Gate()
    going = gate.then(stalling(piece("a")), framed(DONE) + END)
    upstream = world.upstream(down, down, *[going] * 3, streaming("b"))
    breaker = {"failures": 2, "open_for": 0.05, "half_open_max_calls": 3}
    client = world.client(upstream, breaker=breaker, max_attempts=1)
    for _ in range(2):
        failure(client)
    threading.Event().wait(0.06)
    streams = [opened(client) for _ in range(3)]

    assert "closed" == client.metrics()["breaker"]
    assert "b" == opened(client).read().text
    gate.set()
    assert ["a"] * 3 == [stream.read().text for stream in streams]


def test_closing_the_client_ends_streams(world: World) -> None:
    """Within about a second, whatever they wait for."""
    client = world.client(world.upstream(stalling(piece("Once "))))
    stream = opened(client)
    next(stream)
    client.close(wait=False)

    with pytest.raises(StreamInterrupted, match="client was closed"):
        next(stream)
    with pytest.raises(ClientClosed):
        opened(client)


def test_metrics_tell_streams_apart(world: World) -> None:
    """They are timed by their first tokens; how long one reads is its own affair."""
    client = world.client(world.upstream(streaming("a")))
    opened(client).read()
    metrics = client.metrics()

    assert (1, 1, None) == (metrics["calls"], metrics["success"], metrics["p50_s"])
    assert metrics["first_token"]["p50_s"] is not None
    assert {"input": 3, "output": 2, "cached": 0} == metrics["tokens"]
    assert metrics["endpoints"]["a"]["first_token"]["p50_s"] is not None


def test_interrupted_streams_are_counted(world: World) -> None:
    """By their verdict, each once."""
    client = world.client(world.upstream(breaking(piece("Once "))))
    interrupted(client)

    assert (1, {"malformed": 1}) == (
        client.metrics()["calls"],
        client.metrics()["errors"],
    )


def test_streams_trip_the_circuit(world: World) -> None:
    """An endpoint whose streams break off is left, as for any failure."""
    client = world.client(world.upstream(breaking(piece("Once "))), max_attempts=1)
    for _ in range(5):
        interrupted(client)

    assert "open" == client.metrics()["breaker"]


def test_a_budget_pays_for_what_nobody_tells(world: World) -> None:
    """A stream left early counts with all that was held for it."""
    upstream = world.upstream(chattering(piece("Once ")))
    client = Client(
        {
            "endpoints": [
                {
                    "provider": "openai",
                    "base_url": upstream.url,
                    "models": ["m"],
                    "prices": {"m": {"input": 0.0, "output": 1000.0}},
                }
            ],
            "budgets": [{"name": "b", "limit_usd": 1.0, "window": "day"}],
        }
    )
    world.clients.append(client)
    with opened(client, max_tokens=100) as stream:
        next(stream)
        assert pytest.approx(0.1) == client.metrics()["budgets"]["b"]["reserved_usd"]

    budget = client.metrics()["budgets"]["b"]
    assert (0.0, pytest.approx(0.1)) == (budget["reserved_usd"], budget["spent_usd"])


def test_surplus_after_the_marker_is_not_waited_for(world: World) -> None:
    """A stream is at its end when it says so, if HTTP's end comes or not."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(beginning(piece("a"), piece(finish="stop"), usage(), DONE))

    client = world.client(world.upstream(script))

    assert "a" == opened(client).read().text
    assert_connections(client, world.upstreams[0], idle=0)


def test_a_comment_first(world: World) -> None:
    """OpenRouter greets with comments."""
    data = HEAD + framed(COMMENT, role(), piece("a"), DONE) + END

    client = world.client(world.upstream(answering(data)))
    assert "a" == opened(client).read().text
