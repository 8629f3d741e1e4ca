"""
Owns the checks of single values, and their use on a table of fields.

A check takes any value and returns it in its final form, or raises `RejectedError`
with a verb phrase that follows the field's name. No check shows a secret.
"""

from __future__ import annotations

import os.path
import re
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from holybalance.config.secret import Secret
from holybalance.config.visible import flaw
from holybalance.config.wording import did_you_mean, shown
from holybalance.errors import ConfigError

Check = Callable[[Any], Any]

_LONGEST_WAIT = 365 * 86400.0
"""A year of seconds: well below what sockets and locks refuse as a timeout."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A `token` of RFC 9110, section 5.6.2."""
_FRAMING = {
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
"""Headers that say where a request ends or whom it is for: never the user's."""


class RejectedError(ValueError):
    """A value is out of its range; the text is a verb phrase."""


def examine(
    values: Mapping[str, Any], checks: Mapping[str, Check]
) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Apply each field's check to its value.

    Returns:
        The values that passed, in their final form, and a sentence for each that
        did not; both by the field's name.
    """
    passed: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in values.items():
        try:
            passed[name] = checks[name](value)
        except RejectedError as rejected:
            problems[name] = f"{name} {rejected}"
    return passed, problems


def settle(instance: Any, checks: Mapping[str, Check]) -> None:
    """Examine a frozen dataclass's own fields and put them in their final form."""
    values = {name: getattr(instance, name) for name in checks}
    passed, problems = examine(values, checks)
    if problems:
        raise ConfigError(f"{type(instance).__name__}: {'; '.join(problems.values())}")
    for name, value in passed.items():
        object.__setattr__(instance, name, value)


def _number(accepts: Callable[[float], bool], range_: str) -> Check:
    def check(value: Any) -> float:
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if not numeric or not accepts(value):
            raise RejectedError(f"must be {range_}, not {shown(value)}")
        return float(value)

    return check


# Each comparison is false for NaN, and the upper bound keeps infinity out.
positive = _number(lambda n: 0 < n <= sys.float_info.max, "a number above 0")
not_negative = _number(lambda n: 0 <= n <= sys.float_info.max, "a number from 0 up")
share = _number(lambda n: 0 < n <= 1, "a share above 0 and up to 1")
share_or_none = _number(lambda n: 0 <= n <= 1, "a share from 0 to 1")
seconds = _number(
    lambda n: 0 < n <= _LONGEST_WAIT, "seconds, above 0 and at most a year"
)
seconds_or_none = _number(
    lambda n: 0 <= n <= _LONGEST_WAIT, "seconds, from 0 to a year"
)


def whole(at_least: int) -> Check:
    """A whole number of at least so much."""

    def check(value: Any) -> int:
        whole_number = isinstance(value, int) and not isinstance(value, bool)
        if not whole_number or value < at_least:
            raise RejectedError(
                f"must be a whole number of at least {at_least}, not {shown(value)}"
            )
        return int(value)

    return check


def instance(kind: type) -> Check:
    """An instance of a class."""

    def check(value: Any) -> Any:
        if not isinstance(value, kind):
            raise RejectedError(f"must be a {kind.__name__}, not {shown(value)}")
        return value

    return check


def flag(value: Any) -> bool:
    """True or false, and nothing that is merely like them."""
    if not isinstance(value, bool):
        raise RejectedError(f"must be true or false, not {shown(value)}")
    return value


def optional(check: Check) -> Check:
    """`None`, or what the other check accepts."""
    return lambda value: None if value is None else check(value)


def choice(names: Collection[str]) -> Check:
    """One of a closed set of names."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            message = f"must be one of {', '.join(names)}, not {shown(value)}"
            raise RejectedError(message + did_you_mean(value, names))
        return value

    return check


def choice_or_callable(names: Collection[str]) -> Check:
    """A known name, or a callable of the user's own."""
    named = choice(names)
    return lambda value: value if callable(value) else named(value)


def label(value: Any) -> str:
    """A name for people: some printable text."""
    if not isinstance(value, str):
        raise RejectedError(f"must be a string, not {shown(value)}")
    if not value.strip() or not value.isprintable():
        raise RejectedError("must be printable text that is not blank")
    return value


def model(value: Any) -> str:
    """A model's name: visible ASCII."""
    if not isinstance(value, str):
        raise RejectedError(f"must be a string, not {shown(value)}")
    found = flaw(value)
    if found is not None:
        raise RejectedError(f"{found}; a model's name is visible ASCII only")
    return value


def models(value: Any) -> dict[str, str]:
    """The caller's names of models to the upstream's; a list has the same for both."""
    if not isinstance(value, Mapping | list | tuple) or not value:
        raise RejectedError(
            "must name at least one model: a list, or a table of the caller's names"
            " to the upstream's"
        )
    pairs = (
        value.items()
        if isinstance(value, Mapping)
        else [(name, name) for name in value]
    )
    try:
        return {model(ours): model(theirs) for ours, theirs in pairs}
    except RejectedError as rejected:
        raise RejectedError(f"has a name that {rejected}") from None


def model_names(at_least: int) -> Check:
    """Names of models in their order, each once; a single name is a list of one."""

    def check(value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list | tuple) or len(given) < at_least:
            some = "at least one model" if at_least else "models"
            raise RejectedError(f"must be a list of {some}, not {shown(value)}")
        try:
            return tuple(dict.fromkeys(model(name) for name in given))
        except RejectedError as rejected:
            raise RejectedError(f"has a name that {rejected}") from None

    return check


def labels(value: Any) -> tuple[str, ...]:
    """Names for people, each once; a single name is a list of one."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple | set | frozenset):
        raise RejectedError(f"must be a list of names, not {shown(value)}")
    return tuple(dict.fromkeys(label(name) for name in given))


def some_of(names: Collection[str]) -> Check:
    """Some of a closed set of names, each once; a single name is a list of one."""
    one = choice(names)

    def check(value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list | tuple | set | frozenset):
            raise RejectedError(
                f"must be a list of {', '.join(names)}, not {shown(value)}"
            )
        try:
            return tuple(dict.fromkeys(one(name) for name in given))
        except RejectedError as rejected:
            raise RejectedError(f"has one that {rejected}") from None

    return check


def names_of(names: Collection[str]) -> Check:
    """As `some_of`, in no order."""
    some = some_of(names)
    return lambda value: frozenset(some(value))


def scores(names: Collection[str]) -> Check:
    """A share from 0 to 1 for some of a closed set of names."""
    one = choice(names)

    def check(value: Any) -> dict[str, float]:
        if not isinstance(value, Mapping):
            raise RejectedError(f"must be a table, not {shown(value)}")
        result: dict[str, float] = {}
        for name, item in value.items():
            try:
                result[one(name)] = share_or_none(item)
            except RejectedError as rejected:
                raise RejectedError(f"has {shown(name)}, which {rejected}") from None
        return result

    return check


def optional_callable(value: Any) -> Any:
    """`None`, or a callable of the user's."""
    if value is not None and not callable(value):
        raise RejectedError(f"must be a callable, not {shown(value)}")
    return value


def mapping(value_check: Check) -> Check:
    """Models' names to what the other check accepts; may be empty."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise RejectedError(f"must be a table, not {shown(value)}")
        return {model(name): value_check(item) for name, item in value.items()}

    return check


def each(value_check: Check) -> Check:
    """What the other check accepts, any number of it, in a tuple or a list."""

    def check(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple | list):
            raise RejectedError(f"must be a tuple, not {shown(value)}")
        return tuple(value_check(item) for item in value)

    return check


def secret(make: Callable[[str], Secret]) -> Check:
    """A secret; a plain string becomes one."""

    def check(value: Any) -> Secret:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str):
            raise RejectedError(
                f"must be a string or a Secret, not {type(value).__name__}"
            )
        try:
            return make(value)
        except ConfigError as error:
            raise RejectedError(f"is refused: {error}") from None

    return check


def headers(value: Any) -> dict[str, Secret]:
    """Header names to secrets; names that differ only in case are one name."""
    if not isinstance(value, Mapping):
        raise RejectedError(f"must be a table, not {type(value).__name__}")
    result: dict[str, Secret] = {}
    for name, item in value.items():
        _check_header_name(name, {known.lower() for known in result})
        try:
            result[name] = secret(Secret.header)(item)
        except RejectedError as rejected:
            raise RejectedError(f'has "{name}", which {rejected}') from None
    return result


def is_header_name(name: Any) -> bool:
    """Whether HTTP allows it as the name of a header."""
    return isinstance(name, str) and _HEADER_NAME.fullmatch(name) is not None


def _check_header_name(name: Any, known: Collection[str]) -> None:
    # A refused name is not shown: a whole "Name: value" line may have been put there.
    if not is_header_name(name):
        raise RejectedError("has a name that is not a valid HTTP header name")
    if name.lower() in _FRAMING:
        raise RejectedError(f'must not have "{name}": the client sets it itself')
    if name.lower() in known:
        raise RejectedError(f'has "{name}" twice')


def readable_file(value: Any) -> str:
    """The path of a file that can be read now."""
    path = label(value)
    if not os.path.isfile(path):
        raise RejectedError(f"names no file: {path}")
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        raise RejectedError(f"cannot be read: {path}: {error.strerror}") from error
    return path
