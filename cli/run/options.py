"""Owns the options of `run`: their names, their help, what is refused at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from holybalance_cli.opening import check_finite, tag_option

if TYPE_CHECKING:
    from holybalance_cli.run.thresholds import Threshold

DASH = "-"
_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def _source(context: click.Context, parameter: click.Parameter, source: str) -> str:
    del context, parameter
    if source == DASH and sys.stdin is None:
        raise click.BadParameter("standard input is closed; name a file instead")
    return source


def _output(
    context: click.Context, parameter: click.Parameter, output: str | None
) -> str | None:
    if output is None and not context.params.get("dry_run"):
        raise click.MissingParameter(ctx=context, param=parameter)
    if output is not None and not output:
        raise click.BadParameter("it is empty; name a file, or - for standard output")
    if output == DASH and sys.stdout is None:
        raise click.BadParameter("standard output is closed; name a file instead")
    return output


def _thresholds(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> list[Threshold]:
    if not values:
        return []
    from holybalance_cli.run import thresholds  # noqa: PLC0415 - `--help` must be quick

    if context.params.get("dry_run"):
        raise click.UsageError(
            "--fail-on judges what was sent; --dry-run sends nothing"
        )
    try:
        return [thresholds.parse(value) for value in values]
    except ValueError as error:
        raise click.BadParameter(str(error), ctx=context, param=parameter) from None


def _all(*decorators: Callable[[Any], Any]) -> Callable[[_Decorated], _Decorated]:
    """Make one decorator of several; the first one's option is listed first."""

    def decorate(function: _Decorated) -> _Decorated:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


files = _all(
    click.argument(
        "source",
        metavar="IN",
        type=click.Path(dir_okay=False, allow_dash=True),
        callback=_source,
    ),
    click.option(
        "-o",
        "--output",
        metavar="OUT",
        type=click.Path(allow_dash=True),
        callback=_output,
        help="The file that answers are appended to, or - for stdout; needed unless "
        "--dry-run.",
    ),
    click.option(
        "--format",
        type=click.Choice(["auto", "lines", "jsonl"]),
        default="auto",
        show_default=True,
        help="A prompt a line, or OpenAI's batch input; auto goes by the name or "
        "content.",
    ),
)
embed = click.option(
    "--embed",
    is_flag=True,
    help="Embed each plain line with the model of -m, in place of sending a prompt.",
)
system = click.option(
    "-s", "--system", help="A system message to put before each prompt of plain lines."
)
max_tokens = click.option(
    "--max-tokens",
    metavar="N",
    type=click.IntRange(min=1),
    help="The longest answer of each chat that sets no bound of its own.",
)
rows = _all(
    click.option(
        "--resume/--no-resume",
        default=True,
        show_default=True,
        help="Skip the rows that OUT has, or refuse an OUT that exists.",
    ),
    click.option(
        "--retry-errors",
        is_flag=True,
        help="Take rows that failed out of OUT first, and send them again.",
    ),
    click.option(
        "--errors",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Where rows that fail go, in place of OUT; to go on, name it again.",
    ),
    click.option(
        "--ordered",
        is_flag=True,
        help="Write answers in the order of IN; those that are early wait in memory, "
        "and are lost when the run is ended.",
    ),
    click.option(
        "--dedupe",
        is_flag=True,
        help="Make one call for rows that ask the same; each gets the answer.",
    ),
    click.option(
        "--limit",
        metavar="N",
        type=click.IntRange(min=1),
        help="Only the first N rows.",
    ),
    click.option(
        "--sample",
        metavar="N",
        type=click.IntRange(min=1),
        help="Only N rows, chosen at random from a file.",
    ),
    click.option(
        "--seed",
        metavar="S",
        type=int,
        default=0,
        show_default=True,
        help="What --sample chooses by: the same rows for the same S.",
    ),
    tag_option,
)
speed = _all(
    click.option(
        "--rate",
        metavar="CALLS_PER_S",
        type=click.FloatRange(min=0, min_open=True),
        callback=check_finite,
        help="Begin no more calls a second than this.",
    ),
    click.option(
        "--processes",
        metavar="N",
        type=click.IntRange(min=1),
        show_default="the cores, fewer for few rows",
        help="Worker processes.",
    ),
    click.option(
        "--threads",
        metavar="N",
        type=click.IntRange(min=1),
        show_default="found by latency and load",
        help="Calls at once in each process.",
    ),
)
ending = _all(
    click.option(
        "--max-cost",
        metavar="USD",
        type=click.FloatRange(min=0, min_open=True),
        callback=check_finite,
        help="What this run may cost at the most; it stops before it could cost more. "
        "A call without a bound holds the cost of the model's longest answer, so few "
        "run at once: give --max-tokens too.",
    ),
    click.option(
        "--grace",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        callback=check_finite,
        default=10.0,
        show_default=True,
        help="How long calls under way may take to end after the first Ctrl-C.",
    ),
    click.option(
        "--dry-run",
        is_flag=True,
        is_eager=True,
        help="Say what all of IN would take: rows, tokens, cost, time. Sends nothing.",
    ),
    click.option(
        "--fail-on",
        metavar="EXPRESSION",
        multiple=True,
        callback=_thresholds,
        help="End with exit code 99 if this holds at the end, such as "
        "'error_rate>0.01' or 'p99>=800ms'; may be repeated. Compares error_rate, "
        "failed, p50, p90, p99, cost_usd or rows_per_s by > >= < <=.",
    ),
    click.option(
        "--report",
        "report_path",
        metavar="FILE.json",
        type=click.Path(dir_okay=False),
        help="Write what the run came to as JSON; replaces the file.",
    ),
)
