"""
Prints what a plan costs, in µs, and as a ratio to the plan of a model by its name.

Run it as `python -m tests.benchmarks.routing`. Every round measures all cases in turn,
and what is printed is the median of the rounds and of the ratios within each round.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import timeit
from collections.abc import Callable, Mapping
from typing import Any

from holybalance.config import AliasConfig, Config, Defaults, EndpointConfig, Price
from holybalance.config.card import Card
from holybalance.config.routing import Condition, RouteConfig
from holybalance.errors import BudgetExceeded
from holybalance.messages import Attempt, ChatRequest, Reply, Usage, Verdict
from holybalance.routing.plan import Live
from holybalance.routing.router import Router
from holybalance.routing.tasks import classify

ROUNDS, CALLS = 9, 5_000
SHORT = "Write a function that sorts numbers by their last digit, ok?"
LONG = SHORT * 33
MODELS = {
    "gpt-4.1": (2.0, 8.0, 1_047_576, 0.9),
    "claude-sonnet-4.5": (3.0, 15.0, 200_000, 0.95),
    "gemini-2.5-flash": (0.3, 2.5, 1_048_576, 0.7),
    "deepseek-v3.2": (0.28, 0.42, 128_000, 0.8),
}


class NoFunds:
    """No budgets."""

    is_empty = True

    def economy(self, tags: tuple[str, ...]) -> str | None:
        return None

    def refusal(
        self, model: str, tags: tuple[str, ...], worst_usd: float | None
    ) -> BudgetExceeded | None:
        return None

    def lines(self, tags: tuple[str, ...], model: str = "") -> tuple[str, ...]:
        return ()


class AmpleFunds(NoFunds):
    """A budget that never ends: what asking costs."""

    is_empty = False


def config(**more: Any) -> Config:
    """Four models at one endpoint, known by a catalog."""
    cards = {
        name: Card(
            name=name,
            context_window=window,
            max_output=16_000,
            abilities=frozenset({"tools", "streaming"}),
            strengths={"code": strength, "general": 0.5},
            latency_s=2.0,
        )
        for name, (_, _, window, strength) in MODELS.items()
    }
    prices = {
        name: Price(input=cost, output=output)
        for name, (cost, output, _, _) in MODELS.items()
    }
    endpoint = EndpointConfig(
        name="one",
        provider="openai",
        base_url="http://127.0.0.1:1/v1",
        models={name: name for name in MODELS},
        prices=prices,
    )
    return Config(endpoints=(endpoint,), catalog=cards, **more)


HALF = Live(0.5, is_open=True)


def live(model: str) -> Live:
    """Half of the slots are free."""
    return HALF


def router(funds: NoFunds | None = None, **more: Any) -> Router:
    """Make one with the real classifier."""
    today = dt.datetime.now(dt.UTC).date()
    return Router(
        config(**more),
        live,
        funds or NoFunds(),
        rng=random.Random(1),
        today=lambda: today,
    )


def request(model: str, text: str = SHORT, **more: Any) -> ChatRequest:
    """Make a call's request."""
    messages: tuple[Mapping[str, Any], ...] = ({"role": "user", "content": text},)
    return ChatRequest(model=model, messages=messages, timeout_s=60, **more)


def reply() -> Reply:
    """Make a usual answer."""
    message = {"role": "assistant", "content": "Here it is."}
    attempt = Attempt(endpoint="one", verdict=Verdict.OK, latency_s=1.0)
    return Reply(
        body={"choices": [{"message": message, "finish_reason": "stop"}]},
        model="gpt-4.1",
        endpoint="one",
        usage=Usage(input_tokens=25, output_tokens=100),
        cost_usd=0.001,
        latency_s=1.0,
        attempts=(attempt,),
    )


def cases() -> dict[str, Callable[[], object]]:
    """Give each case by its name."""
    pair = ("gemini-2.5-flash", "deepseek-v3.2")
    aliases = {
        name: AliasConfig(name=name, targets=pair, strategy=name)
        for name in ("cheapest", "weighted", "balanced")
    }
    route = RouteConfig(use=pair, when=Condition(tasks=("code",)))
    plain, aliased, routed = router(), router(aliases=aliases), router(routes=(route,))
    cheap = router(defaults=Defaults(strategy="cheapest"))
    budgeted = router(AmpleFunds(), aliases=aliases)
    asked, answered = request("auto"), reply()
    return {
        "a model by its name": planner(plain, request("gpt-4.1")),
        "a model under max_cost": planner(plain, request("gpt-4.1", max_cost_usd=1.0)),
        "a model under a budget": planner(budgeted, request("gpt-4.1")),
        "an alias of two, weighted": planner(aliased, request("weighted")),
        "an alias of two, cheapest": planner(aliased, request("cheapest")),
        "an alias of two, under a budget": planner(budgeted, request("cheapest")),
        "an alias of two, balanced": planner(aliased, request("balanced")),
        "auto of four, cheapest": planner(cheap, request("auto")),
        "auto of four, balanced": planner(plain, request("auto")),
        "auto of four, 2,000 characters": planner(plain, request("auto", LONG)),
        "auto of four, by a route": planner(routed, request("auto")),
        "auto of four, explained": lambda: plain.explain(request("auto")),
        "learning from a reply": lambda: plain.learn(asked, answered),
        "the classifier alone": lambda: classify(asked.messages),
    }


def planner(made: Router, asked: ChatRequest) -> Callable[[], object]:
    """Plan one request again and again."""
    return lambda: made.plan(asked)


def main() -> None:
    """Measure, and print."""
    timed = {name: timeit.Timer(call) for name, call in cases().items()}
    rounds = [
        {name: timer.timeit(CALLS) / CALLS * 1e6 for name, timer in timed.items()}
        for _ in range(ROUNDS)
    ]
    base = next(iter(timed))
    for name in timed:
        took = statistics.median(one[name] for one in rounds)
        ratio = statistics.median(one[name] / one[base] for one in rounds)
        print(f"{name:34} {took:8.2f} µs {ratio:7.1f} x")


if __name__ == "__main__":
    main()
