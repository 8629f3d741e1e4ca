"""Owns scripts of upstreams that stream: OpenAI's pieces, and what may befall them."""

from __future__ import annotations

import threading

import orjson

from tests.faults.scripted import PATIENCE_S, Peer, Script, http

HEAD = http(
    b"",
    "200 OK",
    "Content-Type: text/event-stream",
    "Transfer-Encoding: chunked",
    length=False,
)
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
COMMENT = b": keep-alive\n\n"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def event(document: object) -> bytes:
    """Write an event."""
    return b"data: %b\n\n" % orjson.dumps(document)


def piece(text: str | None = None, finish: str | None = None, **more: object) -> bytes:
    """Write a piece of the first choice."""
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _chunk(choices=[choice], **more)


def role() -> bytes:
    """Write the piece that comes first, and says nothing."""
    delta = {"role": "assistant", "content": ""}
    return _chunk(choices=[{"index": 0, "delta": delta, "finish_reason": None}])


def usage() -> bytes:
    """Write the piece that comes last."""
    return _chunk(choices=[], usage=USAGE)


def _chunk(**more: object) -> bytes:
    return event(
        {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        | more
    )


def framed(*events: bytes) -> bytes:
    """Frame events, each as a chunk of HTTP."""
    return b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in events)


def whole(*texts: str) -> bytes:
    """Write a sound stream, with its head."""
    events = [role(), *map(piece, texts), piece(finish="stop"), usage(), DONE]
    return HEAD + framed(*events) + END


def beginning(*events: bytes) -> bytes:
    """Write the head and what comes first of a stream."""
    return HEAD + framed(*events)


def streaming(*texts: str) -> Script:
    """Answer every request with a sound stream."""

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            peer.send(whole(*texts))

    return script


def stalling(*events: bytes) -> Script:
    """Begin a stream, and then say nothing more."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(beginning(*events))

    return script


class Gate(threading.Event):
    """Holds scripts up until the test has seen what came before."""

    def then(self, first: Script, *more: bytes, last: Script | None = None) -> Script:
        """Do something, and go on when the gate is open."""

        def script(peer: Peer) -> None:
            first(peer)
            assert self.wait(PATIENCE_S)
            peer.send(*more)
            if last is not None:
                last(peer)

        return script


def closing(peer: Peer) -> None:
    """Close the connection."""
    peer.close()


def resetting(peer: Peer) -> None:
    """Reset the connection."""
    peer.reset()


def commenting(peer: Peer) -> None:
    """Send comments for as long as anybody listens."""
    while not peer.upstream.stopping.wait(0.02):
        peer.send(framed(COMMENT))


def chattering(*events: bytes) -> Script:
    """Begin a stream, and then send comments for as long as anybody listens."""

    def script(peer: Peer) -> None:
        stalling(*events)(peer)
        commenting(peer)

    return script


def breaking(*events: bytes, is_reset: bool = False) -> Script:
    """Begin a stream, and then close or reset the connection."""

    def script(peer: Peer) -> None:
        stalling(*events)(peer)
        if is_reset:
            peer.reset()
        else:
            peer.close()

    return script


def unfinished(*events: bytes) -> Script:
    """End HTTP as it should, but the stream without its end marker."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(beginning(*events) + END)

    return script
