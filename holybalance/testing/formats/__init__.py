"""Owns what the mock upstream says in each wire format; knows nothing of sending it."""

from holybalance.testing.formats.values import Format

__all__ = ["Format"]
