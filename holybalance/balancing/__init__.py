"""Owns which endpoint serves a call, and what happens when one fails."""
