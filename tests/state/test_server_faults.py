"""What befalls a Redis server, and that the store tells of it and goes on."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from holybalance.state.exchange import Exchange
from holybalance.state.rules import SERVER_GRACE_S, Rules
from holybalance.state.store import Account, Claim, News, Store, StoreError
from tests.state.servers import RedisServer

pytest.importorskip("redis", reason="needs the package redis")
from holybalance.state.redis import RedisStore

RULES = Rules("tests", grace_s=0.0)
PASSWORD = "a canary: se/cret"
SLOWEST_S = 0.5


class Talker:
    """A process that holds ten units more after each exchange."""

    def __init__(self, url: str) -> None:
        self.store = RedisStore(url, RULES)
        self.number = 0

    def claim(self) -> Account:
        """Ask for ten more, and tell how it stands then."""
        self.number += 1
        return self.again()

    def again(self) -> Account:
        """Say the same again."""
        claims = (Claim("account", 1000, need=10),)
        return self.store.exchange(News("p", self.number, claims=claims)).accounts[0]


@pytest.fixture
def talker(own_server: RedisServer) -> Iterator[Talker]:
    """A process with a server of its own."""
    made = Talker(own_server.url)
    yield made
    made.store.close()


class Witness:
    """A process that knows what others have spent, and holds nothing."""

    def __init__(self, url: str) -> None:
        store = RedisStore(url, Rules("tests"))
        self.exchange = Exchange(
            lambda: store, time.monotonic, is_shared=True, processes=2
        )
        self.exchange.spend_by(self)

    def claims(self, *, is_leaving: bool) -> tuple[Claim, ...]:
        """Say what is known."""
        return (Claim("account", 1000, seen=900),)

    def take_accounts(self, accounts: Sequence[Account]) -> None:
        """Nothing is claimed."""

    def is_holding(self) -> bool:
        """Stay awake."""
        return True

    def cut_off(self, since: float | None) -> None:
        """Wait."""


def test_a_server_that_comes_back_empty_gives_nothing_before_all_are_heard(
    own_server: RedisServer,
) -> None:
    """Also where those who knew what is spent pause as long as they ever do."""
    witness = Witness(own_server.url)
    witness.exchange.note_call()
    assert witness.exchange.wait_for_answer(SLOWEST_S * 4)
    own_server.kill()
    time.sleep(2.0)
    own_server.start()
    store = RedisStore(own_server.url, Rules("tests"))
    until = time.monotonic() + SERVER_GRACE_S + 0.3
    granted, number = 0, 0
    while time.monotonic() < until:
        number += 1
        claims = (Claim("account", 1000, need=500),)
        (account,) = store.exchange(News("new", number, claims=claims)).accounts
        granted += account.granted
        time.sleep(0.05)
    witness.exchange.close()
    store.close()

    assert (0, 900) == (granted, account.spent)


def test_a_server_that_is_not_there_is_told(
    own_server: RedisServer, talker: Talker
) -> None:
    """Down at first, and all is well once it is there."""
    own_server.stop()
    with pytest.raises(StoreError, match="cannot be reached"):
        talker.claim()
    own_server.start()
    assert 10 == talker.again().mine


def test_a_killed_server_comes_back_empty(
    own_server: RedisServer, talker: Talker
) -> None:
    """Killed in between: an error, and then another generation."""
    before = talker.store.exchange(News("q", 1)).generation
    own_server.kill()
    with pytest.raises(StoreError, match="cannot be reached"):
        talker.claim()
    own_server.start()
    assert 10 == talker.again().mine
    assert before != talker.store.exchange(News("q", 2)).generation


def test_a_restart_in_between_costs_one_exchange(
    own_server: RedisServer, talker: Talker
) -> None:
    """A connection that has died meanwhile is replaced, at the latest by the next."""
    talker.claim()
    own_server.kill()
    own_server.start()
    try:
        account = talker.claim()
    except StoreError:
        account = talker.again()
    assert 10 == account.mine


def test_a_stopped_server_is_not_waited_for(
    own_server: RedisServer, talker: Talker
) -> None:
    """It may have taken the news, or will: said again, they count once."""
    talker.claim()
    own_server.pause()
    for attempt in (talker.claim, talker.again):
        begun = time.monotonic()
        with pytest.raises(StoreError, match=r"no answer within 0\.25 s"):
            attempt()
        assert time.monotonic() - begun < SLOWEST_S
    own_server.resume()
    assert 20 == talker.again().mine


def test_a_flushed_server_is_another_generation(
    own_server: RedisServer, talker: Talker
) -> None:
    """Nothing of it is left, and nothing is in the way."""
    before = talker.store.exchange(News("q", 1)).generation
    own_server.command("FLUSHALL")
    assert before != talker.store.exchange(News("q", 2)).generation


def test_a_forgotten_script_is_said_again(
    own_server: RedisServer, talker: Talker
) -> None:
    """The server may forget scripts at any time."""
    talker.claim()
    own_server.command("SCRIPT", "FLUSH")
    assert 20 == talker.claim().mine


def test_the_script_is_sent_once(own_server: RedisServer, talker: Talker) -> None:
    """Afterwards its digest is enough."""
    for _ in range(5):
        talker.claim()
    statistics = own_server.command("INFO", "commandstats")
    assert 1 == statistics["cmdstat_eval"]["calls"]


def test_money_evicted_is_a_generation_evicted(
    own_server: RedisServer, talker: Talker
) -> None:
    """What money depends on goes together, so that its loss is seen."""
    before = talker.store.exchange(News("q", 1)).generation
    talker.claim()
    own_server.command("DEL", "{tests}:ledger")
    assert before != talker.store.exchange(News("q", 2)).generation


def test_a_full_server_is_told(own_server: RedisServer, talker: Talker) -> None:
    """Without memory nothing is done by half."""
    talker.claim()
    own_server.command("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StoreError, match="its memory is full"):
        talker.claim()
    own_server.command("CONFIG", "SET", "maxmemory", "0")
    assert 20 == talker.again().mine


def test_a_replica_is_refused(own_server: RedisServer, talker: Talker) -> None:
    """One that may not be written is named as such."""
    talker.claim()
    own_server.command("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(StoreError, match="it is a replica"):
        talker.claim()
    own_server.command("REPLICAOF", "NO", "ONE")
    assert 20 == talker.again().mine


def test_a_replica_may_be_looked_at(own_server: RedisServer, talker: Talker) -> None:
    """Looking writes nothing, not even that a rest is over."""
    talker.claim()
    talker.store.exchange(News("q", 1, rests={"key": 1e-6}))
    own_server.command("REPLICAOF", "127.0.0.1", "1")
    assert 2 == talker.store.exchange(News("", 0)).processes


def test_keys_of_another_kind_are_told(own_server: RedisServer, talker: Talker) -> None:
    """Somebody else's data under our names is not overwritten."""
    own_server.command("SET", "{tests}:ledger", "theirs")
    with pytest.raises(StoreError, match="choose another namespace"):
        talker.claim()
    assert "theirs" == own_server.command("GET", "{tests}:ledger")


def test_a_busy_server_is_not_waited_for(
    own_server: RedisServer, talker: Talker
) -> None:
    """Someone else's long command delays for a quarter of a second at most."""
    slow = threading.Thread(
        target=own_server.command, args=("DEBUG", "SLEEP", "0.6"), daemon=True
    )
    slow.start()

    def claim_on() -> None:
        while True:
            talker.claim()

    with pytest.raises(StoreError, match="no answer"):
        claim_on()
    slow.join()
    assert 10 * talker.number == talker.again().mine


def test_a_login_is_used() -> None:
    """User's name, password with odd characters and number of the database."""
    with RedisServer(password="pass w/rd") as server:
        url = f"redis://default:pass%20w%2Frd@127.0.0.1:{server.port}/3"
        store = RedisStore(url, RULES)
        assert 1 == store.exchange(News("p", 1)).processes
        store.close()


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ("", "wants a password"),
        (":wrong-canary@", "refuses the password"),
        ("nobody:wrong-canary@", "refuses the password"),
    ],
)
def test_a_wrong_login_is_told(login: str, reason: str) -> None:
    """The message shows no password."""
    with RedisServer(password="right") as server:
        store = RedisStore(f"redis://{login}127.0.0.1:{server.port}/0", RULES)
        assert_told(store, reason)


def test_a_user_without_rights_is_told(own_server: RedisServer) -> None:
    """Rights that are missing are named."""
    own_server.command("ACL", "SETUSER", "poor", "on", ">canary", "+ping", "~*")
    store = RedisStore(f"redis://poor:canary@127.0.0.1:{own_server.port}/0", RULES)
    assert_told(store, "may not run EVALSHA")


def test_a_database_that_is_not_there_is_told(own_server: RedisServer) -> None:
    """A number beyond the server's."""
    store = RedisStore(f"redis://127.0.0.1:{own_server.port}/99", RULES)
    assert_told(store, "no database of that number")


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not understood"),
        (b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n*0\r\n", ""),
        (b"-ERR unknown command `AUTH`, with args: `canary`\r\n" * 4, "not understood"),
        (b"-ERR Write commands not allowed after non deterministic\r\n" * 4, "Redis 5"),
        (b"-MOVED 3999 127.0.0.1:6381\r\n" * 4, "cluster"),
        (b"-LOADING Redis is loading the dataset in memory\r\n" * 4, "still loading"),
        (b"", "cannot be reached"),
    ],
)
def test_odd_servers_are_told(says: bytes, reason: str) -> None:
    """Whatever answers there, it is an error in words without the password."""
    with Odd(says) as port:
        store = RedisStore(f"redis://:canary@127.0.0.1:{port}/0", RULES)
        assert_told(store, reason)


def assert_told(store: Store, reason: str) -> None:
    """Expect an error that says so, and nothing of a password anywhere."""
    with pytest.raises(StoreError) as caught:
        store.exchange(News("p", 1))
    error = caught.value
    assert reason in str(error)
    assert "canary" not in str(error)
    # Whatever the client raised would be shown along with it.
    assert (None, None) == (error.__cause__, error.__context__)
    store.close()


class Odd:
    """A server that says the same to everybody, and closes."""

    def __init__(self, says: bytes) -> None:
        self._says = says
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(self._says)


def test_both_ways_of_decoding_are_read(own_server: RedisServer) -> None:
    """Text or bytes, the answer is the same."""
    store = RedisStore(f"{own_server.url}?decode_responses=true", RULES)
    assert 1 == store.exchange(News("p", 1)).processes
    store.close()


def test_an_abandoned_namespace_disappears(
    own_server: RedisServer, talker: Talker
) -> None:
    """Every key ends some time: money after forty days, the rest sooner or with it."""
    talker.claim()
    talker.store.exchange(News("q", 1, rests={"key": 30.0}))
    keys: list[str] = own_server.command("KEYS", "*")
    ends = {key: own_server.command("TTL", key) for key in keys}
    assert all(key.startswith("{tests}:") for key in ends)
    assert 40 * 86400 - 5 < ends["{tests}:ledger"] <= 40 * 86400
    assert 60 < ends["{tests}:rests"] <= 90
    assert all(0 < end <= 40 * 86400 for end in ends.values())


def test_a_lasting_account_keeps_its_namespace(
    own_server: RedisServer, talker: Talker
) -> None:
    """What is to be kept for ever has no end."""
    claims = (Claim("total", 10, need=1, is_lasting=True),)
    talker.store.exchange(News("q", 1, claims=claims))
    talker.claim()
    assert -1 == own_server.command("TTL", "{tests}:ledger")


def test_a_server_s_clock_ends_leases(own_server: RedisServer) -> None:
    """Without a clock of ours, the server's tells who is dead."""
    store = RedisStore(own_server.url, RULES._replace(lease_s=0.01))
    claim = Claim("account", 1000, need=10)
    store.exchange(News("p", 1, claims=(claim,)))

    def spent() -> int:
        return store.exchange(News("", 0, claims=(claim,))).accounts[0].spent

    deadline = time.monotonic() + 5
    while not spent() and time.monotonic() < deadline:
        pass
    assert 10 == spent()
    store.close()
