"""Owns what lets the library stand in for others; each one is loaded when asked for."""
