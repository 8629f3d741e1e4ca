"""Owns reading a table whose keys have checks; knows the meaning of prices alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from holybalance.config.checks import Check, examine
from holybalance.config.price import LONG_PRICE_CHECKS, PRICE_CHECKS, LongPrice, Price
from holybalance.config.problems import KeyPath, Problems
from holybalance.config.wording import shown
from holybalance.errors import ConfigError

Value = TypeVar("Value")


class Fields(NamedTuple):
    """
    What a table says.

    Args:
        passed: the values that passed, in their final form, by key.
        complete: whether none was wrong and none that is required was missing.
    """

    passed: dict[str, Any]
    complete: bool


def read_fields(
    problems: Problems,
    path: KeyPath,
    table: Mapping[str, Any],
    checks: Mapping[str, Check],
    required: Iterable[str] = (),
) -> Fields:
    """Check a table's values; every mistake is noted."""
    problems.add_unknown_keys(path, table, checks)
    known = {key: table[key] for key in checks if key in table}
    passed, mistakes = examine(known, checks)
    missing = {key: f"{key} is missing" for key in required if key not in known}
    for key, message in (missing | mistakes).items():
        problems.add((*path, key), message)
    return Fields(passed, not (missing or mistakes))


def read_table(problems: Problems, path: KeyPath, value: Any) -> Mapping[str, Any]:
    """Give a table as it is; an empty one in place of anything else, which is noted."""
    if isinstance(value, Mapping):
        return value
    problems.add(path, f"{path[-1]} must be a table, not {shown(value)}")
    return {}


def read_array(problems: Problems, path: KeyPath, value: Any) -> list[Any]:
    """Give an array of tables as a list; an empty one for anything else."""
    if isinstance(value, list | tuple):
        return list(value)
    message = f"{path[-1]} must be an array of tables; write [[{path[-1]}]]"
    problems.add(path, message)
    return []


def build(
    problems: Problems, path: KeyPath, make: Callable[..., Value], fields: Fields
) -> Value | None:
    """
    Make a value of a table's fields.

    Args:
        path: leads to the key at fault when they do not fit together.

    Returns:
        `None` when the table was wrong, or its values do not fit together.
    """
    if not fields.complete:
        return None
    try:
        return make(**fields.passed)
    except ConfigError as error:
        problems.add(path, str(error))
        return None


def read_price(problems: Problems, path: KeyPath, table: Any) -> Price | None:
    """Read a price; `None` after mistakes, which are noted."""
    if isinstance(table, Price):
        return table
    if not isinstance(table, Mapping):
        message = f"{path[-1]} must be a table such as {{ input = 2.0, output = 8.0 }}"
        problems.add(path, message)
        return None
    if not isinstance(table.get("long"), LongPrice | None):
        table = {**table, "long": _read_long(problems, (*path, "long"), table["long"])}
    fields = read_fields(problems, path, table, PRICE_CHECKS, ("input", "output"))
    return build(problems, path, Price, fields)


def _read_long(problems: Problems, path: KeyPath, table: Any) -> LongPrice | None:
    if not isinstance(table, Mapping):
        example = "{ above = 200000, input = 4.0, output = 16.0 }"
        problems.add(path, f"{path[-1]} must be a table such as {example}")
        return None
    required = ("above", "input", "output")
    fields = read_fields(problems, path, table, LONG_PRICE_CHECKS, required)
    return build(problems, path, LongPrice, fields)
