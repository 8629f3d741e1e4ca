"""Owns what providers answer, byte by byte, and what is to come of each answer."""
