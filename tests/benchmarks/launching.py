"""
Prints rows a second of a file through worker processes, beside hand-made threads.

Run it as `python tests/benchmarks/launching.py`. The rival is what people write
themselves: one process, a `ThreadPoolExecutor`, bare `urlopen`, no protection, answers
thrown away. Both are timed in turn in each round, and what is printed is the median
and the ratio within each round, since machines drift.

The upstream is a mock in its own process, on the same cores; `--url` takes another,
such as an nginx that answers at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import orjson
import urllib3

from holybalance import Launcher
from holybalance.testing import MockUpstream

MODEL = "gpt-4.1"
THREADS = 32


def write_rows(path: Path, rows: int) -> None:
    """Write a file of batch input."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            prompt = f"Explain quantum computing in 50 words, take {number}."
            body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}
            print(json.dumps({"custom_id": f"q-{number}", "body": body}), file=file)


def through_launcher(url: str, source: Path, output: Path, processes: int) -> float:
    """Give the rows a second of `Launcher.run`, from the first row to the last."""
    endpoint = {
        "name": "upstream",
        "provider": "openai",
        "base_url": url,
        "models": [MODEL],
        "prices": {MODEL: {"input": 2.0, "output": 8.0}},
    }
    with Launcher({"endpoints": [endpoint]}, processes=processes) as launcher:
        report = launcher.run(source, output)
    assert not report.failed
    return report.rows_per_s


def through_threads(url: str, source: Path) -> float:
    """Give the rows a second of a loop over a pool of threads."""
    target = urllib3.util.parse_url(f"{url}/chat/completions")
    pool = urllib3.HTTPConnectionPool(
        target.host or "", target.port, maxsize=THREADS, retries=False
    )

    def call(line: bytes) -> str:
        body = orjson.dumps(orjson.loads(line)["body"])
        answer = pool.urlopen("POST", target.path or "/", body=body)
        text: str = orjson.loads(answer.data)["choices"][0]["message"]["content"]
        return text

    with source.open("rb") as file, ThreadPoolExecutor(THREADS) as executor:
        lines = file.readlines()
        started = time.monotonic()
        done = sum(1 for _ in executor.map(call, lines))
        seconds = time.monotonic() - started
    pool.close()
    return done / seconds


@contextmanager
def upstream(url: str | None) -> Iterator[str]:
    """Give the URL of what answers."""
    if url is not None:
        yield url
        return
    with MockUpstream() as mock:
        yield mock.url


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--url", help="base URL of an upstream, such as an nginx")
    options = parser.parse_args()
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder, upstream(options.url) as url:
        source = Path(folder) / "in.jsonl"
        write_rows(source, options.rows)
        for number in range(options.rounds):
            output = Path(folder) / f"out-{number}.jsonl"
            ours.append(through_launcher(url, source, output, options.processes))
            theirs.append(through_threads(url, source))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"launcher, {options.processes} processes: {statistics.median(ours):,.0f}/s")
    print(f"{THREADS} threads of urlopen: {statistics.median(theirs):,.0f}/s")
    print(f"ratio: {ratio:.1f}")


if __name__ == "__main__":
    main()
