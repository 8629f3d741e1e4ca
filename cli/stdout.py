"""Owns what becomes of standard output that takes nothing: one message, exit code 1."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

import click


class _Stdout(io.TextIOWrapper):
    """Standard output whose failure ends a command, wherever it writes."""

    has_failed = False

    def write(self, text: str, /) -> int:
        """Write, or say why not."""
        with self._explained():
            return super().write(text)

    def flush(self) -> None:
        """Flush, or say why not."""
        with self._explained():
            super().flush()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            self.has_failed = True
            reason = error.strerror or error
            message = f"cannot write standard output: {reason}"
            raise click.ClickException(message) from error


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Have failures to write to this process's standard output explained."""
    stdout = sys.stdout
    # A test's or a caller's own stream is left alone.
    if type(stdout) is not io.TextIOWrapper:
        yield
        return
    ours = sys.stdout = _Stdout(
        stdout.buffer,
        encoding=stdout.encoding,
        errors=stdout.errors,
        line_buffering=stdout.line_buffering,
        write_through=stdout.write_through,
    )
    try:
        yield
    finally:
        if ours.has_failed:
            # Python flushes once more at its end, and would complain as well.
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), ours.fileno())
