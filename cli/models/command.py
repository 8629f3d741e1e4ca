"""Owns the `models` command's walk: which models are asked for, and in which form."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import click

from holybalance_cli import opening
from holybalance_cli.models.entries import entry_json

if TYPE_CHECKING:
    from holybalance_cli.models.entries import Shelf


@click.command()
@click.argument("name", required=False)
@click.option(
    "--all",
    "is_all",
    is_flag=True,
    help="Also the models of the catalog that no endpoint serves.",
)
@opening.config_option
@opening.json_option
def models(
    *, name: str | None, is_all: bool, config_path: str | None, as_json: bool
) -> None:
    """
    List models: who serves them, prices, limits, abilities, retirement.

    Those that the configured endpoints serve come first; without a configuration it is
    the whole catalog. Give a NAME for all that is known of one model. Sends nothing.
    """
    from holybalance_cli.models.entries import make_shelf  # noqa: PLC0415 - lazy

    opening.require_stdout()
    shelf = make_shelf(opening.find_config(config_path))
    if name is not None:
        _show_one(shelf, name, as_json=as_json)
        return
    entries = shelf.entries if is_all else shelf.served or shelf.entries
    if as_json:
        document = {
            "source": shelf.source,
            "models": [entry_json(each) for each in entries],
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    from holybalance_cli.models.listing import show  # noqa: PLC0415 - lazy

    show(entries, shelf, _today())


def _show_one(shelf: Shelf, name: str, *, as_json: bool) -> None:
    entry = shelf.find(name)
    if as_json:
        click.echo(json.dumps(entry_json(entry), ensure_ascii=False, indent=2))
        return
    from holybalance_cli.models.page import show  # noqa: PLC0415 - lazy

    show(entry, _today())


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
