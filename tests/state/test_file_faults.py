"""What befalls a state file, and that the store tells of it and goes on."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from holybalance.state.forks import let_go_before_forks
from holybalance.state.rules import Rules
from holybalance.state.sqlite import MEMORY, SqliteStore
from holybalance.state.store import Claim, News, StoreError

RULES = Rules("tests", grace_s=0.0)


class Talker:
    """A process that holds ten units more after each exchange."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(str(path), RULES)
        self.number = 0

    def claim(self) -> int:
        """Ask for ten more, and tell how much it holds then."""
        self.number += 1
        return self.again()

    def again(self) -> int:
        """Say the same again."""
        claims = (Claim("account", 1000, need=10),)
        answer = self.store.exchange(News("p", self.number, claims=claims))
        return answer.accounts[0].mine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is to be."""
    return tmp_path / "state.db"


@pytest.fixture
def talker(path: Path) -> Iterator[Talker]:
    """A process with its store open."""
    made = Talker(path)
    yield made
    made.store.close()


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file as any program would."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_nobody_else_may_read_it(path: Path, talker: Talker) -> None:
    """The file and what is beside it are the user's own."""
    talker.claim()
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {0o600} == modes


def test_it_survives_its_processes(path: Path, talker: Talker) -> None:
    """A store that is opened again goes on."""
    talker.claim()
    talker.store.close()
    assert 20 == talker.claim()


def test_an_empty_file_is_made_a_store(path: Path, talker: Talker) -> None:
    """What `mktemp` makes is as good as nothing."""
    path.touch()
    assert 10 == talker.claim()


def test_a_file_that_was_half_made_is_made_whole(path: Path, talker: Talker) -> None:
    """Whoever was killed between the journal's mode and the tables left no trouble."""
    with raw(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("DROP TABLE t")
    assert 10 == talker.claim()


def test_one_that_is_locked_is_waited_for_briefly(path: Path, talker: Talker) -> None:
    """After a quarter of a second the store says so, and goes on when it may."""
    talker.claim()
    with raw(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="another process has kept it locked"):
            talker.claim()
    assert 20 == talker.again()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """The message says which, and once it is there, all is well."""
    talker = Talker(tmp_path / "none" / "state.db")
    with pytest.raises(StoreError, match=r'the folder ".*none" is missing'):
        talker.claim()
    (tmp_path / "none").mkdir()
    assert 10 == talker.again()
    talker.store.close()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """A path below a file is nowhere."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        Talker(tmp_path / "file" / "state.db").claim()


def test_a_path_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is no file."""
    with pytest.raises(StoreError, match="cannot be opened"):
        Talker(tmp_path).claim()


def test_a_file_that_may_not_be_written_is_told(
    path: Path, talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened for reading only, as one is that somebody else owns."""
    talker.claim()
    talker.store.close()
    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(
            "sqlite3.connect",
            lambda target, **options: connect(target.replace("rw", "ro"), **options),
        )
        with pytest.raises(StoreError, match="it may not be written"):
            talker.claim()
    assert 20 == talker.again()


def test_no_room_left_is_told(talker: Talker) -> None:
    """A full disk stops an exchange as a whole."""
    talker.claim()
    connection = talker.store._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")
    rests = {f"key {n}": 5.0 for n in range(2000)}
    with pytest.raises(StoreError, match="no room left"):
        talker.store.exchange(News("p", 2, rests=rests))
    assert {} == talker.store.exchange(News("", 0)).rests
    assert 20 == talker.claim()


@pytest.mark.parametrize("content", [b"a letter to a friend\n" * 100, b"x"])
def test_what_is_no_database_is_left_alone(
    path: Path, talker: Talker, content: bytes
) -> None:
    """Whatever it is, it is not overwritten."""
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not an SQLite database"):
        talker.claim()
    assert content == path.read_bytes()


def test_another_program_s_database_is_left_alone(path: Path, talker: Talker) -> None:
    """Tables that are not ours are not touched."""
    with raw(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="some other program's database"):
        talker.claim()
    assert before == path.read_bytes()


def test_a_newer_version_s_file_is_left_alone(path: Path, talker: Talker) -> None:
    """The message says which versions, and what to do."""
    talker.claim()
    talker.store.close()
    with raw(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match=r"version 2, .* version 1; upgrade"):
        talker.claim()


def test_a_damaged_file_is_told(path: Path, talker: Talker) -> None:
    """Garbage in the middle is an error in words; moved away, all begins anew."""
    talker.claim()
    talker.store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        talker.claim()
    path.rename(path.with_name("away"))
    assert 10 == talker.again()


def test_a_deleted_file_is_made_anew(path: Path, talker: Talker) -> None:
    """Two processes whose file was deleted meet in a new one."""
    other = Talker(path)
    before = talker.store.exchange(News("q", 1)).generation
    other.claim()
    path.unlink()
    after = talker.store.exchange(News("q", 2))
    assert (True, 1) == (before != after.generation, after.processes)
    assert 10 == other.claim()
    assert 2 == talker.store.exchange(News("q", 3)).processes
    other.store.close()


def test_a_deleted_file_s_journal_is_not_the_new_one_s(
    path: Path, talker: Talker
) -> None:
    """Who makes the file anew shares no index with those who have the old one open."""
    talker.claim()
    index = path.with_name(path.name + "-shm")
    before = index.stat().st_ino
    with index.open("rb"):  # else its number might be given to the new one
        path.unlink()
        other = Talker(path)
        other.claim()
        assert before != index.stat().st_ino
    other.store.close()


def test_a_replaced_file_is_noticed(path: Path, talker: Talker, tmp_path: Path) -> None:
    """What another file says holds from then on."""
    talker.claim()
    other = Talker(tmp_path / "other.db")
    generation = other.store.exchange(News("q", 1)).generation
    other.store.close()
    # Its journal belongs to a file as a page does: who replaces one, replaces both.
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    (tmp_path / "other.db").rename(path)
    assert generation == talker.store.exchange(News("p", 2)).generation


def test_a_closed_store_may_be_used_again(talker: Talker) -> None:
    """Closing lets go of the file, and twice is no harm."""
    talker.claim()
    talker.store.close()
    talker.store.close()
    assert 20 == talker.claim()


def test_names_that_are_no_text_are_told() -> None:
    """What cannot be written down is an error of the store, and nothing is lost."""
    store = SqliteStore(MEMORY, RULES)
    generation = store.exchange(News("p", 1)).generation
    with pytest.raises(StoreError, match="surrogates not allowed"):
        store.exchange(News("p", 2, rests={"\ud800": 5.0}))
    assert generation == store.exchange(News("p", 2)).generation
    store.close()


def test_what_is_raised_travels(path: Path) -> None:
    """An error can be sent to another process."""
    path.write_bytes(b"no database")
    with pytest.raises(StoreError) as caught:
        Talker(path).claim()
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))


def test_no_descriptor_is_left_open(path: Path, talker: Talker) -> None:
    """Failing again and again costs nothing that lasts."""
    path.write_bytes(b"no database, and longer than a header of one would be" * 10)
    with pytest.raises(StoreError):
        talker.claim()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(StoreError):
            talker.claim()
    assert before == len(os.listdir("/proc/self/fd"))


def test_a_store_is_not_kept_by_its_forks(path: Path) -> None:
    """What prepares for forks lets a store go that nobody uses."""
    store = SqliteStore(str(path), RULES)
    store.exchange(News("p", 1))
    store.close()
    number = id(store)
    del store
    gc.collect()
    assert number not in {id(o) for o in gc.get_objects() if isinstance(o, SqliteStore)}


def test_stores_that_are_gone_leave_nothing_for_forks(path: Path) -> None:
    """However many there were; those that are there are closed before a fork."""
    files = let_go_before_forks()
    before = len(files._owners)
    for _ in range(10):
        SqliteStore(str(path), RULES).close()
    gc.collect()
    assert before == len(files._owners)
    assert files is let_go_before_forks()

    store = SqliteStore(str(path), RULES)
    store.exchange(News("p", 1))
    files.close()
    assert store._connection is None
    files.go_on()
    store.exchange(News("p", 2))
    store.close()
