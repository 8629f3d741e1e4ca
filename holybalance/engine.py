"""Owns what a client has once in each process: router, endpoints, threads, counts."""

from __future__ import annotations

import datetime as dt
import functools
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar, overload

from holybalance.balancing.assembly import make_endpoints
from holybalance.balancing.balancer import Balancer
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.stream import Stream
from holybalance.balancing.worst_case import WorstCase
from holybalance.budgeting.ledger import Ledger
from holybalance.config import Config
from holybalance.errors import BudgetExceeded, CallError, ConfigError, RequestError
from holybalance.messages import (
    ChatRequest,
    Decision,
    Embeddings,
    EmbedRequest,
    Reply,
    Request,
    Verdict,
)
from holybalance.prompts import make_request
from holybalance.routing.router import Live, Plan, Router
from holybalance.state.exchange import Exchange
from holybalance.telemetry.metrics import Tally
from holybalance.telemetry.report import EndpointReport, Report
from holybalance.workers import Workers

# How long an explanation, and a process's first choice, waits for the store to tell of
# budgets.
EXPLAIN_PATIENCE_S = 1.0
FUNDS_PATIENCE_S = 0.5


T = TypeVar("T")


class Engine:
    """Makes calls and counts them; safe from any thread of one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        settings = config.defaults
        self._is_given_up = False
        self._is_drained = False
        self._exchange = _make_exchange(config)
        ask_soon = None if self._exchange is None else self._exchange.ask_soon
        self.runtime = Runtime(
            is_given_up=self.is_over,
            ask_soon=ask_soon if config.state.is_shared else None,
        )
        self.workers = Workers(
            settings.threads,
            settings.max_queued,
            waits=settings.when_saturated == "wait",
            clock=self.runtime.clock,
        )
        self.ledger = _make_ledger(config, self._exchange, self.runtime)
        # Weakly: urllib3 keeps idle connections until their pool goes, and whoever is
        # asked by them would keep the pool.
        given_up = weakref.WeakMethod(self.is_given_up)
        endpoints = make_endpoints(
            config, self.runtime, lambda: (asked := given_up()) is None or asked()
        )
        worst = WorstCase(self.ledger, config.catalog)
        self.balancer = Balancer(endpoints, settings, worst, self.runtime)
        self.router = Router(
            config, self._live, self.ledger, rng=self.runtime.rng, today=_today
        )
        saves = [budget.on_exceed == "cheapest" for budget in config.budgets]
        self._awaits_funds = self._exchange is not None and any(saves)
        self._begin_sharing()
        # Guards `_calls`.
        self._lock = threading.Lock()
        self._calls = Tally()

    @overload
    def call(
        self,
        request: ChatRequest,
        started: float | None = None,
        *,
        is_patient: bool = False,
    ) -> Reply: ...

    @overload
    def call(
        self,
        request: EmbedRequest,
        started: float | None = None,
        *,
        is_patient: bool = False,
    ) -> Embeddings: ...

    def call(
        self,
        request: ChatRequest | EmbedRequest,
        started: float | None = None,
        *,
        is_patient: bool = False,
    ) -> Reply | Embeddings:
        """Make a call and count it; see `Balancer.send`."""
        began = self.runtime.clock() if started is None else started
        _check_stream(request, is_wanted=False)
        self._note_call(request)

        def send(plan: Plan) -> Reply | Embeddings:
            return self.balancer.send(
                request,
                began,
                models=plan.models,
                windows=plan.windows,
                is_patient=is_patient,
            )

        verdict = Verdict.LOCAL
        try:
            reply = self._plan_and(send, request)
            verdict = Verdict.OK
        except CallError as error:
            verdict = error.verdict
            raise
        finally:
            took = self.runtime.clock() - began
            with self._lock:
                self._calls.calls += 1
                self._calls.note_end(verdict, took)
        if isinstance(request, ChatRequest) and isinstance(reply, Reply):
            self.router.learn(request, reply)
        return reply

    def open(self, request: ChatRequest) -> Stream:
        """Make a call that is answered in pieces; it is counted at its end."""
        began = self.runtime.clock()
        _check_stream(request, is_wanted=True)
        self._note_call(request)

        def begin(plan: Plan) -> Stream:
            return self.balancer.open(
                request, began, models=plan.models, windows=plan.windows
            )

        verdict = Verdict.LOCAL
        try:
            stream = self._plan_and(begin, request)
            verdict = Verdict.OK
        except CallError as error:
            verdict = error.verdict
            raise
        finally:
            if verdict is not Verdict.OK:
                self._note_stream_end(verdict, None)
        stream.on_end(functools.partial(self._end_stream, request))
        return stream

    def explain(self, request: ChatRequest) -> Decision:
        """Say where a call would go, and why; nothing is sent, no money held."""
        if self._exchange is not None:
            self._exchange.note_call()
            self._exchange.wait_for_answer(EXPLAIN_PATIENCE_S)
        return self.router.explain(request)

    def call_patiently(self, arguments: Mapping[str, Any]) -> Reply:
        """
        Make a call that waits out an outage of all endpoints; see `Client.map`.

        Args:
            arguments: what `Client.chat` takes, by name.
        """
        # A batch has time: an outage of a second must not fail thousands.
        return self.call(make_request(self.config, **arguments), is_patient=True)

    def endpoint(self, name: str) -> Endpoint:
        """
        Find an endpoint by its name.

        Raises:
            ConfigError: there is none.
        """
        for endpoint in self.balancer.endpoints:
            if endpoint.name == name:
                return endpoint
        names = ", ".join(e.name for e in self.balancer.endpoints)
        raise ConfigError(f'there is no endpoint "{name}"; there are {names}')

    def report(self) -> Report:
        """Give counts and states, of the whole and of each endpoint."""
        self.balancer.sweep()
        with self._lock:
            calls = Tally()
            calls.merge(self._calls)
        return Report(
            calls=calls,
            endpoints={e.name: self._report_of(e) for e in self.balancer.endpoints},
            queued=self.workers.queued() + self.balancer.queued(),
            models=self.router.report(),
            budgets=self.ledger.report(),
            state=None if self._exchange is None else asdict(self._exchange.reach()),
        )

    def is_hopeless(self) -> bool:
        """Tell whether no endpoint will take a call again by itself."""
        states = (endpoint.state() for endpoint in self.balancer.endpoints)
        return all(state["cool_down_s"] is None for state in states)

    def is_over(self) -> bool:
        """Tell a call that waits for room that there will be none any more."""
        return self._is_drained or self.is_given_up()

    def is_given_up(self) -> bool:
        """Tell a call under way that nobody wants it any more."""
        return self._is_given_up or self.workers.is_ending()

    def close(self, *, wait: bool) -> None:
        """End threads and connections; see `Client.close`."""
        self._is_given_up = self._is_given_up or not wait
        self.workers.close(finish=wait)
        self._is_drained = True
        for endpoint in self.balancer.endpoints:
            endpoint.transport.close()
        self.leave()

    def leave(self) -> None:
        """Give back what is held of limits and money, and share nothing any more."""
        if self._exchange is not None:
            self._exchange.close()

    def _note_call(self, request: Request) -> None:
        if self._exchange is None:
            return
        self._exchange.note_call()
        if self._awaits_funds and self.router.is_choice(request.model):
            # Which model it is to be depends on what others have spent.
            self._exchange.wait_for_answer(FUNDS_PATIENCE_S)
            self._awaits_funds = False

    def _end_stream(
        self,
        request: ChatRequest,
        verdict: Verdict,
        reply: Reply | None,
        first_token_s: float | None,
    ) -> None:
        self._note_stream_end(verdict, first_token_s)
        if reply is not None:
            self.router.learn(request, reply)

    def _note_stream_end(self, verdict: Verdict, first_token_s: float | None) -> None:
        with self._lock:
            self._calls.calls += 1
            self._calls.note_stream_end(verdict, first_token_s)

    def _plan_and(
        self, send: Callable[[Plan], T], request: ChatRequest | EmbedRequest
    ) -> T:
        """Plan a call and send it by the plan, or by another where money ran out."""
        if isinstance(request, EmbedRequest):
            return send(self.router.plan_embeddings(request))
        plan = self.router.plan(request)
        try:
            return send(plan)
        except BudgetExceeded as error:
            again = self._plan_again(plan, request, error)
        except RequestError as error:
            obituary = self.router.obituary(request.model)
            if error.verdict is Verdict.NO_MODEL and obituary is not None:
                error.args = (f"{error.args[0]}; {obituary}", *error.args[1:])
            raise
        return send(again)

    def _plan_again(
        self, plan: Plan, request: ChatRequest, error: BudgetExceeded
    ) -> Plan:
        """
        Look for models that fit a budget that others have drawn on meanwhile.

        Raises:
            BudgetExceeded: there are none.
        """
        if error.attempts or not self.router.is_choice(request.model):
            raise error
        try:
            again = self.router.plan(request, is_again=True)
        except BudgetExceeded:
            raise error from None
        if again.models == plan.models:
            raise error
        return again

    def _live(self, model: str) -> Live:
        return Live(*self.balancer.load_of(model))

    def _begin_sharing(self) -> None:
        if self._exchange is None:
            return
        # Weakly, and by what does not lead here: the exchange's thread holds the ledger
        # for as long as it runs, and must not hold the client.
        wake_all = weakref.WeakMethod(self.balancer.wake_all)
        self.ledger.on_money = lambda: _call(wake_all())
        if self.runtime.ask_soon is not None:
            self._exchange.join(each.sharing for each in self.balancer.endpoints)
        finalizer = weakref.finalize(self, self._exchange.retire)
        # At the interpreter's end the exchange looks after itself, and waits.
        finalizer.atexit = False

    def _report_of(self, endpoint: Endpoint) -> EndpointReport:
        queued = self.balancer.queued(endpoint)
        state = {**endpoint.state(), "queued": queued}
        return EndpointReport(tally=endpoint.tally(), state=state)


def _make_exchange(config: Config) -> Exchange | None:
    """Make what keeps in step with the store, where there is anything to be kept."""
    state = config.state
    if not state.is_shared and not config.budgets:
        return None
    # Imported here: most clients share nothing, and need no database.
    from holybalance.state.opening import open_store  # noqa: PLC0415

    store = open_store(state)
    return Exchange(
        lambda: store,
        clock=time.monotonic,
        is_shared=state.is_shared,
        processes=state.processes,
    )


def _make_ledger(config: Config, exchange: Exchange | None, runtime: Runtime) -> Ledger:
    ledger = Ledger(
        config.budgets,
        is_alone=not config.state.is_shared,
        ask_soon=_nothing if exchange is None else exchange.ask_soon,
        why_away=lambda: None if exchange is None else exchange.reach().error,
        kin=lambda name: card.name if (card := config.catalog.get(name)) else name,
        clock=runtime.clock,
    )
    if exchange is not None:
        exchange.spend_by(ledger)
    return ledger


def _check_stream(request: Request, *, is_wanted: bool) -> None:
    if request.is_stream is not is_wanted:
        raise RequestError(
            'the option "stream" is for Client.open, which has to have it, and for no '
            "other call",
            code="invalid_request",
        )


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _nothing() -> None:
    """Without a store nobody has to be asked."""


def _call(function: Callable[[], None] | None) -> None:
    if function is not None:
        function()
