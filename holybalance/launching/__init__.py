"""Owns worker processes: what they are told, what they answer, and their deaths."""
