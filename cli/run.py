"""Owns the `run` command: a file of prompts in, a file of answers out."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from holybalance_cli import opening, wording
from holybalance_cli.background import Background
from holybalance_cli.ending import Exit

if TYPE_CHECKING:
    from holybalance.client import Client
    from holybalance_cli.batch.job import Job
    from holybalance_cli.batch.output import Output
    from holybalance_cli.batch.rows import BadRow, Row

_DASH = "-"
_FRAME_S = 0.1
# After Ctrl-C: for calls that are about to end anyway, and for the rest to give up.
_GRACE_S = 0.3
_GIVE_UP_S = 3.0


class _Input(NamedTuple):
    """Rows to read, and how many there will be where that can be known."""

    rows: Iterator[Row | BadRow]
    kind: str
    expected: int | None


def _check_output(
    context: click.Context, parameter: click.Parameter, output: str
) -> str:
    del context, parameter
    if not output:
        raise click.BadParameter("it is empty; name a file, or - for standard output")
    if output == _DASH and sys.stdout is None:
        raise click.BadParameter("standard output is closed; name a file instead")
    return output


@click.command()
@click.argument(
    "source", metavar="IN", type=click.Path(dir_okay=False, allow_dash=True)
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    type=click.Path(allow_dash=True),
    callback=_check_output,
    help="Where to write the answers: a file that does not exist yet, or - for stdout.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["auto", "lines", "jsonl"]),
    default="auto",
    show_default=True,
    help="A prompt a line, or OpenAI's batch input; auto goes by the name or content.",
)
@opening.model_option
@click.option(
    "-s", "--system", help="A system message to put before each prompt of plain lines."
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="How many calls are made at once."
)
@opening.timeout_option
@opening.config_option
@click.pass_context
def run(
    context: click.Context,
    *,
    source: str,
    output: str,
    kind: str,
    model: str | None,
    system: str | None,
    threads: int | None,
    timeout: float | None,
    config_path: str | None,
) -> None:
    """
    Send each line of IN and write each answer to OUT.

    IN has a prompt a line, or rows of OpenAI's batch input; - is standard input. OUT
    gets rows of OpenAI's batch output as they are done, one for each line that is not
    blank. A row that fails has its error in it, and the rest goes on.

    Exit code 0: all rows are ok; 3: some failed; 1: the run broke off; 130: Ctrl-C.
    """
    from holybalance.client import Client  # noqa: PLC0415 - `--help` must be quick
    from holybalance_cli.batch.job import Job  # noqa: PLC0415 - likewise

    config = opening.open_config(
        config_path, model=model, threads=threads, timeout=timeout
    )
    stop = threading.Event()
    given = _open_input(source, kind, system, stop)
    if given.kind == "lines":
        opening.require_model(config)
    with Client(config) as client, _open_output(output) as file:
        click.echo(f"reading {_name(source)} as {given.kind}", err=True)
        job = Job(client, given.rows, file, stop)
        code = _perform(client, job, stop, given.expected)
    context.exit(code)


def _perform(
    client: Client, job: Job, stop: threading.Event, expected: int | None
) -> Exit:
    """Run a job to its end, or until Ctrl-C, and say on standard error how it went."""
    from holybalance.errors import NoEndpoint  # noqa: PLC0415 - `--help` must be quick
    from holybalance_cli.batch.output import OutputError  # noqa: PLC0415 - likewise

    work, started = Background(job.run), time.monotonic()
    code, ending = Exit.OK, ""
    try:
        _watch(work, job, expected)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        _break_off(work, client, stop)
        code, ending = Exit.INTERRUPTED, "interrupted: the other rows were not sent"
    except (OSError, OutputError, NoEndpoint) as error:
        reason = str(error).splitlines()[0]
        code, ending = Exit.FATAL, f"Error: the run broke off: {reason}"
    click.echo(job.totals.summary(time.monotonic() - started), err=True)
    if job.totals.repeated_names:
        repeated = wording.count(job.totals.repeated_names, "custom_id")
        click.echo(f"Warning: {repeated} repeated from earlier rows", err=True)
    if ending:
        written = wording.count(job.totals.rows, "row")
        click.echo(f"{ending}; {written} written", err=True)
    return code or (Exit.SOME_FAILED if job.totals.failed else Exit.OK)


def _watch(work: Background, job: Job, expected: int | None) -> None:
    from holybalance_cli.batch.progress import make_view  # noqa: PLC0415 - rich

    with make_view(job.totals, expected) as view:
        work.start()
        while not work.wait(_FRAME_S):
            view.update()
    work.raise_error()


def _break_off(work: Background, client: Client, stop: threading.Event) -> None:
    """Read no more, write what is done, and give up what is under way."""
    stop.set()
    if not work.wait(_GRACE_S):
        client.close(wait=False)
        work.wait(_GIVE_UP_S)


def _open_input(
    source: str, kind: str, system: str | None, stop: threading.Event
) -> _Input:
    from holybalance_cli.batch import lines, rows  # noqa: PLC0415 - orjson

    try:
        if source == _DASH:
            contents, expected = lines.of_pipe(0, stop), None
        else:
            contents, expected = lines.of_file(Path(source)), _count(Path(source))
        first, numbered = lines.peek(lines.number(contents))
    except OSError as error:
        reason = f"cannot read {_name(source)}: {error.strerror}"
        raise click.UsageError(reason) from error
    if kind == "auto":
        kind = rows.guess_format(source, first)
    if kind == "jsonl" and system is not None:
        raise click.UsageError(
            f"--system is for plain lines, and {_name(source)} is read as jsonl; put a "
            "system message into each row's messages"
        )
    return _Input(rows.read_rows(numbered, kind, system), kind, expected)


def _name(source: str) -> str:
    return "standard input" if source == _DASH else source


def _count(path: Path) -> int | None:
    """Count the rows of a file; of anything else the end is not known."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())


@contextlib.contextmanager
def _open_output(output: str) -> Iterator[Output]:
    from holybalance_cli.batch.output import Output  # noqa: PLC0415 - lazy

    if output == _DASH:
        # What is below the buffer, so that a row which fails is not tried again.
        buffer = sys.stdout.buffer
        yield Output(getattr(buffer, "raw", buffer), "standard output")
        return
    path = Path(output)
    if path.is_file():
        raise click.UsageError(
            f"{output} exists already; name another file with -o, or remove it first"
        )
    try:
        # A device or a named pipe exists, and is there to be written to.
        file = path.open("wb" if path.exists() else "xb", buffering=0)
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from error
    with file:
        yield Output(file, output)
