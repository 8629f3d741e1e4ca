"""The module's names, and what is told of those that it does not have."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import holybalance
import holybalance.integrations.openai as stand_in
from holybalance import OpenAI
from holybalance.integrations.openai.types.chat import chat_completion
from holybalance.integrations.openai.types.chat.chat_completion_chunk import ChoiceDelta

package = pytest.importorskip("openai")
NAME = "holybalance.integrations.openai"


def test_the_module_stands_in() -> None:
    """For what programs take from the official one."""
    assert stand_in.OpenAI is OpenAI is holybalance.OpenAI is stand_in.Client
    assert not stand_in.NOT_GIVEN
    assert not stand_in.omit
    assert "NOT_GIVEN" == repr(stand_in.not_given)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("AsyncOpenAI", "has no 'AsyncOpenAI': the library has no asyncio; use OpenAI"),
        ("AzureOpenAI", 'with provider = "azure"'),
        ("AsyncAzureOpenAI", 'provider = "azure"; use OpenAI, from threads'),
        ("BedrockOpenAI", "no Bedrock here"),
        ("chat", r"client = OpenAI\(\), and use client.chat.completions.create"),
        ("embeddings", r"and use client\.embeddings\.create"),
        ("models", r"and use client\.models\.list"),
        ("api_key", r"pass it to OpenAI\(\)"),
        ("ChatCompletion", r"before 1\.0; use OpenAI\(\)\.chat\.completions\.create"),
        ("Embedding", "the class of answers is types.Embedding"),
        ("error", "names of the module now, as RateLimitError"),
        ("Audio", "has no 'Audio': there is OpenAI, with chat.completions"),
        ("responses", "has no 'responses': there is OpenAI"),
    ],
)
def test_what_is_not_there(name: str, told: str) -> None:
    """Says so, and what to use."""
    with pytest.raises(AttributeError, match=told):
        getattr(stand_in, name)
    assert not hasattr(stand_in, name)


@pytest.mark.parametrize("part", ["chat.completions", "embeddings", "models"])
def test_the_module_is_no_client(part: str) -> None:
    """No module of ours stands where the official package has a resource."""
    with pytest.raises(AttributeError, match="no client of its own; make one"):
        getattr(stand_in, part.partition(".")[0])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"{NAME}.{part.partition('.')[0]}")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("AsyncOpenAI", f"cannot import name 'AsyncOpenAI' from '{NAME}': the library"),
        ("AzureOpenAI", 'provider = "azure"'),
        ("ChatCompletion", "types.chat.ChatCompletion"),
        ("Whatever", "cannot import name 'Whatever'"),
    ],
)
def test_imports_of_what_is_not_there(name: str, told: str) -> None:
    """An ImportError, as programs expect it that try another one then."""
    with pytest.raises(ImportError, match=told):
        exec(f"from {NAME} import {name}", {})


@pytest.mark.parametrize("name", ["api_key", "base_url", "organization", "api_base"])
def test_settings_of_the_module(name: str) -> None:
    """They would be without effect, so they are refused."""
    with pytest.raises(
        AttributeError, match=rf"{name} would be without effect: .*OpenAI"
    ):
        setattr(stand_in, name, "x")


def test_the_module_can_be_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of others put something in a name's place."""
    monkeypatch.setattr(stand_in, "OpenAI", None)

    assert stand_in.OpenAI is None


def test_the_version_is_the_official_ones() -> None:
    """Programs look at it for what they may use."""
    assert int(stand_in.__version__.split(".")[0]) >= 1
    assert stand_in.__version__ != holybalance.__version__


def test_answers_are_of_these_types(ours: OpenAI) -> None:
    """For `isinstance`."""
    types = stand_in.types
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    answer = ours.chat.completions.create(**asked)
    chunk = next(iter(ours.chat.completions.create(**asked, stream=True)))
    vectors = ours.embeddings.create(model="m", input="x")

    assert isinstance(answer, types.chat.ChatCompletion)
    assert isinstance(answer.choices[0], chat_completion.Choice)
    assert isinstance(answer.choices[0].message, types.chat.ChatCompletionMessage)
    assert isinstance(answer.usage, types.CompletionUsage)
    assert isinstance(chunk, types.chat.ChatCompletionChunk)
    assert isinstance(chunk.choices[0].delta, ChoiceDelta)
    assert isinstance(vectors, types.CreateEmbeddingResponse)
    assert isinstance(vectors.data[0], types.Embedding)
    assert isinstance(ours.models.list().data[0], types.Model)


def test_parameters_are_dictionaries() -> None:
    """By the names that annotations have."""
    theirs = {name for name in dir(package.types.chat) if name.endswith("Param")}
    made = stand_in.types.chat.ChatCompletionUserMessageParam(role="user", content="x")

    assert set() == theirs - {*dir(stand_in.types.chat)}
    assert {"role": "user", "content": "x"} == made
