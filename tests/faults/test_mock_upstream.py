"""Owns the proof that the mock upstream does what it says, on real sockets."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import urllib3

from holybalance.testing import (
    Answer,
    Behaviour,
    Counts,
    Fault,
    Gigantic,
    MockUpstream,
    SlowBody,
    SlowHead,
    Step,
)
from holybalance.testing.latency import parse_latency

PATH = "/v1/chat/completions"
CHAT = {"model": "some-model", "messages": [{"role": "user", "content": "Hello you"}]}
BODY = json.dumps(CHAT).encode()
TIMEOUT_S = 5.0
STALL_S = 0.05
TEXT = Behaviour().reply
NO_COUNTS = Counts(
    requests=0,
    answered=0,
    errors=0,
    throttled=0,
    abandoned=0,
    left=0,
    connections_accepted=0,
    connections_open=0,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[MockUpstream]:
    """One process for all tests that do not end it."""
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


@contextlib.contextmanager
def connected(upstream: MockUpstream) -> Iterator[http.client.HTTPConnection]:
    """A kept-alive connection."""
    client = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=TIMEOUT_S)
    with contextlib.closing(client):
        yield client


@contextlib.contextmanager
def asked(upstream: MockUpstream) -> Iterator[socket.socket]:
    """A raw socket on which one chat request has been sent."""
    address = ("127.0.0.1", upstream.port)
    with socket.create_connection(address, TIMEOUT_S) as client:
        client.sendall(request())
        yield client


def request(body: bytes = BODY, *headers: str) -> bytes:
    """The bytes of one chat request."""
    lines = (f"POST {PATH} HTTP/1.1", "Host: mock", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, *headers, "", "")).encode() + body


def read_all(client: socket.socket) -> bytes:
    """Everything until the upstream closes."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def post(
    upstream: MockUpstream, body: Any = CHAT, **headers: str
) -> urllib3.BaseHTTPResponse:
    """One chat call over a fresh connection."""
    with urllib3.PoolManager(retries=False, timeout=TIMEOUT_S) as pool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{upstream.url}/chat/completions"
        return pool.request("POST", url, json=body, headers=named)


def get(upstream: MockUpstream, path: str) -> urllib3.BaseHTTPResponse:
    """One GET over a fresh connection."""
    with urllib3.PoolManager(retries=False, timeout=TIMEOUT_S) as pool:
        return pool.request("GET", f"http://127.0.0.1:{upstream.port}{path}")


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once it holds; fail if it never does."""
    until = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"


def text_of(reply: urllib3.BaseHTTPResponse) -> str:
    """The first choice's text."""
    text: str = reply.json()["choices"][0]["message"]["content"]
    return text


def code_of(reply: urllib3.BaseHTTPResponse) -> object:
    """The error object's code."""
    return reply.json()["error"]["code"]


class TestReplies:
    """Ordinary answers."""

    def test_shape(self, upstream: MockUpstream) -> None:
        """A reply is a whole chat.completion that echoes the model."""
        reply = post(upstream)
        body = reply.json()
        assert reply.status == 200
        assert reply.headers["content-type"] == "application/json"
        assert body["object"] == "chat.completion"
        assert body["model"] == "some-model"
        assert body["choices"] == [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT},
                "finish_reason": "stop",
            }
        ]

    def test_usage_from_lengths(self, upstream: MockUpstream) -> None:
        """Tokens are characters / 4, rounded up."""
        upstream.behave(reply="12345")
        usage = post(upstream).json()["usage"]
        assert usage == {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 5,
        }

    def test_given_usage(self, upstream: MockUpstream) -> None:
        """Given token counts are reported as they are."""
        upstream.behave(prompt_tokens=7, completion_tokens=0)
        usage = post(upstream).json()["usage"]
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (7, 0)

    def test_reply(self, upstream: MockUpstream) -> None:
        """The reply's text can be chosen, beyond ASCII too."""
        upstream.behave(reply="Grüß 世界")
        assert text_of(post(upstream)) == "Grüß 世界"

    def test_echo(self, upstream: MockUpstream) -> None:
        """An echo repeats the last message, its parts joined."""
        upstream.behave(echo=True)
        parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        messages = [*CHAT["messages"], {"role": "user", "content": parts}]
        assert text_of(post(upstream, {"model": "m", "messages": messages})) == "ab"

    def test_request_ids_differ(self, upstream: MockUpstream) -> None:
        """Each answer has its own x-request-id."""
        ids = {post(upstream).headers["x-request-id"] for _ in range(3)}
        assert len(ids) == 3

    def test_keep_alive(self, upstream: MockUpstream) -> None:
        """One connection takes many requests."""
        with connected(upstream) as client:
            for _ in range(5):
                client.request("POST", PATH, BODY)
                assert client.getresponse().read()
        assert upstream.counts().connections_accepted == 1

    def test_pipelined(self, upstream: MockUpstream) -> None:
        """Requests sent at once are answered in order, later ones too if slow."""
        upstream.behave(echo=True, latency=0.005)
        bodies = [BODY.replace(b"Hello you", b"no. %d" % n) for n in range(3)]
        last = request(bodies[2], "Connection: close")
        with socket.create_connection(("127.0.0.1", upstream.port), 5) as client:
            client.sendall(request(bodies[0]) + request(bodies[1]) + last)
            answers = read_all(client)
        places = [answers.index(b"no. %d" % n) for n in range(3)]
        assert places == sorted(places)

    def test_request_in_pieces(self, upstream: MockUpstream) -> None:
        """A request may come byte by byte."""
        with socket.create_connection(("127.0.0.1", upstream.port), 5) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request(BODY, "Connection: close"):
                client.sendall(bytes([byte]))
            assert read_all(client).startswith(b"HTTP/1.1 200 OK\r\n")

    def test_client_asks_to_close(self, upstream: MockUpstream) -> None:
        """`Connection: close` is granted and said."""
        with socket.create_connection(("127.0.0.1", upstream.port), 5) as client:
            client.sendall(request(BODY, "Connection: close"))
            assert b"connection: close\r\n" in read_all(client)

    def test_expect_continue(self, upstream: MockUpstream) -> None:
        """A client that waits for leave to send its body gets it."""
        whole = request(BODY, "Expect: 100-continue")
        with socket.create_connection(("127.0.0.1", upstream.port), 5) as client:
            client.sendall(whole[: -len(BODY)])
            assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(BODY)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


class TestRoutes:
    """Other paths, and requests at fault."""

    def test_models(self, upstream: MockUpstream) -> None:
        """The models can be listed."""
        upstream.behave(models=["a", "b"])
        listed = get(upstream, "/v1/models").json()
        assert [model["id"] for model in listed["data"]] == ["a", "b"]

    @pytest.mark.parametrize("name", ["a", "org/model:free", "not listed"])
    def test_one_model(self, upstream: MockUpstream, name: str) -> None:
        """Any model is known while models are not strict, by its very name."""
        upstream.behave(models=["a", "org/model:free"])
        quoted = urllib.parse.quote(name, safe="/")
        model = get(upstream, f"/v1/models/{quoted}").json()
        assert (model["id"], model["object"]) == (name, "model")
        model = get(upstream, f"/v1beta/models/{quoted}").json()
        assert model["name"] == f"models/{name}"

    def test_one_strict_model(self, upstream: MockUpstream) -> None:
        """One that is not listed gets 404, as a chat with it does."""
        upstream.behave(strict_models=True, models=["known"])
        assert get(upstream, "/v1/models/known").json()["id"] == "known"
        reply = get(upstream, "/v1/models/other")
        assert (reply.status, code_of(reply)) == (404, "model_not_found")
        assert upstream.received == 0

    def test_health(self, upstream: MockUpstream) -> None:
        """The health check answers and is not counted as a chat request."""
        assert get(upstream, "/healthz").status == 200
        assert upstream.received == 0

    def test_unknown_path(self, upstream: MockUpstream) -> None:
        """An unknown path gets an error object."""
        reply = get(upstream, "/v1/nothing?x=1")
        assert reply.status == 404
        assert "/v1/nothing" in reply.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (["no object"], "invalid_json"),
            ({"messages": CHAT["messages"]}, "missing_model"),
            ({"model": "m"}, "missing_messages"),
            ({"model": "m", "messages": []}, "missing_messages"),
        ],
    )
    def test_bad_request(self, upstream: MockUpstream, body: object, code: str) -> None:
        """A body at fault gets 400 and is counted as an error."""
        reply = post(upstream, body)
        assert (reply.status, code_of(reply)) == (400, code)
        assert upstream.counts().errors == 1

    def test_malformed_json(self, upstream: MockUpstream) -> None:
        """A body that is no JSON gets 400."""
        with connected(upstream) as client:
            client.request("POST", PATH, b'{"model": ')
            assert client.getresponse().status == 400

    def test_malformed_http(self, upstream: MockUpstream) -> None:
        """Bytes that are no HTTP get 400 and the end of the connection."""
        with socket.create_connection(("127.0.0.1", upstream.port), 5) as client:
            client.sendall(b"this is no HTTP\r\n\r\n")
            assert read_all(client).startswith(b"HTTP/1.1 400 ")

    def test_api_key(self, upstream: MockUpstream) -> None:
        """Only the one key is let in, for models as well."""
        upstream.behave(api_key="right")
        refused = post(upstream, authorization="Bearer wrong")
        assert (refused.status, code_of(refused)) == (401, "invalid_api_key")
        assert get(upstream, "/v1/models").status == 401
        assert get(upstream, "/v1/models/mock-model").status == 401
        assert post(upstream, authorization="Bearer right").status == 200

    def test_strict_models(self, upstream: MockUpstream) -> None:
        """A model that is not listed gets 404 where models are strict."""
        upstream.behave(strict_models=True, models=["known"])
        reply = post(upstream)
        assert (reply.status, code_of(reply)) == (404, "model_not_found")
        assert post(upstream, CHAT | {"model": "known"}).status == 200


class TestBehaviour:
    """Latency, drawn errors and the rate limit."""

    def test_latency(self, upstream: MockUpstream) -> None:
        """An answer waits for the latency, not less."""
        upstream.behave(latency=0.03)
        began = time.monotonic()
        assert post(upstream).status == 200
        assert time.monotonic() - began >= 0.03

    def test_latencies_overlap(self, upstream: MockUpstream) -> None:
        """Requests wait side by side: all are in work before one is answered."""
        upstream.behave(latency=0.2)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(asked(upstream)) for _ in range(20)]
            began = time.monotonic()
            assert all(client.recv(65536) for client in clients)
        assert time.monotonic() - began < 20 * 0.2

    def test_error_rate(self, upstream: MockUpstream) -> None:
        """The same seed draws the same errors, about as many as asked for."""
        drawn = []
        for seed in (5, 6, 5):
            upstream.behave(error_rate=0.3, error_status=503, seed=seed)
            with connected(upstream) as client:
                drawn.append([self._status(client) for _ in range(100)])
        assert drawn[0] == drawn[2] != drawn[1]
        assert set(drawn[0]) == {200, 503}
        assert 15 <= drawn[0].count(503) <= 45

    @staticmethod
    def _status(client: http.client.HTTPConnection) -> int:
        client.request("POST", PATH, BODY)
        response = client.getresponse()
        response.read()
        return response.status

    def test_drawn_throttling(self, upstream: MockUpstream) -> None:
        """A drawn 429 says when to come back, like any other."""
        upstream.behave(error_rate=1, error_status=429, retry_after="soon")
        reply = post(upstream)
        assert (reply.status, reply.headers["retry-after"]) == (429, "soon")

    def test_rate(self, upstream: MockUpstream) -> None:
        """Above the rate comes 429 with all headers that OpenAI sends."""
        upstream.behave(rate=0.01, burst=2)
        first, second, third = (post(upstream) for _ in range(3))
        assert [first.status, second.status, third.status] == [200, 200, 429]
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert third.headers["x-ratelimit-limit-requests"] == "2"
        assert third.headers["x-ratelimit-remaining-requests"] == "0"
        assert third.headers["x-ratelimit-reset-requests"].endswith("s")
        assert third.headers["x-ratelimit-limit-tokens"] == "2000"
        assert third.headers["x-ratelimit-remaining-tokens"] == "0"
        assert third.headers["x-ratelimit-reset-tokens"].endswith("s")
        assert 90 <= int(third.headers["retry-after"]) <= 100
        assert upstream.counts().throttled == 1

    def test_rate_refills(self, upstream: MockUpstream) -> None:
        """The bucket refills with time."""
        upstream.behave(rate=50, burst=1)
        statuses = [post(upstream).status]
        until = time.monotonic() + TIMEOUT_S
        while statuses.count(200) < 3 and time.monotonic() < until:
            statuses.append(post(upstream).status)
        assert statuses.count(200) == 3

    def test_rate_limit_headers_off(self, upstream: MockUpstream) -> None:
        """The rate limit headers can be left out; Retry-After stays."""
        upstream.behave(rate=0.01, burst=1, rate_limit_headers=False, retry_after=1.5)
        post(upstream)
        throttled = post(upstream)
        assert throttled.headers["retry-after"] == "1.5"
        assert not [name for name in throttled.headers if "ratelimit" in name]

    @pytest.mark.parametrize(
        ("spec", "low", "median", "high"),
        [
            (0.05, 0.05, 0.05, 0.05),
            ("0.05", 0.05, 0.05, 0.05),
            ("uniform:0.01:0.1", 0.01, 0.055, 0.1),
            ("normal:0.05:0.01", 0.0, 0.05, 0.12),
            ("lognormal:0.05:0.3", 0.0, 0.05, 0.5),
            ("exponential:0.1", 0.0, 0.0693, 3.0),
        ],
    )
    def test_latency_specs(
        self, spec: float | str, low: float, median: float, high: float
    ) -> None:
        """Each distribution draws what its parameters say."""
        draw, rng = parse_latency(spec), Random(7)
        drawn = sorted(draw(rng) for _ in range(10_001))
        assert low <= drawn[0] <= drawn[-1] <= high
        assert drawn[5000] == pytest.approx(median, rel=0.05)

    @pytest.mark.parametrize(
        ("wrong", "complaint"),
        [
            ({"latency": -1}, "latency -1"),
            ({"latency": float("nan")}, "finite"),
            ({"latency": "gamma:1:2"}, "no distribution 'gamma'"),
            ({"latency": "uniform:1"}, "uniform:LOW:HIGH"),
            ({"latency": "uniform:2:1"}, "LOW <= HIGH"),
            ({"latency": "normal:x:1"}, "'x' is not a number"),
            ({"latency": "exponential:inf"}, "'inf' is not finite"),
            ({"latency": None}, "latency None: seconds must be"),
            ({"error_rate": 1.1}, "error_rate must be a number from 0 to 1"),
            ({"error_rate": "1"}, "error_rate must be a number from 0 to 1, not '1'"),
            ({"reply": 5}, "reply must be a text, not 5"),
            ({"rate": "5"}, "rate must be"),
            ({"error_status": 200}, "error_status"),
            ({"rate": 0}, "rate must be"),
            ({"burst": 0}, "burst must be 1 or more"),
            ({"retry_after": "1\r\nx: y"}, "retry_after"),
            ({"models": "gpt"}, "models must be a list"),
            ({"models": (), "strict_models": True}, "at least one"),
            ({"prompt_tokens": -1}, "prompt_tokens"),
            ({"completion_tokens": -1}, "completion_tokens"),
        ],
    )
    def test_validation(self, wrong: dict[str, Any], complaint: str) -> None:
        """A value out of range is refused at once, with its name."""
        with pytest.raises(ValueError, match=complaint):
            MockUpstream(**wrong)

    def test_secret_stays_secret(self) -> None:
        """The key is in no repr."""
        assert "sk-secret" not in repr(Behaviour(api_key="sk-secret"))


class TestFaults:
    """Each scripted fault, as a client meets it."""

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.RESET, ConnectionResetError),
            (Fault.CLOSE, http.client.RemoteDisconnected),
            (Fault.NOT_HTTP, http.client.BadStatusLine),
        ],
    )
    def test_no_answer(
        self, upstream: MockUpstream, fault: Fault, error: type[Exception]
    ) -> None:
        """The connection ends before an answer."""
        upstream.script(fault)
        with connected(upstream) as client:
            client.request("POST", PATH, BODY)
            with pytest.raises(error) as raised:
                client.getresponse()
        assert raised.type is error
        assert upstream.counts().errors == 1

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.CUT_BODY, http.client.IncompleteRead),
            (Fault.CUT_CHUNKED, http.client.IncompleteRead),
            (Fault.LENGTH_TOO_LONG, http.client.IncompleteRead),
            (Fault.RESET_BODY, ConnectionResetError),
        ],
    )
    def test_broken_body(
        self, upstream: MockUpstream, fault: Fault, error: type[Exception]
    ) -> None:
        """The status arrives, the body does not arrive whole."""
        upstream.script(fault)
        with connected(upstream) as client:
            client.request("POST", PATH, BODY)
            response = client.getresponse()
            assert response.status == 200
            with pytest.raises(error):
                response.read()
        assert upstream.counts().errors == 1

    def test_cut_head(self, upstream: MockUpstream) -> None:
        """The connection ends within the headers."""
        upstream.script(Fault.CUT_HEAD)
        with asked(upstream) as client:
            answer = read_all(client)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\n\r\n" not in answer

    def test_hang(self, upstream: MockUpstream) -> None:
        """No byte ever comes, and a client that leaves has abandoned its request."""
        upstream.script(Fault.HANG)
        with asked(upstream) as client:
            client.settimeout(STALL_S)
            with pytest.raises(TimeoutError):
                client.recv(1)
        wait_until(lambda: upstream.counts().abandoned == 1)

    def test_stall_body(self, upstream: MockUpstream) -> None:
        """Half of the body, then silence on an open connection."""
        upstream.script(Fault.STALL_BODY)
        with asked(upstream) as client:
            client.settimeout(STALL_S)
            head, half = self._read_until_silence(client).split(b"\r\n\r\n")
        assert f"content-length: {2 * len(half)}".encode()[:-1] in head

    @staticmethod
    def _read_until_silence(client: socket.socket) -> bytes:
        received = b""
        with contextlib.suppress(TimeoutError):
            while data := client.recv(65536):
                received += data
            pytest.fail("the connection was closed")
        return received

    def test_length_too_short(self, upstream: MockUpstream) -> None:
        """The body goes on behind the end that its length gives."""
        upstream.script(Fault.LENGTH_TOO_SHORT)
        with asked(upstream) as client:
            head, body = client.recv(65536).split(b"\r\n\r\n")
        assert f"content-length: {len(body) - 10}".encode() in head
        assert json.loads(body)["object"] == "chat.completion"

    def test_length_twice(self, upstream: MockUpstream) -> None:
        """Two lengths contradict each other."""
        upstream.script(Fault.LENGTH_TWICE)
        with connected(upstream) as client:
            client.request("POST", PATH, BODY)
            headers = client.getresponse().headers
            lengths = headers.get_all("content-length")
        assert lengths is not None
        assert len(set(lengths)) == 2

    @pytest.mark.parametrize(
        ("fault", "content_type", "start"),
        [
            (Fault.GARBAGE, "application/json", b"\x00\xff"),
            (Fault.HTML, "text/html; charset=utf-8", b"<!DOCTYPE html>"),
            (Fault.EMPTY, "application/json", b""),
            (Fault.ERROR_OBJECT, "application/json", b'{"error":{'),
        ],
    )
    def test_wrong_content(
        self, upstream: MockUpstream, fault: Fault, content_type: str, start: bytes
    ) -> None:
        """Status 200 and a sound frame, but no completion in it."""
        upstream.script(fault)
        reply = post(upstream)
        assert (reply.status, reply.headers["content-type"]) == (200, content_type)
        assert reply.data[: len(start) or None] == start
        assert upstream.counts().errors == 1

    @pytest.mark.parametrize(
        "step",
        [
            Fault.CHUNKED,
            Fault.UNTIL_CLOSE,
            Fault.CONTINUE_FIRST,
            Fault.CONNECTION_CLOSE,
            Fault.CLOSE_AFTER,
            SlowHead(interval_s=0.0001),
            SlowBody(interval_s=0.0001),
            Answer(),
        ],
    )
    def test_sound(self, upstream: MockUpstream, step: Step) -> None:
        """What is unusual but valid is a reply to a good client."""
        upstream.script(step)
        assert text_of(post(upstream)) == TEXT
        assert upstream.counts().answered == 1

    def test_chunked_bytes(self, upstream: MockUpstream) -> None:
        """A chunked reply has chunks and keeps the connection."""
        upstream.script(Fault.CHUNKED)
        with connected(upstream) as client:
            client.request("POST", PATH, BODY)
            response = client.getresponse()
            assert response.headers["transfer-encoding"] == "chunked"
            assert response.headers["content-length"] is None
            response.read()
            client.request("POST", PATH, BODY)
            assert client.getresponse().status == 200

    @pytest.mark.parametrize(
        ("fault", "said"), [(Fault.CONNECTION_CLOSE, 1), (Fault.CLOSE_AFTER, 0)]
    )
    def test_closing(self, upstream: MockUpstream, fault: Fault, said: int) -> None:
        """The connection closes after the reply, announced or not."""
        upstream.script(fault)
        with asked(upstream) as client:
            answer = read_all(client)
        assert answer.count(b"connection: close\r\n") == said
        assert answer.endswith(b"}")

    def test_until_close_bytes(self, upstream: MockUpstream) -> None:
        """A reply that ends with the connection has no length."""
        upstream.script(Fault.UNTIL_CLOSE)
        with asked(upstream) as client:
            head = read_all(client).split(b"\r\n\r\n")[0]
        assert b"content-length" not in head
        assert b"transfer-encoding" not in head

    def test_continue_bytes(self, upstream: MockUpstream) -> None:
        """An interim answer comes before the reply."""
        upstream.script(Fault.CONTINUE_FIRST)
        with asked(upstream) as client:
            assert client.recv(65536).startswith(
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
            )

    def test_slow_head_bytes(self, upstream: MockUpstream) -> None:
        """A slow head comes byte by byte; long before its end the client has some."""
        upstream.script(SlowHead(interval_s=60))
        with asked(upstream) as client:
            assert client.recv(65536) == b"H"

    def test_slow_body_bytes(self, upstream: MockUpstream) -> None:
        """A slow body follows a whole head, byte by byte."""
        upstream.script(SlowBody(interval_s=0.2))
        with asked(upstream) as client:
            assert client.recv(65536).endswith(b"\r\n\r\n")
            assert client.recv(65536) == b"{"

    def test_gigantic(self, upstream: MockUpstream) -> None:
        """A gigantic body has the very size asked for and is still valid JSON."""
        upstream.script(Gigantic(size=20_000_001))
        reply = post(upstream)
        assert len(reply.data) == 20_000_001
        assert text_of(reply) == TEXT

    def test_gigantic_given_up(self, upstream: MockUpstream) -> None:
        """A client may leave in the middle of a body that would never end."""
        upstream.script(Gigantic(size=10**15))
        with asked(upstream) as client:
            assert client.recv(1000)
        assert post(upstream).status == 200

    def test_answer(self, upstream: MockUpstream) -> None:
        """Status, headers and body can be given; ours are replaced by name."""
        headers = {"X-Own": "1", "Content-Type": "text/plain", "X-Request-ID": "mine"}
        upstream.script(Answer(status=529, headers=headers, body="no"))
        reply = post(upstream)
        assert (reply.status, reply.data) == (529, b"no")
        assert reply.headers["x-own"] == "1"
        assert reply.headers.getlist("content-type") == ["text/plain"]
        assert reply.headers.getlist("x-request-id") == ["mine"]

    def test_answer_bytes(self, upstream: MockUpstream) -> None:
        """Any bytes can be a body."""
        upstream.script(Answer(body=bytes(range(256))))
        assert post(upstream).data == bytes(range(256))

    def test_answer_error_body(self, upstream: MockUpstream) -> None:
        """An error status gets an error object unless a body is given."""
        upstream.script(Answer(status=503))
        assert code_of(post(upstream)) == "scripted"

    def test_answer_connection_close(self, upstream: MockUpstream) -> None:
        """A given `Connection: close` closes."""
        upstream.script(Answer(headers={"Connection": "close"}))
        with asked(upstream) as client:
            assert read_all(client).count(b"connection: close\r\n") == 1

    def test_answer_headers(self) -> None:
        """Pairs are no mapping, and it is said what is."""
        pairs: Any = (("retry-after", "1"),)
        with pytest.raises(
            ValueError, match=r"must be a mapping, such as .* not a tuple"
        ):
            Answer(headers=pairs)

    def test_throttled(self, upstream: MockUpstream) -> None:
        """A raw Retry-After arrives as it is: a date, nonsense, or none."""
        date = email.utils.formatdate(0, usegmt=True)
        steps = [Answer.throttled(value) for value in (date, "soon", None)]
        upstream.script(*steps)
        replies = [post(upstream) for _ in steps]
        assert [reply.status for reply in replies] == [429] * 3
        values = [reply.headers.get("retry-after") for reply in replies]
        assert values == [date, "soon", None]
        assert upstream.counts().throttled == 3

    def test_redirect(self, upstream: MockUpstream) -> None:
        """A redirect names its target."""
        upstream.script(Answer.redirect("http://127.0.0.1:1/elsewhere"))
        reply = post(upstream)
        assert reply.status == 307
        assert reply.headers["location"] == "http://127.0.0.1:1/elsewhere"

    def test_script_order(self, upstream: MockUpstream) -> None:
        """Steps are met one each, in order, before the behaviour applies again."""
        upstream.behave(error_rate=1, error_status=500)
        upstream.script(Answer(status=501), Answer())
        upstream.script(Answer(status=503))
        statuses = [post(upstream).status for _ in range(4)]
        assert statuses == [501, 200, 503, 500]

    def test_script_is_for_chat_only(self, upstream: MockUpstream) -> None:
        """A health check uses up no step."""
        upstream.script(Answer(status=503))
        assert get(upstream, "/healthz").status == 200
        assert post(upstream).status == 503

    def test_script_meets_bad_requests(self, upstream: MockUpstream) -> None:
        """A scripted request meets its step even if it is at fault."""
        upstream.script(Answer(status=503))
        assert post(upstream, {}).status == 503

    @pytest.mark.parametrize("fault", list(Fault))
    def test_upstream_survives(self, upstream: MockUpstream, fault: Fault) -> None:
        """After any fault the next client is served."""
        upstream.script(fault)
        with asked(upstream):
            wait_until(lambda: upstream.received == 1)
        assert text_of(post(upstream)) == TEXT

    def test_wrong_steps(self, upstream: MockUpstream) -> None:
        """Only steps can be scripted."""
        with pytest.raises(TypeError, match="'reset'"):
            upstream.script("reset")  # type: ignore[arg-type]  # the error under test

    @pytest.mark.parametrize(
        ("step", "hint"),
        [
            (SlowBody, r"give an instance: SlowBody\(\.\.\.\)"),
            ([Fault.RESET], r"one by one, as in script\(\*steps\)"),
        ],
    )
    def test_steps_of_a_wrong_form(
        self, upstream: MockUpstream, step: Any, hint: str
    ) -> None:
        """What was probably meant is said."""
        with pytest.raises(TypeError, match=hint):
            upstream.script(step)

    @pytest.mark.parametrize(
        ("kind", "wrong"),
        [
            (Answer, {"status": 100}),
            (Answer, {"headers": {"x": "a\r\nb"}}),
            (Answer, {"headers": {"x": "世"}}),
            (SlowHead, {"interval_s": 0}),
            (SlowBody, {"interval_s": -1}),
            (Gigantic, {"size": -1}),
        ],
    )
    def test_step_validation(self, kind: Any, wrong: dict[str, Any]) -> None:
        """A step out of range is refused at once."""
        with pytest.raises(ValueError, match="must"):
            kind(**wrong)


class TestCounts:
    """What is counted, and that it outlives the process."""

    def test_counts(self, upstream: MockUpstream) -> None:
        """Each request is counted once, by what came of it."""
        steps = (Answer(), Answer(), Answer(status=500), Answer(status=429))
        upstream.script(*steps)
        with connected(upstream) as client:
            for _ in steps:
                client.request("POST", PATH, BODY)
                client.getresponse().read()
        wait_until(lambda: upstream.counts().connections_open == 0)
        assert upstream.counts() == replace(
            NO_COUNTS,
            requests=4,
            answered=2,
            errors=1,
            throttled=1,
            connections_accepted=1,
        )

    def test_open_connections(self, upstream: MockUpstream) -> None:
        """Open connections are those not closed yet."""
        with connected(upstream) as first, connected(upstream) as second:
            for client in (first, second):
                client.request("POST", PATH, BODY)
                client.getresponse().read()
            assert upstream.counts().connections_open == 2
        wait_until(lambda: upstream.counts().connections_open == 0)

    def test_reset(self, upstream: MockUpstream) -> None:
        """After a reset counting begins again at 0."""
        post(upstream)
        upstream.reset_counts()
        wait_until(lambda: upstream.counts() == NO_COUNTS)
        post(upstream)
        assert upstream.received == 1

    def test_abandoned(self, upstream: MockUpstream) -> None:
        """A client that does not wait for its answer is counted."""
        upstream.behave(latency=60)
        with asked(upstream):
            wait_until(lambda: upstream.received == 1)
        wait_until(lambda: upstream.counts().abandoned == 1)
        assert upstream.counts().answered == 0


class TestProcess:
    """The process behind it: start, death, freezing, restart."""

    def test_life(self) -> None:
        """Kill, restart and stop keep the port, the behaviour and the counts."""
        with MockUpstream(reply="kept") as upstream:
            port = upstream.port
            post(upstream)
            upstream.kill()
            assert upstream.counts() == replace(
                NO_COUNTS, requests=1, answered=1, connections_accepted=1
            )
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
            upstream.behave(reply="changed while dead")
            upstream.restart()
            assert upstream.port == port
            assert text_of(post(upstream)) == "changed while dead"
            upstream.restart()
            assert text_of(post(upstream)) == "changed while dead"
            assert upstream.received == 3
        assert upstream.received == 3

    def test_pause(self, upstream: MockUpstream) -> None:
        """A paused upstream accepts but says nothing; resumed, it answers."""
        upstream.pause()
        with asked(upstream) as client:
            client.settimeout(STALL_S)
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert upstream.received == 0
            with pytest.raises(RuntimeError, match="is paused"):
                upstream.behave(reply="x")
            upstream.resume()
            client.settimeout(TIMEOUT_S)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")

    def test_stop_while_paused(self) -> None:
        """A paused upstream can be stopped."""
        with MockUpstream() as upstream:
            upstream.pause()
            upstream.pause()
        assert repr(upstream).endswith("stopped>")

    def test_repr(self) -> None:
        """The repr shows the address and the state, and never the key."""
        upstream = MockUpstream(api_key="sk-secret")
        assert repr(upstream) == "<MockUpstream 127.0.0.1:0 stopped>"
        with upstream:
            address = f"<MockUpstream 127.0.0.1:{upstream.port}"
            assert repr(upstream) == f"{address} running>"
            upstream.pause()
            assert repr(upstream) == f"{address} paused>"
            upstream.kill()
            assert repr(upstream) == f"{address} dead>"

    def test_port_before_start(self) -> None:
        """There is no address before a free port is chosen."""
        with pytest.raises(RuntimeError, match="start"):
            _ = MockUpstream().url

    def test_unknown_change(self) -> None:
        """A misspelt field is refused."""
        with pytest.raises(TypeError, match="latecy"):
            MockUpstream(latecy=1)

    def test_not_started(self) -> None:
        """What needs a process says that there is none."""
        upstream = MockUpstream()
        for action in (upstream.kill, upstream.restart, upstream.pause):
            with pytest.raises(RuntimeError, match="not started"):
                action()

    def test_started_twice(self, upstream: MockUpstream) -> None:
        """A second start is refused."""
        with pytest.raises(RuntimeError, match="started already"):
            upstream.start()

    def test_script_while_dead(self) -> None:
        """A dead upstream takes no script, as it would forget it."""
        with MockUpstream() as upstream:
            upstream.kill()
            with pytest.raises(RuntimeError, match="is dead"):
                upstream.script(Fault.RESET)

    def test_port_taken(self, upstream: MockUpstream) -> None:
        """A failure to start carries what the process said."""
        with pytest.raises(RuntimeError, match="address already in use"):
            MockUpstream(port=upstream.port).start()

    def test_no_file_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No file can be left behind, as none ever has a name."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with MockUpstream():
            assert list(tmp_path.iterdir()) == []

    def test_many_threads(self, upstream: MockUpstream) -> None:
        """Commands from several threads keep their acknowledgements apart."""
        threads = [
            threading.Thread(target=upstream.behave, kwargs={"completion_tokens": n})
            for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tokens = post(upstream).json()["usage"]["completion_tokens"]
        assert tokens == upstream.behaviour.completion_tokens

    def test_no_orphan(self) -> None:
        """The process ends by itself when its parent is killed."""
        with subprocess.Popen(
            [sys.executable, "-P", "-c", _PARENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        ) as parent:
            assert parent.stdout is not None
            port = int(parent.stdout.readline())
            with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as client:
                parent.kill()
                with contextlib.suppress(ConnectionResetError):
                    assert client.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), TIMEOUT_S)

    def test_forgotten(self) -> None:
        """A program that never calls stop ends cleanly, and so does the upstream."""
        ended = self._run_python(
            "from holybalance.testing import MockUpstream\n"
            "upstream = MockUpstream().start()\n"
            "print(upstream.port)\n"
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(ended.stdout)), TIMEOUT_S)

    def test_light_import(self) -> None:
        """The parent imports neither asyncio nor what only the process needs."""
        ended = self._run_python(
            "import sys, holybalance.testing\n"
            "print({'asyncio', 'httptools', 'orjson'} & set(sys.modules))\n"
        )
        assert ended.stdout == "set()\n"

    @staticmethod
    def _run_python(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-P", "-c", code],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def test_no_standard_input(self) -> None:
        """Where the shell has closed standard input, it starts all the same."""
        code = (
            "from holybalance.testing import MockUpstream\n"
            "with MockUpstream() as upstream: print(upstream.received)\n"
        )
        ended = subprocess.run(
            ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-P", "-c", code],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("0\n", "")


_PARENT = """
from holybalance.testing import MockUpstream
with MockUpstream() as upstream:
    print(upstream.port, flush=True)
    input()
"""

_FOREGROUND = """
from holybalance.testing import Behaviour
from holybalance.testing.server import serve
print(serve(Behaviour(), on_ready=lambda url: print(url, flush=True)).requests)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve(number: signal.Signals) -> None:
    """In the foreground it serves until a signal, then returns the counts."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-P", "-c", _FOREGROUND],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib3.PoolManager() as pool:
            reply = pool.request("POST", f"{url}/chat/completions", json=CHAT)
            assert reply.status == 200
            process.send_signal(number)
            rest, complaints = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, rest, complaints) == (0, "1\n", "")
