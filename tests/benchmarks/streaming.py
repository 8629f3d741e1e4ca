"""
Prints what a stream costs beside a bare socket, and how many run at once.

Run it as `python -m tests.benchmarks.streaming`. The upstream is a process of its own,
which sends the head and the first token `LATENCY_S` after a request. Each pair of calls
measures both rivals right after one another, in turn first, since machines drift. Then
many streams are open at once in this one process, in as many threads.
"""

from __future__ import annotations

import argparse
import resource
import socket
import statistics
import threading
import time
from urllib.parse import urlsplit

import orjson

from holybalance import Client
from holybalance.testing import MockUpstream

MESSAGES = [{"role": "user", "content": "Explain quantum computing in 50 words. " * 3}]
LATENCY_S = 0.02
PIECES = 50


class BareSocket:
    """One kept-alive socket; a first token is the first piece with content in it."""

    name = "bare socket"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        address = (parts.hostname or "", parts.port or 80)
        self._sock = socket.create_connection(address)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        options = {"include_usage": True}
        body = orjson.dumps(
            {"model": "m", "messages": MESSAGES, "stream": True}
            | {"stream_options": options}
        )
        self._request = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def first_token_s(self) -> float:
        """Make a call, read all of it, and give the seconds to its first token."""
        began, first = time.perf_counter(), 0.0
        self._sock.sendall(self._request)
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += self._sock.recv(65536)
            if not first and data.count(b'"content":') > 1:
                first = time.perf_counter() - began
        return first

    def close(self) -> None:
        """End it."""
        self._sock.close()


class FullStack:
    """`Client.stream`."""

    name = "holybalance"

    def __init__(self, url: str, threads: int = 1) -> None:
        endpoint = {
            "provider": "openai",
            "base_url": url,
            "models": ["m"],
            "max_in_flight": threads,
            "prices": {"m": {"input": 2.0, "output": 8.0}},
        }
        self._client = Client({"endpoints": [endpoint]})

    def first_token_s(self) -> float:
        """Make a call, read all of it, and give the seconds to its first token."""
        began, first = time.perf_counter(), 0.0
        with self._client.stream(MESSAGES, model="m") as stream:
            for delta in stream:
                if not first and delta.text:
                    first = time.perf_counter() - began
        return first

    def close(self) -> None:
        """End it."""
        self._client.close()


def side_by_side(upstream: MockUpstream, calls: int) -> None:
    """Print the first tokens of both rivals, and by how much ours are later."""
    bare, full = BareSocket(upstream.url), FullStack(upstream.url)
    times: dict[str, list[float]] = {bare.name: [], full.name: []}
    for call in range(calls):
        rivals = (bare, full) if call % 2 else (full, bare)
        for rival in rivals:
            times[rival.name].append(rival.first_token_s())
    bare.close()
    full.close()
    print(f"first token, one stream at a time, {calls} pairs")
    for name, seconds in times.items():
        ordered = sorted(seconds)
        p99 = ordered[int(len(ordered) * 0.99)]
        median = statistics.median(seconds)
        print(f"  {name:12} p50 {median * 1e3:7.2f} ms   p99 {p99 * 1e3:7.2f} ms")
    pairs = zip(times[full.name], times[bare.name], strict=True)
    later = statistics.median(ours - theirs for ours, theirs in pairs)
    print(f"  later by p50 {later * 1e3:.2f} ms of the pairs")


def at_once(upstream: MockUpstream, streams: int) -> None:
    """Print how many streams were open at once, and what they took."""
    full = FullStack(upstream.url, threads=streams)
    firsts: list[float] = []
    barrier = threading.Barrier(streams + 1)

    def call() -> None:
        barrier.wait()
        firsts.append(full.first_token_s())

    threads = [threading.Thread(target=call) for _ in range(streams)]
    for thread in threads:
        thread.start()
    before = resource.getrusage(resource.RUSAGE_SELF)
    barrier.wait()
    began, most = time.perf_counter(), 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, full._client.metrics()["in_flight"])
        time.sleep(0.01)
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    counts = full._client.metrics()
    full.close()
    pieces = streams * PIECES
    print(f"{streams} streams of {PIECES} pieces in one process")
    print(f"  open at once {most}, whole {counts['success']} ({counts['errors']})")
    print(f"  took {took:.2f} s, first token p50 {statistics.median(firsts):.3f} s")
    print(f"  CPU {cpu / pieces * 1e6:.0f} µs a piece, all included")
    print(f"  RSS {after.ru_maxrss / 1024:.0f} MB at its most")


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--streams", type=int, default=500)
    arguments = parser.parse_args()
    reply = " ".join(["word"] * PIECES)
    with MockUpstream(latency=LATENCY_S, reply=reply) as upstream:
        side_by_side(upstream, arguments.calls)
    with MockUpstream(latency=0.5, reply=reply, piece_interval=0.1) as upstream:
        at_once(upstream, arguments.streams)


if __name__ == "__main__":
    main()
