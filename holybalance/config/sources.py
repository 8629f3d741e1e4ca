"""Owns fetching a secret from where a configuration says that it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holybalance.config.problems import KeyPath, Problems
from holybalance.config.secret import Secret
from holybalance.config.warning import warn
from holybalance.errors import ConfigError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURELY_A_NAME = re.compile(r"[A-Z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""What a key pasted in the place of a variable's name would hardly look like."""
_FORMS = '{ env = "NAME" } or { file = "path" }'

Make = Callable[[str], Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """
    The surroundings of a configuration.

    Args:
        environ: environment variables.
        folder: what relative paths start from.
        problems: where mistakes are noted.
    """

    environ: Mapping[str, str]
    folder: Path
    problems: Problems

    def path(self, text: str) -> str:
        """A path as written, made independent of the working directory."""
        try:
            return str(self.folder / Path(text).expanduser())
        except RuntimeError:  # no such user, or no home
            return text

    def secret(self, path: KeyPath, value: Any, make: Make) -> Secret | None:
        """
        Read a secret that is written out, or named by variable or file.

        Args:
            path: leads to the key; its last part is named in messages.
            value: a string, a `Secret`, or a table with `env` or `file`.
            make: the constructor that checks it.

        Returns:
            The secret; `None` after a mistake, which has then been noted.
        """
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return self._make(path, value, make, "")
        if not isinstance(value, Mapping):
            message = f"{path[-1]} must be a string, {_FORMS}"
            return self._refuse(path, f"{message}, not {type(value).__name__}")
        return self._from_table(path, value, make)

    def variable(self, path: KeyPath, name: str, make: Make) -> Secret | None:
        """Read a secret from an environment variable that must be set."""
        value = self.environ.get(name)
        if value:
            return self._make(path, value, make, f" from ${name}")
        if not _SURELY_A_NAME.fullmatch(name):
            return self._refuse(
                path, f"{path[-1]}: the environment variable named there is not set"
            )
        state = "is not set" if value is None else "is empty"
        return self._refuse(
            path, f"{path[-1]}: ${name} {state}; set it with: export {name}=..."
        )

    def first_variable(
        self, path: KeyPath, names: Sequence[str], make: Make
    ) -> Secret | None:
        """Read a secret from the first of some environment variables that is set."""
        found = [name for name in names if self.environ.get(name)]
        if found or len(names) == 1:
            return self.variable(path, (found or names)[0], make)
        neither = " nor ".join(f"${name}" for name in names)
        return self._refuse(
            path,
            f"{path[-1]}: neither {neither} is set; set one with: "
            f"export {names[0]}=...",
        )

    def warn_of_literal(self, path: KeyPath, value: Any) -> None:
        """Warn of a key that stands in a file of settings."""
        if isinstance(value, str) and self.problems.text is not None:
            warn(
                f"{self.problems.place(path)}: {path[-1]} is written out in the file,"
                f" where others may read it; use {_FORMS}"
            )

    def _from_table(
        self, path: KeyPath, table: Mapping[str, Any], make: Make
    ) -> Secret | None:
        readers = {"env": self._from_variable, "file": self._from_file}
        strings = all(isinstance(text, str) for text in table.values())
        if len(table) != 1 or not strings or not table.keys() <= readers.keys():
            # Without the keys found: the secret itself may stand among them.
            return self._refuse(path, f"{path[-1]} must be a string, {_FORMS}")
        ((kind, text),) = table.items()
        return readers[kind](path, text, make)

    def _from_variable(self, path: KeyPath, name: str, make: Make) -> Secret | None:
        if _VARIABLE.fullmatch(name):
            return self.variable(path, name, make)
        return self._refuse(
            path,
            f"{path[-1]}: env must be the name of an environment variable"
            " (letters, digits and _), such as OPENAI_API_KEY",
        )

    def _from_file(self, path: KeyPath, text: str, make: Make) -> Secret | None:
        try:
            value = Path(self.path(text)).read_text("utf-8")
        except (OSError, ValueError) as error:
            # Not the path: the key itself may have been put in its place.
            reason = getattr(error, "strerror", None) or "not UTF-8 text, or not a path"
            message = f"{path[-1]}: cannot read its file: {reason}"
            if not _is_absolute(text):
                message += f" (a relative path starts from {self.folder})"
            return self._refuse(path, message)
        # Editors end a file with a line break; no other is forgiven.
        return self._make(path, value.removesuffix("\n"), make, " from its file")

    def _make(
        self, path: KeyPath, value: str, make: Make, origin: str
    ) -> Secret | None:
        try:
            return make(value)
        except ConfigError as error:
            return self._refuse(path, f"{path[-1]}{origin}: {error}")

    def _refuse(self, path: KeyPath, message: str) -> Secret | None:
        self.problems.add(path, message)
        return None


def _is_absolute(text: str) -> bool:
    # `~` stands for an absolute path as well.
    return text.startswith("~") or Path(text).is_absolute()
