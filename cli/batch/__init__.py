"""Owns what `run` is made of: lines in, rows, calls, rows out, and their progress."""
