"""Owns what a run may cost: the budget for its limit, and whether it can be kept."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from holybalance import tokens
from holybalance.batch import cap, rows
from holybalance.batch.options import BatchOptions
from holybalance.batch.rows import Row
from holybalance.batch.source import Source
from holybalance.batch.targets import models_of, places_of
from holybalance.batch.work import BOUND_ANSWERS
from holybalance.config import BudgetConfig, Config
from holybalance.errors import ConfigError
from holybalance.routing.candidates import card_of, endpoints_of

_FLAWS_SHOWN = 3
_UNBOUNDED = (
    "answers are not bounded, so each call holds the cost of the model's longest one; "
    "--max-tokens N lets more run at once"
)


def with_max_cost(config: Config, max_cost: float | None) -> Config:
    """
    Add a budget for all calls of one launcher, under a name that no other one has.

    Args:
        max_cost: US dollars; `None` adds none.

    Raises:
        ConfigError: it is no amount of money.
    """
    if max_cost is None:
        return config
    is_number = isinstance(max_cost, int | float) and not isinstance(max_cost, bool)
    if not is_number or not 0 < max_cost < math.inf:
        raise ConfigError(f"max_cost must be US dollars, above 0, not {max_cost!r}")
    budget = BudgetConfig(
        name=cap.make_name(), limit_usd=max_cost, window="total", is_passing=True
    )
    return replace(config, budgets=(*config.budgets, budget))


def refuse_unfunded(
    config: Config, source: Source, kind: str, options: BatchOptions
) -> None:
    """
    Refuse a run if a budget for all calls cannot ever hold money for its first row.

    Of rows that name models of their own, others may turn out the same: those fail.

    Args:
        kind: the input's format.

    Raises:
        ConfigError: names what is not known of which model, and what to set; or the
            input cannot be read.
    """
    budgets = [budget.name for budget in config.budgets if budget.scope == "all"]
    row = _first_row(source, kind, options) if budgets else None
    if row is not None:
        _check(config, budgets[-1], row)


def advise_bound(
    config: Config, source: Source, kind: str, options: BatchOptions
) -> str | None:
    """
    Say that answers without a bound hold much money, if the first row's falls under a
    budget; `None` where nothing is to be said.

    Args:
        kind: the input's format.

    Raises:
        ConfigError: the input cannot be read.
    """
    if not config.budgets or options.max_tokens is not None:
        return None
    row = _first_row(source, kind, options)
    if row is None or _is_bounded(row):
        return None
    name = row.call.get("model") or config.default_model
    if not isinstance(name, str):
        return None
    own = row.call.get("tags")
    tags = own if isinstance(own, list) else ()
    return _UNBOUNDED if places_of(config, name, tags).covered else None


def _first_row(source: Source, kind: str, options: BatchOptions) -> Row | None:
    """Look at the first row; `None` where it makes no call."""
    try:
        first = source.first()
    except OSError as error:
        raise ConfigError(source.trouble(error)) from error
    row = None if first is None else rows.read(first, kind, options.terms)
    return row if isinstance(row, Row) else None


def _is_bounded(row: Row) -> bool:
    """Tell whether a row says how much can be written for it."""
    return row.is_embedding or tokens.output_bound(row.call) is not None


def _check(config: Config, budget: str, row: Row) -> None:
    name = row.call.get("model") or config.default_model
    if not isinstance(name, str):
        return
    # A name that nobody serves is the row's own failure.
    served = [each for each in models_of(config, name) if endpoints_of(config, each)]
    flaws = [_flaw(config, model, row) for model in served]
    found = [flaw for flaw in flaws if flaw]
    if not found or len(found) < len(served):
        return
    limit = "max_cost" if cap.is_max_cost(budget) else f'the budget "{budget}"'
    left_out = len(found) - _FLAWS_SHOWN
    more = [f"and {left_out} more like these"] if left_out > 0 else []
    reasons = "; ".join([*found[:_FLAWS_SHOWN], *more])
    raise ConfigError(f"{limit} cannot be kept: {reasons}")


def _flaw(config: Config, model: str, row: Row) -> str:
    """Say what keeps a row's worst cost at a model unknown; empty for nothing."""
    unpriced = ", ".join(f'"{name}"' for name in _unpriced(config, model))
    if unpriced:
        return (
            f'the price of "{model}" at {unpriced} is not known; set [catalog."{model}"'
            "] price = { input = ..., output = ... } or the endpoint's prices"
        )
    card = card_of(config, model)
    if _is_bounded(row) or (card is not None and card.max_output is not None):
        return ""
    return (
        f'how long an answer of "{model}" may be is not known; set max_output in '
        f'[catalog."{model}"], or {BOUND_ANSWERS}'
    )


def _unpriced(config: Config, model: str) -> Iterator[str]:
    for endpoint in endpoints_of(config, model):
        if model not in endpoint.prices:
            yield endpoint.name
