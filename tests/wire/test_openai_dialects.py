"""Varieties of OpenAI's format: who is sent what, and how they are told apart."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import orjson
import pytest

from holybalance.balancing.speech import Speech
from holybalance.config import EndpointConfig
from holybalance.config.presets import PRESETS
from holybalance.messages import ChatRequest
from holybalance.wire import openai
from holybalance.wire.formats import Manner
from holybalance.wire.openai.chat import encode
from holybalance.wire.openai.dialects import DIALECTS

PAGE = Path(__file__).parents[2] / "docs/reference/providers.md"
ASK = {"role": "user", "content": "Weather?"}
CALL = {
    "id": "toolu_1",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
}
GOOGLES = {"google": {"thought_signature": "s"}}
# As we shape Claude's answer.
CLAUDES = {
    "role": "assistant",
    "content": "Let me see.",
    "refusal": None,
    "reasoning_content": "Hm.",
    "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
    "tool_calls": [
        CALL | {"extra_content": {"anthropic": {"caller": {"type": "direct"}}}}
    ],
}
# And Gemini's.
GEMINIS: dict[str, Any] = {
    "role": "assistant",
    "content": None,
    "reasoning_content": "Hm.",
    "extra_content": {"google": {"parts": []}},
    "tool_calls": [CALL | {"extra_content": GOOGLES}],
}
DEEPSEEKS = {"role": "assistant", "content": "Rain.", "reasoning_content": "Hm."}


def written(dialect: str, *messages: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Give the body of a request."""
    asked = ChatRequest(model="m", messages=messages, timeout_s=1, options=options)
    body: dict[str, Any] = orjson.loads(
        encode(asked, Manner("m", dialect=dialect)).body
    )
    return body


def message_to(dialect: str, message: dict[str, Any]) -> Any:
    """Give a message as it is sent."""
    return written(dialect, ASK, message)["messages"][1]


def dialect_of(provider: str, url: str) -> str:
    """Say what an endpoint is spoken to in."""
    config = EndpointConfig(
        name="e", provider=provider, base_url=url, models={"m": "m"}
    )
    return Speech(config, openai).manner("m").dialect


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "google"),
        ("http://localhost:8000/v1", ""),
        ("https://api.openai.com.example.org/v1", ""),
        ("https://gateway.example.org/api.openai.com/v1", ""),
    ],
)
def test_by_host(url: str, dialect: str) -> None:
    """The provider `openai` is any server; by its rules plays its own host alone."""
    assert dialect == dialect_of("openai", url)


@pytest.mark.parametrize("provider", set(PRESETS) - {"openai"})
def test_by_provider(provider: str) -> None:
    """Who names another provider means that, wherever it is."""
    assert provider == dialect_of(provider, "https://gateway.example.org/v1")


def test_fields_of_the_official_package() -> None:
    """What OpenAI takes is what its own package can send."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        types = pytest.importorskip("openai.types.chat")
    message = types.ChatCompletionAssistantMessageParam.__annotations__
    function = types.ChatCompletionMessageFunctionToolCallParam.__annotations__
    custom = types.ChatCompletionMessageCustomToolCallParam.__annotations__

    assert frozenset(message) == DIALECTS["openai"].fields
    assert frozenset({*function, *custom}) == DIALECTS["openai"].call_fields


@pytest.mark.parametrize("dialect", ["openai", "azure"])
def test_to_openai(dialect: str) -> None:
    """It answers any field that it does not know with a 400."""
    claudes = {
        "role": "assistant",
        "content": "Let me see.",
        "refusal": None,
        "tool_calls": [CALL],
    }
    own = {
        "role": "assistant",
        "content": None,
        "audio": {"id": "a"},
        "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "g"}}],
    }

    assert claudes == message_to(dialect, CLAUDES)
    assert {"role": "assistant", "content": "Rain."} == message_to(dialect, DEEPSEEKS)
    assert own == message_to(dialect, own | {"annotations": []})


def test_to_groq() -> None:
    """So does it, and has `reasoning` for thoughts."""
    own = {"role": "assistant", "content": "Rain.", "reasoning": "Hm."}

    assert own == message_to("groq", own | {"refusal": None, "annotations": []})
    assert {"role": "assistant", "content": "Rain."} == message_to("groq", DEEPSEEKS)


def test_to_google() -> None:
    """It takes its own signatures, and no other's."""
    own: dict[str, Any] = {
        "role": "assistant",
        "content": None,
        "extra_content": {"google": {"parts": []}},
        "tool_calls": [CALL | {"extra_content": GOOGLES}],
    }
    claudes = {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]}

    assert own == message_to("google", GEMINIS)
    assert claudes == message_to("google", CLAUDES)


@pytest.mark.parametrize("message", [CLAUDES, GEMINIS])
def test_tool_calls_of_others_to_deepseek(message: dict[str, Any]) -> None:
    """It demands the thoughts before a tool call, and gets what there is of them."""
    sent = message_to("deepseek", message)

    assert {"role", "content", "reasoning_content", "tool_calls"} == {*sent} - {
        "refusal"
    }
    assert ("Hm.", [CALL]) == (sent["reasoning_content"], sent["tool_calls"])


@pytest.mark.parametrize("thoughts", [{}, {"reasoning_content": None}])
def test_no_thoughts_to_deepseek(thoughts: dict[str, Any]) -> None:
    """Where there are none, it takes that they are empty."""
    bare = {"role": "assistant", "content": None, "tool_calls": [CALL]} | thoughts

    assert bare | {"reasoning_content": ""} == message_to("deepseek", bare)


def test_own_thoughts_to_deepseek() -> None:
    """Its own go back as they came."""
    own = DEEPSEEKS | {"tool_calls": [CALL]}

    assert own == message_to("deepseek", own)


def test_to_servers_that_nobody_knows() -> None:
    """All but other providers' signatures goes as it is."""
    claudes = {
        "role": "assistant",
        "content": "Let me see.",
        "refusal": None,
        "tool_calls": [CALL],
    }
    own = DEEPSEEKS | {"x": 1, "tool_calls": [CALL | {"index": 0, "y": 2}]}

    for dialect in ("", "holysheep", "openrouter", "together", "vllm", "ollama"):
        assert claudes == message_to(dialect, CLAUDES)
        assert own == message_to(dialect, own)


@pytest.mark.parametrize("dialect", ["", *DIALECTS])
def test_odd_messages(dialect: str) -> None:
    """What is no message of OpenAI's is for the upstream to refuse."""
    odd: list[dict[str, Any]] = [
        {},
        {"role": ["assistant"]},
        {"role": "assistant", "tool_calls": 3},
        {"role": "assistant", "tool_calls": ["x", None]},
        {"role": "assistant", "content": "a", "extra_content": "x"},
    ]

    assert len(odd) == len(written(dialect, *odd)["messages"])


def test_developers() -> None:
    """DeepSeek has no such role, and calls it system; others are told as it is."""
    message = {"role": "developer", "content": "Be brief."}

    assert message | {"role": "system"} == written("deepseek", message)["messages"][0]
    for dialect in ("", "openai", "azure", "groq", "google"):
        assert [message] == written(dialect, message)["messages"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_tokens": 5}, {"max_completion_tokens": 5}),
        (
            {"max_tokens": 5, "max_completion_tokens": None, "seed": 1},
            {"max_completion_tokens": 5, "seed": 1},
        ),
        (
            {"max_tokens": 5, "max_completion_tokens": 6},
            {"max_tokens": 5, "max_completion_tokens": 6},
        ),
        ({"max_completion_tokens": 6}, {"max_completion_tokens": 6}),
    ],
)
def test_most_tokens(given: dict[str, Any], sent: dict[str, Any]) -> None:
    """OpenAI's newer models refuse the old name, and all of them know the new one."""
    for dialect in ("openai", "azure"):
        body = written(dialect, ASK, **given)
        assert sent | {"model": "m", "messages": [ASK]} == body
    for dialect in ("", "deepseek", "groq", "google"):
        body = written(dialect, ASK, **given)
        assert given | {"model": "m", "messages": [ASK]} == body


def test_options_that_nobody_knows() -> None:
    """They pass everywhere."""
    for dialect in ("", *DIALECTS):
        assert 1 == written(dialect, ASK, something_new=1)["something_new"]


def test_what_the_caller_has_is_left_alone() -> None:
    """The next endpoint may be another provider's."""
    message, options = orjson.loads(orjson.dumps(CLAUDES)), {"max_tokens": 5}

    written("openai", ASK, message, **options)

    assert (CLAUDES, {"max_tokens": 5}) == (message, options)


def test_the_page_has_them_all() -> None:
    """A row for each variety; Google's is told by its host."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Varieties of OpenAI's ")[1]
    rows = re.findall(r"^\| (.+?) \|", section.split("\n## ")[0], re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(rows))

    assert {*DIALECTS} - {"google"} == {*named}
