"""Owns where a prompt comes from: the command line, or standard input."""

from __future__ import annotations

import shlex
import sys
import textwrap

import click

_SHOWN_CHARACTERS = 50


class PromptCommand(click.Command):
    """A command with a prompt for its one argument, which people forget to quote."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a prompt in several words, and show how it is meant."""
        rest = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            words = " ".join([ctx.params["prompt"], *ctx.args])
            short = textwrap.shorten(words, _SHOWN_CHARACTERS, placeholder=" …")
            raise click.UsageError(
                "a prompt is one argument, so quote it: "
                f"{ctx.command_path} {shlex.quote(short)}",
                ctx,
            )
        return rest


def read_prompt(given: str | None) -> str:
    """
    Take a prompt, or read standard input for "-" and where none is given.

    Raises:
        click.UsageError: there is none, it is empty, or it is no text.
    """
    prompt = given
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
