"""Owns stand-ins for time and for upstreams: nothing here waits or opens a socket."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from holybalance.balancing.balancer import Balancer
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.worst_case import WorstCase
from holybalance.budgeting.ledger import Ledger
from holybalance.config import BreakerConfig, Defaults, EndpointConfig
from holybalance.messages import ChatRequest, Fault
from holybalance.wire import openai
from holybalance.wire.faults import WireError
from holybalance.wire.transport import Response, Transport

MODEL = "gpt-4.1"


class Clock:
    """A clock that moves only when told, or when somebody waits by `wait`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.waits: list[float] = []
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], object]]] = []

    def __call__(self) -> float:
        return self.now

    def call_at(self, instant: float, function: Callable[[], object]) -> None:
        """Call a function when a wait passes an instant."""
        heapq.heappush(self._due, (instant, next(self._order), function))

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let virtual time pass until the event is set, as `Event.wait` would."""
        began, end = self.now, self.now + seconds
        while not event.is_set() and self._due and self._due[0][0] <= end:
            self.now, _, function = heapq.heappop(self._due)
            function()
        if not event.is_set():
            self.now = end
        self.waits.append(self.now - began)
        return event.is_set()


@dataclass(frozen=True)
class Step:
    """One answer of an upstream, after so many seconds of the clock."""

    answer: Response | WireError
    takes: float = 0.0


def reply(takes: float = 0.0, tokens: tuple[int, int] | None = (10, 5)) -> Step:
    """A good answer."""
    document: dict[str, Any] = {"choices": [{"message": {"content": "hi"}}]}
    if tokens is not None:
        document["usage"] = {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
        }
    return Step(Response(200, {}, json.dumps(document).encode()), takes)


def status(code: int, takes: float = 0.0, **headers: str) -> Step:
    """An error answer."""
    named = {
        name.replace("_", "-").encode(): value.encode()
        for name, value in headers.items()
    }
    return Step(Response(code, named, b'{"error": {"message": "no"}}'), takes)


def fault(kind: Fault, takes: float = 0.0) -> Step:
    """An exchange that fails."""
    return Step(WireError(kind, kind.value), takes)


class ScriptedTransport:
    """Answers by a script, whose last step holds for ever."""

    stale_connections = 0

    def __init__(self, clock: Clock, script: Sequence[Step]) -> None:
        self.script = list(script)
        self.bodies: list[bytes] = []
        self.at: list[float] = []
        self._clock = clock

    def exchange(
        self, method: str, path: str, body: bytes, deadline: float
    ) -> Response:
        """Do the next step of the script."""
        self.bodies.append(body)
        self.at.append(self._clock.now)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step.answer, WireError):
            self._clock.now += step.takes
            raise step.answer
        if self._clock.now + step.takes >= deadline:
            self._clock.now = max(self._clock.now, deadline)
            raise WireError(Fault.DEADLINE, "the deadline came")
        self._clock.now += step.takes
        return step.answer

    def idle_connections(self) -> int:
        """None are ever kept."""
        return 0

    def close(self) -> None:
        """Nothing to close."""


def settings_of(name: str, **changes: Any) -> EndpointConfig:
    """An endpoint's configuration."""
    given = {"models": {MODEL: MODEL}} | changes
    return EndpointConfig(
        name=name, provider="stub", base_url=f"http://{name}.test/v1", **given
    )


class Stage:
    """A balancer over scripted upstreams, on one clock."""

    def __init__(
        self,
        scripts: dict[str, Sequence[Step]],
        endpoints: dict[str, dict[str, Any]] | None = None,
        **defaults: Any,
    ) -> None:
        self.clock = Clock()
        self.given_up = False
        self.runtime = Runtime(
            clock=self.clock,
            rng=random.Random(7),
            wait=self.clock.wait,
            is_given_up=lambda: self.given_up,
        )
        self.settings = Defaults(**({"policy": _in_order} | defaults))
        self.transports = {
            name: ScriptedTransport(self.clock, script)
            for name, script in scripts.items()
        }
        self.endpoints = {
            name: make_endpoint(
                self.runtime,
                transport,
                breaker=self.settings.breaker,
                name=name,
                **(endpoints or {}).get(name, {}),
            )
            for name, transport in self.transports.items()
        }
        self.balancer = Balancer(
            list(self.endpoints.values()), self.settings, no_budgets(), self.runtime
        )

    def send(
        self, timeout_s: float = 60.0, *, is_patient: bool = False, **changes: Any
    ) -> Any:
        """Make a call."""
        asked = request(timeout_s=timeout_s, **changes)
        return self.balancer.send(asked, is_patient=is_patient)

    def calls(self, name: str) -> int:
        """Count the requests that reached an upstream."""
        return len(self.transports[name].bodies)

    def in_flight(self) -> int:
        """Count the slots in use."""
        return sum(e.in_flight for e in self.endpoints.values())


def _in_order(candidates: Sequence[Endpoint], request: ChatRequest) -> Endpoint:
    return candidates[0]


def no_budgets() -> WorstCase:
    """What money may be held where there are no budgets."""
    return WorstCase(Ledger((), is_alone=True, ask_soon=lambda: None), {})


def make_endpoint(
    runtime: Runtime,
    transport: ScriptedTransport,
    *,
    name: str = "one",
    breaker: BreakerConfig | None = None,
    **changes: Any,
) -> Endpoint:
    """An endpoint over a scripted upstream."""
    return Endpoint(
        settings_of(name, **changes),
        breaker or BreakerConfig(),
        cast("Transport", transport),
        openai,
        runtime,
    )


def request(**changes: Any) -> ChatRequest:
    """A call as a caller means it."""
    given: dict[str, Any] = {
        "model": MODEL,
        "messages": ({"role": "user", "content": "hi"},),
        "timeout_s": 60.0,
    }
    return ChatRequest(**(given | changes))
