"""Owns what Anthropic's chat is made of: `encode`, `decode` and `reader`."""

from __future__ import annotations

from holybalance.wire.anthropic.reply import decode
from holybalance.wire.anthropic.request import PATH, encode
from holybalance.wire.anthropic.stream import reader

__all__ = ["PATH", "decode", "encode", "reader"]
