"""Owns the proof of the `demo` command, with few calls."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console

from holybalance.errors import Saturated
from holybalance.launching import shares
from holybalance.messages import Attempt, Reply, Usage, Verdict
from holybalance.testing import Behaviour
from holybalance_cli.demo.figures import Rates
from holybalance_cli.demo.performance import prepare
from holybalance_cli.demo.scenario import Ledger, Phase
from holybalance_cli.demo.view import watching

Call = Callable[..., Result]
Spawn = Callable[..., "subprocess.Popen[bytes]"]


def test_every_call_has_its_reply(call: Call) -> None:
    """An outage and a throttle cost no reply, and the table says so."""
    result = call("demo", "--calls", "600")
    assert 0 == result.exit_code
    assert "beta killed (SIGKILL)" in result.stdout
    assert "600 replies of 600 calls, no errors." in result.stdout
    lines = result.stdout.splitlines()
    assert lines == [line.rstrip() for line in lines]


def test_json(call: Call) -> None:
    """Standard output is JSON alone, and the cost is real arithmetic."""
    result = call("demo", "--calls", "600", "--json")
    figures = json.loads(result.stdout)
    assert (600, 0, {}) == (figures["replies"], figures["missing"], figures["errors"])
    # 12 tokens in at $2 and 70 out at $8 a million, 600 times.
    assert pytest.approx(600 * (12 * 2 + 70 * 8) / 1e6) == figures["cost_usd"]
    answered = [endpoint["answered"] for endpoint in figures["endpoints"].values()]
    assert 600 == sum(answered)


def test_the_figures_tell_of_the_workers(call: Call) -> None:
    """They say how many took part, and what they ran; one may have come too late."""
    figures = json.loads(call("demo", "--calls", "60", "--json").stdout)
    assert figures["processes"] in range(1, shares.usable_cores() + 1)
    assert figures["threads"] in range(figures["processes"], 60 + 1)


def test_a_missing_reply_is_a_failure(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors are listed, and the exit code tells of them."""
    broken = Behaviour(error_rate=1.0, error_status=400)
    cast = dict.fromkeys(("alpha", "beta", "gamma"), broken)
    monkeypatch.setattr("holybalance_cli.demo.performance.CAST", cast)
    result = call("demo", "--calls", "30")
    assert 1 == result.exit_code
    assert "0 replies of 30 calls; 30 are missing:" in result.stdout
    assert "RequestError: " in result.stdout


@pytest.mark.parametrize("width", [80, 120])
def test_the_live_picture_fits(width: int) -> None:
    """No line of the picture is wrapped, and its height does not change."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=width, color_system=None)
    with prepare(60) as performance, watching(performance, console) as view:
        performance.run()
        screen.truncate(0)
        performance.ledger.phase = Phase.DURING
        view.update(performance.observe())
    (bar, *_), table = screen.getvalue().splitlines(), screen.getvalue()
    assert "60 of 60" in bar
    assert re.search(r"^\d+ worker process(es)?, \d+ threads?; they", table, re.M)
    for name in ("alpha", "beta", "gamma"):
        assert f"{name:<8}  closed" in table


def test_the_clock_begins_with_the_first_call() -> None:
    """That workers start takes none of the time that calls a second are told by."""
    with prepare(3) as performance:
        assert 0.0 == performance.seconds
        performance.run()
        assert 0.0 < performance.seconds == performance.seconds


def test_a_performance_can_be_stopped() -> None:
    """It ends with the next reply, whatever is left to do."""
    with prepare(20_000) as performance:
        performance.stop()
        performance.run()
    assert 1 == performance.ledger.done


def _processes_of(parent: int) -> list[int]:
    # The kernel keeps them by the thread that started them.
    threads = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for each in threads for child in each.read_text().split()]


def test_ctrl_c_leaves_nothing_behind(spawn: Spawn) -> None:
    """Ctrl-C ends the upstreams and the workers as well."""
    process = spawn("demo", "--calls", "20000")
    assert process.stdout is not None
    assert any(b"gamma: throttled" in line for line in process.stdout)
    processes = _processes_of(process.pid)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=10)
    assert (b"interrupted\n", 130) == (complaints, process.returncode)
    assert 3 + shares.usable_cores() == len(processes)
    assert not any(Path(f"/proc/{each}").exists() for each in processes)


def _reply(endpoint: str, *verdicts: Verdict) -> Reply:
    attempts = [
        Attempt(endpoint="other", verdict=verdict, latency_s=0.1)
        for verdict in verdicts
    ]
    last = Attempt(endpoint=endpoint, verdict=Verdict.OK, latency_s=0.1)
    return Reply(
        body={},
        model="demo-model",
        endpoint=endpoint,
        usage=Usage(),
        cost_usd=0.5,
        latency_s=0.2,
        attempts=(*attempts, last),
    )


def test_shares_are_of_a_phase() -> None:
    """An endpoint's share is counted for each part of the story."""
    ledger = Ledger()
    for endpoint in ("alpha", "beta", "alpha", "gamma"):
        ledger.note(_reply(endpoint))
    ledger.phase = Phase.DURING
    ledger.note(_reply("alpha"))
    assert 0.5 == ledger.share("alpha", Phase.BEFORE)
    assert 1.0 == ledger.share("alpha", Phase.DURING)
    assert ledger.share("alpha", Phase.AFTER) is None
    assert 3 == ledger.answered("alpha")


def test_retries_and_throttles_are_counted() -> None:
    """What a reply went through is counted from its attempts."""
    ledger = Ledger()
    ledger.note(_reply("alpha", Verdict.THROTTLED, Verdict.SICK))
    ledger.note(_reply("alpha"))
    assert (2, 1, 1.0) == (ledger.retries, ledger.failovers, ledger.cost_usd)
    assert {"other": 1} == dict(ledger.throttled)


def test_rates_are_of_the_last_second() -> None:
    """What was answered before it counts no more."""
    now, ledger = 0.0, Ledger()
    rates = Rates(clock=lambda: now)
    for _ in range(20):
        ledger.note(_reply("alpha" if now < 5 else "beta"))
        rates.observe(ledger)
        now += 0.5
    assert (0.0, 2.0, 2.0) == (rates.of("alpha"), rates.of("beta"), rates.total())
    assert 1.0 == rates.share("beta")


def test_errors_are_counted_by_what_they_say() -> None:
    """Errors count as done, and equal ones are counted together."""
    ledger = Ledger()
    for _ in range(2):
        ledger.note(Saturated("full"))
    assert (2, 0) == (ledger.done, ledger.replies)
    assert {"Saturated: full": 2} == dict(ledger.errors)
