"""Owns why a model may not take a call; puts nothing into words."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

from holybalance.messages import ChatRequest
from holybalance.routing.candidates import Candidate
from holybalance.routing.demand import Demand, most_input_tokens
from holybalance.routing.plan import Funds, Live
from holybalance.routing.retirement import Calendar

_UNASKED = Live(0.0, is_open=False)


class Reason(enum.Enum):
    """Why a model may not take a call."""

    RETIRED = "retired"
    ABILITY = "ability"
    WINDOW = "window"
    OUTPUT = "output"
    PRICE = "price"
    COST = "cost"
    LATENCY = "latency"
    BUDGET = "budget"


class Obstacle(NamedTuple):
    """A reason, with what the call needs and what there is, of the reason's kind."""

    reason: Reason
    needed: Any
    there_is: Any


class Fit:
    """
    What a call is expected to be at a model; `None` where that is unknown.

    One decision makes it and fills it in: `live` for models that pass the filters,
    `score` for those that a strategy orders. `is_doubtful` is of the latency: no
    call has told of it lately.
    """

    # No named tuple: making one for each stage would take half of a decision's time.
    __slots__ = (
        "candidate",
        "cost_usd",
        "input_tokens",
        "is_doubtful",
        "latency_s",
        "live",
        "output_tokens",
        "score",
    )

    def __init__(
        self, candidate: Candidate, input_tokens: int, output_tokens: int, now: float
    ) -> None:
        self.candidate = candidate
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
        self.cost_usd = candidate.usual_usd(input_tokens, output_tokens)
        self.latency_s, self.is_doubtful = candidate.record.expected(now)
        self.live = _UNASKED
        self.score: float | None = None


class Filters:
    """
    Holds models against one call.

    Args:
        calendar: of retirements; `None` when no date is near or past.
        funds: of budgets; `None` when there are none.
        now: by a monotonic clock, in seconds.
    """

    __slots__ = ("_calendar", "_funds", "_most_input", "_now", "_request", "demand")

    def __init__(
        self,
        request: ChatRequest,
        demand: Demand,
        calendar: Calendar | None,
        funds: Funds | None,
        now: float,
    ) -> None:
        self._request = request
        self._calendar = calendar
        self._funds = funds
        self._now = now
        self._most_input: int | None = None
        self.demand = demand

    def fit(self, candidate: Candidate) -> Fit:
        """Estimate a call at a model."""
        size, _, bound, answers = self.demand
        record = candidate.record
        input_tokens = size.input_tokens(record.characters_per_token)
        usual = record.answer_tokens * answers
        output_tokens = usual if bound is None else bound
        return Fit(candidate, input_tokens, output_tokens, self._now)

    def obstacle(self, fit: Fit) -> Obstacle | None:
        """Give the first reason against a model; `None` when it may take the call."""
        calendar = self._calendar
        return (
            (calendar is not None and _end(fit.candidate, calendar))
            or _weakness(fit, self.demand)
            or self.excess(fit)
        )

    def excess(self, fit: Fit) -> Obstacle | None:
        """Give the first reason that holds against a forced choice as well."""
        request = self._request
        if request.max_cost_usd is not None:
            cost = fit.cost_usd
            if cost is None:
                return Obstacle(Reason.PRICE, request.max_cost_usd, None)
            if cost > request.max_cost_usd:
                return Obstacle(Reason.COST, request.max_cost_usd, cost)
        latency, longest = fit.latency_s, request.max_latency_s
        if longest is not None and latency is not None and latency > longest:
            return Obstacle(Reason.LATENCY, longest, latency)
        return None if self._funds is None else self._refusal(fit, self._funds)

    def _refusal(self, fit: Fit, funds: Funds) -> Obstacle | None:
        request, candidate = self._request, fit.candidate
        if self._most_input is None:
            self._most_input = most_input_tokens(request, self.demand.size)
        most_output = self.demand.bound
        if most_output is None and candidate.max_output is not None:
            most_output = candidate.max_output * self.demand.answers
        most_input = min(self._most_input, candidate.window or self._most_input)
        worst = candidate.worst_usd(most_input, most_output)
        error = funds.refusal(candidate.model, request.tags, worst)
        return None if error is None else Obstacle(Reason.BUDGET, worst, error)


def _end(candidate: Candidate, calendar: Calendar) -> Obstacle | None:
    if not calendar.is_retired(candidate.model):
        return None
    # Its words are left to whoever wants them: most calls do not.
    return Obstacle(Reason.RETIRED, candidate.model, calendar)


def _weakness(fit: Fit, demand: Demand) -> Obstacle | None:
    candidate, needs, answer = fit.candidate, demand.needs, demand.answer
    able = candidate.abilities
    if needs and able is not None and not needs <= able:
        return Obstacle(Reason.ABILITY, needs - able, able)
    window = candidate.window
    if window is not None and fit.input_tokens + answer > window:
        return Obstacle(Reason.WINDOW, (fit.input_tokens, answer), window)
    most = candidate.max_output
    if most is not None and answer > most:
        return Obstacle(Reason.OUTPUT, answer, most)
    return None
