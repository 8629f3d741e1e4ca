"""Owns the limit of open files: each connection takes one, in use or kept alive."""

from __future__ import annotations

import resource
from collections.abc import Sequence

# For the interpreter, the parent's socket, look-ups, files of authorities.
SPARE = 64
# macOS says "no limit" and means OPEN_MAX.
_WHERE_UNLIMITED = 10_240


def most() -> int:
    """Say how many files a process of ours could open, once it has raised its limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return max(soft, _WHERE_UNLIMITED)
    return hard


def set_limit(files: int) -> None:
    """Raise this process's soft limit to `files`; it is never lowered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


def files_for(threads: int, slots: Sequence[int]) -> int:
    """
    Say how many files so many calls at once need.

    Args:
        slots: of each endpoint, which may keep as many connections alive.
    """
    return SPARE + sum(min(threads, each) for each in slots)


def threads_for(files: int, slots: Sequence[int]) -> int:
    """Say how many calls at once so many files are enough for."""
    left, threads = files - SPARE, 1
    # From the smallest on: what one endpoint cannot use is there for the others.
    for position, each in enumerate(sorted(slots)):
        threads = max(1, left // (len(slots) - position))
        if threads < each:
            return threads
        left -= each
    return max(slots)
