"""Owns how a whole answer of Gemini is read, and what pieces of one share with it."""

from __future__ import annotations

import hashlib
import time
from operator import itemgetter
from typing import Any

from holybalance.messages import Outcome, Problem, Usage
from holybalance.wire import signals
from holybalance.wire.failures import OK, failure, parse, request_id
from holybalance.wire.gemini.candidates import (
    Candidate,
    MisshapenError,
    message_of,
    numbered,
)
from holybalance.wire.gemini.errors import read_error
from holybalance.wire.gemini.naming import Json
from holybalance.wire.shape import is_refused, shaped_usage
from holybalance.wire.transport import Response


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed reply has no body.

    Args:
        now: the wall clock, for when a reply was made.
    """
    document = parse(response.body)
    if response.status != OK:
        return read_error(response, document, "", now)
    blocked = refusal(document, response)
    if blocked is not None:
        return blocked
    try:
        choices = _choices(document, response.body)
    except MisshapenError as flaw:
        return read_error(response, document, f"status 200 with {flaw}", now)
    return _outcome(response, document, choices, time.time() if now is None else now)


def head_of(document: Json, raw: bytes, created: int) -> Json:
    """Give what a reply and all its pieces have in common."""
    return {
        "id": answer_id(document, raw),
        "created": created,
        "model": _text(document.get("modelVersion")),
    }


def answer_id(document: Json, raw: bytes) -> str:
    """Give an answer's id; the same for the same bytes where it has none."""
    told = _text(document.get("responseId"))
    return told or hashlib.blake2b(raw, digest_size=12).hexdigest()


def usage_in(document: Json) -> Usage | None:
    """
    Read the usage in an answer or in a piece of one; `None` without one.

    Thoughts are output beside the candidates, and what Google's own tools found is
    input beside the prompt. What was cached is within the prompt.
    """
    told = document.get("usageMetadata")
    if not isinstance(told, dict):
        return None
    thoughts = _count(told, "thoughtsTokenCount")
    return Usage(
        input_tokens=_count(told, "promptTokenCount")
        + _count(told, "toolUsePromptTokenCount"),
        output_tokens=_count(told, "candidatesTokenCount") + thoughts,
        cached_tokens=_count(told, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
    )


def refusal(document: Any, response: Response) -> Outcome | None:
    """Tell of a prompt that was refused; `None` where it was not."""
    if not isinstance(document, dict) or document.get("candidates"):
        return None
    feedback = document.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    if not reason or not isinstance(feedback, dict):
        return None
    why = feedback.get("blockReasonMessage")
    error = {
        "message": f"the prompt was blocked: {reason}" + (f": {why}" if why else ""),
        "type": "prompt_blocked",
        "code": reason,
    }
    told = failure(
        response,
        error,
        problem=Problem.CONTENT_POLICY,
        retry_after_s=None,
        rate_limits=signals.rate_limits(response.headers),
    )
    return told._replace(usage=usage_in(document))


def _choices(document: Any, raw: bytes) -> list[Json]:
    """
    Read the candidates.

    Raises:
        MisshapenError: there are none, or one is none.
    """
    if not isinstance(document, dict):
        raise MisshapenError("no JSON object")
    if document.get("error"):
        raise MisshapenError("an error in it")
    candidates = document.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        raise MisshapenError("no candidates")
    name = answer_id(document, raw)
    choices = [_choice(piece, name, index) for index, piece in numbered(candidates)]
    return sorted(choices, key=itemgetter("index"))


def _choice(piece: Json, name: str, index: int) -> Json:
    if not piece.get("finishReason") and not piece.get("content"):
        # One that says why it ended may well be empty: Gemini can think up to its
        # bound, or end at once. Of this one nothing is known.
        raise MisshapenError("a candidate that is empty and says not why")
    choice = Candidate(name, index).read(piece)
    message = message_of(choice.pop("delta"))
    finish = choice["finish_reason"] or (
        "tool_calls" if message.get("tool_calls") else "stop"
    )
    return {**choice, "message": message, "finish_reason": finish}


def _outcome(
    response: Response, document: Json, choices: list[Json], now: float
) -> Outcome:
    head = response.headers
    usage = usage_in(document)
    common = head_of(document, response.body, int(now))
    body = {"object": "chat.completion", **common, "choices": choices}
    if usage is not None:
        body["usage"] = shaped_usage(usage)
    return Outcome(
        status=OK,
        body=body,
        usage=usage,
        problem=Problem.CONTENT_POLICY if is_refused(choices) else None,
        rate_limits=signals.rate_limits(head),
        request_id=request_id(head),
        headers=head,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(counts: Json, name: str) -> int:
    value = counts.get(name)
    return value if isinstance(value, int) and value > 0 else 0
