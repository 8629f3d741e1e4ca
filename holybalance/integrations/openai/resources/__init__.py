"""Owns the parts of a client, by the official package's names; imports none of them."""
