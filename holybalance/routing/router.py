"""Owns which models a call goes to; of endpoints and money it knows what they tell."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable

from holybalance.config import Config
from holybalance.config.routing import AUTO
from holybalance.errors import RequestError
from holybalance.messages import ChatRequest, Decision, EmbedRequest, Reply
from holybalance.routing.candidates import (
    Candidate,
    endpoints_of,
    make_candidate,
    make_candidates,
)
from holybalance.routing.deliberation import Deliberation, Ruling, Surroundings
from holybalance.routing.embedding import unfit_for_embedding
from holybalance.routing.learned import Learned, Record
from holybalance.routing.offers import Offer, make_offers
from holybalance.routing.plan import Funds, Live, Plan
from holybalance.routing.recent import Recent
from holybalance.routing.retirement import Calendar
from holybalance.routing.tasks import Remembering, classify
from holybalance.routing.wording import describe, nothing_left
from holybalance.telemetry.models import ModelReport

__all__ = ["Live", "Plan", "Router"]

# Names that only an endpoint of any name can serve: so many are kept ready.
_MOST_OTHERS = 1_000


class Router:
    """
    Makes plans; safe from any thread of one process.

    Args:
        live: what a model's endpoints are like at this moment.
        funds: what budgets say.
        today: the date in UTC.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        config: Config,
        live: Callable[[str], Live],
        funds: Funds,
        *,
        rng: random.Random,
        today: Callable[[], dt.date],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._funds = funds
        self._learned = Learned(clock)
        self._candidates = make_candidates(config, self._learned)
        self._most = len(self._candidates) + _MOST_OTHERS
        self._offers = make_offers(config, self._candidates)
        self._recent = Recent(clock)
        self._calendar = Calendar(config, today, clock)
        self._around = Surroundings(
            live,
            funds,
            self._calendar,
            # A user's own may go by more than the prompt.
            config.defaults.classifier or Remembering(classify),
            rng,
            clock,
        )

    def plan(self, request: ChatRequest, *, is_again: bool = False) -> Plan:
        """
        Say to which models a call goes, in the order in which they are tried.

        Calls that are alike share a plan for a moment, unless its first model is on
        trial: one call is enough to learn of that. Whether there is money for a
        model that the caller has named is left to whoever holds it.

        Warns once of each model that somebody has named, or that a call would go to
        first, and that has ended or will within 30 days.

        Args:
            is_again: the last plan has not worked, so it is not to be given again.

        Raises:
            RequestError: no model fits the call.
            BudgetExceeded: one would, but for the budgets.
            LocalError: the user's classifier failed.
        """
        offer = self._offers.get(request.model)
        if offer is None:
            return self._plan_of_one(request)
        deliberation = self._about(request)
        if offer.is_drawn or request.max_cost_usd is not None:
            return self._plan_among(request, self._choose(deliberation, offer))
        kind = deliberation.kind(offer)
        plan = None if is_again else self._recent.get(kind)
        if plan is None:
            ruling = self._choose(deliberation, offer)
            plan = self._plan_among(request, ruling)
            if not ruling.ranked[0].is_doubtful:
                self._recent.put(kind, plan)
        return plan

    def plan_embeddings(self, request: EmbedRequest) -> Plan:
        """
        Say to which model a call for embeddings goes: the one that it names.

        Raises:
            RequestError: the name stands for several, whose vectors do not compare, or
                for one that makes none.
        """
        unfit = unfit_for_embedding(self._config, request.model)
        if unfit is not None:
            raise RequestError(unfit.why, code=unfit.code)
        alias = self._config.aliases.get(request.model)
        return Plan((request.model,) if alias is None else alias.models, (None,))

    def is_choice(self, model: str) -> bool:
        """Tell whether a name leaves a choice: an alias, or "auto"."""
        return model in self._offers

    def explain(self, request: ChatRequest) -> Decision:
        """
        Say where a call would go, and why; no choices where nothing is left.

        Raises:
            RequestError: nothing is listed that "auto" could choose from, or `live`
                knows no such model.
            LocalError: the user's classifier failed.
        """
        offer, deliberation = self._offers.get(request.model), self._about(request)
        if offer is not None:
            ruling = self._choose(deliberation, offer)
        else:
            ruling = deliberation.on(self._heir_or(request.model))
        ranked = ruling.ranked
        model = ranked[0].candidate.model if ranked else request.model
        lines = self._funds.lines(request.tags, model)
        return describe(ruling, self._calendar, lines)

    def learn(self, request: ChatRequest, reply: Reply) -> None:
        """Take in what a reply tells of its model."""
        self._learned.learn(request, reply)

    def report(self) -> dict[str, ModelReport]:
        """Tell what has been learned of each model that has replied."""
        return self._learned.report()

    def obituary(self, model: str) -> str | None:
        """Tell that a model was retired, and what replaces it; `None` if it was not."""
        return self._calendar.obituary(model)

    def _plan_of_one(self, request: ChatRequest) -> Plan:
        candidate = self._candidates.get(request.model) or self._other(request.model)
        if self._calendar.is_near(request.model):
            candidate = self._heir_or(request.model)
            self._warn_of_named(request.model, candidate.model)
        if request.max_cost_usd is None and request.max_latency_s is None:
            return candidate.plan
        self._send_first(self._about(request).on(candidate))
        return candidate.plan

    def _plan_among(self, request: ChatRequest, ruling: Ruling) -> Plan:
        self._send_first(ruling)
        candidates = [one.candidate for one in ruling.ranked]
        if self._calendar.matters():
            self._warn_of_offered(request.model, candidates[0].model)
        return Plan(
            tuple([candidate.model for candidate in candidates]),
            tuple([candidate.window for candidate in candidates]),
        )

    def _send_first(self, ruling: Ruling) -> None:
        """Note that a call goes to the first model, or raise when there is none."""
        if not ruling.ranked:
            raise nothing_left(ruling)
        first = ruling.ranked[0]
        if first.is_doubtful:
            first.candidate.record.note_trial(self._around.clock())

    def _about(self, request: ChatRequest) -> Deliberation:
        return Deliberation(request, self._around)

    def _choose(self, deliberation: Deliberation, offer: Offer) -> Ruling:
        """Decide among the models that an alias or "auto" offers."""
        ruling = deliberation.among(offer)
        if not ruling.ranked and not ruling.rejected:
            raise RequestError(
                f'no model is listed that "{AUTO}" could choose from: name models at'
                f" an endpoint, or in [models.{AUTO}]",
                code="no_model_fits",
            )
        return ruling

    def _other(self, model: str) -> Candidate:
        """Take a name that no endpoint lists."""
        if not endpoints_of(self._config, model):
            return make_candidate(self._config, Record(), model)
        candidate = make_candidate(self._config, self._learned.record(model), model)
        if len(self._candidates) < self._most:
            self._candidates[model] = candidate
        return candidate

    def _heir_or(self, model: str) -> Candidate:
        """Give the model, or its heir where it has ended and that is wanted."""
        wants_heir = self._config.defaults.on_retired == "successor"
        if wants_heir and self._calendar.is_retired(model):
            model = self._calendar.heir(model) or model
        return self._candidates.get(model) or self._other(model)

    def _warn_of_named(self, model: str, asked: str) -> None:
        advice = "name another in its place before then"
        if asked != model:
            advice = f'its calls go to {asked} (on_retired = "successor")'
        elif self._calendar.is_retired(model):
            advice = "it is asked for all the same"
        self._calendar.warn(model, advice)

    def _warn_of_offered(self, offer: str, first: str) -> None:
        alias = self._config.aliases.get(offer)
        # Nobody has named the others of "auto", and it will do without them.
        for model in (first,) if alias is None else alias.models:
            if self._calendar.is_near(model):
                is_over = self._calendar.is_retired(model)
                left_out = "it is left out" + ("" if is_over else " from then on")
                self._calendar.warn(model, left_out)
