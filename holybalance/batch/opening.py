"""Owns opening what a batch writes to: one run at a time, and nothing is lost."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO

from holybalance.batch.output import Output
from holybalance.batch.source import DASH
from holybalance.errors import ConfigError

PathName = str | os.PathLike[str]


def open_output(path: PathName, *, may_exist: bool, is_read_back: bool) -> Output:
    """
    Open a file for appending, or a device or pipe for writing.

    Args:
        path: `-` for standard output.
        may_exist: whether it may have rows already.
        is_read_back: whether `Output.read` will be wanted.

    Raises:
        ConfigError: it cannot be written, or another run writes it.
    """
    name = os.fspath(path)
    if not name:
        raise ConfigError(
            "the output has no name; name a file, or - for standard output"
        )
    if name == DASH:
        return _open_stdout(is_read_back)
    is_special = _is_special(name)
    try:
        # Its owner closes it. Reading is for resuming and for repeats.
        mode = "wb" if is_special else "a+b"
        file = open(name, mode, buffering=0)  # noqa: SIM115 - see above
    except OSError as error:
        message = f"cannot write {name}: {error.strerror or error}"
        raise ConfigError(message) from error
    try:
        if is_special:
            return Output(file, name, spool=_spool(is_read_back))
        if not may_exist and os.fstat(file.fileno()).st_size:
            raise ConfigError(
                f"{name} exists already; name another output, or resume it"
            )
        lock(file, name)
    except BaseException:
        file.close()
        raise
    return Output(file, name)


def lock(file: IO[bytes], name: str) -> None:
    """
    Keep a file for this run, until it is closed.

    Raises:
        ConfigError: another run has it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _taken(name) from None
    except OSError:
        # A file system without locks, as some over a network: then it goes unguarded.
        return
    # Another run may have put a new file in its place before this one was locked.
    if not _is_still_there(file, name):
        raise _taken(name)


def refuse_same(paths: dict[str, PathName]) -> None:
    """
    Refuse files of which one is to be written while it is something else as well.

    Args:
        paths: what each is for, and its path.

    Raises:
        ConfigError: two of them are the same.
    """
    seen: dict[object, str] = {}
    for role, path in paths.items():
        if os.fspath(path) == DASH or _is_special(path):
            continue
        other = seen.setdefault(_identity(path), role)
        if other != role:
            raise ConfigError(
                f"{os.fspath(path)} is the {other} and the {role}; name another file"
            )


def _open_stdout(is_read_back: bool) -> Output:
    if sys.stdout is None:
        raise ConfigError("standard output is closed; name a file instead")
    # What is below the buffer, so that a row which fails is not tried again.
    buffer = sys.stdout.buffer
    file = getattr(buffer, "raw", buffer)
    # It may be a file that only can be written, so its rows are kept elsewhere.
    spool = _spool(is_read_back)
    return Output(file, "standard output", spool=spool, is_owned=False)


def _spool(is_wanted: bool) -> IO[bytes] | None:
    if not is_wanted:
        return None
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise ConfigError(f"cannot write a temporary file: {error}") from error


def _is_special(path: PathName) -> bool:
    """Whether it is there and no regular file."""
    try:
        return not stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return False


def _identity(path: PathName) -> object:
    try:
        status = Path(path).stat()
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def _is_still_there(file: IO[bytes], name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), Path(name).stat())
    except OSError:
        return False


def _taken(name: str) -> ConfigError:
    return ConfigError(
        f"another run is writing {name}; wait for its end, or name another output"
    )
