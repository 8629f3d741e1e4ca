"""Owns one API base URL with one key: who may use it now, and what came of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from holybalance.balancing.breaker import CLOSED, HALF_OPEN, Breaker
from holybalance.balancing.lease import UNSENT, Ended, Lease, Refused
from holybalance.balancing.limits import Limits, Refusal
from holybalance.balancing.policy import PeakEwma
from holybalance.balancing.runtime import Runtime
from holybalance.balancing.sharing import Sharing
from holybalance.balancing.speech import Speech
from holybalance.balancing.verdict import CONSEQUENCES, Bench, Blame, Consequence
from holybalance.config import ANY_MODEL, BreakerConfig, EndpointConfig, Price
from holybalance.messages import (
    EndpointCheck,
    Fault,
    Outcome,
    Usage,
    Verdict,
)
from holybalance.telemetry.metrics import Tally
from holybalance.wire.faults import WireError
from holybalance.wire.formats import WireFormat
from holybalance.wire.transport import Transport

# A server without a list of models: no such path, or no such method.
_NO_VERSION = (
    "nothing is found there: a base_url has the version of the API in it, as in "
    "https://host/v1"
)
_LISTS_NOTHING = frozenset({404, 405, 501})
# Nothing reached the upstream, so nothing was used up there.
_UNSENT = UNSENT - {Fault.BROKEN}
# This machine's trouble, and refusals after which a bench keeps calls away anyhow.
_SAYS_NOTHING_OF_LATENCY = frozenset(
    verdict
    for verdict, consequence in CONSEQUENCES.items()
    if consequence.bench is not Bench.NO
) | {Verdict.LOCAL}
# After these it may rest, which concerns other processes, too.
_MAY_REST = frozenset(
    verdict
    for verdict, consequence in CONSEQUENCES.items()
    if consequence.bench is not Bench.NO or consequence.blame is Blame.FAILURE
)
# When silence up to the caller's deadline counts against an endpoint: after so many
# times its usual latency, but not before so many seconds; or, where nothing is usual
# yet, after so many seconds.
HANG_FACTOR = 3.0
LEAST_PATIENCE_S = 1.0
UNSEEN_PATIENCE_S = 30.0


class Endpoint:
    """
    Admits calls or refuses them, without I/O, and learns from how they end.

    Safe from any thread.
    """

    def __init__(
        self,
        config: EndpointConfig,
        breaker: BreakerConfig,
        transport: Transport,
        wire: WireFormat,
        runtime: Runtime,
        *,
        drops: bool = False,
    ) -> None:
        self.config = config
        self.name = config.name
        self.weight = config.weight
        self.speech = Speech(config, wire, drops=drops)
        self.transport = transport
        self.in_flight = 0
        self.fastest_s: float | None = None
        self._clock = runtime.clock
        # Guards everything below, and writes of `in_flight` and `fastest_s`. Never
        # held across I/O, logging or callbacks.
        self._lock = threading.Lock()
        self._breaker = Breaker(breaker)
        self.sharing = Sharing(config, self._lock, runtime)
        make_bucket = self.sharing.make_bucket
        self._limits = Limits(
            config.rpm, config.tpm, runtime.clock(), runtime.rng, make_bucket
        )
        self.sharing.begin(self._limits, self._breaker)
        self._ask_soon = runtime.ask_soon
        self._latency = PeakEwma()
        self._first_token = PeakEwma()
        self._last_success_at = -math.inf
        self._tally = Tally()
        # The last failure that was put down to it, for people.
        self.last_failure = ""
        self._on_room: Callable[[Endpoint], None] = lambda endpoint: None

    def __repr__(self) -> str:
        return (
            f"<Endpoint {self.name} {self._breaker.state} "
            f"in_flight={self.in_flight}/{self.config.max_in_flight}>"
        )

    # What policies look at; reads without the lock may be a call behind.

    def warmth(self) -> float:
        """From 0.1 to 1 in slow start, else 1."""
        return self._breaker.warmth(self._clock())

    def latency_s(self) -> float | None:
        """The peak EWMA in seconds, `None` before the first answer."""
        return self._latency.value(self._clock())

    def first_token_s(self) -> float | None:
        """The same for the first tokens of streams."""
        return self._first_token.value(self._clock())

    def price(self, model: str) -> Price | None:
        """What a model costs here, `None` when unknown."""
        return self.config.prices.get(model)

    @property
    def circuit(self) -> str:
        """The breaker's state: closed, open or half-open."""
        return self._breaker.state

    def is_full(self) -> bool:
        """Tell whether all slots are taken."""
        return self.in_flight >= self.config.max_in_flight

    def is_open_for(self, model: str) -> bool:
        """Guess whether it takes a model's calls, if only when it has room."""
        return self._breaker.state == CLOSED and self._limits.is_rested(
            model, self._clock()
        )

    def now(self) -> float:
        """Read the clock that all of the endpoint's times are of."""
        return self._clock()

    # A call, from beginning to end.

    def admit(self, lease: Lease, *, as_probe: bool = False) -> Refused | None:
        """
        Give a lease its slot, or say why not; `Lease.take` calls it.

        Args:
            as_probe: take the open circuit's one try a second instead.
        """
        ask = lease.ask
        with self._lock:
            now = self._clock()
            if self.in_flight >= self.config.max_in_flight:
                return Refused(self, Refusal.FULL, None)
            limited = self._limits.refusal(ask.model, ask.tokens, now)
            if limited is not None:
                return Refused(self, *limited)
            admit = self._breaker.admit_probe if as_probe else self._breaker.admit
            lease.permit = admit(now)
            if lease.permit is None:
                return self._refused_by_breaker(now)
            # One statement: an interruption must find both done or neither.
            lease.is_held, self.in_flight = True, self.in_flight + 1
            lease.started = now
            self._limits.reserve(ask.tokens, now)
        return None

    def note_opened(self, lease: Lease, told: Outcome) -> None:
        """
        Take what a stream tells by its head and first token; its end may be far.

        Args:
            told: what is known of it so far.
        """
        with self._lock:
            now = self._clock()
            lease.permit = self._breaker.note_sound(lease.permit, now)
            self._last_success_at = now
            self._limits.note_success(lease.ask.model, lease.started, now)
            if told.rate_limits is not None:
                self._limits.observe(lease.ask.model, told.rate_limits, now)
            if told.first_token_s is not None:
                self._first_token.observe(told.first_token_s - told.connect_s, now)
        self._on_room(self)

    def might_admit(self, model: str) -> bool:
        """Guess whether a lease would be given now, without taking one."""
        with self._lock:
            now = self._clock()
            return (
                self.in_flight < self.config.max_in_flight
                and self._limits.refusal(model, 0, now) is None
                and self._breaker.would_admit(now)
            )

    def settle(self, lease: Lease, ended: Ended) -> None:
        """Take what came of a lease, and free its slot; `Lease` calls it once."""
        outcome, verdict, now = ended.outcome, ended.verdict, ended.at
        with self._lock:
            if not lease.is_held:
                return
            blame = self._blame_of(lease, ended)
            self._breaker.record(lease.permit, blame, now)
            if blame is Blame.FAILURE:
                self.last_failure = _failure(ended)
            lease.is_held, self.in_flight = False, self.in_flight - 1
            self._settle_limits(lease, outcome, CONSEQUENCES[verdict], now)
            self._note_latency(lease, ended)
            self._count(lease, ended)
            if verdict is Verdict.OK:
                self._limits.note_success(lease.ask.model, lease.started, now)
            if verdict is Verdict.OK or outcome.usage is not None:
                self._tally.note_usage(outcome.usage, ended.cost_usd)
        if verdict in _MAY_REST and self._ask_soon is not None:
            self._ask_soon()  # others should know at once
        self._on_room(self)

    def abandon(self, lease: Lease) -> None:
        """Free the slot of a lease that ended without an outcome."""
        with self._lock:
            if not lease.is_held:
                return
            now = self._clock()
            self._breaker.record(lease.permit, Blame.NONE, now)
            lease.is_held, self.in_flight = False, self.in_flight - 1
            self._limits.release(lease.ask.tokens, now)
        self._on_room(self)

    # Around the calls.

    def check(self, until: float) -> EndpointCheck:
        """Ask for the list of models, apart from all calls; costs no tokens."""
        started = self._clock()
        path = self.speech.wire.MODELS_PATH
        try:
            headers = self.speech.headers_with()
            response = self.transport.exchange("GET", path, b"", until, headers)
        except WireError as error:
            outcome = Outcome(fault=error.fault, message=error.message)
            listed = None
        else:
            outcome = self.speech.read(response)
            listed = self.speech.wire.decode_models(response)
        return EndpointCheck(
            name=self.name,
            base_url=self.config.base_url,
            status=outcome.status,
            latency_s=self._clock() - started,
            **self._checked(outcome, listed),
        )

    def on_room(self, listener: Callable[[Endpoint], None]) -> None:
        """Have a listener called, without the lock, whenever a lease has ended."""
        self._on_room = listener
        self.sharing.on_room = lambda: listener(self)

    def restore(self) -> None:
        """End a bench and all cool-downs; the circuit is left to its trials."""
        with self._lock:
            self._limits.restore(self._clock())
        self._on_room(self)

    def next_probe_at(self) -> float:
        """Say when a lease as a probe would be given, as far as the circuit goes."""
        with self._lock:
            return self._breaker.next_probe_at(self._clock())

    def tally(self) -> Tally:
        """Give a copy of the counts."""
        copy = Tally()
        with self._lock:
            copy.merge(self._tally)
        return copy

    def state(self) -> dict[str, Any]:
        """Give what `metrics` shows of this endpoint besides its counts."""
        with self._lock:
            left = self._limits.cool_down_left(self._clock())
            return {
                "in_flight": self.in_flight,
                "breaker": self._breaker.state,
                "cool_down_s": left if math.isfinite(left) else None,
                "idle_connections": self.transport.idle_connections(),
                "stale_connections": self.transport.stale_connections,
            }

    def _checked(
        self, outcome: Outcome, listed: frozenset[str] | None
    ) -> dict[str, Any]:
        if listed is None:
            # Not every compatible server lists its models; that one answers at all
            # and does not mind the key is as much as can be known.
            is_ok = outcome.status in _LISTS_NOTHING
            message = "it does not list its models" if is_ok else outcome.message
            if is_ok and not urlsplit(self.config.base_url).path:
                is_ok, message = False, _NO_VERSION
            return {"is_ok": is_ok, "message": message}
        wanted = dict.fromkeys(self.config.models.values())
        missing = tuple(m for m in wanted if m != ANY_MODEL and m not in listed)
        message = f"it does not list {', '.join(missing)}" if missing else ""
        return {"is_ok": True, "message": message, "missing": missing}

    def _refused_by_breaker(self, now: float) -> Refused:
        if self._breaker.state == HALF_OPEN:
            return Refused(self, Refusal.TRIALS, None)
        return Refused(self, Refusal.OPEN, self._breaker.half_opens_at(now))

    def _settle_limits(
        self, lease: Lease, outcome: Outcome, consequence: Consequence, now: float
    ) -> None:
        ask, limits = lease.ask, self._limits
        if outcome.fault in _UNSENT:
            limits.release(ask.tokens, now)
        else:
            limits.settle(ask.tokens, _used(outcome.usage), now)
        if outcome.rate_limits is not None:
            limits.observe(ask.model, outcome.rate_limits, now)
        bench = consequence.bench
        if bench is Bench.QUOTA:
            limits.bench_for_quota(now)
        elif bench is Bench.KEY:
            limits.bench_for_denial(lease.started, now)
        elif bench is Bench.MODEL:
            limits.bench_model(ask.model, now)
        elif bench is Bench.COOL_DOWN or _asks_for_rest(outcome, consequence):
            limits.cool_down(ask.model, outcome.retry_after_s, now)

    def _blame_of(self, lease: Lease, ended: Ended) -> Blame:
        """
        Say what a verdict means for the circuit, silence included.

        A caller's deadline blames nobody. But an endpoint that was silent for three
        times what it usually takes, with nothing else answered meanwhile, is taken to
        hang: without that, its tier would never fail over.
        """
        if ended.verdict is not Verdict.LATE:
            return CONSEQUENCES[ended.verdict].blame
        if (
            ended.outcome.first_token_s is not None
            or ended.outcome.fault is Fault.CONNECTING
        ):
            return Blame.NONE
        is_stream = lease.ask.request.is_stream
        times = self._tally.first_token if is_stream else self._tally.latency
        usual = times.average_s()
        patience = UNSEEN_PATIENCE_S if usual is None else HANG_FACTOR * usual
        silent_s = ended.at - lease.started
        is_hanging = silent_s >= max(LEAST_PATIENCE_S, patience)
        has_answered = self._last_success_at > lease.started
        return Blame.FAILURE if is_hanging and not has_answered else Blame.NONE

    def _count(self, lease: Lease, ended: Ended) -> None:
        ask, verdict = lease.ask, ended.verdict
        if ask.request.is_stream:
            first_token_s = ended.outcome.first_token_s
            self._tally.note_stream(verdict, first_token_s, ask.is_retry)
        else:
            self._tally.note_attempt(verdict, ended.at - lease.started, ask.is_retry)

    def _note_latency(self, lease: Lease, ended: Ended) -> None:
        now, outcome = ended.at, ended.outcome
        took = now - lease.started - outcome.connect_s
        if lease.ask.request.is_stream:
            self._note_first_token(ended, took)
        elif ended.verdict is Verdict.OK:
            self._last_success_at = now
            self._latency.observe(took, now)
            if self.fastest_s is None or took < self.fastest_s:
                self.fastest_s = took
        elif ended.verdict not in _SAYS_NOTHING_OF_LATENCY:
            # It was no answer, so it must not make the endpoint look fast: one that
            # rejects everything at once would draw all calls.
            self._latency.observe_failure(took, now)

    def _note_first_token(self, ended: Ended, took: float) -> None:
        # One that has a token has told of itself when it came; see `note_opened`.
        is_sound = ended.verdict is Verdict.OK
        has_told = is_sound or ended.outcome.first_token_s is not None
        if not has_told and ended.verdict not in _SAYS_NOTHING_OF_LATENCY:
            self._first_token.observe_failure(took, ended.at)


def _failure(ended: Ended) -> str:
    status = "" if ended.outcome.status is None else f" {ended.outcome.status}"
    return f"{ended.verdict.value}{status}: {ended.outcome.message}"


def _asks_for_rest(outcome: Outcome, consequence: Consequence) -> bool:
    """Tell whether a failing endpoint, not a request at fault, wants to be let be."""
    return consequence.blame is Blame.FAILURE and outcome.retry_after_s is not None


def _used(usage: Usage | None) -> int | None:
    return None if usage is None else usage.total_tokens
