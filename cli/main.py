"""Owns the `holybalance` command: its subcommands and how any of them ends."""

from __future__ import annotations

from typing import Any

import click

from holybalance.version import __version__
from holybalance_cli import lines, stdout
from holybalance_cli.ask import ask
from holybalance_cli.budget import budget
from holybalance_cli.check import check
from holybalance_cli.demo.command import demo
from holybalance_cli.ending import Exit, explain, is_ours
from holybalance_cli.mock import mock
from holybalance_cli.models.command import models
from holybalance_cli.route import route
from holybalance_cli.run.command import run


class Commands(click.Group):
    """A group that ends with one clear message and a telling exit code."""

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run the whole command; even its help may go to a disk that is full."""
        with stdout.explained():
            return super().main(*arguments, **settings)

    def invoke(self, context: click.Context) -> Any:
        """Run a subcommand; a traceback is for our own bugs only."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            context.exit(Exit.INTERRUPTED)
        except Exception as error:
            if not is_ours(error):
                raise
            lines.tell(f"Error: {error}")
            context.exit(explain(error))

    def list_commands(self, context: click.Context) -> list[str]:
        """List the subcommands in the order of a first acquaintance."""
        del context
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="holybalance")
def main() -> None:
    """
    Balance LLM calls over keys, endpoints and providers.

    Without --config, settings come from $HOLYBALANCE_CONFIG, ./holybalance.toml, or
    the providers' own key variables. Begin with: holybalance demo
    """


for _command in (demo, ask, run, route, models, budget, check, mock):
    main.add_command(_command)
