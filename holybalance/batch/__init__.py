"""Owns a batch: a file of rows in, a file of answers out, stopped and resumed."""
