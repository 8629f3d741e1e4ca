"""Owns what commands share at their start: options, standard output, the config."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import lines

if TYPE_CHECKING:
    from holybalance.config import Config


def check_finite(
    context: click.Context, parameter: click.Parameter, value: float | None
) -> float | None:
    """Refuse what is no number, or without end."""
    del context, parameter
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("it must be a number")
    return value


def check_seconds(
    context: click.Context, parameter: click.Parameter, value: float | None
) -> float | None:
    """Refuse, in the option's name, what the configuration would refuse in its own."""
    del context, parameter
    if value is None:
        return None
    from holybalance.config import checks  # noqa: PLC0415 - `--help` must be quick

    try:
        return float(checks.seconds(value))
    except checks.RejectedError as rejected:
        raise click.BadParameter(f"it {rejected}") from None


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
    type=float,
    callback=check_seconds,
    metavar="SECONDS",
    help="For a whole call, retries and waiting included.",
)
max_tokens_option = click.option(
    "--max-tokens",
    metavar="N",
    type=click.IntRange(min=1),
    help="The longest answer that the call allows.",
)
max_cost_option = click.option(
    "--max-cost",
    metavar="USD",
    type=click.FloatRange(min=0, min_open=True),
    callback=check_finite,
    help="Leave out models that are expected to cost more.",
)
max_latency_option = click.option(
    "--max-latency",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    callback=check_finite,
    help="Leave out models that are expected to take longer.",
)
tag_option = click.option(
    "--tag",
    "tags",
    metavar="WORD",
    multiple=True,
    help="A word of your own, for routes and budgets; may be repeated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextlib.contextmanager
def plain_warnings(*silenced: type[Warning]) -> Iterator[None]:
    """
    Say warnings as plain lines on standard error, when all is done; each once.

    Args:
        silenced: what is not to be said.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for category in silenced:
            warnings.simplefilter("ignore", category)
        try:
            yield
        finally:
            for message in dict.fromkeys(str(warning.message) for warning in caught):
                lines.tell(f"Warning: {message}")


def open_config(
    path: str | None, *, tells_unpriced: bool = True, **overrides: Any
) -> Config:
    """
    Read the configuration, with warnings as plain lines on standard error.

    Args:
        path: a TOML file; `None` looks where `Client()` does.
        tells_unpriced: whether models are warned of whose price is not known; not
            where a command itself says so of those that it needs.
        overrides: defaults from the command line; `None` leaves the configured one.

    Raises:
        ConfigError: it is missing or wrong, or an override does not fit it.
    """
    from dataclasses import replace  # noqa: PLC0415 - `--help` must be quick

    from holybalance.config import Config  # noqa: PLC0415 - likewise
    from holybalance.config.warning import UnpricedWarning  # noqa: PLC0415 - likewise
    from holybalance.errors import ConfigError  # noqa: PLC0415 - likewise

    with plain_warnings(*(() if tells_unpriced else (UnpricedWarning,))):
        config = Config.find() if path is None else Config.load(path)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return replace(config, defaults=replace(config.defaults, **given))
    except ConfigError as error:
        if "model" not in given:
            raise
        # What has no place in a file was typed: others are refused by their options.
        option = f"-m {given['model']}".rstrip()
        _, _, reason = str(error).partition(": ")
        raise ConfigError(f"{option}: {reason}") from error


def find_config(path: str | None) -> Config | None:
    """
    Read the configuration as `open_config` does; `None` where there is none at all.

    Raises:
        ConfigError: there is one, and it is wrong.
    """
    from holybalance.config import PRESETS  # noqa: PLC0415 - `--help` must be quick

    is_named = path is not None or bool(os.environ.get("HOLYBALANCE_CONFIG"))
    has_keys = any(preset.variables_in(os.environ) for preset in PRESETS.values())
    if not is_named and not has_keys and not os.path.exists("holybalance.toml"):
        return None
    return open_config(path)


def require_stdout() -> None:
    """Refuse to work for nobody: Python has no standard output where it is closed."""
    if sys.stdout is None:
        raise click.ClickException("standard output is closed")


def require_model(config: Config) -> None:
    """Refuse a configuration that leaves the model of a prompt open."""
    if config.default_model is None:
        name = config.endpoints[0].name
        raise click.UsageError(
            f'no model given, and the endpoint "{name}" takes any; say --model'
        )
