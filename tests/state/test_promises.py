"""What processes promise together, shown with real ones and counted by the upstream."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from holybalance import Launcher, Reply
from holybalance.errors import BudgetExceeded
from holybalance.testing import MockUpstream
from tests.faults.scripted import Upstream, error, http
from tests.processes.stage import RunningScript, children, eventually, is_alive, kill
from tests.state.members import Crew, Orders, endpoint
from tests.state.recording import (
    ANSWER_TOKENS,
    PROMPT_TOKENS,
    Recorder,
    excess,
)
from tests.state.servers import RedisServer

KINDS = ("sqlite", "redis")

LIMIT_USD = 1.0
PRICES = {"input": 1.0, "output": 90.0}
COST_USD = (PROMPT_TOKENS * 1.0 + ANSWER_TOKENS * 90.0) / 1e6
# A call may say more than it does, so that more is held for it than it costs.
MOST_TOKENS = 20
# Instead of ten seconds, so that the test need not wait for the dead for so long.
LEASE_S = 2.0

RPM, TPM = 3000.0, 60_000.0
PER_S = RPM / 60
# TPM allows just as many calls, of `TOKENS` each.
BURST = 0.02 * RPM


@pytest.fixture(params=KINDS)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the processes meet."""
    return state_of(request.param, request, tmp_path)


def state_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Give the address of a store of a kind that nobody has used."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/state.db"
    server: RedisServer = request.getfixturevalue("server")
    server.command("FLUSHALL")
    return server.url


@pytest.fixture
def crew() -> Iterator[Crew]:
    """Processes, none of which outlives the test."""
    made = Crew()
    yield made
    made.close()


def let_run(seconds: float) -> None:
    """Let the processes work for so long."""
    threading.Event().wait(seconds)


def budget(scope: str = "all") -> dict[str, Any]:
    """Write a budget that no midnight renews."""
    return {
        "name": "all of it",
        "limit_usd": LIMIT_USD,
        "window": "total",
        "scope": scope,
    }


# Money.


def spenders(url: str, state: str, lease_s: float | None = None) -> list[Orders]:
    """Order eight processes of sixteen threads to spend all there is."""
    config = {
        "endpoints": [endpoint(url, "sk-spender", "m", prices={"m": PRICES})],
        "budgets": [budget()],
        "state": {"url": state},
    }
    orders = Orders(
        config=config, threads={"m": 16}, lease_s=lease_s, max_tokens=MOST_TOKENS
    )
    return [orders] * 8


@pytest.fixture
def shop() -> Iterator[MockUpstream]:
    """An upstream whose calls cost `COST_USD` each."""
    with MockUpstream(
        latency=0.05, prompt_tokens=PROMPT_TOKENS, completion_tokens=ANSWER_TOKENS
    ) as upstream:
        yield upstream


def test_a_budget_is_spent_and_no_more(
    state: str, crew: Crew, shop: MockUpstream
) -> None:
    """Eight processes of 16 threads spend 0.97 to 1.00 of 1.00 USD; all hear why."""
    outcomes = [m.outcome() for m in crew.start(*spenders(shop.url, state))]
    assert 0.97 <= shop.received * COST_USD <= LIMIT_USD
    assert [{"BudgetExceeded": 16}] * 8 == [outcome.errors for outcome in outcomes]


def test_the_killed_do_not_spend_twice(
    state: str, crew: Crew, shop: MockUpstream
) -> None:
    """Half are killed at work; with what they had under way it is 1.00 at the most."""
    members = crew.start(*spenders(shop.url, state, LEASE_S))
    eventually(lambda: shop.received > 200, "200 requests")
    for member in members[:4]:
        member.kill()
    outcomes = [member.outcome() for member in members[4:]]
    # Each of the dead held 16 calls, and ahead of need a fiftieth of what was left.
    lost = 4 * (16 * COST_USD * MOST_TOKENS / ANSWER_TOKENS + 0.02 * LIMIT_USD)
    assert LIMIT_USD - lost - 0.03 <= shop.received * COST_USD <= LIMIT_USD
    assert [{"BudgetExceeded": 16}] * 4 == [outcome.errors for outcome in outcomes]


# Rates.


def raters(url: str, state: str, count: int, **fields: Any) -> list[Orders]:
    """Order processes to call a model under an rpm, and one under a tpm."""
    config = {
        "endpoints": [
            endpoint(url, "sk-rater", "m", rpm=RPM),
            endpoint(url, "sk-rater", "n", tpm=TPM),
        ],
        "state": {"url": state},
    }
    return [Orders(config=config, threads={"m": 8, "n": 8}, **fields)] * count


@pytest.fixture(scope="module", params=KINDS)
def steady(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorder]:
    """Four processes of eight threads a model, for six seconds when all are up."""
    state = state_of(request.param, request, tmp_path_factory.mktemp("steady"))
    yield from _recorded(state)


def _recorded(state: str) -> Iterator[Recorder]:
    recorder, crew = Recorder(), Crew()
    try:
        with Upstream(recorder) as upstream:
            crew.begin(*raters(upstream.url, state, 4))
            recorder.mark()
            let_run(6.0)
            recorder.mark()
            outcomes = crew.end()
    finally:
        crew.close()
    assert [{}] * 4 == [outcome.errors for outcome in outcomes]
    yield recorder


@pytest.mark.parametrize("model", ["m", "n"], ids=["rpm", "tpm"])
def test_no_span_has_more_than_a_rate_allows(steady: Recorder, model: str) -> None:
    """The upstream never sees 2 % of a minute more, in whatever span of time."""
    assert excess(steady.times(model), PER_S) <= BURST


@pytest.mark.parametrize("model", ["m", "n"], ids=["rpm", "tpm"])
def test_a_rate_is_used(steady: Recorder, model: str) -> None:
    """With more demand than there is room, 95 % of the room is used."""
    begin, end = steady.marks
    count = len(steady.times(model, since=begin, until=end))
    assert count >= 0.95 * PER_S * (end - begin)


def test_processes_come_and_go(state: str, crew: Crew) -> None:
    """Two, then four; one leaves, one is killed: the rate holds and is used."""
    recorder = Recorder()
    with Upstream(recorder) as upstream:
        orders = raters(upstream.url, state, 4)
        leaver, victim = crew.begin(*orders[:2])
        recorder.mark()
        crew.begin(*orders[2:])
        let_run(0.5)
        leaver.stop()
        let_run(0.5)
        victim.kill()
        let_run(2.0)
        recorder.mark()
        crew.end()
    begin, end = recorder.marks
    for model in ("m", "n"):
        assert excess(recorder.times(model), PER_S) <= BURST
        count = len(recorder.times(model, since=begin, until=end))
        assert count >= 0.95 * PER_S * (end - begin)


# Rests.

THROTTLED = http(error("slow down"), "429 Too Many Requests", "Retry-After: 3")
FAILED = http(error("oh no"), "500 Internal Server Error")


@pytest.mark.parametrize(
    "refusals", [[THROTTLED], [FAILED] * 5], ids=["cool-down", "trip"]
)
def test_a_rest_is_told(
    state: str,
    crew: Crew,
    refusals: list[bytes],
) -> None:
    """What one process learns of an endpoint, another heeds within half a second."""
    first, second = Recorder(0.01), Recorder(0.01)
    with Upstream(first) as one, Upstream(second) as two:
        crew.begin(*(_caller(one.url, two.url, state, key) for key in ("sk-a", "sk-b")))
        first.refuse("sk-a", *refusals)
        eventually(lambda: len(first.refused_at) == len(refusals), "the refusals")
        told_at = first.refused_at[-1]
        let_run(1.0)
        crew.end()
    last = {a.member: a.at - told_at for a in first.arrivals}
    assert last["sk-a"] <= 0
    late_s = last["sk-b"]
    print(f"the other process was told after {late_s:.3f} s")  # noqa: T201 see -rP
    assert late_s <= 0.5
    since = [a for a in second.arrivals if a.member == "sk-b" and a.at > told_at + 0.5]
    assert len(since) > 10


def _caller(one: str, two: str, state: str, key: str) -> Orders:
    config = {
        "endpoints": [
            endpoint(one, key, "m", name="one", priority=0),
            endpoint(two, key, "m", name="two", priority=1),
        ],
        "state": {"url": state},
    }
    # One thread: a reply between five failures in a row would begin them anew.
    return Orders(config=config, threads={"m": 1}, pause_s=0.01)


# Faults of the store.


def is_spent(recorder: Recorder) -> bool:
    """Tell whether little is left of the budget."""
    return len(recorder.times("paid")) * DEAR_USD > 0.9 * LIMIT_USD


class Trouble(NamedTuple):
    """
    What happened to a store while processes worked.

    Args:
        began: and `ended`: when.
    """

    recorder: Recorder
    began: float
    ended: float

    @property
    def spent_usd(self) -> float:
        """What all calls cost, by the upstream's count."""
        return len(self.recorder.times("paid")) * DEAR_USD


# So that there is less to wait for until all money is spent.
DEAR = {name: 3 * price for name, price in PRICES.items()}
DEAR_USD = 3 * COST_USD


def _mixed(url: str, state: str) -> Orders:
    config = {
        "endpoints": [
            endpoint(url, "sk-mixed", "m", rpm=RPM),
            endpoint(url, "sk-mixed", "paid", prices={"paid": DEAR}),
        ],
        "budgets": [budget("model:paid")],
        "state": {"url": state},
    }
    return Orders(
        config=config,
        threads={"m": 6, "paid": 4},
        is_stubborn=True,
        pause_s=0.05,
        max_tokens=MOST_TOKENS,
    )


def _trouble(
    crew: Crew,
    state: str,
    begin: Callable[[], None],
    end: Callable[[], None],
    outage_s: float = 3.0,
) -> Trouble:
    recorder = Recorder(0.02)
    with Upstream(recorder) as upstream:
        crew.begin(*[_mixed(upstream.url, state)] * 3)
        eventually(lambda: len(recorder.times("paid")) > 60, "a quarter is spent")
        begin()
        recorder.mark()
        let_run(outage_s)
        recorder.mark()
        end()
        eventually(lambda: is_spent(recorder), "nearly all money is spent")
        let_run(0.5)
        crew.end()
    return Trouble(recorder, *recorder.marks)


def check(trouble: Trouble) -> None:
    """Assert what holds whatever happens to a store."""
    # A second may pass before the processes know, and each goes on with its share.
    assert excess(trouble.recorder.times("m"), PER_S) <= BURST + PER_S
    assert trouble.spent_usd <= LIMIT_USD


def check_silence(trouble: Trouble) -> None:
    """Assert what holds while a store is out of reach."""
    recorder, began, ended = trouble
    alone = recorder.times("m", since=began + 1.5, until=ended)
    assert len(alone) >= 0.9 * PER_S * (ended - began - 1.5)
    assert [] == recorder.times("paid", since=began + 1.0, until=ended)


def test_a_server_that_begins_anew(own_server: RedisServer, crew: Crew) -> None:
    """Killed, and back empty: rates hold, calls go on, nothing is spent twice."""
    trouble = _trouble(crew, own_server.url, own_server.kill, own_server.start)
    check(trouble)
    check_silence(trouble)


def test_a_server_that_does_not_answer(own_server: RedisServer, crew: Crew) -> None:
    """Stopped for three seconds, with nothing lost: the same holds."""
    trouble = _trouble(crew, own_server.url, own_server.pause, own_server.resume)
    check(trouble)
    check_silence(trouble)


def test_a_file_that_is_deleted(tmp_path: Path, crew: Crew) -> None:
    """It is made anew, and what the processes know is put back."""

    def delete() -> None:
        for path in tmp_path.glob("state.db*"):
            path.unlink(missing_ok=True)

    check(_trouble(crew, f"sqlite:///{tmp_path}/state.db", delete, lambda: None, 0.0))


# A launcher, without any [state].


def launched(url: str) -> dict[str, Any]:
    """Write a configuration with limits, and nothing about where they are kept."""
    prices = {"m": PRICES}
    limited = endpoint(url, "sk-launched", "m", rpm=4 * RPM, prices=prices)
    return {"endpoints": [limited], "budgets": [budget()]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_launchers_workers_hold_limits_together(folder: Path) -> None:
    """Two workers keep one budget and one rpm in a file, which goes with them."""
    recorder = Recorder()
    with (
        Upstream(recorder) as upstream,
        Launcher(launched(upstream.url), processes=2, threads=4) as launcher,
    ):
        results = list(
            launcher.map(
                ["hi there"] * 1000,
                model="m",
                max_tokens=MOST_TOKENS,
                return_errors=True,
            )
        )
        assert 1 == len(list(folder.glob("holybalance-*/state.db")))
    refused = [each for each in results if isinstance(each, BudgetExceeded)]
    times = recorder.times("m")
    assert 1000 == len(times) + len(refused)
    assert 0.97 <= len(times) * COST_USD <= LIMIT_USD
    assert excess(times, 4 * PER_S) <= 4 * BURST
    assert [] == list(folder.glob("holybalance-*"))


@pytest.mark.parametrize(
    "change",
    [{"budgets": [{**budget(), "limit_usd": 0.02}]}, {}],
    ids=["rpm and a budget", "rpm and tpm"],
)
def test_a_call_gets_all_that_it_lacks(change: dict[str, Any]) -> None:
    """Of two scarce things, neither goes back before a call has had both."""
    with (
        Upstream(Recorder()) as upstream,
        Launcher(scarce(upstream.url, change), processes=2, threads=4) as launcher,
    ):
        results = launcher.map(
            ["hi there"] * 20,
            model="m",
            max_tokens=MOST_TOKENS,
            timeout=5.0,
            return_errors=True,
        )
        kinds = {type(each) for each in results}
    assert kinds <= {Reply, BudgetExceeded}


def scarce(url: str, change: dict[str, Any]) -> dict[str, Any]:
    """Write a configuration that leaves room for a few calls a second."""
    prices = {"m": PRICES}
    limited = endpoint(url, "sk-scarce", "m", prices=prices, rpm=600.0, tpm=60_000.0)
    config: dict[str, Any] = {"endpoints": [limited]}
    return config | change


# Prints its worker's ids, and works until it is killed.
_LAUNCHING = """\
import json, sys, tempfile
from holybalance import Launcher, Reply

tempfile.tempdir = sys.argv[2]
with Launcher(json.loads(sys.argv[1]), processes=2, threads=4) as launcher:
    results = launcher.map(["hi there"] * 100_000, model="m", max_tokens=20)
    next(results)
    print("up", flush=True)
    for result in results:
        pass
"""


def test_a_killed_launcher_leaves_a_file_and_no_workers(tmp_path: Path) -> None:
    """Nobody is left to remove it; the next launcher has another of its own."""
    recorder = Recorder()
    with Upstream(recorder) as upstream:
        config = json.dumps(launched(upstream.url))
        script = RunningScript.start(["-c", _LAUNCHING, config, str(tmp_path)])
        try:
            assert "up" == script.line()
            workers = children(script.pid)
            kill(script.pid)
            eventually(lambda: not any(map(is_alive, workers)), "the workers end")
        finally:
            script.end()
    assert 1 == len(list(tmp_path.glob("holybalance-*/state.db")))
