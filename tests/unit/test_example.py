"""The four-model example of the how-to does what the how-to says."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holybalance import Client, Config
from holybalance.budgeting.account import key_of
from holybalance.budgeting.windows import window_at
from holybalance.config import nano_of
from holybalance.messages import Decision
from holybalance.state.rules import Rules
from holybalance.state.sqlite import SqliteStore
from holybalance.state.store import Claim, News

EXAMPLE = Path(__file__).parents[2] / "docs" / "howto" / "four-models.toml"
CODE = "Fix this Python function: def add(a, b): return a - b"
WRITING = "Write a short story about a lighthouse keeper"
ANALYSIS = "Compare the pros and cons of PostgreSQL and MySQL for a small shop"
SPEED = "Quick answer, in one word: the capital of France?"
TASKS = [
    (CODE, "code", "deepseek-v3.2"),
    (WRITING, "writing", "claude-sonnet-4.5"),
    (ANALYSIS, "analysis", "gpt-4.1"),
    (SPEED, "speed", "gemini-2.5-flash"),
]
NEARLY_GONE = 'budget "daily", which is nearly gone'
# Some 150,000 tokens, and DeepSeek's window is 131,072.
TOO_LONG_FOR_DEEPSEEK = "x = 1  # as before\n" * 31_600


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The example, with its state in a folder of its own and a key that is none."""
    path = shutil.copy(EXAMPLE, tmp_path)
    return Config.load(path, environ={"HOLYSHEEP_API_KEY": "sk-of-nobody"})


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    """A client of the example."""
    with Client(config) as client:
        yield client


@pytest.fixture
def poor_client(config: Config, tmp_path: Path) -> Iterator[Client]:
    """A client that comes when others have spent 95 of the day's 100 dollars."""
    spend(config, tmp_path / "holybalance.db", usd=95.0)
    with Client(config) as client:
        yield client


def spend(config: Config, file: Path, *, usd: float) -> None:
    """Spend from the day's budget as another process would, and leave."""
    budget, now = config.budgets[0], time.time()
    # Of tomorrow's as well, in case that midnight comes during the test.
    windows = {window_at(budget, moment) for moment in (now, now + 60)}
    want = Claim(key="", limit=nano_of(budget.limit_usd), need=nano_of(usd))
    store = SqliteStore(str(file), Rules(config.state.namespace, grace_s=0.0))
    wanted = tuple(want._replace(key=key_of(budget, window)) for window in windows)
    store.exchange(News(process="another", number=1, claims=wanted))
    spent = tuple(
        claim._replace(need=0, held=claim.need, spent=claim.need) for claim in wanted
    )
    store.exchange(News("another", 2, claims=spent, is_leaving=True))
    store.close()


def models(decision: Decision) -> list[str]:
    """The models of a decision, in its order."""
    return [choice.model for choice in decision.choices]


def why_not(decision: Decision) -> dict[str, str]:
    """The models that were left out, with their reasons."""
    return {rejected.model: rejected.reason for rejected in decision.rejected}


@pytest.mark.parametrize(("prompt", "task", "model"), TASKS)
def test_each_prompt_goes_where_its_task_does(
    client: Client, prompt: str, task: str, model: str
) -> None:
    """A call that names no model is routed by what it asks for."""
    assert model == client.explain(prompt).model


@pytest.mark.parametrize(("prompt", "task", "model"), TASKS)
def test_the_decision_says_by_which_route_and_why(
    client: Client, prompt: str, task: str, model: str
) -> None:
    """It names the task, what in the prompt spoke for it, and the route."""
    number = [each for _, each, _ in TASKS].index(task) + 1
    decision = client.explain(prompt)

    assert task == decision.task
    assert f'route {number} (task "{task}")' == decision.decided_by
    assert decision.evidence


def test_another_task_goes_by_the_strategy(client: Client) -> None:
    """All four are candidates where no route fits."""
    decision = client.explain("What should I cook tonight?")

    assert ("general", "strategy balanced") == (decision.task, decision.decided_by)
    assert set(client.config.models) == set(models(decision))


def test_a_route_names_who_comes_next(client: Client) -> None:
    """Models of a route are tried in its order."""
    expected = ["deepseek-v3.2", "gpt-4.1", "claude-sonnet-4.5"]

    assert expected == models(client.explain(CODE))


def test_an_answer_too_long_for_the_first_goes_to_the_next(client: Client) -> None:
    """The route still decides, among those that can write so much."""
    decision = client.explain(CODE, max_tokens=20_000)

    assert ("gpt-4.1", 'route 1 (task "code")') == (decision.model, decision.decided_by)
    assert {
        "deepseek-v3.2": "answers with 8,192 tokens at the most; the call allows 20,000"
    } == why_not(decision)


def test_a_prompt_too_long_for_deepseek_goes_to_another(client: Client) -> None:
    """Its window is too small, and the decision says by how much."""
    decision = client.explain(TOO_LONG_FOR_DEEPSEEK)

    assert decision.model is not None
    assert ["deepseek-v3.2"] == list(why_not(decision))
    assert "131,072 tokens; the call needs about" in why_not(decision)["deepseek-v3.2"]


def test_every_model_has_a_price(config: Config) -> None:
    """A budget refuses calls whose price is unknown."""
    assert set(config.models) == set(config.endpoints[0].prices)


@pytest.mark.parametrize(("prompt", "task", "model"), TASKS)
def test_with_the_budget_nearly_gone_all_go_to_the_cheapest(
    poor_client: Client, prompt: str, task: str, model: str
) -> None:
    """Whatever the task, and the decision names the budget."""
    decision = poor_client.explain(prompt)

    assert ("deepseek-v3.2", NEARLY_GONE) == (decision.model, decision.decided_by)
    assert "cheapest" == decision.strategy
    costs = [choice.cost_usd or 0.0 for choice in decision.choices]
    assert costs == sorted(costs)


def test_the_decision_tells_of_the_budget(poor_client: Client) -> None:
    """What others have spent is known at once."""
    budgets = poor_client.explain(CODE).budgets

    assert ("daily: 95.00 of 100.00 USD spent, 0.00 held",) == budgets


def test_the_cheapest_that_can_take_it_is_meant(poor_client: Client) -> None:
    """A prompt that is too long for the cheapest goes to the next one."""
    decision = poor_client.explain(TOO_LONG_FOR_DEEPSEEK)

    assert ("gemini-2.5-flash", NEARLY_GONE) == (decision.model, decision.decided_by)
    assert ["deepseek-v3.2"] == list(why_not(decision))


def test_below_the_threshold_the_routes_hold(config: Config, tmp_path: Path) -> None:
    """Nine tenths of the budget are spent as the tasks ask for it."""
    spend(config, tmp_path / "holybalance.db", usd=89.0)

    with Client(config) as client:
        assert "claude-sonnet-4.5" == client.explain(WRITING).model
