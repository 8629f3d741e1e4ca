"""Owns the `check` command: is the config right, and does each endpoint answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from holybalance_cli import opening, shared_state, wording
from holybalance_cli.ending import Exit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from holybalance.config import Config, EndpointConfig
    from holybalance.messages import EndpointCheck
    from holybalance_cli.shared_state import StateCheck

_BOUNDLESS = 10_000


@click.command()
@opening.config_option
@click.option(
    "--timeout",
    type=float,
    callback=opening.check_seconds,
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="For all endpoints, which are asked at once.",
)
@opening.json_option
@click.pass_context
def check(
    context: click.Context, *, config_path: str | None, timeout: float, as_json: bool
) -> None:
    """
    Check the configuration, reach each endpoint and the state; costs no tokens.

    An endpoint that does not list a configured model is warned of and is still ok, as
    lists may be incomplete: calls tell.

    Exit code 0: every endpoint is ok, and so is the state that processes share, if
    they do; 1: something is not; 2: the configuration is wrong.
    """
    from holybalance.client import Client  # noqa: PLC0415 - `--help` must be quick

    opening.require_stdout()
    config = opening.open_config(config_path)
    # Before a client may have made the file.
    state = shared_state.check(config.state)
    with Client(config) as client:
        checks = client.check(timeout)
    if as_json:
        click.echo(_as_json(config, checks, state))
    else:
        _show(config, checks, state)
    is_state_ok = state is None or state.is_ok
    if not (is_state_ok and all(result.is_ok for result in checks)):
        context.exit(Exit.FATAL)


def _as_json(
    config: Config, checks: list[EndpointCheck], state: StateCheck | None
) -> str:
    import json  # noqa: PLC0415 - `--help` must be quick

    endpoints = [
        _facts(endpoint, result)
        for endpoint, result in zip(config.endpoints, checks, strict=True)
    ]
    document = {
        "source": config.source,
        "endpoints": endpoints,
        "state": None if state is None else state.as_dict(),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _facts(endpoint: EndpointConfig, result: EndpointCheck) -> dict[str, Any]:
    return {
        "endpoint": result.name,
        "url": result.base_url,
        "key": _key(endpoint),
        "models": list(endpoint.models),
        "ok": result.is_ok,
        "status": result.status,
        "latency_s": result.latency_s,
        "message": result.message,
        "missing": list(result.missing),
    }


def _key(endpoint: EndpointConfig) -> str:
    is_keyless = endpoint.api_key is None and endpoint.token is None
    return "none" if is_keyless else "present"


def _models(endpoint: EndpointConfig) -> str:
    from holybalance.config import ANY_MODEL  # noqa: PLC0415 - `--help` must be quick

    return "any" if ANY_MODEL in endpoint.models else str(len(endpoint.models))


def _show(
    config: Config, checks: list[EndpointCheck], state: StateCheck | None
) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` must be quick

    console = Console(highlight=False, markup=False)
    _show_endpoints(console, config, checks)
    console.print()
    for result in checks:
        if result.message:
            grade = "Warning: " if _is_warned(result) else ""
            _tell(console, f"{grade}{result.name}: {result.message}")
    if state is not None:
        _tell(console, f"state     {state}")
    ok = sum(result.is_ok for result in checks)
    endpoints = wording.count(len(checks), "endpoint")
    warned = sum(_is_warned(result) for result in checks)
    note = f", {wording.count(warned, 'warning')}" if warned else ""
    console.print(f"{ok} of {endpoints} ok{note}", style="bold")
    _tell(console, f"configured by {config.source}")


def _is_warned(result: EndpointCheck) -> bool:
    """Whether it is ok, and yet calls may fail: a configured model is not listed."""
    return result.is_ok and bool(result.missing)


def _tell(console: Console, message: str) -> None:
    from holybalance_cli import lines  # noqa: PLC0415 - `--help` must be quick

    width = console.width if console.is_terminal else None
    console.print(lines.wrapped(message, width), soft_wrap=True)


def _show_endpoints(
    console: Console, config: Config, checks: list[EndpointCheck]
) -> None:
    """Print the table; URLs that have no room in it whole stand below it."""
    from holybalance_cli import tables  # noqa: PLC0415 - `--help` must be quick

    table = _table(config, checks, has_urls=True)
    boundless = console.options.update(width=_BOUNDLESS)
    if console.measure(table, options=boundless).maximum <= console.width:
        tables.show(console, table)
        return
    tables.show(console, _table(config, checks, has_urls=False))
    console.print()
    cells = max(len(result.name) for result in checks)
    for result in checks:
        console.print(f"{result.name:<{cells}}  {result.base_url}", soft_wrap=True)


def _table(config: Config, checks: list[EndpointCheck], *, has_urls: bool) -> Table:
    from rich.text import Text  # noqa: PLC0415 - `--help` must be quick

    from holybalance_cli import tables  # noqa: PLC0415 - likewise

    table = tables.plain_table()
    table.add_column("endpoint", overflow="fold")
    if has_urls:
        table.add_column("URL", no_wrap=True)
    table.add_column("key", no_wrap=True)
    tables.add_numbers(table, {"models": 6})
    table.add_column("result", no_wrap=True, min_width=6)
    tables.add_numbers(table, {"status": 6, "latency": 7})
    for endpoint, result in zip(config.endpoints, checks, strict=True):
        name, *rest = _cells(endpoint, result)
        urls = (Text(result.base_url),) if has_urls else ()
        table.add_row(name, *urls, *rest)
    return table


def _cells(endpoint: EndpointConfig, result: EndpointCheck) -> tuple[Any, ...]:
    from rich.text import Text  # noqa: PLC0415 - `--help` must be quick

    verdict = Text("ok", style="yellow" if result.message else "green")
    if not result.is_ok:
        verdict = Text("failed", style="red")
    elif _is_warned(result):
        verdict = Text("warning", style="yellow")
    return (
        Text(result.name),
        _key(endpoint),
        _models(endpoint),
        verdict,
        wording.NOTHING if result.status is None else str(result.status),
        wording.seconds(result.latency_s),
    )
