"""What is refused because values of a configuration do not fit together."""

from __future__ import annotations

from typing import Any

import pytest

from holybalance.config import (
    AliasConfig,
    BudgetConfig,
    Config,
    Defaults,
    EndpointConfig,
    RouteConfig,
)
from holybalance.errors import ConfigError


def endpoint(name: str, *models: str) -> EndpointConfig:
    """An endpoint of these models."""
    return EndpointConfig(
        name=name,
        provider="openai",
        base_url="http://127.0.0.1:1/v1",
        models={model: model for model in models},
    )


ONE = endpoint("one", "a", "b", "claude")


def aliases(**targets: tuple[str, ...]) -> dict[str, AliasConfig]:
    """Names of models."""
    return {name: AliasConfig(name=name, targets=t) for name, t in targets.items()}


def budget(name: str = "x", scope: str = "all", **more: Any) -> BudgetConfig:
    """A budget of one dollar."""
    return BudgetConfig(name=name, limit_usd=1, scope=scope, **more)


def saving(scope: str) -> dict[str, Any]:
    """A budget that wants the cheapest model."""
    return {"budgets": (budget(scope=scope, on_exceed="cheapest"),)}


def mistakes(*endpoints: EndpointConfig, **parts: Any) -> str:
    """What a configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        Config(endpoints=endpoints or (ONE,), **parts)
    return str(caught.value)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"aliases": aliases(fast=("cloude",))},
            (
                'models.fast: targets: no endpoint serves the model "cloude"; '
                'did you mean "claude"?'
            ),
        ),
        (
            {"routes": (RouteConfig(use=("a", "x")),)},
            'routes[0]: use: no endpoint serves the model "x"; valid models: a, b,',
        ),
        (
            {"aliases": aliases(fast=("a",), slow=("fast",))},
            'models.slow: targets has "fast", an alias itself; name its models instead',
        ),
        (
            {"aliases": aliases(fast=("a",)), "routes": (RouteConfig(use=("fast",)),)},
            'routes[0]: use has "fast", an alias itself; name its models instead',
        ),
        (
            {"aliases": aliases(a=("b",), slow=("a",))},
            'models.slow: targets has "a", an alias itself',
        ),
        (
            {"aliases": aliases(fast=("fast",))},
            'targets: no endpoint serves the model "fast"',
        ),
        (
            {"aliases": aliases(fast=("auto",))},
            'models.fast: targets must be models, and "auto" is none',
        ),
        (
            {"routes": (RouteConfig(use=("*",)),)},
            'routes[0]: use must be models, and "*" is none',
        ),
        (
            {"aliases": {"*": AliasConfig(name="*", targets=("a",))}},
            '"*" cannot be an alias: it stands for any model',
        ),
        (
            {"aliases": {"quick": AliasConfig(name="fast", targets=("a",))}},
            'aliases has "fast" by another name, "quick"',
        ),
        (
            {"budgets": (budget(), budget("y"), budget())},
            'budgets[2]: the name "x" is taken by an earlier budget',
        ),
        (
            {"budgets": (budget(scope="endpoint:on"),)},
            'budgets[0]: scope: there is no endpoint "on"; did you mean "one"?',
        ),
        (
            {"budgets": (budget(scope="model:clude"),)},
            'scope: no endpoint serves the model "clude"; did you mean "claude"?',
        ),
        (
            {"budgets": (budget(scope="model:f"),), "aliases": aliases(f=("a", "b"))},
            'scope: "f" is a name for several models; a budget is for one of them',
        ),
        (
            {"budgets": (budget(scope="model:auto"),)},
            'scope: "auto" is a name for several models',
        ),
        (
            saving("model:a"),
            (
                'budgets[0]: on_exceed = "cheapest" has no use with the scope '
                '"model:a"; set scope = "all" or "tag:NAME", or on_exceed = "fail"'
            ),
        ),
        (
            saving("endpoint:one"),
            'on_exceed = "cheapest" has no use with the scope "endpoint:one"',
        ),
        (
            {"defaults": Defaults(model="fasst"), "aliases": aliases(fast=("a",))},
            'no endpoint serves the model "fasst"; did you mean "fast"?',
        ),
    ],
)
def test_what_does_not_fit(parts: dict[str, Any], message: str) -> None:
    """Place and key are named, and what would be right."""
    assert message in mistakes(**parts)


def test_all_is_told_at_once() -> None:
    """One line each."""
    message = mistakes(
        aliases=aliases(fast=("x", "y")), routes=(RouteConfig(use=("z",)),)
    )

    assert 3 == len(message.splitlines())


@pytest.mark.parametrize(
    "parts",
    [
        {"aliases": aliases(a=("a", "b"))},
        {"aliases": aliases(a=("a", "b"), fast=("a",))},
        {"aliases": aliases(a=("a", "b")), "routes": (RouteConfig(use=("a",)),)},
        {"aliases": aliases(a=("a", "b")), "budgets": (budget(scope="model:a"),)},
        {"aliases": aliases(auto=("a", "b"))},
        {"defaults": Defaults(model="auto")},
        {"defaults": Defaults(model="fast"), "aliases": aliases(fast=("a",))},
        {"budgets": (budget(scope="tag:web"), budget("y", "endpoint:one"))},
        saving("all"),
        saving("tag:web"),
    ],
    ids=[
        "an alias by the name of its model",
        "that model in another alias",
        "that model in a route",
        "that model in a budget",
        "what auto chooses from",
        "auto by default",
        "an alias by default",
        "a tag that no call has yet",
        "saving on everything",
        "saving on a tag",
    ],
)
def test_what_fits(parts: dict[str, Any]) -> None:
    """A name is a model's first where it is both."""
    config = Config(endpoints=(ONE,), **parts)

    assert parts == {key: getattr(config, key) for key in parts}


def test_an_endpoint_that_takes_any_model_serves_all() -> None:
    """Nobody knows what is there."""
    parts: dict[str, Any] = {
        "aliases": aliases(fast=("x",)),
        "routes": (RouteConfig(use=("y",)),),
        "budgets": (budget(scope="model:z"),),
    }

    assert Config(endpoints=(ONE, endpoint("any", "*")), **parts).routes


@pytest.mark.parametrize(("model", "expected"), [("auto", "auto"), ("fast", "fast")])
def test_a_default_that_is_no_model(model: str, expected: str) -> None:
    """It is what a call asks for that names nothing."""
    config = Config(
        endpoints=(ONE,),
        defaults=Defaults(model=model),
        aliases=aliases(fast=("a",)),
    )

    assert expected == config.default_model
