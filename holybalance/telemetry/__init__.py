"""Owns what happened: counts and latencies, kept cheaply and merged exactly."""
