"""Models that end: notice in time, successors, and what is said afterwards."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from holybalance.config import Defaults
from holybalance.config.card import Card
from holybalance.errors import RequestError
from holybalance.routing.router import Router
from tests.unit.routers import CARDS, CLAUDE, FOUR, GEMINI, GPT, World, alias, ask
from tests.unit.routers import endpoint as served

END = dt.date(2027, 1, 14)
DAY = dt.timedelta(days=1)
NEXT, LAST = "gpt-5.4", "gpt-6"
SUCCESSOR = Defaults(on_retired="successor")


def lineage(*models: str) -> Mapping[str, Card]:
    """Let each model follow the one before it."""
    cards = {**CARDS, **{name: Card(name=name, maker="openai") for name in models}}
    for model, heir in itertools.pairwise(models):
        known = CARDS.get(model, cards[model])
        cards[model] = replace(known, successor=heir)
    return cards


def world(today: dt.date, *others: str, **more: Any) -> World:
    """Serve a model that ends, and others that do not."""
    ends = more.pop("ends", {GPT: END})
    return World(
        endpoints=[served(GPT, *others, retires=ends)],
        cards=lineage(GPT, NEXT, LAST),
        today=today,
        **more,
    )


def warned(router: Router, *models: str) -> list[str]:
    """Plan for each, and give what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for model in models:
            router.plan(ask(model))
    return [str(one.message) for one in caught]


# Before the end.


@pytest.mark.parametrize(("days", "count"), [(31, 0), (30, 1), (1, 1), (0, 1)])
def test_notice_is_given_30_days_before(days: int, count: int) -> None:
    """Not earlier, and of the day itself."""
    router = world(END - days * DAY).router()

    assert count == len(warned(router, GPT))


def test_notice_is_given_once() -> None:
    """However a model comes into a plan."""
    router = world(END - DAY, GEMINI).router(aliases=alias("any", GPT, GEMINI))
    notice = "gpt-4.1 will be retired by openai on 2027-01-14; gpt-5.4 replaces it; "

    assert [notice + "it is left out from then on"] == (
        warned(router, "any", GPT, "auto", "any")
    )


def test_notice_says_what_to_do_where_the_caller_named_the_model() -> None:
    """It is in the caller's own code."""
    notice = "gpt-4.1 will be retired by openai on 2027-01-14; gpt-5.4 replaces it; "

    assert [notice + "name another in its place before then"] == (
        warned(world(END - DAY).router(), GPT)
    )


@pytest.mark.parametrize(("strategy", "count"), [("cheapest", 0), ("task", 1)])
def test_auto_gives_notice_of_its_first_choice(strategy: str, count: int) -> None:
    """Nobody has named the others, and it will do without them."""
    router = world(END - DAY, GEMINI).router(Defaults(strategy=strategy))

    assert count == len(warned(router, "auto"))


def test_an_alias_gives_notice_of_what_it_leaves_out() -> None:
    """Its owner would not hear of it otherwise."""
    router = world(END, GEMINI).router(aliases=alias("any", GPT, GEMINI))
    notice = "gpt-4.1 was retired by openai on 2027-01-14; gpt-5.4 replaces it; "

    assert [notice + "it is left out"] == warned(router, "any", "any")


def test_no_notice_is_given_of_what_is_not_used() -> None:
    """Nor by an explanation, which has it among its reasons."""
    router = world(END - DAY, GEMINI).router()

    assert [] == warned(router, GEMINI)
    assert "will be retired by openai on 2027-01-14; gpt-5.4 replaces it" in (
        router.explain(ask(GPT)).choices[0].reasons
    )


def test_the_notice_points_at_the_callers_line() -> None:
    """Not into the library."""
    router = world(END - DAY).router()
    with pytest.warns(UserWarning, match="will be retired") as caught:
        router.plan(ask(GPT))

    assert __file__ == caught[0].filename


def test_the_day_is_asked_for_once_a_minute() -> None:
    """A process that runs for weeks hears of it all the same."""
    days = world(END - 31 * DAY)
    router = days.router()
    router.plan(ask(GPT))
    days.today, days.now = END - 30 * DAY, 59.0
    early = warned(router, GPT)
    days.now = 61.0

    assert (0, 1) == (len(early), len(warned(router, GPT)))


# After it.


def test_a_model_that_ended_is_no_choice() -> None:
    """For aliases and "auto", with the reason."""
    router = world(END, GEMINI).router(aliases=alias("any", GPT, GEMINI))

    assert (GEMINI,) == router.plan(ask()).models
    with pytest.warns(UserWarning, match="it is left out"):
        assert (GEMINI,) == router.plan(ask("any")).models
    assert ["was retired by openai on 2027-01-14; gpt-5.4 replaces it"] == [
        rejected.reason for rejected in router.explain(ask()).rejected
    ]


def test_an_alias_of_models_that_ended_says_so() -> None:
    """With what to do."""
    router = world(END).router(aliases=alias("old", GPT))

    with pytest.raises(RequestError, match="put a successor in its place"):
        router.plan(ask("old"))


def test_a_forced_choice_is_asked_all_the_same() -> None:
    """Its maker may have put off the day."""
    router = world(END, NEXT).router()

    assert [
        (
            "gpt-4.1 was retired by openai on 2027-01-14; gpt-5.4 replaces it; it is "
            "asked for all the same"
        )
    ] == warned(router, GPT)
    assert (GPT,) == router.plan(ask(GPT)).models


@pytest.mark.parametrize(
    ("others", "ends", "asked"),
    [
        ((NEXT, LAST), {GPT: END}, NEXT),
        ((LAST,), {GPT: END}, LAST),
        ((NEXT, LAST), {GPT: END, NEXT: END}, LAST),
        ((), {GPT: END}, GPT),
        ((NEXT,), {GPT: END, NEXT: END}, GPT),
    ],
)
def test_a_forced_choice_may_go_to_its_successor(
    others: tuple[str, ...], ends: dict[str, dt.date], asked: str
) -> None:
    """The first of the line that is served and has not ended; else itself."""
    router = world(END, *others, ends=ends).router(SUCCESSOR)

    with pytest.warns(UserWarning, match=r"gpt-4\.1 was retired"):
        assert (asked,) == router.plan(ask(GPT)).models
    assert asked == router.explain(ask(GPT)).model


def test_the_warning_says_where_calls_go() -> None:
    """And by which setting."""
    router = world(END, NEXT).router(SUCCESSOR)
    notice = "gpt-4.1 was retired by openai on 2027-01-14; gpt-5.4 replaces it; "

    assert [notice + 'its calls go to gpt-5.4 (on_retired = "successor")'] == (
        warned(router, GPT)
    )


def test_an_explanation_says_whose_place_a_successor_takes() -> None:
    """Else the caller would wonder."""
    choice = world(END, NEXT).router(SUCCESSOR).explain(ask(GPT)).choices[0]

    ending = "was retired by openai on 2027-01-14; gpt-5.4 replaces it"
    assert (f"in place of gpt-4.1, which {ending}",) == choice.reasons


def test_a_successor_takes_over_no_day_early() -> None:
    """While the model is there, it is asked."""
    router = world(END - DAY, NEXT).router(SUCCESSOR)

    with pytest.warns(UserWarning, match="will be retired"):
        assert (GPT,) == router.plan(ask(GPT)).models


def test_a_circle_of_successors_ends() -> None:
    """A catalog of the user's may hold one."""
    circle = {
        GPT: replace(CARDS[GPT], successor=NEXT),
        NEXT: Card(name=NEXT, successor=GPT),
    }
    made = replace_cards(world(END, ends={GPT: END}), circle)

    with pytest.warns(UserWarning, match="was retired"):
        assert (GPT,) == made.router(SUCCESSOR).plan(ask(GPT)).models


def replace_cards(made: World, cards: Mapping[str, Card]) -> World:
    """Give a world another catalog."""
    made.cards = cards
    return made


def test_a_model_that_one_endpoint_keeps_has_not_ended() -> None:
    """A relay may serve what its maker has withdrawn."""
    both = [served(GPT, retires={GPT: END}), served(GPT, name="relay")]
    router = World(endpoints=both, today=END).router()

    assert ([], None) == (warned(router, GPT, "auto"), router.obituary(GPT))


def test_a_model_ends_where_it_ends_last() -> None:
    """Of two endpoints, the later day holds."""
    both = [
        served(GPT, retires={GPT: END}),
        served(GPT, name="two", retires={GPT: END + DAY}),
    ]

    assert World(endpoints=both, today=END).router().obituary(GPT) is None
    assert "gpt-4.1 was retired by openai on 2027-01-15" == (
        World(endpoints=both, today=END + DAY).router().obituary(GPT)
    )


@pytest.mark.parametrize(
    ("today", "obituary"),
    [
        (END - DAY, None),
        (END, "gpt-4.1 was retired by openai on 2027-01-14; gpt-5.4 replaces it"),
    ],
)
def test_an_obituary_is_for_the_dead(today: dt.date, obituary: str | None) -> None:
    """For the error when the upstream has no such model."""
    router = world(today, CLAUDE).router()

    assert obituary == router.obituary(GPT)
    assert router.obituary(CLAUDE) is None
    assert router.obituary("gpt-99") is None


def test_dates_of_any_name_count() -> None:
    """Of an endpoint that lists none too."""
    router = World(
        endpoints=[served("*", retires={GPT: END})], cards=CARDS, today=END
    ).router()

    notice = "gpt-4.1 was retired by openai on 2027-01-14; "
    assert [notice + "it is asked for all the same"] == warned(router, GPT)


def test_a_far_day_leaves_plans_ready_made() -> None:
    """It costs a look-up, no decision."""
    router = world(END - 300 * DAY, *FOUR).router()

    assert router.plan(ask(GPT)) is router.plan(ask(GPT))
