"""
Owns work in a thread beside the main one, which stays free for Ctrl-C and the view.

Python delivers Ctrl-C to the main thread only. So whoever works elsewhere is never
torn out of the middle of a row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Background(Generic[T]):
    """
    Runs a function once, in a thread that cannot keep the process from ending.

    Args:
        function: what to run.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._result: T | None = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, but not longer than so many seconds; tell if it came."""
        return self._ended.wait(seconds)

    def raise_error(self) -> None:
        """Raise what the function raised, if it did."""
        if self._error is not None:
            raise self._error

    def result(self) -> T:
        """Give what the function returned, or raise what it raised; it has ended."""
        self.raise_error()
        return cast("T", self._result)

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error
        finally:
            self._ended.set()
