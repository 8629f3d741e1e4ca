"""Owns a run: rows become calls, and what comes of each is written at once, whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from holybalance.client import Client
from holybalance.errors import ClientClosed, HolyBalanceError, NoEndpoint
from holybalance.messages import Reply
from holybalance_cli.batch import answers
from holybalance_cli.batch.output import Output
from holybalance_cli.batch.rows import BadRow, Row
from holybalance_cli.batch.totals import Totals


class Job:
    """
    Sends rows through a client, and is the one writer of what comes of them.

    One thread runs it; any other may look at `totals` meanwhile, or stop it.

    Args:
        client: makes the calls.
        rows: read only as calls can be taken.
        output: gets one row for each row, in the order in which they are done.
        stop: ends the reading of rows; set by somebody else, or when no call can work.
    """

    def __init__(
        self,
        client: Client,
        rows: Iterator[Row | BadRow],
        output: Output,
        stop: threading.Event,
    ) -> None:
        self.totals = Totals()
        self._client = client
        self._rows = rows
        self._output = output
        self._stop = stop
        # The rows under way, by their call's position; only its own thread uses it.
        self._under_way: dict[int, Row] = {}
        self._hopeless: NoEndpoint | None = None

    def run(self) -> None:
        """
        Make all calls and write all rows.

        Raises:
            NoEndpoint: no further call can work; what was under way is written.
            OutputError: a row cannot be written.
            OSError: the input cannot be read, or a pipe's reader has left.
        """
        calls = self._calls()
        for result in self._client.map_calls(calls, ordered=False, return_errors=True):
            if isinstance(result, Reply):
                self._note_reply(result)
            elif not isinstance(result, ClientClosed):
                self._note_error(result)
        if self._hopeless is not None:
            raise self._hopeless

    def _calls(self) -> Iterator[Mapping[str, Any]]:
        position = 0
        for row in self._rows:
            if self._stop.is_set():
                return
            if row.is_named:
                self.totals.note_name(row.custom_id)
            if isinstance(row, BadRow):
                self._output.write(answers.of_bad_row(row))
                self.totals.note_failure(answers.BAD_ROW, row.message)
                continue
            self._under_way[position] = row
            position += 1
            yield row.call

    def _note_reply(self, reply: Reply) -> None:
        assert reply.index is not None
        row = self._under_way.pop(reply.index)
        self._output.write(answers.of_reply(row, reply))
        self.totals.note_reply(reply)

    def _note_error(self, error: HolyBalanceError) -> None:
        assert error.index is not None
        row = self._under_way.pop(error.index)
        self._output.write(answers.of_error(row, error))
        self.totals.note_failure(answers.code_of(error), str(error))
        if isinstance(error, NoEndpoint) and error.retry_after_s is None:
            self._hopeless = error
            self._stop.set()
