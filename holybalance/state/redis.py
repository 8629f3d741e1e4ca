"""Owns a store on a Redis server: its connection and its faults."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import orjson
import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from holybalance.errors import ConfigError
from holybalance.state.answers import unpacked, within_bounds
from holybalance.state.rules import (
    FORGET_AFTER_S,
    KEEP_BUCKET_S,
    KEEP_MONEY_S,
    TIMEOUT_S,
    Rules,
)
from holybalance.state.script import KEYS, SCRIPT
from holybalance.state.store import BURST_SHARE, Answer, News, StoreError

_PRUNE_EVERY_S = 3600.0
# The server forgets scripts; it knows them by this (the EVALSHA command).
_DIGEST = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
_OF_KINDS: dict[type[Exception], str] = {
    exceptions.MovedError: "it is a cluster's node that has not our keys; name another",
    exceptions.ReadOnlyError: "it is a replica; name the server that may be written",
    exceptions.NoPermissionError: "the user may not run EVALSHA and EVAL on our keys",
    exceptions.AuthenticationError: "it refuses the password or the user's name",
    exceptions.OutOfMemoryError: "its memory is full",
    exceptions.BusyLoadingError: "it is still loading its data",
    exceptions.MasterDownError: "it has lost the server that it is a replica of",
    exceptions.TimeoutError: f"no answer within {TIMEOUT_S} s",
}
"""What the client's errors mean to people; the first that fits holds."""
_OF_WORDS = {
    "non deterministic": "it is older than Redis 5; upgrade it",
    "WRONGTYPE": "something else is under our keys; choose another namespace",
    "READONLY": _OF_KINDS[exceptions.ReadOnlyError],
    "OOM ": _OF_KINDS[exceptions.OutOfMemoryError],
    "MOVED": _OF_KINDS[exceptions.MovedError],
    "MISCONF": "it cannot save its data and takes none",
    "Authentication required": "it wants a password; put one into the URL",
    "NOAUTH": "it wants a password; put one into the URL",
    "without any password": "it has no password; leave it out of the URL",
    "DB index": "it has no database of that number",
    "max number of clients": "it takes no more connections",
}
"""And what the server's words do, where a script ran into an error, or are clearer."""


class RedisStore:
    """
    A store that processes of many machines share.

    Its memory is as durable as the server's: what was spent is known after a restart
    where the server saves its data, or where a process that knew it is still awake.

    Args:
        url: of the server; see `redis.Redis.from_url`.
        rules: the namespace and the lengths of leases and of grace.
        clock: for tests; the server's where there is none, which all processes share.

    Raises:
        ConfigError: the URL is wrong.
    """

    def __init__(
        self, url: str, rules: Rules, clock: Callable[[], float] | None = None
    ) -> None:
        self._url = url
        self._clock = clock
        self._where = _shown(url)
        # What has braces of its own would move the hash tag.
        tag = quote(rules.namespace, safe="")
        self._keys = tuple(f"{{{tag}}}:{key}" for key in KEYS)
        self._rules = {
            "lease_s": rules.lease_s,
            "grace_s": rules.grace_s,
            "burst_share": BURST_SHARE,
            "forget_after_s": FORGET_AFTER_S,
            "keep_money_s": int(KEEP_MONEY_S),
            "keep_bucket_s": int(KEEP_BUCKET_S),
            "prune_every_s": _PRUNE_EVERY_S,
        }
        self._process = os.getpid()
        self._client = _client(url)

    def __repr__(self) -> str:
        return f"RedisStore({self._where!r})"

    def exchange(self, news: News) -> Answer:
        """Take a process's news and answer, atomically; see `Store`."""
        try:
            if self._process != os.getpid():
                # The parent's connection stays open for the parent.
                self._process, self._client = os.getpid(), _client(self._url)
            return unpacked(self._run(self._written(within_bounds(news))))
        except (exceptions.RedisError, OSError, ValueError, TypeError) as error:
            reason = self._reason(error)
        self._drop_connection()
        # Without its cause or context: a server may repeat a password in its words.
        raise StoreError(f"{self._where}: {reason}")

    def close(self) -> None:
        """Let go of the connection."""
        if self._process == os.getpid():
            self._client.close()

    def _run(self, written: bytes) -> bytes | str:
        arguments = (len(self._keys), *self._keys, written)
        try:
            reply = self._client.evalsha(_DIGEST, *arguments)
        except exceptions.NoScriptError:
            reply = self._client.eval(SCRIPT, *arguments)
        if not isinstance(reply, bytes | str):
            raise ValueError(f"it answers with {type(reply).__name__}")
        return reply

    def _written(self, news: News) -> bytes:
        return orjson.dumps(
            {
                "process": news.process,
                "number": news.number,
                "generation": news.generation,
                "new_generation": secrets.token_hex(8),
                "draws": [tuple(draw) for draw in news.draws],
                "claims": [
                    (*claim[:-1], int(claim.is_lasting)) for claim in news.claims
                ],
                "rests": list(news.rests.items()),
                "lifted": news.lifted,
                "is_leaving": news.is_leaving,
                "rules": self._rules,
                "now": None if self._clock is None else self._clock(),
            }
        )

    def _drop_connection(self) -> None:
        # A reply that is late must not be taken for the next one's.
        with contextlib.suppress(exceptions.RedisError, OSError):
            self._client.connection_pool.disconnect()

    def _reason(self, error: Exception) -> str:
        text = str(error)
        for words, reason in _OF_WORDS.items():
            if words in text:
                return reason
        for kind, reason in _OF_KINDS.items():
            if isinstance(error, kind):
                return reason
        if isinstance(error, exceptions.ConnectionError):
            return f"it cannot be reached ({_cause(error)})"
        if isinstance(error, exceptions.ResponseError) and self._is_public(text):
            return f"it says: {text[:200]}"
        return f"it answers in a way that is not understood ({type(error).__name__})"

    def _is_public(self, text: str) -> bool:
        parts = urlsplit(self._url)
        options = (value for _, value in parse_qsl(parts.query))
        secrets_ = (unquote(parts.password or ""), *options)
        return not any(secret and secret in text for secret in secrets_)


def _client(url: str) -> Any:
    with contextlib.suppress(ValueError, TypeError):
        client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            # One that timed out may have been made: only the caller may repeat it.
            retry=Retry(NoBackoff(), 0),
            # Redis 5 knows no other.
            protocol=2,
        )
        client.connection_pool.make_connection()
        return client
    # Without its cause, whose words may hold a part of the password.
    raise ConfigError(
        "url of [state] cannot be read as redis://USER:PASSWORD@HOST:PORT/NUMBER; "
        "write special characters of a password as %XX"
    )


def _shown(url: str) -> str:
    """Show where the server is, and no secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"Redis at {host}{parts.path}"


def _cause(error: BaseException) -> str:
    """Name what the system said, which knows no secret."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return "the connection was refused or broke off"
