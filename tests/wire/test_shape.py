"""Replies put together from pieces."""

from __future__ import annotations

from typing import Any

import pytest

from holybalance.messages import Usage
from holybalance.wire.shape import (
    Assembled,
    has_content,
    is_refused,
    shaped_usage,
    usage_of,
)


def chunk(delta: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    """One piece of the first choice."""
    return {"choices": [{"index": 0, "delta": delta or {}, **choice}]}


def assembled(*chunks: dict[str, Any]) -> dict[str, Any]:
    """Put pieces together."""
    whole = Assembled()
    for each in chunks:
        whole.add(each)
    return whole.body()


def test_text() -> None:
    """Texts are joined, and what heads every piece is kept once."""
    head = {"id": "c-1", "created": 7, "model": "m", "object": "chat.completion.chunk"}
    body = assembled(
        head | chunk({"role": "assistant", "content": ""}),
        head | chunk({"content": "Hé"}),
        head | chunk({"role": "assistant", "content": "llo"}),
        head | chunk(finish_reason="stop"),
        head | {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    )

    assert {
        **head,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Héllo"},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    } == body


def test_tool_calls() -> None:
    """Arguments come in pieces, of several calls in turn."""
    body = assembled(
        chunk({"tool_calls": [_call(0, "a", "f", "")]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"x"'}}]}),
        chunk({"tool_calls": [_call(1, "b", "g", "{}")]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
        chunk(finish_reason="tool_calls"),
    )

    message = body["choices"][0]["message"]
    expected = [
        {
            "id": "a",
            "type": "function",
            "function": {"name": "f", "arguments": '{"x":1}'},
        },
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]
    assert (None, expected) == (message["content"], message["tool_calls"])


def _call(index: int, name: str, function: str, arguments: str) -> dict[str, Any]:
    said = {"name": function, "arguments": arguments}
    return {"index": index, "id": name, "type": "function", "function": said}


def test_names_that_are_said_again() -> None:
    """Some servers repeat a call's name and id with each piece."""
    body = assembled(
        chunk({"tool_calls": [_call(0, "a", "f", "1")]}),
        chunk({"tool_calls": [_call(0, "a", "f", "2")]}),
    )

    function = body["choices"][0]["message"]["tool_calls"][0]["function"]
    assert {"name": "f", "arguments": "12"} == function


def calls_of(*pieces: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Put pieces of tool calls together: ids, names and arguments."""
    body = assembled(*(chunk({"tool_calls": [piece]}) for piece in pieces))
    calls = body["choices"][0]["message"]["tool_calls"]
    return [
        (one["id"], one["function"]["name"], one["function"]["arguments"])
        for one in calls
    ]


def _more(name: str | None, arguments: str) -> dict[str, Any]:
    """A further piece of a call, which says no name of its function."""
    return {"index": 0, "id": name, "function": {"arguments": arguments}}


def test_calls_that_all_have_one_number() -> None:
    """As Gemini's own layer and vLLM have sent them: a new id begins a new call."""
    expected = [("a", "f", "{}"), ("b", "f", '{"x":1}')]

    assert expected == calls_of(_call(0, "a", "f", "{}"), _call(0, "b", "f", '{"x":1}'))
    for again in (None, "", "b"):
        assert expected == calls_of(
            _call(0, "a", "f", "{}"),
            _call(0, "b", "f", ""),
            _more(again, '{"x"'),
            _more(again, ":1}"),
        )


def test_calls_of_one_number_that_take_turns() -> None:
    """An id that is known is the same call's."""
    assert [("a", "f", "12"), ("b", "g", "3")] == calls_of(
        _call(0, "a", "f", "1"), _call(0, "b", "g", "3"), _more("a", "2")
    )


def test_ids_that_are_new_with_each_piece() -> None:
    """Some servers make them up; a call has one name."""
    assert [("a", "f", "12")] == calls_of(_call(0, "a", "f", "1"), _more("b", "2"))


def test_calls_of_one_number_before_others() -> None:
    """They stay in order."""
    assert ["a", "b", "c"] == [
        name
        for name, _, _ in calls_of(
            _call(0, "a", "f", ""), _call(1, "c", "f", ""), _call(0, "b", "f", "")
        )
    ]


def test_reasoning_details() -> None:
    """OpenRouter says the format with each piece; another type is another item."""
    head = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    hidden = {"type": "reasoning.encrypted", "data": "x", "index": 0}
    body = assembled(
        chunk({"reasoning_details": [head | {"text": "a"}]}),
        chunk({"reasoning_details": [head | {"text": "b"}]}),
        chunk({"reasoning_details": [head | {"signature": "s"}]}),
        chunk({"reasoning_details": [hidden]}),
    )

    details = body["choices"][0]["message"]["reasoning_details"]
    text = {
        "type": "reasoning.text",
        "format": "anthropic-claude-v1",
        "text": "ab",
        "signature": "s",
    }
    assert [text, {"type": "reasoning.encrypted", "data": "x"}] == details


def test_several_choices() -> None:
    """Each choice grows by itself, and they are given in order."""
    body = assembled(
        {"choices": [{"index": 1, "delta": {"content": "b"}}]},
        {"choices": [{"index": 0, "delta": {"content": "a"}}]},
        {"choices": [{"index": 1, "delta": {"content": "c"}}]},
    )

    assert ["a", "bc"] == [each["message"]["content"] for each in body["choices"]]
    assert [0, 1] == [each["index"] for each in body["choices"]]


def test_log_probabilities() -> None:
    """They are lists, which grow."""
    one = {"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}
    two = one | {"token": "b"}
    body = assembled(
        chunk({"content": "a"}, logprobs={"content": [one], "refusal": None}),
        chunk({"content": "b"}, logprobs={"content": [two], "refusal": None}),
        chunk(finish_reason="stop", logprobs=None),
    )

    assert {"content": [one, two], "refusal": None} == body["choices"][0]["logprobs"]


def test_what_is_not_known_is_kept() -> None:
    """Reasoning under any name grows as texts do; other things are replaced."""
    body = assembled(
        chunk({"reasoning_content": "I ", "seen": 1}) | {"system_fingerprint": "x"},
        chunk({"reasoning_content": "think", "seen": 2}) | {"system_fingerprint": None},
    )

    message = body["choices"][0]["message"]
    assert ("I think", 2) == (message["reasoning_content"], message["seen"])
    assert "x" == body["system_fingerprint"]


def test_thoughts_in_lists_and_an_answer_in_texts() -> None:
    """As Mistral's models stream them: nothing of either is lost."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    whole = Assembled()
    for delta in (
        {"content": [thought]},
        {"content": "The answer "},
        {"content": "is 42."},
    ):
        whole.add(chunk(delta))

    (choice,) = whole.body()["choices"]
    answer = {"type": "text", "text": "The answer is 42."}
    assert [thought, answer] == choice["message"]["content"]
    assert "The answer is 42." == whole.text()


def test_a_text_before_parts() -> None:
    """The other way round as well."""
    body = assembled(
        chunk({"content": "a"}),
        chunk({"content": [{"type": "text", "text": "b"}]}),
        chunk({"content": "c"}),
    )

    parts = [{"type": "text", "text": text} for text in "abc"]
    assert parts == body["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "x"},
        {"refusal": "no"},
        {"reasoning_content": "hm"},
        {"tool_calls": [{"index": 0}]},
        {"role": "assistant", "content": "x"},
    ],
)
def test_content(delta: dict[str, Any]) -> None:
    """Whatever brings something of an answer counts as a token."""
    assert has_content(chunk(delta))


@pytest.mark.parametrize(
    "piece",
    [
        chunk({}),
        chunk({"role": "assistant"}),
        chunk({"role": "assistant", "content": "", "refusal": None}),
        chunk({"tool_calls": []}),
        chunk(finish_reason="stop"),
        {"choices": [], "usage": {"prompt_tokens": 1}},
        {"choices": None},
        {},
    ],
)
def test_no_content(piece: dict[str, Any]) -> None:
    """Roles, ends, usage and empty pieces do not."""
    assert not has_content(piece)


def test_refused() -> None:
    """An answer that was broken off with nothing said; one with a text is an answer."""
    said = {"finish_reason": "content_filter", "message": {"content": "I"}}
    nothing = {"finish_reason": "content_filter", "message": {"content": None}}

    assert is_refused([nothing])
    assert not is_refused([said])
    assert not is_refused([nothing, said])
    assert not is_refused([{"finish_reason": "stop", "message": {"content": ""}}])


@pytest.mark.parametrize(
    "thoughts",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"thinking_blocks": [{"type": "thinking", "signature": "s"}]},
        {"extra_content": {"google": {}}},
    ],
)
def test_refused_after_thoughts(thoughts: dict[str, Any]) -> None:
    """Thoughts are no answer."""
    message = {"role": "assistant", "content": None, "refusal": None} | thoughts

    assert is_refused([{"finish_reason": "content_filter", "message": message}])


@pytest.mark.parametrize(
    "answer",
    [
        {"content": "I"},
        {"refusal": "No."},
        {"tool_calls": [{}]},
        {"function_call": {"name": "f"}},
        {"audio": {"id": "a"}},
    ],
)
def test_broken_off_after_a_part_of_the_answer(answer: dict[str, Any]) -> None:
    """That much was said."""
    assert not is_refused([{"finish_reason": "content_filter", "message": answer}])


def test_usage_there_and_back() -> None:
    """What formats write is what is read."""
    usage = Usage(
        input_tokens=9,
        output_tokens=5,
        cached_tokens=4,
        reasoning_tokens=2,
        cache_write_tokens=1,
    )

    assert usage == usage_of({"usage": shaped_usage(usage)})
    assert usage_of({"usage": None}) is None


@pytest.mark.parametrize("value", [[], "x", {"prompt_tokens_details": [1]}, {"a": {}}])
def test_odd_usage(value: Any) -> None:
    """Whatever an upstream sends for it, nothing breaks."""
    assert usage_of({"usage": value}) in (None, Usage())


@pytest.mark.parametrize(
    "piece",
    [
        {"choices": [3, None, {"index": "x", "delta": {"content": "a"}}]},
        {"choices": [{"delta": None, "logprobs": []}, {"delta": "x"}]},
        {"choices": [{"delta": {"content": ["a", {"text": "b"}]}}]},
        {"choices": [{"delta": {"tool_calls": ["x", {"index": 0, "function": 3}]}}]},
        {"choices": [{"delta": {"content": "a"}}, {"delta": {"content": 7}}]},
    ],
)
def test_odd_pieces(piece: dict[str, Any]) -> None:
    """Nothing that an upstream sends breaks it."""
    assembled(chunk({"content": "a"}), piece, chunk({"content": "b"}))
