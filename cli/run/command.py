"""Owns the `run` command: the walk from its options to an exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening
from holybalance_cli.run import options
from holybalance_cli.run.resuming import WayOn

if TYPE_CHECKING:
    from holybalance.config import Config
    from holybalance_cli.run.conduct import Outcome
    from holybalance_cli.run.signals import Signals
    from holybalance_cli.run.thresholds import Threshold

_ARGUMENTS = "holybalance.run.arguments"


class _Run(click.Command):
    """A command that remembers how it was called, to say how to go on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments before they are taken apart."""
        ctx.meta[_ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Run)
@options.files
@options.embed
@opening.model_option
@options.system
@options.max_tokens
@opening.timeout_option
@opening.config_option
@options.rows
@options.speed
@options.ending
@click.pass_context
def run(
    context: click.Context,
    /,
    *,
    source: str,
    output: str | None,
    model: str | None,
    timeout: float | None,
    config_path: str | None,
    processes: int | None,
    threads: int | None,
    rate: float | None,
    max_cost: float | None,
    dry_run: bool,
    fail_on: Sequence[Threshold],
    report_path: str | None,
    grace: float,
    **batch_options: Any,
) -> None:
    """
    Send each line of IN and write each answer to OUT.

    IN has a prompt a line, or rows of OpenAI's batch input, for chats and embeddings;
    - is standard input. OUT gets rows of OpenAI's batch output as they are done, one
    for each line that is not blank. A row that fails has its error in it, and the rest
    goes on.

    Rows that OUT has already are not sent again: to go on with a run that was ended,
    run it once more. The first Ctrl-C or SIGTERM lets calls under way end, the second
    does not.

    When a budget has no room any more, calls under way end and the rest is left for
    another run. Each run may cost its own --max-cost.

    Exit code 0: all rows are ok; 3: some failed; 99: --fail-on was hit; 4: a budget had
    no room; 1: the run broke off; 130: it was interrupted; 2: nothing was sent, for the
    command line, the configuration or a file is wrong. Where several hold: 130, 1, 4,
    99, 3.
    """
    # What these import is more than `--help` needs, and that must be quick.
    from holybalance.batch.funding import with_max_cost  # noqa: PLC0415
    from holybalance_cli.run import dry_run as estimating  # noqa: PLC0415
    from holybalance_cli.run.aftermath import conclude  # noqa: PLC0415
    from holybalance_cli.run.report import ReportFile  # noqa: PLC0415
    from holybalance_cli.run.signals import Signals  # noqa: PLC0415
    from holybalance_cli.run.stderr import quiet  # noqa: PLC0415

    others = (source, output, batch_options["errors"], config_path)
    report = None if report_path is None else ReportFile(report_path, others)
    # A dry run counts the calls of unknown price.
    config = opening.open_config(
        config_path, tells_unpriced=not dry_run, model=model, timeout=timeout
    )
    # As the configured default it is for chats alone.
    batch_options["model"] = model
    if dry_run:
        capped = with_max_cost(config, max_cost)
        estimating.show(capped, source, batch_options, rate=rate, report=report)
        return
    assert output is not None
    bounds = {
        "processes": processes,
        "threads": threads,
        "rate": rate,
        "max_cost": max_cost,
    }
    with quiet(), Signals() as signals:
        outcome = _send(
            config,
            source,
            output,
            batch_options,
            bounds,
            signals=signals,
            grace_s=grace,
        )
        way_on = WayOn(arguments=context.meta[_ARGUMENTS], source=source, output=output)
        code = conclude(outcome, fail_on, report, way_on)
    context.exit(code)


def _send(
    config: Config,
    source: str,
    output: str,
    batch_options: Mapping[str, Any],
    bounds: Mapping[str, Any],
    *,
    signals: Signals,
    grace_s: float,
) -> Outcome:
    from holybalance.launcher import Launcher  # noqa: PLC0415 - `--help` must be quick
    from holybalance_cli.run.conduct import conduct  # noqa: PLC0415 - likewise

    with Launcher(config, **bounds) as launcher:
        for notice in launcher.notices:
            click.echo(f"Warning: {notice}", err=True)
        with launcher.batch(source, output, **batch_options) as batch:
            name = "standard input" if source == options.DASH else source
            for line in (f"reading {name} as {batch.format}", *batch.notes):
                click.echo(line, err=True)
            # A picture has no place among rows on the same terminal.
            is_apart = output != options.DASH or not sys.stdout.isatty()
            return conduct(batch, launcher, signals, grace_s=grace_s, is_live=is_apart)
