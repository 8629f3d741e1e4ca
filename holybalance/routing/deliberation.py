"""Owns one decision: an offer's models go through the filters into an order."""

from __future__ import annotations

import functools
import random
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from holybalance import tokens
from holybalance.config.card import TASKS
from holybalance.config.routing import Condition
from holybalance.errors import LocalError
from holybalance.messages import ChatRequest, Verdict
from holybalance.routing.candidates import Candidate
from holybalance.routing.demand import Demand, demand_of
from holybalance.routing.filters import Filters, Fit, Obstacle
from holybalance.routing.learned import MOST_TOKENS_PER_CHARACTER
from holybalance.routing.offers import Offer
from holybalance.routing.plan import Funds, Live
from holybalance.routing.retirement import Calendar
from holybalance.routing.strategies import Question, put_available_first, rank
from holybalance.routing.tasks import Classified, Classifier

CALLER = "the caller"


class Surroundings(NamedTuple):
    """What all decisions of a router go by."""

    live: Callable[[str], Live]
    funds: Funds
    calendar: Calendar
    classifier: Classifier
    rng: random.Random
    clock: Callable[[], float]


class Ruling(NamedTuple):
    """A decision, not yet in words."""

    requested: str
    decided_by: str
    strategy: str | None
    classified: Classified | None
    demand: Demand
    ranked: list[Fit]
    rejected: dict[str, Obstacle]


class Deliberation:
    """Decides on one call."""

    def __init__(self, request: ChatRequest, around: Surroundings) -> None:
        self._request = request
        self._around = around
        self._demand = demand_of(request)
        self._classified: Classified | None = None
        self._rejected: dict[str, Obstacle] = {}

    @functools.cached_property
    def _filters(self) -> Filters:
        calendar, funds = self._around.calendar, self._around.funds
        return Filters(
            self._request,
            self._demand,
            calendar if calendar.matters() else None,
            None if funds.is_empty else funds,
            self._around.clock(),
        )

    def kind(self, offer: Offer) -> Hashable:
        """
        Tell what a decision on an offer depends on, but for the moment.

        Lengths that differ by less than an eighth are alike, unless a route's bound or
        the end of a model's window is between them. What a call may cost is held
        against each length, so of those with a `max_cost_usd` no two are alike.
        """
        request, (size, needs, bound, answers) = self._request, self._demand
        count = size.input_tokens(tokens.CHARACTERS_PER_TOKEN)
        bits = count.bit_length()
        # Without a call and without a division: nearly all are short for all windows.
        most = size.overhead + size.characters * MOST_TOKENS_PER_CHARACTER
        return (
            request.model,
            self._task() if offer.asks_for_task else None,
            bits,
            count >> (bits - 4) if bits > 4 else count,
            bisect_right(offer.bounds, count) if offer.bounds else 0,
            self._fitting(offer) if most + (bound or 0) > offer.least_window else (),
            needs,
            bound,
            answers,
            request.tags,
            request.max_latency_s,
        )

    def _fitting(self, offer: Offer) -> tuple[bool, ...]:
        """Tell whose windows the call fits into."""
        size, answer = self._demand.size, self._demand.answer
        return tuple(
            size.input_tokens(one.record.characters_per_token) + answer <= one.window
            for one in offer.windowed
            if one.window is not None
        )

    def on(self, candidate: Candidate) -> Ruling:
        """Decide whether the one model that the caller named may take the call."""
        fit = self._filters.fit(candidate)
        # A name that nobody serves is the balancer's to explain.
        obstacle = self._filters.excess(fit) if candidate.is_served else None
        if obstacle is not None:
            self._rejected[candidate.model] = obstacle
            return self._ruling(CALLER, None, [])
        fit.live = self._around.live(candidate.model)
        return self._ruling(CALLER, None, [fit])

    def among(self, offer: Offer) -> Ruling:
        """Decide which models of an offer take the call, and in which order."""
        funds = self._around.funds
        budget = None if funds.is_empty else funds.economy(self._request.tags)
        if budget is not None:
            return self._cheapest(offer, f'budget "{budget}", which is nearly gone')
        for route in offer.routes:
            if self._holds(route.when):
                ranked = self._ranked(route.offer)
                if ranked:
                    return self._ruling(
                        route.offer.decided_by, route.offer.strategy, ranked
                    )
        return self._ruling(offer.decided_by, offer.strategy, self._ranked(offer))

    def _cheapest(self, offer: Offer, decided_by: str) -> Ruling:
        fits = self._passing(offer.targets + offer.fallbacks)
        rank("cheapest", fits, Question("", {}, self._around.rng))
        put_available_first(fits)
        return self._ruling(decided_by, "cheapest", fits)

    def _ranked(self, offer: Offer) -> list[Fit]:
        fits = self._passing(offer.targets)
        if fits and offer.strategy is not None:
            # Any will do where all are as good at each.
            task = self._task() if offer.weighs_task else "general"
            question = Question(task, offer.weights, self._around.rng)
            rank(offer.strategy, fits, question)
        if offer.fallbacks:
            fits += self._passing(offer.fallbacks)
        put_available_first(fits)
        return fits

    def _passing(self, candidates: Iterable[Candidate]) -> list[Fit]:
        filters, live, fits = self._filters, self._around.live, []
        for candidate in candidates:
            fit = filters.fit(candidate)
            obstacle = filters.obstacle(fit)
            if obstacle is None:
                fit.live = live(candidate.model)
                fits.append(fit)
            else:
                self._rejected[candidate.model] = obstacle
        return fits

    def _holds(self, when: Condition) -> bool:
        request, demand = self._request, self._demand
        count = demand.size.input_tokens(tokens.CHARACTERS_PER_TOKEN)
        least, most = when.min_input_tokens, when.max_input_tokens
        return (
            (not when.tags or any(tag in when.tags for tag in request.tags))
            and when.needs <= demand.needs
            and (least is None or count >= least)
            and (most is None or count <= most)
            and (not when.tasks or self._task() in when.tasks)
        )

    def _task(self) -> str:
        if self._classified is None:
            self._classified = classified(self._around.classifier, self._request)
        return self._classified.task

    def _ruling(
        self, decided_by: str, strategy: str | None, ranked: list[Fit]
    ) -> Ruling:
        return Ruling(
            self._request.model,
            decided_by,
            strategy,
            self._classified,
            self._demand,
            ranked,
            self._rejected,
        )


def classified(classifier: Classifier, request: ChatRequest) -> Classified:
    """
    Ask a classifier what a prompt is about.

    Raises:
        LocalError: it failed, or gave no task.
    """
    name = getattr(classifier, "__qualname__", type(classifier).__qualname__)
    try:
        given = classifier(request.messages)
        task = given if isinstance(given, str) else given.task
    except Exception as error:
        message = f"the classifier {name} failed: {error!r}"
        raise LocalError(message, verdict=Verdict.LOCAL) from error
    if task not in TASKS:
        message = f"the classifier {name} gave {task!r}, not one of {', '.join(TASKS)}"
        raise LocalError(message, verdict=Verdict.LOCAL)
    return Classified(task, (), {}) if isinstance(given, str) else given
