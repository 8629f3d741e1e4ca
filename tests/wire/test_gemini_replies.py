"""Gemini's replies: what we make of what Google's own types write, and of worse."""

from __future__ import annotations

import json
import warnings
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holybalance.balancing.verdict import judge
from holybalance.messages import (
    ChatRequest,
    Fault,
    Outcome,
    Problem,
    Usage,
    Verdict,
)
from holybalance.wire import gemini, vertex
from holybalance.wire.formats import Manner, WireFormat
from holybalance.wire.gemini import chat
from holybalance.wire.transport import Response

with warnings.catch_warnings():
    # Google's client warns of the Python that it runs on.
    warnings.simplefilter("ignore")
    types = pytest.importorskip("google.genai.types")
completion = pytest.importorskip("openai.types.chat").ChatCompletion

USAGE = {
    "promptTokenCount": 10,
    "toolUsePromptTokenCount": 5,
    "candidatesTokenCount": 4,
    "thoughtsTokenCount": 3,
    "cachedContentTokenCount": 2,
    "totalTokenCount": 22,
}


def answer(document: Any, status: int = 200, **head: str) -> Outcome:
    """Decode a document with headers, underscores for dashes."""
    names = {k.replace("_", "-").encode(): v.encode() for k, v in head.items()}
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return chat.decode(Response(status, names, body), now=100.9)


def googles(*candidates: dict[str, Any], **fields: Any) -> bytes:
    """Write a response as Google's own types do."""
    response = types.GenerateContentResponse.model_validate(
        {
            "responseId": "r1",
            "modelVersion": "gemini-3-pro",
            "candidates": list(candidates),
            "usageMetadata": USAGE,
            **fields,
        }
    )
    text: str = response.model_dump_json(by_alias=True, exclude_none=True)
    return text.encode()


def candidate(*parts: dict[str, Any], reason: str = "STOP", **rest: Any) -> Any:
    """Make a candidate."""
    content = {"role": "model", "parts": list(parts)}
    return {"content": content, "finishReason": reason, **rest}


def choices_of(body: bytes) -> list[Any]:
    """Decode a response, and see to it that OpenAI's type takes it."""
    outcome = answer(body)
    assert outcome.body is not None, outcome.message
    completion.model_validate(outcome.body, strict=True)
    choices: list[Any] = outcome.body["choices"]
    return choices


def test_text() -> None:
    """A reply in OpenAI's shape, its usage beside it."""
    outcome = answer(googles(candidate({"text": "hel"}, {"text": "lo"})))

    usage = Usage(input_tokens=15, output_tokens=7, cached_tokens=2, reasoning_tokens=3)
    assert usage == outcome.usage
    assert {
        "object": "chat.completion",
        "id": "r1",
        "created": 100,
        "model": "gemini-3-pro",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "hello", "refusal": None},
                "finish_reason": "stop",
                "native_finish_reason": "STOP",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": 15,
            "completion_tokens": 7,
            "total_tokens": 22,
            "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    } == outcome.body
    completion.model_validate(outcome.body, strict=True)
    assert (200, None, None, Verdict.OK) == (
        outcome.status,
        outcome.fault,
        outcome.problem,
        judge(outcome),
    )


def test_thoughts_and_calls() -> None:
    """Thoughts stand apart from the text, calls in their order, with ids."""
    [choice] = choices_of(
        googles(
            candidate(
                {"text": "Hm.", "thought": True},
                {"text": "Let me see."},
                {
                    "functionCall": {"name": "f", "args": {"a": [1]}},
                    "thoughtSignature": "c2ln",
                },
                {"functionCall": {"name": "g", "id": "own"}},
            )
        )
    )
    assert {
        "role": "assistant",
        "content": "Let me see.",
        "refusal": None,
        "reasoning_content": "Hm.",
        "tool_calls": [
            {
                "id": "call_r1_0_0",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":[1]}'},
                "extra_content": {"google": {"thought_signature": "c2ln"}},
            },
            {
                "id": "own",
                "type": "function",
                "function": {"name": "g", "arguments": "{}"},
            },
        ],
    } == choice["message"]
    assert "tool_calls" == choice["finish_reason"]


def test_candidates() -> None:
    """Several candidates are several choices."""
    choices = choices_of(googles(candidate({"text": "a"}), candidate({"text": "b"})))
    assert [(0, "a"), (1, "b")] == [
        (choice["index"], choice["message"]["content"]) for choice in choices
    ]


def test_candidates_in_another_order() -> None:
    """Their numbers count, and 0 is left out; without any, their places do."""
    found = choices_of(
        googles(candidate({"text": "b"}, index=1), candidate({"text": "a"}))
    )
    assert [(0, "a"), (1, "b")] == [
        (choice["index"], choice["message"]["content"]) for choice in found
    ]
    same = choices_of(
        googles(candidate({"text": "a"}, index=0), candidate({"text": "b"}, index=0))
    )
    assert [0, 1] == [choice["index"] for choice in same]


def test_rest_of_a_candidate() -> None:
    """What OpenAI has no place for stays beside it in the choice."""
    [choice] = choices_of(
        googles(candidate({"text": "a"}, groundingMetadata={"webSearchQueries": ["q"]}))
    )
    assert {"webSearchQueries": ["q"]} == choice["groundingMetadata"]


def test_logprobs() -> None:
    """Google's log probabilities in OpenAI's shape."""
    result = {
        "chosenCandidates": [{"token": "é", "logProbability": -0.5}, {"token": "b"}],
        "topCandidates": [
            {"candidates": [{"token": "x", "logProbability": -1.5}]},
        ],
    }
    [choice] = choices_of(googles(candidate({"text": "éb"}, logprobsResult=result)))
    assert {
        "content": [
            {
                "token": "é",
                "logprob": -0.5,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "x", "logprob": -1.5, "bytes": [120]}],
            },
            {"token": "b", "logprob": 0.0, "bytes": [98], "top_logprobs": []},
        ],
        "refusal": None,
    } == choice["logprobs"]


@pytest.mark.parametrize("reason", list(types.FinishReason))
def test_each_finish_reason(reason: Any) -> None:
    """Each reason that Google knows has one of OpenAI's, and its own name beside."""
    expected = {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        "CONTINUATION": "length",
        **dict.fromkeys(
            (
                "FINISH_REASON_UNSPECIFIED",
                "OTHER",
                "MALFORMED_FUNCTION_CALL",
                "IMAGE_OTHER",
                "NO_IMAGE",
                "UNEXPECTED_TOOL_CALL",
                "TOO_MANY_TOOL_CALLS",
                "MISSING_THOUGHT_SIGNATURE",
                "MALFORMED_RESPONSE",
            ),
            "stop",
        ),
    }
    [choice] = choices_of(googles(candidate({"text": "a"}, reason=reason.value)))
    assert expected.get(reason.value, "content_filter") == choice["finish_reason"]
    assert reason.value == choice["native_finish_reason"]


def test_length_wins_over_calls() -> None:
    """An answer that was cut is not said to be whole, whatever it called."""
    [choice] = choices_of(
        googles(candidate({"functionCall": {"name": "f"}}, reason="MAX_TOKENS"))
    )
    assert "length" == choice["finish_reason"]


def test_broken_off_with_nothing_said() -> None:
    """A candidate without content, refused for what it would have been."""
    outcome = answer(googles({"finishReason": "SAFETY"}))
    assert Problem.CONTENT_POLICY is outcome.problem
    assert outcome.body is not None
    assert "content_filter" == outcome.body["choices"][0]["finish_reason"]


@pytest.mark.parametrize("content", [None, {}, {"role": "model"}, {"parts": []}])
def test_empty_answer(content: Any) -> None:
    """A model may end at once; Google's types allow it, and it costs."""
    [choice] = choices_of(googles({"content": content, "finishReason": "STOP"}))
    assert (None, "stop") == (choice["message"]["content"], choice["finish_reason"])


def test_blocked_prompt() -> None:
    """A prompt that was refused: no body, and why."""
    outcome = answer(
        googles(
            candidates=None,
            promptFeedback={"blockReason": "SAFETY", "blockReasonMessage": "No."},
        )
    )
    assert (None, 200, Problem.CONTENT_POLICY, "SAFETY", Verdict.REFUSED) == (
        outcome.body,
        outcome.status,
        outcome.problem,
        outcome.code,
        judge(outcome),
    )
    assert "the prompt was blocked: SAFETY: No." == outcome.message
    assert outcome.usage is not None
    assert 15 == outcome.usage.input_tokens


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (b"<html>", "no JSON object"),
        ([], "no JSON object"),
        ({}, "no candidates"),
        ({"candidates": []}, "no candidates"),
        ({"candidates": {}}, "no candidates"),
        ({"candidates": [1]}, "a candidate that is no object"),
        ({"candidates": [{}]}, "a candidate that is empty and says not why"),
        ({"candidates": [{"content": 1}]}, "content that has no list of parts"),
        ({"candidates": [{"content": {"parts": 1}}]}, "content that has no list"),
        ({"candidates": [{"content": {"parts": [1]}}]}, "a part that is no object"),
        (
            {"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]},
            "a function call without a name",
        ),
        (
            {"candidates": [candidate({"functionCall": {"name": "f", "args": 1}})]},
            "a function call whose args are no object",
        ),
        (
            {
                "candidates": [
                    candidate({"functionCall": {"name": "f", "willContinue": True}})
                ]
            },
            "a function call in pieces",
        ),
        ({"error": {"message": "x"}}, "an error in it"),
        ({"promptFeedback": {}}, "no candidates"),
    ],
)
def test_flaw(document: Any, what: str) -> None:
    """What is no reply says in what it is none."""
    outcome = answer(document)
    assert (None, Fault.GARBLED) == (outcome.body, outcome.fault)
    assert outcome.message.startswith(f"status 200 with {what}")


def test_deep_arguments() -> None:
    """Arguments that nothing could write again are a flaw, not a crash."""
    deep = b'{"a":' * 400 + b"1" + b"}" * 400
    body = (
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":'
        + deep
        + b"}}]}}]}"
    )
    assert Fault.GARBLED is answer(body).fault


def test_id_without_one() -> None:
    """An answer without an id has the same one for the same bytes."""
    document = {"candidates": [candidate({"functionCall": {"name": "f"}})]}
    first, again = answer(document).body, answer(document).body
    assert first is not None
    assert first == again
    assert first["id"]
    assert first["choices"][0]["message"]["tool_calls"][0]["id"].startswith(
        f"call_{first['id']}"
    )


def test_round_trip_of_signatures() -> None:
    """What came signed goes back part by part as it came."""
    parts: list[Any] = [
        {"text": "Look: "},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"text": "there", "thoughtSignature": "c2ln"},
        {"executableCode": {"code": "1", "language": "PYTHON"}},
        {
            "functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"},
            "thoughtSignature": "c2lnMg==",
        },
        {"functionCall": {"name": "f", "args": {}, "id": "c2"}},
    ]
    [choice] = choices_of(googles(candidate(*parts)))
    messages = (
        choice["message"],
        {"role": "tool", "tool_call_id": "c1", "content": "{}"},
        {"role": "tool", "tool_call_id": "c2", "content": "no"},
    )
    request = ChatRequest(model="m", messages=messages, timeout_s=1)
    body = orjson.loads(chat.encode(request, Manner("gemini-3-pro")).body)

    assert [
        {"role": "model", "parts": parts},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "f", "id": "c1", "response": {}}},
                {
                    "functionResponse": {
                        "name": "f",
                        "id": "c2",
                        "response": {"result": "no"},
                    }
                },
            ],
        },
    ] == body["contents"]


def test_formats() -> None:
    """Both are wire formats, and ask for what we can read."""
    formats: tuple[WireFormat, ...] = (gemini, vertex)
    assert ["Gemini", "Vertex AI"] == [form.PROVIDER for form in formats]
    for form in formats:
        assert "/models?pageSize=1000" == form.MODELS_PATH
        assert "identity" == form.headers()["Accept-Encoding"]


def test_models() -> None:
    """Names without what a path puts before them, of both of Google's lists."""
    listed = {"models": [{"name": "models/a"}, {"name": "tunedModels/b"}, 1, {}]}
    published = {"publisherModels": [{"name": "publishers/google/models/c"}]}
    for document, names in (
        (listed, {"a", "tunedModels/b"}),
        (published, {"c"}),
        ({}, None),
        ([], None),
        ({"models": 1}, None),
    ):
        response = Response(200, {}, orjson.dumps(document))
        assert names == gemini.decode_models(response)
    assert gemini.decode_models(Response(404, {}, b"{}")) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
part = st.fixed_dictionaries(
    {},
    optional={
        "text": anything,
        "thought": anything,
        "thoughtSignature": anything,
        "inlineData": anything,
        "functionCall": anything
        | st.fixed_dictionaries({"name": st.text(), "args": anything}),
    },
)
document = st.fixed_dictionaries(
    {},
    optional={
        "candidates": anything
        | st.lists(
            anything
            | st.fixed_dictionaries(
                {},
                optional={
                    "content": anything
                    | st.fixed_dictionaries({"parts": st.lists(part | anything)}),
                    "finishReason": anything | st.sampled_from(["STOP", "SAFETY"]),
                    "index": anything,
                    "logprobsResult": anything
                    | st.fixed_dictionaries(
                        {"chosenCandidates": anything, "topCandidates": anything}
                    ),
                    "delta": anything,
                    "message": anything,
                },
            ),
            max_size=3,
        ),
        "promptFeedback": anything | st.fixed_dictionaries({"blockReason": anything}),
        "usageMetadata": anything
        | st.dictionaries(st.sampled_from(sorted(USAGE)), anything),
        "responseId": anything,
        "modelVersion": anything,
        "error": anything
        | st.fixed_dictionaries(
            {},
            optional={
                "code": anything,
                "status": anything,
                "message": anything,
                "details": anything
                | st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "reason": anything,
                            "retryDelay": anything,
                            "violations": anything,
                        },
                    )
                ),
            },
        ),
    },
)


@settings(deadline=None)
@given(document=document | anything, status=st.sampled_from([200, 400, 403, 404, 429]))
def test_any_document(document: Any, status: int) -> None:
    """No document makes decoding fail, and each comes to a verdict."""
    outcome = answer(json.dumps(document).encode(), status)
    judge(outcome)
    if outcome.body is not None:
        completion.model_validate(outcome.body)
