"""Owns the table of budgets: which columns there is room for, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from holybalance.budgeting.status import BudgetStatus
from holybalance_cli import tables, wording

_BOUNDLESS = 10_000
_USED_YELLOW, _USED_RED = 0.75, 0.95


class _Form(NamedTuple):
    """What a table shows besides a budget's name, scope, limit, spent and left."""

    bar_cells: int = 0
    has_window: bool = True
    has_held: bool = True
    has_opens: bool = True


_FORMS = (
    _Form(bar_cells=20),
    _Form(bar_cells=10),
    _Form(),
    _Form(has_window=False),
    _Form(has_window=False, has_held=False),
    _Form(has_window=False, has_held=False, has_opens=False),
)
"""The fullest first."""


def widest(found: Sequence[BudgetStatus], console: Console) -> Table | None:
    """Make the fullest table that fits with nothing cut; `None` where none does."""
    boundless = console.options.update(width=_BOUNDLESS)
    for form in _FORMS:
        table = _table(found, form)
        if console.measure(table, options=boundless).maximum <= console.width:
            return table
    return None


def _table(found: Sequence[BudgetStatus], form: _Form) -> Table:
    table = tables.plain_table()
    table.add_column("budget", no_wrap=True, style="bold")
    table.add_column("scope", no_wrap=True)
    if form.has_window:
        table.add_column("window", no_wrap=True)
    held = {"held": 5} if form.has_held else {}
    tables.add_numbers(table, {"limit": 6, "spent": 6, **held, "left": 6})
    if form.bar_cells:
        table.add_column("used", no_wrap=True)
    if form.has_opens:
        table.add_column("opens (UTC)", no_wrap=True)
    for status in found:
        table.add_row(*_cells(status, form))
    return table


def _cells(status: BudgetStatus, form: _Form) -> list[str | Text]:
    of = status.budget
    held = [_money(status.reserved_usd)] if form.has_held else []
    return [
        Text(of.name),
        Text(of.scope),
        *([of.window] if form.has_window else []),
        wording.dollars(of.limit_usd),
        _money(status.spent_usd),
        *held,
        _money(status.left_usd),
        *([_bar(status, form.bar_cells)] if form.bar_cells else []),
        *([_opens(status)] if form.has_opens else []),
    ]


def _money(dollars: float | None) -> str:
    return wording.NOTHING if dollars is None else wording.dollars(dollars)


def _bar(status: BudgetStatus, cells: int) -> Text:
    if status.left_usd is None:
        return Text(wording.NOTHING)
    used = 1 - status.left_usd / status.budget.limit_usd
    full = round(used * cells)
    colour = "red" if used >= _USED_RED else "yellow" if used >= _USED_YELLOW else ""
    return Text.assemble(
        ("█" * full, colour),
        ("░" * (cells - full), "dim"),
        f" {wording.percent(used):>5}",
    )


def _opens(status: BudgetStatus) -> str:
    opens_at = status.opens_at
    return "never" if opens_at is None else f"{opens_at:%m-%d %H:%M}"
