"""Owns what all unit tests share: Hypothesis without chance, database or deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", derandomize=True, database=None, deadline=None)
settings.load_profile("unit")
