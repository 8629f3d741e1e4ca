"""
Owns a store in an SQLite file, or in memory: its making, opening, losing and faults.

What an exchange does to the tables is `tables`'s.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from holybalance.state.answers import refuse_all, within_bounds
from holybalance.state.forks import let_go_before_forks
from holybalance.state.rules import BUSY_S, Rules
from holybalance.state.store import Answer, News, StoreError
from holybalance.state.tables import APPLICATION_ID, VERSION, Tables, create

MEMORY = ":memory:"
PRUNE_EVERY_S = 60.0
_PAUSE_S = 0.01
_SMALLEST_PAGE = 512
_REASONS = {
    "SQLITE_BUSY": f"another process has kept it locked for more than {BUSY_S} s",
    "SQLITE_LOCKED": f"another process has kept it locked for more than {BUSY_S} s",
    "SQLITE_READONLY": "it may not be written; check its permissions and its folder's",
    "SQLITE_FULL": "there is no room left for it",
    "SQLITE_NOTADB": "it is not an SQLite database; choose another path",
    "SQLITE_CORRUPT": "it is damaged; stop all processes and move it away",
    "SQLITE_CANTOPEN": "it cannot be opened; check its permissions and its folder's",
}
"""What SQLite's codes mean to people; <https://www.sqlite.org/rescode.html>"""


class _Identity(NamedTuple):
    device: int
    inode: int


class SqliteStore:
    """
    A store that the processes of one machine share, or one process has for itself.

    Args:
        path: of the file, which is made when missing; `MEMORY` for none.
        rules: the namespace and the lengths of leases and of grace.
        clock: monotonic seconds, the same in all processes of a machine.
        is_durable: whether what was said shall survive a power failure, give or take
            the last seconds; without, it survives the processes' deaths only.
    """

    def __init__(
        self,
        path: str,
        rules: Rules,
        *,
        clock: Callable[[], float] = time.monotonic,
        is_durable: bool = True,
    ) -> None:
        self._is_file = path != MEMORY
        self._path = os.path.abspath(path) if self._is_file else path
        self._rules = rules
        self._clock = clock
        self._is_durable = is_durable and self._is_file
        self._connection: sqlite3.Connection | None = None
        self._identity: _Identity | None = None
        self._pruned = float("-inf")
        # Guards the connection against a fork in the middle of an exchange.
        self._lock = threading.Lock()
        if self._is_file:
            let_go_before_forks().add(self)

    def __del__(self) -> None:
        # Of a store that nobody has closed; Python 3.13 warns of what is left open.
        connection = getattr(self, "_connection", None)
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def __repr__(self) -> str:
        return f"SqliteStore({self._path!r})"

    def exchange(self, news: News) -> Answer:
        """Take a process's news and answer, atomically; see `Store`."""
        with self._lock, self._told_in_words():
            if not news.process and self._is_file and not os.path.exists(self._path):
                # A store that nobody has begun yet; but a wrong path is none.
                with _alone_in(os.path.dirname(self._path)):
                    return refuse_all(news)
            connection = self._connected()
            # A reader, too, sees one state: it begins a transaction that only reads.
            connection.execute("BEGIN IMMEDIATE" if news.process else "BEGIN")
            tables = Tables(connection, self._rules, self._clock())
            news = within_bounds(news)
            answer = tables.exchange(news) if news.process else tables.look(news)
            self._prune(tables, news)
            connection.execute("COMMIT")
            return answer

    def close(self) -> None:
        """Let go of the file; what was in memory is forgotten."""
        with self._lock:
            self._disconnect()

    def hold_up(self) -> None:
        """Close the file after the exchange under way; the next one has to wait."""
        self._lock.acquire()
        self._disconnect()

    def go_on(self) -> None:
        """Let exchanges be made again."""
        self._lock.release()

    def _prune(self, tables: Tables, news: News) -> None:
        now = self._clock()
        if news.process and not 0 <= now - self._pruned < PRUNE_EVERY_S:
            tables.prune()
            self._pruned = now

    @contextlib.contextmanager
    def _told_in_words(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            self._give_up()
            raise
        except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
            self._give_up()
            raise StoreError(f"{self._name}: {_reason(error)}") from error

    @property
    def _name(self) -> str:
        return f'the state file "{self._path}"' if self._is_file else "the local state"

    def _give_up(self) -> None:
        """Undo what was begun; a file is opened afresh, in case it is another one."""
        if self._is_file:
            self._disconnect()
        elif self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._is_file and _identity(self._path) != self._identity:
            # SQLite leaves the journal of the file that has come in its place.
            self._disconnect()
        if self._connection is None:
            self._connection = self._opened() if self._is_file else self._remembered()
        return self._connection

    def _remembered(self) -> sqlite3.Connection:
        connection = self._connect(MEMORY)
        create(connection, self._clock())
        return connection

    def _opened(self) -> sqlite3.Connection:
        if _is_blank(self._path):
            with _alone_in(os.path.dirname(self._path)):
                self._make()
        self._identity = _identity(self._path)
        connection = self._connect(f"file:{quote(os.fsencode(self._path))}?mode=rw")
        try:
            if not self._is_ours(connection):
                with _alone_in(os.path.dirname(self._path)):
                    self._fill(connection)
            connection.execute(
                f"PRAGMA synchronous = {'NORMAL' if self._is_durable else 'OFF'}"
            )
            if _identity(self._path) != self._identity:
                raise StoreError(f"{self._name}: it was replaced while it was opened")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self) -> None:
        """Make an empty file for nobody else's eyes."""
        if not _is_blank(self._path):
            return
        # A deleted file's journal may have stayed, and be in use by whoever has the
        # deleted file open: it must not become the new one's.
        if not os.path.exists(self._path):
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path + suffix)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        """Tell a store from an empty file; refuse what is neither."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == APPLICATION_ID and version == VERSION:
            return True
        if application == APPLICATION_ID:
            raise StoreError(
                f"{self._name} is of version {version}, and this holybalance knows "
                f"version {VERSION}; upgrade holybalance or choose another path"
            )
        if application or version or tables:
            raise StoreError(
                f"{self._name} is some other program's database; choose another path"
            )
        return False

    def _fill(self, connection: sqlite3.Connection) -> None:
        if not self._is_ours(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            create(connection, self._clock())

    def _connect(self, target: str) -> sqlite3.Connection:
        return sqlite3.connect(
            target,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            uri=self._is_file,
        )


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return _Identity(found.st_dev, found.st_ino)


def _is_blank(path: str) -> bool:
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        return True
    if 0 < size < _SMALLEST_PAGE:
        # SQLite takes it for an empty file, and would write over it.
        raise StoreError(f'the state file "{path}": {_REASONS["SQLITE_NOTADB"]}')
    return size == 0


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Let one process at a time make a file there."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise StoreError(f'the folder "{folder}" is missing; make it first') from error
    except NotADirectoryError as error:
        raise StoreError(f'"{folder}" is not a folder; choose another path') from error
    try:
        _lock_out_others(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock_out_others(descriptor: int) -> None:
    # Making a file takes milliseconds; whoever takes longer has been stopped.
    for _ in range(int(BUSY_S / _PAUSE_S)):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_PAUSE_S)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _reason(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    # Extended codes go on after the plain one: SQLITE_READONLY_DIRECTORY.
    primary = "_".join(name.split("_")[:2])
    return _REASONS.get(primary) or f"{error or type(error).__name__}"
