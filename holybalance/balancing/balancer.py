"""Owns a call's walk: admit, exchange, judge, settle, and again if that may help."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holybalance.balancing.admission import Admission
from holybalance.balancing.attempts import Attempts
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.legs import Leg, Legs
from holybalance.balancing.pool import Pools
from holybalance.balancing.retry import Retries
from holybalance.balancing.runtime import GivenUp, Runtime
from holybalance.balancing.stream import Stream
from holybalance.balancing.streams import OpenStreams
from holybalance.balancing.trail import Trail
from holybalance.balancing.worst_case import WorstCase
from holybalance.config import Defaults
from holybalance.errors import CallError
from holybalance.messages import (
    ChatRequest,
    Embeddings,
    Reply,
    Request,
)


class Balancer:
    """
    Sends each call to an endpoint that can take it, and on to others when it fails.

    Safe from any thread; a call runs in the thread that makes it.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        settings: Defaults,
        worst: WorstCase,
        runtime: Runtime,
    ) -> None:
        self.endpoints = tuple(endpoints)
        self._streams = OpenStreams()
        self._clock = runtime.clock
        self.pools = Pools(endpoints, settings, runtime)
        self.admission = Admission(
            settings, worst, self.pools.busy_lines, runtime, self.sweep
        )
        self._attempts = Attempts(settings, self.admission, runtime)
        self._retries = Retries(settings, runtime)
        for endpoint in endpoints:
            endpoint.on_room(self._wake_lines)

    def send(
        self,
        request: Request,
        started: float | None = None,
        *,
        models: Sequence[str] = (),
        windows: Sequence[int | None] = (),
        is_patient: bool = False,
    ) -> Reply | Embeddings:
        """
        Make a call, and give its whole answer.

        Args:
            started: the instant of the clock at which the call's time began to run;
                `None` for now.
            models: those that it may go to, in their order; none for the request's own.
            windows: their context windows in tokens, `None` where unknown.
            is_patient: wait out an outage of all endpoints; see `Trail`.

        Raises:
            RequestError: the request is at fault.
            NoEndpoint: no endpoint may be called now.
            RetriesExhausted: attempts or retry budget ran out.
            DeadlineExceeded: the call's own timeout came first.
            Saturated: every endpoint is full or cooling down, for too long to wait.
            BudgetExceeded: a budget has no room for it.
            LocalError: this machine could not make the call.
            ClientClosed: the client was closed meanwhile.
        """
        began = self._clock() if started is None else started
        legs = self._legs(request, models or (request.model,), windows or (None,))
        trail = Trail(request, legs, began, is_patient=is_patient)
        self._run(self._attempts.make, trail)
        return trail.conclude()

    def open(
        self,
        request: ChatRequest,
        started: float | None = None,
        *,
        models: Sequence[str] = (),
        windows: Sequence[int | None] = (),
    ) -> Stream:
        """
        Make a call, and give its answer as a stream that has its first token.

        Takes and raises what `send` does. Until there is a token of it the call goes on
        to other endpoints as any other; after that, never.
        """
        began = self._clock() if started is None else started
        legs = self._legs(request, models or (request.model,), windows or (None,))
        trail = Trail(request, legs, began)
        try:
            self._run(self._attempts.begin_stream, trail)
            if trail.lease is None or trail.feed is None:
                raise trail.failure()
            stream = Stream(trail, trail.lease, trail.feed, self._streams)
            self._streams.add(stream)
            return stream
        except BaseException:
            trail.give_up()
            raise

    def load_of(self, model: str) -> tuple[float, bool]:
        """
        Say how it stands with a model, by a glance.

        Returns:
            The share of its endpoints' slots that are free, and whether any endpoint
            takes calls, if only when it has room.
        """
        endpoints = self.pools.of_model(model).endpoints
        slots = sum(endpoint.config.max_in_flight for endpoint in endpoints)
        taken = sum(endpoint.in_flight for endpoint in endpoints)
        is_open = any(endpoint.is_open_for(model) for endpoint in endpoints)
        return max(0.0, 1 - taken / slots), is_open

    def wake_all(self) -> None:
        """Let those who wait for room look again, wherever they stand."""
        for line in tuple(self.pools.busy_lines):
            line.wake()

    def has_line(self) -> bool:
        """Tell whether any call waits for room; much cheaper than counting them."""
        return bool(self.pools.busy_lines)

    def queued(self, endpoint: Endpoint | None = None) -> int:
        """Count the calls that wait for room, at one endpoint or anywhere."""
        if endpoint is None:
            return sum(map(len, tuple(self.pools.busy_lines)))
        pools = self.pools.of_endpoint(endpoint)
        return sum(len(line) for pool in pools for line in pool.lines)

    def _legs(
        self, request: Request, models: Sequence[str], windows: Sequence[int | None]
    ) -> Legs:
        def make(place: int) -> Leg:
            pool = self.pools.of_model(models[place])
            return Leg(request, models[place], pool, windows[place])

        return Legs(make, len(models))

    def _run(self, attempt: Callable[[Trail], None], trail: Trail) -> None:
        if self._streams:
            self.sweep()
        try:
            self._retries.run(attempt, trail)
        except GivenUp:
            raise trail.closed("while the call waited") from None
        except CallError as error:
            error.answer = trail.rejection()
            raise

    def sweep(self) -> None:
        """End streams that nobody refers to any more, and those out of time."""
        self._streams.sweep(self._clock())

    def _wake_lines(self, endpoint: Endpoint) -> None:
        busy = self.pools.busy_lines
        if busy:
            for pool in self.pools.of_endpoint(endpoint):
                for line in pool.lines:
                    if line in busy:
                        line.wake()
            for line in self.admission.money_lines.values():
                if line in busy:
                    line.wake()
