"""Owns what routers are tried with: four models, and stand-ins for all they ask."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from holybalance.config import Config, Defaults, EndpointConfig, Price
from holybalance.config.card import Card
from holybalance.config.routing import AliasConfig, Condition, RouteConfig
from holybalance.errors import BudgetExceeded
from holybalance.messages import Attempt, ChatRequest, Reply, Usage, Verdict
from holybalance.routing.plan import Live
from holybalance.routing.router import Router

GPT, CLAUDE = "gpt-4.1", "claude-sonnet-4.5"
GEMINI, DEEPSEEK = "gemini-2.5-flash", "deepseek-v3.2"
FOUR = (GPT, CLAUDE, GEMINI, DEEPSEEK)
MORNING = dt.date(2026, 6, 1)
ALL_ABILITIES = frozenset({"tools", "vision", "json_schema", "streaming"})

CARDS = {
    GPT: Card(
        name=GPT,
        maker="openai",
        context_window=1_047_576,
        max_output=32_768,
        abilities=ALL_ABILITIES,
        strengths={"code": 0.8, "writing": 0.8, "analysis": 0.9, "general": 0.8},
        latency_s=4.0,
    ),
    CLAUDE: Card(
        name=CLAUDE,
        maker="anthropic",
        context_window=200_000,
        max_output=64_000,
        abilities=frozenset({"tools", "vision", "streaming"}),
        strengths={"code": 0.95, "writing": 0.95, "general": 0.85},
        latency_s=6.0,
    ),
    GEMINI: Card(
        name=GEMINI,
        maker="google",
        context_window=1_048_576,
        max_output=65_535,
        abilities=ALL_ABILITIES,
        strengths={"code": 0.6, "speed": 0.95, "general": 0.7},
        latency_s=1.0,
    ),
    DEEPSEEK: Card(
        name=DEEPSEEK,
        maker="deepseek",
        context_window=128_000,
        max_output=8_000,
        abilities=frozenset({"tools", "streaming"}),
        strengths={"code": 0.85, "math": 0.9},
        latency_s=8.0,
    ),
}
PRICES = {
    GPT: Price(input=2.0, output=8.0),
    CLAUDE: Price(input=3.0, output=15.0),
    GEMINI: Price(input=0.3, output=2.5),
    DEEPSEEK: Price(input=0.28, output=0.42),
}
TASK_ROUTES = tuple(
    RouteConfig(use=(model,), when=Condition(tasks=(task,)))
    for task, model in (
        ("code", DEEPSEEK),
        ("writing", CLAUDE),
        ("analysis", GPT),
        ("speed", GEMINI),
    )
)


@dataclass
class StubFunds:
    """Budgets that say what a test told them to."""

    economy_budget: str | None = None
    refused: frozenset[str] = frozenset()
    asked: list[tuple[str, float | None]] = field(default_factory=list)
    is_empty: bool = False

    def economy(self, tags: tuple[str, ...]) -> str | None:
        return self.economy_budget

    def refusal(
        self, model: str, tags: tuple[str, ...], worst_usd: float | None
    ) -> BudgetExceeded | None:
        self.asked.append((model, worst_usd))
        if model not in self.refused:
            return None
        return BudgetExceeded(
            f'budget "daily" has no room for {model}', budget="daily", limit_usd=1.0
        )

    def lines(self, tags: tuple[str, ...], model: str = "") -> tuple[str, ...]:
        return (f"daily: 0.00 of 1.00 USD spent, {model} included",)


@dataclass
class World:
    """
    A router, and what it asks.

    `task` is what every prompt is about; `None` leaves that to the shipped classifier.
    """

    endpoints: Sequence[EndpointConfig] = ()
    task: str | None = "general"
    today: dt.date = MORNING
    now: float = 0.0
    cards: Mapping[str, Card] = field(default_factory=lambda: dict(CARDS))
    lives: dict[str, Live] = field(default_factory=dict)
    funds: StubFunds = field(default_factory=lambda: StubFunds(is_empty=True))
    seed: int = 1
    classified: int = 0

    def classify(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Stand in for the classifier."""
        self.classified += 1
        return self.task or "general"

    def live(self, model: str) -> Live:
        """Tell of a model's endpoints."""
        return self.lives.get(model, Live(1.0, is_open=True))

    def router(self, defaults: Defaults | None = None, **config: Any) -> Router:
        """Make a router; it sees later changes of this world."""
        settings = defaults or Defaults()
        if settings.classifier is None and self.task is not None:
            settings = replace(settings, classifier=self.classify)
        return Router(
            Config(
                endpoints=tuple(self.endpoints) or (endpoint(*FOUR),),
                catalog=self.cards,
                defaults=settings,
                **config,
            ),
            self.live,
            self.funds,
            rng=random.Random(self.seed),
            today=lambda: self.today,
            clock=lambda: self.now,
        )


def endpoint(*models: str, name: str = "one", **more: Any) -> EndpointConfig:
    """Serve models at their usual prices."""
    values: dict[str, Any] = {
        "name": name,
        "provider": "openai",
        "base_url": "http://127.0.0.1:1/v1",
        "models": {model: model for model in models},
        "prices": {model: PRICES[model] for model in models if model in PRICES},
    }
    return EndpointConfig(**(values | more))


def alias(name: str, *targets: str, **more: Any) -> dict[str, AliasConfig]:
    """Name several models."""
    return {name: AliasConfig(name=name, targets=targets, **more)}


def ask(
    model: str = "auto", content: Any = "Hello, who are you?", **more: Any
) -> ChatRequest:
    """Make a request."""
    messages: tuple[Mapping[str, Any], ...] = ({"role": "user", "content": content},)
    return ChatRequest(model=model, messages=messages, timeout_s=60.0, **more)


def answer(
    model: str,
    tokens: tuple[int, int] | None = (100, 50),
    latency: float = 1.0,
    finish: str = "stop",
) -> Reply:
    """Make a reply of so many tokens in and out."""
    attempt = Attempt(endpoint="one", verdict=Verdict.OK, latency_s=latency)
    message = {"role": "assistant", "content": "hi"}
    return Reply(
        body={"choices": [{"message": message, "finish_reason": finish}]},
        model=model,
        endpoint="one",
        usage=None
        if tokens is None
        else Usage(input_tokens=tokens[0], output_tokens=tokens[1]),
        cost_usd=None,
        latency_s=99.0,
        attempts=(attempt,),
    )
