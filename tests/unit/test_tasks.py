"""What kind of task a conversation is: how often right, and why, and how bounded."""

from __future__ import annotations

import collections
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.config import TASKS
from holybalance.routing.tasks import Classified, classify
from holybalance.routing.tasks.rules import HEAD, TAIL
from tests.unit.labelled_prompts import (
    Labelled,
    development,
    held_out,
    labelled,
    unseen,
)

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def of(text: str) -> Classified:
    """Classify one message of the user."""
    return classify([{"role": "user", "content": text}])


# How often it is right.


def accuracy(prompts: list[Labelled], name: str) -> float:
    """Give the share that is classified as labelled, and print it."""
    right = sum(classify(prompt.messages).task == prompt.task for prompt in prompts)
    print(f"\n{name}: {right} of {len(prompts)} right, {right / len(prompts):.1%}")  # noqa: T201 - shown by -s
    return right / len(prompts)


def print_confusions(prompts: list[Labelled]) -> None:
    """Print what was taken for what, and how often."""
    pairs = collections.Counter(
        (prompt.task, classify(prompt.messages).task) for prompt in prompts
    )
    for (label, task), count in sorted(pairs.items()):
        if label != task:
            print(f"  {count} x {label} taken for {task}")  # noqa: T201 - shown by -s


def test_the_labelled_sets_are_large_and_have_every_task() -> None:
    """The author's two halves; the unseen prompts have none that is long."""
    sides = [
        {prompt.task for prompt in labelled() if prompt.held_out == side}
        for side in (True, False)
    ]

    assert len(labelled()) >= 240
    assert len(development()) >= 780
    assert [set(TASKS)] * 2 == sides
    assert set(TASKS) - {"long_context"} <= {prompt.task for prompt in unseen()}


def test_it_is_right_on_the_prompts_that_it_was_tuned_on() -> None:
    """Nine times in ten."""
    print_confusions(development())

    assert accuracy(development(), "development") >= 0.90


def test_it_is_right_on_the_prompts_that_its_author_held_out() -> None:
    """
    No worse than it was; it guards against getting worse.

    It is no estimate for the prompts of others, since who wrote these wrote the first
    words of the rules too: that is what the prompts of somebody else are for.
    """
    assert accuracy(held_out(), "held out") >= 0.92


def test_it_is_right_on_the_prompts_of_somebody_else() -> None:
    """
    The honest estimate: their writer knew no rule, and no rule was tuned on them.

    The floor is two points below the 85.4 % that were measured. To read these prompts,
    or which of them fail, and then to change a rule would make the figure worthless.
    """
    assert accuracy(unseen(), "unseen") >= 0.83


# Single signs.


@pytest.mark.parametrize(
    ("text", "task", "sign"),
    [
        ("Please refactor this.", "code", 'the word "refactor"'),
        ("Have a look:\n```\nx\n```", "code", "a fenced code block"),
        ("Can you do a root cause search?", "analysis", 'the words "root cause"'),
        (
            "Compare tea with coffee.",
            "analysis",
            'a request that begins with "compare"',
        ),
        ("evaluate \\frac{1}{2}", "math", "a LaTeX formula"),
        ("So 12 * 9?", "math", "a sum in figures"),
        ("Where is Oslo?", "speed", "a short question of fact"),
        ("请翻译这句话", "writing", '"翻译"'),
        ("Hola, muchas gracias", "speed", "small talk"),
        ("Is it low/med/high?", "speed", "a choice of answers"),
        ("Sky: grey\nSea:", "speed", "a blank to fill in at the end"),
        ("Where is makeTea called?", "code", "a name in camelCase"),
        ("Town,A,B\nUlm,4,5\nBonn,6,7\n\nWhat now?", "analysis", "a table"),
        ("Uebersetze das.", "writing", 'the word "uebersetze"'),
    ],
)
def test_the_evidence_says_why(text: str, task: str, sign: str) -> None:
    """In words for people."""
    classified = of(text)

    assert task == classified.task
    assert sign in classified.evidence


def test_the_scores_have_every_task_with_evidence() -> None:
    """And the task is the one with the highest."""
    classified = of("Write an essay that compares Python with Java.")

    assert {"writing", "code"} <= set(classified.scores)
    assert classified.task == max(
        classified.scores, key=lambda task: classified.scores[task]
    )


@pytest.mark.parametrize(
    "trace",
    [
        'Traceback (most recent call last):\n  File "a.py", line 1\nKeyError: 3',
        "Exception in main\n\tat com.example.Shop.sell(Shop.java:31)\n",
        "Oops\n    at total (/srv/cart.js:10:5)\n    at main (/srv/cart.js:2:1)",
        "panic: nil map\n\ngoroutine 1 [running]:\nmain.main()",
        "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds",
        "error[E0382]: borrow of moved value: `name`",
    ],
)
def test_stack_traces_are_code(trace: str) -> None:
    """Of Python, Java, JavaScript, Go and Rust."""
    assert "code" == of(trace).task


@pytest.mark.parametrize(
    "text",
    [
        "Let us start at the party in the old part of the town, which is charming.",
        "The children in my class are shy, and I would like them to feel at home.",
        "My neighbours are swift to complain about the spring cleaning we do here.",
        "What is the dress code for a garden wedding, and would linen do for me?",
        "She was a prominent resident of a village that nobody could quite recall.",
    ],
)
def test_words_have_bounds_and_other_meanings(text: str) -> None:
    """No "art" in "start", no "prom" in "prominent", and a school's class is none."""
    assert "general" == of(text).task


@pytest.mark.parametrize(
    "text",
    [
        "Don't write code, tell me how the team of a game studio spends its days.",
        "Tell me about life in a game studio, but no code please, I am a musician.",
        "Tell me about life in a game studio without code, I am a musician.",
    ],
)
def test_what_is_refused_is_no_sign(text: str) -> None:
    """A negation takes back what comes after it."""
    assert "code" not in of(text).scores


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("写一个排序函数", "code"),
        ("总结这篇文章的内容", "analysis"),
        ("把这句话翻译成德语", "writing"),
        ("证明根号二是无理数", "math"),
        ("计算三百乘以十二", "math"),
        ("分析这个市场的趋势", "analysis"),
        ("用Rust重写这个模块", "code"),
        ("你好", "speed"),
    ],
)
def test_chinese_needs_no_spaces(text: str, task: str) -> None:
    """Nor do Latin words in it."""
    assert task == of(text).task


# Conversations.


@pytest.mark.parametrize("kind", ["image_url", "input_image", "image"])
def test_an_image_is_for_vision(kind: str) -> None:
    """Whatever is said with it."""
    content = [{"type": "text", "text": "Write a Python function."}, {"type": kind}]

    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    classified = classify(messages)

    assert ("vision", ("an image",)) == (classified.task, classified.evidence)


def test_an_earlier_image_is_not() -> None:
    """Only the user's last message decides."""
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": [IMAGE]},
        {"role": "assistant", "content": "A dog."},
        {"role": "user", "content": "Write a limerick about dogs."},
    ]

    assert "writing" == classify(turns).task


def test_a_system_message_says_a_little() -> None:
    """Enough where the request says nothing, too little where it does."""
    system = {
        "role": "system",
        "content": "You are a coding assistant for Python code.",
    }

    def task(text: str) -> str:
        return classify([system, {"role": "user", "content": text}]).task

    assert ["code", "writing"] == [task("fizz buzz"), task("Write a love letter.")]


def test_a_follow_up_is_about_what_came_before() -> None:
    """An answer with code in it makes "make it shorter" a matter of code."""
    turns = [
        {"role": "user", "content": "Parse a date in JavaScript"},
        {"role": "assistant", "content": "```js\nnew Date(text)\n```"},
        {"role": "user", "content": "Can you make it shorter?"},
    ]

    assert "code" == classify(turns).task


def test_length_is_of_the_whole_conversation() -> None:
    """A short question after a long text is about a long text."""
    turns = [
        {"role": "user", "content": "word " * 20_000},
        {"role": "user", "content": "Who is she?"},
    ]

    classified = classify(turns)

    assert "long_context" == classified.task
    assert "100,011 characters of text" in classified.evidence


def test_a_document_is_long_only_if_it_is() -> None:
    """To speak of one is not enough."""
    request = "What does the attached document say on fees? "

    assert "long_context" == of(request + "It is so. " * 3_000).task
    assert "long_context" != of(request).task


# Junk, and too much.

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(junk)
def test_junk_has_a_task_too(messages: Any) -> None:
    """Whatever it is: what is no text is passed over."""
    assert classify(messages).task in TASKS


@given(junk)
def test_junk_in_a_message_does_no_harm(content: Any) -> None:
    """Nor beside a text."""
    parts = [content, {"type": "text", "text": "Translate this poem."}]

    classify([{"role": "user", "content": content}, {"role": content, "content": "a"}])
    assert "writing" == classify([{"role": "user", "content": parts}]).task


def test_a_lone_surrogate_does_no_harm() -> None:
    """It cannot be encoded, and is no sign of anything."""
    assert "writing" == of("Write a poem \ud800 about snow").task


def test_nothing_is_general() -> None:
    """No messages, no text."""
    empty: list[list[dict[str, Any]]] = [[], [{}], [{"role": "user", "content": None}]]

    assert ["general"] * 3 == [classify(messages).task for messages in empty]


class Watched(str):
    """A text that counts the characters taken from it, and gives them no other way."""

    __slots__ = ("taken",)

    def __init__(self, text: str) -> None:
        self.taken = 0

    def __getitem__(self, key: Any) -> str:
        piece = str.__getitem__(self, key)
        self.taken += len(piece)
        return piece

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("looked at as a whole")

    __contains__ = __iter__ = __eq__ = __hash__ = _refuse
    lower = casefold = encode = find = split = strip = count = translate = _refuse
    startswith = isascii = index = replace = splitlines = _refuse


@pytest.mark.parametrize(
    "piece", ["a", "(", " ", "a ", "def ", "```", "\\", "x^", "写"]
)
@pytest.mark.parametrize("shape", ["text", "parts", "system", "earlier"])
def test_little_is_looked_at_of_a_long_text(piece: str, shape: str) -> None:
    """Its start and its end, wherever it stands."""
    text = Watched(piece * 100_000)
    last = {"role": "user", "content": "And now?"}
    messages: dict[str, list[dict[str, Any]]] = {
        "text": [{"role": "user", "content": text}],
        "parts": [{"role": "user", "content": [{"type": "text", "text": text}]}],
        "system": [{"role": "system", "content": text}, last],
        "earlier": [{"role": "user", "content": text}, last],
    }

    classify(messages[shape])

    assert text.taken <= HEAD + TAIL


def test_what_lies_between_changes_nothing_but_the_length() -> None:
    """The start and the end decide."""
    start, end = "Explain. " * 200, " So it was." * 100

    one = of(start + "refactor " * 500 + end)
    other = of(start + "sonnets. " * 500 + end)

    assert one == other


def test_a_long_conversation_costs_no_more_than_its_last_turns() -> None:
    """Earlier ones count by their length alone."""
    old = Watched("Refactor this Python function. ")
    turns = [{"role": "user", "content": old}] * 1_000
    turns += [{"role": "user", "content": "Tell me of the sea."}] * 5

    classify(turns)

    assert 0 == old.taken


def test_the_same_text_has_the_same_evidence_in_every_process() -> None:
    """Python's seed of hashes, which differs, has no say in it."""
    program = (
        "from holybalance.routing.tasks import classify;"
        "print(classify([{'role': 'user', 'content': 'Compare the risks and causes of"
        " bugs in Python code, and write a summary, briefly.'}]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert 1 == len(outputs)
