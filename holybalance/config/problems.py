"""Owns the list of what is wrong in one source, and where each of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holybalance.config.wording import likely, shown
from holybalance.errors import ConfigError

KeyPath = tuple[str | int, ...]
"""Keys from the outermost in; the place in an array is an int from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """
    Collects mistakes while a source is read, to report them all at once.

    Args:
        source: the file's path or another name for people.
        text: the TOML text, to find lines in; `None` when there is no file.
        names: of what stands in arrays, by its path, as far as they are known.
    """

    source: str
    text: str | None = None
    names: dict[KeyPath, str] = field(default_factory=dict)
    _found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: KeyPath, message: str) -> None:
        """
        Note a mistake.

        Args:
            path: leads to the key at fault, which the message names itself.
            message: shows no secret.
        """
        line = self._line(path) or 0
        self._found.append((line, f"{self.place(path)}: {message}"))

    def add_unknown_keys(
        self,
        path: KeyPath,
        table: Mapping[Any, Any],
        known: Iterable[str],
        homes: Mapping[str, str] | None = None,
    ) -> None:
        """
        Note every key of a table that has no meaning there.

        Args:
            known: the keys that have one.
            homes: the tables where other keys belong.
        """
        names = list(known)
        for key in table:
            if key in names:
                continue
            home = (homes or {}).get(key)
            hint = f"; it belongs in {home}" if home else likely(key, names, "keys")
            self.add((*path, str(key)), f"unknown key {shown(key)}{hint}")

    def place(self, path: KeyPath) -> str:
        """The source, line and table of a key."""
        line = self._line(path)
        parts = [self.source, f"line {line}" if line else "", self._table(path[:-1])]
        return ", ".join(part for part in parts if part)

    def any(self) -> bool:
        """Whether something is wrong."""
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise one error that lists the mistakes in the order of their lines."""
        if self._found:
            in_order = sorted(self._found, key=lambda found: found[0])
            raise ConfigError("\n".join(message for _, message in in_order))

    def _line(self, path: KeyPath) -> int | None:
        if self.text is None:
            return None
        from holybalance.config.locate import line_of  # noqa: PLC0415 - errors only

        return line_of(self.text, path)

    def _table(self, path: KeyPath) -> str:
        words = ""
        for position, part in enumerate(path, 1):
            if isinstance(part, int):
                name = self.names.get(path[:position])
                words += f"[{part}]" + (f' "{name}"' if name else "")
            else:
                plain = part.replace("_", "").isalnum()
                words += ("." if words else "") + (part if plain else f'"{part}"')
        return words
