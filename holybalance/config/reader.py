"""Owns where a configuration comes from: a TOML file, a mapping or the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from holybalance.config import tables
from holybalance.config.catalog import read_catalog
from holybalance.config.clashes import Parts, Unpriced, clashes, unpriced
from holybalance.config.endpoints import (
    ENDPOINT_KEYS,
    EndpointReader,
    endpoint_names,
)
from holybalance.config.fields import read_table
from holybalance.config.presets import PRESETS, Preset
from holybalance.config.problems import Problems
from holybalance.config.routing import (
    BUDGET_CHECKS,
    ROUTE_CHECKS,
    STATE_CHECKS,
)
from holybalance.config.schema import (
    BREAKER_CHECKS,
    DEFAULTS_CHECKS,
    Config,
    EndpointConfig,
)
from holybalance.config.sources import Sources
from holybalance.config.warning import UnpricedWarning, warn
from holybalance.config.wording import shown
from holybalance.errors import ConfigError

_VARIABLE = "HOLYBALANCE_CONFIG"
_FILE = "holybalance.toml"
_SHOWN = 3
"""So many models without a price are named in a warning."""
_TABLES = (
    "defaults",
    "endpoints",
    "models",
    "routes",
    "budgets",
    "catalog",
    "state",
)
_HOMES = {
    **dict.fromkeys(tables.ALIAS_KEYS, "[models.NAME]"),
    **dict.fromkeys(STATE_CHECKS, "[state]"),
    **dict.fromkeys(BUDGET_CHECKS, "[[budgets]]"),
    **dict.fromkeys(ROUTE_CHECKS, "[[routes]]"),
    **dict.fromkeys(BREAKER_CHECKS, "[defaults.breaker]"),
    **dict.fromkeys(ENDPOINT_KEYS, "[[endpoints]]"),
    **dict.fromkeys(DEFAULTS_CHECKS, "[defaults]"),
}
"""Where a key belongs that stands outside of all tables; the last line wins."""


def load(
    path: str | os.PathLike[str], *, environ: Mapping[str, str] | None = None
) -> Config:
    """Read a TOML file; see `Config.load`."""
    text = _text_of(Path(path))
    sources = Sources(
        environ=os.environ if environ is None else environ,
        folder=Path(path).absolute().parent,
        problems=Problems(source=str(path), text=text),
    )
    return _read(_parse(text, str(path)), sources)


def from_dict(
    mapping: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    source: str = "a dict",
) -> Config:
    """Read a mapping; see `Config.from_dict`."""
    sources = Sources(
        environ=os.environ if environ is None else environ,
        folder=_current_folder(),
        problems=Problems(source=source),
    )
    return _read(mapping, sources)


def find(
    *,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> Config:
    """Look in the usual places, in order; see `Config.find`."""
    environ = os.environ if environ is None else environ
    folder = _current_folder() if cwd is None else Path(cwd)
    if named := environ.get(_VARIABLE):
        return _load_named(folder, named, environ)
    if (folder / _FILE).exists():
        return load(folder / _FILE, environ=environ)
    return _from_environment(environ, folder)


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError(
            "the current folder does not exist any more; change to another one"
        ) from error


def _load_named(folder: Path, named: str, environ: Mapping[str, str]) -> Config:
    path = folder / os.path.expanduser(named)
    if not path.exists():
        raise ConfigError(f"${_VARIABLE} names {path}, which does not exist")
    return load(path, environ=environ)


def _from_environment(environ: Mapping[str, str], folder: Path) -> Config:
    found = {
        preset: names
        for preset in PRESETS.values()
        if (names := preset.variables_in(environ))
    }
    if not found:
        raise ConfigError(_nothing_found(folder))
    used = _usable(list(found))
    named = ", ".join(name for preset in used for name in found[preset])
    unused = ", ".join(
        name for preset in found if preset not in used for name in found[preset]
    )
    note = f"; unused: {unused}, as nothing lists models for it" if unused else ""
    return from_dict(
        {"endpoints": [{"provider": preset.name} for preset in used]},
        environ=environ,
        source=f"the environment ({named}{note})",
    )


def _usable(presets: list[Preset]) -> list[Preset]:
    """Choose those that list their models; where none does, those that take any."""
    # Who takes any name would be asked for others' models, which it has not, or by
    # another name, and for a price that nobody knows.
    listing = [preset for preset in presets if preset.catalog_name is not None]
    return listing or presets


def _nothing_found(folder: Path) -> str:
    return (
        "no configuration found; do one of these:\n"
        f"  1. set ${_VARIABLE} to the path of a TOML file\n"
        f"  2. put a {_FILE} into {folder}\n"
        f"  3. set a provider's key: {', '.join(_key_variables())}\n"
        "  or name a TOML file: --config PATH, or Client(Config.load(path))"
    )


def _key_variables() -> Iterator[str]:
    for preset in PRESETS.values():
        if preset.key_variables:
            names = " or ".join(preset.key_variables)
            yield names if preset.origin else f"{names} with {preset.url_variable}"


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a valid path"
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{path}, line {line}: not UTF-8 text; save the file as UTF-8"
        # Not `from error`: it holds the whole content, keys included.
        raise ConfigError(message) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only a file pays for it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Not `from error`: from Python 3.14 on it holds the whole text.
        end = f"at the end, line {len(text.splitlines())}"
        reason = str(error).replace("at end of document", end)
        raise ConfigError(f"{source}: not valid TOML: {reason}") from None
    except RecursionError:
        raise ConfigError(f"{source}: nested too deeply") from None


def _read(raw: Any, sources: Sources) -> Config:
    problems = sources.problems
    if not isinstance(raw, Mapping):
        hint = "; for a file: Config.load(path)" if _is_path(raw) else ""
        message = f"{problems.source}: must be a mapping, not {shown(raw)}{hint}"
        raise ConfigError(message)
    problems.add_unknown_keys((), raw, _TABLES, _HOMES)
    catalog = read_catalog(problems, _table(raw, "catalog", problems))
    defaults = tables.read_defaults(sources, _table(raw, "defaults", problems))
    reader = EndpointReader(sources=sources, defaults=defaults, catalog=catalog)
    parts = Parts(
        endpoints=_endpoints(raw.get("endpoints"), reader),
        defaults=defaults,
        aliases=tables.read_aliases(problems, raw.get("models", {})),
        routes=tables.read_routes(problems, raw.get("routes", ())),
        budgets=tables.read_budgets(problems, raw.get("budgets", ())),
    )
    state = tables.read_state(sources, _table(raw, "state", problems))
    problems.raise_if_any()
    for path, message in clashes(parts):
        problems.add(path, message)
    problems.raise_if_any()
    _warn_of_unpriced(problems.source, list(unpriced(parts)))
    return Config(
        **parts._asdict(),
        state=state,
        catalog=catalog.by_name,
        source=problems.source,
    )


def _warn_of_unpriced(source: str, found: list[Unpriced]) -> None:
    if not found:
        return
    pairs = list(dict.fromkeys((each.model, each.endpoint) for each in found))
    models = ", ".join(f'"{model}" at "{name}"' for model, name in pairs[:_SHOWN])
    if len(pairs) > _SHOWN:
        models += f" and {len(pairs) - _SHOWN} more"
    names = ", ".join(dict.fromkeys(f'"{each.budget}"' for each in found))
    warn(
        f"{source}: calls of unknown price are refused under a budget ({names}):"
        f' {models}; set [catalog."{found[0].model}"] price, or the endpoint\'s prices',
        UnpricedWarning,
    )


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _table(raw: Mapping[str, Any], name: str, problems: Problems) -> Mapping[str, Any]:
    return read_table(problems, (name,), raw.get(name, {}))


def _endpoints(given: Any, reader: EndpointReader) -> tuple[EndpointConfig, ...]:
    problems = reader.sources.problems
    if not isinstance(given, list | tuple) or not given:
        what = "is missing" if given is None else "must be an array of tables"
        message = f"endpoints {what}; write [[endpoints]], at least one"
        problems.add(("endpoints",), message)
        return ()
    names = endpoint_names(list(given))
    for position, name in enumerate(names):
        problems.names["endpoints", position] = name
    read = [
        reader.read(position, names[position], table)
        for position, table in enumerate(given)
    ]
    return tuple(endpoint for endpoint in read if endpoint is not None)
