"""The reference pages say what the code says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import BreakerConfig, Defaults

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "config.md"


def documented(section: str) -> dict[str, str]:
    """Give the keys and defaults in a section's table."""
    text = PAGE.read_text("utf-8").split(f"## `[{section}]`\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE)
    return {key: default.strip("`").strip('"') for key, default in rows}


def shown(value: Any) -> str:
    """Write a default as the page does."""
    if value is None:
        return "–"  # noqa: RUF001 - the page has an en dash
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize(
    ("section", "kind"), [("defaults", Defaults), ("defaults.breaker", BreakerConfig)]
)
def test_page_has_every_key_and_its_default(section: str, kind: Any) -> None:
    """No key is missing from the page, and no default differs."""
    expected = {
        field.name: shown(field.default)
        for field in dataclasses.fields(kind)
        if field.name != "breaker"
    }

    assert expected == documented(section)
