"""
Owns an exchange as SQL, on a connection and in a transaction of the caller's.

All instants are of one monotonic clock, which begins anew when the machine does: a
stored instant later than now is taken for now.
"""

from __future__ import annotations

import sqlite3

from holybalance.state.answers import packed, refuse_all, unpacked
from holybalance.state.rules import (
    FORGET_AFTER_S,
    KEEP_BUCKET_S,
    KEEP_MONEY_S,
    Rules,
)
from holybalance.state.store import Account, Answer, Claim, Draw, News
from holybalance.state.sums import Purse, burst, grant, pour, reported, restored

APPLICATION_ID = 0x686F6C79
"""The word "holy" at byte 68 of the file: what tells ours from other databases."""
VERSION = 1
"""Of the tables; a file of a newer one is left alone."""
_CREATION = """
BEGIN IMMEDIATE;
CREATE TABLE store (generation TEXT NOT NULL, born REAL NOT NULL);
CREATE TABLE processes (
    namespace TEXT, id TEXT, heard REAL NOT NULL, number INTEGER NOT NULL,
    answer BLOB NOT NULL, is_alive INTEGER NOT NULL, is_returning INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)) WITHOUT ROWID;
CREATE TABLE accounts (
    namespace TEXT, key TEXT, spent INTEGER NOT NULL, restored INTEGER NOT NULL,
    used REAL NOT NULL, is_lasting INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE holds (
    namespace TEXT, account TEXT, process TEXT, amount INTEGER NOT NULL,
    PRIMARY KEY (namespace, account, process)) WITHOUT ROWID;
CREATE TABLE buckets (
    namespace TEXT, key TEXT, level REAL NOT NULL, stamp REAL NOT NULL,
    PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE rests (
    namespace TEXT, key TEXT, begun REAL NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (namespace, key)) WITHOUT ROWID;
INSERT INTO store VALUES (lower(hex(randomblob(8))), {born!r});
PRAGMA application_id = {application_id};
PRAGMA user_version = {version};
COMMIT;
"""
_USE_IS_NOTED_EVERY_S = 3600.0


def create(connection: sqlite3.Connection, now: float) -> None:
    """Make the tables, or none of them, and mark the file as ours."""
    connection.executescript(
        _CREATION.format(born=now, application_id=APPLICATION_ID, version=VERSION)
    )


class Tables:
    """The tables of one file, in one transaction at one instant."""

    def __init__(
        self, connection: sqlite3.Connection, rules: Rules, now: float
    ) -> None:
        self._execute = connection.execute
        self._space = rules.namespace
        self._rules = rules
        self._now = now
        generation, born = self._execute("SELECT * FROM store").fetchone()
        self._generation: str = generation
        self._withholds = 0 <= now - born < rules.grace_s

    def exchange(self, news: News) -> Answer:
        """Take a process's news and answer; a repeated one as before."""
        said = self._execute(
            "SELECT number, answer, is_returning FROM processes "
            "WHERE namespace = ? AND id = ?",
            (self._space, news.process),
        ).fetchone()
        if said and said[0] >= news.number:
            return unpacked(said[1])
        is_returning = (
            bool(said[2]) if said else news.generation not in ("", self._generation)
        )
        answer = Answer(
            self._generation,
            self._bury_the_dead(news),
            tuple(self._draw(draw) for draw in news.draws),
            tuple(self._claim(news, claim, is_returning) for claim in news.claims),
            self._exchange_rests(news),
        )
        if news.is_leaving:
            self._execute(
                "DELETE FROM holds WHERE namespace = ? AND process = ?",
                (self._space, news.process),
            )
        self._remember(news, answer, is_returning)
        return answer

    def look(self, news: News) -> Answer:
        """Answer somebody who only looks."""
        alive = {id_ for id_, heard in self._living() if not self._is_dead(heard)}
        return refuse_all(news, self._generation)._replace(
            processes=len(alive),
            accounts=tuple(self._account(claim.key, alive) for claim in news.claims),
            rests={key: left for key, (_, left) in self._rests().items() if left > 0},
        )

    def prune(self) -> None:
        """Forget what nobody will ask for again."""
        space, now = self._space, self._now
        self._execute(
            "DELETE FROM processes WHERE namespace = ? AND NOT is_alive AND heard < ?",
            (space, now - self._rules.lease_s - FORGET_AFTER_S),
        )
        self._execute(
            "DELETE FROM accounts "
            "WHERE namespace = ? AND NOT is_lasting AND used < ? AND NOT EXISTS ("
            "SELECT * FROM holds WHERE holds.namespace = accounts.namespace "
            "AND account = key AND amount)",
            (space, now - KEEP_MONEY_S),
        )
        self._execute(
            "DELETE FROM holds WHERE namespace = ? AND account NOT IN ("
            "SELECT key FROM accounts WHERE namespace = ?)",
            (space, space),
        )
        self._execute(
            "DELETE FROM buckets WHERE namespace = ? AND stamp < ?",
            (space, now - KEEP_BUCKET_S),
        )
        self._execute(
            "DELETE FROM rests WHERE namespace = ? AND begun + seconds <= ?",
            (space, now),
        )

    def _living(self) -> list[tuple[str, float]]:
        return self._execute(
            "SELECT id, heard FROM processes WHERE namespace = ? AND is_alive",
            (self._space,),
        ).fetchall()

    def _is_dead(self, heard: float) -> bool:
        return self._now - heard > self._rules.lease_s

    def _bury_the_dead(self, news: News) -> int:
        """Write off what the dead hold, and count the living."""
        count = int(not news.is_leaving)
        for id_, heard in self._living():
            if id_ == news.process:
                continue
            if self._is_dead(heard):
                self._write_off(id_)
                continue
            count += 1
            if heard > self._now:
                self._execute(
                    "UPDATE processes SET heard = ? WHERE namespace = ? AND id = ?",
                    (self._now, self._space, id_),
                )
        return count

    def _write_off(self, process: str) -> None:
        key = (self._space, process)
        # Not by UPDATE … FROM, which SQLite before 3.33 does not know.
        self._execute(
            "UPDATE accounts SET spent = spent + ("
            "SELECT amount FROM holds WHERE holds.namespace = accounts.namespace "
            "AND account = key AND process = ?) "
            "WHERE namespace = ? AND key IN ("
            "SELECT account FROM holds WHERE namespace = ? AND process = ?)",
            (process, self._space, *key),
        )
        self._execute("DELETE FROM holds WHERE namespace = ? AND process = ?", key)
        self._execute(
            "UPDATE processes SET is_alive = 0, is_returning = 0 "
            "WHERE namespace = ? AND id = ?",
            key,
        )

    def _draw(self, draw: Draw) -> float:
        row = self._execute(
            "SELECT level, stamp FROM buckets WHERE namespace = ? AND key = ?",
            (self._space, draw.key),
        ).fetchone()
        level, stamp = row or (burst(draw), self._now)
        granted, left = pour(level, self._now - stamp, draw)
        self._execute(
            "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?)",
            (self._space, draw.key, left, self._now),
        )
        return granted

    def _claim(self, news: News, claim: Claim, is_returning: bool) -> Account:
        row = self._execute(
            "SELECT spent, restored, used, is_lasting FROM accounts "
            "WHERE namespace = ? AND key = ?",
            (self._space, claim.key),
        ).fetchone()
        spent, known_spent, used, is_lasting = row or (0, 0, 0.0, False)
        holds = self._holds(claim.key)
        known = holds.pop(news.process, None)
        before = Purse(spent, known_spent, sum(holds.values()), known or 0)
        purse = before
        if is_returning and known is None:
            purse = restored(purse, claim)
        purse = reported(purse, claim)
        granted = 0 if self._withholds or news.is_leaving else grant(purse, claim)
        purse = purse._replace(mine=purse.mine + granted)
        if news.is_leaving:
            purse = purse._replace(mine=0)
        is_noted = row and 0 <= self._now - used < _USE_IS_NOTED_EVERY_S
        if purse != before or not is_noted or is_lasting != claim.is_lasting:
            self._keep(claim, purse)
        if purse.mine != known:
            self._hold(news.process, claim.key, purse.mine)
        return Account(granted, purse.spent, purse.others + purse.mine, purse.mine)

    def _holds(self, account: str) -> dict[str, int]:
        return dict(
            self._execute(
                "SELECT process, amount FROM holds WHERE namespace = ? AND account = ?",
                (self._space, account),
            ).fetchall()
        )

    def _keep(self, claim: Claim, purse: Purse) -> None:
        self._execute(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
            (
                self._space,
                claim.key,
                purse.spent,
                purse.restored,
                self._now,
                claim.is_lasting,
            ),
        )

    def _hold(self, process: str, account: str, amount: int) -> None:
        # Nothing is written down, too: who holds nothing has been restored already.
        self._execute(
            "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)",
            (self._space, account, process, amount),
        )

    def _account(self, key: str, alive: set[str]) -> Account:
        row = self._execute(
            "SELECT spent FROM accounts WHERE namespace = ? AND key = ?",
            (self._space, key),
        ).fetchone()
        holds = self._holds(key)
        held = sum(amount for process, amount in holds.items() if process in alive)
        lost = sum(holds.values()) - held
        return Account(0, (row[0] if row else 0) + lost, held, 0)

    def _rests(self) -> dict[str, tuple[float, float]]:
        """Give every rest's beginning and the seconds that are left of it."""
        rows = self._execute(
            "SELECT key, begun, seconds FROM rests WHERE namespace = ?", (self._space,)
        )
        now = self._now
        return {
            key: (begun, seconds - max(0.0, now - begun))
            for key, begun, seconds in rows
        }

    def _exchange_rests(self, news: News) -> dict[str, float]:
        rests = self._rests()
        for key in news.lifted:
            if rests.pop(key, None):
                self._execute(
                    "DELETE FROM rests WHERE namespace = ? AND key = ?",
                    (self._space, key),
                )
        left = {key: left for key, (_, left) in rests.items() if left > 0}
        longer = {
            key: seconds
            for key, seconds in news.rests.items()
            if seconds > left.get(key, 0.0)
        }
        left |= longer
        # One begun in the future is from before a restart: it would never end.
        longer |= {k: left[k] for k, (begun, _) in rests.items() if begun > self._now}
        for key, seconds in longer.items():
            self._execute(
                "INSERT OR REPLACE INTO rests VALUES (?, ?, ?, ?)",
                (self._space, key, self._now, seconds),
            )
        return left

    def _remember(self, news: News, answer: Answer, is_returning: bool) -> None:
        self._execute(
            "INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self._space,
                news.process,
                self._now,
                news.number,
                packed(answer),
                not news.is_leaving,
                is_returning,
            ),
        )
