"""Owns the `run` command: a file of prompts in, a file of answers out."""
