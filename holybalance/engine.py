"""Owns what a client has once in each process: endpoints, threads, counts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from holybalance.balancing.assembly import make_endpoints
from holybalance.balancing.balancer import Balancer
from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.runtime import Runtime
from holybalance.config import Config
from holybalance.errors import CallError, ConfigError
from holybalance.messages import ChatRequest, Reply, Verdict
from holybalance.prompts import make_request
from holybalance.telemetry.metrics import Tally
from holybalance.telemetry.report import EndpointReport, Report
from holybalance.workers import Workers


class Engine:
    """Makes calls and counts them; safe from any thread of one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        settings = config.defaults
        self._is_given_up = False
        self._is_drained = False
        self.runtime = Runtime(is_given_up=self.is_over)
        self.workers = Workers(
            settings.threads,
            settings.max_queued,
            waits=settings.when_saturated == "wait",
            clock=self.runtime.clock,
        )
        endpoints = make_endpoints(config, self.runtime, self.is_given_up)
        self.balancer = Balancer(endpoints, settings, self.runtime)
        # Guards `_calls`.
        self._lock = threading.Lock()
        self._calls = Tally()

    def call(
        self,
        request: ChatRequest,
        started: float | None = None,
        *,
        is_patient: bool = False,
    ) -> Reply:
        """Make a call and count it; see `Balancer.send`."""
        began = self.runtime.clock() if started is None else started
        verdict = Verdict.LOCAL
        try:
            reply = self.balancer.send(request, began, is_patient=is_patient)
            verdict = Verdict.OK
        except CallError as error:
            verdict = error.verdict
            raise
        finally:
            took = self.runtime.clock() - began
            with self._lock:
                self._calls.calls += 1
                self._calls.note_end(verdict, took)
        return reply

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
        with self._lock:
            calls = Tally()
            calls.merge(self._calls)
        return Report(
            calls=calls,
            endpoints={e.name: self._report_of(e) for e in self.balancer.endpoints},
            queued=self.workers.queued() + self.balancer.queued(),
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

    def _report_of(self, endpoint: Endpoint) -> EndpointReport:
        queued = self.balancer.queued(endpoint)
        state = {**endpoint.state(), "queued": queued}
        return EndpointReport(tally=endpoint.tally(), state=state)
