"""Owns how an upstream's failure is told: cut to size, on one line, in one shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from holybalance.messages import Fault, Outcome, Problem, RateLimits
from holybalance.wire.framing import Headers
from holybalance.wire.transport import Response

OK = 200
FORBIDDEN = 403

_REDIRECTS = (301, 302, 303, 307, 308)
_EXCERPT_CHARACTERS = 200
# An upstream must not fill its callers' errors and logs.
_MESSAGE_CHARACTERS = 1000
_NAME_CHARACTERS = 200
# An error of more bytes is kept by its message and names alone.
_KEPT_BYTES = 16 * 1024
# Servers tell these by words alone (vLLM, SGLang, llama.cpp, Anthropic, Gemini).
_CONTEXT_WORDS = (
    "context length",
    "maximum model length",
    "context window",
    "context size",
    "prompt is too long",
    "exceed context limit",
    "input token count",
)
_CONTEXT_STATUSES = (400, 413, 422)
# So do vLLM, Ollama and DeepSeek ("Model Not Exist") with this. With a 400 it has to
# be the model that is missing: it may be a tool as well, or an image.
_MISSING_WORDS = ("does not exist", "not found", "not exist")
_MISSING_MODEL = re.compile(
    r"\bmodel:? (?:(?:([`'\"])[^`'\"]+\1|[^\s`'\"]+) )?(?:is |was )?"
    r"(?:does not exist|not found|not exist)"
    r"|not a valid model"
)
# OpenRouter's for a name that nobody serves.
_NO_ENDPOINTS = "no endpoints found"
_NOT_FOUND = 404
_BAD_REQUEST = 400
# What orjson takes for an integer; it makes a float of any other.
_LEAST_INTEGER = -(2**63)
_MOST_INTEGER = 2**64 - 1
# Half of a pair of UTF-16, as a model writes that is cut within an emoji.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def parse(body: bytes) -> Any:
    """Read JSON; `None` where it is none."""
    try:
        return orjson.loads(body)
    except ValueError:
        return _parse_leniently(body)


def failure(
    response: Response,
    error: Mapping[str, Any],
    *,
    problem: Problem | None,
    retry_after_s: float | None,
    rate_limits: RateLimits | None,
    flaw: str | None = None,
    is_openais: bool = False,
) -> Outcome:
    """
    Tell of an answer that is no reply.

    Args:
        error: what the upstream says, with `message`, `type`, `param` and `code` as far
            as there are any.
        flaw: what keeps a 200 from being a reply; empty or `None` for another status.
        is_openais: the error has OpenAI's shape, and is kept as it came.
    """
    told = _told(response, error.get("message"))
    code = _name(error.get("code") or error.get("type"))
    outcome = Outcome(
        status=response.status,
        problem=problem,
        code=code,
        message=told,
        rate_limits=rate_limits,
        request_id=request_id(response.headers),
        headers=response.headers,
        error=_kept(response, error, told, is_whole=is_openais),
    )
    if flaw:
        return outcome._replace(fault=Fault.GARBLED, message=f"{flaw}: {told}")
    return outcome._replace(retry_after_s=retry_after_s)


def garbled(message: str) -> Outcome:
    """Tell of a piece of a stream that is none of its format."""
    return Outcome(fault=Fault.GARBLED, message=message)


def request_id(head: Headers) -> str | None:
    """Read the id that an upstream gave to a request."""
    value = head.get(b"x-request-id") or head.get(b"request-id")
    # Longer ones are no ids; cut, one might show a part of a key that it repeats.
    if not value or len(value) > _NAME_CHARACTERS:
        return None
    return one_line(value.decode("latin-1"), _NAME_CHARACTERS)


def problem_by_words(status: int, message: str) -> Problem | None:
    """Guess what an error is about, where no code of its tells."""
    words = message.lower()
    if status in _CONTEXT_STATUSES and any(
        phrase in words for phrase in _CONTEXT_WORDS
    ):
        return Problem.CONTEXT_LENGTH
    if status == _BAD_REQUEST and _MISSING_MODEL.search(words):
        return Problem.NO_MODEL
    if status == _NOT_FOUND and _tells_no_model(words):
        return Problem.NO_MODEL
    return None


def _tells_no_model(words: str) -> bool:
    if not words or _NO_ENDPOINTS in words:
        # An API says what is missing. Here the address leads to none.
        return True
    return "model" in words and any(phrase in words for phrase in _MISSING_WORDS)


def one_line(text: str, most: int) -> str:
    """Cut an upstream's text to size, and take out what could forge lines of a log."""
    text = text[:most]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text.strip()


def excerpt(body: bytes) -> str:
    """Show the begin of a body that says nothing else."""
    text = " ".join(body[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "replace").split())
    if not text:
        return "an empty body"
    shown = text[:_EXCERPT_CHARACTERS]
    return repr(shown + "…" if len(text) > len(shown) else shown)


def _parse_leniently(body: bytes) -> Any:
    """Read what the standard library takes for JSON, though orjson does not."""
    try:
        return _sound(json.loads(body, parse_int=_integer, parse_constant=_refused))
    except (ValueError, RecursionError):
        return None


def _refused(text: str) -> None:
    """Refuse `NaN` and its like, which are no JSON (RFC 8259 §6)."""
    raise ValueError(text)


def _integer(text: str) -> int | float:
    number = int(text)
    return number if _LEAST_INTEGER <= number <= _MOST_INTEGER else float(text)


def _sound(value: Any) -> Any:
    """Replace what no UTF-8 can say, so that all of it can be written again."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [_sound(each) for each in value]
    if isinstance(value, dict):
        return {_sound(name): _sound(each) for name, each in value.items()}
    return value


def _kept(
    response: Response, error: Mapping[str, Any], told: str, *, is_whole: bool
) -> dict[str, Any]:
    """Keep an error as it came, or by its message and names."""
    if is_whole and error and len(response.body) <= _KEPT_BYTES:
        return dict(error)
    names = ("type", "param", "code")
    return {"message": told, **{name: _name(error.get(name)) for name in names}}


def _told(response: Response, message: Any) -> str:
    if response.status in _REDIRECTS:
        return (
            f"a redirect to another address ({response.status}), which is not followed"
        )
    told = one_line(str(message), _MESSAGE_CHARACTERS) if message else ""
    return told or excerpt(response.body)


def _name(value: Any) -> str | None:
    return None if value is None else one_line(str(value), _NAME_CHARACTERS)
