"""Owns how Anthropic's messages become OpenAI's `chat.completion`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from holybalance.messages import Outcome, Problem, Usage
from holybalance.wire import signals
from holybalance.wire.anthropic.assistant import message_of, text_of, without_nones
from holybalance.wire.anthropic.errors import read_error
from holybalance.wire.failures import OK, parse, request_id
from holybalance.wire.shape import Json, is_refused, shaped_usage
from holybalance.wire.transport import Response

# anthropic: types/stop_reason.py. A turn that is paused has no like: it is to be sent
# back as it is, to go on.
_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_BESIDE = ("stop_reason", "stop_sequence", "stop_details", "container", "diagnostics")
# Counted in OpenAI's shape; the rest of a usage is kept beside it.
_COUNTED = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens_details",
    }
)


def decode(response: Response, now: float | None = None) -> Outcome:
    """
    Read a whole answer, good or bad; whatever is not a well-formed reply has no body.

    Args:
        now: the wall clock, for dates in headers and for when the reply was made.
    """
    document = parse(response.body)
    flaw = _flaw(document) if response.status == OK else ""
    if flaw is not None:
        return read_error(response, document, flaw, now)
    now = time.time() if now is None else now
    head = response.headers
    body = _completion(document, now)
    return Outcome(
        status=OK,
        body=body,
        usage=usage_of(document.get("usage")),
        problem=Problem.CONTENT_POLICY if is_refused(body["choices"]) else None,
        rate_limits=signals.dated_rate_limits(head, now),
        request_id=request_id(head),
        headers=head,
    )


def finish_of(stop: Mapping[str, Any]) -> Json:
    """Give a choice's reason to finish, and Anthropic's own words for it beside."""
    reason = stop.get("stop_reason")
    finish = _FINISHES.get(reason, "stop") if isinstance(reason, str) else "stop"
    details = without_nones({name: stop.get(name) for name in _BESIDE})
    return {"finish_reason": finish, **details}


def usage_of(usage: Any) -> Usage | None:
    """Read a usage; what was read from a cache, or written to one, is input as well."""
    if not isinstance(usage, dict):
        return None
    cached = _count(usage, "cache_read_input_tokens")
    stored = _count(usage, "cache_creation_input_tokens")
    details = usage.get("output_tokens_details")
    return Usage(
        input_tokens=_count(usage, "input_tokens") + cached + stored,
        output_tokens=_count(usage, "output_tokens"),
        cached_tokens=cached,
        reasoning_tokens=_count(details, "thinking_tokens"),
        cache_write_tokens=stored,
    )


def shaped(usage: Any) -> Json | None:
    """Write a usage in OpenAI's shape."""
    counted = usage_of(usage)
    if counted is None:
        return None
    rest = {name: value for name, value in usage.items() if name not in _COUNTED}
    return {**without_nones(rest), **shaped_usage(counted)}


def _completion(document: Json, now: float) -> Json:
    choice = {
        "index": 0,
        "message": message_of(document["content"]),
        "logprobs": None,
        **finish_of(document),
    }
    return {
        "id": text_of(document, "id"),
        "object": "chat.completion",
        "created": int(now),
        "model": text_of(document, "model"),
        "choices": [choice],
        "usage": shaped(document.get("usage")),
    }


def _flaw(document: Any) -> str | None:
    """Say what keeps a document from being a reply; `None` when nothing does."""
    if not isinstance(document, dict):
        return "status 200 without a JSON object"
    if document.get("error"):
        return "status 200 with an error in it"
    if document.get("type") != "message":
        return "status 200 without a message"
    content = document.get("content")
    if not isinstance(content, list) or not all(isinstance(b, dict) for b in content):
        return "status 200 without a list of content blocks"
    return None


def _count(counts: Any, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
