"""Owns how a key is held: never shown, never pickled, sent only as a header."""

from __future__ import annotations

from typing import Any, NoReturn, final

from holybalance.config.visible import flaw
from holybalance.errors import ConfigError

_MASK = "Secret('****')"


@final
class Secret:
    """
    A key that shows itself only to `reveal`.

    Two are equal when their keys are. There is no order, length or truth to ask for.

    Args:
        value: visible ASCII only, at least one character.

    Raises:
        ConfigError: says what is wrong and where, without showing the key.
    """

    __slots__ = ("_value",)

    _value: str

    def __init__(self, value: str) -> None:
        _require(value, "the key", "a key is visible ASCII only")
        self._value = value

    @classmethod
    def header(cls, value: str) -> Secret:
        """A header's value: as a key, but spaces and tabs may stand inside."""
        _require(
            value,
            "the header value",
            "it is visible ASCII, with spaces and tabs only inside",
            blanks_inside=True,
        )
        return cls._holding(value)

    @classmethod
    def url(cls, value: str) -> Secret:
        """A URL that may carry a password; unlike a key it may be empty."""
        if value != "":
            _require(value, "the URL", "a URL is visible ASCII only")
        return cls._holding(value)

    @classmethod
    def _holding(cls, value: str) -> Secret:
        secret = cls.__new__(cls)
        secret._value = value  # noqa: SLF001 its own class
        return secret

    def reveal(self) -> str:
        """The key itself, for the one header that carries it."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError(
            "a Secret is never pickled; hand over reveal() on a private channel"
        )

    def __reduce__(self) -> NoReturn:
        self.__getstate__()


def _require(value: str, what: str, rule: str, *, blanks_inside: bool = False) -> None:
    if not isinstance(value, str):
        raise ConfigError(f"{what} must be a str, not {type(value).__name__}")
    found = flaw(value, blanks_inside=blanks_inside)
    if found is not None:
        raise ConfigError(f"{what} {found}; {rule}")
