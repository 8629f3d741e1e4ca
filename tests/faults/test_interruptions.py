"""An interruption at any line of a call gives back all that the call had taken."""

from __future__ import annotations

import gc
import linecache
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from holybalance import Client
from tests.faults.scripted import replying
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


def interrupted_calls(
    world: World, folder: str
) -> Iterator[tuple[Client, str, type[BaseException | None]]]:
    """Make a call for each line it runs, interrupt it there, and give what came."""
    upstream = world.upstream(replying)
    at = 0
    while True:
        at += 1
        client = world.client(upstream)
        # From the second call on there is a connection to be reused.
        if at % 2:
            client.chat("ping")
        interrupter = Interrupter(folder, at // 2 + 1)
        ended: BaseException | None = None
        outer = sys.gettrace()
        # A collection would finalize earlier clients here, to be interrupted in theirs.
        gc.disable()
        sys.settrace(interrupter)
        try:
            client.chat("ping")
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
