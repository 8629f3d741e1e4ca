"""
Owns how a configuration with its keys reaches a worker: over its own pipe, only there.

A `Secret` refuses to be pickled, lest one ends up in a log, a queue or a cache. Here,
and nowhere else, it is revealed for a process that is to use it.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from holybalance.config import Config, Secret
from holybalance.errors import ConfigError


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
        ConfigError: its policy is a callable that a worker cannot import.
    """
    buffer = io.BytesIO()
    try:
        _Writer(buffer, pickle.HIGHEST_PROTOCOL).dump(config)
        read(buffer.getvalue())
    except (pickle.PickleError, AttributeError, ImportError, TypeError) as error:
        raise _not_importable(config.defaults.policy) from error
    return buffer.getvalue()


def read(written: bytes) -> Config:
    """Read what `write` wrote."""
    config: Config = _Reader(io.BytesIO(written)).load()
    return config


def _not_importable(policy: Any) -> ConfigError:
    name = getattr(policy, "__qualname__", repr(policy))
    return ConfigError(
        f"a worker process cannot import the policy {name}; define it by name in a "
        "module of its own, not in the script itself, in a function or as a lambda"
    )
