"""Owns the proof that people read of the limit of a run by the name they gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from holybalance.batch.cap import is_max_cost, make_name, put_plainly
from holybalance.batch.lines import Line, pack
from holybalance.batch.terms import Terms
from holybalance.batch.work import BOUND_ANSWERS, RowWork
from holybalance.budgeting.ledger import BOUND_ONE
from holybalance.errors import BudgetExceeded
from holybalance.messages import Embeddings, EmbedRequest, Reply
from tests.unit.batches import MODEL, Engine


class _Broke(Engine):
    """An engine whose every call finds no money."""

    def __init__(self, needed_usd: float | None, advice: str = "") -> None:
        super().__init__()
        name = make_name()
        message = f'the budget "{name}" has no room{advice}'
        self._error = BudgetExceeded(
            message, budget=name, limit_usd=1.0, needed_usd=needed_usd
        )

    def call_patiently(self, arguments: Mapping[str, Any]) -> Reply:
        """Find none."""
        raise self._error

    def call(self, request: EmbedRequest, *, is_patient: bool) -> Embeddings:
        """Find none for embeddings either."""
        raise self._error


def test_names() -> None:
    """Each is new, and known again."""
    one, two = make_name(), make_name()
    assert one != two
    assert is_max_cost(one)
    assert not is_max_cost("max_cost")


@pytest.mark.parametrize(
    ("budget", "read"),
    [
        (make_name(), "max_cost has no room: of 1 USD"),
        ("daily", 'the budget "daily" has no room: of 1 USD'),
        ("max_cost-mine", 'the budget "max_cost-mine" has no room: of 1 USD'),
    ],
)
def test_what_people_read(budget: str, read: str) -> None:
    """A budget of the configuration keeps its name."""
    message = f'the budget "{budget}" has no room: of 1 USD'
    error = BudgetExceeded(message, budget=budget, limit_usd=1.0)
    put_plainly(error)
    assert (read, budget) == (str(error), error.budget)


def test_what_there_is_to_raise() -> None:
    """It is the argument, where no table of the configuration has the limit."""
    name = make_name()
    message = f'the budget "{name}" has no room: it is dear; or raise limit_usd'
    error = BudgetExceeded(message, budget=name, limit_usd=1.0)
    put_plainly(error)
    assert "max_cost has no room: it is dear; or raise max_cost" == str(error)


def test_a_run_that_is_stopped() -> None:
    """Why it is names the limit."""
    result = RowWork(format="lines").perform(_Broke(0.5), 0, pack(Line(1, b"hi")))
    assert ("max_cost has no room", b"") == (result.broke, result.row)


def test_a_row_that_fails() -> None:
    """Its message and its row do too."""
    result = RowWork(format="lines").perform(_Broke(None), 0, pack(Line(1, b"hi")))
    assert "max_cost has no room" == result.message
    assert b'"line 1: max_cost has no room"' in result.row


def test_a_text_that_is_too_dear() -> None:
    """Nothing is written for it, so no bound of an answer would help."""
    engine, work = _Broke(2.0), RowWork(format="texts", terms=Terms(model=MODEL))
    result = work.perform(engine, 0, pack(Line(1, b"hi")))
    assert "max_cost has no room; raise the limit" == result.broke


def test_a_prompt_that_is_too_dear() -> None:
    """What the row itself says of its answer decides what is advised, said once."""
    engine = _Broke(2.0, f"{BOUND_ONE}, or raise limit_usd")
    for most, advice in ((None, BOUND_ANSWERS), (9, "lower max_tokens")):
        work = RowWork(format="lines", terms=Terms(max_tokens=most))
        result = work.perform(engine, 0, pack(Line(1, b"hi")))
        assert f"max_cost has no room; {advice}, or raise the limit" == result.broke
