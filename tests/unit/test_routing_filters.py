"""Which models may take a call, and what is said of those that may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holybalance import tokens
from holybalance.config import Price
from holybalance.errors import BudgetExceeded, RequestError
from holybalance.routing.demand import demand_of, measure, most_input_tokens
from tests.unit.routers import (
    CARDS,
    CLAUDE,
    DEEPSEEK,
    FOUR,
    GEMINI,
    GPT,
    PRICES,
    StubFunds,
    World,
    alias,
    ask,
    endpoint,
)

IMAGE = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
LONG = "word " * 120_000


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({}, set(FOUR)),
        ({"options": {"tools": [{"type": "function"}]}}, set(FOUR)),
        ({"options": {"response_format": {"type": "json_object"}}}, set(FOUR)),
        ({"options": {"response_format": SCHEMA}}, {GPT, GEMINI}),
        ({"content": IMAGE}, {GPT, CLAUDE, GEMINI}),
        ({"content": IMAGE, "options": {"response_format": SCHEMA}}, {GPT, GEMINI}),
        ({"content": LONG}, {GPT, CLAUDE, GEMINI}),
        ({"content": LONG, "options": {"max_tokens": 60_000}}, {GEMINI}),
        ({"options": {"max_tokens": 8_001}}, {GPT, CLAUDE, GEMINI}),
        ({"options": {"max_tokens": 8_000, "n": 5}}, set(FOUR)),
        ({"options": {"max_tokens": 40_000}}, {CLAUDE, GEMINI}),
        ({"max_cost_usd": 0.001}, {GEMINI, DEEPSEEK}),
        ({"max_cost_usd": 0.001, "options": {"n": 2}}, {DEEPSEEK}),
        ({"max_latency_s": 4.0}, {GPT, GEMINI}),
    ],
)
def test_what_a_call_needs_leaves_models(asked: dict[str, Any], left: set[str]) -> None:
    """Those that can do it, for the money and in the time that there is."""
    assert left == set(World().router().plan(ask(**asked)).models)


@pytest.mark.parametrize(
    ("asked", "model", "reason"),
    [
        (
            {"content": IMAGE},
            DEEPSEEK,
            "lacks vision, which the call needs; it has streaming and tools",
        ),
        (
            {"content": LONG, "options": {"max_tokens": 1_000}},
            DEEPSEEK,
            (
                "has a context window of 128,000 tokens; the call needs about 151,004 "
                "(150,004 in, 1,000 out)"
            ),
        ),
        (
            {"options": {"max_tokens": 10_000}},
            DEEPSEEK,
            "answers with 8,000 tokens at the most; the call allows 10,000",
        ),
        (
            {"max_cost_usd": 0.001, "options": {"max_tokens": 1_000}},
            CLAUDE,
            "is expected to cost 0.015027 USD; the call's max_cost is 0.001 USD",
        ),
        (
            {"max_latency_s": 2.5},
            GPT,
            "is expected to take 4 s; the call's max_latency is 2.5 s",
        ),
    ],
)
def test_a_rejection_says_what_is_needed_and_what_there_is(
    asked: dict[str, Any], model: str, reason: str
) -> None:
    """In words that follow the model's name."""
    decision = World().router().explain(ask(**asked))

    assert {model: reason}.items() <= {
        r.model: r.reason for r in decision.rejected
    }.items()


def test_what_is_unknown_of_a_model_passes() -> None:
    """But for its price, where a call may cost only so much."""
    world = World(endpoints=[endpoint("mystery")], cards={})
    demanding = ask(
        content=IMAGE, options={"max_tokens": 10**6, "stream": True}, max_latency_s=0.01
    )
    router = world.router()

    assert ("mystery",) == router.plan(demanding).models
    rejected = router.explain(replace(demanding, max_cost_usd=1.0)).rejected
    assert ["has no known price, and the call's max_cost is 1 USD"] == [
        r.reason for r in rejected
    ]


def test_streaming_is_an_ability() -> None:
    """A model that is known to lack it is left out of a stream's plan."""
    cards = {**CARDS, GPT: replace(CARDS[GPT], abilities=frozenset({"tools"}))}
    router = World(cards=cards).router()

    assert GPT not in router.plan(ask(options={"stream": True})).models
    assert GPT in router.plan(ask(options={"stream": False})).models


def test_the_dearest_endpoint_prices_a_model() -> None:
    """The call may go there."""
    dear = {GPT: Price(input=20.0, output=80.0)}
    world = World(endpoints=[endpoint(GPT), endpoint(GPT, name="two", prices=dear)])

    choice = world.router().explain(ask(GPT, options={"max_tokens": 1_000})).choices[0]

    assert dear[GPT].usual_usd(9, 1_000) == choice.cost_usd


def test_a_price_that_one_endpoint_hides_is_unknown() -> None:
    """It may be any."""
    world = World(endpoints=[endpoint(GPT), endpoint(GPT, name="two", prices={})])

    assert world.router().explain(ask(GPT)).choices[0].cost_usd is None


def test_a_forced_choice_is_not_second_guessed() -> None:
    """Abilities and windows are for the upstream to judge."""
    router = World().router()
    beyond = ask(DEEPSEEK, content=IMAGE, options={"max_tokens": 10**6})

    assert (DEEPSEEK,) == router.plan(beyond).models
    assert (CARDS[DEEPSEEK].context_window,) == router.plan(beyond).windows


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (
            {"max_cost_usd": 0.0001},
            (
                "claude-sonnet-4.5 is expected to cost 0.003867 USD; the call's "
                "max_cost is 0.0001 USD; raise max_cost, or shorten the prompt or "
                "max_tokens"
            ),
        ),
        (
            {"max_latency_s": 1.5},
            (
                "claude-sonnet-4.5 is expected to take 6 s; the call's max_latency "
                "is 1.5 s; raise max_latency"
            ),
        ),
    ],
)
def test_limits_hold_for_a_forced_choice(limit: dict[str, Any], message: str) -> None:
    """It is refused in one sentence that says what to change."""
    with pytest.raises(RequestError) as caught:
        World().router().plan(ask(CLAUDE, **limit))

    assert ("no_model_fits", message) == (caught.value.code, str(caught.value))


def test_nothing_left_lists_every_model_with_its_reason() -> None:
    """And what to change."""
    router = World().router(aliases=alias("fast", GEMINI, DEEPSEEK))

    with pytest.raises(RequestError) as caught:
        router.plan(ask("fast", options={"max_tokens": 100_000}, max_cost_usd=0.1))

    assert [
        'no model of "fast" may take this call:',
        (
            "  gemini-2.5-flash answers with 65,535 tokens at the most; "
            "the call allows 100,000"
        ),
        (
            "  deepseek-v3.2 answers with 8,000 tokens at the most; "
            "the call allows 100,000"
        ),
        "lower max_tokens",
    ] == str(caught.value).splitlines()
    assert "no_model_fits" == caught.value.code


def test_explaining_a_call_that_nobody_takes_raises_nothing() -> None:
    """It has no choices, and no model."""
    decision = World().router().explain(ask(max_latency_s=0.1))

    assert ((), None) == (decision.choices, decision.model)
    assert set(FOUR) == {rejected.model for rejected in decision.rejected}


# Budgets.


def test_budgets_leave_models_out() -> None:
    """The others take the call."""
    world = World(funds=StubFunds(refused=frozenset({GPT, CLAUDE})))

    assert {GEMINI, DEEPSEEK} == set(world.router().plan(ask()).models)


def test_a_call_without_room_tells_of_the_budgets_of_its_model() -> None:
    """Of the one that the caller has named."""
    world = World(funds=StubFunds(refused=frozenset({GPT})))

    assert (f"daily: 0.00 of 1.00 USD spent, {GPT} included",) == (
        world.router().explain(ask(GPT)).budgets
    )


def test_budgets_that_leave_nothing_raise_their_own_error() -> None:
    """That of the model that needs least, whatever others were out for."""
    world = World(funds=StubFunds(refused=frozenset(FOUR)))

    with pytest.raises(BudgetExceeded, match="no room for gemini"):
        world.router().plan(ask(content=IMAGE))


def test_a_forced_choice_leaves_money_to_whoever_holds_it() -> None:
    """There is nothing to choose; its explanation tells of the budget all the same."""
    world = World(funds=StubFunds(refused=frozenset({GPT})))

    assert (GPT,) == world.router().plan(ask(GPT)).models
    assert () == world.router().explain(ask(GPT)).choices


def test_an_offer_without_money_is_refused() -> None:
    """With the budget's own error."""
    world = World(funds=StubFunds(refused=frozenset(FOUR)))

    with pytest.raises(BudgetExceeded, match="no room for"):
        world.router().plan(ask())


def test_a_decision_tells_of_budgets() -> None:
    """As the funds put it, those of the chosen model included."""
    decision = World(funds=StubFunds(refused=frozenset({GPT}))).router().explain(ask())

    assert (f"daily: 0.00 of 1.00 USD spent, {decision.model} included",) == (
        decision.budgets
    )
    assert ['has no room in a budget: budget "daily" has no room for gpt-4.1'] == [
        r.reason for r in decision.rejected
    ]


@pytest.mark.parametrize(
    ("content", "options", "tokens_in", "tokens_out"),
    [
        ("a" * 50, {"max_tokens": 100}, 150, 100),
        ("é" * 50, {"max_tokens": 100}, 300, 100),
        ("a" * 50, {"max_tokens": 100, "n": 3}, 150, 300),
        ("a" * 50, {}, 150, 32_768),
        ("a" * 50, {"n": 2}, 150, 65_536),
        ("a" * 2_000_000, {"max_tokens": 1}, 1_047_576, 1),
        ([{"type": "text", "text": "a" * 50}], {"max_tokens": 1}, 150, 1),
        ([{"type": "image_url", "image_url": {"url": ""}}], {"max_tokens": 1}, 5100, 1),
    ],
)
def test_funds_hear_the_worst_case(
    content: Any, options: dict[str, Any], tokens_in: int, tokens_out: int
) -> None:
    """Bytes bound what goes in; the request or the model what comes out."""
    world = World(funds=StubFunds())
    world.router().explain(ask(GPT, content=content, options=options))

    assert [(GPT, PRICES[GPT].worst_usd(tokens_in, tokens_out))] == world.funds.asked


@pytest.mark.parametrize("models", [("mystery",), ("priced",)])
def test_a_worst_case_without_bound_is_unknown(models: tuple[str, ...]) -> None:
    """Without a price, or where nothing bounds the answer."""
    prices = {"priced": Price(input=1, output=1)}
    served = endpoint("mystery", "priced", prices=prices)
    world = World(endpoints=[served], funds=StubFunds())
    world.router().explain(ask(*models))

    assert [(models[0], None)] == world.funds.asked


def test_tools_count_in_the_worst_case() -> None:
    """As if each of their characters took four bytes."""
    tools = [{"type": "function", "function": {"name": "find"}}]
    bare, armed = ask(content="a"), ask(content="a", options={"tools": tools})

    assert 101 == most_input_tokens(bare, measure(bare))
    assert 101 + 4 * len(str(tools).replace(" ", "")) == most_input_tokens(
        armed, measure(armed)
    )


# What a call asks for.


@pytest.mark.parametrize("kind", ["image_url", "input_image", "image"])
def test_images_are_the_same_to_the_router_and_to_the_estimate(kind: str) -> None:
    """Else a call with one would count wrong."""
    request = ask(content=[{"type": kind}])

    assert frozenset({"vision"}) == demand_of(request).needs
    assert 0 == measure(request).characters
    assert tokens.of_input(request.messages, {}) == measure(request).input_tokens(4.0)


@pytest.mark.parametrize(
    "content",
    ["", "one", "many words " * 99, None, 7, [], ["a part"], [{"text": "b"}], IMAGE],
)
@pytest.mark.parametrize("ratio", [1.0, 3.3, 4.0])
def test_the_router_estimates_as_everyone_does(content: Any, ratio: float) -> None:
    """Whatever a message holds, and whatever the ratio of a model is."""
    request = ask(content=content, options={"tools": [{"a": 1}]})

    assert tokens.of_input(request.messages, request.options, ratio) == measure(
        request
    ).input_tokens(ratio)
