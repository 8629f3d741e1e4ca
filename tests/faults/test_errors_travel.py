"""Errors cross processes with all that they carry."""

from __future__ import annotations

import pickle

import pytest

from holybalance.errors import CallError
from tests.faults.scripted import Script, answering, error, http, silent
from tests.faults.world import World, failure_of

CASES = {
    "RequestError": answering(
        http(error("no", code="c"), "400 No", "X-Request-Id: r-1")
    ),
    "RetriesExhausted": answering(http(error("no"), "500 No")),
    "DeadlineExceeded": silent,
    "NoEndpoint": answering(http(error("no"), "401 No")),
    "Saturated": answering(http(error("no"), "429 No", "Retry-After: 900")),
}


@pytest.mark.parametrize(("name", "script"), CASES.items(), ids=CASES.keys())
def test_pickled(world: World, name: str, script: Script) -> None:
    """An error comes back the same: type, text, fields and attempts."""
    upstream = world.upstream(script)
    client = world.client(upstream, timeout=0.3, max_attempts=1 + (name[0] in "NS"))

    failure = failure_of(client)
    again = pickle.loads(pickle.dumps(failure))

    assert isinstance(failure, CallError)
    assert name == type(failure).__name__
    assert 1 == len(failure.attempts)
    assert type(failure) is type(again)
    assert vars(failure) == vars(again)
    assert (str(failure), repr(failure)) == (str(again), repr(again))
