"""Owns how the parts of OpenAI's messages become Anthropic's content blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from holybalance.wire.anthropic.checks import (
    a_list,
    a_text,
    an_object,
    mistake,
    shown,
)
from holybalance.wire.formats import Gaps
from holybalance.wire.shape import Json

_PDF = "application/pdf"
# anthropic: types/base64_image_source_param.py
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
# Not a registered name, but a common one.
_OTHER_NAMES = {"image/jpg": "image/jpeg"}
# They see images as they are, up to a size; that is what these ask for.
_USUAL_DETAILS = (None, "auto", "high")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_CACHE_BREAKPOINT = "prompt_cache_breakpoint"


class Notes:
    """Takes note of what is lacking, once each, however many messages have it."""

    def __init__(self, gaps: Gaps) -> None:
        self._gaps = gaps
        self._noted: set[str] = set()

    def option(self, name: str) -> None:
        """Take note of what may be left out where that is wanted."""
        if name not in self._noted:
            self._noted.add(name)
            self._gaps.note_option(name)

    def content(self, what: str) -> None:
        """Take note of what may not."""
        if what not in self._noted:
            self._noted.add(what)
            self._gaps.note_content(what)


def blocks(content: Any, where: str, notes: Notes) -> list[Json]:
    """
    Translate a message's content; empty texts, which Anthropic refuses, are left out.

    Raises:
        RequestError: something in it is not as it must be.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [text_block(content)] if says_something(content) else []
    parts = a_list(content, where)
    found = [
        _block(an_object(part, f"{where}[{place}]"), f"{where}[{place}]", notes)
        for place, part in enumerate(parts)
    ]
    return [block for block in found if block is not None]


def text_block(text: str) -> Json:
    """Write a text."""
    return {"type": "text", "text": text}


def says_something(text: str) -> bool:
    """Tell whether a text is more than white space, which Anthropic refuses too."""
    return bool(text) and not text.isspace()


def _block(part: Mapping[str, Any], where: str, notes: Notes) -> Json | None:
    kind = a_text(part.get("type"), f"{where}.type")
    translate = _TRANSLATIONS.get(kind)
    if translate is None:
        # Anthropic's own: image, document, tool_result, search_result …
        return dict(part)
    block = translate(part, where, notes)
    if block is None:
        return None
    own = {"type", kind, _CACHE_BREAKPOINT}
    extras = {name: value for name, value in part.items() if name not in own}
    if part.get(_CACHE_BREAKPOINT) is not None:
        notes.option(_CACHE_BREAKPOINT)
    return {**extras, **block}


def _text(part: Mapping[str, Any], where: str, _: Notes) -> Json | None:
    kind = part["type"]
    text = a_text(part.get(kind), f"{where}.{kind}")
    return text_block(text) if says_something(text) else None


def _image(part: Mapping[str, Any], where: str, notes: Notes) -> Json | None:
    image = part.get("image_url")
    if isinstance(image, str):
        image = {"url": image}
    image = an_object(image, f"{where}.image_url")
    detail = image.get("detail")
    if detail not in _USUAL_DETAILS:
        notes.option(f"detail {shown(detail)} of images")
    where = f"{where}.image_url.url"
    url = a_text(image.get("url"), where)
    scheme = url.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    if scheme != "data":
        if ":" not in url or _SCHEME.fullmatch(scheme) is None:
            raise mistake(f"{where} is {shown(url)}, not a URL")
        notes.content(f"images at {scheme}: URLs")
        return None
    kind, data = _data(url, where)
    if kind not in _IMAGES:
        notes.content(f"images of the type {shown(kind)}")
        return None
    return {"type": "image", "source": _base64(kind, data)}


def _file(part: Mapping[str, Any], where: str, notes: Notes) -> Json | None:
    file = an_object(part.get("file"), f"{where}.file")
    if file.get("file_data") is None and file.get("file_id") is not None:
        # An id is of the provider that the file was sent to, and this is another.
        notes.content("file_id in messages")
        return None
    where = f"{where}.file"
    given = a_text(file.get("file_data"), f"{where}.file_data")
    kind, data = _data(given, f"{where}.file_data")
    if kind != _PDF:
        notes.content(f"files of the type {shown(kind)}")
        return None
    block = {"type": "document", "source": _base64(kind, data)}
    if file.get("filename") is not None:
        block["title"] = a_text(file["filename"], f"{where}.filename")
    return block


def _audio(_: Mapping[str, Any], __: str, notes: Notes) -> Json | None:
    notes.content("input_audio in messages")
    return None


def _data(url: str, where: str) -> tuple[str, str]:
    """Read a data URL (RFC 2397): the type of what is in it, and that as base64."""
    head, _, data = url.partition(",")
    scheme, _, described = head.partition(":")
    kind, *parameters = described.lower().split(";")
    if scheme.lower() != "data" or "base64" not in parameters or not data:
        raise mistake(f'{where} is not "data:<type>;base64,<data>"')
    return _OTHER_NAMES.get(kind, kind), data


def _base64(kind: str, data: str) -> Json:
    return {"type": "base64", "media_type": kind, "data": data}


_TRANSLATIONS: Mapping[str, Callable[[Mapping[str, Any], str, Notes], Json | None]] = {
    "text": _text,
    "refusal": _text,
    "image_url": _image,
    "file": _file,
    "input_audio": _audio,
}
