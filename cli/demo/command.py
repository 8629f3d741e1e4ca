"""Owns the `demo` command: an outage, performed on this machine before your eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening
from holybalance_cli.background import Background
from holybalance_cli.ending import Exit

if TYPE_CHECKING:
    from rich.console import Console

_FRAME_S = 0.1
# The calls under way end much sooner, unless something is wrong.
_GRACE_S = 2.0


@click.command()
@click.option(
    "--calls",
    type=click.IntRange(min=3),
    default=20_000,
    show_default=True,
    help="How many calls to make.",
)
@opening.json_option
@click.pass_context
def demo(context: click.Context, *, calls: int, as_json: bool) -> None:
    """
    Watch an outage that costs no reply; needs no key and no network.

    Three mock upstreams serve some thousand calls. One of them throttles, another is
    killed on the way and brought back. Exit code 1 if any reply is missing.
    """
    from rich.console import Console  # noqa: PLC0415 - `--help` must be quick

    opening.require_stdout()
    # With --json, standard output is for the figures alone.
    console = Console(stderr=as_json, highlight=False)
    figures = _perform(calls, console)
    if as_json:
        click.echo(_as_json(figures))
    else:
        from holybalance_cli.demo.view import show_final  # noqa: PLC0415 - likewise

        show_final(figures, console)
    if figures["missing"]:
        context.exit(Exit.FATAL)


def _perform(calls: int, console: Console) -> dict[str, Any]:
    from holybalance_cli.demo import figures  # noqa: PLC0415 - `--help` must be quick
    from holybalance_cli.demo.performance import prepare  # noqa: PLC0415 - likewise
    from holybalance_cli.demo.view import watching  # noqa: PLC0415 - likewise

    with prepare(calls) as performance:
        work = Background(performance.run)
        try:
            with watching(performance, console) as view:
                work.start()
                while not work.wait(_FRAME_S):
                    performance.act()
                    view.update(performance.observe())
                view.update(performance.observe())
        finally:
            performance.stop()
            work.wait(_GRACE_S)
        work.raise_error()
        return figures.final(performance, performance.observe())


def _as_json(figures: dict[str, Any]) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    return json.dumps(figures, ensure_ascii=False, indent=2)
