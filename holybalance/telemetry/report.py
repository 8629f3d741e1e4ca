"""Owns how counts of several endpoints and processes become one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from holybalance.telemetry.metrics import Tally
from holybalance.telemetry.models import ModelReport

# From the best state to the worst. A pool is as well as its best endpoint; an endpoint
# is as ill as the process that thinks worst of it.
_BREAKER_STATES = ("closed", "half-open", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """
    One endpoint's counts, and its state at that moment.

    Args:
        state: `in_flight`, `breaker`, `cool_down_s` and the like; see `_MERGE_STATE`.
    """

    tally: Tally
    state: Mapping[str, Any]

    def snapshot(self) -> dict[str, Any]:
        """Give counts and state as plain values."""
        return {**self.tally.snapshot(), **self.state}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What one process, or all of them together, have come to.

    Args:
        calls: whole calls, however many attempts each took.
        endpoints: by name; their counts are of attempts.
        queued: calls that wait for a thread or for room at an endpoint.
        models: what has been learned of each that has replied.
        budgets: each one's figures, as far as the process knows; see `Ledger.report`.
        state: how it stands with the store that processes share, if there is one.
    """

    calls: Tally
    endpoints: Mapping[str, EndpointReport]
    queued: int
    models: Mapping[str, ModelReport] = field(default_factory=dict)
    budgets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    state: Mapping[str, Any] | None = None

    @classmethod
    def merged(cls, reports: Iterable[Report]) -> Report:
        """Add reports up; the reports themselves stay as they are."""
        calls, queued = Tally(), 0
        endpoints: dict[str, list[EndpointReport]] = {}
        models: dict[str, list[ModelReport]] = {}
        reports = tuple(reports)
        for report in reports:
            calls.merge(report.calls)
            queued += report.queued
            for name, endpoint in report.endpoints.items():
                endpoints.setdefault(name, []).append(endpoint)
            for name, model in report.models.items():
                models.setdefault(name, []).append(model)
        return cls(
            calls=calls,
            endpoints={name: _merged(each) for name, each in endpoints.items()},
            queued=queued,
            models={name: ModelReport.merged(each) for name, each in models.items()},
            budgets=_latest_budgets(reports),
            state=_worst_state(reports),
        )

    @classmethod
    def blank(cls, endpoints: Iterable[str]) -> Report:
        """Make the report of a process that has done nothing yet."""
        at_rest = EndpointReport(tally=Tally(), state=_AT_REST)
        return cls(calls=Tally(), endpoints=dict.fromkeys(endpoints, at_rest), queued=0)

    def at_rest(self) -> Report:
        """Keep the counts, but not the states, of a process that is no more."""
        endpoints = {
            name: replace(endpoint, state=_AT_REST)
            for name, endpoint in self.endpoints.items()
        }
        return replace(self, endpoints=endpoints, queued=0, state=None)

    def snapshot(self) -> dict[str, Any]:
        """Give all of it as plain values, in the shape of `Client.metrics`."""
        whole = Tally()
        for endpoint in self.endpoints.values():
            whole.merge(endpoint.tally)
        whole.replace_calls(self.calls)
        states = [endpoint.state for endpoint in self.endpoints.values()]
        waits = [s["cool_down_s"] for s in states if s["cool_down_s"] is not None]
        breakers = [state["breaker"] for state in states]
        return {
            **whole.snapshot(),
            "in_flight": sum(state["in_flight"] for state in states),
            "queued": self.queued,
            "breaker": min(breakers, key=_BREAKER_STATES.index, default="closed"),
            "cool_down_s": min(waits, default=None),
            "endpoints": {
                name: endpoint.snapshot() for name, endpoint in self.endpoints.items()
            },
            "models": {name: asdict(model) for name, model in self.models.items()},
            "budgets": {name: dict(budget) for name, budget in self.budgets.items()},
            "state": None if self.state is None else dict(self.state),
        }


def _merged(reports: list[EndpointReport]) -> EndpointReport:
    tally = Tally()
    for report in reports:
        tally.merge(report.tally)
    state = {
        key: merge([report.state[key] for report in reports])
        for key, merge in _MERGE_STATE.items()
    }
    return EndpointReport(tally=tally, state=state)


def _latest_budgets(reports: Sequence[Report]) -> dict[str, Mapping[str, Any]]:
    """Take each budget from whoever knows of the most: what is spent only grows."""
    latest: dict[str, Mapping[str, Any]] = {}
    for report in reports:
        for name, budget in report.budgets.items():
            known = latest.get(name)
            # Of equals the later: what a worker held that is no more is not held now.
            if known is None or _age(budget) >= _age(known):
                latest[name] = budget
    return latest


def _age(budget: Mapping[str, Any]) -> tuple[str, float]:
    spent = budget["spent_usd"]
    return budget["opens_at"] or "", -1.0 if spent is None else spent


def _worst_state(reports: Sequence[Report]) -> Mapping[str, Any] | None:
    """Take the state from a process that cannot reach it, if there is one."""
    states = [report.state for report in reports if report.state is not None]
    return min(states, key=lambda state: state["is_up"], default=None)


def _worst(breakers: list[str]) -> str:
    return max(breakers, key=_BREAKER_STATES.index)


def _longest(waits: list[float | None]) -> float | None:
    # `None` is a bench that does not end by itself.
    known = [wait for wait in waits if wait is not None]
    return max(known) if len(known) == len(waits) else None


_AT_REST: Mapping[str, Any] = {
    "in_flight": 0,
    "breaker": "closed",
    "cool_down_s": 0.0,
    "idle_connections": 0,
    "stale_connections": 0,
    "queued": 0,
}
_MERGE_STATE: dict[str, Callable[[list[Any]], Any]] = {
    "in_flight": sum,
    "breaker": _worst,
    "cool_down_s": _longest,
    "idle_connections": sum,
    "stale_connections": sum,
    "queued": sum,
}
