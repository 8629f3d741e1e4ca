"""Which classifications are remembered, and of which prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.config import Defaults
from holybalance.routing.tasks import Classified, Remembering
from tests.unit.routers import TASK_ROUTES, World, ask

Messages = Sequence[Mapping[str, Any]]


class Repeating:
    """Gives all that it was asked, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, messages: Messages) -> Classified:
        self.asked += 1
        return Classified("general", (repr(messages),), {})


def says(content: Any, role: Any = "user", **more: Any) -> Messages:
    """A prompt of one message."""
    return ({"role": role, "content": content, **more},)


def test_a_prompt_is_classified_once() -> None:
    """By what it says, whoever made it."""
    classifier = Repeating()
    remembering = Remembering(classifier)

    assert remembering(says("Hello")) == remembering(says("Hello"))
    assert 1 == classifier.asked


PARTS = st.sampled_from(["", "a", "b", "user", "system", "ab"])


@given(
    prompts=st.lists(
        st.lists(st.tuples(PARTS, PARTS | st.none() | st.just(["a"])), max_size=3),
        max_size=8,
    )
)
def test_no_prompt_has_the_task_of_another(prompts: list[Any]) -> None:
    """However alike they are."""
    remembering = Remembering(Repeating())
    for prompt in prompts:
        messages = [{"role": role, "content": content} for role, content in prompt]

        assert (repr(messages),) == remembering(messages).evidence


@pytest.mark.parametrize(
    "messages",
    [
        says([{"type": "text", "text": "Hello"}]),
        says(None),
        says("Hello", role=None),
        says("Hello", name="Ada"),
        says("a" * 4_001),
        ("Hello",),
        ({"content": "Hello"},),
    ],
    ids=["parts", "nothing", "no role", "a third key", "long", "no message", "one key"],
)
def test_only_short_prompts_of_texts_are_remembered(messages: Any) -> None:
    """The others are classified each time."""
    classifier = Repeating()
    remembering = Remembering(classifier)
    for _ in range(2):
        remembering(messages)

    assert 2 == classifier.asked


def test_the_memory_is_bounded() -> None:
    """It begins anew when it is full."""
    classifier = Repeating()
    remembering = Remembering(classifier)
    for number in [*range(257), 256, 0]:
        remembering(says(str(number)))

    assert 258 == classifier.asked


def test_a_user_s_own_classifier_is_asked_each_time() -> None:
    """It may go by more than the prompt."""
    world = World(task="math")
    router = world.router(Defaults(strategy="cheapest"), routes=TASK_ROUTES)
    for _ in range(2):
        router.plan(ask())

    assert 2 == world.classified
