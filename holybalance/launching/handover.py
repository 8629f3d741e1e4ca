"""
Owns how a configuration with its keys reaches a worker: over its own pipe, only there.

A `Secret` refuses to be pickled, lest one ends up in a log, a queue or a cache. Here,
and nowhere else, it is revealed for a process that is to use it.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any

from holybalance.config import Config, Secret
from holybalance.errors import ConfigError

_CALLABLES = ("policy", "classifier")
"""What of `[defaults]` may be the user's own code."""
_UNREADABLE = (pickle.PickleError, AttributeError, ImportError, TypeError)


class _Writer(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        return value.reveal() if isinstance(value, Secret) else None


class _Reader(pickle.Unpickler):
    def persistent_load(self, revealed: Any) -> Secret:
        # A URL may be empty, a header's value may hold blanks, a key is neither.
        return Secret.header(revealed) if revealed else Secret.url(revealed)

    def find_class(self, module: str, name: str) -> Any:
        # In a worker that is another script than it was in its parent.
        if module == "__main__":
            raise pickle.UnpicklingError(f"{name} is at home in the script itself")
        return super().find_class(module, name)


def write(config: Config) -> bytes:
    """
    Write a configuration down, keys included; for a worker's own pipe alone.

    Raises:
        ConfigError: a callable of the user's in it is none that a worker can import.
    """
    try:
        return _written(config)
    except _UNREADABLE as error:
        raise _not_importable(config) from error


def read(written: bytes) -> Config:
    """Read what `write` wrote."""
    config: Config = _Reader(io.BytesIO(written)).load()
    return config


def _written(value: Any) -> bytes:
    """Write any value down, and see that it can be read."""
    buffer = io.BytesIO()
    _Writer(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    read(buffer.getvalue())
    return buffer.getvalue()


def _not_importable(config: Config) -> ConfigError:
    what = next(
        (
            f"{kind} {_name(value)}"
            for kind, value in _users_own(config)
            if not _is_importable(value)
        ),
        f"configuration {config.source!r}",
    )
    return ConfigError(
        f"a worker process cannot import the {what}; define it by name in a "
        "module of its own, not in the script itself, in a function or as a lambda"
    )


def _users_own(config: Config) -> Iterator[tuple[str, Any]]:
    """Give what may be the user's own code, and the key that it was given as."""
    for kind in _CALLABLES:
        yield kind, getattr(config.defaults, kind)
    for endpoint in config.endpoints:
        yield "api_key", endpoint.token


def _name(value: Any) -> str:
    # Not its repr: a partial shows what it was given, and that may be a key.
    name: str = getattr(value, "__qualname__", None) or type(value).__qualname__
    return name


def _is_importable(value: Any) -> bool:
    try:
        _written(value)
    except _UNREADABLE:
        return False
    return True
