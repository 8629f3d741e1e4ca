"""Owns the `budget` command: how much of each budget is spent, held and left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening, wording
from holybalance_cli.ending import Exit

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from holybalance.budgeting.status import BudgetStatus
    from holybalance.config import Config

# The longest bar that there is room for is shown, or none.
_BAR_CELLS = (20, 10, 0)
_BOUNDLESS = 10_000
_NONE = """\
no budgets are configured; a table for each bounds what is spent, such as

  [[budgets]]
  name = "daily"
  limit_usd = 5.0
  window = "day"             # hour, day, month or total
  scope = "all"              # or "model:NAME", "endpoint:NAME", "tag:NAME"
  on_exceed = "fail"         # or "cheapest", which saves once 90 % are gone

  [state]
  url = "sqlite:///holybalance.db"   # one count for all processes, kept on disk"""
_LOCAL = """\
The state is "local:": each process counts its own money, from nothing, and nobody can
be asked here. For one count that all processes share and that outlives them, set

  [state]
  url = "sqlite:///holybalance.db\""""
_USED_YELLOW, _USED_RED = 0.75, 0.95


@click.command()
@opening.config_option
@opening.json_option
@click.pass_context
def budget(context: click.Context, *, config_path: str | None, as_json: bool) -> None:
    """
    Say how much of each budget is spent, held and left.

    Reads the state that processes share, and changes nothing there.

    Exit code 0: here they are; 1: the shared state is out of reach; 2: the
    configuration is wrong.
    """
    opening.require_stdout()
    config = opening.open_config(config_path)
    found, trouble = look(config)
    if as_json:
        click.echo(_as_json(config, found, trouble))
    else:
        _show(config, found)
    if trouble:
        click.echo(f"Error: {trouble}; what is spent is not known", err=True)
        context.exit(Exit.FATAL)


def look(config: Config) -> tuple[tuple[BudgetStatus, ...], str]:
    """Ask the shared state for all budgets; and say why it cannot be, if so."""
    from holybalance.budgeting.status import statuses  # noqa: PLC0415 - lazy
    from holybalance.state.opening import open_store  # noqa: PLC0415 - likewise
    from holybalance.state.store import StoreError  # noqa: PLC0415 - likewise

    now = time.time()
    if not config.budgets or not config.state.is_shared:
        return statuses(config.budgets, None, now), ""
    store = open_store(config.state)
    try:
        return statuses(config.budgets, store, now), ""
    except StoreError as error:
        return statuses(config.budgets, None, now), str(error)
    finally:
        store.close()


def _as_json(config: Config, found: Sequence[BudgetStatus], trouble: str) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    document = {
        "source": config.source,
        "state": config.state.scheme,
        "error": trouble or None,
        "budgets": [_facts(each) for each in found],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _facts(status: BudgetStatus) -> dict[str, Any]:
    of, opens_at = status.budget, status.opens_at
    return {
        "budget": of.name,
        "scope": of.scope,
        "window": of.window,
        "timezone": of.timezone,
        "on_exceed": of.on_exceed,
        "limit_usd": of.limit_usd,
        "spent_usd": status.spent_usd,
        "reserved_usd": status.reserved_usd,
        "left_usd": status.left_usd,
        "opens_at": None if opens_at is None else opens_at.isoformat(),
    }


def _show(config: Config, found: Sequence[BudgetStatus]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` must be quick

    from holybalance_cli import tables  # noqa: PLC0415 - likewise

    console = Console(highlight=False, markup=False)
    if not found:
        console.print(_NONE, soft_wrap=True)
        return
    boundless = console.options.update(width=_BOUNDLESS)
    for cells in _BAR_CELLS:
        table = _table(found, cells)
        if console.measure(table, options=boundless).maximum <= console.width:
            break
    tables.show(console, table)
    if not config.state.is_shared:
        console.print()
        console.print(_LOCAL, soft_wrap=True)


def _table(found: Sequence[BudgetStatus], bar_cells: int) -> Table:
    from holybalance_cli import tables  # noqa: PLC0415 - `--help` must be quick

    table = tables.plain_table()
    table.add_column("budget", overflow="fold", style="bold")
    table.add_column("scope", overflow="fold")
    table.add_column("window", no_wrap=True)
    tables.add_numbers(table, {"limit": 6, "spent": 6, "held": 5, "left": 6})
    if bar_cells:
        table.add_column("used", no_wrap=True)
    table.add_column("opens (UTC)", no_wrap=True)
    for status in found:
        bar = [_bar(status, bar_cells)] if bar_cells else []
        table.add_row(*_cells(status), *bar, _opens(status))
    return table


def _cells(status: BudgetStatus) -> tuple[Any, ...]:
    from rich.text import Text  # noqa: PLC0415 - `--help` must be quick

    of = status.budget
    return (
        Text(of.name),
        Text(of.scope),
        of.window,
        wording.dollars(of.limit_usd),
        _money(status.spent_usd),
        _money(status.reserved_usd),
        _money(status.left_usd),
    )


def _money(dollars: float | None) -> str:
    return wording.NOTHING if dollars is None else wording.dollars(dollars)


def _bar(status: BudgetStatus, cells: int) -> Text:
    from rich.text import Text  # noqa: PLC0415 - `--help` must be quick

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
