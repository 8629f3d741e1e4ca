"""Owns the file of `--report`: written at once and whole, or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click


class ReportFile:
    """
    A JSON file that is replaced when there is something to report.

    Args:
        path: where it is to be; a report that is there already is replaced.
        others: files of this run that it must not be; some may not be there.

    Raises:
        click.UsageError: it cannot be written, which shows before anything is sent.
    """

    def __init__(self, path: str, others: Iterable[str | None]) -> None:
        # A link stays one: what it points to is replaced.
        self._path = Path(path).resolve()
        # In the same folder, for only there it can take the report's place at once.
        self._draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        self._check(path, others)

    def write(self, document: Mapping[str, Any]) -> None:
        """
        Write it.

        Raises:
            OSError: the disk is full, or the like.
        """
        text = json.dumps(document, ensure_ascii=False, indent=2)
        try:
            with self._draft.open("w", encoding="utf-8") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(file.fileno())
            self._draft.replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                self._draft.unlink()
            raise

    def _check(self, path: str, others: Iterable[str | None]) -> None:
        if any(other and self._path == Path(other).resolve() for other in others):
            raise click.UsageError(f"--report {path} is another file of this run")
        if self._path.exists() and not self._path.is_file():
            raise click.UsageError(f"--report {path} is no regular file")
        try:
            self._draft.touch()
            self._draft.unlink()
        except OSError as error:
            reason = error.strerror or error
            raise click.UsageError(f"cannot write --report {path}: {reason}") from error
