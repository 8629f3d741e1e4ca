"""Owns what `demo` is made of: a scenario, its performance, and the view of it."""
