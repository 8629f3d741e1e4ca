"""Names are looked up in time, and once for all who ask."""

from __future__ import annotations

import errno
import socket
import threading
from concurrent.futures import Future

import pytest

from holybalance.wire.resolver import Address, Resolver

FOUND: Address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))


def test_numbers() -> None:
    """An address in numbers needs no thread."""
    names: list[str] = []

    def lookup(host: str, port: int) -> list[Address]:
        names.append(threading.current_thread().name)
        return [FOUND]

    resolver = Resolver(lookup)
    for host in ("127.0.0.1", "::1", "[::1]"):
        assert [FOUND] == resolver.resolve(host, 1, 5)
    assert ["MainThread"] * 3 == names


def test_shared() -> None:
    """One look-up serves all who wait for the name."""
    may_answer = threading.Event()
    calls: list[str] = []

    def lookup(host: str, port: int) -> list[Address]:
        calls.append(host)
        may_answer.wait(5)
        return [FOUND]

    resolver = Resolver(lookup)
    with pytest.raises(TimeoutError):
        resolver.resolve("a.example", 1, 0.01)
    with pytest.raises(TimeoutError):
        resolver.resolve("a.example", 1, 0.01)
    may_answer.set()
    assert [FOUND] == resolver.resolve("a.example", 1, 5)
    assert len(calls) <= 2
    assert {} == resolver._under_way or len(calls) == 1


def test_asked_anew() -> None:
    """A failure is not remembered."""
    answers: list[list[Address] | OSError] = [socket.gaierror(-2, "no"), [FOUND]]

    def lookup(host: str, port: int) -> list[Address]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    resolver = Resolver(lookup)
    with pytest.raises(socket.gaierror):
        resolver.resolve("a.example", 1, 5)
    assert [FOUND] == resolver.resolve("a.example", 1, 5)


def test_not_encodable() -> None:
    """A name that no resolver can take is an OSError like any other failure."""
    with pytest.raises(OSError, match="label"):
        Resolver().resolve("a" * 70 + ".example", 1, 5)


def test_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no thread can be started, the look-up fails and leaves nothing behind."""

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    resolver = Resolver(lambda host, port: [FOUND])
    with pytest.raises(OSError, match="thread"):
        resolver.resolve("a.example", 1, 5)
    assert {} == resolver._under_way


@pytest.mark.parametrize("reason", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_given_up(monkeypatch: pytest.MonkeyPatch, reason: type[BaseException]) -> None:
    """Whatever keeps the thread from starting, those who joined are told at once."""
    joined = []

    def start(self: threading.Thread) -> None:
        joined.append(resolver._join("a.example", 1))
        raise reason

    monkeypatch.setattr(threading.Thread, "start", start)
    resolver = Resolver(lambda host, port: [FOUND])
    with pytest.raises((OSError, reason)):
        resolver.resolve("a.example", 1, 5)

    failure = joined[0].exception(0)
    assert isinstance(failure, OSError)
    assert errno.ENOMEM == failure.errno
    assert {} == resolver._under_way


def test_started_all_the_same() -> None:
    """An interruption after the thread has begun breaks neither of the two."""
    resolver = Resolver(lambda host, port: [FOUND])
    future: Future[list[Address]] = Future()
    future.set_result([FOUND])

    resolver._give_up("a.example", 1, future, KeyboardInterrupt())
    resolver._run("a.example", 1, future)

    assert [FOUND] == future.result(0)
