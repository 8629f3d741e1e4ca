"""An interruption at any line of a call gives back all that the call had taken."""

from __future__ import annotations

import gc
import linecache
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from holybalance import Client
from tests.faults.scripted import PATIENCE_S, replying, silent
from tests.faults.streaming import streaming
from tests.faults.world import World


class Interruption(BaseException):
    """What a signal handler may raise anywhere."""


class Interrupter:
    """Raises at the n-th line that runs in some of the library's files."""

    def __init__(self, folder: str, at: int) -> None:
        self._folder = f"/holybalance/{folder}"
        self._left = at
        self.where: str | None = None

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Trace a frame."""
        name = frame.f_code.co_filename
        if _is_finalizing(frame):
            return None  # whatever is raised there, Python itself ignores
        if self._folder not in name:
            return None if "/holybalance/" not in name else self
        line = linecache.getline(name, frame.f_lineno).strip()
        # A line of `with` runs once more before its `__exit__`, where CPython itself
        # lets no signal in.
        if event != "line" or line.startswith("with "):
            return self
        self._left -= 1
        if self._left == 0:
            self.where = f"{name.rpartition('/')[2]}:{frame.f_lineno} {line}"
            raise Interruption
        return self


def _is_finalizing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


Call = Callable[[Client], object]
Interrupted = Iterator[tuple[Client, str, type[BaseException | None]]]


def chatting(client: Client) -> None:
    """Make a call for a whole answer."""
    client.chat("ping")


def streaming_through(client: Client) -> None:
    """Read a stream to its end."""
    with client.stream("ping") as stream:
        for _ in stream:
            pass


def leaving_early(client: Client) -> None:
    """Read a piece of a stream."""
    with client.stream("ping") as stream:
        next(stream)


def interrupted_calls(world: World, folder: str) -> Interrupted:
    """Make a call for each line it runs, interrupt it there, and give what came."""
    upstream = world.upstream(replying)
    return interrupting(lambda: world.client(upstream), folder, chatting)


def interrupting(
    make: Callable[[], Client], folder: str, call: Call, warm: Call | None = chatting
) -> Interrupted:
    """Do the same with any call."""
    at = 0
    while True:
        at += 1
        client = make()
        # From the second call on there is a connection to be reused.
        if at % 2 and warm is not None:
            warm(client)
        interrupter = Interrupter(folder, at // 2 + 1)
        ended: BaseException | None = None
        outer = sys.gettrace()
        # A collection would finalize earlier clients here, to be interrupted in theirs.
        gc.disable()
        sys.settrace(interrupter)
        try:
            call(client)
        except BaseException as failure:  # noqa: BLE001 it is asserted on
            ended = failure
        finally:
            sys.settrace(outer)
            gc.enable()
        if interrupter.where is None:
            client.close()
            if at % 2 == 0:
                return
            continue
        kind = type(ended)
        # Its traceback would keep alive what the call let go of.
        ended = None
        yield client, interrupter.where, kind
        client.close()


# A connection that no frame holds any more is closed as its last reference goes.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_connections(world: World) -> None:
    """On the wire, no interruption is swallowed and no connection is left open."""
    bad = []
    for client, where, kind in interrupted_calls(world, "wire/"):
        (upstream,) = world.upstreams
        (endpoint,) = client._engine().balancer.endpoints
        if kind is not Interruption or endpoint.in_flight:
            bad.append((where, kind))
        client.close()
        if not upstream.wait_for_open(0):
            bad.append((where, kind))

    assert [] == bad


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_slots(world: World) -> None:
    """Whoever is interrupted while being admitted or settled holds no slot."""
    leaks = [
        where
        for client, where, _ in interrupted_calls(world, "balancing/")
        if client._engine().balancer.endpoints[0].in_flight
    ]
    for client in world.clients:
        client._is_closed = True

    assert [] == leaks


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("folder", "call"),
    [
        ("wire/", streaming_through),
        ("balancing/", streaming_through),
        ("balancing/", leaving_early),
    ],
)
def test_streams(world: World, folder: str, call: Call) -> None:
    """Nor does a stream keep a slot or a connection, wherever it is interrupted."""
    upstream = world.upstream(streaming("Once ", "upon"))
    bad = []
    found = interrupting(
        lambda: world.client(upstream), folder, call, warm=streaming_through
    )
    for client, where, _ in found:
        # As the next call would; an error that came of another refers to itself.
        if client._engine().balancer.endpoints[0].in_flight:
            gc.collect()
        client._engine().balancer.sweep()
        if client._engine().balancer.endpoints[0].in_flight:
            bad.append(where)
        client._is_closed = True
        client.close()
    assert [] == bad
    assert upstream.wait_for_open(0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("folder", ["balancing/attempts", "balancing/race"])
def test_hedged_streams(world: World, folder: str) -> None:
    """Nor does a race, of which one attempt is outrun."""
    late, other = world.upstream(silent), world.upstream(streaming("b"))

    def make() -> Client:
        client = world.client(late, other, hedge=True, hedge_budget=1.0, max_attempts=4)
        hedges = client._engine().balancer.pools.of_model("m").hedges
        for _ in range(30):
            hedges.note_stream()
            hedges.note_first_token(0.002)
        return client

    bad = []
    for client, where, _ in interrupting(make, folder, streaming_through, None):
        for thread in threading.enumerate():
            if thread.name == "holybalance-hedge":
                thread.join(PATIENCE_S)
        client._engine().balancer.sweep()
        if any(each.in_flight for each in client._engine().balancer.endpoints):
            bad.append(where)
        client._is_closed = True
        client.close()
    assert [] == bad
    assert late.wait_for_open(0)
