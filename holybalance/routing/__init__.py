"""Owns which model a call goes to."""
