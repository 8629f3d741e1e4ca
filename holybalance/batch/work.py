"""Owns what a worker does with a line: it reads it, makes the call, writes the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from holybalance import tokens
from holybalance.batch import answers, cap, rows
from holybalance.batch.lines import unpack
from holybalance.batch.rows import BadRow, Label, Row
from holybalance.batch.terms import Terms
from holybalance.budgeting.ledger import BOUND_ONE
from holybalance.config import Config
from holybalance.errors import (
    BudgetExceeded,
    HolyBalanceError,
    LocalError,
    NoEndpoint,
    RequestError,
    Unavailable,
)
from holybalance.messages import Embeddings, EmbedRequest, Reply, Verdict
from holybalance.prompts import make_embedding

BOUND_ANSWERS = "bound answers with max_tokens (--max-tokens N)"
"""What to do where an answer's length has no bound, in Python and in the shell."""


class Caller(Protocol):
    """What makes the calls; in a worker it is an `Engine`."""

    config: Config

    def call(self, request: EmbedRequest, *, is_patient: bool) -> Embeddings:
        """Make a call, and wait out an outage if it is a patient one."""

    def call_patiently(self, arguments: Mapping[str, Any]) -> Reply:
        """Make a call, and wait out an outage of all endpoints."""

    def is_hopeless(self) -> bool:
        """Whether no endpoint will ever take a call again by itself."""


class RowResult(NamedTuple):
    """
    What came of a line.

    Args:
        line: its number.
        row: the finished row of output.
        code: why it failed; `None` where it did not.
        message: the same for people.
        hopeless: why no other call can work either, if so; then there is no row, so
            that a later run does it.
        broke: why no money is left for it, if so; then there is no row either.
        model: who answered, by the caller's name of it.
        is_answered: an upstream answered, if only to reject it.
        is_unavailable: no endpoint gave an answer.
        is_repeat: the answer was another row's: nothing was called or paid for it.
    """

    line: int
    row: bytes
    code: str | None = None
    message: str = ""
    latency_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    hopeless: str = ""
    broke: str = ""
    model: str = ""
    is_answered: bool = False
    is_unavailable: bool = False
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWork:
    """
    The work of a batch; it is pickled to each worker.

    Args:
        format: "lines", "texts" or "jsonl".
    """

    format: str
    terms: Terms = field(default_factory=Terms)

    def perform(self, engine: Caller, position: int, item: bytes) -> RowResult:
        """Answer a line."""
        del position
        row = rows.read(unpack(item), self.format, self.terms)
        if isinstance(row, BadRow):
            written = answers.of_bad_row(row)
            return RowResult(row.label.line, written, answers.BAD_ROW, row.message)
        try:
            return _answered(row.label, _made(row, engine))
        except HolyBalanceError as error:
            if isinstance(error, BudgetExceeded):
                cap.put_plainly(error)
            if _is_broke(error):
                return RowResult(row.label.line, b"", broke=_broke(error, row))
            # One dead model among others has dead endpoints, and others go on.
            if _is_for_ever(error) and engine.is_hopeless():
                return RowResult(row.label.line, b"", hopeless=_hopeless(error))
            return failed(row.label, error)
        except MemoryError:
            raise  # which ends the worker: another has more
        except Exception as error:  # noqa: BLE001 - a row must not end a worker
            message = f"the call failed unexpectedly: {type(error).__name__}: {error}"
            return failed(row.label, LocalError(message, verdict=Verdict.LOCAL))


def failed(label: Label, error: HolyBalanceError) -> RowResult:
    """Write the row of a call that failed, wherever it did."""
    return RowResult(
        label.line,
        answers.of_error(label, error),
        answers.code_of(error),
        str(error),
        is_answered=isinstance(error, RequestError) and error.status is not None,
        is_unavailable=isinstance(error, Unavailable),
    )


def _made(row: Row, engine: Caller) -> Reply | Embeddings:
    if not row.is_embedding:
        return engine.call_patiently(row.call)
    request = make_embedding(engine.config, **row.call)
    return engine.call(request, is_patient=True)


def _is_broke(error: HolyBalanceError) -> bool:
    # What a call may cost is the row's own flaw where nobody knows it.
    return isinstance(error, BudgetExceeded) and error.needed_usd is not None


def _broke(error: HolyBalanceError, row: Row) -> str:
    assert isinstance(error, BudgetExceeded)
    message = str(error).partition("\n")[0]
    if (error.needed_usd or 0.0) <= error.limit_usd:
        return message
    # Here is known what bounds the row's answer, so the advice is another.
    message = message.partition(BOUND_ONE)[0]
    if row.is_embedding:
        return f"{message}; raise the limit"
    is_bounded = tokens.output_bound(row.call) is not None
    advice = "lower max_tokens" if is_bounded else BOUND_ANSWERS
    return f"{message}; {advice}, or raise the limit"


def _hopeless(error: HolyBalanceError) -> str:
    """Say what a run is told, in place of what somebody with a `Client` is told."""
    line = str(error).partition("\n")[0]
    what, _, rest = line.partition("; mend its key")
    _, opening, why = rest.partition(" (")
    return f"{what}{opening}{why}; mend its key and run the same command again"


def _is_for_ever(error: HolyBalanceError) -> bool:
    return isinstance(error, NoEndpoint) and error.retry_after_s is None


def _answered(label: Label, reply: Reply | Embeddings) -> RowResult:
    usage = reply.usage
    return RowResult(
        label.line,
        answers.of_reply(label, reply),
        latency_s=reply.latency_s,
        input_tokens=0 if usage is None else usage.input_tokens,
        output_tokens=0 if usage is None else usage.output_tokens,
        cost_usd=reply.cost_usd,
        is_answered=True,
        model=reply.model,
    )
