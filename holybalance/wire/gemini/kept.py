"""
Owns what of a reply has no place in OpenAI's shape, yet must be sent back.

It is kept in `extra_content.google`, where Google's own OpenAI-compatible layer keeps
it: of a tool call its `thought_signature`; of a message `parts`, a list of Gemini's
parts that are more than text, each with the number of characters of the content that
go before it (`at`) and, where it is signed text, how many are its own (`length`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holybalance.wire.gemini.naming import Json


def keep_signature(signature: Any) -> Json | None:
    """Give what keeps the signature of a call; `None` where there is none."""
    if not isinstance(signature, str) or not signature:
        return None
    return {"google": {"thought_signature": signature}}


def keep_parts(entries: list[Json]) -> Json:
    """Give what keeps parts."""
    return {"google": {"parts": entries}}


def entry(part: Mapping[str, Any], at: int) -> Json | None:
    """Give what is to be kept of a part; `None` where a message holds all of it."""
    text = part.get("text")
    if not isinstance(text, str) or part.get("thought"):
        is_plain = isinstance(text, str) and not part.get("thoughtSignature")
        return None if is_plain else {"at": at, "part": dict(part)}
    rest = {name: value for name, value in part.items() if name != "text" and value}
    return {"at": at, "length": len(text), "part": rest} if rest else None


def signature_of(extra: Any) -> str | None:
    """Find the signature that was kept; `None` where there is none."""
    signature = _google(extra).get("thought_signature")
    return signature if isinstance(signature, str) and signature else None


def placed(text: str, extra: Any) -> list[Json]:
    """
    Put the parts that were kept back into the text that they came with.

    Where the text has become a shorter one meanwhile, what stood beyond its end is
    left out: a signature of something else helps nobody.
    """
    parts: list[Json] = []
    cursor = 0
    for at, length, part in _entries(text, extra):
        if at < cursor or at + (length or 0) > len(text):
            continue
        if at > cursor:
            parts.append({"text": text[cursor:at]})
        cursor = at + (length or 0)
        parts.append(part if length is None else {"text": text[at:cursor], **part})
    if cursor < len(text):
        parts.append({"text": text[cursor:]})
    return parts


def _entries(text: str, extra: Any) -> Iterator[tuple[int, int | None, Json]]:
    kept = _google(extra)
    signature = signature_of(extra)
    if signature and text:
        # Google's own layer keeps one for all of a text.
        yield 0, len(text), {"thoughtSignature": signature}
    entries = kept.get("parts")
    for one in entries if isinstance(entries, list | tuple) else ():
        if not isinstance(one, Mapping) or not isinstance(one.get("part"), Mapping):
            continue
        at, length = one.get("at"), one.get("length")
        if isinstance(at, int) and at >= 0 and _is_length(length):
            yield at, length, dict(one["part"])


def _is_length(length: Any) -> bool:
    return length is None or (isinstance(length, int) and length >= 0)


def _google(extra: Any) -> Mapping[str, Any]:
    google = extra.get("google") if isinstance(extra, Mapping) else None
    return google if isinstance(google, Mapping) else {}
