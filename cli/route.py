"""Owns the `route` command: where a prompt would go, and why; sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening, wording
from holybalance_cli.ending import Exit
from holybalance_cli.reading import PromptCommand, read_prompt

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from holybalance.config import Config
    from holybalance.messages import Choice, Decision

_MOST_SHOWN = 12
_LABEL_CELLS = 9
_AUTO = "auto"


@click.command(cls=PromptCommand)
@click.argument("prompt", required=False)
@click.option(
    "-m",
    "--model",
    help="A model, an alias or auto; else auto where there is a choice, or the "
    "configured default.",
)
@opening.system_option
@opening.max_tokens_option
@opening.max_cost_option
@opening.max_latency_option
@opening.tag_option
@opening.config_option
@opening.json_option
@click.pass_context
def route(
    context: click.Context,
    /,
    *,
    prompt: str | None,
    model: str | None,
    max_tokens: int | None,
    config_path: str | None,
    as_json: bool,
    **arguments: Any,
) -> None:
    """
    Say which model PROMPT would go to, and why; sends nothing.

    PROMPT is read from standard input when it is "-", or absent and something is
    piped in. What calls have taught a running program about its models is not known
    here; what they have spent is, where the state is shared.

    Exit code 0: a model is left; 1: none is; 2: the command line or the configuration
    is wrong.
    """
    opening.require_stdout()
    text = read_prompt(prompt)
    from holybalance.client import Client  # noqa: PLC0415 - `--help` must be quick

    config = opening.open_config(config_path, tells_unpriced=False)
    model = model or _usual_model(config)
    if max_tokens is not None:
        arguments["max_tokens"] = max_tokens
    with opening.plain_warnings(), Client(config) as client:
        decision = client.explain(text, model=model, **arguments)
    if as_json:
        click.echo(_as_json(decision))
    else:
        _show(decision)
    if decision.model is None:
        context.exit(Exit.FATAL)


def _usual_model(config: Config) -> str | None:
    from holybalance.routing.candidates import distinct_models  # noqa: PLC0415 - lazy

    models = distinct_models(config)
    is_auto_known = bool(models or config.routes or _AUTO in config.aliases)
    if is_auto_known and (config.routes or config.aliases or len(models) > 1):
        return _AUTO
    opening.require_model(config)
    return None


def _as_json(decision: Decision) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    document = {"model": decision.model, **asdict(decision)}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _show(decision: Decision) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` must be quick

    from holybalance_cli import tables  # noqa: PLC0415 - likewise

    console = Console(highlight=False, markup=False)
    console.print(_verdict(decision), style="bold", soft_wrap=True)
    console.print()
    _show_facts(console, _facts(decision))
    if decision.choices:
        console.print()
        tables.show(console, _table(decision))
        _tell_left_out(console, len(decision.choices), "tried after these")
    if decision.rejected:
        console.print()
        console.print("left out", style="bold")
        tables.show(console, _rejections(decision))
        _tell_left_out(console, len(decision.rejected), "left out")
    if decision.budgets:
        console.print()
        _show_facts(console, (("budget", line) for line in decision.budgets))


def _show_facts(console: Console, facts: Iterator[tuple[str, str]]) -> None:
    from rich.text import Text  # noqa: PLC0415 - `--help` must be quick

    for label, text in facts:
        line = Text.assemble((f"{label:<{_LABEL_CELLS}} ", "dim"), text)
        console.print(line, soft_wrap=True)


def _tell_left_out(console: Console, count: int, what: str) -> None:
    if count > _MOST_SHOWN:
        rest = wording.count(count - _MOST_SHOWN, "other model")
        console.print(f"and {rest}, {what}; --json lists all", style="dim")


def _verdict(decision: Decision) -> str:
    if decision.model is None:
        return f'no model is left for "{decision.requested}"'
    return f"{decision.model}, by {decision.decided_by}"


def _facts(decision: Decision) -> Iterator[tuple[str, str]]:
    if decision.model not in (None, decision.requested):
        yield "asked for", decision.requested
    if decision.task is not None:
        evidence = "; ".join(decision.evidence)
        yield "task", f"{decision.task}: {evidence}" if evidence else decision.task
    read, written = decision.input_tokens, decision.output_tokens
    yield "tokens", f"about {read:,} in, {written:,} out"


def _table(decision: Decision) -> Table:
    from holybalance_cli import tables  # noqa: PLC0415 - `--help` must be quick

    table = tables.plain_table()
    tables.add_numbers(table, {"": 1})
    table.add_column("model", overflow="fold", style="bold", min_width=12)
    tables.add_numbers(table, {"score": 5, "cost": 7, "time": 6})
    table.add_column("why", overflow="fold", min_width=4)
    for place, choice in enumerate(decision.choices[:_MOST_SHOWN], 1):
        table.add_row(*_cells(place, choice))
    return table


def _cells(place: int, choice: Choice) -> tuple[Any, ...]:
    from rich.text import Text  # noqa: PLC0415 - `--help` must be quick

    return (
        str(place),
        Text(choice.model),
        wording.NOTHING if choice.score is None else f"{choice.score:.2f}",
        wording.dollars(choice.cost_usd),
        wording.seconds(choice.latency_s),
        Text(_reasons(choice)),
    )


def _reasons(choice: Choice) -> str:
    # Cost and time have columns of their own.
    return "; ".join(each for each in choice.reasons if not each.startswith("about "))


def _rejections(decision: Decision) -> Table:
    from rich.table import Table  # noqa: PLC0415 - `--help` must be quick
    from rich.text import Text  # noqa: PLC0415 - likewise

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold", min_width=12)
    table.add_column(overflow="fold")
    for rejected in decision.rejected[:_MOST_SHOWN]:
        table.add_row(Text(rejected.model), Text(rejected.reason))
    return table
