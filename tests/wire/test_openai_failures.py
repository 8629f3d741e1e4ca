"""OpenAI's errors: what each is about, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from holybalance.balancing.verdict import judge
from holybalance.messages import Fault, Outcome, Problem, Verdict
from holybalance.wire.formats import InBandError
from holybalance.wire.openai import chat, embeddings
from holybalance.wire.sse import Event
from holybalance.wire.transport import Response

BROKEN = {"index": 0, "message": {"role": "assistant", "content": "Once"}}


def answer(document: Any, status: int = 200, **head: str) -> Outcome:
    """Decode an answer."""
    names = {name.replace("_", "-").encode(): v.encode() for name, v in head.items()}
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return chat.decode(Response(status, names, body), now=0.0)


def embedded(document: Any) -> Outcome:
    """Decode an answer to a request for embeddings."""
    return embeddings.decode(Response(200, {}, orjson.dumps(document)), now=0.0)


def streamed(document: Any) -> Outcome:
    """Read a piece of a stream that tells of an error."""
    with pytest.raises(InBandError) as caught:
        chat.reader().read(Event("", orjson.dumps(document)))
    return caught.value.outcome


def beside(error: Any) -> Any:
    """Tell an error as most do."""
    return {"id": "c", "error": error}


def in_a_choice(error: Any) -> Any:
    """Tell it as OpenRouter does of a model that broke down."""
    return {"choices": [BROKEN | {"finish_reason": "error", "error": error}]}


def in_a_piece(error: Any) -> Any:
    """Tell it in the piece of a choice."""
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
    return {"choices": [choice | {"error": error}]}


def alone(error: Any) -> Any:
    """Tell nothing else, as vLLM has done."""
    return {"object": "error", **error}


PLACES = [
    pytest.param(answer, beside, id="whole"),
    pytest.param(answer, in_a_choice, id="whole, in a choice"),
    pytest.param(answer, alone, id="whole, alone"),
    pytest.param(embedded, beside, id="embeddings"),
    pytest.param(streamed, beside, id="stream"),
    pytest.param(streamed, in_a_piece, id="stream, in a choice"),
    pytest.param(streamed, alone, id="stream, alone"),
]


@pytest.mark.parametrize(("read", "told"), PLACES)
@pytest.mark.parametrize(
    ("error", "status", "verdict"),
    [
        ({"code": 429, "message": "Rate limit exceeded"}, 429, Verdict.THROTTLED),
        ({"code": "429", "message": "Rate limit"}, 429, Verdict.THROTTLED),
        ({"code": 502, "message": "Upstream error"}, 502, Verdict.SICK),
        ({"code": 402, "message": "No credits"}, 402, Verdict.EXHAUSTED),
        ({"code": "server_error", "message": "Gone"}, 500, Verdict.SICK),
        ({"type": "insufficient_quota", "code": None}, 429, Verdict.EXHAUSTED),
        ({"type": None, "code": "content_filter"}, 400, Verdict.REFUSED),
        ({"code": "context_length_exceeded"}, 400, Verdict.TOO_LONG),
        ({"code": "model_not_found"}, 404, Verdict.NO_MODEL),
        (
            {"code": 400, "message": "This model's context length"},
            400,
            Verdict.TOO_LONG,
        ),
        (
            {"code": 403, "metadata": {"flagged_input": "x"}, "message": "no"},
            403,
            Verdict.REFUSED,
        ),
    ],
)
def test_an_error_within_a_200(
    read: Callable[[Any], Outcome],
    told: Callable[[Any], Any],
    error: Any,
    status: int,
    verdict: Verdict,
) -> None:
    """It is judged as if it had been the answer's status, and says so."""
    outcome = read(told(error))

    assert (status, None) == (outcome.status, outcome.fault)
    assert verdict is judge(outcome)
    assert outcome.body is None


@pytest.mark.parametrize(("read", "told"), PLACES)
@pytest.mark.parametrize("code", ["strange", 200, 9999, "200", "²", -1, None, [], 1.5])
def test_an_error_within_a_200_that_says_nothing(
    read: Callable[[Any], Outcome], told: Callable[[Any], Any], code: Any
) -> None:
    """Whoever tells no more has given a broken answer."""
    outcome = read(told({"code": code, "message": "who knows"}))

    assert (Fault.GARBLED, None) == (outcome.fault, outcome.body)
    assert "status 200 with an error in it: who knows" == outcome.message


@pytest.mark.parametrize("error", [None, {}, ""])
def test_a_model_that_broke_down(error: Any) -> None:
    """Though nobody says why, what came of it is no answer."""
    whole = answer(in_a_choice(error))

    assert (None, Fault.GARBLED) == (whole.body, whole.fault)
    assert "the model broke down" in whole.message
    assert Fault.GARBLED is streamed(in_a_piece(error)).fault


def test_when_to_come_back_after_a_429_within_a_200() -> None:
    """The answer's own header says it."""
    outcome = answer(beside({"code": 429}), retry_after="7")

    assert (429, 7.0) == (outcome.status, outcome.retry_after_s)


@pytest.mark.parametrize(
    "error",
    [
        {
            "code": 403,
            "message": "openai/gpt-4o requires moderation on OpenAI.",
            "metadata": {"reasons": ["violence"], "flagged_input": "…"},
        },
        {"code": 403, "message": "no", "metadata": {"reasons": ["violence"]}},
        {"code": 403, "message": "no", "error_type": "content_policy_violation"},
        {
            "code": 403,
            "message": "no",
            "metadata": {"error_type": "content_policy_violation"},
        },
    ],
)
def test_moderation(error: Any) -> None:
    """OpenRouter's 403 of flagged content says nothing against the key."""
    assert Verdict.REFUSED is judge(answer({"error": error}, 403))


@pytest.mark.parametrize(
    "metadata", [None, [], "x", {}, {"reasons": []}, {"flagged_input": ""}]
)
def test_a_key_that_may_not(metadata: Any) -> None:
    """Another 403 does."""
    error = {"code": 403, "message": "Key disabled", "metadata": metadata}
    assert Verdict.DENIED is judge(answer({"error": error}, 403))


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"error": {"code": "DeploymentNotFound", "message": "The API depl…"}}, 404),
        ({"error": {"code": "unknown_model", "message": "Unknown model: x"}}, 404),
        ({"error": {"code": "model_decommissioned", "message": "…"}}, 400),
        ({"error": {"code": "model_not_available", "message": "…"}}, 404),
        ({"error": {"code": 400, "message": "a/b is not a valid model ID"}}, 400),
        ({"error": {"code": 404, "message": "No endpoints found for a/b."}}, 404),
        ({"error": {"message": "The model `x` does not exist."}}, 400),
        ({"error": {"message": "Model Not Exist"}}, 400),
        ({"error": {"message": 'model "x:7b" not found, try pulling it first'}}, 400),
        ({"error": {"message": "model 'a/b' is not found"}}, 400),
        ({"error": {"message": "The model x-1 was not found"}}, 400),
        (b"404 page not found", 404),
        (b"<html>Not Found</html>", 404),
        (b"", 404),
        ({"detail": "Not Found"}, 404),
    ],
)
def test_missing_models(document: Any, status: int) -> None:
    """In the words of each, or where the address itself leads nowhere."""
    assert Problem.NO_MODEL is answer(document, status).problem


@pytest.mark.parametrize(
    "message",
    [
        "Tool 'select_model' not found in provided tools.",
        "Tool 'pick model' not found in the request",
        "Tool 'model x' not found in the request",
        "Failed to download image from https://h/models/cat.png: 404 Not Found",
        "The file f-1 was not found; the model cannot read it",
        "The field `x` does not exist in the model's schema",
    ],
)
def test_other_things_that_are_missing(message: str) -> None:
    """A 400 may be about a tool or an image as well: it is the caller's."""
    error = {"message": message, "type": "invalid_request_error"}
    assert Verdict.CALLER is judge(answer({"error": error}, 400))


def test_an_account_that_is_not_active() -> None:
    """No waiting mends it, though it comes as 429."""
    error = {"type": "billing_not_active", "code": "billing_not_active"}
    assert Verdict.EXHAUSTED is judge(answer({"error": error}, 429))


@pytest.mark.parametrize(
    "message",
    [
        "The decoder prompt (length 5) is longer than the maximum model length of 4.",
        "The input (5 tokens) is longer than the model's context length (4 tokens).",
    ],
)
def test_prompts_that_are_too_long(message: str) -> None:
    """In the words of vLLM and SGLang."""
    document = {"object": "error", "message": message, "type": "BadRequestError"}
    assert Verdict.TOO_LONG is judge(answer(document, 400))


def test_half_an_emoji() -> None:
    """A model may be cut within one; the rest is a reply, and can be written again."""
    body = rb'{"choices":[{"message":{"content":"a\ud83d","\udc00":1}}],"n":1}'

    outcome = answer(body)

    message = {"content": "a\ufffd", "\ufffd": 1}
    assert {"choices": [{"message": message}], "n": 1} == outcome.body
    assert orjson.dumps(outcome.body)


def test_a_whole_emoji_beside_a_half() -> None:
    """Pairs stay what they are."""
    outcome = answer(rb'{"choices":[{"message":{"content":"\ud83d\ude00 \ud83d"}}]}')

    assert outcome.body is not None
    assert "😀 \ufffd" == outcome.body["choices"][0]["message"]["content"]


def test_a_huge_number_beside_half_an_emoji() -> None:
    """It is read as it would have been without, so that it can be written again."""
    text = rb'{"choices":[{"message":{"content":"%s","n":[%d,%d]}}]}'
    numbers = (2**64, -(2**63))

    plain = answer(text % (b"", *numbers)).body
    outcome = answer(text % (rb"\ud83d", *numbers)).body

    assert plain is not None
    assert outcome is not None
    expected = plain["choices"][0]["message"]["n"]
    assert expected == outcome["choices"][0]["message"]["n"]
    assert orjson.dumps(outcome)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}", b'{"a": "\\ud83d"', b"\xff"]
)
def test_what_nobody_can_read(body: bytes) -> None:
    """It is no reply, and nothing worse."""
    assert Fault.GARBLED is answer(body).fault
