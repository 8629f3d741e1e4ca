"""Owns the `ask` command: one prompt, one answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening, wording
from holybalance_cli.reading import PromptCommand, read_prompt

if TYPE_CHECKING:
    from holybalance.client import Client
    from holybalance.messages import Attempt, Reply


@click.command(cls=PromptCommand)
@click.argument("prompt", required=False)
@opening.model_option
@opening.system_option
@opening.timeout_option
@opening.max_tokens_option
@opening.max_cost_option
@opening.max_latency_option
@opening.tag_option
@opening.config_option
@opening.json_option
@click.option(
    "--stream/--no-stream",
    default=None,
    show_default="stream on a terminal, else whole",
    help="Print the answer as it comes, or when it is whole. One that has begun to "
    "come cannot go on from another endpoint.",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Say on standard error who answered, and how."
)
def ask(
    *,
    prompt: str | None,
    model: str | None,
    timeout: float | None,
    max_tokens: int | None,
    config_path: str | None,
    as_json: bool,
    stream: bool | None,
    verbose: bool,
    **arguments: Any,
) -> None:
    """
    Send one PROMPT and print the answer.

    PROMPT is read from standard input when it is "-", or absent and something is
    piped in.

    Exit code 0: it was answered; 4: a budget has no room for it; 130: interrupted; 2:
    nothing was sent, for the command line or the configuration is wrong; 1: anything
    else, an answer that broke off included: then what came of it has been printed.
    """
    opening.require_stdout()
    if as_json and stream:
        raise click.UsageError("--json prints a whole reply: leave --stream out")
    prompt = read_prompt(prompt)
    from holybalance.client import Client  # noqa: PLC0415 - `--help` must be quick

    # A call of unknown price has an error of its own.
    config = opening.open_config(
        config_path, tells_unpriced=False, model=model, timeout=timeout
    )
    opening.require_model(config)
    if max_tokens is not None:
        arguments["max_tokens"] = max_tokens
    if stream is None:
        # What is piped on is wanted whole, and may go elsewhere until then.
        stream = sys.stdout.isatty() and not as_json
    with opening.plain_warnings(), Client(config) as client:
        if stream:
            reply = _streamed(client, prompt, arguments)
        else:
            reply = client.chat(prompt, **arguments)
    if not stream:
        _print(_as_json(reply) if as_json else reply.text)
    if verbose:
        click.echo(_story(reply, config.default_model), err=True)


def _streamed(client: Client, prompt: str, arguments: dict[str, Any]) -> Reply:
    """Print an answer as it comes, and give the whole of it."""
    with client.stream(prompt, **arguments) as stream, _ended_line():
        for delta in stream:
            if delta.text:
                _print(delta.text, nl=False)
        return stream.read()


def _print(text: str, *, nl: bool = True) -> None:
    # Click would take out what colours a terminal; an answer is passed on as it is.
    click.echo(text, nl=nl, color=True)


@contextmanager
def _ended_line() -> Iterator[None]:
    """End the line that was printed last, also where it is the last that comes."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads on
    except (Exception, KeyboardInterrupt):
        click.echo()
        raise
    click.echo()


def _as_json(reply: Reply) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    ours = {
        "model": reply.model,
        "endpoint": reply.endpoint,
        "latency_s": reply.latency_s,
        "cost_usd": reply.cost_usd,
        "attempts": [_plain(attempt) for attempt in reply.attempts],
    }
    document = {**reply.body, "holybalance": ours}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _plain(attempt: Attempt) -> dict[str, Any]:
    return {
        "endpoint": attempt.endpoint,
        "verdict": attempt.verdict.value,
        "status": attempt.status,
        "latency_s": attempt.latency_s,
        "message": attempt.message,
    }


def _latency(reply: Reply) -> str:
    whole, first = reply.latency_s, reply.first_token_s
    if first is None:
        return wording.seconds(whole)
    return f"{wording.seconds(whole)}, the first token after {wording.seconds(first)}"


def _story(reply: Reply, asked: str | None) -> str:
    usage, model = reply.usage, reply.model
    tokens = "unknown"
    if usage is not None:
        tokens = f"{usage.input_tokens:,} in, {usage.output_tokens:,} out"
    facts = {
        "model": model if model == asked else f"{model}, for {asked}",
        "endpoint": reply.endpoint,
        "latency": _latency(reply),
        "tokens": tokens,
        "cost": wording.dollars(reply.cost_usd),
        "attempts": str(len(reply.attempts)),
    }
    lines = [f"{name:<9} {value}" for name, value in facts.items()]
    if len(reply.attempts) > 1:
        lines += [f"  {n}. {attempt}" for n, attempt in enumerate(reply.attempts, 1)]
    return "\n".join(lines)
