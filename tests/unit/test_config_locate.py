"""On which line of a TOML text a key stands."""

from __future__ import annotations

import tomllib

import pytest

from holybalance.config.locate import line_of
from holybalance.config.problems import KeyPath

TEXT = '''\
top = 1
[defaults]              # [not.a.header]
timeout = 1
breaker.failures = 2
note = """
timeout = 3
[[endpoints]]
"""
[[endpoints]]
name = "a # no comment ["
models = [
  "x",
  ["y"],
]
[endpoints.headers]
"X.Key" = 'v'
[[endpoints]]
rpm = { a = 1, b = 2 }

[ endpoints . prices . "gpt[4]" ]
input = 1
[defaults.extra.deep]
tokens = 1
[catalog."gpt-4.1"]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 1),
        (("defaults",), 2),
        (("defaults", "timeout"), 3),
        (("defaults", "breaker"), 4),
        (("defaults", "breaker", "failures"), 4),
        (("defaults", "missing"), 2),
        (("endpoints",), 9),
        (("endpoints", 0), 9),
        (("endpoints", 0, "name"), 10),
        (("endpoints", 0, "models", 1), 11),
        (("endpoints", 0, "headers", "X.Key"), 16),
        (("endpoints", 1), 17),
        (("endpoints", 1, "rpm", "b"), 18),
        (("endpoints", 1, "name"), 17),
        (("endpoints", 1, "prices", "gpt[4]", "input"), 21),
        (("defaults", "extra"), 22),
        (("defaults", "extra", "deep", "tokens"), 23),
        (("catalog", "gpt-4.1", "price"), 24),
        (("nowhere",), None),
        ((), None),
    ],
)
def test_line_of(path: KeyPath, line: int | None) -> None:
    """The key's own line, else that of the nearest table around it."""
    assert tomllib.loads(TEXT)
    assert line == line_of(TEXT, path)
