"""Owns stand-ins for time and for upstreams: nothing here waits or opens a socket."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from holybalance.balancing.balancer import Balancer
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.lease import Ask
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.worst_case import WorstCase
from holybalance.budgeting.ledger import Hold, Ledger, Shortage, Unbounded
from holybalance.config import (
    BreakerConfig,
    BudgetConfig,
    Card,
    Defaults,
    EndpointConfig,
)
from holybalance.messages import ChatRequest, Fault
from holybalance.state.exchange import Exchange
from holybalance.state.rules import Rules
from holybalance.state.sqlite import MEMORY, SqliteStore
from holybalance.state.store import Answer, News, Store, StoreError
from holybalance.wire import openai
from holybalance.wire.faults import WireError
from holybalance.wire.formats import Written
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
        self,
        method: str,
        path: str,
        body: bytes,
        deadline: float,
        headers: Mapping[str, str] | None = None,
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


def memory(clock: Callable[[], float]) -> Store:
    """A faithful store, in memory, that gives money from its beginning."""
    return SqliteStore(MEMORY, Rules("test", grace_s=0.0), clock=clock)


class ScriptedStore:
    """One process's way to a store, which may be down or lose answers."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_down = False
        self.loses = 0
        self.heard: list[News] = []
        self.tries = 0

    def exchange(self, news: News) -> Answer:
        """Pass news on, unless the script says otherwise."""
        self.tries += 1
        if self.is_down:
            raise StoreError("the store is down")
        self.heard.append(news)
        answer = self.store.exchange(news)
        if self.loses:
            self.loses -= 1
            raise StoreError("the answer was lost")
        return answer

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
        *,
        budgets: Sequence[BudgetConfig] = (),
        catalog: dict[str, Card] | None = None,
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
        # One process alone at its store, which is asked within a millisecond.
        self.store = ScriptedStore(memory(self.clock))
        self.exchange = Exchange(
            lambda: self.store, self.clock, is_shared=False, processes=1
        )
        self._is_asked = False
        self.ledger = Ledger(
            budgets,
            is_alone=True,
            ask_soon=self._ask_soon,
            clock=self.clock,
            wall=self.clock,
        )
        self.exchange.spend_by(self.ledger)
        self.balancer = Balancer(
            list(self.endpoints.values()),
            self.settings,
            WorstCase(self.ledger, catalog or {}),
            self.runtime,
        )
        self.ledger.on_money = self.balancer.wake_all

    def _ask_soon(self) -> None:
        if not self._is_asked:
            self._is_asked = True
            self.clock.call_at(self.clock.now + 0.001, self._exchange_news)

    def _exchange_news(self) -> None:
        self._is_asked = False
        if not self.exchange.round():
            self.clock.call_at(self.clock.now + 1.0, self._ask_soon)

    def send(
        self,
        timeout_s: float = 60.0,
        *,
        is_patient: bool = False,
        models: Sequence[str] = (),
        windows: Sequence[int | None] = (),
        **changes: Any,
    ) -> Any:
        """Make a call."""
        asked = request(timeout_s=timeout_s, **changes)
        return self.balancer.send(
            asked,
            models=models,
            windows=windows or (None,) * len(models),
            is_patient=is_patient,
        )

    def money(self, name: str) -> tuple[float | None, float | None]:
        """Give what is spent and held of a budget, in US dollars."""
        figures = self.ledger.report()[name]
        return figures["spent_usd"], figures["reserved_usd"]

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


def ask(model: str = MODEL, body: bytes = b"{}", tokens: int = 0) -> Ask:
    """What an attempt needs of an endpoint."""
    written = Written("/chat/completions", body)
    return Ask(model, request(model=model), written, tokens)


def request(**changes: Any) -> ChatRequest:
    """A call as a caller means it."""
    given: dict[str, Any] = {
        "model": MODEL,
        "messages": ({"role": "user", "content": "hi"},),
        "timeout_s": 60.0,
    }
    return ChatRequest(**(given | changes))


class Process:
    """One of several processes that share money through a store, without threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *budgets: BudgetConfig,
        wall: Clock | None = None,
    ) -> None:
        self.clock = clock
        self.store = ScriptedStore(store)
        self.exchange = Exchange(lambda: self.store, clock, is_shared=True, processes=4)
        self.asked = 0
        self.woken = 0
        self.ledger = Ledger(
            budgets,
            is_alone=False,
            ask_soon=self._note_ask,
            clock=clock,
            wall=wall or clock,
        )
        self.ledger.on_money = self._note_money
        self.exchange.spend_by(self.ledger)

    def hold(
        self,
        worst_usd: float | None,
        model: str = MODEL,
        endpoint: str = "one",
        tags: tuple[str, ...] = (),
    ) -> Hold | Shortage:
        """Hold money for an attempt, or say why not."""
        worst = Unbounded("nobody knows why") if worst_usd is None else worst_usd
        hold = Hold(self.ledger, worst)
        return hold.take(model, endpoint, tags) or hold

    def held(self, worst_usd: float, **attempt: Any) -> Hold:
        """Hold money for an attempt, once the store has given some."""
        for _ in range(2):
            hold = self.hold(worst_usd, **attempt)
            if isinstance(hold, Hold):
                return hold
            assert self.exchange.round()
        raise AssertionError(f"there is none: {hold}")

    def money(self, name: str) -> tuple[float | None, float | None]:
        """Give what is spent and held of a budget, in US dollars, as known here."""
        figures = self.ledger.report()[name]
        return figures["spent_usd"], figures["reserved_usd"]

    def leave(self) -> None:
        """End in good order, as the exchange's thread does."""
        self.exchange.retire()
        self.exchange._leave()

    def _note_ask(self) -> None:
        self.asked += 1

    def _note_money(self) -> None:
        self.woken += 1
