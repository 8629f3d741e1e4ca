"""Owns how models are listed: a line for each, with what the width has room for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from holybalance.config import Card, Price
from holybalance_cli import tables, wording
from holybalance_cli.models.entries import Entry, Shelf
from holybalance_cli.models.retiring import is_near, last_day, notice, style

_LETTERS = {"tools": "t", "vision": "v", "json_schema": "j", "streaming": "s"}
_LEGEND = (
    "in, out, cached: US dollars per million tokens; window, output: tokens",
    "can: t tools, v vision, j json_schema, s streaming; embed: embeddings",
)
_MARKED = "* served by your endpoints; the price is the dearest of theirs"
_BOUNDLESS = 10_000
# What gives way, first to last, where there is no room for all columns; a model's own
# page has it as well.
_MAY_GO = (("source", "checked"), ("then",), ("cached", "output"))


def show(entries: Sequence[Entry], shelf: Shelf, today: dt.date) -> None:
    """Print the list, and what has to be known beside it."""
    console = Console(highlight=False, markup=False)
    boundless = console.options.update(width=_BOUNDLESS)
    columns = [*_COLUMNS] if shelf.served else [*_COLUMNS][1:-1]
    table = _table(entries, columns, today)
    for group in _MAY_GO:
        if console.measure(table, options=boundless).maximum <= console.width:
            break
        columns = [name for name in columns if name not in group]
        table = _table(entries, columns, today)
    tables.show(console, table)
    console.print()
    for line in (_MARKED, *_LEGEND) if shelf.served else _LEGEND:
        console.print(line, style="dim", soft_wrap=True)
    for line in _notes(entries, shelf, today, console.width):
        console.print(line, soft_wrap=True)


def _table(entries: Sequence[Entry], columns: Sequence[str], today: dt.date) -> Table:
    table = tables.plain_table()
    for name in columns:
        table.add_column(
            "" if name == _MARK else name,
            justify="right" if name in _NUMBERS else "left",
            # These two give way where even the fewest columns have no room.
            no_wrap=name not in ("model", "endpoints"),
            overflow="fold",
        )
    for entry in entries:
        table.add_row(*(_COLUMNS[name](entry, today) for name in columns))
    return table


def _notes(
    entries: Sequence[Entry], shelf: Shelf, today: dt.date, width: int
) -> list[str]:
    notes = [
        notice(entry, today, width)
        for entry in entries
        if entry.servings and is_near(entry, today)
    ]
    if shelf.takers:
        takers = ", ".join(shelf.takers)
        notes.append(f"any other name is taken by {takers}")
    return notes


def _of_price(read: Callable[[Price], float | None]) -> Callable[..., str]:
    def cell(entry: Entry, today: dt.date) -> str:
        del today
        price = entry.price
        return wording.NOTHING if price is None else wording.rate_usd(read(price))

    return cell


def _of_card(read: Callable[[Card], str | None]) -> Callable[..., str]:
    def cell(entry: Entry, today: dt.date) -> str:
        del today
        card = entry.card
        return (None if card is None else read(card)) or wording.NOTHING

    return cell


def _tokens(count: int | None) -> str | None:
    return None if count is None else wording.short(count)


def _abilities(card: Card) -> str | None:
    if card.abilities is None:
        return None
    if not card.chats:
        return "embed"
    return "".join(
        letter if ability in card.abilities else "·"
        for ability, letter in _LETTERS.items()
    )


def _mark(entry: Entry, today: dt.date) -> str:
    del today
    return "*" if entry.servings else ""


def _name(entry: Entry, today: dt.date) -> Text:
    del today
    return Text(entry.name, "bold")


def _endpoints(entry: Entry, today: dt.date) -> Text:
    del today
    names = ", ".join(serving.endpoint for serving in entry.servings)
    return Text(names or wording.NOTHING)


def _retires(entry: Entry, today: dt.date) -> Text:
    day = last_day(entry)
    text = wording.NOTHING if day is None else day.isoformat()
    return Text(text, style=style(entry, today))


def _source(card: Card) -> str | None:
    return card.source and (urlsplit(card.source).hostname or card.source)


_MARK = "mark"
_COLUMNS: dict[str, Callable[[Entry, dt.date], Text | str]] = {
    _MARK: _mark,
    "model": _name,
    "in": _of_price(lambda price: price.input),
    "out": _of_price(lambda price: price.output),
    "cached": _of_price(lambda price: price.cached),
    "window": _of_card(lambda card: _tokens(card.context_window)),
    "output": _of_card(lambda card: _tokens(card.max_output)),
    "can": _of_card(_abilities),
    "retires": _retires,
    "then": _of_card(lambda card: card.successor),
    "source": _of_card(_source),
    "checked": _of_card(
        lambda card: card.checked.isoformat() if card.checked else None
    ),
    "endpoints": _endpoints,
}
_NUMBERS = ("in", "out", "cached", "window", "output")
