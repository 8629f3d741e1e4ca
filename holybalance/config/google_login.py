"""
Owns logging in to Google Cloud with an application's default credentials.

Imports google-auth, and nowhere else is it imported, when a token is first asked for.
Knows no endpoint and sends no request of ours.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import importlib.util
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, final

from holybalance.config.visible import flaw
from holybalance.errors import ConfigError

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# As google-auth has it (REFRESH_THRESHOLD in google/auth/_helpers.py): up to 4 minutes
# before its end, Google's metadata server answers with the same token again.
_RENEWED_BEFORE_S = 225.0
_PAUSE_S = 10.0
"""How long a token that still holds is left alone after it was asked to be renewed."""
_REQUEST_S = 10.0
"""How long Google may take for one answer; google-auth's own limit is two minutes."""
_LONGEST_REASON = 200
NEEDED = 'Google\'s own login needs google-auth; pip install "holybalance[vertex]"'
"""What to say where google-auth is not installed."""


class LoginError(Exception):
    """No token could be had; says why, and shows none."""


class _Token(NamedTuple):
    value: str
    ends: float
    """By the wall clock, seconds since the epoch."""


class _State:
    """What one process knows; a child of a fork begins anew."""

    def __init__(self) -> None:
        self.process = os.getpid()
        # Guards all below but the credentials; never held while Google is asked.
        self.lock = threading.Lock()
        self.token: _Token | None = None
        self.renewal: Future[_Token] | None = None
        self.rests_until = -math.inf
        # Only the thread that renews uses them.
        self.credentials: Any = None


@final
class GoogleLogin:
    """
    Gives the token for a request, from memory but once an hour or so.

    One thread at a time renews it. Others go on with the old one while it holds, and
    wait for that thread when it does not. Pickled, it takes no token along.

    Args:
        clock: the wall clock, seconds since the epoch: tokens end by that.
    """

    __slots__ = ("_clock", "_state")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._state = _State()

    def __call__(self) -> str:
        """
        Give a token that holds now.

        Raises:
            ConfigError: google-auth is not installed, or finds no credentials.
            LoginError: Google gave no token.
        """
        state = self._state
        if state.process != os.getpid():
            # Whoever was renewing in the parent does not go on here. Should two threads
            # both see that, one state of two is used once, and forgotten.
            state = self._state = _State()
        now = self._clock()
        token = state.token
        if token is not None and now < token.ends - _RENEWED_BEFORE_S:
            return token.value
        return self._renewed(state, now)

    def __repr__(self) -> str:
        return "GoogleLogin()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoogleLogin) and self._clock == other._clock

    def __hash__(self) -> int:
        return hash((GoogleLogin, self._clock))

    def __reduce__(self) -> tuple[Any, ...]:
        return GoogleLogin, (self._clock,)

    def _renewed(self, state: _State, now: float) -> str:
        with state.lock:
            token, renewal = state.token, state.renewal
            is_left_alone = renewal is not None or now < state.rests_until
            if token is not None and now < token.ends and is_left_alone:
                return token.value
            is_ours = renewal is None
            renewal = renewal or Future()
            state.renewal = renewal
        if is_ours:
            self._renew(state, renewal)
        error = renewal.exception()
        if error is not None:
            # A new one for each thread: raising changes an exception.
            raise type(error)(*error.args)
        return renewal.result().value

    def _renew(self, state: _State, renewal: Future[_Token]) -> None:
        """Ask Google, and settle the renewal whatever happens."""
        result: _Token | Exception = LoginError("asking Google for a token was ended")
        try:
            result = _fetch(state)
        except (ConfigError, LoginError) as error:
            result = error
        finally:
            now = self._clock()
            with state.lock:
                state.renewal = None
                state.rests_until = now + _PAUSE_S
                if isinstance(result, _Token):
                    state.token = result
                elif state.token is not None and now < state.token.ends:
                    result = state.token
            if isinstance(result, _Token):
                renewal.set_result(result)
            else:
                renewal.set_exception(result)


def is_installed() -> bool:
    """Tell whether google-auth is there."""
    try:
        return importlib.util.find_spec("google.auth") is not None
    except ModuleNotFoundError:  # not even a package `google`
        return False


def _fetch(state: _State) -> _Token:
    """Ask Google; the credentials are looked for once, and kept when they are found."""
    try:
        auth = importlib.import_module("google.auth")
        exceptions = importlib.import_module("google.auth.exceptions")
        requests = importlib.import_module("google.auth.transport.requests")
    except ImportError as error:
        raise ConfigError(NEEDED) from error
    request = functools.partial(requests.Request(), timeout=_REQUEST_S)
    try:
        if state.credentials is None:
            state.credentials, _ = auth.default(scopes=_SCOPES)
        state.credentials.refresh(request)
    except exceptions.DefaultCredentialsError as error:
        raise ConfigError(
            f"no credentials of Google's were found: {_reason(error)}; run "
            "`gcloud auth application-default login`, set "
            "$GOOGLE_APPLICATION_CREDENTIALS, or give the endpoint an api_key"
        ) from None
    except Exception as error:  # noqa: BLE001 - google-auth lets others' errors through
        # Without its cause: that may hold the whole answer, tokens included.
        reason = f"{type(error).__name__}: {_reason(error)}"
        raise LoginError(f"Google gave no token: {reason}") from None
    return _token_of(state.credentials)


def _reason(error: Exception) -> str:
    """Give an error's first words; what follows them may be an answer of Google's."""
    text = " ".join(str(error.args[0] if error.args else "").split())
    return text[:_LONGEST_REASON].rstrip(".") or "no reason given"


def _token_of(credentials: Any) -> _Token:
    value, expiry = credentials.token, credentials.expiry
    found = flaw(value) if isinstance(value, str) else "is none"
    if found is not None:
        raise LoginError(f"Google gave no token: what it gave {found}")
    if expiry is None:
        return _Token(value, math.inf)
    # google-auth gives the time in UTC, without saying so.
    aware = expiry if expiry.tzinfo else expiry.replace(tzinfo=dt.UTC)
    return _Token(value, aware.timestamp())
