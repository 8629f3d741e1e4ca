"""How Google's token is fetched, kept and renewed, whoever asks at the same time."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import linecache
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType, ModuleType
from typing import Any

import pytest

from holybalance.config import google_login
from holybalance.config.google_login import GoogleLogin, LoginError
from holybalance.errors import ConfigError

START = 1_800_000_000.0
HOUR = 3600.0
CANARY = "ya29.canary7Zq"


class Clock:
    """A wall clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Timer:
    """A monotonic clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Interruption(BaseException):
    """What a signal handler may raise anywhere."""


class Interrupter:
    """Does something at the n-th line that runs in the module."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self._left = at
        self._act = act
        self.where: str | None = None

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Trace a frame."""
        name = frame.f_code.co_filename
        if name != google_login.__file__:
            return None
        line = linecache.getline(name, frame.f_lineno).strip()
        # A line of `with` runs once more before its `__exit__`, where CPython itself
        # lets no signal in.
        if event != "line" or line.startswith("with "):
            return self
        self._left -= 1
        if self._left == 0:
            self.where = f"{frame.f_lineno} {line}"
            self._act()
        return self


def traced(tracer: Interrupter, call: Callable[[], object]) -> BaseException | None:
    """Make a call under a tracer, and give what it raised."""
    outer = sys.gettrace()
    gc.disable()
    sys.settrace(tracer)
    try:
        call()
    except BaseException as failure:  # noqa: BLE001 it is asserted on
        return failure
    finally:
        sys.settrace(outer)
        gc.enable()
    return None


class NoCredentialsError(Exception):
    """As google-auth's DefaultCredentialsError."""


class Google:
    """Stands for google-auth and what it asks: gives token 1, token 2 and so on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.token: str | None = None
        self.expiry: dt.datetime | None = None
        self.lasts: float | None = HOUR
        self.scopes: list[Any] = []
        self.timeouts: list[float] = []
        self.error: BaseException | None = None
        self.missing: Exception | None = None
        self.wait: Callable[[], object] = lambda: None
        self.count = 0
        """How often it was asked for a token."""

    def wait_for_word(self) -> tuple[threading.Event, threading.Event]:
        """Give what tells that it was asked, and what lets it answer."""
        asked, answered = threading.Event(), threading.Event()

        def wait() -> None:
            asked.set()
            assert answered.wait(10)

        self.wait = wait
        return asked, answered

    def default(self, scopes: Any, request: Any) -> tuple[Google, str]:
        """Find credentials."""
        assert callable(request)
        if self.missing is not None:
            raise self.missing
        self.scopes.append(scopes)
        return self, "project"

    def refresh(self, request: Any) -> None:
        """Renew the token."""
        self.count += 1
        number = self.count
        request("https://oauth2.googleapis.com/token", method="POST")
        self.wait()
        if self.error is not None:
            raise self.error
        self.token = f"{CANARY}-{number}"
        if self.lasts is None:
            self.expiry = None
        else:
            ends = dt.datetime.fromtimestamp(self.clock.now + self.lasts, dt.UTC)
            self.expiry = ends.replace(tzinfo=None)


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def google(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Google:
    """A google-auth of ours in place of the real one."""
    ours = Google(clock)

    class Request:
        def __call__(self, url: str, *, method: str, timeout: float) -> None:
            ours.timeouts.append(timeout)

    modules: dict[str, dict[str, Any]] = {
        "google": {},
        "google.auth": {"default": ours.default},
        "google.auth.exceptions": {"DefaultCredentialsError": NoCredentialsError},
        "google.auth.transport": {},
        "google.auth.transport.requests": {"Request": Request},
    }
    for name, attributes in modules.items():
        module = ModuleType(name)
        vars(module).update(attributes)
        monkeypatch.setitem(sys.modules, name, module)
    return ours


@pytest.fixture
def login(google: Google, clock: Clock) -> GoogleLogin:
    """What is tested."""
    del google  # it is in place
    return GoogleLogin(clock, Timer())


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Others who ask."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_a_token_is_kept(login: GoogleLogin, google: Google, clock: Clock) -> None:
    """It is fetched when first asked for, and given until it is nearly at its end."""
    assert 0 == google.count

    tokens = [login()]
    clock.now += HOUR - google_login._RENEWED_BEFORE_S - 1
    tokens.append(login())

    assert [f"{CANARY}-1"] * 2 == tokens


def test_a_token_is_renewed(login: GoogleLogin, google: Google, clock: Clock) -> None:
    """Before its end, with the same credentials."""
    login()
    clock.now += HOUR - google_login._RENEWED_BEFORE_S

    assert f"{CANARY}-2" == login() == login()
    assert [("https://www.googleapis.com/auth/cloud-platform",)] == google.scopes
    assert [10.0, 10.0] == google.timeouts


def test_a_token_without_an_end(
    login: GoogleLogin, google: Google, clock: Clock
) -> None:
    """It is kept for good."""
    google.lasts = None
    login()
    clock.now += 1000 * HOUR

    assert f"{CANARY}-1" == login()


def test_an_end_with_a_time_zone(
    login: GoogleLogin, google: Google, clock: Clock
) -> None:
    """It means what it says."""
    login()
    assert google.expiry is not None
    state = login._state
    google.expiry = google.expiry.replace(tzinfo=dt.timezone(dt.timedelta(hours=1)))

    token = google_login._token_of(google)

    assert state.token is not None
    assert token.ends == state.token.ends - HOUR


def test_a_token_that_ends_soon_is_not_asked_for_at_every_call(
    login: GoogleLogin, google: Google, clock: Clock
) -> None:
    """Google's metadata server may give the same one again for a while."""
    google.lasts = 100.0
    login()

    login()
    assert 1 == google.count

    clock.now += google_login._PAUSE_S
    login()
    assert 2 == google.count


def test_others_go_on_with_the_old_token(
    login: GoogleLogin, google: Google, clock: Clock, threads: ThreadPoolExecutor
) -> None:
    """While one thread renews it."""
    login()
    clock.now += HOUR - 1
    asked, answered = google.wait_for_word()

    renewing = threads.submit(login)
    assert asked.wait(10)
    assert f"{CANARY}-1" == login()
    answered.set()

    assert f"{CANARY}-2" == renewing.result(10)
    assert 2 == google.count


def test_all_wait_for_the_first_token(
    login: GoogleLogin, google: Google, threads: ThreadPoolExecutor
) -> None:
    """And one of them fetches it."""
    together = threading.Barrier(8)

    def ask() -> str:
        together.wait(10)
        return login()

    asking = [threads.submit(ask) for _ in range(8)]

    assert {f"{CANARY}-1"} == {each.result(10) for each in asking}
    assert 1 == google.count


def test_who_waits_learns_of_a_failure(
    login: GoogleLogin, google: Google, threads: ThreadPoolExecutor
) -> None:
    """With an error of its own; the next one asks again."""
    asked, answered = google.wait_for_word()
    google.error = OSError("unreachable")

    first = threads.submit(login)
    assert asked.wait(10)
    others = [threads.submit(login) for _ in range(3)]
    answered.set()

    errors = {each.exception(10) for each in (first, *others)}
    assert {"Google gave no token: OSError: unreachable"} == set(map(str, errors))
    assert 4 == len(errors)
    google.error = None
    assert login().startswith(CANARY)


def test_a_token_that_holds_outlasts_a_failure(
    login: GoogleLogin, google: Google, clock: Clock
) -> None:
    """Until its end; in between, Google is asked now and then."""
    login()
    google.error = OSError("unreachable")
    clock.now += HOUR - google_login._PAUSE_S
    for _ in range(3):
        assert f"{CANARY}-1" == login()
    assert 2 == google.count

    clock.now += google_login._PAUSE_S
    with pytest.raises(LoginError):
        login()


LINES = 1000  # more than run in a call


@pytest.mark.parametrize("age", [None, HOUR - 1, HOUR])
def test_an_interruption_leaves_nobody_waiting(
    google: Google, clock: Clock, threads: ThreadPoolExecutor, age: float | None
) -> None:
    """At any line of a call, without a token, with one that ends soon, or has ended."""
    bad: list[tuple[str, str]] = []
    for at in range(1, LINES):
        login = GoogleLogin(clock)
        if age is not None:
            login()
            clock.now += age

        def interrupt() -> None:
            raise Interruption

        interrupter = Interrupter(at, interrupt)
        ended = traced(interrupter, login)
        if interrupter.where is None:
            break
        if not isinstance(ended, Interruption):
            bad.append((interrupter.where, repr(ended)))
        clock.now += 10 * HOUR
        # Sooner than a renewal is too old to be waited for.
        if not threads.submit(login).result(10).startswith(CANARY):
            bad.append((interrupter.where, "no token"))

    assert [] == bad
    assert 25 < at < LINES


@pytest.mark.parametrize("age", [None, HOUR - 1, HOUR])
def test_a_signals_handler_may_ask_in_the_middle(
    google: Google, clock: Clock, age: float | None
) -> None:
    """At any line of a call in the same thread; both have a token, without a wait."""
    bad: list[tuple[str, str]] = []
    for at in range(1, LINES):
        login = GoogleLogin(clock)
        if age is not None:
            login()
            clock.now += age
        tokens: list[str] = []

        def ask(login: GoogleLogin = login, tokens: list[str] = tokens) -> None:
            tokens.append(login())

        interrupter = Interrupter(at, ask)
        ended = traced(interrupter, ask)
        if interrupter.where is None:
            break
        if ended is not None or 2 != len(tokens):
            bad.append((interrupter.where, repr(ended)))

    assert [] == bad
    assert 25 < at < LINES


def test_one_of_those_that_wait_takes_over(
    login: GoogleLogin, google: Google, threads: ThreadPoolExecutor
) -> None:
    """When whoever asked was interrupted."""
    asked, interrupted = threading.Event(), threading.Event()

    def interrupt() -> None:
        google.wait = lambda: None
        asked.set()
        assert interrupted.wait(10)
        raise Interruption

    google.wait = interrupt
    first = threads.submit(login)
    assert asked.wait(10)
    others = [threads.submit(login) for _ in range(3)]
    interrupted.set()

    assert isinstance(first.exception(10), Interruption)
    assert {f"{CANARY}-2"} == {each.result(10) for each in others}


def test_a_wait_has_an_end() -> None:
    """After which nothing has come yet, or the caller's time is over."""
    timer = Timer()
    renewal = google_login._Renewal(timer)
    with renewal.under_way:
        timer.now += google_login._PATIENCE_S

        assert renewal.outcome(timer.now + 1) is None
        with pytest.raises(LoginError) as caught:
            renewal.outcome(timer.now)

    expected = (
        "Google gave no token: 15 s have been waited for another thread that asks, and"
        " it has had no answer"
    )
    assert expected == str(caught.value)


def test_one_that_is_stuck_is_taken_over(
    google: Google, clock: Clock, threads: ThreadPoolExecutor
) -> None:
    """With other credentials, for it may still use its own; its end does no harm."""
    timer = Timer()
    login = GoogleLogin(clock, timer)
    asked, answered = google.wait_for_word()

    first = threads.submit(login)
    assert asked.wait(10)
    google.wait = lambda: None
    timer.now += google_login._PATIENCE_S

    assert f"{CANARY}-2" == login()
    assert 2 == len(google.scopes)
    answered.set()
    assert f"{CANARY}-1" == first.result(10)
    assert login._state.renewal is None
    assert login().startswith(CANARY)
    assert 2 == google.count


def test_one_that_ends_late_ends_no_other(
    google: Google, clock: Clock, threads: ThreadPoolExecutor
) -> None:
    """Whoever took over goes on to be the one to wait for."""
    timer = Timer()
    login = GoogleLogin(clock, timer)
    google.error = OSError("unreachable")
    asked, answered = google.wait_for_word()
    first = threads.submit(login)
    assert asked.wait(10)
    timer.now += google_login._PATIENCE_S
    asked_again, answered_again = google.wait_for_word()
    second = threads.submit(login)
    assert asked_again.wait(10)
    taken_over = login._state.renewal

    answered.set()
    assert isinstance(first.exception(10), LoginError)
    assert taken_over is login._state.renewal is not None

    google.error = None
    answered_again.set()
    assert f"{CANARY}-2" == second.result(10)


def test_all_requests_together_have_an_end(google: Google, clock: Clock) -> None:
    """Each has what is left of it, or less, if google-auth wants less."""
    timer = Timer()
    renewal = google_login._Renewal(timer)
    request = sys.modules["google.auth.transport.requests"].Request
    bounded = google_login._bounded(request, renewal)

    bounded("https://one", method="GET")
    bounded("https://two", method="GET", timeout=3)
    timer.now += 8
    bounded("https://three", method="GET", timeout=3)
    timer.now += 2
    with pytest.raises(LoginError, match=r"\AGoogle gave no token within 10 s\Z"):
        bounded("https://four", method="GET", timeout=3)

    assert [10.0, 3, 2.0] == google.timeouts
    assert isinstance(bounded, request)


def test_google_is_not_asked_again_without_end(
    login: GoogleLogin, google: Google
) -> None:
    """What says so is not taken for an error of google-auth's."""
    google.error = LoginError("Google gave no token within 10 s")

    with pytest.raises(LoginError, match=r"\AGoogle gave no token within 10 s\Z"):
        login()


def test_no_error_shows_what_google_said(login: GoogleLogin, google: Google) -> None:
    """Beyond the first words: what follows may hold a token."""
    google.error = ValueError("No access\ntoken in response.", {"id_token": CANARY})

    with pytest.raises(LoginError) as caught:
        login()

    expected = "Google gave no token: ValueError: No access token in response"
    assert expected == str(caught.value)
    assert caught.value.__cause__ is None


def test_a_long_reason_is_cut(login: GoogleLogin, google: Google) -> None:
    """It may be a whole page."""
    google.error = ValueError("x" * 1000)

    with pytest.raises(LoginError, match=r": x{200}\Z"):
        login()


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "Google gave no token: what it gave is none"),
        ("", "Google gave no token: what it gave is empty"),
        (
            "a\nb",
            "Google gave no token: what it gave has a line break at position 2",
        ),
    ],
)
def test_what_is_no_token(google: Google, token: str | None, message: str) -> None:
    """It would be no header."""
    google.token = token

    with pytest.raises(LoginError) as caught:
        google_login._token_of(google)

    assert message == str(caught.value)


def test_no_credentials(login: GoogleLogin, google: Google) -> None:
    """What there is to do, with google-auth's own words."""
    google.missing = NoCredentialsError("Your default credentials were not found.")

    with pytest.raises(ConfigError) as caught:
        login()

    assert (
        "no credentials of Google's were found: Your default credentials were not"
        " found; run `gcloud auth application-default login`, set"
        " $GOOGLE_APPLICATION_CREDENTIALS, or give the endpoint an api_key"
    ) == str(caught.value)


def test_without_google_auth(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that helps."""
    monkeypatch.setitem(sys.modules, "google.auth", None)

    with pytest.raises(ConfigError) as caught:
        GoogleLogin(clock)()

    expected = (
        'Google\'s own login needs google-auth; pip install "holybalance[vertex]"'
    )
    assert expected == str(caught.value)


@pytest.mark.parametrize(("found", "expected"), [(object(), True), (None, False)])
def test_whether_it_is_installed(
    found: object, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the import system tells."""
    monkeypatch.setattr(importlib_util(), "find_spec", lambda name: found)

    assert expected == google_login.is_installed()


def test_not_even_a_package_of_googles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the import system raises."""

    def find(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib_util(), "find_spec", find)

    assert not google_login.is_installed()


def importlib_util() -> Any:
    """The module that is asked."""
    import importlib.util  # noqa: PLC0415

    return importlib.util


def test_a_copy_takes_no_token_along(google: Google) -> None:
    """It is equal, shows nothing, and fetches its own."""
    login = GoogleLogin(pickle_me, pickle_me)
    google.lasts = None
    login()

    for other in (pickle.loads(pickle.dumps(login)), copy.deepcopy(login)):
        assert login == other
        assert hash(login) == hash(other)
        assert other._state.token is None
    assert CANARY.encode() not in pickle.dumps(login)
    assert "GoogleLogin()" == repr(login)
    assert login != GoogleLogin()
    assert login != "GoogleLogin()"


def pickle_me() -> float:
    """A clock that has a name."""
    return START


def test_a_fork_begins_anew(
    login: GoogleLogin,
    google: Google,
    monkeypatch: pytest.MonkeyPatch,
    threads: ThreadPoolExecutor,
) -> None:
    """Who was renewing in the parent, lock in hand, does not go on in the child."""
    login()
    login._state.renewal = google_login._Renewal(Timer())
    login._state.renewal._thread = -1
    login._state.renewal.under_way.acquire()
    threads.submit(login._state.lock.acquire).result(10)
    child = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: child)

    assert f"{CANARY}-2" == login()
    assert 2 == len(google.scopes)


def test_with_google_auths_own_classes(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its credentials are asked as it means them to be."""
    auth = pytest.importorskip("google.auth")
    credentials = pytest.importorskip("google.auth.credentials")
    exceptions = pytest.importorskip("google.auth.exceptions")
    pytest.importorskip("google.auth.transport.requests")

    class Ours(credentials.Credentials):  # type: ignore[misc, name-defined] # untyped
        token: str | None

        def refresh(self, request: Any) -> None:
            assert callable(request)
            if self.token is not None:
                raise exceptions.RefreshError("gone", {"access_token": CANARY})
            self.token = CANARY
            ends = dt.datetime.fromtimestamp(clock.now + HOUR, dt.UTC)
            self.expiry = ends.replace(tzinfo=None)

    monkeypatch.setattr(auth, "default", lambda scopes, request: (Ours(), None))
    login = GoogleLogin(clock)

    assert CANARY == login()
    clock.now += HOUR
    with pytest.raises(
        LoginError, match=r"\AGoogle gave no token: RefreshError: gone\Z"
    ):
        login()


def test_google_auths_own_threshold() -> None:
    """Ours is not earlier than its own: Google would give the same token again."""
    helpers = pytest.importorskip("google.auth._helpers")

    assert google_login._RENEWED_BEFORE_S == helpers.REFRESH_THRESHOLD.total_seconds()


def test_real_default_credentials_that_are_not_there(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names what was looked for, and the way out."""
    pytest.importorskip("google.auth")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    with pytest.raises(ConfigError, match=r"none\.json was not found; run `gcloud"):
        GoogleLogin()()
