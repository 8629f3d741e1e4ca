"""Owns policies that a worker can import, since they are at home in a module."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


def last(candidates: Sequence[Any], request: object) -> Any:
    """Choose the endpoint that was configured last."""
    return max(candidates, key=lambda each: each.name)


def deadly(candidates: Sequence[Any], request: object) -> Any:
    """Kill the process, as a crash in an extension module would."""
    os.abort()


def failing(candidates: Sequence[Any], request: object) -> Any:
    """Fail as any code may."""
    raise ValueError("a policy of mine")
