"""Owns the mock upstream's embeddings: the same vector for the same input, always."""

from __future__ import annotations

import hashlib
import math
import struct

_CHARACTERS_PER_TOKEN = 4
_BYTES = 4
MOST_DIMENSIONS = 65_536
_MIDDLE = 2**31


def packed(source: bytes, dimensions: int) -> bytes:
    """
    Make a vector of length 1, as the real ones are, in packed float32s.

    It looks random, so two inputs that differ at all are far apart. The numbers are
    little-endian, as OpenAI's base64 has them.
    """
    # The digest of shake goes on for as long as one likes (FIPS 202, 6.2).
    digest = hashlib.shake_128(source).digest(dimensions * _BYTES)
    numbers = [n / _MIDDLE - 1 for n in struct.unpack(f"<{dimensions}I", digest)]
    length = math.hypot(*numbers) or 1.0
    return struct.pack(f"<{dimensions}f", *(number / length for number in numbers))


def unpacked(vector: bytes) -> tuple[float, ...]:
    """Read the numbers of a packed vector."""
    return struct.unpack(f"<{len(vector) // _BYTES}f", vector)


def tokens_in(text: str) -> int:
    """Guess how many tokens a text has."""
    return tokens_of(len(text))


def tokens_of(characters: int) -> int:
    """Guess how many tokens so many characters are."""
    return -(-characters // _CHARACTERS_PER_TOKEN)
