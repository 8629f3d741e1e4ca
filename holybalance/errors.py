"""
Owns every exception that a caller can meet; all of them survive pickling.

Nothing of urllib3, tenacity or pybreaker reaches a caller: what they raise is kept
as the `__cause__` at most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from holybalance.messages import Attempt, Rejection, Verdict


def _rebuild(
    kind: type[HolyBalanceError], arguments: tuple[Any, ...], state: dict[str, Any]
) -> HolyBalanceError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class HolyBalanceError(Exception):
    """The root of all errors of this library."""

    index: int | None = None
    """The place of the prompt in what `Client.map` was given, from 0."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class ConfigError(HolyBalanceError):
    """The configuration is wrong; says where, what, and what to do."""


class BatchError(HolyBalanceError):
    """A batch broke off: input or output failed, or no call can work any more."""


class CallError(HolyBalanceError):
    """
    A call that came to no reply.

    `attempts` are all tries, `verdict` is what ended the call. `answer` is what the
    upstream of the last one said, `None` when it said nothing.
    """

    def __init__(
        self, message: str, *, verdict: Verdict, attempts: Iterable[Attempt] = ()
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.attempts: tuple[Attempt, ...] = tuple(attempts)
        self.answer: Rejection | None = None

    def __str__(self) -> str:
        lines = [str(self.args[0])]
        lines += [f"  {n}. {attempt}" for n, attempt in enumerate(self.attempts, 1)]
        return "\n".join(lines)


class ClientClosed(CallError):
    """The client was closed before or during the call."""

    def __init__(
        self,
        message: str,
        *,
        verdict: Verdict = Verdict.LOCAL,
        attempts: Iterable[Attempt] = (),
    ) -> None:
        super().__init__(message, verdict=verdict, attempts=attempts)


class RequestError(CallError):
    """
    The request itself is at fault; sending it again would not help.

    `status` is the upstream's HTTP status, `None` when the request was never sent.
    `code` is the upstream's (or our) machine-readable reason.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        verdict: Verdict = Verdict.CALLER,
        attempts: Iterable[Attempt] = (),
    ) -> None:
        super().__init__(message, verdict=verdict, attempts=attempts)
        self.status = status
        self.code = code


class LocalError(CallError):
    """This machine could not make the call: out of files or threads, or a bug."""


class WorkerDied(LocalError):
    """The worker process that made the call died, and so did those after it."""


class Saturated(CallError):
    """
    Every endpoint is full, cooling down or at its rate limit, or the queue is.

    `retry_after_s` is when room is expected, in seconds; `None` when unknown.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        verdict: Verdict = Verdict.THROTTLED,
        attempts: Iterable[Attempt] = (),
    ) -> None:
        super().__init__(message, verdict=verdict, attempts=attempts)
        self.retry_after_s = retry_after_s


class BudgetExceeded(CallError):
    """
    A budget has no room for the call; nothing has been sent, or what was is counted.

    `budget` is its name, `limit_usd`, `spent_usd` and `reserved_usd` (held for calls
    under way) are US dollars in its present window; `None` when they are unknown, as
    while the shared state cannot be reached. `needed_usd` is what the call may cost at
    the most. `opens_at` is when the next window begins; `None` when there is none.
    """

    def __init__(
        self,
        message: str,
        *,
        budget: str,
        limit_usd: float,
        spent_usd: float | None = None,
        reserved_usd: float | None = None,
        needed_usd: float | None = None,
        opens_at: dt.datetime | None = None,
        verdict: Verdict = Verdict.BUDGET,
        attempts: Iterable[Attempt] = (),
    ) -> None:
        super().__init__(message, verdict=verdict, attempts=attempts)
        self.budget = budget
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = reserved_usd
        self.needed_usd = needed_usd
        self.opens_at = opens_at


class Unavailable(CallError):
    """No endpoint gave an answer; the caller is not to blame."""


class NoEndpoint(Unavailable):
    """
    No endpoint may be called now: breakers are open or keys are benched.

    `retry_after_s` is when the next trial is due, in seconds; `None` when never.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        verdict: Verdict = Verdict.SICK,
        attempts: Iterable[Attempt] = (),
    ) -> None:
        super().__init__(message, verdict=verdict, attempts=attempts)
        self.retry_after_s = retry_after_s


class RetriesExhausted(Unavailable):
    """The attempts or the retry budget ran out."""


class DeadlineExceeded(Unavailable):
    """The call's own timeout ended it."""


class StreamInterrupted(Unavailable):
    """
    A stream broke off after its first piece had been handed over.

    `text` is the first choice's text so far, `body` all that came, in the shape of a
    whole reply; `finish_reason` is `None` in it for what was not finished.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        body: Mapping[str, Any] | None = None,
        verdict: Verdict,
        attempts: Iterable[Attempt] = (),
    ) -> None:
        super().__init__(message, verdict=verdict, attempts=attempts)
        self.text = text
        self.body = {} if body is None else body
