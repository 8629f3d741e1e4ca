"""Owns how the content of a message becomes Gemini's parts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from holybalance.wire.formats import Gaps
from holybalance.wire.gemini.naming import Json, camel, invalid

# What says more of a part without being its content.
_ABOUT = frozenset(
    {"mediaResolution", "videoMetadata", "partMetadata", "thoughtSignature"}
)
# A part in Gemini's own shape has one of these, and no `type`.
_NATIVE = frozenset(
    {
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
        "toolCall",
        "toolResponse",
    }
)
# By what Google's documentation lists as readable. The system's table of types would
# make the same request another one on another machine.
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "xml": "text/xml",
    "wav": "audio/wav",
    "mp3": "audio/mp3",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
}


def parts_of(content: Any, where: str, gaps: Gaps) -> list[Json]:
    """
    Translate a content, a text or a list of parts.

    Empty texts, which Google takes for parts without any content and refuses, are left
    out, but for signed ones.

    Raises:
        RequestError: it is neither, or a part is not as it must be.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}] if content else []
    if not isinstance(content, list | tuple):
        raise invalid(f"{where} must be a text or a list of parts")
    parts: list[Json] = []
    for number, piece in enumerate(content):
        parts += _part(piece, f"{where}[{number}]", gaps)
    return [part for part in parts if not _is_empty(part)]


def text_of(parts: list[Json]) -> str:
    """Join the texts among parts."""
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _is_empty(part: Json) -> bool:
    return part.get("text") == "" and not part.get("thoughtSignature")


def _part(piece: Any, where: str, gaps: Gaps) -> list[Json]:
    if not isinstance(piece, Mapping):
        raise invalid(f"{where} must be an object")
    kind = piece.get("type")
    if kind is None and any(camel(str(name)) in _NATIVE for name in piece):
        return [{camel(str(name)): value for name, value in piece.items()}]
    if not isinstance(kind, str):
        raise invalid(f"{where}.type must say what it is")
    read = _READERS.get(kind)
    if read is None:
        gaps.note_content(f"{kind} in messages")
        return []
    about = {
        camel(name): value
        for name, value in piece.items()
        if isinstance(name, str) and camel(name) in _ABOUT
    }
    return [{**part, **about} for part in read(piece, f"{where}.{kind}", gaps)]


def _text(piece: Mapping[str, Any], where: str, _: Gaps) -> list[Json]:
    text = piece.get(str(piece["type"]))
    if not isinstance(text, str):
        raise invalid(f"{where} must be a text")
    return [{"text": text}]


def _media(piece: Mapping[str, Any], where: str, gaps: Gaps) -> list[Json]:
    held = piece.get(str(piece["type"]))
    url = held.get("url") if isinstance(held, Mapping) else held
    if isinstance(held, Mapping) and held.get("detail") not in (None, "auto"):
        gaps.note_option("detail of images")
    return [_by_url(url, f"{where}.url")]


def _audio(piece: Mapping[str, Any], where: str, _: Gaps) -> list[Json]:
    audio = piece.get("input_audio")
    audio = audio if isinstance(audio, Mapping) else {}
    data, form = audio.get("data"), audio.get("format")
    if not isinstance(data, str) or not isinstance(form, str):
        raise invalid(f"{where} must have data and a format, both texts")
    return [_inline(_TYPES.get(form, f"audio/{form}"), data)]


def _file(piece: Mapping[str, Any], where: str, gaps: Gaps) -> list[Json]:
    file = piece.get("file")
    file = file if isinstance(file, Mapping) else {}
    data, name = file.get("file_data"), file.get("filename")
    if isinstance(data, str):
        if data.startswith("data:"):
            return [_by_url(data, f"{where}.file_data")]
        kind = _type_of(name) if isinstance(name, str) else None
        return [_inline(kind or "application/pdf", data)]
    if file.get("file_id") is None:
        raise invalid(f"{where} must have file_data, a text, or a file_id")
    gaps.note_content("file_id in messages")
    return []


_Reader = Callable[[Mapping[str, Any], str, Gaps], list[Json]]
_READERS: Mapping[str, _Reader] = {
    "text": _text,
    "refusal": _text,
    "image_url": _media,
    "video_url": _media,
    "input_audio": _audio,
    "file": _file,
}


def _by_url(url: Any, where: str) -> Json:
    if isinstance(url, str):
        if url.startswith("data:"):
            return _by_data_url(url, where)
        if url.startswith(("https://", "http://", "gs://")):
            kind = _type_of(url)
            return {"fileData": {"fileUri": url} | ({"mimeType": kind} if kind else {})}
    raise invalid(f"{where} must be a URL of data, https, http or gs")


def _by_data_url(url: str, where: str) -> Json:
    """Take a `data:` URL apart (RFC 2397)."""
    head, comma, data = url.removeprefix("data:").partition(",")
    if not comma:
        raise invalid(f"{where} is a data URL without a comma, so without data")
    kind, *parameters = head.split(";")
    if not parameters or parameters[-1].strip().lower() != "base64":
        data = base64.b64encode(_unquoted(data, where)).decode()
    return _inline(kind or "text/plain", data)


def _unquoted(data: str, where: str) -> bytes:
    try:
        return unquote_to_bytes(data)
    except UnicodeEncodeError as error:
        raise invalid(f"{where} has letters that are no Unicode") from error


def _inline(kind: str, data: str) -> Json:
    return {"inlineData": {"mimeType": kind, "data": data}}


def _type_of(name: str) -> str | None:
    """Guess a type from the end of a URL's path or of a file's name."""
    try:
        place = urlsplit(name).path
    except ValueError:
        return None
    return _TYPES.get(place.rpartition(".")[2].lower())
