"""Owns what commands see of the state that processes share; changes nothing there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from holybalance.config import StateConfig
    from holybalance.state.store import Store

_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCheck:
    """
    Whether the shared state can be asked.

    Args:
        scheme: of its URL.
        where: the file, or the server without its password.
        message: why it cannot be asked; empty where it can.
        is_begun: whether it is there yet; the first call makes a file.
    """

    scheme: str
    where: str
    message: str
    is_begun: bool

    @property
    def is_ok(self) -> bool:
        """Whether it answers, or can be begun."""
        return not self.message

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it."""
        return {
            "scheme": self.scheme,
            "where": self.where,
            "ok": self.is_ok,
            "is_begun": self.is_begun,
            "message": self.message,
        }

    def __str__(self) -> str:
        if self.message:
            return self.message
        kind = "sqlite file" if self.scheme == "sqlite" else "server"
        later = (
            "" if self.is_begun else "; it is not there yet, the first call makes it"
        )
        return f"{kind} {self.where}: ok{later}"


def check(config: StateConfig) -> StateCheck | None:
    """
    Ask the shared state for nothing; `None` where each process is alone.

    Raises:
        ConfigError: its URL is wrong, or a package is missing.
    """
    from holybalance.state.store import News  # noqa: PLC0415 - `--help` must be quick

    if not config.is_shared:
        return None
    missing = missing_file(config)
    _, trouble = look(config, lambda store: store.exchange(News(process="", number=0)))
    return StateCheck(
        scheme=config.scheme,
        where=_where(config),
        message=trouble,
        is_begun=missing is None and not trouble,
    )


def look(
    config: StateConfig, ask: Callable[[Store], _Seen]
) -> tuple[_Seen | None, str]:
    """Ask the store something; and say why it cannot be, if so."""
    from holybalance.state.opening import open_store  # noqa: PLC0415 - lazy
    from holybalance.state.store import StoreError  # noqa: PLC0415 - likewise

    store = open_store(config)
    try:
        return ask(store), ""
    except StoreError as error:
        return None, str(error)
    finally:
        store.close()


def missing_file(config: StateConfig) -> str | None:
    """Give the path of a file that no process has made yet."""
    if config.scheme != "sqlite" or os.path.exists(_where(config)):
        return None
    return _where(config)


def _where(config: StateConfig) -> str:
    url = config.url.reveal()
    if config.scheme == "sqlite":
        path = unquote(url[len("sqlite:///") :], errors="surrogateescape")
        return os.path.abspath(path)
    # Its query may carry a password as well.
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
