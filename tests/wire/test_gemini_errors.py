"""Google's errors: what each comes to."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from holybalance.balancing.verdict import judge
from holybalance.messages import Fault, Outcome, Problem, Verdict
from holybalance.wire.gemini import chat
from holybalance.wire.transport import Response


def error(code: int, status: str, message: str = "", *details: Any) -> dict[str, Any]:
    """Make an error as Google does."""
    told = {"code": code, "status": status, "message": message}
    return {"error": told | ({"details": list(details)} if details else {})}


def info(reason: str) -> dict[str, Any]:
    """Make what says why."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
    }


def retry(delay: Any) -> dict[str, Any]:
    """Make what says when to come back."""
    kind = "type.googleapis.com/google.rpc.RetryInfo"
    return {"@type": kind, "retryDelay": delay}


def quota(name: str) -> dict[str, Any]:
    """Make what says which quota is used up."""
    kind = "type.googleapis.com/google.rpc.QuotaFailure"
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    return {"@type": kind, "violations": [{"quotaMetric": metric, "quotaId": name}]}


def answer(document: Any, status: int, **head: str) -> Outcome:
    """Decode a document with headers, underscores for dashes."""
    names = {k.replace("_", "-").encode(): v.encode() for k, v in head.items()}
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return chat.decode(Response(status, names, body), now=0.0)


PER_DAY = quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")
PER_MINUTE = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
TOO_LONG = "The input token count (1300000) exceeds the maximum number of tokens"


@pytest.mark.parametrize(
    ("document", "status", "problem", "verdict"),
    [
        (error(400, "INVALID_ARGUMENT", "bad"), 400, None, Verdict.CALLER),
        (
            error(
                400, "INVALID_ARGUMENT", "API key not valid.", info("API_KEY_INVALID")
            ),
            401,
            None,
            Verdict.DENIED,
        ),
        (
            error(400, "FAILED_PRECONDITION", "User location is not supported for it."),
            403,
            None,
            Verdict.DENIED,
        ),
        (
            error(400, "FAILED_PRECONDITION", "Not free here. Please enable billing."),
            400,
            Problem.QUOTA,
            Verdict.EXHAUSTED,
        ),
        (
            error(400, "INVALID_ARGUMENT", TOO_LONG),
            400,
            Problem.CONTEXT_LENGTH,
            Verdict.TOO_LONG,
        ),
        (
            error(400, "INVALID_ARGUMENT", "* x.model: unexpected model name format"),
            400,
            Problem.NO_MODEL,
            Verdict.NO_MODEL,
        ),
        (error(401, "UNAUTHENTICATED", "who?"), 401, None, Verdict.DENIED),
        (error(403, "PERMISSION_DENIED", "no"), 403, None, Verdict.DENIED),
        (
            error(403, "PERMISSION_DENIED", "no", info("BILLING_DISABLED")),
            403,
            Problem.QUOTA,
            Verdict.EXHAUSTED,
        ),
        (b"<html>blocked</html>", 403, Problem.CONTENT_POLICY, Verdict.REFUSED),
        (
            error(404, "NOT_FOUND", "models/x is not found for API version v1beta"),
            404,
            Problem.NO_MODEL,
            Verdict.NO_MODEL,
        ),
        (
            error(404, "NOT_FOUND", "This model is no longer available to new users."),
            404,
            Problem.NO_MODEL,
            Verdict.NO_MODEL,
        ),
        (
            b"<html>no such page</html>",
            404,
            Problem.NO_MODEL,
            Verdict.NO_MODEL,
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", "see billing details", PER_MINUTE),
            429,
            None,
            Verdict.THROTTLED,
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", "see", PER_MINUTE, PER_DAY, retry("18s")),
            429,
            Problem.QUOTA,
            Verdict.EXHAUSTED,
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
            429,
            Problem.QUOTA,
            Verdict.EXHAUSTED,
        ),
        (error(499, "CANCELLED", "gone"), 503, None, Verdict.SICK),
        (error(500, "INTERNAL", "?"), 500, None, Verdict.SICK),
        (error(503, "UNAVAILABLE", "overloaded"), 503, None, Verdict.SICK),
        (error(504, "DEADLINE_EXCEEDED", "late"), 504, None, Verdict.LOST),
    ],
)
def test_error(
    document: Any, status: int, problem: Problem | None, verdict: Verdict
) -> None:
    """Each error, alone and in a list, has its status, its problem and its verdict."""
    told = document["error"]["code"] if isinstance(document, dict) else status
    wrapped = [document] if isinstance(document, bytes) else [document, [document]]
    for one in wrapped:
        outcome = answer(one, told)
        assert (status, problem, verdict) == (
            outcome.status,
            outcome.problem,
            judge(outcome),
        )


def test_words() -> None:
    """The status is the code, in OpenAI's shape of an error."""
    outcome = answer([error(429, "RESOURCE_EXHAUSTED", "slow\ndown")], 429)
    assert {
        "message": "slow down",
        "type": "RESOURCE_EXHAUSTED",
        "param": None,
        "code": "RESOURCE_EXHAUSTED",
    } == outcome.error
    assert ("RESOURCE_EXHAUSTED", "slow down") == (outcome.code, outcome.message)


def test_refused_key_says_so() -> None:
    """A bad key has its own code, for the status says nothing of keys."""
    document = error(400, "INVALID_ARGUMENT", "API key", info("API_KEY_INVALID"))
    assert "API_KEY_INVALID" == answer(document, 400).code


@pytest.mark.parametrize(
    ("delay", "header", "expected"),
    [
        ("34s", None, 34.0),
        ("34.074824224s", None, 34.074824224),
        ("0s", None, 0.0),
        ("34s", "7", 34.0),
        ("7s", "34", 34.0),
        (None, "7", 7.0),
        ("soon", None, None),
        ("-1s", None, None),
        ("1e9s", None, None),
        ("9" * 400 + "s", None, None),
        ({"seconds": 5}, None, None),
        (5, None, None),
    ],
)
def test_when_to_come_back(
    delay: Any, header: str | None, expected: float | None
) -> None:
    """The longer of what the header and the details say."""
    head = {} if header is None else {"retry_after": header}
    document = error(429, "RESOURCE_EXHAUSTED", "slow", retry(delay))
    assert expected == answer(document, 429, **head).retry_after_s


def test_error_in_a_good_answer() -> None:
    """Status 200 with an error is no reply, and says when to come back to nobody."""
    outcome = answer(error(429, "RESOURCE_EXHAUSTED", "x", retry("5s")), 200)
    assert (Fault.GARBLED, None) == (outcome.fault, outcome.retry_after_s)


@pytest.mark.parametrize("document", [None, 1, "x", [], [1, 2], {"error": 1}, {}])
def test_error_that_is_none(document: Any) -> None:
    """Whatever comes with a bad status, the status speaks."""
    assert 500 == answer(document, 500).status
