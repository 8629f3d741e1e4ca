"""Owns that files are closed while a process forks; knows no kind of store."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from typing import Protocol


class HasFile(Protocol):
    """Who has a file that must not be open in a fork."""

    def hold_up(self) -> None:
        """Close the file after its use, and let nobody use it."""

    def go_on(self) -> None:
        """Let it be used again; whoever does opens it."""


class Files:
    """
    All who have files, and close them before a fork.

    SQLite has one record of a file's locks in a process. A child that inherits it
    believes to hold locks that it does not hold: once the parent closes the file, its
    journal is deleted under the child, whose money nobody sees any more.
    <https://www.sqlite.org/howtocorrupt.html>, section 2.6
    """

    def __init__(self) -> None:
        self._owners: weakref.WeakSet[HasFile] = weakref.WeakSet()
        self._held: list[HasFile] = []
        # Held through a fork, too, so that the child finds it free.
        self._lock = threading.Lock()

    def add(self, owner: HasFile) -> None:
        """Have somebody take part, for as long as anybody uses it."""
        with self._lock:
            self._owners.add(owner)

    def close(self) -> None:
        """Close all files, and keep them closed."""
        self._lock.acquire()
        for owner in list(self._owners):
            owner.hold_up()
            self._held.append(owner)

    def go_on(self) -> None:
        """Let all be used again."""
        while self._held:
            self._held.pop().go_on()
        self._lock.release()


@functools.cache
def let_go_before_forks() -> Files:
    """
    Give the one register of files, which closes them before each fork.

    It is the process's, as hooks of forks are, which cannot be taken back: hooks for
    each owner would stay when the owner is gone. The first use sets them.
    """
    files = Files()
    os.register_at_fork(
        before=files.close, after_in_parent=files.go_on, after_in_child=files.go_on
    )
    return files
