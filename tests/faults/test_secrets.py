"""A key appears in the one header that carries it, and nowhere else."""

from __future__ import annotations

import logging
import pickle

import orjson
import pytest

from holybalance.errors import HolyBalanceError
from tests.faults.scripted import answering, error, http
from tests.faults.world import KEY, World, failure_of

# The client's first endpoint has this one.
CANARY = f"{KEY}-a"

ECHOES = {
    "401, message": http(error(f"Incorrect API key: {CANARY}"), "401 No"),
    "401, code": http(error("no", code=CANARY), "401 No"),
    "401, type": http(error("no", type=CANARY), "401 No"),
    "401, request id": http(error("no"), "401 No", f"X-Request-Id: {CANARY}"),
    "400, message": http(error(f"bad {CANARY}"), "400 No"),
    "500, HTML": http(f"<h1>Authorization: Bearer {CANARY}</h1>".encode(), "500 No"),
    "500, cut within the key": http(b"x" * 190 + CANARY.encode(), "500 No"),
    "500, JSON escapes": http(
        b'{"error": {"message": "%b"}}'
        % "".join(f"\\u{ord(letter):04x}" for letter in CANARY).encode(),
        "500 No",
    ),
    "500, a bare string": http(orjson.dumps(CANARY), "500 No"),
    "200, error": http(error(CANARY)),
    "200, garbage": http(CANARY.encode()),
    "not HTTP": CANARY.encode() + b"\r\n\r\n",
    "a bad status line": b"HTTP/1.1 " + CANARY.encode() + b"\r\n\r\n",
    "a redirect": http(b"", "302 Go", f"Location: http://127.0.0.1:1/{CANARY}"),
}


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES.keys())
def test_an_upstream_that_repeats_the_key(
    world: World, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that a person or a program sees has the key or most of it in it."""
    caplog.set_level(logging.DEBUG)
    upstream = world.upstream(answering(answer))
    client = world.client(upstream)

    failure = failure_of(client)

    authorization = upstream.requests[0].headers["authorization"]
    assert f"Bearer {CANARY}" == authorization
    shown = _everything(failure) + repr(client) + repr(client.config)
    shown += str(client.metrics()) + caplog.text + repr(upstream.requests[0].body)
    shown += "".join(map(repr, client._engine().balancer.endpoints))
    assert "sk-canary" not in shown


def test_a_secret_header(world: World) -> None:
    """The value of a configured header is masked as the key is."""
    upstream = world.upstream(answering(http(error("bad token-of-mine"), "400 No")))
    client = world.client(upstream, endpoint={"headers": {"X-Token": "token-of-mine"}})

    failure = failure_of(client)

    assert "token-of-mine" == upstream.requests[0].headers["x-token"]
    assert "token-of-mine" not in _everything(failure)


def test_check(world: World) -> None:
    """Nor does `check` show what an upstream repeats."""
    upstream = world.upstream(answering(http(error(CANARY), "401 No")))
    client = world.client(upstream)

    (checked,) = client.check()

    assert (401, False) == (checked.status, checked.is_ok)
    assert "canary" not in repr(checked)


def test_a_proxy_with_a_password(world: World) -> None:
    """A proxy's password is in no error, whatever the proxy says to it."""
    proxy = world.upstream(answering(http(b"dXNlcjpjYW5hcnk=", "407 No")))
    password = f"http://user:canary@127.0.0.1:{proxy.port}"
    client = world.client(
        "https://llm.example/v1", "http://llm.example/v1", endpoint={"proxy": password}
    )

    failure = failure_of(client)

    assert "user:canary" not in _everything(failure) + repr(client.config)


def _everything(failure: HolyBalanceError) -> str:
    again = pickle.loads(pickle.dumps(failure))
    parts: list[object] = []
    for one in (failure, again):
        parts += [str(one), repr(one), vars(one), one.args]
    cause: BaseException | None = failure
    while cause is not None:
        parts += [repr(cause), str(cause)]
        cause = cause.__cause__ or cause.__context__
    return " ".join(map(str, parts)) + repr(pickle.dumps(failure))
