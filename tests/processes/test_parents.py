"""Parents that are killed or interrupted: no worker outlives them, none complains."""

from __future__ import annotations

import os
import signal

import pytest

from tests.processes.stage import (
    RunningScript,
    Stage,
    Watch,
    eventually,
    is_alive,
    kill,
)

# Prints the pids of the workers once calls are under way, and maps on for ever.
MAPPING = """
    import itertools
    with launcher(sys.argv[1]) as crowd:
        for reply in crowd.map((str(i) for i in itertools.count()), ordered=False):
            if len(pids(crowd)) == 2 and reply.index >= 50:
                print(*pids(crowd), flush=True)
                break
        for reply in crowd.map(str(i) for i in itertools.count()):
            pass
"""
# Its calls get no answer.
WAITING = """
    import threading, time
    crowd = launcher(sys.argv[1])
    list(crowd.map(["first"] * 50))
    while len(pids(crowd)) < 2:
        list(crowd.map(["first"] * 50))
    print(*pids(crowd), flush=True)
    list(crowd.map(["held"] * 50))
"""


def gone(pids: list[int]) -> None:
    """Wait until processes have ended."""
    eventually(lambda: not any(map(is_alive, pids)), "all workers have ended")


@pytest.mark.parametrize("code", [MAPPING, WAITING], ids=["busy", "waiting"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_parent(stage: Stage, code: str, number: int) -> None:
    """Its workers end, whatever they are about."""
    watch = Watch(held=frozenset({"held"}))
    script = stage.script(code, stage.upstream(watch).url)
    workers = script.numbers()

    os.kill(script.pid, number)

    gone(workers)
    assert "Traceback" not in script.finish()[2]


def test_a_killed_parent_whose_child_lives_on(stage: Stage) -> None:
    """A forked child still has the pipes; the workers notice who their parent is."""
    watch = Watch(held=frozenset({"held"}))
    script = stage.script(
        """
        import time
        crowd = launcher(sys.argv[1])
        while len(pids(crowd)) < 2:
            list(crowd.map(["first"] * 50))
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
        print(child, *pids(crowd), flush=True)
        list(crowd.map(["held"] * 50))
        """,
        stage.upstream(watch).url,
    )
    child, *workers = script.numbers()
    eventually(lambda: "held" in watch.prompts, "calls are under way")

    kill(script.pid)

    gone(workers)
    assert is_alive(child)
    kill(child)


def test_a_parent_killed_while_its_workers_start(stage: Stage) -> None:
    """Those who have no engine yet end as well."""
    script = stage.script(
        """
        import itertools, threading
        crowd = launcher(sys.argv[1])
        def tell():
            while True:
                posts = crowd._crew._posts
                started = [p.worker for p in posts._posts if p.worker] if posts else []
                if len(started) == 2:
                    print(*[worker.pid for worker in started], flush=True)
                    os.kill(os.getpid(), 9)
        threading.Thread(target=tell).start()
        list(crowd.map(str(i) for i in itertools.count()))
        """,
        stage.upstream(Watch()).url,
    )

    workers = script.numbers()

    gone(workers)
    assert "Traceback" not in script.finish()[2]


INTERRUPTED = """
    import itertools
    try:
        with launcher(sys.argv[1]) as crowd:
            for reply in crowd.map(str(i) for i in itertools.count()):
                if reply.index >= 50 and len(pids(crowd)) == 2:
                    print(*pids(crowd), flush=True)
                    break
            list(crowd.map(sys.argv[2:] * 100))
            print("not interrupted")
    except KeyboardInterrupt:
        print("interrupted")
"""


def interrupt(script: RunningScript) -> None:
    """Send what Ctrl-C sends: a SIGINT to the whole group."""
    os.killpg(script.pid, signal.SIGINT)


def test_ctrl_c(stage: Stage) -> None:
    """The parent has its KeyboardInterrupt; the workers say nothing and end."""
    watch = Watch(held=frozenset({"held"}))
    script = stage.script(INTERRUPTED, stage.upstream(watch).url, "held")
    workers = script.numbers()
    eventually(lambda: "held" in watch.prompts, "calls are under way")

    interrupt(script)

    assert ["interrupted"] == script.output()
    assert [] == [pid for pid in workers if is_alive(pid)]


def test_ctrl_c_as_workers_start(stage: Stage) -> None:
    """They are still importing, and say nothing either."""
    script = stage.script(
        """
        try:
            with launcher(sys.argv[1], processes=4) as crowd:
                print("now", flush=True)
                for reply in crowd.map(["prompt"] * 1_000_000):
                    pass
        except KeyboardInterrupt:
            print("interrupted")
        """,
        stage.upstream(Watch()).url,
    )
    assert "now" == script.line()

    interrupt(script)

    assert ["interrupted"] == script.output()


def test_ctrl_c_for_the_workers_alone(stage: Stage) -> None:
    """What it means is for the parent to decide: they go on."""
    script = stage.script(
        """
        import signal
        with launcher(sys.argv[1]) as crowd:
            prompts = [str(number) for number in range(300)]
            replies = []
            for reply in crowd.map(prompts):
                replies.append(reply.text)
                if reply.index == 50:
                    before = pids(crowd)
                    for pid in before:
                        os.kill(pid, signal.SIGINT)
                        os.kill(pid, signal.SIGTERM)
            print(replies == prompts, set(before) <= set(pids(crowd)))
        """,
        stage.upstream(Watch()).url,
    )

    assert ["True True"] == script.output()
