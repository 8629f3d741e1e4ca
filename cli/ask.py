"""Owns the `ask` command: one prompt, one answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening, wording

if TYPE_CHECKING:
    from holybalance.messages import Attempt, Reply


@click.command()
@click.argument("prompt", required=False)
@opening.model_option
@opening.system_option
@opening.timeout_option
@opening.config_option
@opening.json_option
@click.option(
    "-v", "--verbose", is_flag=True, help="Say on standard error who answered, and how."
)
def ask(
    *,
    prompt: str | None,
    model: str | None,
    system: str | None,
    timeout: float | None,
    config_path: str | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """
    Send one PROMPT and print the answer.

    PROMPT is read from standard input when it is "-", or absent and something is
    piped in.
    """
    opening.require_stdout()
    prompt = _read(prompt)
    from holybalance.client import Client  # noqa: PLC0415 - `--help` must be quick

    config = opening.open_config(config_path, model=model, timeout=timeout)
    opening.require_model(config)
    with Client(config) as client:
        reply = client.chat(prompt, system=system)
    click.echo(_as_json(reply) if as_json else reply.text)
    if verbose:
        click.echo(_story(reply), err=True)


def _read(prompt: str | None) -> str:
    # Python has no standard input where the shell has closed it.
    has_input = sys.stdin is not None and (prompt == "-" or not sys.stdin.isatty())
    if prompt in {None, "-"}:
        if not has_input:
            raise click.UsageError("there is no prompt; give one, or pipe one in")
        prompt = _decoded(sys.stdin.buffer.read())
    assert prompt is not None
    if not prompt.strip():
        raise click.UsageError("the prompt is empty")
    return prompt


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"standard input is not UTF-8 text, from byte {error.start + 1} on"
        ) from error


def _as_json(reply: Reply) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    ours = {
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


def _story(reply: Reply) -> str:
    usage = reply.usage
    tokens = "unknown"
    if usage is not None:
        tokens = f"{usage.input_tokens:,} in, {usage.output_tokens:,} out"
    facts = {
        "model": reply.model,
        "endpoint": reply.endpoint,
        "latency": wording.seconds(reply.latency_s),
        "tokens": tokens,
        "cost": wording.dollars(reply.cost_usd),
        "attempts": str(len(reply.attempts)),
    }
    lines = [f"{name:<9} {value}" for name, value in facts.items()]
    if len(reply.attempts) > 1:
        lines += [f"  {n}. {attempt}" for n, attempt in enumerate(reply.attempts, 1)]
    return "\n".join(lines)
