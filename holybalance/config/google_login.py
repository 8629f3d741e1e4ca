"""
Owns logging in to Google Cloud with an application's default credentials.

Imports google-auth, and nowhere else is it imported, when a token is first asked for.
Knows no endpoint and sends no request of ours.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, final

from holybalance.config.visible import flaw
from holybalance.errors import ConfigError, HolyBalanceError

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# As google-auth has it (REFRESH_THRESHOLD in google/auth/_helpers.py): up to 4 minutes
# before its end, Google's metadata server answers with the same token again.
_RENEWED_BEFORE_S = 225.0
_PAUSE_S = 10.0
"""How long a token that still holds is left alone after it was asked to be renewed."""
_ASKING_S = 10.0
"""
How long Google may take, repeated requests included.

google-auth's own limit is two minutes for each. Its pauses between requests, of 8
seconds at the most (_exponential_backoff.py), may come on top.
"""
_PATIENCE_S = 15.0
"""How long a thread waits for another one that asks, and until none waits for it."""
_LONGEST_REASON = 200
NEEDED = 'Google\'s own login needs google-auth; pip install "holybalance[vertex]"'
"""What to say where google-auth is not installed."""


class LoginError(HolyBalanceError):
    """No token could be had; says why, and shows none."""


class _Token(NamedTuple):
    value: str
    ends: float
    """By the wall clock, seconds since the epoch."""


class _Renewal:
    """
    One thread's asking of Google.

    Its lock is held while that goes on, by a `with`: whatever ends it, at any line,
    frees the lock and so those that wait.
    """

    def __init__(self, timer: Callable[[], float]) -> None:
        self.under_way = threading.Lock()
        self.result: _Token | ConfigError | LoginError | None = None
        # Taken from the state for as long, for no two threads may use them at once.
        self.credentials: Any = None
        self._thread = threading.get_ident()
        self._timer = timer
        self._began = timer()

    def left(self, most: float) -> float:
        """Give the seconds that are left of so many since it began."""
        return self._began + most - self._timer()

    def is_worth_a_wait(self) -> bool:
        """Tell whether another thread goes on with it, and is not stuck."""
        # This very thread is at it when a signal's handler asks in the middle.
        is_elsewhere = self._thread != threading.get_ident()
        return is_elsewhere and self.under_way.locked() and self.left(_PATIENCE_S) > 0

    def outcome(self, until: float) -> _Token | ConfigError | LoginError | None:
        """Wait for what comes of it: nothing, if that was interrupted, or is stuck."""
        if self.result is None:
            left = min(until - self._timer(), self.left(_PATIENCE_S))
            if self.under_way.acquire(timeout=max(left, 0.0)):
                self.under_way.release()
            elif self._timer() >= until:
                raise LoginError(
                    f"Google gave no token: {_PATIENCE_S:.0f} s have been waited for "
                    "another thread that asks, and it has had no answer"
                )
        return self.result


class _State:
    """What one process knows; a child of a fork begins anew."""

    def __init__(self) -> None:
        self.process = os.getpid()
        # Guards all below; never held while Google is asked. A signal's handler may
        # come to it in the thread that holds it.
        self.lock = threading.RLock()
        self.token: _Token | None = None
        self.renewal: _Renewal | None = None
        self.rests_until = -math.inf
        self.credentials: Any = None


@final
class GoogleLogin:
    """
    Gives the token for a request, from memory but once an hour or so.

    One thread at a time renews it. Others go on with the old one while it holds, and
    wait for that thread when it does not; one of them takes over when it is interrupted
    or stuck. Pickled, it takes no token along.

    Args:
        clock: the wall clock, seconds since the epoch: tokens end by that.
        timer: the monotonic clock, seconds: waits end by that.
    """

    __slots__ = ("_clock", "_state", "_timer")

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._timer = timer
        self._state = _State()

    def __call__(self) -> str:
        """
        Give a token that holds now.

        Raises:
            ConfigError: google-auth is not installed, or finds no credentials.
            LoginError: Google gave no token, or none in time.
        """
        state = self._state
        if state.process != os.getpid():
            # Whoever was renewing in the parent does not go on here. Should two threads
            # both see that, one state of two is used once, and forgotten.
            state = self._state = _State()
        token = state.token
        if token is not None and self._clock() < token.ends - _RENEWED_BEFORE_S:
            return token.value
        return self._renewed(state)

    def __repr__(self) -> str:
        return "GoogleLogin()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoogleLogin) and self._clocks() == other._clocks()

    def __hash__(self) -> int:
        return hash((GoogleLogin, self._clocks()))

    def __reduce__(self) -> tuple[Any, ...]:
        return GoogleLogin, self._clocks()

    def _clocks(self) -> tuple[Callable[[], float], Callable[[], float]]:
        return self._clock, self._timer

    def _renewed(self, state: _State) -> str:
        until = self._timer() + _PATIENCE_S
        while True:
            found = self._join(state)
            result = found.outcome(until) if isinstance(found, _Renewal) else found
            if isinstance(result, _Token):
                return result.value
            if result is not None:
                # A new one for each thread: raising changes an exception.
                raise type(result)(*result.args)

    def _join(self, state: _State) -> _Token | _Renewal:
        """Give the old token while that does; or another's renewal, or ours, over."""
        ours, now = _Renewal(self._timer), self._clock()
        with ours.under_way:
            with state.lock:
                token, other = state.token, state.renewal
                if other is not None and not other.is_worth_a_wait():
                    other = None
                is_left_alone = other is not None or now < state.rests_until
                if token is not None and now < token.ends and is_left_alone:
                    return token
                if other is not None:
                    return other
                state.renewal = ours
                ours.credentials, state.credentials = state.credentials, None
            self._renew(state, ours)
        return ours

    def _renew(self, state: _State, renewal: _Renewal) -> None:
        """Ask Google, and settle the renewal, even one that was taken over since."""
        result: _Token | ConfigError | LoginError
        try:
            result = _fetch(renewal)
        except (ConfigError, LoginError) as error:
            result = error
        now = self._clock()
        with state.lock:
            state.credentials = renewal.credentials
            state.rests_until = now + _PAUSE_S
            if isinstance(result, _Token):
                state.token = result
            elif state.token is not None and now < state.token.ends:
                result = state.token
            renewal.result = result
            if state.renewal is renewal:
                state.renewal = None


def is_installed() -> bool:
    """Tell whether google-auth is there."""
    try:
        return importlib.util.find_spec("google.auth") is not None
    except ModuleNotFoundError:  # not even a package `google`
        return False


def _fetch(renewal: _Renewal) -> _Token:
    """Ask Google; the credentials are looked for once, and kept when they are found."""
    try:
        auth = importlib.import_module("google.auth")
        exceptions = importlib.import_module("google.auth.exceptions")
        requests = importlib.import_module("google.auth.transport.requests")
    except ImportError as error:
        raise ConfigError(NEEDED) from error
    request = _bounded(requests.Request, renewal)
    try:
        if renewal.credentials is None:
            found, _ = auth.default(scopes=_SCOPES, request=request)
            renewal.credentials = found
        renewal.credentials.refresh(request)
    except exceptions.DefaultCredentialsError as error:
        raise ConfigError(
            f"no credentials of Google's were found: {_reason(error)}; run "
            "`gcloud auth application-default login`, set "
            "$GOOGLE_APPLICATION_CREDENTIALS, or give the endpoint an api_key"
        ) from None
    except LoginError:
        raise
    except Exception as error:  # noqa: BLE001 - google-auth lets others' errors through
        # Without its cause: that may hold the whole answer, tokens included.
        reason = f"{type(error).__name__}: {_reason(error)}"
        raise LoginError(f"Google gave no token: {reason}") from None
    return _token_of(renewal.credentials)


def _bounded(request: Any, renewal: _Renewal) -> Any:
    """Make a request of google-auth's whose repeats end in time as well."""

    # Its subclass, for some credentials take no other callable (gdch_credentials.py).
    class Bounded(request):  # type: ignore[misc] # imported when it is needed
        def __call__(self, *arguments: Any, **options: Any) -> Any:
            left = renewal.left(_ASKING_S)
            if left <= 0:
                # None of google-auth's errors: those it would try again.
                raise LoginError(f"Google gave no token within {_ASKING_S:.0f} s")
            options["timeout"] = min(options.get("timeout") or left, left)
            return super().__call__(*arguments, **options)

    return Bounded()


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
