"""How aliases, routes, budgets and shared state are read, and what mistakes say."""

from __future__ import annotations

import importlib.util
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import (
    AliasConfig,
    BudgetConfig,
    Condition,
    Config,
    Defaults,
    RouteConfig,
    Secret,
    StateConfig,
)
from holybalance.errors import ConfigError

CANARY = "canary7Zq"
LOCAL = {
    "name": "local",
    "provider": "openai",
    "base_url": "http://127.0.0.1:8000/v1",
    "models": ["a", "b", "c"],
    "prices": {name: {"input": 1, "output": 1} for name in "abc"},
}
HEAD = """
[[endpoints]]
name = "local"
provider = "openai"
base_url = "http://127.0.0.1:8000/v1"
models = ["a", "b", "c"]
prices = { a = { input = 1, output = 1 }, b = { input = 1, output = 1 } }
"""
Load = Callable[..., Config]


@pytest.fixture(autouse=True)
def redis_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a configuration asks; nothing here uses it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write tables behind an endpoint as holybalance.toml and load them."""

    def write_and_load(text: str, **environ: str) -> Config:
        path = tmp_path / "holybalance.toml"
        path.write_text(HEAD + text, "utf-8")
        return Config.load(path, environ=environ)

    return write_and_load


def read(**tables: Any) -> Config:
    """Read tables beside one endpoint."""
    return Config.from_dict({"endpoints": [LOCAL], **tables}, environ={})


def mistakes(**tables: Any) -> str:
    """What tables are refused with."""
    with pytest.raises(ConfigError) as caught:
        read(**tables)
    return str(caught.value)


def test_nothing_said() -> None:
    """No names, routes and budgets, and nothing shared."""
    config = read()

    assert ({}, (), ()) == (config.aliases, config.routes, config.budgets)
    assert StateConfig() == config.state
    assert not config.state.is_shared


def test_an_alias_in_a_file(load: Load) -> None:
    """By its name."""
    config = load(
        """
        [models.fast]
        targets = ["a", "b"]
        fallbacks = "c"
        strategy = "weighted"
        weights = { a = 3 }
        """
    )

    assert {
        "fast": AliasConfig(
            name="fast",
            targets=("a", "b"),
            fallbacks=("c",),
            strategy="weighted",
            weights={"a": 3.0},
        )
    } == config.aliases


def test_one_target_needs_no_list() -> None:
    """As `use` of a route."""
    config = read(models={"fast": {"targets": "a"}}, routes=[{"use": "b"}])

    assert ("a",) == config.aliases["fast"].targets
    assert ("b",) == config.routes[0].use


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({"fast": {}}, "models.fast: targets is missing"),
        ({"fast": {"targets": []}}, "targets must be a list of at least one model"),
        ({"fast": {"target": "a"}}, 'unknown key "target"; did you mean "targets"?'),
        ({"fast": {"targets": "a", "name": "x"}}, 'unknown key "name"'),
        ({"fast": ["a"]}, "models: fast must be a table, not a list"),
        (["a"], "models must be tables, [models.NAME]; lists belong in [[endpoints]]"),
        (5, "models must be a table, not 5"),
        ({"a b": {"targets": "a"}}, "name has a space at position 2"),
        (
            {"fast": {"targets": "a", "strategy": "cheap"}},
            'not "cheap"; did you mean "cheapest"?',
        ),
        (
            {"fast": {"targets": ["a"], "weights": {"aa": 1}}},
            'models.fast: weights has "aa", which is none of its targets; did you mean',
        ),
        ({"fast": {"targets": "a", "weights": {"a": 0}}}, "weights must be a number"),
    ],
)
def test_a_mistake_in_an_alias(models: Any, message: str) -> None:
    """The alias and its key are named."""
    assert message in mistakes(models=models)


def test_routes_in_a_file(load: Load) -> None:
    """In their order; `when` in either way of writing it."""
    config = load(
        """
        [[routes]]
        when = { task = "code", max_input_tokens = 8000 }
        use = ["a", "b"]

        [[routes]]
        use = ["c"]
        strategy = "cheapest"
        [routes.when]
        tasks = ["math", "analysis"]
        tags = ["web"]
        needs = ["vision"]
        min_input_tokens = 10

        [[routes]]
        use = ["b"]
        """
    )

    code = Condition(tasks=("code",), max_input_tokens=8000)
    several = Condition(
        tasks=("math", "analysis"),
        tags=("web",),
        needs=frozenset({"vision"}),
        min_input_tokens=10,
    )
    assert (
        RouteConfig(use=("a", "b"), when=code),
        RouteConfig(use=("c",), when=several, strategy="cheapest"),
        RouteConfig(use=("b",)),
    ) == config.routes


@pytest.mark.parametrize("key", ["tag", "tags"])
@pytest.mark.parametrize("value", ["web", ["web"]])
def test_one_or_several(key: str, value: Any) -> None:
    """Both names of a key take both."""
    config = read(routes=[{"use": "a", "when": {key: value}}])

    assert ("web",) == config.routes[0].when.tags


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ({"use": "a"}, "routes must be an array of tables; write [[routes]]"),
        ([5], "number 1 of routes is no table"),
        ([{"use": "a"}, {}], "number 2 of routes is empty"),
        ([{"when": {"task": "code"}}], "routes[0]: use is missing"),
        (
            [{"use": "a", "wen": {}}],
            'routes[0]: unknown key "wen"; did you mean "when"',
        ),
        ([{"use": "a", "when": "code"}], "routes[0]: when must be a table"),
        (
            [{"use": "a", "when": {"task": "coding"}}],
            "routes[0].when: task has one that must be one of code, writing",
        ),
        (
            [{"use": "a", "when": {"taks": "code"}}],
            'routes[0].when: unknown key "taks"; did you mean "task',
        ),
        (
            [{"use": "a", "when": {"task": "code", "tasks": ["math"]}}],
            "routes[0].when: task and tasks are one key by two names; keep one",
        ),
        (
            [{"use": "a", "when": {"min_input_tokens": 9, "max_input_tokens": 8}}],
            "max_input_tokens (8) must not be below min_input_tokens (9)",
        ),
        ([{"use": "a", "when": {"needs": "see"}}], "needs has one that must be one of"),
    ],
)
def test_a_mistake_in_a_route(routes: Any, message: str) -> None:
    """The route's place and its key are named."""
    assert message in mistakes(routes=routes)


def test_a_budget_in_a_file(load: Load) -> None:
    """With all that it may say."""
    config = load(
        """
        [[budgets]]
        name = "of a"
        limit_usd = 100
        window = "month"
        scope = "model:a"
        on_exceed = "fail"
        economy_at = 0.5
        timezone = "Europe/Berlin"
        """
    )

    assert (
        BudgetConfig(
            name="of a",
            limit_usd=100.0,
            window="month",
            scope="model:a",
            on_exceed="fail",
            economy_at=0.5,
            timezone="Europe/Berlin",
        ),
    ) == config.budgets


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"name": "x"}, 'budgets[0] "x": limit_usd is missing'),
        ({"limit_usd": 1}, "budgets[0]: name is missing"),
        ({"name": "x", "limit_usd": 0}, "limit_usd must be a number above 0, not 0"),
        ({"name": "x", "limit": 1}, 'unknown key "limit"; did you mean "limit_usd"?'),
        (
            {"name": "x", "limit_usd": 1, "window": "week"},
            "window must be one of hour,",
        ),
        ({"name": "x", "limit_usd": 1, "scope": "web"}, 'scope must be "all", "model:'),
        ({"name": "x", "limit_usd": 1, "scope": "tag:"}, 'scope must be "all"'),
        ({"name": "x", "limit_usd": 1, "timezone": "Mars"}, "timezone must be a time"),
        (
            {"name": "x", "limit_usd": 1, "on_exceed": "stop"},
            "on_exceed must be one of",
        ),
    ],
)
def test_a_mistake_in_a_budget(budget: Any, message: str) -> None:
    """The budget and its key are named."""
    assert message in mistakes(budgets=[budget])


def test_lines_and_names_in_a_file(load: Load, tmp_path: Path) -> None:
    """Of each table that stands in an array, the second included; all at once."""
    with pytest.raises(ConfigError) as caught:
        load(
            '[[budgets]]\nname = "one"\nlimit_usd = 1\n'
            '[[budgets]]\nname = "two"\nlimit_usd = 0\n'
            '[[routes]]\nuse = ["a"]\n[routes.when]\ntask = "x"\n'
            '[models."my.fast"]\ntargets = 5\n'
        )

    place = str(tmp_path / "holybalance.toml")
    lines = [line.removeprefix(place) for line in str(caught.value).splitlines()]
    assert [
        ', line 13, budgets[1] "two": limit_usd must be a number above 0, not 0',
        (
            ", line 17, routes[0].when: task has one that must be one of code, writing,"
            ' analysis, speed, math, long_context, vision, general, not "x"'
        ),
        (
            ', line 19, models."my.fast": targets must be a list of at least one model,'
            " not 5"
        ),
    ] == lines


def test_new_defaults(load: Load) -> None:
    """In a file and beside the others."""
    config = load(
        """
        [defaults]
        strategy = "cheapest"
        on_retired = "successor"
        content_policy_fallback = true
        """
    )

    expected = Defaults(
        strategy="cheapest", on_retired="successor", content_policy_fallback=True
    )
    assert expected == config.defaults


def test_a_classifier_is_a_callable() -> None:
    """So it can only stand in a dict."""
    assert max is read(defaults={"classifier": max}).defaults.classifier
    assert 'classifier must be a callable, not "mine"' in mistakes(
        defaults={"classifier": "mine"}
    )


def test_defaults_of_streams(load: Load) -> None:
    """How long tokens may take, and what is done about late ones."""
    config = load(
        """
        [defaults]
        first_token_timeout = 10
        idle_timeout = 5
        hedge = true
        hedge_budget = 0.1
        on_unsupported = "drop"
        """
    )

    expected = Defaults(
        first_token_timeout=10.0,
        idle_timeout=5.0,
        hedge=True,
        hedge_budget=0.1,
        on_unsupported="drop",
    )
    assert expected == config.defaults


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "first_token_timeout",
            0,
            "first_token_timeout must be seconds, above 0 and at most a year, not 0",
        ),
        (
            "idle_timeout",
            "5",
            'idle_timeout must be seconds, above 0 and at most a year, not "5"',
        ),
        ("hedge", 1, "hedge must be true or false, not 1"),
        ("hedge_budget", 2, "hedge_budget must be a share from 0 to 1, not 2"),
        (
            "on_unsupported",
            "dropp",
            (
                'on_unsupported must be one of fail, drop, not "dropp";'
                ' did you mean "drop"?'
            ),
        ),
    ],
)
def test_a_mistake_in_the_defaults_of_streams(
    key: str, value: Any, message: str
) -> None:
    """The key is named, and what would be right."""
    assert f"a dict, defaults: {message}" == mistakes(defaults={key: value})


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("sqlite:///state.db", "{folder}/state.db"),
        ("sqlite:///sub/state.db", "{folder}/sub/state.db"),
        ("sqlite:////tmp/state.db", "/tmp/state.db"),
        ("sqlite:///my state é.db", "{folder}/my%20state%20%C3%A9.db"),
        ("sqlite:///my%20state.db", "{folder}/my%20state.db"),
        ("SQLite:///100%25.db", "{folder}/100%25.db"),
    ],
)
def test_a_sqlite_path(load: Load, tmp_path: Path, written: str, path: str) -> None:
    """Starts from the file's folder, and becomes the path of a URL."""
    state = load(f'[state]\nurl = "{written}"').state

    assert f"sqlite:///{path.format(folder=tmp_path)}" == state.url.reveal()
    assert ("sqlite", True) == (state.scheme, state.is_shared)


def test_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the folder's name means itself."""
    folder = tmp_path / "50% of ü"
    folder.mkdir()
    monkeypatch.chdir(folder)

    for url in ("sqlite:///a.db", Secret.url("sqlite:///a.db")):
        state = read(state={"url": url}).state
        expected = f"sqlite:///{tmp_path}/50%25%20of%20%C3%BC/a.db"
        assert expected == state.url.reveal()


def test_a_url_from_a_variable(load: Load) -> None:
    """As any other secret."""
    config = load('[state]\nurl = { env = "STATE" }', STATE="sqlite:////a b")

    assert "sqlite:////a%20b" == config.state.url.reveal()


def test_the_rest_of_the_state() -> None:
    """All that it may say."""
    state = read(
        state={"url": "redis://h:1/0", "namespace": "mine", "processes": 9}
    ).state

    assert ("redis", "mine", 9) == (state.scheme, state.namespace, state.processes)
    assert CANARY not in repr(read(state={"url": f"redis://:{CANARY}@h"}))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "here",
        "sqlite://",
        "sqlite:///",
        "sqlite:a.db",
        "local:x",
        "redis:x",
        f"mysql://{CANARY}",
        f"redis://{CANARY}@h h",
        {"env": f"{CANARY}-"},
        {"url": CANARY},
        5,
    ],
)
def test_a_wrong_url(url: Any) -> None:
    """Told once, and not shown: it may carry a password."""
    message = mistakes(state={"url": url})

    assert message.startswith("a dict, state: url")
    assert "\n" not in message
    assert CANARY not in message


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"ulr": "local:"}, 'state: unknown key "ulr"; did you mean "url"?'),
        ({"processes": 0}, "processes must be a whole number of at least 1, not 0"),
        ({"namespace": ""}, "namespace must be printable"),
        ("local:", "state must be a table"),
    ],
)
def test_a_mistake_in_the_state(state: Any, message: str) -> None:
    """The key is named."""
    assert message in mistakes(state=state)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_redis_without_its_client(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said at once, with the command that helps."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    message = mistakes(state={"url": f"{scheme}://h"})

    assert 'url: Redis needs its client; pip install "holybalance[redis]"' in message
    assert read(state={"url": "local:"}).state == StateConfig()


def _unpriced(**budget: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Config.from_dict(
            {
                "endpoints": [
                    LOCAL,
                    {**LOCAL, "name": "other", "models": ["a", "d"], "prices": {}},
                    {**LOCAL, "name": "any", "models": ["*"]},
                ],
                "budgets": [{"name": "x", "limit_usd": 1, **budget}],
            },
            environ={},
        )
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("scope", "pairs"),
    [
        ("all", '"a" at "other", "d" at "other"'),
        ("tag:web", '"a" at "other", "d" at "other"'),
        ("model:a", '"a" at "other"'),
        ("model:d", '"d" at "other", "d" at "any"'),
        ("endpoint:other", '"a" at "other", "d" at "other"'),
    ],
)
def test_a_budget_over_unknown_prices(scope: str, pairs: str) -> None:
    """One warning that says which calls are refused, and what to set."""
    (message,) = _unpriced(scope=scope)

    start = "a dict: calls of unknown price are refused under a budget"
    assert message.startswith(f'{start} ("x"): {pairs}; set [catalog."')
    assert message.endswith("\"] price, or the endpoint's prices")


@pytest.mark.parametrize("scope", ["endpoint:local", "model:b", "endpoint:any"])
def test_a_budget_over_known_prices(scope: str) -> None:
    """Nothing to warn of."""
    assert [] == _unpriced(scope=scope)


def test_many_models_without_a_price() -> None:
    """The first are named, the others counted."""
    endpoint = {**LOCAL, "models": ["a", "b", "c", "d", "e"], "prices": {}}
    with pytest.warns(UserWarning, match="unknown price") as caught:
        Config.from_dict(
            {"endpoints": [endpoint], "budgets": [{"name": "x", "limit_usd": 1}]},
            environ={},
        )

    shown = '"a" at "local", "b" at "local", "c" at "local" and 2 more; set'
    assert shown in str(caught[0].message)


def test_whose_line_a_warning_names(tmp_path: Path) -> None:
    """The user's own, however they have a configuration read."""
    endpoint = '[[endpoints]]\nprovider = "ollama"\nmodels = ["mine"]\n'
    path = tmp_path / "holybalance.toml"
    path.write_text(f'{endpoint}[[budgets]]\nname = "x"\nlimit_usd = 1\n')

    ways: list[Callable[[], Config]] = [
        lambda: Config.load(path, environ={}),
        lambda: Config.find({}, tmp_path),
        lambda: Config.of(tomllib.loads(path.read_text())),
    ]

    for way in ways:
        with pytest.warns(UserWarning, match="unknown price") as caught:
            way()
        assert __file__ == caught[0].filename
