"""Owns what commands share at their start: common options, and opening the config."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from holybalance.config import Config

config_option = click.option(
    "--config",
    "config_path",
    metavar="PATH",
    type=click.Path(exists=True, dir_okay=False),
    help="The TOML file to use, in place of the one that would be found.",
)
model_option = click.option(
    "-m", "--model", help="The model to call; else the configured default."
)
system_option = click.option("-s", "--system", help="A system message to put first.")
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For a whole call, retries and waiting included.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def open_config(path: str | None, **overrides: Any) -> Config:
    """
    Read the configuration, with warnings as plain lines on standard error.

    Args:
        path: a TOML file; `None` looks where `Client()` does.
        overrides: defaults from the command line; `None` leaves the configured one.

    Raises:
        ConfigError: it is missing or wrong, or an override does not fit it.
    """
    from dataclasses import replace  # noqa: PLC0415 - `--help` must be quick

    from holybalance.config import Config  # noqa: PLC0415 - likewise

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = Config.find() if path is None else Config.load(path)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    given = {name: value for name, value in overrides.items() if value is not None}
    return replace(config, defaults=replace(config.defaults, **given))
