"""Owns the bytes: connections, HTTP framing, and each provider's wire format."""
