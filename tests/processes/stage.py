"""Owns what the tests of the launcher share: launchers, upstreams, scripts, waits."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holybalance import Launcher
from holybalance.errors import HolyBalanceError
from holybalance.messages import Reply
from tests.faults.scripted import Peer, Script, Upstream, http, reply

KEY = "sk-canary-9876543210"
# Whatever takes longer than this has failed; nothing waits that long otherwise.
PATIENCE_S = 20.0
_LOOK_S = 0.01
# A worker of four threads holds at most these: those under way, and sixteen ahead.
HELD = 4 + 16

Results = list[Reply | HolyBalanceError]


def eventually(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds, or fail and say what did not."""
    until = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < until, f"not within {PATIENCE_S:g} s: {what}"
        pause.wait(_LOOK_S)


def table(url: str, name: str = "a", **endpoint: Any) -> dict[str, Any]:
    """Write an endpoint of a configuration."""
    return {
        "name": name,
        "provider": "openai",
        "base_url": url,
        "api_key": f"{KEY}-{name}",
        "models": ["m"],
        **endpoint,
    }


def config(*endpoints: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """Write a configuration."""
    return {"defaults": {"timeout": 60, **defaults}, "endpoints": list(endpoints)}


def pids(launcher: Launcher) -> list[int]:
    """Give the process ids of the workers that are ready."""
    return [worker["pid"] for worker in launcher.metrics()["workers"]]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
        # Its first thread may be gone before the others, which still hold its files.
        if len(list(Path(f"/proc/{pid}/task").iterdir())) > 1:
            return True
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[int]:
    """Give the processes that a process has started and that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid and is_alive(int(folder.name)):
                found.append(int(folder.name))
    return found


def kill(pid: int) -> None:
    """End a process at once."""
    os.kill(pid, signal.SIGKILL)


def indexes(results: Results) -> list[int]:
    """Give the indexes of results, sorted."""
    return sorted(result.index for result in results if result.index is not None)


def errors(results: Results) -> list[HolyBalanceError]:
    """Give those of the results that are errors."""
    return [each for each in results if isinstance(each, HolyBalanceError)]


def texts(results: list[Any]) -> list[str]:
    """Give the texts of replies."""
    return [result.text for result in results]


class Watch:
    """
    A script for an upstream that echoes, and knows how much it had to do at once.

    Args:
        latency_s: before each answer.
        held: prompts that get no answer before `let_go` is set.
    """

    def __init__(self, latency_s: float = 0.0, held: frozenset[str] = frozenset()):
        self.let_go = threading.Event()
        self.most_at_once = 0
        self.times: list[float] = []
        self.prompts: Counter[str] = Counter()
        self._latency_s = latency_s
        self._held = held
        # Guards all the counts.
        self._lock = threading.Lock()
        self._at_once = 0

    def __call__(self, peer: Peer) -> None:
        while True:
            request = peer.request()
            prompt = request.prompt
            self._begin(prompt)
            if prompt in self._held or "*" in self._held:
                self._wait(peer, self.let_go)
            elif self._latency_s:
                peer.upstream.stopping.wait(self._latency_s)
            # Before the answer: its client may send the next call at once.
            with self._lock:
                self._at_once -= 1
            peer.send(http(reply(prompt)))

    @property
    def seen(self) -> int:
        """How many requests have come."""
        with self._lock:
            return self.prompts.total()

    def has_seen(self, count: int) -> bool:
        """Tell whether just so many requests have come."""
        return self.seen == count

    def _begin(self, prompt: str) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.times.append(time.monotonic())
            self.prompts[prompt] += 1

    def _wait(self, peer: Peer, event: threading.Event) -> None:
        while not event.wait(_LOOK_S) and not peer.upstream.stopping.is_set():
            pass


class Stage:
    """Makes launchers and upstreams for one test, and sees that nothing is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._launchers: list[Launcher] = []
        self._upstreams: list[Upstream] = []
        self._scripts: list[RunningScript] = []

    def upstream(self, *scripts: Script) -> Upstream:
        """Start a scripted upstream."""
        upstream = Upstream(*scripts)
        self._upstreams.append(upstream)
        return upstream

    def launcher(
        self,
        url: str,
        *,
        processes: int | None = 2,
        threads: int | None = 4,
        rate: float | None = None,
        endpoint: dict[str, Any] | None = None,
        **defaults: Any,
    ) -> Launcher:
        """Make a launcher over one endpoint."""
        settings = config(table(url, **(endpoint or {})), **defaults)
        launcher = Launcher(settings, processes=processes, threads=threads, rate=rate)
        self._launchers.append(launcher)
        return launcher

    def add(self, launcher: Launcher) -> Launcher:
        """Take a launcher over, to be closed at the end."""
        self._launchers.append(launcher)
        return launcher

    def script(
        self, code: str, *arguments: object, preamble: bool = True, **options: Any
    ) -> RunningScript:
        """
        Start a script in a file and a process group of its own.

        Args:
            arguments: what it finds in `sys.argv`.
            preamble: whether `launcher(url, **defaults)` is at hand in it.
            options: for `Popen`.
        """
        path = self.folder / f"script{len(self._scripts)}.py"
        path.write_text((_PREAMBLE if preamble else "") + textwrap.dedent(code))
        script = RunningScript.start([str(path), *map(str, arguments)], **options)
        self._scripts.append(script)
        return script

    def script_from_stdin(self, code: str, *arguments: object) -> RunningScript:
        """Start a script that comes from standard input."""
        script = RunningScript.start(
            ["-", *map(str, arguments)], stdin=subprocess.PIPE, cwd=self.folder
        )
        self._scripts.append(script)
        assert script.process.stdin is not None
        script.process.stdin.write(_PREAMBLE + textwrap.dedent(code))
        script.process.stdin.close()
        script.process.stdin = None
        return script

    def close(self) -> None:
        """End everything; whatever of it is left over fails the test."""
        try:
            for script in self._scripts:
                script.end()
            for launcher in self._launchers:
                launcher.close()
            left = [pid for pid in children(os.getpid()) if _is_worker(pid)]
            for pid in left:
                kill(pid)
            assert [] == left, "workers outlived their launcher"
        finally:
            for upstream in self._upstreams:
                upstream.stop()


def _is_worker(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"holybalance.launching" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@dataclass
class RunningScript:
    """A script in a process of its own."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, arguments: list[str], **options: Any) -> RunningScript:
        """Start an interpreter, in a process group of its own."""
        return cls(
            subprocess.Popen(
                [sys.executable, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=_environment(),
                **options,
            )
        )

    @property
    def pid(self) -> int:
        """Its process id, and that of its group."""
        return self.process.pid

    def line(self) -> str:
        """Wait for the next line that it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the script ended instead: {self.finish()}"
        return line.strip()

    def numbers(self) -> list[int]:
        """Wait for the next line, which has numbers."""
        return [int(word) for word in self.line().split()]

    def finish(self) -> tuple[int, str, str]:
        """Wait for its end, and give exit code, output and errors."""
        output, trouble = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, output, trouble

    def output(self) -> list[str]:
        """Wait for its end, which must be a good one, and give the lines it printed."""
        code, output, trouble = self.finish()
        assert "" == trouble, trouble
        assert 0 == code
        return output.splitlines()

    def end(self) -> None:
        """Kill it and what it has started, if anything of it is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(ValueError):
            self.process.communicate()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return os.environ | {"PYTHONPATH": path}


_PREAMBLE = f"""\
import os, sys
from holybalance import Launcher, errors

def launcher(url, processes=2, threads=4, **defaults):
    return Launcher({{
        "defaults": {{"timeout": 60, **defaults}},
        "endpoints": [{{
            "name": "a", "provider": "openai", "base_url": url,
            "api_key": "{KEY}-a", "models": ["m"],
        }}],
    }}, processes=processes, threads=threads)

def pids(launcher):
    return [worker["pid"] for worker in launcher.metrics()["workers"]]

"""


@contextlib.contextmanager
def iterating(results: Iterator[Any]) -> Iterator[tuple[list[Any], threading.Thread]]:
    """Take results in a thread, into a list; at the end the thread must have ended."""
    taken: list[Any] = []
    trouble: list[BaseException] = []

    def take() -> None:
        try:
            taken.extend(results)
        except BaseException as error:  # noqa: BLE001 raised below
            trouble.append(error)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    yield taken, thread
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), f"no end after {len(taken)} results"
    if trouble:
        raise trouble[0]
