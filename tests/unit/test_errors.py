"""Every error: its place in the family, what it says, and that it travels."""

from __future__ import annotations

import copy
import datetime as dt
import inspect
import pickle
from typing import Any

import pytest

from holybalance import errors
from holybalance.errors import (
    BatchError,
    BudgetExceeded,
    CallError,
    ClientClosed,
    ConfigError,
    DeadlineExceeded,
    HolyBalanceError,
    LocalError,
    NoEndpoint,
    RequestError,
    RetriesExhausted,
    Saturated,
    StreamInterrupted,
    Unavailable,
    WorkerDied,
)
from holybalance.messages import Attempt, Rejection, Verdict

ATTEMPTS = (
    Attempt(endpoint="a", verdict=Verdict.SICK, latency_s=0.25, status=500),
    Attempt(
        endpoint="b",
        verdict=Verdict.LOST,
        latency_s=1.5,
        message="no answer",
        request_id="r-1",
    ),
)
CALL: dict[str, Any] = {"verdict": Verdict.SICK, "attempts": ATTEMPTS}
MADE: dict[type[HolyBalanceError], dict[str, Any]] = {
    HolyBalanceError: {},
    ConfigError: {},
    BatchError: {},
    ClientClosed: CALL,
    CallError: CALL,
    LocalError: CALL,
    WorkerDied: CALL,
    Unavailable: CALL,
    RetriesExhausted: CALL,
    DeadlineExceeded: CALL,
    StreamInterrupted: CALL | {"text": "Once", "body": {"choices": []}},
    RequestError: CALL | {"status": 400, "code": "bad"},
    Saturated: CALL | {"retry_after_s": 2.5},
    NoEndpoint: CALL | {"retry_after_s": 2.5},
    BudgetExceeded: CALL
    | {
        "budget": "daily",
        "limit_usd": 1.0,
        "spent_usd": 0.9,
        "reserved_usd": 0.05,
        "needed_usd": 0.2,
        "opens_at": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
    },
}
FAMILY = {
    HolyBalanceError: Exception,
    ConfigError: HolyBalanceError,
    BatchError: HolyBalanceError,
    ClientClosed: CallError,
    BudgetExceeded: CallError,
    CallError: HolyBalanceError,
    RequestError: CallError,
    LocalError: CallError,
    WorkerDied: LocalError,
    Saturated: CallError,
    Unavailable: CallError,
    NoEndpoint: Unavailable,
    RetriesExhausted: Unavailable,
    DeadlineExceeded: Unavailable,
    StreamInterrupted: Unavailable,
}


def make(kind: Any) -> Any:
    """Make an error with every field set."""
    error = kind("it went wrong", **MADE[kind])
    error.index = 7
    if isinstance(error, CallError):
        said = {"message": "no", "type": "server_error", "param": None, "code": None}
        error.answer = Rejection(500, said, {b"retry-after": b"1"})
    return error


def test_every_error_is_tested_here() -> None:
    """One added without a test is noticed."""
    ours = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception)
    }

    assert set(MADE) == set(FAMILY) == ours


@pytest.mark.parametrize(("kind", "parent"), FAMILY.items())
def test_the_family(kind: type[Exception], parent: type[Exception]) -> None:
    """A caller may catch as finely or coarsely as it likes."""
    assert (parent,) == kind.__bases__


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling(kind: Any, protocol: int) -> None:
    """With its message and all of its fields."""
    error = make(kind)
    back = pickle.loads(pickle.dumps(error, protocol))

    assert type(error) is type(back)
    assert error.args == back.args
    assert vars(error) == vars(back)
    assert str(error) == str(back)
    assert set(MADE[kind]) <= set(vars(back))


@pytest.mark.parametrize("kind", MADE)
def test_an_error_survives_copying(kind: Any) -> None:
    """As pickling does."""
    error = make(kind)

    assert vars(error) == vars(copy.deepcopy(error)) == vars(copy.copy(error))


def test_a_message_lists_the_attempts() -> None:
    """One to a line: where, what, how long, and what was said."""
    assert [
        "it went wrong",
        "  1. a sick 500 after 0.250 s",
        "  2. b lost after 1.500 s: no answer",
    ] == str(make(RetriesExhausted)).splitlines()


def test_an_error_without_attempts_is_its_message() -> None:
    """And nothing more."""
    assert "no" == str(RequestError("no"))
    assert (Verdict.CALLER, (), None, None) == (
        RequestError("no").verdict,
        RequestError("no").attempts,
        RequestError("no").status,
        RequestError("no").code,
    )


def test_attempts_may_come_from_any_iterable() -> None:
    """They are kept as a tuple that later attempts do not change."""
    attempts = list(ATTEMPTS)
    error = Unavailable("no", verdict=Verdict.SICK, attempts=attempts)
    attempts.clear()

    assert ATTEMPTS == error.attempts
