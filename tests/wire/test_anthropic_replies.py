"""What we make of Anthropic's replies and errors."""

from __future__ import annotations

import warnings
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.balancing.verdict import judge
from holybalance.messages import (
    ChatRequest,
    Fault,
    Outcome,
    Problem,
    RateLimits,
    Usage,
    Verdict,
)
from holybalance.wire.anthropic import MODELS_PATH, chat, decode_models
from holybalance.wire.formats import Manner
from holybalance.wire.transport import Response

Json = dict[str, Any]

NOW = 1_700_000_000.0
TEXT = {"type": "text", "text": "hi"}
THINKING = {"type": "thinking", "thinking": "hm", "signature": "s=="}
REDACTED = {"type": "redacted_thinking", "data": "x=="}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, "é"]}}
SEARCH = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "q"},
}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
CITED = {
    "type": "text",
    "text": "so",
    "citations": [
        {
            "type": "char_location",
            "cited_text": "so",
            "document_index": 0,
            "document_title": "t",
            "file_id": "f",
            "start_char_index": 0,
            "end_char_index": 2,
        }
    ],
}
USAGE = {
    "input_tokens": 10,
    "output_tokens": 7,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 20,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 0},
    "output_tokens_details": {"thinking_tokens": 4},
    "service_tier": "standard",
}
CONTENTS = [
    [TEXT],
    [],
    [THINKING, TEXT, TOOL],
    [REDACTED, THINKING, TOOL, {**TOOL, "id": "toolu_2", "input": {}}],
    [TEXT, THINKING, TOOL, THINKING, TEXT],
    [SEARCH, FOUND, CITED, TEXT],
    [TEXT, {**TOOL, "caller": {"type": "direct"}}],
    [{"type": "text", "text": "\n\n"}, TOOL],
    [{"type": "text", "text": "\n\n"}, SEARCH, FOUND, TEXT],
    [{**THINKING, "thinking": ""}, TEXT],
]


def message(*content: Json, **fields: Any) -> Json:
    """Make a reply as it comes."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
        **fields,
    }


def answer(document: Any, status: int = 200, **head: str) -> Outcome:
    """Decode a document with headers, underscores for dashes."""
    names = {k.replace("_", "-").encode(): v.encode() for k, v in head.items()}
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return chat.decode(Response(status, names, body), now=NOW)


def body(document: Any) -> Json:
    """Give what a good answer says."""
    found = answer(document).body
    assert found is not None
    return dict(found)


def said(*content: Json, **fields: Any) -> Json:
    """Give the message of a reply."""
    given: Json = body(message(*content, **fields))["choices"][0]["message"]
    return given


def test_what_a_tool_call_has_besides() -> None:
    """It is kept where no other provider gets to see it, and goes back."""
    block = {**TOOL, "caller": {"type": "direct"}}
    call = said(block)["tool_calls"][0]
    assert {"anthropic": {"caller": {"type": "direct"}}} == call["extra_content"]
    assert {"extra_content", "id", "type", "function"} == call.keys()


def official(document: Json) -> None:
    """Check a reply against OpenAI's own types, strictly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("openai")
        from openai.types.chat import ChatCompletion  # noqa: PLC0415

    ChatCompletion.model_validate(document, strict=True)


def sent_back(reply: Json, **changes: Any) -> list[Json]:
    """Send a reply's message back, and give the blocks that it becomes."""
    asked = {"role": "user", "content": "a"}
    request = ChatRequest(
        model="m", messages=(asked, {**reply, **changes}), timeout_s=1
    )
    written = orjson.loads(chat.encode(request, Manner("m")).body)["messages"]
    if len(written) == 1:
        return []
    content = written[1]["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def test_reply() -> None:
    """A reply gets OpenAI's shape."""
    outcome = answer(
        message(THINKING, TEXT, TOOL, stop_reason="tool_use"),
        request_id="req_1",
        anthropic_ratelimit_requests_remaining="9",
    )

    usage = {
        "prompt_tokens": 33,
        "completion_tokens": 7,
        "total_tokens": 40,
        "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 4},
        "cache_creation": USAGE["cache_creation"],
        "service_tier": "standard",
    }
    call = {
        "id": "toolu_1",
        "type": "function",
        "function": {"name": "f", "arguments": '{"a":[1,"é"]}'},
    }
    assert {
        "id": "msg_1",
        "object": "chat.completion",
        "created": int(NOW),
        "model": "claude-opus-5",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "hi",
                    "refusal": None,
                    "tool_calls": [call],
                    "reasoning_content": "hm",
                    "thinking_blocks": [THINKING],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
                "stop_reason": "tool_use",
            }
        ],
        "usage": usage,
    } == outcome.body
    assert (
        Usage(
            input_tokens=33,
            output_tokens=7,
            cached_tokens=20,
            cache_write_tokens=3,
            reasoning_tokens=4,
        )
        == outcome.usage
    )
    assert ("req_1", RateLimits(9)) == (outcome.request_id, outcome.rate_limits)
    assert Verdict.OK is judge(outcome)


@pytest.mark.parametrize("content", CONTENTS)
def test_official_types(content: list[Json]) -> None:
    """What their types serialise, we decode; and OpenAI's types accept it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("anthropic")
        from anthropic.types import Message  # noqa: PLC0415

    theirs = Message.model_validate(message(*content)).model_dump_json()
    document = body(theirs.encode())

    official(document)
    assert said(*content) == document["choices"][0]["message"]


@pytest.mark.parametrize("content", CONTENTS)
def test_round_trip(content: list[Json]) -> None:
    """A reply that is sent back gives the blocks that came, in their order."""
    texts = ("text",)
    sendable = [
        block
        for block in content
        if block["type"] not in texts or not block["text"].isspace()
    ]
    assert sendable == sent_back(said(*content))


def test_round_trip_with_a_result() -> None:
    """The tool's result follows the turn that asked for it."""
    reply = said(THINKING, TEXT, TOOL)
    request = ChatRequest(
        model="m",
        messages=(
            {"role": "user", "content": "a"},
            reply,
            {"role": "tool", "tool_call_id": "toolu_1", "content": "42"},
        ),
        timeout_s=1,
    )
    written = orjson.loads(chat.encode(request, Manner("m")).body)

    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "42"}
    assert [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [THINKING, TEXT, TOOL]},
        {"role": "user", "content": [result]},
    ] == written["messages"]


def test_a_reply_that_was_edited() -> None:
    """What the caller says wins over the blocks that were kept."""
    reply = said(TEXT, THINKING, CITED)
    assert [THINKING, {"type": "text", "text": "no"}] == sent_back(reply, content="no")
    assert [THINKING, TOOL] == sent_back(
        said(THINKING, TOOL, TEXT), content=None, content_blocks=None
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("of a later year", "stop"),
        (None, "stop"),
        ([], "stop"),
    ],
)
def test_finish_reasons(reason: Any, expected: str) -> None:
    """Each has a like in OpenAI's, and stands beside it as it came."""
    choice = body(message(TEXT, stop_reason=reason))["choices"][0]
    assert (expected, reason) == (choice["finish_reason"], choice.get("stop_reason"))


def test_details_of_the_end() -> None:
    """Which sequence stopped it, and why it was refused, is kept as well."""
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    choice = body(message(TEXT, stop_sequence="END", stop_details=details))["choices"][
        0
    ]
    assert ("END", details) == (choice["stop_sequence"], choice["stop_details"])


def test_a_refusal_with_nothing_said() -> None:
    """It is a reply, and a problem of its content."""
    outcome = answer(message(stop_reason="refusal", stop_details={"type": "refusal"}))
    assert Problem.CONTENT_POLICY is outcome.problem
    assert outcome.body is not None


def test_a_refusal_after_something_was_said() -> None:
    """It is a reply that was broken off."""
    assert answer(message(TEXT, stop_reason="refusal")).problem is None


@pytest.mark.parametrize("usage", [None, [], "x", {}, {"input_tokens": "9"}])
def test_odd_usage(usage: Any) -> None:
    """Usage that makes no sense counts for nothing, and the reply is a reply."""
    outcome = answer(message(TEXT, usage=usage))
    assert outcome.body is not None
    assert outcome.usage in (None, Usage())


@pytest.mark.parametrize(
    ("document", "flaw"),
    [
        (b"<html>", "status 200 without a JSON object"),
        ([], "status 200 without a JSON object"),
        ({}, "status 200 without a message"),
        ({"choices": [{"message": {"content": "hi"}}]}, "status 200 without a message"),
        ({"type": "message"}, "status 200 without a list of content blocks"),
        (message(1), "status 200 without a list of content blocks"),  # type: ignore[arg-type] # it is the point
        ({"type": "error", "error": {"type": "x"}}, "status 200 with an error in it"),
    ],
)
def test_no_reply(document: Any, flaw: str) -> None:
    """A 200 without a reply is garbled, and says how."""
    outcome = answer(document)
    assert (None, Fault.GARBLED) == (outcome.body, outcome.fault)
    assert outcome.message.startswith(flaw)


@pytest.mark.parametrize(
    ("status", "kind", "message", "verdict"),
    [
        (400, "invalid_request_error", "messages: must not be empty", Verdict.CALLER),
        (400, "invalid_request_error", "prompt is too long: 2 > 1", Verdict.TOO_LONG),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            Verdict.TOO_LONG,
        ),
        (
            413,
            "request_too_large",
            "Request exceeds the maximum size",
            Verdict.TOO_LONG,
        ),
        (401, "authentication_error", "invalid x-api-key", Verdict.DENIED),
        (402, "billing_error", "pay", Verdict.EXHAUSTED),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            Verdict.EXHAUSTED,
        ),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits.",
            Verdict.EXHAUSTED,
        ),
        (
            400,
            "invalid_request_error",
            "You have reached your specified workspace API usage limits.",
            Verdict.EXHAUSTED,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            Verdict.REFUSED,
        ),
        (403, "permission_error", "not allowed", Verdict.DENIED),
        (404, "not_found_error", "model: claude-x", Verdict.NO_MODEL),
        (404, "not_found_error", "Not found", Verdict.CALLER),
        (409, "conflict_error", "changed", Verdict.SICK),
        (429, "rate_limit_error", "slow down", Verdict.THROTTLED),
        (500, "api_error", "Internal server error", Verdict.SICK),
        (504, "timeout_error", "Request timed out", Verdict.LOST),
        (529, "overloaded_error", "Overloaded", Verdict.THROTTLED),
        (503, "api_error", "credit balance is too low", Verdict.SICK),
    ],
)
def test_errors(status: int, kind: str, message: str, verdict: Verdict) -> None:
    """Each is judged as what it is."""
    error = {"type": kind, "message": message}
    outcome = answer({"type": "error", "error": error, "request_id": "r-1"}, status)

    assert verdict is judge(outcome)
    assert (kind, message, "r-1") == (
        outcome.code,
        outcome.message,
        outcome.request_id,
    )
    assert {"message": message, "type": kind, "param": None, "code": kind} == (
        outcome.error
    )


@pytest.mark.parametrize(
    ("code", "status", "verdict"),
    [
        ("enforced_spend_limit_reached", 429, Verdict.EXHAUSTED),
        ("contract_spend_limit_reached", 429, Verdict.EXHAUSTED),
        ("ramp_limit_exceeded", 429, Verdict.THROTTLED),
        ("organization_on_hold", 400, Verdict.EXHAUSTED),
        ("file_expired", 404, Verdict.CALLER),
    ],
)
def test_error_codes(code: str, status: int, verdict: Verdict) -> None:
    """A finer code, where there is one, tells more than the type."""
    error = {
        "type": "rate_limit_error",
        "message": "m",
        "details": {"error_code": code},
    }
    outcome = answer({"type": "error", "error": error}, status)

    assert (verdict, code) == (judge(outcome), outcome.code)
    assert outcome.error is not None
    assert "rate_limit_error" == outcome.error["type"]


def test_retry_after() -> None:
    """An error says when to come back, and what is left."""
    outcome = answer(
        {"error": {"type": "rate_limit_error", "message": "m"}},
        429,
        retry_after="7",
        anthropic_ratelimit_tokens_remaining="0",
        request_id="of-the-head",
    )
    assert (7.0, "of-the-head") == (outcome.retry_after_s, outcome.request_id)
    assert RateLimits(None, 0) == outcome.rate_limits


@pytest.mark.parametrize("given", [5, "", "x" * 300, None, []])
def test_odd_request_ids(given: Any) -> None:
    """Ids that are none are left out."""
    assert answer({"error": {}, "request_id": given}, 500).request_id is None


def test_someone_before_it() -> None:
    """A firewall's page is about the prompt; another's shape of errors is read too."""
    assert Verdict.REFUSED is judge(answer(b"<html>Blocked</html>", 403))
    assert "Forbidden" == answer({"message": "Forbidden"}, 403).message
    assert "bad" == answer({"error": "bad"}, 400).message


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**40) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=2)
            | st.sampled_from(["type", "text", "input", "id", "name", "error"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
block = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "tool_use", "other"]) | json},
    optional=dict.fromkeys(
        ("text", "thinking", "signature", "id", "name", "input", "citations"), json
    ),
)


@given(document=json, status=st.integers(200, 599))
def test_any_json(document: Any, status: int) -> None:
    """No document makes decoding fail, or is a reply without being a message."""
    outcome = answer(document, status)
    assert (None, status) == (outcome.body, outcome.status)


@given(content=st.lists(block, max_size=4), reason=json, usage=json, name=json)
def test_any_reply(content: list[Json], reason: Any, usage: Any, name: Any) -> None:
    """Whatever is in a message, what comes of it has OpenAI's shape."""
    official(
        body(message(*content, stop_reason=reason, usage=usage, id=name, model=name))
    )


@given(content=st.lists(block, max_size=4))
def test_any_reply_is_sent_back(content: list[Json]) -> None:
    """Or is refused, where it calls a tool in a way that nobody could answer."""
    reply = said(*content)
    if all(call["id"] for call in reply.get("tool_calls", ())):
        sent_back({**reply, "tool_calls": None})


@given(error=json, code=json, status=st.integers(400, 599))
def test_any_error(error: Any, code: Any, status: int) -> None:
    """An error may have any shape."""
    answer({"error": error, "request_id": code}, status)
    told = {"message": error, "type": code, "details": {"error_code": error}}
    outcome = answer({"error": told}, status)
    assert isinstance(outcome.message, str)
    assert outcome.code is None or isinstance(outcome.code, str)


def test_models() -> None:
    """A whole list of models is the names in it, but for those that are gone."""

    def listed(document: Any, status: int = 200) -> frozenset[str] | None:
        return decode_models(Response(status, {}, orjson.dumps(document)))

    entries = [{"id": "a"}, {"id": "b", "lifecycle": "retired"}, 1, {}]
    assert frozenset({"a"}) == listed({"data": entries, "has_more": False})
    assert listed({"data": entries, "has_more": True}) is None
    assert listed({"data": 1}) is None
    assert listed([]) is None
    assert listed({"data": []}, 404) is None
    assert "/models?limit=1000" == MODELS_PATH
