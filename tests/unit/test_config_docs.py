"""The reference page has every table and key of a configuration, and its default."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import (
    ABILITIES,
    AUTHS,
    EMBEDDINGS,
    PRESETS,
    TASKS,
    AliasConfig,
    BreakerConfig,
    BudgetConfig,
    Card,
    Condition,
    Config,
    Defaults,
    EndpointConfig,
    Preset,
    RouteConfig,
    StateConfig,
)
from holybalance.config.endpoints import ENDPOINT_KEYS
from holybalance.config.routing import ON_EXCEED, STRATEGIES, WINDOWS
from holybalance.config.schema import ON_UNSUPPORTED

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
        ("[defaults]", keys(Defaults, "breaker")),
        ("[defaults.breaker]", keys(BreakerConfig)),
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
        ("[defaults]", CONFIG.defaults),
        ("[defaults.breaker]", CONFIG.defaults.breaker),
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
        assert _as_written(shown) == written.strip("`").strip('"')


def _as_written(default: Any) -> str:
    if default is None:
        return "–"  # noqa: RUF001 - as the page has it
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:.15g}" if isinstance(default, float) else str(default)


def test_every_preset_is_there() -> None:
    """With its address, its variables and how its key is sent, in the same order."""
    table = TEXT.split("\n## Presets\n\n")[1].split("\n\n")[0]
    rows = [re.findall(r"`([^`]+)`", row) for row in table.splitlines()[2:]]

    assert [_row(preset) for preset in PRESETS.values()] == rows


def _row(preset: Preset) -> list[str]:
    url = [preset.base_url] if preset.base_url else []
    place = ["project", "location"] if preset.has_google_login else []
    variable = [preset.url_variable] if preset.url_variable else []
    left_out = [preset.path] if preset.is_path_left_out else []
    names = [preset.name, *url, *place, *preset.key_variables]
    return [*names, *variable, *left_out, preset.auth]


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("[defaults]", (*STRATEGIES, *ON_UNSUPPORTED)),
        ("[[endpoints]]", AUTHS),
        ("[[routes]]", (*TASKS, *ABILITIES)),
        ("[[budgets]]", (*WINDOWS, *ON_EXCEED)),
        ('[catalog."model"]', (*ABILITIES, EMBEDDINGS)),
    ],
)
def test_every_choice_is_there(title: str, names: tuple[str, ...]) -> None:
    """By its name."""
    text = section(title)

    assert [] == [name for name in names if f"`{name}`" not in text]
