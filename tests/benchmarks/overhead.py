"""
Prints the CPU that a call costs, the full stack beside a bare `urlopen` loop.

Run it as `python tests/benchmarks/overhead.py`. The upstream is a process of its own,
so only the client's CPU is counted. Each round measures all rivals in turn, and what
is printed is the median of the rounds and of the ratios within each round: machines
drift, and a ratio within one round drifts least.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
import urllib3

from holybalance import Client
from holybalance.testing import MockUpstream

MESSAGES = [{"role": "user", "content": "Explain quantum computing in 50 words. " * 3}]
HEADERS = {"Authorization": "Bearer sk-benchmark", "Content-Type": "application/json"}


class FullStack:
    """`Client.chat`: route, balance, breaker, limits, retry, metrics, cost."""

    name = "holybalance"

    def __init__(self, url: str, threads: int) -> None:
        endpoint = {
            "name": "upstream",
            "provider": "openai",
            "base_url": url,
            "api_key": "sk-benchmark",
            "models": ["gpt-4.1"],
            "max_in_flight": threads,
            "prices": {"gpt-4.1": {"input": 2.0, "output": 8.0}},
        }
        self._client = Client({"endpoints": [endpoint]})

    def call(self) -> str:
        """Make a call and give its text."""
        return self._client.chat(MESSAGES, model="gpt-4.1").text

    def close(self) -> None:
        """End it."""
        self._client.close()


class BareUrlopen:
    """A shared `HTTPConnectionPool` and orjson: no protection at all."""

    name = "urlopen"

    def __init__(self, url: str, threads: int) -> None:
        parts = urllib3.util.parse_url(url)
        self._path = f"{parts.path}/chat/completions"
        self._pool = urllib3.HTTPConnectionPool(
            parts.host or "", parts.port, maxsize=threads, retries=False
        )

    def call(self) -> str:
        """Make a call and give its text."""
        body = orjson.dumps({"model": "gpt-4.1", "messages": MESSAGES})
        answer = self._pool.urlopen("POST", self._path, body=body, headers=HEADERS)
        text: str = orjson.loads(answer.data)["choices"][0]["message"]["content"]
        return text

    def close(self) -> None:
        """End it."""
        self._pool.close()


RIVALS: tuple[Callable[[str, int], Any], ...] = (FullStack, BareUrlopen)


def cpu_per_call_us(call: Callable[[], str], threads: int, calls: int) -> float:
    """Make calls from threads, and give the microseconds of CPU that each took."""

    def work() -> None:
        for _ in range(calls // threads):
            call()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    started = time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    made = calls // threads * threads
    return (time.process_time() - started) / made * 1e6


def measure(url: str, threads: int, calls: int, rounds: int) -> list[list[float]]:
    """Give each round's figures in the order of the rivals."""
    rivals = [make(url, threads) for make in RIVALS]
    try:
        for rival in rivals:
            cpu_per_call_us(rival.call, threads, threads * 4)
        return [
            [cpu_per_call_us(rival.call, threads, calls) for rival in rivals]
            for _ in range(rounds)
        ]
    finally:
        for rival in rivals:
            rival.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[8, 32])
    options = parser.parse_args()
    print(f"{'threads':>8} {'holybalance':>14} {'urlopen':>12} {'ratio':>8}")
    with MockUpstream() as upstream:
        for threads in options.threads:
            rounds = measure(upstream.url, threads, options.calls, options.rounds)
            ours, bare = (statistics.median(c) for c in zip(*rounds, strict=True))
            ratio = statistics.median(row[0] / row[1] for row in rounds)
            print(f"{threads:>8} {ours:>11.0f} µs {bare:>9.0f} µs {ratio:>8.2f}")


if __name__ == "__main__":
    main()
