"""Owns the `budget` command: how much of each budget is spent, held and left."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening, shared_state, wording
from holybalance_cli.ending import Exit

if TYPE_CHECKING:
    from holybalance.budgeting.status import BudgetStatus
    from holybalance.config import Config

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
_NOT_YET = 'the state file "{}" is not there yet: nothing has been spent by way of it'


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
    # Nobody is asked for the sake of no budget.
    missing = shared_state.missing_file(config.state) if config.budgets else None
    found, trouble = look(config)
    if as_json:
        click.echo(_as_json(config, found, trouble, is_begun=not missing))
    else:
        _show(config, found)
        if missing and not trouble:
            click.echo(f"\n{_NOT_YET.format(missing)}")
    if trouble:
        click.echo(f"Error: {trouble}; what is spent is not known", err=True)
        context.exit(Exit.FATAL)


def look(config: Config) -> tuple[tuple[BudgetStatus, ...], str]:
    """Ask the shared state for all budgets; and say why it cannot be, if so."""
    from holybalance.budgeting.status import statuses  # noqa: PLC0415 - lazy

    now, trouble = time.time(), ""
    if config.budgets and config.state.is_shared:
        found, trouble = shared_state.look(
            config.state, lambda store: statuses(config.budgets, store, now)
        )
        if found is not None:
            return found, ""
    return statuses(config.budgets, None, now), trouble


def _as_json(
    config: Config, found: Sequence[BudgetStatus], trouble: str, *, is_begun: bool
) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    document = {
        "source": config.source,
        "state": config.state.scheme,
        "is_begun": is_begun,
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

    from holybalance_cli import budget_table, tables  # noqa: PLC0415 - likewise

    console = Console(highlight=False, markup=False)
    if not found:
        console.print(_NONE, soft_wrap=True)
        return
    table = budget_table.widest(found, console)
    if table is not None:
        tables.show(console, table)
    else:
        _show_blocks(found, console.width)
    if not config.state.is_shared:
        console.print()
        console.print(_LOCAL, soft_wrap=True)


def _show_blocks(found: Sequence[BudgetStatus], width: int) -> None:
    """Say each budget in words, its further lines set in; no name is cut."""
    for status in found:
        lines = textwrap.wrap(
            _in_words(status),
            width,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        click.echo("\n".join(lines))


def _in_words(status: BudgetStatus) -> str:
    of, limit = status.budget, wording.dollars(status.budget.limit_usd)
    title = f"{of.name} ({of.scope}, {of.window})"
    if status.spent_usd is None:
        facts = [f"what is spent of {limit} is not known"]
    else:
        facts = [
            f"{wording.dollars(status.spent_usd)} of {limit} spent",
            f"{wording.dollars(status.reserved_usd)} held",
            f"{wording.dollars(status.left_usd)} left",
        ]
    if status.opens_at is not None:
        facts.append(f"opens {status.opens_at:%m-%d %H:%M} UTC")
    return f"{title}: {', '.join(facts)}"
