"""What a name stands for: a model, an alias, "auto" with its routes, and economy."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.config import Defaults
from holybalance.config.routing import STRATEGIES, Condition, RouteConfig
from holybalance.errors import CallError, LocalError, RequestError
from holybalance.routing.plan import Live, Plan
from holybalance.routing.tasks import Classified
from tests.unit.routers import (
    CARDS,
    CLAUDE,
    DEEPSEEK,
    FOUR,
    GEMINI,
    GPT,
    TASK_ROUTES,
    StubFunds,
    World,
    alias,
    answer,
    ask,
    endpoint,
)

# A model by its name.


@pytest.mark.parametrize("model", [*FOUR, "gpt-99"])
def test_a_name_that_is_no_alias_is_a_plan_of_itself(model: str) -> None:
    """An unknown one too: what to say of it is the balancer's to know."""
    router = World().router()

    assert (model,) == router.plan(ask(model)).models
    assert (model,) == router.plan(ask(model, max_cost_usd=1.0)).models
    assert "the caller" == router.explain(ask(model)).decided_by


def test_a_plan_by_name_is_ready_made() -> None:
    """Nothing is computed for it."""
    world = World()
    router = world.router()

    assert router.plan(ask(GPT)) is router.plan(ask(GPT))
    assert Plan((GPT,), (CARDS[GPT].context_window,)) == router.plan(ask(GPT))
    assert 0 == world.classified


def test_any_name_is_known_at_an_endpoint_of_any() -> None:
    """With what the catalog says of it."""
    router = World(endpoints=[endpoint("*", prices={})]).router()

    assert Plan((GPT,), (CARDS[GPT].context_window,)) == router.plan(ask(GPT))
    assert Plan(("new",), (None,)) == router.plan(ask("new"))


def test_a_name_may_be_known_by_what_the_upstream_calls_it() -> None:
    """As where a server has names of its own."""
    router = World(endpoints=[endpoint(models={"mine": GPT})]).router()

    assert (CARDS[GPT].context_window,) == router.plan(ask("mine")).windows


# Aliases.


def test_an_alias_tries_its_targets_then_its_fallbacks() -> None:
    """Targets by its strategy, fallbacks as given, each with its window."""
    aliases = alias(
        "fast", DEEPSEEK, GEMINI, strategy="fastest", fallbacks=(CLAUDE, GPT)
    )
    models = (GEMINI, DEEPSEEK, CLAUDE, GPT)

    assert Plan(
        models, tuple(CARDS[model].context_window for model in models)
    ) == World().router(aliases=aliases).plan(ask("fast"))


def test_an_alias_without_a_strategy_has_the_default_one() -> None:
    """That of [defaults]."""
    router = World().router(Defaults(strategy="cheapest"), aliases=alias("all", *FOUR))

    assert (DEEPSEEK, GEMINI, GPT, CLAUDE) == router.plan(ask("all")).models
    assert "alias all" == router.explain(ask("all")).decided_by


def test_an_alias_wins_over_a_model_of_its_name() -> None:
    """So that calls can be moved without touching their code."""
    router = World().router(aliases=alias(GPT, GEMINI, fallbacks=(GPT,)))

    assert (GEMINI, GPT) == router.plan(ask(GPT)).models


@pytest.mark.parametrize(
    ("model", "is_choice"), [("auto", True), ("fast", True), (GPT, False), ("x", False)]
)
def test_an_alias_and_auto_are_choices(model: str, *, is_choice: bool) -> None:
    """Any other name is a model's, served or not."""
    router = World().router(aliases=alias("fast", GEMINI))

    assert is_choice == router.is_choice(model)


def test_a_model_that_an_endpoint_calls_auto_is_no_choice() -> None:
    """It is that model."""
    assert not World(endpoints=[endpoint("auto", GPT)]).router().is_choice("auto")


# "auto".


def test_auto_chooses_from_all_listed_models() -> None:
    """By the default strategy."""
    router = World().router(Defaults(strategy="cheapest"))

    assert (DEEPSEEK, GEMINI, GPT, CLAUDE) == router.plan(ask()).models
    assert "strategy cheapest" == router.explain(ask()).decided_by


def test_two_names_of_one_model_are_one_choice() -> None:
    """The first that is listed, where the same endpoint serves both."""
    cards = {**CARDS, "deepseek-chat": CARDS[DEEPSEEK]}
    world = World(
        endpoints=[
            endpoint(models={DEEPSEEK: "deepseek-chat", "deepseek-chat": "x"}),
            endpoint("plain", "other", name="two"),
        ],
        cards=cards,
    )

    assert {DEEPSEEK, "plain", "other"} == set(world.router().plan(ask()).models)


def test_two_names_at_two_endpoints_are_two_choices() -> None:
    """One may be down while the other is not."""
    cards = {**CARDS, "deepseek-chat": CARDS[DEEPSEEK]}
    served = [endpoint(DEEPSEEK), endpoint("deepseek-chat", name="two")]

    plan = World(endpoints=served, cards=cards).router().plan(ask())

    assert {DEEPSEEK, "deepseek-chat"} == set(plan.models)


def test_an_alias_named_auto_says_what_it_chooses_from() -> None:
    """And routes go before it still."""
    router = World(task="code").router(
        aliases=alias("auto", GEMINI, strategy="cheapest", fallbacks=(GPT,)),
        routes=TASK_ROUTES[1:],
    )

    assert (GEMINI, GPT) == router.plan(ask()).models


def test_an_endpoints_own_model_named_auto_is_meant() -> None:
    """Some providers route by themselves."""
    router = World(endpoints=[endpoint("auto", GPT)]).router()

    assert ("auto",) == router.plan(ask()).models


def test_auto_needs_models_to_choose_from() -> None:
    """An endpoint of any name lists none."""
    router = World(endpoints=[endpoint("*")]).router()

    for asked in (router.plan, router.explain):
        with pytest.raises(RequestError, match=r"name models at an endpoint, or in"):
            asked(ask())


# Routes.


@pytest.mark.parametrize(
    ("task", "model", "decided_by"),
    [
        ("code", DEEPSEEK, 'route 1 (task "code")'),
        ("writing", CLAUDE, 'route 2 (task "writing")'),
        ("analysis", GPT, 'route 3 (task "analysis")'),
        ("speed", GEMINI, 'route 4 (task "speed")'),
    ],
)
def test_each_task_has_its_model(task: str, model: str, decided_by: str) -> None:
    """The four of the worked example."""
    decision = World(task=task).router(routes=TASK_ROUTES).explain(ask())

    assert (model, decided_by, task) == (
        decision.model,
        decision.decided_by,
        decision.task,
    )


def test_a_task_without_a_route_is_left_to_the_strategy() -> None:
    """With all models."""
    decision = World(task="math").router(routes=TASK_ROUTES).explain(ask())

    assert ("strategy balanced", 4) == (decision.decided_by, len(decision.choices))


@pytest.mark.parametrize(
    ("when", "asked", "holds"),
    [
        (Condition(), {}, True),
        (Condition(tasks=("code", "math")), {}, True),
        (Condition(tasks=("writing",)), {}, False),
        (Condition(tags=("web", "app")), {"tags": ("app",)}, True),
        (Condition(tags=("web",)), {"tags": ("app",)}, False),
        (Condition(tags=("web",)), {}, False),
        (Condition(needs=frozenset({"tools"})), {"options": {"tools": [{}]}}, True),
        (
            Condition(needs=frozenset({"tools", "vision"})),
            {"options": {"tools": [{}]}},
            False,
        ),
        (Condition(min_input_tokens=1_000), {"content": "a" * 4_000}, True),
        (Condition(min_input_tokens=1_000), {}, False),
        (Condition(max_input_tokens=1_000), {}, True),
        (Condition(max_input_tokens=1_000), {"content": "a" * 4_000}, False),
        (Condition(tasks=("code",), tags=("web",)), {}, False),
    ],
)
def test_a_route_is_for_calls_that_meet_all_of_it(
    when: Condition, asked: dict[str, Any], holds: bool
) -> None:
    """Of names, one will do; of needs, all must be there."""
    router = World(task="code").router(routes=(RouteConfig(use=(GPT,), when=when),))

    assert holds == ((GPT,) == router.plan(ask(**asked)).models)


def test_a_route_without_a_task_asks_for_none() -> None:
    """The classifier costs as much as all the rest."""
    world, settings = World(), Defaults(strategy="cheapest")
    world.router(settings, routes=(RouteConfig(use=(GPT,)),)).plan(ask())

    assert 0 == world.classified


def test_calls_that_are_alike_share_a_plan_for_a_moment() -> None:
    """Load changes at once, and a plan of a moment ago is as good."""
    world = World()
    router = world.router(Defaults(strategy="cheapest"))
    first = router.plan(ask()).models
    world.lives[first[0]] = Live(1.0, is_open=False)

    assert first == router.plan(ask()).models
    world.now += 0.1
    assert (*first[1:], first[0]) == router.plan(ask()).models


def test_a_plan_that_has_not_worked_is_made_anew() -> None:
    """Money that was counted on may have been spent by others."""
    world = World()
    router = world.router(Defaults(strategy="cheapest"))
    first = router.plan(ask()).models
    world.lives[first[0]] = Live(1.0, is_open=False)

    assert (*first[1:], first[0]) == router.plan(ask(), is_again=True).models


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "a" * 5_000},
        {"options": {"max_tokens": 7}},
        {"options": {"tools": [{}]}},
        {"tags": ("web",)},
        {"max_latency_s": 60.0},
    ],
)
def test_calls_that_differ_have_a_plan_of_their_own(changes: dict[str, Any]) -> None:
    """In length, needs, tags or bounds."""
    world = World()
    router = world.router(Defaults(strategy="cheapest"))
    first = router.plan(ask()).models
    world.lives[first[0]] = Live(1.0, is_open=False)

    assert (*first[1:], first[0]) == router.plan(ask(**changes)).models


def test_calls_under_max_cost_share_no_plan() -> None:
    """Of two that are alike, one may cost too much and the other not."""
    router = World().router(aliases=alias("pair", CLAUDE, GPT))
    short, long = (
        ask("pair", "a" * 4 * count, options={"max_tokens": 1}, max_cost_usd=0.0021)
        for count in (1_026, 1_140)
    )

    assert (GPT,) == router.plan(short).models
    with pytest.raises(RequestError, match="max_cost"):
        router.plan(long)


@pytest.mark.parametrize("most", [{}, {"max_tokens": 8_000}])
def test_lengths_on_two_sides_of_a_window_are_not_alike(most: dict[str, int]) -> None:
    """However close to its end they are, and with the answer that needs room."""
    room = 128_000 - most.get("max_tokens", 0) - 4
    router = World().router(aliases=alias("two", DEEPSEEK, fallbacks=(GPT,)))

    def models(tokens: int) -> tuple[str, ...]:
        return router.plan(ask("two", "a" * 4 * tokens, options=most)).models

    assert (DEEPSEEK, GPT) == models(room)
    assert (GPT,) == models(room + 1)


def test_a_window_is_one_of_tokens_as_the_model_counts_them() -> None:
    """By the ratio that its replies have told."""
    router = World().router(aliases=alias("two", DEEPSEEK, fallbacks=(GPT,)))
    router.learn(ask(content="a" * 100), answer(DEEPSEEK, (104, 50)))

    assert (DEEPSEEK, GPT) == router.plan(ask("two", "a" * 127_996)).models
    assert (GPT,) == router.plan(ask("two", "a" * 127_997)).models


def test_a_route_s_windows_count_as_well() -> None:
    """Its models may be none of the targets."""
    routes = (RouteConfig(use=(DEEPSEEK,)),)
    router = World().router(aliases=alias("auto", GPT), routes=routes)

    assert (DEEPSEEK,) == router.plan(ask(content="a" * 4 * 127_996)).models
    assert (GPT,) == router.plan(ask(content="a" * 4 * 127_997)).models


def test_a_drawn_order_is_drawn_for_each_call() -> None:
    """Else a thousand calls in a moment would go to one model."""
    router = World().router(Defaults(strategy="weighted"))

    assert len({router.plan(ask()).models[0] for _ in range(100)}) > 1


def test_lengths_on_two_sides_of_a_route_s_bound_are_not_alike() -> None:
    """However close to it they are."""
    routes = (RouteConfig(when=Condition(max_input_tokens=100), use=(DEEPSEEK,)),)
    router = World().router(Defaults(strategy="cheapest"), routes=routes)

    below, above = ask(content="a" * 384), ask(content="a" * 388)

    assert (DEEPSEEK,) == router.plan(below).models
    assert 1 < len(router.plan(above).models)


def test_a_route_keeps_its_order_unless_it_names_a_strategy() -> None:
    """`use` is an order of preference."""
    use = (CLAUDE, DEEPSEEK, GEMINI)
    given = World().router(routes=(RouteConfig(use=use),))
    ordered = World().router(routes=(RouteConfig(use=use, strategy="cheapest"),))

    assert use == given.plan(ask()).models
    assert (DEEPSEEK, GEMINI, CLAUDE) == ordered.plan(ask()).models


def test_a_route_whose_models_do_not_fit_is_passed_over() -> None:
    """The next that holds decides, and what was tried is told."""
    routes = (RouteConfig(use=(DEEPSEEK,)), RouteConfig(use=(DEEPSEEK, GPT)))
    router = World().router(routes=routes)

    decision = router.explain(ask(options={"max_tokens": 10_000}))

    assert (GPT, "route 2 (any call)") == (decision.model, decision.decided_by)
    assert [DEEPSEEK] == [rejected.model for rejected in decision.rejected]


def test_a_route_says_its_condition() -> None:
    """For people who wonder where a call went."""
    when = Condition(
        tasks=("code", "math"),
        tags=("web",),
        needs=frozenset({"tools", "vision"}),
        min_input_tokens=10,
        max_input_tokens=2_000,
    )
    router = World(task="math").router(routes=(RouteConfig(use=(GPT,), when=when),))
    picture = [{"type": "text", "text": "a" * 40}, {"type": "image_url"}]

    decision = router.explain(
        ask(content=picture, tags=("web",), options={"tools": [{}]})
    )

    assert (
        'route 1 (task "code" or "math", tag "web", needs "tools" and "vision", '
        "10 input tokens or more, 2,000 input tokens or less)"
    ) == decision.decided_by


# Economy.


@pytest.mark.parametrize("model", ["auto", "good"])
def test_a_budget_that_is_nearly_gone_wants_the_cheapest(model: str) -> None:
    """Routes, strategies and tiers do not count then."""
    world = World(task="writing", funds=StubFunds(economy_budget="daily"))
    aliases = alias("good", CLAUDE, GPT, fallbacks=(GEMINI, DEEPSEEK), strategy="task")
    router = world.router(routes=TASK_ROUTES, aliases=aliases)

    assert (DEEPSEEK, GEMINI, GPT, CLAUDE) == router.plan(ask(model)).models
    assert (
        'budget "daily", which is nearly gone' == router.explain(ask(model)).decided_by
    )


def test_economy_leaves_a_forced_choice_alone() -> None:
    """The caller has named it."""
    world = World(funds=StubFunds(economy_budget="daily"))

    assert (CLAUDE,) == world.router().plan(ask(CLAUDE)).models


# The classifier.


def test_the_classifiers_evidence_is_told() -> None:
    """As it gave it."""

    def classifier(messages: Sequence[Mapping[str, Any]]) -> Classified:
        return Classified("code", ("a fenced code block",), {"code": 3.0})

    router = World().router(Defaults(classifier=classifier), routes=TASK_ROUTES)
    decision = router.explain(ask())

    assert (DEEPSEEK, ("a fenced code block",)) == (decision.model, decision.evidence)


def test_the_shipped_classifier_is_the_default() -> None:
    """Without a line of configuration."""
    router = World(task=None).router(routes=TASK_ROUTES)

    prompt = "Fix this:\n```python\ndef f(:\n    pass\n```"
    assert DEEPSEEK == router.explain(ask(content=prompt)).model


def fails(messages: Sequence[Mapping[str, Any]]) -> str:
    raise ValueError("no")


def errs(messages: Sequence[Mapping[str, Any]]) -> str:
    return "cooking"


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (fails, r"the classifier fails failed: ValueError\('no'\)"),
        (errs, "the classifier errs gave 'cooking', not one of code, writing"),
        (lambda messages: None, "failed: AttributeError"),
    ],
)
def test_a_classifier_that_fails_is_named(classifier: Any, message: str) -> None:
    """It is the user's own code that is at fault, and no endpoint."""
    router = World().router(Defaults(classifier=classifier))

    for asked in (router.plan, router.explain):
        with pytest.raises(LocalError, match=message):
            asked(ask())


# Plans and their explanations.


@given(
    task=st.sampled_from(("code", "writing", "speed", "general")),
    strategy=st.sampled_from(STRATEGIES),
    model=st.sampled_from(("auto", "mix", GPT, DEEPSEEK)),
    size=st.sampled_from((10, 5_000, 600_000)),
    options=st.fixed_dictionaries(
        {},
        optional={
            "max_tokens": st.sampled_from((1, 9_000, 50_000, 10**6)),
            "n": st.integers(1, 3),
            "tools": st.just([{}]),
            "stream": st.booleans(),
        },
    ),
    max_cost=st.none() | st.floats(0.0001, 1.0),
    max_latency=st.none() | st.floats(0.5, 10.0),
    states=st.lists(
        st.tuples(st.sampled_from((0.0, 0.5, 1.0)), st.booleans()),
        min_size=4,
        max_size=4,
    ),
    refused=st.frozensets(st.sampled_from(FOUR)),
    has_economy=st.booleans(),
    seed=st.integers(0, 5),
)
def test_a_plan_is_what_its_explanation_says(
    *,
    task: str,
    strategy: str,
    model: str,
    size: int,
    options: dict[str, Any],
    max_cost: float | None,
    max_latency: float | None,
    states: list[tuple[float, bool]],
    refused: frozenset[str],
    has_economy: bool,
    seed: int,
) -> None:
    """For any call, and in any state of the world."""
    if model in FOUR:
        refused = frozenset()  # a named model's money is not the plan's concern
    pairs = zip(FOUR, states, strict=True)
    world = World(
        task=task,
        lives={name: Live(free, is_open=is_open) for name, (free, is_open) in pairs},
        funds=StubFunds("daily" if has_economy else None, refused),
        seed=seed,
    )
    aliases = alias("mix", GPT, GEMINI, fallbacks=(CLAUDE,))
    settings = Defaults(strategy=strategy)

    def make() -> Any:
        return world.router(settings, aliases=aliases, routes=TASK_ROUTES[:2])

    request = ask(
        model,
        content="a" * size,
        options=options,
        max_cost_usd=max_cost,
        max_latency_s=max_latency,
    )
    decision = make().explain(request)
    choices = tuple(choice.model for choice in decision.choices)
    try:
        models = make().plan(request).models
    except CallError:
        models = ()
    assert choices == models
    assert not {rejected.model for rejected in decision.rejected} & set(choices)


def test_a_decision_estimates_tokens() -> None:
    """Those of the chosen model."""
    decision = World().router().explain(ask(content="a" * 400))

    assert (104, 256) == (decision.input_tokens, decision.output_tokens)


def test_nothing_of_a_router_is_the_worlds() -> None:
    """Two with one seed draw alike, whatever others draw."""
    settings = Defaults(strategy="weighted")
    one, other = World(seed=7).router(settings), World(seed=7).router(settings)
    first = [one.plan(ask()).models for _ in range(50)]
    random.seed(1)

    assert first == [other.plan(ask()).models for _ in range(50)]
    assert replace(ask(), model="auto") == ask()
