"""In which order models are tried."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from holybalance.config import Defaults
from holybalance.config.routing import STRATEGIES as CONFIGURABLE
from holybalance.config.routing import RouteConfig
from holybalance.routing.plan import Live
from holybalance.routing.router import Router
from holybalance.routing.strategies import CHEAPNESS, ROOM, SPEED, STRATEGIES, STRENGTH
from tests.unit.routers import (
    CARDS,
    CLAUDE,
    DEEPSEEK,
    FOUR,
    GEMINI,
    GPT,
    PRICES,
    World,
    alias,
    answer,
    ask,
    endpoint,
)

FULL, CLOSED = Live(0.0, is_open=True), Live(1.0, is_open=False)


def by(strategy: str, world: World, **config: Any) -> Router:
    """Order all models by a strategy."""
    return world.router(Defaults(strategy=strategy), **config)


def test_every_name_of_a_configuration_is_a_strategy() -> None:
    """And no strategy is out of reach."""
    assert set(CONFIGURABLE) == set(STRATEGIES)


@pytest.mark.parametrize(
    ("strategy", "task", "order"),
    [
        ("task", "code", (CLAUDE, DEEPSEEK, GPT, GEMINI)),
        ("task", "writing", (CLAUDE, GPT, GEMINI, DEEPSEEK)),
        ("task", "speed", (GEMINI, CLAUDE, GPT, DEEPSEEK)),
        ("cheapest", "code", (DEEPSEEK, GEMINI, GPT, CLAUDE)),
        ("fastest", "code", (GEMINI, GPT, CLAUDE, DEEPSEEK)),
        ("balanced", "math", (DEEPSEEK, GEMINI, CLAUDE, GPT)),
        ("balanced", "speed", (GEMINI, DEEPSEEK, CLAUDE, GPT)),
    ],
)
def test_strategies_order_the_four(
    strategy: str, task: str, order: tuple[str, ...]
) -> None:
    """Where a card says nothing of a task, its general strength stands, or a half."""
    assert order == by(strategy, World(task=task)).plan(ask()).models


@pytest.mark.parametrize("strategy", CONFIGURABLE)
def test_scores_are_from_0_to_1_and_fall(strategy: str) -> None:
    """They are what the order is by."""
    choices = by(strategy, World()).explain(ask()).choices
    scores = [choice.score for choice in choices if choice.score is not None]

    assert len(FOUR) == len(scores)
    assert all(0 <= score <= 1 for score in scores)
    assert sorted(scores, reverse=True) == scores


def test_the_balance_adds_up_to_1() -> None:
    """Else a score could pass it."""
    assert 1.0 == pytest.approx(STRENGTH + CHEAPNESS + SPEED + ROOM)


@pytest.mark.parametrize(("strategy", "asks"), [("task", 1), ("cheapest", 0)])
def test_nobody_asks_for_the_task_in_vain(strategy: str, asks: int) -> None:
    """The classifier costs as much as all the rest."""
    world = World()
    by(strategy, world).plan(ask())

    assert asks == world.classified


@pytest.mark.parametrize("strategy", ["task", "balanced"])
def test_nobody_asks_for_the_task_of_models_that_are_as_good(strategy: str) -> None:
    """As models are that no card tells of; cost and speed decide."""
    world = World(endpoints=[endpoint("mystery", "other")], cards={})

    assert 2 == len(by(strategy, world).plan(ask()).models)
    assert 0 == world.classified


def test_equals_go_by_their_cost() -> None:
    """Here all are as good at what nobody knows anything of."""
    cards = {name: replace(card, strengths={}) for name, card in CARDS.items()}

    plan = by("task", World(cards=cards)).plan(ask())

    assert (DEEPSEEK, GEMINI, GPT, CLAUDE) == plan.models


def test_an_unknown_price_comes_last() -> None:
    """For "cheapest"."""
    world = World(endpoints=[endpoint("mystery", GPT)])

    assert (GPT, "mystery") == by("cheapest", world).plan(ask()).models


def test_an_unknown_latency_comes_first_once() -> None:
    """For "fastest": one call finds out, the others do not wait for it."""
    world = World(endpoints=[endpoint("mystery", GPT, GEMINI)])
    router = by("fastest", world)
    assert "mystery" == router.explain(ask()).model
    assert ("mystery", GEMINI, GPT) == router.plan(ask()).models
    assert (GEMINI, GPT, "mystery") == router.plan(ask()).models

    world.now = 31.0
    assert ("mystery", GEMINI, GPT) == router.plan(ask()).models
    router.learn(ask(), answer("mystery", latency=2.0))
    assert (GEMINI, "mystery", GPT) == router.plan(ask()).models


def test_the_fastest_are_compared_again() -> None:
    """Whoever was slower is asked once in a while, and stays where it is if it is."""
    world = World(endpoints=[endpoint("slow", "quick")])
    router, firsts = by("fastest", world), Counter[str]()
    for second in range(1_000):
        world.now = float(second)
        model = router.plan(ask()).models[0]
        firsts[model] += 1
        router.learn(ask(), answer(model, latency=4.0 if model == "slow" else 1.0))

    assert {"quick": 988, "slow": 12} == firsts


@pytest.mark.parametrize("live", [FULL, CLOSED])
def test_nobody_is_tried_who_cannot_take_the_call(live: Live) -> None:
    """What is not known of it can wait."""
    world = World(endpoints=[endpoint("mystery", GPT)], lives={"mystery": live})

    assert (GPT, "mystery") == by("fastest", world).plan(ask()).models


def test_models_that_cost_nothing_come_first() -> None:
    """And those that cost something keep their order behind them."""
    free = replace(PRICES[GPT], input=0.0, output=0.0)
    world = World(endpoints=[endpoint(*FOUR, prices={**PRICES, GPT: free})])

    plan = by("cheapest", world).plan(ask())

    assert (GPT, DEEPSEEK, GEMINI, CLAUDE) == plan.models


def test_the_cheapest_is_so_for_this_call() -> None:
    """Long input and short output favour another model than the reverse."""
    prices = {
        GPT: replace(PRICES[GPT], input=1.0, output=100.0),
        CLAUDE: replace(PRICES[GPT], input=10.0, output=10.0),
    }
    world = World(endpoints=[endpoint(GPT, CLAUDE, prices=prices)])
    router = by("cheapest", world)

    long = ask(content="word " * 10_000, options={"max_tokens": 10})
    assert GPT == router.plan(long).models[0]
    assert CLAUDE == router.plan(ask(options={"max_tokens": 1_000})).models[0]


def test_replies_tell_who_is_fastest() -> None:
    """What the card said counts no more."""
    router = by("fastest", World())
    router.learn(ask(), answer(GEMINI, latency=30.0))
    router.learn(ask(), answer(DEEPSEEK, latency=0.5))

    assert (DEEPSEEK, GPT, CLAUDE, GEMINI) == router.plan(ask()).models


def first_shares(router: Router, model: str, picks: int = 20_000) -> dict[str, float]:
    """Tell how often each model comes first."""
    firsts = Counter(router.plan(ask(model)).models[0] for _ in range(picks))
    return {name: count / picks for name, count in firsts.items()}


def test_an_alias_is_drawn_by_its_weights() -> None:
    """A target without a weight has 1."""
    shares = alias(
        "mix", GPT, GEMINI, DEEPSEEK, strategy="weighted", weights={GPT: 3, GEMINI: 0.5}
    )

    assert {
        GPT: pytest.approx(3 / 4.5, rel=0.05),
        GEMINI: pytest.approx(0.5 / 4.5, rel=0.1),
        DEEPSEEK: pytest.approx(1 / 4.5, rel=0.05),
    } == first_shares(World().router(aliases=shares), "mix")


def test_auto_is_drawn_by_the_weights_of_endpoints() -> None:
    """Those of all that serve a model."""
    served = [endpoint(GPT, GEMINI), endpoint(GPT, name="two", weight=2)]

    assert {
        GPT: pytest.approx(0.75, rel=0.05),
        GEMINI: pytest.approx(0.25, rel=0.05),
    } == first_shares(by("weighted", World(endpoints=served)), "auto")


@pytest.mark.parametrize("weights", [(1e-6, 1e6), (1e300, 1e-300)])
def test_extreme_weights_are_no_trouble(weights: tuple[float, float]) -> None:
    """The heavier one comes first."""
    light, heavy = sorted(weights)
    mix = alias(
        "mix", GPT, GEMINI, strategy="weighted", weights={GPT: light, GEMINI: heavy}
    )

    assert (GEMINI, GPT) == World().router(aliases=mix).plan(ask("mix")).models


# Who has room.


@pytest.mark.parametrize("strategy", CONFIGURABLE)
def test_closed_models_go_last_and_full_ones_before_them(strategy: str) -> None:
    """Whatever else speaks for them; and they stay in the plan."""
    world = World(lives={DEEPSEEK: FULL, GEMINI: CLOSED, CLAUDE: FULL})

    models = by(strategy, world).plan(ask()).models

    assert (GPT, GEMINI) == (models[0], models[3])


def test_a_fallback_with_room_goes_before_a_target_without() -> None:
    """Of those without room, the order stays."""
    aliases = alias("fast", GEMINI, fallbacks=(GPT, CLAUDE))
    lives = {GEMINI: CLOSED, GPT: FULL}

    plan = World(lives=lives).router(aliases=aliases).plan(ask("fast"))

    assert (CLAUDE, GPT, GEMINI) == plan.models


def test_a_decision_says_who_has_no_room() -> None:
    """With what spoke for each."""
    world = World(lives={GEMINI: CLOSED, GPT: FULL})
    routes = (RouteConfig(use=(GEMINI, GPT)),)

    decision = by("balanced", world, routes=routes).explain(ask())

    assert [
        (GPT, ("its place in the given order", "all its slots are taken now")),
        (
            GEMINI,
            ("its place in the given order", "no endpoint takes calls for it now"),
        ),
    ] == [(choice.model, choice.reasons) for choice in decision.choices]


def test_free_slots_tip_the_scale() -> None:
    """Between models that are alike in all else."""
    cards = dict.fromkeys((GPT, CLAUDE), CARDS[GPT])
    prices = dict.fromkeys((GPT, CLAUDE), PRICES[GPT])
    lives = {GPT: Live(0.2, is_open=True), CLAUDE: Live(0.9, is_open=True)}
    cards[CLAUDE] = replace(cards[CLAUDE], name=CLAUDE)
    world = World(
        endpoints=[endpoint(GPT, CLAUDE, prices=prices)], cards=cards, lives=lives
    )

    assert (CLAUDE, GPT) == by("balanced", world).plan(ask()).models


def test_a_decision_by_balance_says_what_it_weighed() -> None:
    """Strength, cost, speed and room."""
    choice = by("balanced", World(task="code")).explain(ask()).choices[0]

    assert (
        'strength 0.85 at "code"',
        "about 0.00011 USD",
        "about 8 s",
        "100% of its slots are free",
    ) == choice.reasons
