"""
Owns a process that claims and draws as fast as it can: one of several in a test.

Run as `python -m tests.state.hammer URL NAME PATIENCE`; prints a line for each thing
that it spends, and at the end what it was granted of the bucket, and how often the
store failed.
"""

from __future__ import annotations

import sys
import time

from holybalance.config import StateConfig
from holybalance.config.secret import Secret
from holybalance.state.opening import open_store
from holybalance.state.store import Answer, Claim, Draw, News, Store, StoreError

LIMIT = 1000
PER_MINUTE = 60_000.0


def main(url: str, name: str, patience: str) -> None:
    """Spend until there has been nothing left so many times."""
    store = open_store(StateConfig(url=Secret.url(url), namespace="hammered"))
    number = refusals = failures = held = 0
    drawn = 0.0
    while refusals < int(patience):
        number += 1
        claim = Claim("account", LIMIT, need=1, extra=2, spent=held, held=held)
        news = News(
            name, number, draws=(Draw("bucket", PER_MINUTE, want=5),), claims=(claim,)
        )
        answer, failed = _until_answered(store, news)
        failures += failed
        account = answer.accounts[0]
        held = account.granted
        drawn += answer.drawn[0]
        # A new store gives nothing at first, and has everything left.
        refusals += not held and account.spent + account.held == LIMIT
        sys.stdout.write("spent\n" * held)
        sys.stdout.flush()
        if not held:
            time.sleep(0.001)
    store.exchange(News(name, number + 1, is_leaving=True))
    store.close()
    sys.stdout.write(f"drawn {drawn}\nfailed {failures}\n")


def _until_answered(store: Store, news: News) -> tuple[Answer, int]:
    for failures in range(100):
        try:
            return store.exchange(news), failures
        except StoreError as error:
            sys.stderr.write(f"{error}\n")
    raise SystemExit("the store has failed a hundred times")


if __name__ == "__main__":
    main(*sys.argv[1:])
