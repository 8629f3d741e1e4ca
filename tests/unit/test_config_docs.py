"""The reference page has every table and key of a configuration, and its default."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import (
    ABILITIES,
    TASKS,
    AliasConfig,
    BudgetConfig,
    Card,
    Condition,
    Config,
    EndpointConfig,
    RouteConfig,
    StateConfig,
)
from holybalance.config.endpoints import ENDPOINT_KEYS
from holybalance.config.routing import ON_EXCEED, STRATEGIES, WINDOWS

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "config.md").read_text()
CONFIG: Config = Config(
    endpoints=(
        EndpointConfig(
            name="a", provider="openai", base_url="http://h", models={"a": "a"}
        ),
    )
)


def section(title: str) -> str:
    """The part of the page below a title."""
    return TEXT.split(f"\n## `{title}`\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The words in the first cells of all tables."""
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`(\w+)`", row)]


def keys(kind: Any, *without: str) -> set[str]:
    """The fields of a class."""
    return {field.name for field in dataclasses.fields(kind)} - set(without)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("[[endpoints]]", set(ENDPOINT_KEYS)),
        ("[models.NAME]", keys(AliasConfig, "name")),
        ("[[routes]]", keys(RouteConfig) | keys(Condition) | {"task", "tag"}),
        ("[[budgets]]", keys(BudgetConfig, "is_passing")),
        ('[catalog."model"]', keys(Card, "name")),
        ("[state]", keys(StateConfig, "is_passing")),
    ],
)
def test_no_key_is_missing(title: str, expected: set[str]) -> None:
    """And none is there that is no key."""
    assert sorted(expected) == sorted(first_cells(section(title)))


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("[[budgets]]", BudgetConfig(name="x", limit_usd=1)),
        ("[state]", CONFIG.state),
    ],
)
def test_no_default_differs(title: str, value: Any) -> None:
    """Secrets by what they reveal."""
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", section(title), re.MULTILINE)
    for key, written in rows:
        if written == "required":
            continue
        default = getattr(value, key)
        shown = default.reveal() if key == "url" else default
        assert str(shown) == written.strip("`").strip('"')


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("[defaults]", STRATEGIES),
        ("[[routes]]", (*TASKS, *ABILITIES)),
        ("[[budgets]]", (*WINDOWS, *ON_EXCEED)),
        ('[catalog."model"]', ABILITIES),
    ],
)
def test_every_choice_is_there(title: str, names: tuple[str, ...]) -> None:
    """By its name."""
    text = section(title)

    assert [] == [name for name in names if f"`{name}`" not in text]
