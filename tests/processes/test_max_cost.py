"""Runs that may cost so much and no more, over real workers and a mock upstream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holybalance import Launcher
from holybalance.errors import BudgetExceeded
from holybalance.messages import Reply
from holybalance.testing import Behaviour, MockUpstream
from tests.processes.stage import PATIENCE_S, Stage, config, table

ROWS = 1_500
COMMAND = [sys.executable, "-c", "from holybalance_cli.main import main; main()"]
PRICE = {"input": 1.0, "output": 10.0}
# An answer of the mock has six tokens; a row allows twenty, which a budget has to hold.
MOST_TOKENS = 20
CAP_USD = 0.05


@pytest.fixture
def upstream() -> Iterator[MockUpstream]:
    """A mock that takes some time, so that many calls are under way at once."""
    with MockUpstream(behaviour=Behaviour(latency=0.02)) as mock:
        yield mock


def _settings(url: str, **more: Any) -> dict[str, Any]:
    settings = config(table(url, prices={"m": PRICE}, models=["m", "n"]), proxy="")
    return {**settings, **more}


class Run:
    """The command line's run over one file, as often as it takes."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._source, self.output = folder / "in.jsonl", folder / "out.jsonl"
        self._source.write_text("".join(map(_row, range(ROWS))))
        (folder / "c.toml").write_text(_toml(url))

    def __call__(self, *arguments: str) -> tuple[int, str, dict[str, Any]]:
        """Run it, and give the exit code, what was said, and the report."""
        report = self._folder / "report.json"
        files = [str(self._source), "-o", str(self.output), "--report", str(report)]
        path = os.pathsep.join(folder for folder in sys.path if folder)
        done = subprocess.run(
            [*COMMAND, "run", *files, "--config", "c.toml", *arguments],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": path, "TEST_KEY": "sk-1"},
            stderr=subprocess.PIPE,
            text=True,
            timeout=3 * PATIENCE_S,
            check=False,
        )
        document = json.loads(report.read_text()) if report.exists() else {}
        return done.returncode, done.stderr, document

    def answered(self) -> Counter[str]:
        """Count the rows of the output, which must all be good ones."""
        rows = [json.loads(line) for line in self.output.read_bytes().splitlines()]
        assert all(row["response"]["status_code"] == 200 for row in rows)
        return Counter(row["custom_id"] for row in rows)


def test_a_run_stays_below_its_cap(tmp_path: Path, upstream: MockUpstream) -> None:
    """It uses nearly all of it, stops, and goes on with more money."""
    run = Run(tmp_path, upstream.url)

    code, said, report = run("--processes", "2", "--max-cost", str(CAP_USD))

    assert 4 == code, said
    assert 0.9 * CAP_USD <= report["cost_usd"] <= CAP_USD
    assert (0, False, 4) == (
        report["failed"],
        report["is_complete"],
        report["exit_code"],
    )
    assert "has no room: of 0.05 USD" in report["budget"]
    assert f"stopped for want of money: {ROWS - report['rows']:,} rows not done" in said
    assert "to go on: holybalance run " in said
    paid = run.answered()
    assert report["rows"] == paid.total() == upstream.counts().requests

    code, said, report = run("--processes", "2", "--max-cost", "5")

    assert (0, None, paid.total()) == (code, report["budget"], report["skipped"]), said
    assert Counter(f"row {number}" for number in range(ROWS)) == run.answered()
    assert ROWS == upstream.counts().requests


def test_a_model_without_a_price(tmp_path: Path, upstream: MockUpstream) -> None:
    """It is named before anything is sent."""
    run = Run(tmp_path, upstream.url)
    (tmp_path / "in.jsonl").write_text(_row(1, model="n"))

    code, said, _ = run("--max-cost", "1")

    assert 2 == code
    assert 'max_cost cannot be kept: the price of "n" at "a" is not known' in said
    assert 0 == upstream.counts().requests


def test_launchers_do_not_share_a_cap(
    stage: Stage, upstream: MockUpstream, tmp_path: Path
) -> None:
    """Even over one lasting state each may cost its own."""
    state = {"url": f"sqlite:///{tmp_path / 'state.db'}"}
    cap_usd, spent = 0.004, []
    for _ in range(2):
        launcher = stage.add(
            Launcher(
                _settings(upstream.url, state=state),
                processes=2,
                threads=4,
                max_cost=cap_usd,
            )
        )
        results = list(
            launcher.map(
                (f"say {number}" for number in range(100)),
                max_tokens=MOST_TOKENS,
                return_errors=True,
            )
        )
        launcher.close()
        replies = [each for each in results if isinstance(each, Reply)]
        refused = [each for each in results if isinstance(each, BudgetExceeded)]
        assert 100 == len(replies) + len(refused)
        assert refused
        spent.append(sum(each.cost_usd or 0.0 for each in replies))

    assert [True, True] == [0.9 * cap_usd <= each <= cap_usd for each in spent]


def _toml(url: str) -> str:
    return f"""
[defaults]
proxy = ""
[[endpoints]]
name = "a"
provider = "openai"
base_url = "{url}"
api_key = {{ env = "TEST_KEY" }}
models = ["m", "n"]
prices = {{ m = {{ input = 1.0, output = 10.0 }} }}
"""


def _row(number: int, model: str = "m") -> str:
    messages = [{"role": "user", "content": f"say {number}"}]
    body = {"model": model, "max_tokens": MOST_TOKENS, "messages": messages}
    return json.dumps({"custom_id": f"row {number}", "body": body}) + "\n"
