"""Owns lines of the input: how they are read, numbered, and handed to a worker."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

_CHUNK_BYTES = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is not blank; `number` counts all lines from 1."""

    number: int
    content: bytes


def pack(line: Line) -> bytes:
    """Write a line as the item that a worker is given."""
    return b"%d %b" % line


def unpack(item: bytes) -> Line:
    """Read what `pack` wrote."""
    number, _, content = item.partition(b" ")
    return Line(int(number), content)


def numbered(contents: Iterable[bytes | None]) -> Iterator[Line | None]:
    """Number lines as they come and leave out blank ones; `None` passes as it is."""
    number = 0
    for content in contents:
        if content is None:
            yield None
            continue
        number += 1
        text = content.removeprefix(_BYTE_ORDER_MARK) if number == 1 else content
        if text and not text.isspace():
            yield Line(number, text.rstrip(b"\r\n"))


def of_file(file: IO[bytes]) -> Iterator[bytes]:
    """Read a regular file's lines, from its beginning."""
    file.seek(0)
    # Not `yield from`, which closes the file where its reader leaves early.
    for line in file:  # noqa: UP028
        yield line


def of_pipe(descriptor: int) -> Iterator[bytes | None]:
    """Read the lines of a pipe or terminal; `None` where nothing has come yet."""
    begun: list[bytes] = []
    while True:
        if not is_readable(descriptor, 0.0):
            yield None
            continue
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            break
        first, *more = chunk.split(b"\n")
        begun.append(first)
        if more:
            yield b"".join(begun)
            yield from more[:-1]
            begun = more[-1:]
    yield b"".join(begun)


def is_readable(descriptor: int, wait_s: float) -> bool:
    """Wait until a pipe has something to read, or its end; tell whether it has."""
    # Not `select`, which refuses descriptors from 1,024 on.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(wait_s * 1000))
