"""Runs over rows for embeddings and chats, over real workers and a mock upstream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holybalance import Launcher
from holybalance.testing import Answer, MockUpstream
from tests.processes.stage import Stage, config, table

ROWS = 400
PRICE = {"input": 1.0, "output": 10.0}


def _row(number: int) -> dict[str, Any]:
    if number % 2:
        body: dict[str, Any] = {"input": [f"text {number}", "another"], "dimensions": 2}
    else:
        body = {"messages": [{"role": "user", "content": str(number)}], "max_tokens": 9}
    return {"custom_id": f"row {number}", "body": {"model": "m", **body}}


def _write(folder: Path, rows: int) -> tuple[Path, Path]:
    source = folder / "in.jsonl"
    source.write_text("".join(f"{json.dumps(_row(n))}\n" for n in range(rows)))
    return source, folder / "out.jsonl"


def _answers(output: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in output.read_bytes().splitlines()]
    answers = {row["custom_id"]: row for row in rows}
    assert len(rows) == len(answers)
    return answers


def _launcher(stage: Stage, upstream: MockUpstream, **bounds: Any) -> Launcher:
    endpoint = table(upstream.url, prices={"m": PRICE})
    return stage.add(Launcher(config(endpoint, proxy=""), **bounds))


def test_both_kinds_over_workers(
    stage: Stage, echo: MockUpstream, tmp_path: Path
) -> None:
    """Each row has its own answer, also those that failed at first; nothing twice."""
    source, output = _write(tmp_path, ROWS)
    launcher = _launcher(stage, echo, processes=2, threads=4)
    echo.script(*[Answer(status=503)] * 5)

    report = launcher.run(source, output)
    again = launcher.run(source, output)

    assert (ROWS, 0, 0, ROWS) == (report.ok, report.failed, again.rows, again.skipped)
    assert ROWS + 5 == echo.received
    for name, answer in _answers(output).items():
        number, body = int(name.split()[1]), answer["response"]["body"]
        if number % 2:
            assert [2, 2] == [len(each["embedding"]) for each in body["data"]]
        else:
            assert str(number) == body["choices"][0]["message"]["content"]


def test_what_both_may_cost(stage: Stage, echo: MockUpstream, tmp_path: Path) -> None:
    """A run ends within its money, and another does the rest."""
    source, output = _write(tmp_path, ROWS)
    poor = _launcher(stage, echo, processes=2, threads=2, max_cost=0.0015)
    rich = _launcher(stage, echo, processes=2, threads=2, max_cost=1.0)

    first = poor.run(source, output)
    then = rich.run(source, output)

    assert first.budget is not None
    assert 0 < (first.cost_usd or 0.0) <= 0.0015
    assert 0 < first.ok < ROWS
    assert (ROWS, ROWS) == (first.ok + then.ok, len(_answers(output)))


def test_texts(stage: Stage, echo: MockUpstream, tmp_path: Path) -> None:
    """From Python as from the shell, by lines and a model for all of them."""
    source, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("one\ntwo\none\n")
    launcher = _launcher(stage, echo, processes=1)

    report = launcher.run(source, output, embed=True, model="m", dedupe=True)

    assert (3, 1, 2) == (report.ok, report.repeated, echo.received)
    answers = [row["response"] for row in _answers(output).values()]
    assert ["list"] * 3 == [answer["body"]["object"] for answer in answers]
