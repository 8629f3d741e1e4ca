"""Owns the proof that a run may be ended at any moment and goes on afterwards."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holybalance.testing import MockUpstream
from tests.cli.conftest import COMMAND

Spawn = Callable[..., "subprocess.Popen[bytes]"]
Process = subprocess.Popen[bytes]


def _rows(output: Path) -> list[dict[str, Any]]:
    """Read rows of batch output; every line must be whole."""
    return [json.loads(line) for line in output.read_bytes().splitlines()]


def _wait_for_rows(process: Process, output: Path, rows: int) -> None:
    while not output.exists() or output.read_bytes().count(b"\n") < rows:
        assert process.poll() is None
        os.sched_yield()


def _wait_for_calls(process: Process, upstream: MockUpstream, calls: int) -> None:
    while upstream.received < calls:
        assert process.poll() is None
        os.sched_yield()


def _children(process: Process) -> list[int]:
    """Give the processes that any thread of it has started."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for each in threads for child in each.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_lets_calls_end(
    spawn: Spawn, configure: Callable[..., str], tmp_path: Path, number: signal.Signals
) -> None:
    """What was sent is written; the command that is printed does the rest, once."""
    source, output = tmp_path / "the in", tmp_path / "out"
    report = tmp_path / "report.json"
    source.write_text("".join(f"prompt {n}\n" for n in range(1, 3001)))
    with MockUpstream(latency="uniform:0.01:0.05") as upstream:
        arguments = ["--config", configure(upstream.url), "--report", str(report)]
        process = spawn(
            *("run", str(source), "-o", str(output), "--no-resume", *arguments)
        )
        _wait_for_rows(process, output, 20)
        workers = _children(process)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=20)
        first, answered = len(_rows(output)), upstream.counts().answered
        said = complaints.decode().splitlines()
        assert (130, first, 130) == (
            process.returncode,
            answered,
            json.loads(report.read_text())["exit_code"],
        )
        assert any(line.startswith("stopping: ") for line in said)
        assert f"rows      {first:,}: {first:,} ok, 0 failed" in said
        assert f"interrupted: {3000 - first:,} rows not done" in said
        way_on = f"to go on: holybalance run {shlex.quote(str(source))} -o {output}"
        assert f"{way_on} {shlex.join(arguments)}" == said[-1]
        assert workers
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
        _, *again = shlex.split(said[-1].removeprefix("to go on: "))
        subprocess.run([*COMMAND, *again], check=True, capture_output=True)
        assert 3000 == upstream.counts().answered
    names = sorted(row["custom_id"] for row in _rows(output))
    assert sorted(f"row-{n}" for n in range(1, 3001)) == names


@pytest.mark.parametrize("how", ["grace", "second"])
def test_calls_that_take_too_long_are_given_up(
    spawn: Spawn, configure: Callable[..., str], tmp_path: Path, how: str
) -> None:
    """When the grace time is over, or somebody asks once more."""
    output = tmp_path / "out"
    (tmp_path / "in").write_text("a\nb\n")
    grace = {"grace": "0.1", "second": "600"}[how]
    with MockUpstream(latency=600) as upstream:
        arguments = ["--config", configure(upstream.url, timeout=900)]
        process = spawn(
            *("run", str(tmp_path / "in"), "-o", str(output)),
            *("--grace", grace, *arguments),
        )
        assert process.stderr is not None
        _wait_for_calls(process, upstream, 2)
        process.send_signal(signal.SIGINT)
        said = b""
        while b"stopping: " not in said:
            line = process.stderr.readline()
            assert line
            said += line
        if how == "second":
            process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=20)
    assert 130 == process.returncode
    assert b"still under way\n" in rest
    assert b"interrupted: 2 rows not done" in rest
    assert [] == _rows(output)


def test_a_run_into_a_pipe_cannot_go_on(
    spawn: Spawn, configure: Callable[..., str]
) -> None:
    """It is said, and it ends although its input goes on for ever."""
    with MockUpstream(latency=0) as upstream:
        process = spawn("run", "-", "-o", "-", "--config", configure(upstream.url))
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"a\n")
        process.stdin.flush()
        assert process.stdout.readline().endswith(b"}\n")
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = process.stderr.read().decode().splitlines()
        assert 130 == process.wait(timeout=10)
    assert (
        "not resumable: what went to standard output cannot be read again" == said[-1]
    )


def test_a_signal_while_workers_begin(
    spawn: Spawn, configure: Callable[..., str], tmp_path: Path
) -> None:
    """It ends soon, whatever it was about to do; nothing is left behind."""
    (tmp_path / "in").write_text("a\n" * 100_000)
    with MockUpstream(latency=1) as upstream:
        arguments = ["--config", configure(upstream.url), "--processes", "2"]
        process = spawn(
            *("run", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *arguments)
        )
        while not (workers := _children(process)):
            assert process.poll() is None
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=10)
    assert 130 == process.returncode
    assert b"interrupted: " in complaints
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
