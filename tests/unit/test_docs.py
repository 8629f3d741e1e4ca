"""The reference pages say what the code says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import BreakerConfig, Defaults

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "config.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


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


def anchors(page: Path) -> set[str]:
    """Give what a link may name after its "#": the titles, as GitHub writes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that there is, and a title in it."""
    links = re.findall(
        r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text("utf-8")
    )
    dead = []
    for name, anchor in links:
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append((name, anchor))

    assert [] == dead


def test_every_code_of_ours_is_documented() -> None:
    """What we refuse without sending it has a code, and the page of errors tells it."""
    text = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    sources = [
        path.read_text("utf-8")
        for path in (ROOT / "holybalance").rglob("*.py")
        if not {"testing", "integrations"} & {*path.parts}
    ]
    codes = {
        code for source in sources for code in re.findall(r'\bcode="(\w+)"', source)
    }

    assert [] == sorted(code for code in codes if f"`{code}`" not in text)
