"""Owns how decisions and their reasons are put into words; decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

from holybalance import tokens
from holybalance.errors import CallError, RequestError
from holybalance.messages import Choice, Decision, Rejected
from holybalance.routing.deliberation import CALLER, Ruling
from holybalance.routing.filters import Fit, Obstacle, Reason
from holybalance.routing.plan import Live
from holybalance.routing.retirement import Calendar

_PHRASES: dict[Reason, Callable[[Obstacle], str]] = {
    Reason.RETIRED: lambda o: str(o.there_is.ending(o.needed)),
    Reason.ABILITY: lambda o: (
        f"lacks {_listed(o.needed)}, which the call needs; "
        f"it has {_listed(o.there_is) or 'none of these abilities'}"
    ),
    Reason.WINDOW: lambda o: (
        f"has a context window of {o.there_is:,} tokens; the call needs about "
        f"{sum(o.needed):,} ({o.needed[0]:,} in, {o.needed[1]:,} out)"
    ),
    Reason.OUTPUT: lambda o: (
        f"answers with {o.there_is:,} tokens at the most; the call allows {o.needed:,}"
    ),
    Reason.PRICE: lambda o: (
        f"has no known price, and the call's max_cost is {_usd(o.needed)}"
    ),
    Reason.COST: lambda o: (
        f"is expected to cost {_usd(o.there_is)}; "
        f"the call's max_cost is {_usd(o.needed)}"
    ),
    Reason.LATENCY: lambda o: (
        f"is expected to take {o.there_is:.3g} s; "
        f"the call's max_latency is {o.needed:.3g} s"
    ),
    Reason.BUDGET: lambda o: f"has no room in a budget: {o.there_is.args[0]}",
}
"""Each follows the model's name."""
_ADVICE = {
    Reason.RETIRED: "put a successor in its place",
    Reason.ABILITY: "offer a model that can do it",
    Reason.WINDOW: "shorten the prompt, lower max_tokens or offer a larger model",
    Reason.OUTPUT: "lower max_tokens",
    Reason.PRICE: "set its price in the configuration, or leave max_cost out",
    Reason.COST: "raise max_cost, or shorten the prompt or max_tokens",
    Reason.LATENCY: "raise max_latency",
    Reason.BUDGET: "raise the budget, or wait for its next window",
}
_BY_STRATEGY: dict[str, Callable[[Ruling, Fit], tuple[str, ...]]] = {
    "task": lambda ruling, one: (_strength(ruling, one),),
    "cheapest": lambda ruling, one: (_cost(one),),
    "fastest": lambda ruling, one: (_latency(one),),
    "weighted": lambda ruling, one: ("drawn by weight",),
    "balanced": lambda ruling, one: (
        _strength(ruling, one),
        _cost(one),
        _latency(one),
        f"{one.live.free:.0%} of its slots are free",
    ),
}


def describe(ruling: Ruling, calendar: Calendar, budgets: tuple[str, ...]) -> Decision:
    """Put a decision into words."""
    classified, first = ruling.classified, next(iter(ruling.ranked), None)
    size, _, bound, answers = ruling.demand
    usual = tokens.USUAL_ANSWER_TOKENS * answers if bound is None else bound
    return Decision(
        requested=ruling.requested,
        decided_by=ruling.decided_by,
        strategy=ruling.strategy,
        task=classified.task if classified is not None else None,
        evidence=tuple(classified.evidence) if classified is not None else (),
        input_tokens=(
            first.input_tokens
            if first is not None
            else size.input_tokens(tokens.CHARACTERS_PER_TOKEN)
        ),
        output_tokens=first.output_tokens if first is not None else usual,
        choices=tuple(_choice(ruling, one, calendar) for one in ruling.ranked),
        rejected=tuple(
            Rejected(model=model, reason=phrase(obstacle))
            for model, obstacle in ruling.rejected.items()
        ),
        budgets=budgets,
    )


def phrase(obstacle: Obstacle) -> str:
    """Say why a model may not take a call, after its name."""
    return _PHRASES[obstacle.reason](obstacle)


def nothing_left(ruling: Ruling) -> CallError:
    """Make the error for a call that no model may take."""
    # Budgets come last, so but for them these models would have taken the call; the one
    # that needs least says best how much is missing.
    broke = [o for o in ruling.rejected.values() if o.reason is Reason.BUDGET]
    if broke:
        error: CallError = min(broke, key=_need).there_is
        return error
    found = [f"{model} {phrase(why)}" for model, why in ruling.rejected.items()]
    reasons = dict.fromkeys(why.reason for why in ruling.rejected.values())
    advice = "; or ".join(_ADVICE[reason] for reason in reasons)
    if ruling.requested in ruling.rejected:
        message = f"{found[0]}; {advice}"
    else:
        lines = "".join(f"\n  {line}" for line in found)
        message = (
            f'no model of "{ruling.requested}" may take this call:{lines}\n{advice}'
        )
    return RequestError(message, code="no_model_fits")


def _need(obstacle: Obstacle) -> float:
    return math.inf if obstacle.needed is None else float(obstacle.needed)


def _choice(ruling: Ruling, one: Fit, calendar: Calendar) -> Choice:
    model = one.candidate.model
    reasons: tuple[str, ...] = ()
    if one.score is not None and ruling.strategy is not None:
        reasons = _BY_STRATEGY[ruling.strategy](ruling, one)
    elif len(ruling.ranked) > 1:
        reasons = ("its place in the given order",)
    if ruling.decided_by == CALLER and model != ruling.requested:
        ending = calendar.ending(ruling.requested)
        reasons += (f"in place of {ruling.requested}, which {ending}",)
    if calendar.is_near(model):
        reasons += (calendar.ending(model),)
    return Choice(
        model=model,
        score=one.score,
        cost_usd=one.cost_usd,
        latency_s=one.latency_s,
        reasons=reasons + _availability(one.live),
    )


def _availability(live: Live) -> tuple[str, ...]:
    if not live.is_open:
        return ("no endpoint takes calls for it now",)
    return () if live.free > 0 else ("all its slots are taken now",)


def _strength(ruling: Ruling, one: Fit) -> str:
    task = ruling.classified.task if ruling.classified is not None else "general"
    return f'strength {one.candidate.strengths[task]:.2f} at "{task}"'


def _cost(one: Fit) -> str:
    cost = one.cost_usd
    return "its price is unknown" if cost is None else f"about {_usd(cost)}"


def _latency(one: Fit) -> str:
    latency = one.latency_s
    text = "its latency is unknown" if latency is None else f"about {latency:.3g} s"
    return f"{text}, not tried lately" if one.is_doubtful else text


def _usd(dollars: float) -> str:
    # Two digits that tell, however small, and never an exponent.
    text = f"{dollars:.6f}".rstrip("0").rstrip(".")
    return f"{text if float(text) or not dollars else f'{dollars:.2g}'} USD"


def _listed(names: Collection[str]) -> str:
    return " and ".join(sorted(names))
