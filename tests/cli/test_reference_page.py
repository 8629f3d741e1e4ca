"""
The command line's reference page is its own help; run this file to write it anew.

    python -m tests.cli.test_reference_page
"""

from __future__ import annotations

from pathlib import Path

import click

from holybalance_cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
HEADER = """# Command line

What `holybalance COMMAND --help` says, as `python -m tests.cli.test_reference_page`
wrote it here.
"""


def help_of(name: str, command: click.Command, parent: click.Context | None) -> str:
    """Give a command's help as it shows in 80 columns."""
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=80,
        max_content_width=80,
        **command.context_settings,
    )
    return command.get_help(context)


def written() -> str:
    """Give the whole page."""
    whole = click.Context(main, info_name="holybalance", **main.context_settings)
    sections = [("holybalance", help_of("holybalance", main, None))]
    for name in main.list_commands(whole):
        command = main.get_command(whole, name)
        assert command is not None
        sections.append((f"holybalance {name}", help_of(name, command, whole)))
    blocks = [f"## `{title}`\n\n```\n{text}\n```\n" for title, text in sections]
    return "\n".join([HEADER, *blocks])


def test_page_is_up_to_date() -> None:
    """The page has every command and option, however a click breaks its lines."""
    assert PAGE.read_text("utf-8").split() == written().split()


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
