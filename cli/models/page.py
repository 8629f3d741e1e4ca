"""Owns a model's own page: all that is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from holybalance.config import Card, LongPrice, Price
from holybalance_cli import tables, wording
from holybalance_cli.models.entries import Entry
from holybalance_cli.models.retiring import ending, style, succession

_LABEL_CELLS = 9


def show(entry: Entry, today: dt.date) -> None:
    """Print it."""
    console = Console(highlight=False, markup=False)
    console.print(entry.name, style="bold")
    for label, text in _facts(entry, today):
        line = Text.assemble((f"{label:<{_LABEL_CELLS}} ", "dim"), text)
        console.print(line, soft_wrap=True)
    table = _prices(entry)
    if table.row_count:
        console.print()
        tables.show(console, table)
        console.print("US dollars per million tokens", style="dim")


def _facts(entry: Entry, today: dt.date) -> Iterator[tuple[str, Text | str]]:
    card = entry.card
    if card is None:
        yield "known", "nothing: it is not in the catalog"
    else:
        yield from _facts_of(card)
    if end := ending(entry, today):
        yield "end", Text(end, style=style(entry, today))
        if heir := succession(entry):
            yield "", heir
    if card is not None and card.source:
        checked = f", read on {card.checked}" if card.checked else ""
        yield "source", f"{card.source}{checked}"
    for serving in entry.servings:
        is_same = serving.sent_as == entry.name
        sent_as = "" if is_same else f", as {serving.sent_as}"
        yield "served by", f"{serving.endpoint}{sent_as}"


def _facts_of(card: Card) -> Iterator[tuple[str, Text | str]]:
    if card.maker:
        yield "maker", card.maker
    if card.names:
        yield "names", "; ".join(f"{who}: {name}" for who, name in card.names.items())
    if card.context_window is not None:
        yield "window", f"{card.context_window:,} tokens, input and output together"
    if card.max_output is not None:
        yield "output", f"{card.max_output:,} tokens at the most"
    if card.abilities is not None:
        yield "can", ", ".join(sorted(card.abilities)) or "none of what is asked for"
    if card.strengths:
        ranked = sorted(card.strengths.items(), key=lambda each: -each[1])
        yield "good at", ", ".join(f"{task} {value:.2f}" for task, value in ranked)
    if card.latency_s is not None:
        yield "answers", f"in about {wording.seconds(card.latency_s)}"


def _prices(entry: Entry) -> Table:
    table = tables.plain_table()
    table.add_column("price at", overflow="fold", min_width=9)
    for name in ("input", "output", "cached", "cache write"):
        table.add_column(name, justify="right", no_wrap=True)
    for where, price in _quotes(entry):
        table.add_row(Text(where), *_cells(price))
        if price is not None and price.long is not None:
            long = price.long
            table.add_row(Text(f"  above {long.above:,} in", "dim"), *_cells(long))
    return table


def _quotes(entry: Entry) -> Iterator[tuple[str, Price | None]]:
    card = entry.card
    if card is not None:
        providers = dict.fromkeys((*card.names, *card.prices))
        for provider in providers:
            yield provider, card.prices.get(provider, card.price)
        if card.price is not None and not providers:
            yield "any provider", card.price
    for serving in entry.servings:
        yield f"endpoint {serving.endpoint}", serving.price


def _cells(price: Price | LongPrice | None) -> list[str]:
    if price is None:
        return ["unknown", *3 * [wording.NOTHING]]
    rates = (price.input, price.output, price.cached, price.cache_write)
    return [wording.rate_usd(each) for each in rates]
