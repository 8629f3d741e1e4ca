"""Owns how tables look: a head with a line below it, no other lines, no padding."""

from __future__ import annotations

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table


def plain_table() -> Table:
    """Begin a table whose columns are two cells apart, from the left margin on."""
    return Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False
    )


def add_numbers(table: Table, columns: dict[str, int]) -> None:
    """Add columns of numbers, by their heads, with the width that each keeps."""
    for name, width in columns.items():
        table.add_column(name, justify="right", no_wrap=True, min_width=width)


def show(console: Console, renderable: RenderableType) -> None:
    """Print a table; elsewhere than on a terminal, without blanks at lines' ends."""
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as capture:
        console.print(renderable)
    for line in capture.get().splitlines():
        console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)
