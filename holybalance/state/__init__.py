"""Owns what processes know of each other: rate limits, money, rests, in one store."""
