"""Owns what becomes of standard error that nobody reads any more: silence, no more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class _Quiet:
    """
    A text stream that takes what another does not.

    Args:
        stream: it gets everything until it fails.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or do as if."""
        with self._silenced():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or do as if."""
        with self._silenced():
            self._stream.flush()

    @contextlib.contextmanager
    def _silenced(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # From here on for all who write, Python at its very end among them.
            with (
                contextlib.suppress(OSError, io.UnsupportedOperation),
                open(os.devnull, "wb") as nowhere,
            ):
                os.dup2(nowhere.fileno(), self._stream.fileno())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let nothing end or change because standard error cannot be written."""
    stream = sys.stderr
    if stream is None:
        yield
        return
    sys.stderr = cast("TextIO", _Quiet(stream))
    try:
        yield
    finally:
        sys.stderr = stream
