"""Owns money: what may be spent, is held for calls under way, and has been spent."""
