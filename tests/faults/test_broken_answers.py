"""Whatever an upstream answers, a call gives a reply or one typed error."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass

import pytest

from holybalance.errors import (
    DeadlineExceeded,
    RetriesExhausted,
)
from tests.faults.scripted import (
    OK,
    PATIENCE_S,
    Peer,
    Script,
    answering,
    ending,
    error,
    http,
    reply,
    replying,
    silent,
)
from tests.faults.world import (
    World,
    assert_connections,
    assert_settled,
    failure_of,
    state,
    verdicts,
)

BODY = reply()
HTML = b"<html><body>Welcome to the hotel's network</body></html>"
CHUNKED = "Transfer-Encoding: chunked"
DEADLINE_S = 0.4


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """Write a chunked response."""
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return http(b"".join([*parts, last]), "200 OK", CHUNKED, length=False)


def claiming(*lengths: object) -> bytes:
    """Write a response with other lengths than the right one."""
    lines = [f"Content-Length: {length}" for length in lengths]
    return http(BODY, "200 OK", *lines, length=False)


def closing(peer: Peer) -> None:
    """Read the request, then close."""
    peer.request()
    peer.finish()


def closing_at_once(peer: Peer) -> None:
    """Close with the request unread, which resets the connection."""
    peer.close()


def resetting(peer: Peer) -> None:
    """Read the request, then reset."""
    peer.request()
    peer.reset()


def resetting_mid_body(peer: Peer) -> None:
    """Send the head and half of the body, then reset once they have been read."""
    peer.request()
    peer.send(claiming(len(BODY))[:-20])
    peer.reset()


def resetting_mid_head(peer: Peer) -> None:
    """Send half of the head, then reset."""
    peer.request()
    peer.send(OK[:20])
    peer.reset()


@dataclass(frozen=True)
class Broken:
    """A fault, and what is to come of it when no other endpoint is left."""

    script: Script
    verdict: str = "malformed"
    status: int | None = None
    is_kept: bool = True


BROKEN = {
    "closed before the answer": Broken(closing, "lost"),
    "reset before the answer": Broken(resetting, "lost"),
    "reset in the body": Broken(resetting_mid_body),
    "cut in the body": Broken(ending(OK[:-10])),
    "cut in the head": Broken(ending(OK[:20])),
    "cut between head and body": Broken(ending(OK[: -len(BODY)])),
    "length too short, surplus at once": Broken(answering(claiming(len(BODY) - 5))),
    "a header in two lines": Broken(answering(http(BODY, "200 OK", "X-A: a\r\n b"))),
    "length zero, surplus at once": Broken(answering(claiming(0))),
    "length too long, then the end": Broken(ending(claiming(len(BODY) + 5))),
    "length negative": Broken(answering(claiming(-1))),
    "length not a number": Broken(answering(claiming("ten"))),
    "length with a sign": Broken(answering(claiming(f"+{len(BODY)}"))),
    "length in hexadecimal": Broken(answering(claiming(hex(len(BODY))))),
    "length beyond 64 bits": Broken(answering(claiming(2**64 + len(BODY)))),
    "length twice, equal": Broken(answering(claiming(len(BODY), len(BODY)))),
    "length twice, different": Broken(answering(claiming(len(BODY), 5))),
    "length twice in one line": Broken(answering(claiming(f"{len(BODY)}, 5"))),
    "length and chunks": Broken(
        answering(http(b"5\r\nhello\r\n0\r\n\r\n", "200 OK", CHUNKED))
    ),
    "chunks cut in a chunk": Broken(ending(chunked(BODY[:50], last=b"40\r\nhello"))),
    "chunks cut between chunks": Broken(ending(chunked(BODY, last=b""))),
    "chunks cut in the last": Broken(ending(chunked(BODY, last=b"0\r\n"))),
    "chunk size is garbage": Broken(answering(chunked(last=b"zz\r\nhello\r\n"))),
    "chunk size is negative": Broken(answering(chunked(last=b"-5\r\nhello\r\n"))),
    "chunk size beyond 64 bits": Broken(
        answering(chunked(last=b"1" + b"0" * 16 + b"\r\nhello\r\n"))
    ),
    "chunk longer than its size": Broken(
        answering(chunked(last=b"3\r\nhello\r\n0\r\n\r\n"))
    ),
    "garbage after the last chunk": Broken(answering(chunked(BODY) + b"surplus")),
    "two responses at once": Broken(answering(OK + OK)),
    "not HTTP": Broken(answering(b"\x16\x03\x01\x00\xff what is this?\r\n\r\n")),
    "an SMTP server": Broken(answering(b"220 mail.example ESMTP ready\r\n")),
    "HTTP/0.9": Broken(answering(BODY)),
    "a header without a colon": Broken(answering(http(BODY, "200 OK", "nonsense"))),
    "a NUL in a header": Broken(answering(http(BODY, "200 OK", "X-A: a\0b"))),
    "a status of two digits": Broken(answering(http(BODY, "20 OK"))),
    "200 with garbage": Broken(answering(http(b"\x00\xff\xfe\x01")), status=200),
    "200 with HTML": Broken(answering(http(HTML)), status=200),
    "200 with nothing": Broken(answering(http()), status=200),
    "200 with an error object": Broken(answering(http(error("boom"))), status=200),
    "200 with a list": Broken(answering(http(b"[]")), status=200),
    "200 with a string": Broken(answering(http(b'"ok"')), status=200),
    "200 with null": Broken(answering(http(b"null")), status=200),
    "200 without choices": Broken(answering(http(b'{"id": "1"}')), status=200),
    "200 with no choice": Broken(answering(http(b'{"choices": []}')), status=200),
    "200 with choices that are none": Broken(
        answering(http(b'{"choices": [1]}')), status=200
    ),
    "200 with half of JSON": Broken(answering(http(BODY[:-1])), status=200),
    "200 with two documents": Broken(answering(http(BODY + BODY)), status=200),
    "200 with NaN": Broken(answering(http(BODY.replace(b"0", b"NaN", 1))), status=200),
    "200 in Latin-1": Broken(
        answering(http(BODY.replace(b"pong", b"p\xf6ng"))), status=200
    ),
    "gzip, unasked": Broken(
        answering(http(gzip.compress(BODY), "200 OK", "Content-Encoding: gzip")),
        status=200,
    ),
    "201": Broken(answering(http(BODY, "201 Created")), status=201),
    "204": Broken(answering(http(b"", "204 No Content", length=False)), status=204),
    "until the end, but cut": Broken(
        ending(http(BODY[:-10], length=False)), status=200, is_kept=False
    ),
    "101 with an upgrade": Broken(
        answering(
            http(
                b"",
                "101 Switching Protocols",
                "Upgrade: websocket",
                "Connection: Upgrade",
                length=False,
            )
        )
    ),
    "301": Broken(answering(http(b"", "301 Moved", "Location: /v2")), status=301),
    "500": Broken(answering(http(error(), "500 Oops")), "sick", 500),
    "502 with HTML": Broken(answering(http(HTML, "502 Bad Gateway")), "sick", 502),
    "503": Broken(answering(http(error(), "503 Busy")), "sick", 503),
    "504 with nothing": Broken(answering(http(b"", "504 Late")), "lost", 504),
    "600": Broken(answering(http(error(), "600 What")), status=600),
    "an endless line in the head": Broken(
        answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 80_000)
    ),
    "an endless status line": Broken(answering(b"HTTP/1.1 200 " + b"O" * 80_000)),
    "endless headers": Broken(
        answering(b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 10_000)
    ),
    "endless interim responses": Broken(
        answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000)
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_alone(world: World, broken: Broken) -> None:
    """A broken answer is one typed error, its connection is not used again."""
    upstream = world.upstream(broken.script)
    client = world.client(upstream)

    failure = failure_of(client)

    assert RetriesExhausted is type(failure)
    assert isinstance(failure, RetriesExhausted)
    assert [broken.verdict] == verdicts(failure)
    assert broken.status == failure.attempts[0].status
    assert 1 == upstream.seen
    assert_settled(client)
    # What was framed well leaves its connection reusable, and only that does.
    is_kept = broken.status is not None and broken.is_kept
    assert_connections(client, upstream, int(is_kept))


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_with_another_endpoint(world: World, broken: Broken) -> None:
    """After a broken answer the next endpoint gives the reply."""
    bad, good = world.upstream(broken.script), world.upstream()
    client = world.client(bad, good)

    answer = client.chat("ping")

    assert ("pong", "b") == (answer.text, answer.endpoint)
    assert [broken.verdict, "ok"] == verdicts(answer)
    assert (1, 1) == (bad.seen, good.seen)
    assert_settled(client)
    assert 1 == state(client, "b")["idle_connections"]


BADLY_FRAMED = {name: b for name, b in BROKEN.items() if b.status is None}


@pytest.mark.parametrize("broken", BADLY_FRAMED.values(), ids=BADLY_FRAMED.keys())
def test_then_the_same_endpoint(world: World, broken: Broken) -> None:
    """Nothing of a broken answer reaches the next call."""
    upstream = world.upstream(broken.script, replying)
    client = world.client(upstream)
    failure_of(client)

    answer = client.chat("ping")

    assert "pong" == answer.text
    assert 2 == upstream.accepted
    assert_connections(client, upstream, 1)


def test_closed_unread(world: World) -> None:
    """A connection that is closed on acceptance fails the call, and is left."""
    bad, good = world.upstream(closing_at_once), world.upstream()
    client = world.client(bad, good)

    answer = client.chat("ping")

    assert "b" == answer.endpoint
    assert verdicts(answer) in (["lost", "ok"], ["sick", "ok"])
    assert 0 == bad.seen
    assert_connections(client, good, 1)


def test_reset_mid_head(world: World) -> None:
    """A reset within the head is a cut answer."""
    upstream = world.upstream(resetting_mid_head)
    client = world.client(upstream)

    failure = failure_of(client)

    assert ["malformed"] == verdicts(failure)
    assert_connections(client, upstream, 0)


def test_accepts_and_hangs(world: World) -> None:
    """An upstream that never answers is left at the deadline; it is not blamed."""
    upstream = world.upstream(silent)
    client = world.client(upstream, timeout=DEADLINE_S, max_attempts=4)

    failure = failure_of(client)

    assert DeadlineExceeded is type(failure)
    assert ["late"] == verdicts(failure)
    assert 1 == upstream.seen
    assert "closed" == state(client)["breaker"]
    assert_connections(client, upstream, 0)


def test_length_too_long_and_open(world: World) -> None:
    """A body that never completes is waited for until the deadline, not beyond."""
    upstream = world.upstream(answering(claiming(len(BODY) + 5)))
    client = world.client(upstream, timeout=DEADLINE_S)

    failure = failure_of(client)

    assert DeadlineExceeded is type(failure)
    assert ["late"] == verdicts(failure)
    assert_connections(client, upstream, 0)


def test_hang_within_an_attempt(world: World) -> None:
    """With attempt_timeout a hanging endpoint is given up for another."""
    hanging, good = world.upstream(silent), world.upstream()
    client = world.client(hanging, good, attempt_timeout=0.1)

    answer = client.chat("ping")

    assert ["lost", "ok"] == verdicts(answer)
    assert (1, 1) == (hanging.seen, good.seen)
    assert_connections(client, hanging, 1)


SOUND = {
    "plain": answering(OK),
    "chunked": answering(chunked(BODY)),
    "a chunk a byte": answering(chunked(*[bytes([byte]) for byte in BODY])),
    "chunked with a trailer": answering(
        chunked(BODY, last=b"0\r\nX-Checksum: 1\r\n\r\n")
    ),
    "chunked with an extension": answering(
        http(
            b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
            "200 OK",
            CHUNKED,
            length=False,
        )
    ),
    "100 before it": answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    "103 before it": answering(
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nLink: </>\r\n\r\n" + OK
    ),
    "an offer to upgrade": answering(
        http(BODY, "200 OK", "Upgrade: h2,h2c", "Connection: Upgrade, Keep-Alive")
    ),
    "no reason phrase": answering(http(BODY, "200")),
    "null error": answering(http(reply(error=None))),
    "a BOM of spaces": answering(http(b" \r\n\t" + BODY + b"\n")),
}


@pytest.mark.parametrize("script", SOUND.values(), ids=SOUND.keys())
def test_sound(world: World, script: Script) -> None:
    """An answer that is unusual but right is a reply, its connection is kept."""
    upstream = world.upstream(script)
    client = world.client(upstream)

    answer = client.chat("ping")

    assert "pong" == answer.text
    assert ["ok"] == verdicts(answer)
    assert 1 == upstream.seen
    assert_settled(client)
    assert_connections(client, upstream, 1)


NOT_KEPT = {
    "until the end": ending(http(BODY, length=False)),
    "Connection: close": answering(http(BODY, "200 OK", "Connection: close")),
    "HTTP/1.0": answering(OK.replace(b"HTTP/1.1", b"HTTP/1.0")),
}


@pytest.mark.parametrize("script", NOT_KEPT.values(), ids=NOT_KEPT.keys())
def test_sound_and_not_kept(world: World, script: Script) -> None:
    """An answer that ends its connection is a reply, its connection is closed."""
    upstream = world.upstream(script)
    client = world.client(upstream)

    answer = client.chat("ping")

    assert "pong" == answer.text
    assert ["ok"] == verdicts(answer)
    assert_settled(client)
    assert_connections(client, upstream, 0)


def test_surplus_that_comes_later(world: World) -> None:
    """Bytes that come after an answer never become the next one."""
    is_done = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(OK)
        is_done.wait(PATIENCE_S)
        peer.send(http(reply("forged")))

    upstream = world.upstream(script, replying)
    client = world.client(upstream)
    client.chat("ping")
    is_done.set()
    connection = client._engine().balancer.endpoints[0].transport._pool._idle._stack[0]
    assert connection._readable.poll(5000)

    answer = client.chat("ping")

    assert "pong" == answer.text
    assert 2 == upstream.accepted
    assert 0 == state(client)["stale_connections"]
    assert_connections(client, upstream, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(world: World, status: int) -> None:
    """A redirect is not followed: the other host sees no key and no connection."""
    other = world.upstream()
    moved = http(b"", f"{status} Moved", f"Location: {other.url}/chat/completions")
    upstream = world.upstream(answering(moved))
    client = world.client(upstream)

    failure = failure_of(client)

    assert ["malformed"] == verdicts(failure)
    assert f"a redirect to another address ({status})" in str(failure)
    assert (1, 0) == (upstream.seen, other.accepted)
    assert_connections(client, upstream, 1)


def test_oversize(world: World) -> None:
    """A body over the cap is left as soon as it is, whatever length it claims."""
    huge = http(b" " * 2_000_000, "200 OK", "Content-Length: 1000000000", length=False)
    upstream = world.upstream(answering(huge))
    client = world.client(upstream, max_response_bytes=100_000)

    failure = failure_of(client)

    assert ["malformed"] == verdicts(failure)
    assert "100000 bytes" in str(failure)
    assert 1 == upstream.seen
    assert_connections(client, upstream, 0)


def test_oversize_chunked(world: World) -> None:
    """The cap holds for a body that does not say how long it is."""
    upstream = world.upstream(answering(chunked(*[b" " * 1000] * 300)))
    client = world.client(upstream, max_response_bytes=100_000)

    failure = failure_of(client)

    assert ["malformed"] == verdicts(failure)
    assert_connections(client, upstream, 0)


def test_answer_before_the_end_of_the_request(world: World) -> None:
    """An upstream that refuses a big body half-way is heard."""

    def script(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(http(error("too big"), "413 Too Large", "Connection: close"))
        peer.finish()

    upstream = world.upstream(script)
    client = world.client(upstream)

    failure = failure_of(client, "x" * 20_000_000)

    assert ["caller"] == verdicts(failure)
    assert_connections(client, upstream, 0)


def test_big_request(world: World) -> None:
    """A request that does not fit the socket's buffer arrives whole."""
    upstream = world.upstream()
    client = world.client(upstream)
    prompt = "x" * 10_000_000

    client.chat(prompt)

    assert prompt == upstream.requests[0].prompt
    assert_connections(client, upstream, 1)


def test_big_request_to_the_deaf(world: World) -> None:
    """Sending to an upstream that does not read ends at the deadline."""

    def deaf(peer: Peer) -> None:
        peer.upstream.stopping.wait(5)

    upstream = world.upstream(deaf)
    client = world.client(upstream, timeout=DEADLINE_S)

    failure = failure_of(client, "x" * 20_000_000)

    assert ["late"] == verdicts(failure)
    assert 0 == upstream.seen
    assert_settled(client)
    # The script never looks whether its client has left.
    upstream.stopping.set()
