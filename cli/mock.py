"""Owns the `mock` command: an upstream in the foreground, for people to practise on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import wording
from holybalance_cli.ending import Exit

if TYPE_CHECKING:
    from holybalance.testing import Behaviour, Counts


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 takes a free one.",
)
@click.option(
    "--latency",
    default="0.05",
    show_default=True,
    help="Seconds before an answer, or how to draw them: uniform:LOW:HIGH, "
    "normal:MEAN:DEVIATION, lognormal:MEDIAN:SIGMA, exponential:MEAN. Of a stream it "
    "is the time to the first piece.",
)
@click.option("--pieces", type=int, help="Pieces of a stream.  [default: its words]")
@click.option(
    "--piece-interval",
    default="0.01",
    show_default=True,
    help="Seconds between two pieces, or how to draw them, as --latency.",
)
@click.option("--error-rate", type=float, default=0.0, help="Share that fails, 0 to 1.")
@click.option(
    "--error-status", type=int, default=500, show_default=True, help="How these fail."
)
@click.option("--rate", type=float, help="Requests a second; the others get 429.")
@click.option("--burst", type=int, help="Requests at once before --rate holds.")
@click.option("--retry-after", metavar="SECONDS", help="The Retry-After of a 429.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    default=("mock-model",),
    show_default=True,
    help="A model to list; may be repeated.",
)
@click.option("--strict-models", is_flag=True, help="Answer 404 to any other model.")
@click.option("--api-key", help="Answer 401 to any other key.")
@click.option("--reply", default="This is a mock reply.", help="What it says.")
@click.option("--echo", is_flag=True, help="Say what the last message said.")
@click.option("--seed", type=int, help="What the random numbers start from.")
@click.pass_context
def mock(context: click.Context, /, *, host: str, port: int, **settings: Any) -> None:
    """
    Be a mock upstream (OpenAI, Anthropic, Gemini) until Ctrl-C.

    Needs no key and no network, and prints the endpoint to paste into holybalance.toml.
    It answers, whole and in streams:

    \b
      POST /v1/chat/completions                     OpenAI's format
      POST /v1/embeddings
      POST /v1/messages                             Anthropic's
      POST /v1beta/models/MODEL:generateContent     Gemini's
      POST /v1beta/models/MODEL:streamGenerateContent?alt=sse
      POST /v1beta/models/MODEL:batchEmbedContents
      GET  /v1/models, /v1/models/ID, the same below /v1beta
    """  # noqa: D301 - click's mark is a backspace, not a backslash
    from holybalance.testing.server import serve  # noqa: PLC0415 - it has an event loop

    behaviour = _behaviour(settings)
    try:
        counts = serve(
            behaviour,
            host,
            port,
            on_ready=lambda url: click.echo(_greeting(url, behaviour)),
        )
    except OSError as error:
        reason = error.strerror or error
        click.echo(f"Error: cannot listen on {host}:{port}: {reason}", err=True)
        click.echo("Choose another with --port or --host.", err=True)
        context.exit(Exit.USAGE)
    click.echo(_farewell(counts))


def _behaviour(settings: dict[str, Any]) -> Behaviour:
    from holybalance.testing import Behaviour  # noqa: PLC0415 - `--help` must be quick

    try:
        return Behaviour(**settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _greeting(url: str, behaviour: Behaviour) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    # A TOML string is written as a JSON string is.
    models = ", ".join(map(json.dumps, behaviour.models))
    lines = [
        f"Mock upstream at {url}; Ctrl-C ends it. To use it, in holybalance.toml:",
        "",
        "[[endpoints]]",
        'name = "mock"',
        'provider = "openai"',
        f'base_url = "{url}"',
        f"models = [{models}]",
    ]
    if behaviour.api_key is not None:
        lines.append('api_key = { env = "MOCK_API_KEY" }  # the one from --api-key')
    return "\n".join([*lines, ""])


def _farewell(counts: Counts) -> str:
    return (
        f"\n{wording.count(counts.requests, 'request')}: "
        f"{counts.answered:,} answered, {counts.throttled:,} throttled, "
        f"{counts.errors:,} failed; {counts.abandoned:,} abandoned before their "
        f"answer, {counts.left:,} left within it"
    )
