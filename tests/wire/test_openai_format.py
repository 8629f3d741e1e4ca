"""OpenAI's format: what we write, and what we make of what we read."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.errors import RequestError
from holybalance.messages import (
    ChatRequest,
    Embeddings,
    Fault,
    Outcome,
    Problem,
    Usage,
)
from holybalance.wire.formats import InBandError, Manner
from holybalance.wire.openai import decode_models, headers
from holybalance.wire.openai.chat import decode, encode, reader
from holybalance.wire.shape import Assembled, has_content
from holybalance.wire.sse import Event
from holybalance.wire.transport import Response

JSON = st.none() | st.booleans() | st.integers(-9, 9) | st.text()
NAMES = st.sampled_from(
    ["choices", "delta", "index", "content", "tool_calls", "error", "usage", "x"]
)
GOOD = {"choices": [{"message": {"role": "assistant", "content": "hi"}}]}


def answer(document: Any, status: int = 200, **head: str) -> Outcome:
    """Decode a document with headers, underscores for dashes."""
    names = {k.replace("_", "-").encode(): v.encode() for k, v in head.items()}
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return decode(Response(status, names, body), now=0.0)


def request(**options: Any) -> ChatRequest:
    """Make a request."""
    messages = ({"role": "user", "content": "hé\u2028"},)
    return ChatRequest(model="m", messages=messages, timeout_s=1, options=options)


def test_encode() -> None:
    """Options pass through; the model is the upstream's."""
    written = orjson.loads(
        encode(request(temperature=0.5, tools=[]), Manner("theirs")).body
    )

    assert {
        "model": "theirs",
        "messages": [{"role": "user", "content": "hé\u2028"}],
        "temperature": 0.5,
        "tools": [],
    } == written


@pytest.mark.parametrize("value", [object(), {1, 2}, 2**70, "\ud800"])
def test_encode_what_is_not_json(value: object) -> None:
    """What cannot be written is the caller's mistake."""
    with pytest.raises(RequestError) as caught:
        encode(request(user=value), Manner("m"))
    assert "not_json" == caught.value.code


def test_headers() -> None:
    """Answers are to come as they are: no key is the format's business."""
    assert "identity" == headers()["Accept-Encoding"]
    assert "Authorization" not in headers()


def test_reply() -> None:
    """A reply's body is given as it came, its usage and id beside it."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    outcome = answer(GOOD | {"usage": usage}, x_request_id="r-1")

    assert GOOD | {"usage": usage} == outcome.body
    assert (200, None, "r-1") == (outcome.status, outcome.fault, outcome.request_id)
    expected = Usage(
        input_tokens=10, output_tokens=5, cached_tokens=4, reasoning_tokens=2
    )
    assert expected == outcome.usage


def test_cached_tokens_by_another_name() -> None:
    """As DeepSeek counts them; they cost a tenth."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_cache_hit_tokens": 8,
        "prompt_cache_miss_tokens": 2,
    }
    found = answer(GOOD | {"usage": usage}).usage
    assert Usage(input_tokens=10, output_tokens=5, cached_tokens=8) == found


@pytest.mark.parametrize("usage", [None, [], 1, "x"])
def test_no_usage(usage: Any) -> None:
    """Usage that is none is unknown, and the reply is a reply."""
    outcome = answer(GOOD | {"usage": usage})
    assert (None, GOOD | {"usage": usage}) == (outcome.usage, outcome.body)


@pytest.mark.parametrize("value", [-1, 1.5, "9", None, [], True])
def test_odd_counts(value: Any) -> None:
    """Counts that make no sense count for nothing much."""
    usage = answer(
        GOOD | {"usage": {"prompt_tokens": value, "prompt_tokens_details": value}}
    ).usage
    assert usage is not None
    assert usage.input_tokens in (0, 1)


json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(document=json, status=st.integers(200, 599))
def test_any_json(document: Any, status: int) -> None:
    """No document makes decoding fail, or is a reply without having a message."""
    outcome = answer(document, status)
    assert outcome.body is None
    assert status == outcome.status


@given(body=st.binary(max_size=1000), status=st.integers(200, 599))
def test_any_bytes(body: bytes, status: int) -> None:
    """Nor do any bytes."""
    assert answer(body, status).body is None


@given(error=json, code=json)
def test_any_error(error: Any, code: Any) -> None:
    """An error may have any shape."""
    answer({"error": error}, 400)
    outcome = answer({"error": {"message": error, "code": code, "type": code}}, 400)
    assert isinstance(outcome.message, str)
    assert outcome.code is None or isinstance(outcome.code, str)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"error": {"code": "context_length_exceeded"}}, Problem.CONTEXT_LENGTH),
        ({"error": {"type": "insufficient_quota"}}, Problem.QUOTA),
        ({"error": {"code": "content_filter"}}, Problem.CONTENT_POLICY),
        ({"error": {"message": "Context size has been"}}, Problem.CONTEXT_LENGTH),
        ({"message": "maximum context length is 8"}, Problem.CONTEXT_LENGTH),
        ({"error": "context window"}, Problem.CONTEXT_LENGTH),
        ({"error": {"code": "other"}}, None),
        ({"error": {"code": 400}}, None),
        ([], None),
    ],
)
def test_problems(document: Any, problem: Problem | None) -> None:
    """What an error is about is read from its code, its type, or its words."""
    assert problem is answer(document, 400).problem


@pytest.mark.parametrize(
    ("status", "fault"), [(200, Fault.GARBLED), (201, None), (204, None), (500, None)]
)
def test_no_reply(status: int, fault: Fault | None) -> None:
    """Only 200 can be a reply, and without one it is garbled."""
    assert (None, fault) == (answer({}, status).body, answer({}, status).fault)


def test_a_long_message_is_cut() -> None:
    """An upstream cannot fill our errors and logs with megabytes."""
    message = answer({"error": {"message": "x" * 1_000_000}}, 500).message
    assert len(message) <= 2_000


def test_a_long_page_is_cut() -> None:
    """Nor with a web page."""
    assert len(answer(b"<p>" * 100_000, 500).message) < 1_000


def test_models() -> None:
    """A list of models is the names in it; anything else is none."""

    def listed(document: Any, status: int = 200) -> frozenset[str] | None:
        return decode_models(Response(status, {}, orjson.dumps(document)))

    assert frozenset({"a", "b"}) == listed({"data": [{"id": "a"}, {"id": "b"}, 1, {}]})
    assert frozenset() == listed({"data": []})
    assert listed({"data": 1}) is None
    assert listed([]) is None
    assert listed({"data": []}, 404) is None


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_words_count_only_with_the_callers_mistakes(status: int) -> None:
    """A server in trouble may talk of its context window as well."""
    document = {"error": {"message": "maximum context length"}}
    assert answer(document, status).problem is None
    assert Problem.CONTEXT_LENGTH is answer(document, 413).problem
    coded = {"error": {"code": "context_length_exceeded"}}
    assert Problem.CONTEXT_LENGTH is answer(coded, status).problem


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": "model_not_found"}, 403),
        ({"type": "model_not_exist"}, 500),
        ({"message": "The model `x` does not exist."}, 404),
        ({"message": "Model Not Exist"}, 400),
        ("model 'x' not found, try pulling it first", 404),
    ],
)
def test_missing_model(error: Any, status: int) -> None:
    """Told by a code anywhere, by words where they can mean it."""
    assert Problem.NO_MODEL is answer({"error": error}, status).problem


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "no such page: not found"}, 404),
        ({"message": "The model does not exist"}, 500),
    ],
)
def test_no_missing_model(error: Any, status: int) -> None:
    """Other things can be missing."""
    assert answer({"error": error}, status).problem is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>Request blocked</html>", Problem.CONTENT_POLICY),
        (b"", Problem.CONTENT_POLICY),
        (b'{"error": {"message": "bad key"}}', None),
        (b'{"error": "bad key"}', None),
        (b'{"message": "Forbidden"}', None),
    ],
)
def test_forbidden(body: bytes, problem: Problem | None) -> None:
    """A firewall's page is about the prompt; an API's own refusal is about the key."""
    assert problem is answer(body, 403).problem


def test_text_that_would_forge_a_log() -> None:
    """Line breaks and escapes become blanks."""
    text = "a\nERROR b\x1b[31m\u2028c"
    outcome = answer(
        {"error": {"message": text, "code": text}}, 500, x_request_id="r\x7f"
    )

    assert "a ERROR b [31m c" == outcome.message == outcome.code
    assert "r" == outcome.request_id


def test_long_names() -> None:
    """A code is cut to size, and an id that long is none."""
    outcome = answer({"error": {"code": "x" * 10_000}}, 500, x_request_id="x" * 10_000)

    assert ("x" * 200, None) == (outcome.code, outcome.request_id)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(status: int) -> None:
    """It says what it is."""
    assert (
        f"a redirect to another address ({status}), which is not followed"
        == answer(b"", status).message
    )


def test_encode_mappings() -> None:
    """Any mapping is an object, at any depth."""
    odd = MappingProxyType({"a": MappingProxyType({"b": 1})})
    written = orjson.loads(encode(request(metadata=odd), Manner("m")).body)

    assert {"a": {"b": 1}} == written["metadata"]


def asked(**options: Any) -> Any:
    """What is written of a stream's options."""
    return orjson.loads(encode(request(**options), Manner("m")).body)


def test_stream_asks_for_usage() -> None:
    """Without it a stream would have no cost; who says otherwise is heeded."""
    assert {"include_usage": True} == asked(stream=True)["stream_options"]
    assert "stream_options" not in asked()
    explicit = asked(stream=True, stream_options={"include_usage": False, "x": 1})
    assert {"include_usage": False, "x": 1} == explicit["stream_options"]


def test_stream_does_not_ask_where_it_is_not_wanted() -> None:
    """Some servers refuse requests that ask."""
    manner = Manner("m", asks_usage=False)
    written = orjson.loads(encode(request(stream=True), manner).body)

    assert "stream_options" not in written


def test_reader() -> None:
    """Each event is a piece, up to the end marker, without which it is cut."""
    one = reader()

    assert [{"choices": []}] == list(one.read(Event("", b'{"choices": []}')))
    assert not one.is_ended
    assert [] == list(one.read(Event("", b"[DONE]")))
    assert one.is_ended


@pytest.mark.parametrize(
    ("error", "status", "fault"),
    [
        ({"message": "slow down", "type": "rate_limit_exceeded"}, 429, None),
        ({"message": "oops", "type": "server_error"}, 500, None),
        ({"message": "busy", "code": 503}, 503, None),
        ({"message": "busy", "type": "overloaded_error"}, 529, None),
        ({"message": "who knows", "code": "strange"}, 500, Fault.GARBLED),
        ("a text", 500, Fault.GARBLED),
    ],
)
def test_error_in_a_stream(error: Any, status: int, fault: Fault | None) -> None:
    """It is told as if it had been the answer's."""
    with pytest.raises(InBandError) as caught:
        reader().read(Event("", orjson.dumps({"error": error})))

    outcome = caught.value.outcome
    assert (status, fault) == (outcome.status, outcome.fault)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"1", b'{"choices": 1}', b"<html>"])
def test_no_piece_of_a_stream(data: bytes) -> None:
    """What is none of the format is a broken answer."""
    with pytest.raises(InBandError) as caught:
        reader().read(Event("", data))
    assert Fault.GARBLED is caught.value.outcome.fault


@given(st.recursive(JSON, lambda x: st.lists(x) | st.dictionaries(NAMES, x)))
def test_any_event(document: Any) -> None:
    """Whatever comes, it is a piece or an error in the stream."""
    data = orjson.dumps(document)
    one, whole = reader(), Assembled()
    try:
        for piece in one.read(Event("", data)):
            whole.add(piece)
            has_content(piece)
    except InBandError as caught:
        error = caught.outcome
    else:
        error = Outcome(status=200)
    assert error.status or error.fault
    whole.body()


SIGNED = {
    "role": "assistant",
    "content": "I see.",
    "reasoning_content": "Hm.",
    "thinking_blocks": [{"type": "thinking", "signature": "s"}],
    "extra_content": {"google": {}},
    "tool_calls": [{"id": "1", "function": {}, "extra_content": {"google": {}}}],
}


def messages_of(manner: Manner, *messages: dict[str, Any]) -> Any:
    """What is written of messages."""
    asked = ChatRequest(model="m", messages=messages, timeout_s=1)
    return orjson.loads(encode(asked, manner).body)["messages"]


def test_signatures_of_other_providers_stay_here() -> None:
    """A server may refuse fields that it does not know; a conversation may move."""
    plain = {
        "role": "assistant",
        "content": "I see.",
        "tool_calls": [{"id": "1", "function": {}}],
    }

    assert [plain] == messages_of(Manner("m"), SIGNED)


def test_unknown_fields_of_messages_pass_through() -> None:
    """Thoughts without signatures are for a server that wants its own back."""
    message = {"role": "assistant", "content": "a", "reasoning_content": "Hm.", "x": 1}

    assert [message] == messages_of(Manner("m"), message)


@pytest.mark.parametrize("index", [None, "1", {}])
def test_embeddings_without_places(index: Any) -> None:
    """Those of servers that tell no places stay in the order in which they came."""
    entries = [{"index": index, "embedding": [value]} for value in (2.0, 1.0)]
    embeddings = Embeddings(
        body={"data": entries},
        model="m",
        endpoint="e",
        usage=None,
        cost_usd=None,
        latency_s=0.0,
    )

    assert [[2.0], [1.0]] == embeddings.vectors


@pytest.mark.parametrize(
    "choice",
    [1, {"delta": "x"}, {"message": {"content": "x"}}, {"delta": []}],
)
def test_a_misshapen_piece(choice: Any) -> None:
    """It is no piece of this format."""
    with pytest.raises(InBandError):
        reader().read(Event("", orjson.dumps({"choices": [choice]})))


def test_choices_that_are_null() -> None:
    """As servers in Go write an empty list beside the usage."""
    assert [{"choices": None, "usage": {}}] == list(
        reader().read(Event("", b'{"choices": null, "usage": {}}'))
    )


def test_nothing_after_the_marker_counts() -> None:
    """The answer is whole with it."""
    one = reader()
    one.read(Event("", b"[DONE]"))

    assert [] == list(one.read(Event("", b'{"choices": []}')))
