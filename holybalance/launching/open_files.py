"""Owns the limit of open files: each call under way takes one, for its connection."""

from __future__ import annotations

import resource

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


def threads_for(files: int) -> int:
    """Say how many calls at once so many files are enough for."""
    return max(1, files - SPARE)


def files_for(threads: int) -> int:
    """Say how many files so many calls at once need."""
    return threads + SPARE
