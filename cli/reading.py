"""Owns where a prompt comes from: the command line, or standard input."""

from __future__ import annotations

import sys

import click


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
