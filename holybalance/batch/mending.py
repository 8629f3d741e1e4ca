"""Owns what an earlier run has left: reading it, mending it, rewriting it."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from holybalance.batch import answers
from holybalance.batch.answers import OPENING, Written
from holybalance.batch.opening import lock
from holybalance.batch.output import Output
from holybalance.errors import ConfigError

_CHUNK_BYTES = 1 << 16


class Found(NamedTuple):
    """A row that is in an output already, and where."""

    row: Written
    offset: int
    content: bytes


def find_rows(output: Output) -> Iterator[Found]:
    """
    Read a regular output from its beginning.

    Raises:
        ConfigError: a line is no row of batch output.
    """
    offset = 0
    with Path(output.name).open("rb") as file:
        for number, line in enumerate(file, 1):
            row = answers.read(line)
            if row is not None:
                yield Found(row, offset, line)
            elif not line.isspace():
                raise ConfigError(
                    f"{output.name}, line {number}: it is no row of batch output; name "
                    "another output"
                )
            offset += len(line)


def mend(output: Output) -> str:
    """
    See to it that an output ends with a whole row; say what was done, if anything.

    A crash or a full disk may have torn the last line.

    Raises:
        ConfigError: that line was not written by us, so it is not ours to cut off.
    """
    torn = _unended_line(output.file, output.size)
    if not torn:
        return ""
    if answers.read(torn) is not None:
        output.file.write(b"\n")
        output.size += 1
        return f"ended the last line of {output.name}"
    # After a power failure a file may end with zeros that were never written.
    written = torn.rstrip(b"\0")
    if not written.startswith(OPENING) and not OPENING.startswith(written):
        raise ConfigError(
            f"{output.name} ends with something else than a row of batch output; name "
            "another output"
        )
    output.size -= len(torn)
    os.ftruncate(output.file.fileno(), output.size)
    return f"mended {output.name}: cut off a torn last line"


def drop_failed(output: Output) -> int:
    """
    Take the failed rows out of an output; say how many they were.

    A crash leaves either the old file or the new one, each of them whole.

    Raises:
        ConfigError: there is no room for the new file; the old one is as it was.
    """
    dropped = sum(found.row.is_failed for found in find_rows(output))
    if dropped:
        try:
            _replace(output)
        except OSError as error:
            raise ConfigError(output.trouble(error)) from error
    return dropped


def _replace(output: Output) -> None:
    # A link stays one: what it points to is replaced.
    path = Path(os.path.realpath(output.name))
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    file = Path(draft).open("a+b", buffering=0)  # noqa: SIM115 - the output's owner
    try:
        _keep_status(output.file.fileno(), file.fileno())
        _copy_good(output, file)
        # Locked before it is in place: at no moment is it anybody else's.
        lock(file, draft)
        Path(draft).replace(path)
        _sync_folder(path.parent)
    except BaseException:
        file.close()
        Path(draft).unlink(missing_ok=True)
        raise
    output.file.close()
    output.file = file
    output.size = os.fstat(file.fileno()).st_size


def _copy_good(output: Output, file: io.FileIO) -> None:
    buffer = io.BufferedWriter(file)
    try:
        for found in find_rows(output):
            if not found.row.is_failed:
                buffer.write(found.content)
        buffer.flush()
    finally:
        buffer.detach()
    os.fsync(file.fileno())


def _keep_status(old: int, new: int) -> None:
    status = os.fstat(old)
    os.fchmod(new, stat.S_IMODE(status.st_mode))
    with contextlib.suppress(PermissionError):
        os.fchown(new, status.st_uid, status.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unended_line(file: IO[bytes], size: int) -> bytes:
    """Read what follows the last end of a line."""
    chunks: list[bytes] = []
    while size:
        begin = max(0, size - _CHUNK_BYTES)
        chunk = os.pread(file.fileno(), size - begin, begin)
        end = chunk.rfind(b"\n") + 1
        chunks.append(chunk[end:])
        if end:
            break
        size = begin
    return b"".join(reversed(chunks))
