"""Owns the proof that the mock upstream streams, embeds and speaks three formats."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import math
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from holybalance.testing import (
    Answer,
    Behaviour,
    BrokenStream,
    Fault,
    Gigantic,
    MockUpstream,
    SlowBody,
    SlowHead,
    Step,
    Then,
)

TIMEOUT_S = 5.0
STALL_S = 0.05
TEXT = Behaviour().reply
WORDS = 5
CALL = {"name": "look_up", "arguments": {"city": "Rome", "days": [1, 2]}}
MESSAGES = [{"role": "user", "content": "Hello you"}]
CONTENTS = [{"role": "user", "parts": [{"text": "Hello you"}]}]
LAST_CHUNK = b"0\r\n\r\n"


class Wire(NamedTuple):
    """One format as a client speaks it: paths, body, and what its streams are."""

    whole_path: str
    stream_path: str
    body: dict[str, Any]
    stream_body: dict[str, Any]
    headers: dict[str, str]
    opening: int
    closing: int

    @property
    def length(self) -> int:
        """How many events the stream of a reply by words has."""
        return self.opening + WORDS + self.closing


_OPENAI = {"model": "m", "messages": MESSAGES}
_ANTHROPIC = {"model": "m", "messages": MESSAGES, "max_tokens": 9}
WIRES = {
    "openai": Wire(
        "/v1/chat/completions",
        "/v1/chat/completions",
        _OPENAI,
        {**_OPENAI, "stream": True},
        {},
        opening=1,
        closing=2,
    ),
    "anthropic": Wire(
        "/v1/messages",
        "/v1/messages",
        _ANTHROPIC,
        {**_ANTHROPIC, "stream": True},
        {"anthropic-version": "2023-06-01"},
        opening=3,
        closing=3,
    ),
    "gemini": Wire(
        "/v1beta/models/m:generateContent",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        {"contents": CONTENTS},
        {"contents": CONTENTS},
        {},
        opening=0,
        closing=1,
    ),
}
OPENAI, ANTHROPIC, GEMINI = WIRES.values()


@pytest.fixture(scope="module")
def shared() -> Iterator[MockUpstream]:
    """One process for all tests."""
    with MockUpstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(shared: MockUpstream) -> Iterator[MockUpstream]:
    """An upstream with default behaviour, nothing scripted and nothing counted."""
    shared.reset_counts()
    yield shared
    defaults = Behaviour()
    names = Behaviour.__dataclass_fields__
    shared.behave(**{name: getattr(defaults, name) for name in names})


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> Wire:
    """Each format in turn."""
    return WIRES[request.param]


@contextlib.contextmanager
def connected(upstream: MockUpstream) -> Iterator[http.client.HTTPConnection]:
    """A kept-alive connection."""
    client = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=TIMEOUT_S)
    with contextlib.closing(client):
        yield client


class Answered(NamedTuple):
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def content(self) -> Any:
        """The body as JSON."""
        return json.loads(self.data)

    @property
    def events(self) -> list[bytes]:
        """The events, comments included."""
        return self.data.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]


def ask(
    upstream: MockUpstream,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> Answered:
    """One request over a fresh connection."""
    with connected(upstream) as client:
        data = None if body is None else json.dumps(body)
        client.request(method, path, data, dict(headers or {}))
        response = client.getresponse()
        return Answered(response.status, response.headers, response.read())


def stream(upstream: MockUpstream, wire: Wire) -> Answered:
    """One stream, read to its end."""
    return ask(upstream, wire.stream_path, wire.stream_body, wire.headers)


def whole(upstream: MockUpstream, wire: Wire) -> Answered:
    """One whole reply."""
    return ask(upstream, wire.whole_path, wire.body, wire.headers)


@contextlib.contextmanager
def streaming(upstream: MockUpstream, wire: Wire) -> Iterator[socket.socket]:
    """A raw socket on which a stream has been asked for."""
    body = json.dumps(wire.stream_body).encode()
    lines = [f"POST {wire.stream_path} HTTP/1.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in wire.headers.items()]
    address = ("127.0.0.1", upstream.port)
    with socket.create_connection(address, TIMEOUT_S) as client:
        client.sendall("\r\n".join((*lines, "", "")).encode() + body)
        yield client


def read_until(client: socket.socket, end: bytes) -> bytes:
    """Everything up to some bytes."""
    received = b""
    while end not in received:
        data = client.recv(65536)
        assert data, f"closed after {received!r}"
        received += data
    return received


def read_until_closed(client: socket.socket) -> tuple[bytes, bool]:
    """Everything until the connection ends, and whether it was reset."""
    received = b""
    try:
        while data := client.recv(65536):
            received += data
    except ConnectionResetError:
        return received, True
    return received, False


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once it holds; fail if it never does."""
    until = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"


def contents(events: list[bytes]) -> list[Any]:
    """The JSON of events, `[DONE]` left out."""
    lines = [event.rpartition(b"data: ")[2] for event in events]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def kinds(events: list[bytes]) -> list[str]:
    """The types of Anthropic's events."""
    return [content["type"] for content in contents(events)]


class TestStreams:
    """Sound streams, byte by byte what their formats say."""

    def test_openai(self, upstream: MockUpstream) -> None:
        """Chunks name the role, the words, the reason to end, and end with [DONE]."""
        answer = stream(upstream, OPENAI)
        chunks = contents(answer.events)
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.events[-1] == b"data: [DONE]"
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
        assert len({chunk["id"] for chunk in chunks}) == 1
        assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
            {"role": "assistant", "content": "", "refusal": None},
            *({"content": w} for w in ("This", " is", " a", " mock", " reply.")),
            {},
        ]
        reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
        assert reasons == [None] * 6 + ["stop"]
        assert "usage" not in chunks[0]

    def test_openai_usage(self, upstream: MockUpstream) -> None:
        """Usage comes in a chunk of its own, if it is asked for."""
        body = {**OPENAI.stream_body, "stream_options": {"include_usage": True}}
        chunks = contents(ask(upstream, OPENAI.stream_path, body).events)
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"] == whole(upstream, OPENAI).content["usage"]
        assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * 7

    def test_openai_choices(self, upstream: MockUpstream) -> None:
        """With n = 2 both choices come, whole and in turns."""
        reply = ask(upstream, OPENAI.whole_path, OPENAI.body | {"n": 2}).content
        assert [choice["index"] for choice in reply["choices"]] == [0, 1]
        assert reply["usage"]["completion_tokens"] == 12
        body = OPENAI.stream_body | {"n": 2}
        chunks = contents(ask(upstream, OPENAI.stream_path, body).events)
        indexes = [chunk["choices"][0]["index"] for chunk in chunks]
        assert indexes == [0, 1] * (1 + WORDS + 1)

    def test_anthropic(self, upstream: MockUpstream) -> None:
        """One block of text, its words, the reason to end and the usage."""
        events = stream(upstream, ANTHROPIC).events
        assert kinds(events) == [
            "message_start",
            "content_block_start",
            "ping",
            *["content_block_delta"] * WORDS,
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        names = [event.split(b"\n")[0] for event in events]
        assert names == [f"event: {kind}".encode() for kind in kinds(events)]
        start, *_, end, _ = contents(events)
        assert start["message"]["content"] == []
        assert start["message"]["usage"]["input_tokens"] == 3
        assert end["delta"]["stop_reason"] == "end_turn"
        assert end["usage"] == {"output_tokens": 6}

    def test_gemini(self, upstream: MockUpstream) -> None:
        """Each event is a response, the last with the reason to end and the usage."""
        answer = stream(upstream, GEMINI)
        assert answer.data.endswith(b"\r\n\r\n")
        responses = contents(answer.events)
        candidates = [response["candidates"][0] for response in responses]
        texts = [candidate["content"]["parts"][0]["text"] for candidate in candidates]
        assert texts == ["This", " is", " a", " mock", " reply.", ""]
        reasons = [candidate.get("finishReason") for candidate in candidates]
        assert reasons == [None] * 5 + ["STOP"]
        assert responses[-1]["usageMetadata"] == {
            "promptTokenCount": 3,
            "candidatesTokenCount": 6,
            "totalTokenCount": 9,
        }

    def test_gemini_without_sse(self, upstream: MockUpstream) -> None:
        """Without ?alt=sse the real one sends an array; that is refused."""
        path = GEMINI.stream_path.partition("?")[0]
        answer = ask(upstream, path, GEMINI.body)
        assert answer.status == 400
        assert "alt=sse" in answer.content["error"]["message"]

    @pytest.mark.parametrize(
        ("pieces", "texts"),
        [
            (1, ["a bcd e"]),
            (3, ["a ", "bc", "d e"]),
            (99, [*"a bcd e"]),
            (None, ["a", " bcd", " e"]),
        ],
    )
    def test_pieces(
        self, upstream: MockUpstream, pieces: int | None, texts: list[str]
    ) -> None:
        """A reply comes in so many pieces, at most one for each letter, or by words."""
        upstream.behave(pieces=pieces, reply="a bcd e")
        chunks = contents(stream(upstream, OPENAI).events)
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks[1:-1]]
        assert [delta["content"] for delta in deltas] == texts

    @pytest.mark.parametrize("pieces", [None, 3])
    def test_nothing_to_say(
        self, upstream: MockUpstream, wire: Wire, pieces: int | None
    ) -> None:
        """An empty reply is a stream without pieces."""
        upstream.behave(reply="", pieces=pieces)
        assert len(stream(upstream, wire).events) == wire.opening + wire.closing

    def test_echo(self, upstream: MockUpstream, wire: Wire) -> None:
        """An echo repeats the last message in any format."""
        upstream.behave(echo=True)
        for answer in (stream(upstream, wire), whole(upstream, wire)):
            assert b"Hello" in answer.data

    def test_keep_alive(self, upstream: MockUpstream, wire: Wire) -> None:
        """After a stream the connection takes the next request."""
        with connected(upstream) as client:
            for _ in range(3):
                body = json.dumps(wire.stream_body)
                client.request("POST", wire.stream_path, body, wire.headers)
                assert client.getresponse().read()
        assert upstream.counts().connections_accepted == 1
        assert upstream.counts().answered == 3

    def test_connection_close(self, upstream: MockUpstream) -> None:
        """A client that wants the connection closed gets that after the stream."""
        closing = OPENAI._replace(headers={"Connection": "close"})
        with streaming(upstream, closing) as client:
            received, _ = read_until_closed(client)
        assert b"connection: close\r\n" in received
        assert received.endswith(LAST_CHUNK)

    def test_head_first(self, upstream: MockUpstream, wire: Wire) -> None:
        """The head comes at once, and only the first event waits for the latency."""
        upstream.behave(latency=60)
        with streaming(upstream, wire) as client:
            received = client.recv(65536)
            assert received.endswith(b"\r\n\r\n")
            client.settimeout(STALL_S)
            with pytest.raises(TimeoutError):
                client.recv(1)
        wait_until(lambda: upstream.counts().left == 1)
        assert upstream.counts().abandoned == 0

    def test_head_with_the_first_piece(self, upstream: MockUpstream) -> None:
        """On demand the head waits as well."""
        upstream.behave(latency=60, head_first=False)
        with streaming(upstream, OPENAI) as client:
            client.settimeout(STALL_S)
            with pytest.raises(TimeoutError):
                client.recv(1)
        wait_until(lambda: upstream.counts().abandoned == 1)

    def test_interval(self, upstream: MockUpstream, wire: Wire) -> None:
        """After the first piece the next one waits for the interval."""
        upstream.behave(piece_interval=60)
        with streaming(upstream, wire) as client:
            read_until(client, b"This")
            client.settimeout(STALL_S)
            with pytest.raises(TimeoutError):
                client.recv(1)

    def test_intervals_are_drawn(self, upstream: MockUpstream, wire: Wire) -> None:
        """Intervals may be drawn as latencies are, and nothing gets lost."""
        upstream.behave(piece_interval="uniform:0.001:0.003", latency=0.001)
        began = time.monotonic()
        assert len(stream(upstream, wire).events) == wire.length
        assert time.monotonic() - began >= 0.001 * WORDS

    def test_long_stream(self, upstream: MockUpstream, wire: Wire) -> None:
        """A stream may be far longer than what a socket takes at once."""
        upstream.behave(reply="word " * 20_000)
        events = stream(upstream, wire).events
        assert len(events) == wire.opening + 20_001 + wire.closing

    def test_many_at_once(self, upstream: MockUpstream) -> None:
        """Hundreds of streams go on side by side."""
        upstream.behave(piece_interval=0.05)
        with contextlib.ExitStack() as stack:
            clients = [
                stack.enter_context(streaming(upstream, OPENAI)) for _ in range(500)
            ]
            began = time.monotonic()
            for client in clients:
                assert read_until(client, LAST_CHUNK).count(b"data: ") == OPENAI.length
        assert time.monotonic() - began < 500 * 4 * 0.05
        assert upstream.counts().answered == 500

    def test_left(self, upstream: MockUpstream) -> None:
        """A client that leaves in the middle of a stream is counted."""
        upstream.behave(piece_interval=60)
        with streaming(upstream, OPENAI) as client:
            read_until(client, b"This")
        wait_until(lambda: upstream.counts().left == 1)
        assert upstream.counts().answered == 1


class TestToolCalls:
    """Replies that call a tool."""

    @pytest.fixture(autouse=True)
    def _calling(self, upstream: MockUpstream) -> None:
        upstream.behave(tool_call=CALL)

    def test_openai(self, upstream: MockUpstream) -> None:
        """The arguments are JSON in a text."""
        (choice,) = whole(upstream, OPENAI).content["choices"]
        (call,) = choice["message"]["tool_calls"]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] is None
        assert call["function"]["name"] == "look_up"
        assert json.loads(call["function"]["arguments"]) == CALL["arguments"]

    def test_openai_stream(self, upstream: MockUpstream) -> None:
        """The first chunk has id and name, the others pieces of the arguments."""
        chunks = contents(stream(upstream, OPENAI).events)
        calls = [c["choices"][0]["delta"].get("tool_calls") for c in chunks]
        (first,), *others, last = calls
        assert (first["function"]["name"], last) == ("look_up", None)
        pieces = [call["function"]["arguments"] for (call,) in others]
        assert len(pieces) > 1
        assert json.loads("".join(pieces)) == CALL["arguments"]
        assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"

    def test_anthropic(self, upstream: MockUpstream) -> None:
        """The arguments are an object."""
        message = whole(upstream, ANTHROPIC).content
        (block,) = message["content"]
        assert message["stop_reason"] == "tool_use"
        assert (block["name"], block["input"]) == ("look_up", CALL["arguments"])

    def test_anthropic_stream(self, upstream: MockUpstream) -> None:
        """The arguments come as pieces of JSON."""
        events = contents(stream(upstream, ANTHROPIC).events)
        assert events[1]["content_block"]["name"] == "look_up"
        deltas = [e["delta"] for e in events if e["type"] == "content_block_delta"]
        pieces = [delta["partial_json"] for delta in deltas]
        assert len(pieces) > 1
        assert json.loads("".join(pieces)) == CALL["arguments"]

    @pytest.mark.parametrize("ask_for", [stream, whole])
    def test_gemini(
        self, upstream: MockUpstream, ask_for: Callable[..., Answered]
    ) -> None:
        """The call is an object, in one piece."""
        answer = ask_for(upstream, GEMINI)
        content = contents(answer.events)[0] if answer.events else answer.content
        (part,) = content["candidates"][0]["content"]["parts"]
        assert part == {"functionCall": {"name": "look_up", "args": CALL["arguments"]}}

    @pytest.mark.parametrize(
        ("wire", "field", "result"),
        [
            (OPENAI, "messages", {"role": "tool", "tool_call_id": "x", "content": "7"}),
            (
                ANTHROPIC,
                "messages",
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "x"}],
                },
            ),
            (
                GEMINI,
                "contents",
                {"role": "user", "parts": [{"functionResponse": {"name": "look_up"}}]},
            ),
        ],
    )
    def test_after_the_result(
        self, upstream: MockUpstream, wire: Wire, field: str, result: dict[str, Any]
    ) -> None:
        """Whoever sends the tool's result gets the text, so a loop comes to its end."""
        body = wire.body | {field: [*wire.body[field], result]}
        answer = ask(upstream, wire.whole_path, body, wire.headers)
        assert TEXT.encode() in answer.data


class TestEmbeddings:
    """Vectors."""

    def test_openai(self, upstream: MockUpstream) -> None:
        """Each input has its vector of length 1, the same one each time."""
        body = {"model": "e", "input": ["one", "two", "one"]}
        answers = [ask(upstream, "/v1/embeddings", body).content for _ in range(2)]
        one, two, again = (item["embedding"] for item in answers[0]["data"])
        assert answers[0] == answers[1]
        assert one == again != two
        assert len(one) == Behaviour().dimensions
        assert math.hypot(*one) == pytest.approx(1)
        assert answers[0]["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
        assert upstream.counts().answered == 2

    def test_base64(self, upstream: MockUpstream) -> None:
        """Packed numbers are the same numbers."""
        body = {"model": "e", "input": "one", "dimensions": 5}
        (plain,) = ask(upstream, "/v1/embeddings", body).content["data"]
        body["encoding_format"] = "base64"
        (packed,) = ask(upstream, "/v1/embeddings", body).content["data"]
        numbers = struct.unpack("<5f", base64.b64decode(packed["embedding"]))
        assert plain["embedding"] == list(numbers)

    @pytest.mark.parametrize(
        ("given", "count"), [("text", 1), ([1, 2, 3], 1), ([[1], [2, 3]], 2)]
    )
    def test_inputs(self, upstream: MockUpstream, given: object, count: int) -> None:
        """An input is a text or token ids, one or several."""
        body = {"model": "e", "input": given}
        assert len(ask(upstream, "/v1/embeddings", body).content["data"]) == count

    @pytest.mark.parametrize(
        "wrong",
        [
            {"input": []},
            {"input": ""},
            {"input": [""]},
            {"input": [1, "x"]},
            {"input": ["x"] * 2049},
            {"input": "x", "dimensions": 0},
        ],
    )
    def test_wrong_inputs(self, upstream: MockUpstream, wrong: dict[str, Any]) -> None:
        """Anything else gets 400."""
        assert ask(upstream, "/v1/embeddings", {"model": "e", **wrong}).status == 400
        assert upstream.counts().errors == 1

    def test_gemini(self, upstream: MockUpstream) -> None:
        """A batch has a vector for each request, the same as anywhere else."""
        one = {"content": {"parts": [{"text": "one"}]}, "outputDimensionality": 5}
        path = "/v1beta/models/e:batchEmbedContents"
        batch = ask(upstream, path, {"requests": [one, one]}).content
        single = ask(upstream, "/v1beta/models/e:embedContent", one).content
        body = {"model": "e", "input": "one", "dimensions": 5}
        (openai,) = ask(upstream, "/v1/embeddings", body).content["data"]
        values = {"values": openai["embedding"]}
        assert (batch["embeddings"], single["embedding"]) == ([values] * 2, values)

    def test_gemini_batch_too_long(self, upstream: MockUpstream) -> None:
        """A batch has at most 100 requests."""
        one = {"content": {"parts": [{"text": "one"}]}}
        path = "/v1beta/models/e:batchEmbedContents"
        answer = ask(upstream, path, {"requests": [one] * 101})
        assert (answer.status, answer.content["error"]["code"]) == (400, 400)

    def test_script(self, upstream: MockUpstream) -> None:
        """A step is met by a request for embeddings as by any other."""
        upstream.script(Answer(status=503))
        body = {"model": "e", "input": "one"}
        assert ask(upstream, "/v1/embeddings", body).status == 503


class TestFormats:
    """Routes, keys, limits and errors of each format."""

    def test_models(self, upstream: MockUpstream) -> None:
        """Each format's list is where its clients look for it."""
        upstream.behave(models=["a", "b"])
        listed = ask(upstream, "/v1/models?limit=5", method="GET").content
        assert [model["id"] for model in listed["data"]] == ["a", "b"]
        assert [model["type"] for model in listed["data"]] == ["model"] * 2
        assert (listed["object"], listed["has_more"]) == ("list", False)
        for path, headers in (("v1beta", {}), ("v1", {"x-goog-api-key": "k"})):
            listed = ask(upstream, f"/{path}/models", None, headers, "GET").content
            names = [model["name"] for model in listed["models"]]
            assert names == ["models/a", "models/b"]

    @pytest.mark.parametrize(
        "place",
        [
            "/v1beta",
            "/v1",
            "/v1/projects/p/locations/l/publishers/google",
        ],
    )
    def test_places_of_gemini(self, upstream: MockUpstream, place: str) -> None:
        """Gemini is served where Google and Vertex AI serve it."""
        path = f"{place}/models/some%2Fmodel:generateContent?key=x"
        reply = ask(upstream, path, GEMINI.body).content
        assert reply["modelVersion"] == "some/model"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Authorization", "Bearer right"),
            ("x-api-key", "right"),
            ("api-key", "right"),
            ("x-goog-api-key", "right"),
        ],
    )
    def test_keys(
        self, upstream: MockUpstream, wire: Wire, name: str, value: str
    ) -> None:
        """The key may be in any header that providers take it from."""
        upstream.behave(api_key="right")
        right = wire._replace(headers={**wire.headers, name: value})
        wrong = wire._replace(headers={**wire.headers, name: f"{value}x"})
        assert whole(upstream, right).status == 200
        assert whole(upstream, wrong).status in {400, 401}

    @pytest.mark.parametrize(
        ("wire", "status", "kind"),
        [
            (OPENAI, 401, "invalid_request_error"),
            (ANTHROPIC, 401, "authentication_error"),
            (GEMINI, 400, "INVALID_ARGUMENT"),
        ],
    )
    def test_wrong_key(
        self, upstream: MockUpstream, wire: Wire, status: int, kind: str
    ) -> None:
        """Without the key each format refuses in its own way."""
        upstream.behave(api_key="right")
        answer = whole(upstream, wire)
        error = answer.content["error"]
        assert answer.status == status
        assert kind == (error["status"] if wire is GEMINI else error["type"])

    def test_rate_openai(self, upstream: MockUpstream) -> None:
        """OpenAI has headers for all of it."""
        upstream.behave(rate=0.01, burst=1)
        stream(upstream, OPENAI)
        answer = stream(upstream, OPENAI)
        assert answer.status == 429
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        assert answer.content["error"]["code"] == "rate_limit_exceeded"

    def test_rate_anthropic(self, upstream: MockUpstream) -> None:
        """Anthropic has headers of its own, and moments for durations."""
        upstream.behave(rate=0.01, burst=1)
        stream(upstream, ANTHROPIC)
        answer = stream(upstream, ANTHROPIC)
        assert answer.status == 429
        assert answer.headers["anthropic-ratelimit-requests-remaining"] == "0"
        assert answer.headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        assert 90 <= int(answer.headers["retry-after"]) <= 100
        assert answer.content["error"]["type"] == "rate_limit_error"
        assert answer.content["request_id"] == answer.headers["request-id"]

    @pytest.mark.parametrize(
        ("given", "told"), [(None, "100s"), (1.5, "1.5s"), ("soon", "soon")]
    )
    def test_rate_gemini(self, upstream: MockUpstream, given: Any, told: str) -> None:
        """Gemini says in the error when to come back, and nothing in headers."""
        upstream.behave(rate=0.01, burst=1, retry_after=given)
        stream(upstream, GEMINI)
        answer = stream(upstream, GEMINI)
        (detail,) = answer.content["error"]["details"]
        assert answer.status == 429
        assert answer.content["error"]["status"] == "RESOURCE_EXHAUSTED"
        assert detail["@type"].endswith("google.rpc.RetryInfo")
        assert detail["retryDelay"] == told
        assert "retry-after" not in answer.headers

    @pytest.mark.parametrize(
        ("wire", "status", "path", "value"),
        [
            (OPENAI, 529, "type", "server_error"),
            (ANTHROPIC, 529, "type", "overloaded_error"),
            (ANTHROPIC, 500, "type", "api_error"),
            (ANTHROPIC, 422, "type", "invalid_request_error"),
            (GEMINI, 503, "status", "UNAVAILABLE"),
            (GEMINI, 502, "status", "INTERNAL"),
        ],
    )
    def test_errors(
        self, upstream: MockUpstream, wire: Wire, status: int, path: str, value: str
    ) -> None:
        """Drawn and scripted errors have the format's shape, before streams too."""
        upstream.behave(error_rate=1, error_status=status)
        answers = [whole(upstream, wire), stream(upstream, wire)]
        upstream.script(Answer(status=status), Answer(status=status))
        answers += [whole(upstream, wire), stream(upstream, wire)]
        assert [answer.status for answer in answers] == [status] * 4
        assert [answer.content["error"][path] for answer in answers] == [value] * 4

    @pytest.mark.parametrize(
        ("wire", "wrong"),
        [
            (ANTHROPIC._replace(headers={}), {}),
            (ANTHROPIC, {"max_tokens": None}),
            (ANTHROPIC, {"max_tokens": 0}),
            (ANTHROPIC, {"messages": []}),
            (ANTHROPIC, {"model": ""}),
            (GEMINI, {"contents": "x"}),
            (OPENAI, {"n": 0}),
            (OPENAI, {"n": True}),
        ],
    )
    def test_bad_requests(
        self, upstream: MockUpstream, wire: Wire, wrong: dict[str, Any]
    ) -> None:
        """What a format demands has to be there."""
        answer = ask(upstream, wire.whole_path, wire.body | wrong, wire.headers)
        assert answer.status == 400

    def test_strict_models(self, upstream: MockUpstream, wire: Wire) -> None:
        """A model that is not listed gets 404, wherever it is named."""
        upstream.behave(strict_models=True, models=["known"])
        assert whole(upstream, wire).status == 404
        assert upstream.counts().errors == 1

    @pytest.mark.parametrize(
        ("path", "field"),
        [
            ("/v1/nothing", "param"),
            ("/v1/messages/nothing", "message"),
            ("/v1beta/models/m:nothing", "status"),
        ],
    )
    def test_unknown_paths(self, upstream: MockUpstream, path: str, field: str) -> None:
        """An unknown path gets an error of the format that it looks like."""
        answer = ask(upstream, path, {})
        assert answer.status == 404
        assert field in answer.content["error"]
        assert upstream.received == 0

    def test_system_counts(self, upstream: MockUpstream) -> None:
        """A system text counts as prompt wherever a format has it."""
        body = ANTHROPIC.body | {"system": [{"type": "text", "text": "x" * 40}]}
        reply = ask(upstream, ANTHROPIC.whole_path, body, ANTHROPIC.headers).content
        assert reply["usage"]["input_tokens"] == 13
        body = GEMINI.body | {"systemInstruction": {"parts": [{"text": "x" * 40}]}}
        reply = ask(upstream, GEMINI.whole_path, body).content
        assert reply["usageMetadata"]["promptTokenCount"] == 13

    def test_urls(self, upstream: MockUpstream) -> None:
        """Each client finds the URL that it takes."""
        origin = f"http://127.0.0.1:{upstream.port}"
        urls = (upstream.origin, upstream.url, upstream.gemini_url)
        assert urls == (origin, f"{origin}/v1", f"{origin}/v1beta")


class TestBrokenStreams:
    """What may happen between two events, in each format."""

    @pytest.mark.parametrize(
        ("then", "reset"), [(Then.CLOSE, False), (Then.RESET, True)]
    )
    @pytest.mark.parametrize("after", [0, 2])
    def test_cut(
        self,
        upstream: MockUpstream,
        wire: Wire,
        then: Then,
        reset: bool,
        after: int,
    ) -> None:
        """The connection ends after so many events, without the last chunk."""
        upstream.script(BrokenStream(then=then, after=after))
        with streaming(upstream, wire) as client:
            received, was_reset = read_until_closed(client)
        assert was_reset == reset
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert received.count(b"data: ") == after
        assert LAST_CHUNK not in received
        assert upstream.counts().errors == 1

    def test_before_the_end_marker(self, upstream: MockUpstream, wire: Wire) -> None:
        """If nothing else is said, all but the end marker comes."""
        upstream.script(Answer(), BrokenStream(then=Then.END))
        sound, unfinished = stream(upstream, wire), stream(upstream, wire)
        assert len(sound.events) == wire.length
        assert len(unfinished.events) == wire.length - 1

    @pytest.mark.parametrize("pieces", [0, 2, 99])
    def test_pieces(self, upstream: MockUpstream, wire: Wire, pieces: int) -> None:
        """Counted in pieces of the reply, it is the same in any format."""
        upstream.script(BrokenStream(then=Then.END, pieces=pieces))
        answer = stream(upstream, wire)
        assert len(answer.events) == wire.opening + min(pieces, WORDS)

    def test_beyond_the_end(self, upstream: MockUpstream, wire: Wire) -> None:
        """All events come, but not the last chunk."""
        upstream.script(BrokenStream(then=Then.CLOSE, after=999))
        with streaming(upstream, wire) as client:
            received, _ = read_until_closed(client)
        assert received.count(b"data: ") == wire.length
        assert LAST_CHUNK not in received

    def test_hang(self, upstream: MockUpstream, wire: Wire) -> None:
        """Nothing more comes, and the connection stays open."""
        upstream.script(BrokenStream(then=Then.HANG, pieces=1))
        with streaming(upstream, wire) as client:
            read_until(client, b"This")
            client.settimeout(STALL_S)
            with pytest.raises(TimeoutError):
                client.recv(1)
        wait_until(lambda: upstream.counts().left == 1)

    def test_chatter(self, upstream: MockUpstream, wire: Wire) -> None:
        """Only signs of life come."""
        step = BrokenStream(then=Then.CHATTER, pieces=1, interval_s=0.001)
        upstream.script(step)
        sign = b"event: ping" if wire is ANTHROPIC else b": keep-alive"
        with streaming(upstream, wire) as client:
            received = read_until(client, b"This")
            while received.count(sign) < 5:
                received += client.recv(65536)
        assert b" is" not in received

    def test_flood(self, upstream: MockUpstream, wire: Wire) -> None:
        """Pieces come for as long as the client reads."""
        step = BrokenStream(then=Then.FLOOD, pieces=WORDS, interval_s=0)
        upstream.script(step)
        with streaming(upstream, wire) as client:
            received = b""
            while len(received) < 5_000_000:
                received += client.recv(1_000_000)
        assert received.count(b" reply.") > 10_000
        assert stream(upstream, wire).status == 200

    @pytest.mark.parametrize("after", [0, 3])
    def test_error(self, upstream: MockUpstream, wire: Wire, after: int) -> None:
        """An error comes as an event, and the answer ends properly."""
        upstream.script(BrokenStream(then=Then.ERROR, after=after, status=503))
        answer = stream(upstream, wire)
        *_, last = contents(answer.events)
        assert answer.status == 200
        assert len(answer.events) == after + 1
        assert last["error"]["message"] == "This error was scripted."
        if wire is ANTHROPIC:
            assert answer.events[-1].startswith(b"event: error\n")
        if wire is GEMINI:
            assert last["error"]["status"] == "UNAVAILABLE"

    def test_overloaded(self, upstream: MockUpstream) -> None:
        """An error in a stream has the kind of its status."""
        upstream.script(BrokenStream(then=Then.ERROR, status=529))
        *_, last = contents(stream(upstream, ANTHROPIC).events)
        assert last["error"]["type"] == "overloaded_error"

    def test_garbage(self, upstream: MockUpstream, wire: Wire) -> None:
        """One event is cut off JSON, the others come all the same."""
        upstream.script(BrokenStream(then=Then.GARBAGE, pieces=1))
        events = stream(upstream, wire).events
        assert len(events) == wire.length + 1
        with pytest.raises(json.JSONDecodeError):
            contents([events[wire.opening + 1]])
        del events[wire.opening + 1]
        assert contents(events)

    @pytest.mark.parametrize("then", [Then.END, Then.ERROR, Then.GARBAGE])
    def test_connection_is_kept(self, upstream: MockUpstream, then: Then) -> None:
        """Where HTTP ends properly the connection takes the next request."""
        upstream.script(BrokenStream(then=then, after=2))
        with connected(upstream) as client:
            for _ in range(2):
                body = json.dumps(OPENAI.stream_body)
                client.request("POST", OPENAI.stream_path, body)
                assert client.getresponse().read()

    @pytest.mark.parametrize("then", list(Then))
    def test_whole_replies(
        self, upstream: MockUpstream, wire: Wire, then: Then
    ) -> None:
        """A whole reply meets the like of it: never JSON, but for an error."""
        upstream.script(BrokenStream(then=then, interval_s=0.001))
        with connected(upstream) as client:
            body = json.dumps(wire.body)
            client.request("POST", wire.whole_path, body, wire.headers)
            response = client.getresponse()
            status, start = response.status, response.read1(40)
        assert status == (500 if then is Then.ERROR else 200)
        assert start.startswith(b"{")
        assert whole(upstream, wire).status == 200

    def test_unreadable_requests(self, upstream: MockUpstream) -> None:
        """A scripted request meets its step even if it cannot be read."""
        upstream.script(Answer(), Answer(), Answer())
        for wire in WIRES.values():
            answer = ask(upstream, wire.stream_path, [])
            assert answer.status == 200
            assert bool(answer.events) == (wire is GEMINI)

    @pytest.mark.parametrize(
        "wrong",
        [{"then": "close"}, {"pieces": -1}, {"status": 200}, {"interval_s": -1}],
    )
    def test_validation(self, wrong: dict[str, Any]) -> None:
        """A step out of range is refused at once."""
        with pytest.raises(ValueError, match="must"):
            BrokenStream(**({"then": Then.CLOSE} | wrong))


class TestOtherSteps:
    """Steps that are older than streams, met by a stream."""

    @pytest.mark.parametrize(
        "step",
        [
            Answer(),
            Fault.CHUNKED,
            Fault.UNTIL_CLOSE,
            Fault.CONTINUE_FIRST,
            Fault.CONNECTION_CLOSE,
            Fault.CLOSE_AFTER,
            SlowHead(interval_s=0.0001),
            SlowBody(interval_s=0.00001),
        ],
    )
    def test_sound(self, upstream: MockUpstream, wire: Wire, step: Step) -> None:
        """What is unusual but valid brings the whole stream."""
        upstream.script(step)
        answer = stream(upstream, wire)
        assert answer.headers["content-type"] == "text/event-stream"
        assert len(answer.events) == wire.length
        assert upstream.counts().answered == 1

    @pytest.mark.parametrize(
        ("fault", "content_type", "start"),
        [
            (Fault.GARBAGE, "text/event-stream", b"\x00\xff"),
            (Fault.HTML, "text/html; charset=utf-8", b"<!DOCTYPE html>"),
            (Fault.EMPTY, "text/event-stream", b""),
            (Fault.ERROR_OBJECT, "application/json", b"{"),
        ],
    )
    def test_wrong_content(
        self, upstream: MockUpstream, fault: Fault, content_type: str, start: bytes
    ) -> None:
        """Something else comes in the place of a stream."""
        upstream.script(fault)
        answer = stream(upstream, OPENAI)
        assert (answer.status, answer.headers["content-type"]) == (200, content_type)
        assert answer.data[: len(start) or None] == start

    @pytest.mark.parametrize(
        "fault", [Fault.CUT_BODY, Fault.CUT_CHUNKED, Fault.LENGTH_TOO_LONG]
    )
    def test_broken_body(
        self, upstream: MockUpstream, wire: Wire, fault: Fault
    ) -> None:
        """A stream breaks off as a reply does, in the middle of an event perhaps."""
        upstream.script(fault)
        with pytest.raises(http.client.IncompleteRead) as raised:
            stream(upstream, wire)
        assert b"data: " in raised.value.partial

    def test_gigantic(self, upstream: MockUpstream, wire: Wire) -> None:
        """A stream has one gigantic comment in front of it."""
        upstream.script(Gigantic(size=3_000_000))
        answer = stream(upstream, wire)
        comment, *events = answer.events
        assert len(answer.data) == 3_000_000
        assert comment.strip() == b":"
        assert len(events) == wire.length

    def test_raw_stream(self, upstream: MockUpstream) -> None:
        """Any stream at all can be written by hand."""
        headers = {"content-type": "text/event-stream"}
        upstream.script(Answer(headers=headers, body=b"data: {}\r\r"))
        answer = stream(upstream, OPENAI)
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.data == b"data: {}\r\r"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"pieces": 0}, "pieces must be 1 or more, or None"),
        ({"piece_interval": "gamma:1"}, "piece_interval 'gamma:1': there is no"),
        ({"dimensions": 0}, "dimensions must be 1 or more"),
        ({"dimensions": None}, "dimensions must be 1 or more"),
        ({"tool_call": {"arguments": {}}}, "tool_call must be a name"),
        ({"tool_call": {"name": "f", "arguments": "{}"}}, "tool_call must be"),
        ({"tool_call": {"name": "f", "arguments": {"x": {1}}}}, "tool_call must be"),
        ({"tool_call": {"name": "f", "input": {}}}, "tool_call must be"),
    ],
)
def test_validation(wrong: dict[str, Any], complaint: str) -> None:
    """A value out of range is refused at once, with its name."""
    with pytest.raises(ValueError, match=complaint):
        Behaviour(**wrong)
