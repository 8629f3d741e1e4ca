"""Runs over a file whose processes are killed: every row has one answer in the end."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from holybalance.testing import Behaviour, MockUpstream
from tests.processes.stage import RunningScript, Stage, children, eventually, kill

ROWS = 2_000
THREADS = 20
PROCESSES = 2
KILLS = 10
# What a kill may cost: all that is under way, and what was answered in the moments that
# an answer takes to the disk and a worker to see that its parent has gone.
LOST = PROCESSES * THREADS * 3 // 2
SCRIPT = """
url, source, output = sys.argv[1:]
with launcher(url, processes=2, threads=20) as ours:
    report = ours.run(source, output)
print(report.ok, report.failed, report.skipped, int(report.is_complete))
"""
ALL_ONCE = Counter(f"row {number}" for number in range(ROWS))


class Run:
    """The same run over a file, as often as it takes."""

    def __init__(self, stage: Stage, url: str, folder: Path) -> None:
        self._stage = stage
        self._output = folder / "out.jsonl"
        self._source = folder / "in.jsonl"
        self._source.write_text("".join(map(_row, range(ROWS))))
        self._url = url

    def start(self) -> RunningScript:
        """Begin, or go on."""
        return self._stage.script(SCRIPT, self._url, self._source, self._output)

    def written(self) -> int:
        """Give the bytes of the output."""
        return self._output.stat().st_size if self._output.exists() else 0

    def answered(self) -> Counter[str]:
        """Count the rows of the output by what they answer; each line must be whole."""
        rows = [json.loads(line) for line in self._output.read_bytes().splitlines()]
        assert all(row["response"]["status_code"] == 200 for row in rows)
        return Counter(row["custom_id"] for row in rows)


@pytest.fixture
def upstream() -> Iterator[MockUpstream]:
    """A mock that takes a tenth of a second."""
    with MockUpstream(behaviour=Behaviour(latency=0.1)) as mock:
        yield mock


def test_a_killed_parent(stage: Stage, upstream: MockUpstream, tmp_path: Path) -> None:
    """Ten times; the same command goes on, and repeats only what was under way."""
    rng = random.Random(7)
    run = Run(stage, upstream.url, tmp_path)
    for _ in range(KILLS):
        goal = run.written() + rng.randrange(1, 60_000)
        script = run.start()
        eventually(lambda goal=goal: run.written() >= goal, "rows")  # type: ignore[misc] # mypy cannot infer a default
        kill(script.pid)
        script.finish()

    ok, failed, skipped, is_complete = run.start().numbers()

    assert ALL_ONCE == run.answered()
    assert (ROWS, 0, 1) == (ok + skipped, failed, is_complete)
    assert upstream.counts().requests <= ROWS + KILLS * LOST


def test_killed_workers(stage: Stage, upstream: MockUpstream, tmp_path: Path) -> None:
    """One at a time, again and again, while the run goes on."""
    rng = random.Random(7)
    run = Run(stage, upstream.url, tmp_path)
    script = run.start()
    for part in range(1, KILLS):
        goal = part * 50_000
        eventually(lambda goal=goal: run.written() >= goal, "rows")  # type: ignore[misc] # the same
        kill(rng.choice(children(script.pid)))

    ok, failed, skipped, is_complete = script.numbers()

    assert ALL_ONCE == run.answered()
    assert (ROWS, 0, 0, 1) == (ok, failed, skipped, is_complete)


def _row(number: int) -> str:
    body = {"model": "m", "messages": [{"role": "user", "content": f"say {number}"}]}
    return json.dumps({"custom_id": f"row {number}", "body": body}) + "\n"
