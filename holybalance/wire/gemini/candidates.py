"""Owns how a candidate, whole or a piece of one, becomes a choice in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.errors import RequestError
from holybalance.wire.gemini import kept
from holybalance.wire.gemini.naming import Json
from holybalance.wire.shape import REFUSED
from holybalance.wire.writing import written

_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    # A request's own bound was reached, and another may go on.
    "CONTINUATION": "length",
    "SAFETY": REFUSED,
    "RECITATION": REFUSED,
    "LANGUAGE": REFUSED,
    "BLOCKLIST": REFUSED,
    "PROHIBITED_CONTENT": REFUSED,
    "SPII": REFUSED,
    "IMAGE_SAFETY": REFUSED,
    "IMAGE_PROHIBITED_CONTENT": REFUSED,
    "IMAGE_RECITATION": REFUSED,
    "ESCALATION": REFUSED,
    "PUP_LIMITED_DISABLED": REFUSED,
    "MODEL_ARMOR": REFUSED,
}
# What has its place in a choice. The rest, such as `groundingMetadata`, stays beside.
_PLACED = frozenset({"content", "finishReason", "index", "logprobsResult"})
# OpenAI takes no ids of calls beyond 40 characters, should they go there one day.
_ID_CHARACTERS = 24


class MisshapenError(Exception):
    """An answer is not of Gemini's shape; the text says in what."""


class Candidate:
    """
    One candidate as it comes, in one piece or in several.

    Args:
        answer_id: of the whole answer, of which ids of calls are made.
        index: its number among the candidates.
    """

    def __init__(self, answer_id: str, index: int) -> None:
        self._prefix = f"call_{answer_id[:_ID_CHARACTERS]}_{index}"
        self._index = index
        self._characters = 0
        self._calls = 0
        self._given: str | None = None
        self.is_finished = False

    def read(self, piece: Mapping[str, Any]) -> Json:
        """
        Give a choice with the `delta` that a piece brings.

        A finish reason is given once, unless another follows it. What Gemini itself
        calls it is in `native_finish_reason`, for OpenAI has no word for, say,
        MALFORMED_FUNCTION_CALL, where the model stopped since it could not go on.

        Raises:
            MisshapenError: it is not of Gemini's shape.
        """
        delta = self._delta(_parts(piece))
        reason = piece.get("finishReason")
        # A candidate that goes on after its end has not ended.
        self.is_finished = bool(reason) or (self.is_finished and not delta)
        choice = {name: told for name, told in piece.items() if name not in _PLACED}
        choice |= {"index": self._index, "delta": delta, "finish_reason": None}
        choice["logprobs"] = _logprobs(piece.get("logprobsResult"))
        finish = self._finish(reason)
        if finish != self._given and reason:
            self._given = finish
            choice |= {"finish_reason": finish, "native_finish_reason": reason}
        return choice

    def _finish(self, reason: Any) -> str:
        told = _REASONS.get(reason, "stop") if isinstance(reason, str) else "stop"
        return "tool_calls" if told == "stop" and self._calls else told

    def _delta(self, parts: list[Any]) -> Json:
        delta: Json = {}
        entries: list[Json] = []
        for part in parts:
            if not isinstance(part, dict):
                raise MisshapenError("a part that is no object")
            if part.get("functionCall") is not None:
                delta.setdefault("tool_calls", []).append(self._call(part))
                continue
            entry = kept.entry(part, self._characters)
            if entry is not None and part:
                entries.append(entry)
            text = part.get("text")
            if isinstance(text, str):
                name = "reasoning_content" if part.get("thought") else "content"
                delta[name] = delta.get(name, "") + text
                self._characters += len(text) if name == "content" else 0
        if entries:
            delta["extra_content"] = kept.keep_parts(entries)
        return delta

    def _call(self, part: Json) -> Json:
        told = part["functionCall"]
        name = told.get("name") if isinstance(told, dict) else None
        if not isinstance(name, str) or not name:
            raise MisshapenError("a function call without a name")
        if told.get("willContinue") or told.get("partialArgs"):
            raise MisshapenError("a function call in pieces, which we do not ask for")
        own = told.get("id")
        call: Json = {
            "index": self._calls,
            "id": own if own and isinstance(own, str) else self._id(),
            "type": "function",
            "function": {"name": name, "arguments": _arguments(told.get("args"))},
        }
        self._calls += 1
        extra = kept.keep_signature(part.get("thoughtSignature"))
        return call | ({"extra_content": extra} if extra else {})

    def _id(self) -> str:
        """Make the same id each time for the call at this place."""
        return f"{self._prefix}_{self._calls}"


def numbered(pieces: list[Any]) -> list[tuple[int, Json]]:
    """
    Give candidates, or pieces of them, with their numbers.

    Google's JSON leaves out what is 0; older answers number none.

    Raises:
        MisshapenError: one is none, or its number is none.
    """
    given: list[Any] = []
    for piece in pieces:
        if not isinstance(piece, dict):
            raise MisshapenError("a candidate that is no object")
        given.append(piece.get("index"))
    numbers = [0 if number is None else number for number in given]
    if not all(isinstance(number, int) for number in numbers):
        raise MisshapenError("a candidate whose index is no number")
    if len(set(numbers)) < len(numbers):
        return list(enumerate(pieces))
    return list(zip(numbers, pieces, strict=True))


def message_of(delta: Json) -> Json:
    """Make a message of the only delta that there is."""
    message = {"role": "assistant", "content": None, "refusal": None, **delta}
    for call in message.get("tool_calls", ()):
        # Only pieces of a stream say which call they belong to.
        del call["index"]
    return message


def _parts(piece: Mapping[str, Any]) -> list[Any]:
    content = piece.get("content")
    if content is None:
        return []
    parts = content.get("parts") if isinstance(content, dict) else ()
    if parts is None:
        return []
    if not isinstance(parts, list):
        raise MisshapenError("content that has no list of parts")
    return parts


def _arguments(args: Any) -> str:
    if not isinstance(args, dict | None):
        raise MisshapenError("a function call whose args are no object")
    try:
        return written(args or {}).decode()
    except RequestError as error:
        # Read JSON can be written, unless it is nested deeper than anybody means it.
        raise MisshapenError("a function call whose args are too deep") from error


def _logprobs(result: Any) -> Json | None:
    if not isinstance(result, dict):
        return None
    tops = _objects(result.get("topCandidates"))
    tokens: list[Json] = []
    for place, chosen in enumerate(_objects(result.get("chosenCandidates"))):
        others = tops[place].get("candidates") if place < len(tops) else None
        top = [_token(other) for other in _objects(others)]
        tokens.append({**_token(chosen), "top_logprobs": top})
    return {"content": tokens, "refusal": None}


def _token(told: Json) -> Json:
    token, logprob = told.get("token"), told.get("logProbability")
    text = token if isinstance(token, str) else ""
    return {
        "token": text,
        # Google's JSON leaves out what is 0.
        "logprob": float(logprob) if isinstance(logprob, int | float) else 0.0,
        "bytes": list(text.encode("utf-8", "surrogatepass")),
    }


def _objects(values: Any) -> list[Json]:
    """Give the items of a list, what is no object as an empty one."""
    items = values if isinstance(values, list) else []
    return [item if isinstance(item, dict) else {} for item in items]
