"""Owns who can serve a model: its endpoints by tier, its retry budget, its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.hedging import Hedges
from holybalance.balancing.line import Line
from holybalance.balancing.retry_budget import RetryBudget
from holybalance.balancing.runtime import Runtime
from holybalance.config import Defaults
from holybalance.config.schema import ANY_MODEL
from holybalance.config.wording import likely
from holybalance.errors import RequestError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """
    The endpoints that serve one model.

    Args:
        endpoints: in the order of their tiers.
        tiers: by priority, the first to be preferred.
        line: where calls wait for room.
        patient_line: where patient calls do, so that no other waits behind a batch
            that waits out an outage.
    """

    endpoints: tuple[Endpoint, ...]
    tiers: tuple[tuple[Endpoint, ...], ...]
    budget: RetryBudget
    hedges: Hedges
    line: Line
    patient_line: Line

    @property
    def lines(self) -> tuple[Line, Line]:
        """Both lines."""
        return self.line, self.patient_line


class Pools:
    """Finds a model's pool; names that no endpoint lists go to those that take any."""

    def __init__(
        self, endpoints: Sequence[Endpoint], settings: Defaults, runtime: Runtime
    ) -> None:
        self.busy_lines: set[Line] = set()
        self._retry_budget = settings.retry_budget
        self._hedge_budget = settings.hedge_budget if settings.hedge else 0.0
        self._runtime = runtime
        takers = [e for e in endpoints if ANY_MODEL in e.config.models]
        names = dict.fromkeys(
            name for e in endpoints for name in e.config.models if name != ANY_MODEL
        )
        self._by_model = {
            name: self._make(
                e for e in endpoints if name in e.config.models or e in takers
            )
            for name in names
        }
        self._of_any = self._make(takers) if takers else None
        self._by_endpoint = {
            e.name: [pool for pool in self.all() if e in pool.endpoints]
            for e in endpoints
        }

    def all(self) -> list[Pool]:
        """List every pool once."""
        others = [] if self._of_any is None else [self._of_any]
        return [*self._by_model.values(), *others]

    def of_model(self, model: str) -> Pool:
        """
        Find the pool of a model.

        Raises:
            RequestError: no endpoint serves it.
        """
        pool = self._by_model.get(model, self._of_any)
        if pool is None:
            raise RequestError(self._unknown(model), code="unknown_model")
        return pool

    def of_endpoint(self, endpoint: Endpoint) -> list[Pool]:
        """List the pools that an endpoint is in."""
        return self._by_endpoint[endpoint.name]

    def _make(self, endpoints: Iterable[Endpoint]) -> Pool:
        ordered = sorted(endpoints, key=lambda e: e.config.priority)
        priorities = sorted({e.config.priority for e in ordered})
        tiers = tuple(
            tuple(e for e in ordered if e.config.priority == priority)
            for priority in priorities
        )
        slots = max(e.config.max_in_flight for e in ordered)
        reserve = slots if self._retry_budget else 0
        clock = self._runtime.clock
        return Pool(
            endpoints=tuple(ordered),
            tiers=tiers,
            budget=RetryBudget(self._retry_budget, reserve, clock),
            hedges=Hedges(self._hedge_budget, clock),
            line=Line(self.busy_lines),
            patient_line=Line(self.busy_lines),
        )

    def _unknown(self, model: str) -> str:
        hint = likely(model, self._by_model, "models")
        return f'no endpoint serves the model "{model}"{hint}'
