"""Open files, memory, and what is imported: what a launcher takes of a machine."""

from __future__ import annotations

import importlib.util
import json

import pytest

from holybalance.testing import MockUpstream
from tests.faults.scripted import Peer, error, http
from tests.processes.stage import Stage, Watch, eventually

LIMITED = """
    import resource
    soft, hard = int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
"""


def test_too_few_open_files(stage: Stage) -> None:
    """It says so, makes fewer calls at once, and none of them fails for it."""
    code = """
    crowd = launcher(sys.argv[1], processes=1, threads=400)
    print(*crowd.notices)
    with crowd:
        results = list(crowd.map(["prompt"] * 600, return_errors=True))
        print({type(result).__name__ for result in results})
        print(crowd.metrics()["workers"][0]["threads"])
    """
    with MockUpstream(latency=0.2) as upstream:
        script = stage.script(LIMITED + code, upstream.url, 128, 164)
        notice, kinds, threads = script.output()

    assert "400 calls at once need" in notice
    assert "a process may have 164" in notice
    assert "{'Reply'}" == kinds
    assert 50 <= int(threads) <= 100


def test_too_few_open_files_for_two_endpoints(stage: Stage) -> None:
    """Connections that one keeps idle leave room for those to the other."""

    class Turn:
        at = 0

    def fading(peer: Peer) -> None:
        # Good for a while; then all calls go to the other one.
        while True:
            peer.request()
            Turn.at += 1
            peer.upstream.stopping.wait(0.1)
            if Turn.at <= 300:
                peer.send(http(b'{"choices":[{"message":{"content":"x"}}]}'))
            else:
                peer.send(http(error("busy"), "429 Busy", "Retry-After: 60"))

    first, second = stage.upstream(fading), stage.upstream(Watch(latency_s=0.1))
    settings = {
        "defaults": {"timeout": 60},
        "endpoints": [
            {
                "name": name,
                "provider": "openai",
                "base_url": url,
                "api_key": "k",
                "models": ["m"],
                "priority": priority,
            }
            for priority, (name, url) in enumerate(
                [("a", first.url), ("b", second.url)]
            )
        ],
    }
    code = f"""
    import json
    settings = json.loads({json.dumps(settings)!r})
    with Launcher(settings, processes=1, threads=100) as crowd:
        results = list(crowd.map(["prompt"] * 900, return_errors=True))
        print({{str(r) for r in results if not hasattr(r, "text")}})
    """

    script = stage.script(LIMITED + code, "-", 128, 164)

    assert ["set()"] == script.output()


def test_a_soft_limit_that_may_be_raised(stage: Stage) -> None:
    """Workers raise theirs; the script's own stays as it is, and nothing is said."""
    code = """
    crowd = launcher(sys.argv[1], processes=1, threads=150, max_in_flight=500)
    print(crowd.notices)
    with crowd:
        results = list(crowd.map(["prompt"] * 300, return_errors=True))
        print({type(result).__name__ for result in results})
        print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        limits = open(f"/proc/{pids(crowd)[0]}/limits").read().splitlines()
        print(*[line.split()[3] for line in limits if line.startswith("Max open")])
    """
    with MockUpstream(latency=0.2) as upstream:
        script = stage.script(LIMITED + code, upstream.url, 64, 1024)
        notices, kinds, own, workers = script.output()

    assert ("()", "{'Reply'}", "64") == (notices, kinds, own)
    assert int(workers) >= 150 + 64


def test_memory_of_a_long_map(stage: Stage, echo: MockUpstream) -> None:
    """Prompts far larger together than the parent may grow."""
    code = """
    def resident():
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmRSS"].split()[0]) // 1024
    filler = "x" * 20_000
    seen = []
    with launcher(sys.argv[1], threads=8) as crowd:
        prompts = (f"{number} {filler}" for number in range(8000))
        for reply in crowd.map(prompts, ordered=False, max_tokens=1):
            if reply.index in (1000, 7900):
                seen.append(resident())
    print(*seen)
    """
    with MockUpstream(reply="ok") as upstream:
        script = stage.script(code, upstream.url)
        early, late = script.numbers()
        script.output()

    # 160 MB went through; what is held at a time is under 20 MB.
    assert late - early <= 20


def test_a_worker_gathers_nothing_that_nobody_reads(stage: Stage) -> None:
    """While its parent is about something else, what it tells does not pile up."""
    script = stage.script(
        """
        import socket, threading
        from holybalance.config import Config
        from holybalance.engine import Engine
        from holybalance.launching import frames, messages, station

        class Large:
            def perform(self, engine, position, item):
                # The first answer fills the pipe while others are under way.
                return threading.Event().wait() if position else bytes(9_000_000)

        settings = {"endpoints": [{"name": "a", "provider": "openai", "models": ["m"],
                    "base_url": "http://127.0.0.1:1/v1", "api_key": "k"}]}
        station.LOOK_EVERY_S = station.TELL_EVERY_S = 0.001
        engine = Engine(Config.from_dict(settings))
        looks, report = [], engine.report
        engine.report = lambda: looks.append(1) or report()
        orders = messages.Orders(
            threads=2, most_threads=2, calls_per_s=None, first_turn_s=0.0,
            open_files=None
        )
        os.environ[messages.WORKER_VARIABLE] = str(os.getppid())
        ours, theirs = socket.socketpair()
        worker = station.Station(engine, orders, theirs)
        items = [(number, b"") for number in range(9)]
        inbox = [messages.Begin(1, Large()), messages.Items(items)]
        def read():
            for message in inbox:
                yield frames.encode(message)[4:]
            threading.Event().wait()
        threading.Thread(target=worker.run, args=(read(),), daemon=True).start()
        follow, follows, enough = worker._follow, [0], threading.Event()
        def counting(look):
            follow(look)
            follows[0] += 1
            if follows[0] == 300:
                enough.set()
        worker._follow = counting
        enough.wait(10)
        print(len(worker._news) <= 5, follows[0] >= 300, flush=True)
        os._exit(0)
        """
    )

    assert ["True True"] == script.output()


def test_importing_takes_little(stage: Stage) -> None:
    """Neither asyncio nor multiprocessing, with a launcher in hand or at work."""
    script = stage.script(
        """
        import sys
        # Where it is installed, pybreaker imports it, and it imports an event loop.
        sys.modules["redis"] = None
        import holybalance
        heavy = {"asyncio", "multiprocessing", "urllib3", "ssl", "requests", "sqlite3"}
        print(sorted(heavy & set(sys.modules)))
        from holybalance import Launcher
        print(sorted(heavy & set(sys.modules) - {"urllib3", "ssl"}))
        """,
        preamble=False,
    )

    assert ["[]", "[]"] == script.output()


@pytest.mark.skipif(
    importlib.util.find_spec("redis") is not None,
    reason="pybreaker imports redis where it is installed, and that an event loop",
)
def test_a_worker_that_works_has_no_event_loop(stage: Stage) -> None:
    """As the parent, whatever its modules bring along."""
    watch = Watch(held=frozenset({"*"}))
    script = stage.script(
        """
        with launcher(sys.argv[1], processes=1) as crowd:
            list(crowd.map(["one"]))
            print(sorted({"asyncio", "multiprocessing"} & set(sys.modules)))
        """,
        stage.upstream(watch).url,
    )
    eventually(lambda: watch.seen == 1, "a call is under way")
    watch.let_go.set()

    assert ["[]"] == script.output()


def test_one_thread_in_the_parent(stage: Stage, echo: MockUpstream) -> None:
    """A parent that forks afterwards has no locks of ours to fear."""
    script = stage.script(
        """
        with launcher(sys.argv[1]) as crowd:
            most = 0
            for _ in crowd.map(["prompt"] * 200):
                most = max(most, len(os.listdir("/proc/self/task")))
        print(most)
        """,
        echo.url,
    )

    assert ["1"] == script.output()


def test_no_open_files_are_left(stage: Stage, echo: MockUpstream) -> None:
    """After ten launchers as many as after one."""
    script = stage.script(
        """
        seen = []
        for _ in range(6):
            with launcher(sys.argv[1], processes=1) as crowd:
                list(crowd.map(["prompt"]))
            seen.append(len(os.listdir("/proc/self/fd")))
        print(len(set(seen[1:])))
        """,
        echo.url,
    )

    assert ["1"] == script.output()


@pytest.mark.parametrize("size", [100_000, 9_000_000])
def test_large_prompts(stage: Stage, size: int) -> None:
    """Larger than a pipe holds, and than a worker is to hold: one after the other."""
    watch = Watch()
    launcher = stage.launcher(stage.upstream(watch).url, threads=2)
    prompts = [str(number) + "x" * size for number in range(4)]

    replies = list(launcher.map(prompts))

    assert [len(prompt) for prompt in prompts] == [len(r.text) for r in replies]
