"""The page of providers says of each format what it can do, and what it cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import PRESETS
from holybalance.messages import ChatRequest, EmbedRequest
from holybalance.prompts import _KNOWN_OPTIONS
from holybalance.wire import anthropic, gemini, openai, vertex
from holybalance.wire.anthropic.options import LACKING, TRANSLATED
from holybalance.wire.formats import Manner, UnsupportedError

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "providers.md").read_text(
    "utf-8"
)
FORMATS: Mapping[str, Any] = {
    "openai": openai,
    "anthropic": anthropic,
    "gemini": gemini,
    "vertex": vertex,
}
MODELS = {
    "openai": "gpt-4.1",
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-2.5-flash",
    "vertex": "gemini-2.5-flash",
}
HELLO = {"role": "user", "content": "hello"}
GAP = "–"  # noqa: RUF001 - the page has an en dash
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {}}}
SCHEMA = {"name": "s", "schema": {"type": "object"}}
ALLOWED = {"mode": "auto", "tools": [FUNCTION]}
# What asks for something, by the row that it belongs to.
ASKED: Mapping[str, Mapping[str, Any]] = {
    "`max_tokens`": {"max_tokens": 5},
    "`max_completion_tokens`": {"max_completion_tokens": 5},
    "`temperature`": {"temperature": 0.5},
    "`top_p`": {"top_p": 0.5},
    "`stop`": {"stop": "END"},
    "`seed`": {"seed": 7},
    "`n`": {"n": 2},
    "`frequency_penalty`": {"frequency_penalty": 0.5},
    "`presence_penalty`": {"presence_penalty": 0.5},
    "`logprobs`": {"logprobs": True},
    "`top_logprobs`": {"top_logprobs": 2},
    "`logit_bias`": {"logit_bias": {"50256": -100}},
    "`tools`, functions": {"tools": [FUNCTION]},
    "`tools`, custom": {"tools": [{"type": "custom", "custom": {"name": "c"}}]},
    "`tool_choice`, `auto`, `none`, `required`, a function": {
        "tools": [FUNCTION],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
    },
    "`tool_choice`, `allowed_tools`": {
        "tools": [FUNCTION],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": ALLOWED},
    },
    "`parallel_tool_calls` = false": {"parallel_tool_calls": False},
    "`functions`": {"functions": [{"name": "f"}]},
    "`function_call`": {"function_call": {"name": "f"}},
    "`response_format`, `json_schema`": {
        "response_format": {"type": "json_schema", "json_schema": SCHEMA}
    },
    "`response_format`, `json_object`": {"response_format": {"type": "json_object"}},
    "`reasoning_effort`": {"reasoning_effort": "low"},
    "`verbosity`": {"verbosity": "low"},
    "`modalities`": {"modalities": ["text", "image"]},
    "`audio`": {"audio": {"voice": "alloy", "format": "wav"}},
    "`prediction`": {"prediction": {"type": "content", "content": "a"}},
    "`web_search_options`": {"web_search_options": {}},
    "`user`": {"user": "u"},
    "`safety_identifier`": {"safety_identifier": "u"},
    "`metadata`": {"metadata": {"topic": "t"}},
    "`store`": {"store": True},
    "`service_tier`": {"service_tier": "flex"},
    "`prompt_cache_key`": {"prompt_cache_key": "k"},
    "`prompt_cache_options`": {"prompt_cache_options": {"mode": "explicit"}},
    "`prompt_cache_retention`": {"prompt_cache_retention": "24h"},
    "`moderation`": {"moderation": {"model": "m"}},
    "`stream_options`": {"stream": True, "stream_options": {"include_usage": True}},
}


def user(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Make a message of parts."""
    return {"role": "user", "content": list(parts)}


PNG = "data:image/png;base64,aGk="
PDF = "data:application/pdf;base64,aGk="
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUSTOM = {"id": "c", "type": "custom", "custom": {"name": "c", "input": "i"}}
SAID: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "system and developer messages": (HELLO, {"role": "system", "content": "brief"}),
    "images as data": (user({"type": "image_url", "image_url": {"url": PNG}}),),
    "images by URL": (
        user({"type": "image_url", "image_url": {"url": "https://h/a.png"}}),
    ),
    "`input_audio`": (
        user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}),
    ),
    "`file_data`": (user({"type": "file", "file": {"file_data": PDF}}),),
    "`file_id`": (user({"type": "file", "file": {"file_id": "file-1"}}),),
    "tool calls and their results": (
        HELLO,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ),
    "custom tool calls": (HELLO, {"role": "assistant", "tool_calls": [CUSTOM]}),
    "`function_call`, messages of the role function": (
        HELLO,
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
    ),
    "audio of earlier answers": (HELLO, {"role": "assistant", "audio": {"id": "a"}}),
}
ROLE_NAMED = (HELLO | {"name": "Ann"},)
DETAILED = (user({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}),)
OF_OPTIONS = {"`detail` of images": DETAILED, "`name` of who speaks": ROLE_NAMED}


def rows(title: str) -> dict[str, list[str]]:
    """The cells of a section's first table, by the first of each row."""
    table = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in re.findall(r"^\|.+\|$", table, re.MULTILINE)
    ]
    return {cells[0]: cells[1:] for cells in found[2:]}


def lacks(format_name: str, *messages: Any, **options: Any) -> bool:
    """Tell whether a format refuses a chat for want of something."""
    model = MODELS[format_name]
    request = ChatRequest(
        model=model, messages=messages or (HELLO,), timeout_s=1.0, options=options
    )
    try:
        FORMATS[format_name].chat.encode(request, Manner(model))
    except UnsupportedError:
        return True
    return False


def shown(cells: list[str]) -> dict[str, bool]:
    """What a row says of each format: whether it has a gap there."""
    anthropics, geminis = (cell.startswith(GAP) for cell in cells)
    return {"anthropic": anthropics, "gemini": geminis, "vertex": geminis}


def test_every_preset_is_there() -> None:
    """In the order in which they are tried, with the format that each speaks."""
    table = TEXT.split("| provider |")[1].split("\n\n")[0]
    found = re.findall(r"^\| `(\w+)` \| (\S+) ", table, re.MULTILINE)
    words = {
        "openai": "OpenAI's",
        "anthropic": "Anthropic's",
        "gemini": "Gemini's",
        "vertex": "Gemini's,",
    }

    assert [*PRESETS] == [name for name, _ in found if name in PRESETS]
    assert [words[preset.format] for preset in PRESETS.values()] == [
        word for _, word in found
    ]


def test_every_option_is_there() -> None:
    """OpenAI's of today, and all that a format knows by name."""
    not_options = {"messages", "model", "models", "session_id", "stream", "system"}
    known = (_KNOWN_OPTIONS | LACKING.keys() | TRANSLATED) - not_options
    named = [re.findall(r"`(\w+)`", row)[0] for row in rows("Options")]

    assert sorted(known) == sorted(set(named))


def test_every_row_is_tried() -> None:
    """So that none says what nobody has looked at."""
    assert [*ASKED] == [*rows("Options")]
    assert {*SAID, *OF_OPTIONS} == {*rows("Messages")}


@pytest.mark.parametrize("row", ASKED)
def test_options(row: str) -> None:
    """A dash stands where a format refuses the option, and nowhere else."""
    expected = shown(rows("Options")[row])

    assert expected == {name: lacks(name, **ASKED[row]) for name in expected}
    assert not lacks("openai", **ASKED[row])


@pytest.mark.parametrize("row", SAID)
def test_messages(row: str) -> None:
    """A dash stands where a format refuses such messages, and nowhere else."""
    expected = shown(rows("Messages")[row])

    assert expected == {name: lacks(name, *SAID[row]) for name in expected}
    assert not lacks("openai", *SAID[row])


@pytest.mark.parametrize("row", OF_OPTIONS)
@pytest.mark.parametrize("name", ["anthropic", "gemini", "vertex"])
def test_parts_of_messages_that_may_be_dropped(row: str, name: str) -> None:
    """They are refused where nothing is dropped, and otherwise left out."""
    model = MODELS[name]
    request = ChatRequest(model=model, messages=OF_OPTIONS[row], timeout_s=1.0)

    assert lacks(name, *OF_OPTIONS[row])
    assert FORMATS[name].chat.encode(request, Manner(model, drops=True)).dropped


@pytest.mark.parametrize(
    ("place", "name"), [(0, "openai"), (1, "gemini"), (2, "vertex")]
)
def test_embeddings(place: int, name: str) -> None:
    """The same of the options of embeddings."""
    cells = rows("Embeddings")
    for row, options in (
        ("`dimensions`", {"dimensions": 8}),
        ("`encoding_format`", {"encoding_format": "base64"}),
        ("`user`", {"user": "u"}),
        ("`task_type`, `title` and the like", {"task_type": "CLUSTERING"}),
    ):
        embeddings = FORMATS[name].embeddings
        request = EmbedRequest(model="m", inputs="a", timeout_s=1.0, options=options)
        try:
            embeddings.encode(request, Manner("m"))
            is_gap = False
        except UnsupportedError:
            is_gap = True
        assert cells[row][place].startswith(GAP) == is_gap


def test_who_embeds() -> None:
    """A provider without embeddings says no."""
    table = TEXT.split("| provider |")[1].split("\n\n")[0]
    for preset in PRESETS.values():
        row = re.findall(rf"^\| `{preset.name}` \|.*\| (\w+)[^|]* \|$", table, re.M)
        has_none = FORMATS[preset.format].embeddings is None
        assert [has_none] == [word == "no" for word in row]
