"""Owns nothing but the one door to Gemini's chats: `encode`, `decode`, `reader`."""

from __future__ import annotations

from holybalance.wire.gemini.reply import decode
from holybalance.wire.gemini.request import encode
from holybalance.wire.gemini.stream import reader

__all__ = ["decode", "encode", "reader"]
