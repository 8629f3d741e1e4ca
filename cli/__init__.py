"""Owns the command line; installed as `holybalance_cli`."""
