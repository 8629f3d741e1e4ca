"""What replies tell of models, and how that changes estimates."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from holybalance.config import Defaults
from holybalance.errors import RequestError
from holybalance.routing.learned import Learned, Mean
from holybalance.telemetry.models import ModelReport
from tests.unit.routers import (
    DEEPSEEK,
    GEMINI,
    GPT,
    World,
    alias,
    answer,
    ask,
    endpoint,
)

TEXT = "word " * 100
IMAGE = [{"type": "text", "text": TEXT}, {"type": "image_url", "image_url": {}}]


def learned(*pairs: tuple[Any, Any]) -> ModelReport:
    """Learn from requests and replies, and give what is known of the model."""
    router = World().router()
    for request, reply in pairs:
        router.learn(request, reply)
    return router.report()[pairs[-1][1].model]


def test_the_ratio_of_characters_to_tokens_is_learned() -> None:
    """Without the tokens that every message has."""
    report = learned((ask(content=TEXT), answer(GPT, (254, 50))))

    assert 500 / 250 == report.characters_per_token


def test_the_error_is_that_of_the_estimate_before() -> None:
    """Learning from a reply must not make its own estimate look good."""
    first = (ask(content=TEXT), answer(GPT, (254, 50)))

    # 500 / 4 + 4 = 129 tokens are expected first, and 254 after that.
    assert pytest.approx((254 - 129) / 254) == learned(first).token_error
    assert pytest.approx((254 - 129) / 254 / 2) == learned(first, first).token_error


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (ask(content="Hi"), answer(GPT, (5, 50))),
        (ask(content=IMAGE), answer(GPT, (2_000, 50))),
        (ask(content=TEXT), answer(GPT, None)),
        (ask(content=""), answer(GPT, (200, 50))),
        (ask(content=TEXT), answer(GPT, (10**9, 50))),
        (ask(content="a" * 100_000), answer(GPT, (50, 50))),
    ],
)
def test_what_tells_nothing_of_the_ratio_is_not_learned(
    request_: Any, reply: Any
) -> None:
    """Tiny prompts, images, no usage or an absurd one; the latency counts still."""
    report = learned((request_, reply))

    assert (None, None) == (report.characters_per_token, report.token_error)
    assert (1.0, 1) == (report.latency_s, report.replies)


def test_the_usual_answer_is_learned_of_each_choice() -> None:
    """Two answers of 100 tokens, not one of 200."""
    report = learned((ask(options={"n": 2}), answer(GPT, (10, 200))))

    assert 100 == report.answer_tokens


def test_an_answer_that_was_cut_tells_no_length() -> None:
    """Only what the bound was."""
    cut = answer(GPT, (10, 5), finish="length")

    assert learned((ask(options={"max_tokens": 5}), cut)).answer_tokens is None


def test_the_latency_is_that_of_the_attempt_that_answered() -> None:
    """Without waiting and retries."""
    assert 2.5 == learned((ask(), answer(GPT, latency=2.5))).latency_s


def test_a_reply_without_attempts_has_no_latency() -> None:
    """As one that a test has made up."""
    bare = replace(answer(GPT), attempts=())

    assert learned((ask(), bare)).latency_s is None


def test_estimates_follow_what_is_learned() -> None:
    """Tokens in, tokens out, latency, and so the cost."""
    router = World().router()
    router.learn(ask(content=TEXT), answer(GPT, (254, 1_000), latency=3.0))

    decision = router.explain(ask(GPT, content=TEXT))
    choice = decision.choices[0]

    assert (254, 1_000, 3.0) == (
        decision.input_tokens,
        decision.output_tokens,
        choice.latency_s,
    )
    assert pytest.approx(254 * 2e-6 + 1_000 * 8e-6) == choice.cost_usd


def test_what_is_learned_changes_plans() -> None:
    """A model that answers at length is not the cheapest for long."""
    router = World().router(
        Defaults(strategy="cheapest"), aliases=alias("two", GEMINI, DEEPSEEK)
    )
    before = router.plan(ask("two")).models
    router.learn(ask(), answer(DEEPSEEK, (10, 5_000)))

    assert (DEEPSEEK, GEMINI) == before
    assert (GEMINI, DEEPSEEK) == router.plan(ask("two"), is_again=True).models


@pytest.mark.parametrize(
    ("model", "told", "seconds", "expected"),
    [
        ("mystery", 8.0, 30, 8.0),
        ("mystery", 8.0, 60, 4.0),
        ("mystery", 8.0, 120, 1.0),
        ("mystery", 8.0, 10**9, 0.0),
        (GPT, 8.0, 30, 8.0),
        (GPT, 8.0, 10**9, 4.0),
        (GPT, 0.5, 10**9, 0.5),
    ],
)
def test_a_latency_that_no_call_confirms_fades(
    model: str, told: float, seconds: float, expected: float
) -> None:
    """Down to what its card says; one that speaks for a model stays."""
    world = World(endpoints=[endpoint("mystery", GPT)])
    router = world.router()
    router.learn(ask(), answer(model, latency=told))
    world.now = seconds

    assert expected == router.explain(ask(model)).choices[0].latency_s


def test_a_reply_after_a_pause_counts_alone() -> None:
    """An upstream that has recovered is not held to its past."""
    world = World()
    router = world.router()
    for _ in range(100):
        router.learn(ask(), answer(GPT, latency=60.0))
    world.now = 31.0
    router.learn(ask(), answer(GPT, latency=1.0))

    assert 1.0 == router.explain(ask(GPT)).choices[0].latency_s


def test_where_calls_are_few_each_tells() -> None:
    """Else what is known of a model in use would fade."""
    world = World()
    router = world.router()
    for second in range(200):
        world.now = float(second)
        router.learn(ask(), answer(GPT))

    assert 200 == router.report()[GPT].replies


def test_a_model_that_seemed_too_slow_gets_a_call_on_trial() -> None:
    """One alone, however many are made; its reply tells the others."""
    world = World(endpoints=[endpoint("mystery")])
    router, hasty = world.router(), ask("mystery", max_latency_s=1.0)
    router.learn(ask(), answer("mystery", latency=2.0))
    with pytest.raises(RequestError, match="expected to take 2 s"):
        router.plan(hasty)

    world.now = 61.0
    assert ("mystery",) == router.plan(hasty).models
    with pytest.raises(RequestError, match="expected to take 2 s"):
        router.plan(hasty)
    router.learn(hasty, answer("mystery", latency=0.5))
    assert ("mystery",) == router.plan(hasty).models


def test_a_mean_runs_first_and_forgets_then() -> None:
    """The first 20 count alike, later ones for a twentieth each."""
    mean = Mean()
    for value in range(20):
        mean.observe(value)
    after_20 = mean.value

    assert 9.5 == pytest.approx(after_20)
    assert 9.5 + (109.5 - 9.5) * 0.05 == pytest.approx(mean.observe(109.5))


def test_models_that_nobody_configured_are_bounded() -> None:
    """Callers' typing errors must not fill the memory."""
    known = Learned()
    known.add(GPT, None)
    for number in range(2_000):
        known.learn(ask(), answer(f"typo-{number}"))
    known.learn(ask(), answer(GPT))

    assert 1_001 == len(known.report())
    assert GPT in known.report()


def test_names_that_nobody_serves_leave_nothing_behind() -> None:
    """Nor do they take the place of those that are served."""
    router = World().router()
    for number in range(2_000):
        router.plan(ask(f"typo-{number}"))
    router.learn(ask(), answer("new"))

    assert {"new"} == set(router.report())


def test_only_models_that_have_replied_are_reported() -> None:
    """The others have nothing to tell."""
    router = World().router()
    router.learn(ask(), answer(GPT))

    assert {GPT} == set(router.report())


def report(replies: int, latency: float | None, ratio: float | None) -> ModelReport:
    """What one process knows."""
    return ModelReport(
        characters_per_token=ratio,
        token_error=None,
        answer_tokens=10.0,
        latency_s=latency,
        replies=replies,
    )


def test_reports_merge_by_how_much_they_know() -> None:
    """What one of them does not know is the others' to say."""
    merged = ModelReport.merged([report(1, 1.0, None), report(3, 2.0, 5.0)])

    assert report(4, 1.75, 5.0) == merged


def test_no_reports_merge_to_nothing_known() -> None:
    """As before the first worker has told."""
    assert 0 == ModelReport.merged([]).replies
    assert ModelReport.merged([]).latency_s is None


def test_reports_travel_between_processes() -> None:
    """They are plain values."""
    assert report(1, 1.0, 2.0) == pickle.loads(pickle.dumps(report(1, 1.0, 2.0)))
