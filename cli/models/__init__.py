"""Owns the `models` command: what is known of models, and who serves them."""
