"""Owns a run: rows become calls, and what comes of each is written at once, whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import IO, Any

from holybalance.client import Client
from holybalance.errors import ClientClosed, HolyBalanceError
from holybalance.messages import Reply
from holybalance_cli.batch import answers
from holybalance_cli.batch.rows import BadRow, Row
from holybalance_cli.batch.totals import Totals


class Job:
    """
    Sends rows through a client, and is the one writer of what comes of them.

    One thread runs it; any other may look at `totals` meanwhile, or stop it.

    Args:
        client: makes the calls.
        rows: read only as calls can be taken.
        output: gets one line for each row, in the order in which they are done.
        stop: set by somebody else, it ends the reading of rows.
    """

    def __init__(
        self,
        client: Client,
        rows: Iterator[Row | BadRow],
        output: IO[bytes],
        stop: threading.Event,
    ) -> None:
        self.totals = Totals()
        self._client = client
        self._rows = rows
        self._output = output
        self._stop = stop
        # The rows under way, by their call's position; only its own thread uses it.
        self._under_way: dict[int, Row] = {}

    def run(self) -> None:
        """
        Make all calls and write all rows.

        Raises:
            OSError: the input cannot be read, or the output cannot be written.
        """
        calls = self._calls()
        for result in self._client.map_calls(calls, ordered=False, return_errors=True):
            if isinstance(result, Reply):
                self._note_reply(result)
            elif not isinstance(result, ClientClosed):
                self._note_error(result)

    def _calls(self) -> Iterator[Mapping[str, Any]]:
        position = 0
        for row in self._rows:
            if self._stop.is_set():
                return
            if isinstance(row, BadRow):
                self._write(answers.of_bad_row(row))
                self.totals.note_failure()
                continue
            self._under_way[position] = row
            position += 1
            yield row.call

    def _note_reply(self, reply: Reply) -> None:
        assert reply.index is not None
        row = self._under_way.pop(reply.index)
        self._write(answers.of_reply(row, reply))
        self.totals.note_reply(reply)

    def _note_error(self, error: HolyBalanceError) -> None:
        assert error.index is not None
        row = self._under_way.pop(error.index)
        self._write(answers.of_error(row, error))
        self.totals.note_failure()

    def _write(self, line: bytes) -> None:
        # A raw file may take a part only; a row must not stay behind in a buffer.
        rest = memoryview(line)
        while rest:
            rest = rest[self._output.write(rest) :]
        self._output.flush()
