"""Owns the face of many processes: the same calls as a client's, past one process."""

from __future__ import annotations

import contextlib
import math
import pickle
from collections.abc import Generator, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, replace
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload

from holybalance.batch.cap import put_plainly
from holybalance.batch.funding import with_max_cost
from holybalance.config import Config
from holybalance.engine import Engine
from holybalance.errors import (
    BudgetExceeded,
    ConfigError,
    HolyBalanceError,
    LocalError,
    RequestError,
)
from holybalance.launching.crew import Answer, Crew
from holybalance.messages import Reply, Verdict
from holybalance.prompts import Prompt, refuse_one_string

if TYPE_CHECKING:
    from holybalance.batch.job import Batch
    from holybalance.batch.report import BatchReport

Result = Reply | HolyBalanceError
# In order, results that are early wait for those before them; so many at the most.
ORDER_WINDOW = 20_000
_PROTOCOL = pickle.HIGHEST_PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class _PromptWork:
    """
    A worker's part of `Launcher.map`.

    Args:
        arguments: what `Client.chat` takes besides the prompt, pickled.
    """

    arguments: bytes

    def perform(self, engine: Engine, position: int, item: bytes) -> bytes:
        """Make a prompt's call, and write down what came of it."""
        try:
            arguments = {**_read(self.arguments), "messages": _read(item)}
            reply = engine.call_patiently(arguments)
            # A provider's headers are as long as a short answer, and rarely read.
            bare = replace(reply, index=position, head={})
            return pickle.dumps(bare, _PROTOCOL)
        except HolyBalanceError as error:
            return pickle.dumps(error, _PROTOCOL)
        except MemoryError:
            raise  # which ends the worker: another has more
        except Exception as error:  # noqa: BLE001 a prompt must not end a worker
            message = f"the call failed unexpectedly: {type(error).__name__}: {error}"
            return pickle.dumps(LocalError(message, verdict=Verdict.LOCAL), _PROTOCOL)


class Launcher:
    """
    Spreads calls over worker processes, each with threads and a part of every limit.

    Workers start with the first work and end with the launcher: close it, or use it as
    a context manager. They import nothing of the script that launches them. One thread
    at a time may `map` or `run`.

    Args:
        config: as for `Client`.
        processes: how many workers; `None` for the usable cores, or fewer where there
            is little to do, or limits are too small to be shared out.
        threads: calls at once in each; `None` begins with few and adds as latency and
            the interpreter's load allow (Little's law).
        rate: calls a second that all together begin at the most; `None` for no cap.
        max_cost: US dollars that all calls together cost at the most; `None` for no
            cap. Calls that could go beyond it end with `BudgetExceeded`.

    Raises:
        ConfigError: the configuration is missing or wrong, or cannot be shared out to
            so many processes.
    """

    def __init__(
        self,
        config: Config | Mapping[str, Any] | None = None,
        *,
        processes: int | None = None,
        threads: int | None = None,
        rate: float | None = None,
        max_cost: float | None = None,
    ) -> None:
        self.config = with_max_cost(Config.of(config), max_cost)
        self._crew = Crew(
            self.config,
            processes=_whole("processes", processes),
            threads=_whole("threads", threads),
            calls_per_s=_rate(rate),
        )

    def __enter__(self) -> Launcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = ", ".join(endpoint.name for endpoint in self.config.endpoints)
        return f"<Launcher of {len(self._crew.workers())} workers over {names}>"

    @property
    def notices(self) -> tuple[str, ...]:
        """What people should know, such as a limit of open files that is too low."""
        return self._crew.notices

    @overload
    def map(
        self,
        prompts: Iterable[Prompt],
        *,
        ordered: bool = True,
        return_errors: Literal[False] = False,
        **arguments: Any,
    ) -> Iterator[Reply]: ...

    @overload
    def map(
        self,
        prompts: Iterable[Prompt],
        *,
        ordered: bool = True,
        return_errors: bool,
        **arguments: Any,
    ) -> Iterator[Result]: ...

    def map(
        self,
        prompts: Iterable[Prompt],
        *,
        ordered: bool = True,
        return_errors: bool = False,
        **arguments: Any,
    ) -> Iterator[Result]:
        """
        Make a call for each prompt in the workers, and give the replies.

        Otherwise as `Client.map`: prompts are pulled as workers have room, in the
        thread that iterates, so any length will do. Replies come without `headers`.

        Args:
            prompts: each of them what `Client.chat` takes first.
            ordered: in the order of the prompts, or as they come.
            return_errors: give errors in their place, or raise the first.
            **arguments: what `Client.chat` takes, the same for every prompt.

        Raises:
            HolyBalanceError: the first error, unless `return_errors`; also when the
                workers cannot begin.
            Exception: what `prompts` raised, after the replies to those before it.
        """
        refuse_one_string(prompts)
        work = _PromptWork(arguments=_write(arguments))
        results = self._results(prompts, work, ordered)
        return results if return_errors else _raising(results)

    def batch(
        self,
        source: str | PathLike[str],
        output: str | PathLike[str],
        **options: Any,
    ) -> Batch:
        """
        Prepare a run over a file, to watch it and to stop it; see `run`.

        Raises:
            ConfigError: the files or the options are wrong; nothing has been sent.
        """
        # Imported here: `map` needs none of it.
        from holybalance.batch.job import Batch  # noqa: PLC0415
        from holybalance.batch.options import make_options  # noqa: PLC0415

        return Batch(self._crew, source, output, make_options(options), self.config)

    def run(
        self,
        source: str | PathLike[str],
        output: str | PathLike[str],
        **options: Any,
    ) -> BatchReport:
        """
        Send each row of a file, and append its answer to another.

        Where a budget has no room any more, the run is stopped as by `Batch.stop`, and
        the report's `budget` says why.

        Args:
            source: a prompt a line, or rows of OpenAI's batch input, for chats and
                embeddings; `-` for standard input.
            output: gets rows of OpenAI's batch output; what it has already is not
                done again. `-` for standard output.
            **options: the fields of `BatchOptions`.

        Raises:
            ConfigError: the files or the options are wrong; nothing has been sent.
            BatchError: the run broke off; what was answered is written.
        """
        return self.batch(source, output, **options).run()

    def metrics(self) -> dict[str, Any]:
        """
        Give counts, latencies and states of all workers together, as `Client.metrics`.

        From any thread; at most half a second old while they work, exact afterwards.
        `workers` has each one's process id, threads, and items that it holds.
        """
        return {**self._crew.report().snapshot(), "workers": self._crew.workers()}

    def close(self) -> None:
        """End the workers; what they are about is not waited for."""
        self._crew.close()

    def _results(
        self, prompts: Iterable[Prompt], work: _PromptWork, ordered: bool
    ) -> Generator[Result, None, None]:
        source = _Prompts(prompts, ordered)
        early: dict[int, Result] = {}
        expected = len(prompts) if isinstance(prompts, Sized) else None
        performance = self._crew.perform(work, source, expected)
        with contextlib.closing(performance):
            for answers in performance:
                for answer in answers:
                    early[answer.position] = _result(answer)
                if ordered:
                    while source.given in early:
                        source.given += 1
                        yield early.pop(source.given - 1)
                else:
                    yield from early.values()
                    early.clear()
        source.raise_trouble()


class _Prompts:
    """
    Prompts on their way to workers; what they raise is kept for the end.

    Args:
        ordered: whether results wait for those before them: then prompts are not
            pulled too far ahead of `given`, the number of results given on.
    """

    def __init__(self, prompts: Iterable[Prompt], ordered: bool) -> None:
        self.given = 0
        self._prompts = iter(prompts)
        self._window = ORDER_WINDOW if ordered else math.inf
        self._pulled = 0
        self._trouble: Exception | None = None

    def __iter__(self) -> Iterator[bytes | None]:
        return self

    def __next__(self) -> bytes | None:
        if self._pulled - self.given >= self._window:
            return None
        try:
            prompt = next(self._prompts)
        except StopIteration:
            raise
        except Exception as error:
            self._trouble = error
            raise StopIteration from error
        self._pulled += 1
        try:
            return _write(prompt)
        except RequestError as error:
            return _write(error)

    def raise_trouble(self) -> None:
        """Raise what the prompts raised."""
        if self._trouble is not None:
            raise self._trouble


def _write(value: Any) -> bytes:
    """
    Write a prompt or arguments for a worker.

    Raises:
        RequestError: they cannot be pickled.
    """
    try:
        return pickle.dumps(value, _PROTOCOL)
    except Exception as error:
        raise RequestError(
            f"what was passed cannot be handed to a worker process: {error}",
            code="invalid_request",
        ) from error


def _read(written: bytes) -> Any:
    """
    Read in a worker what its parent wrote.

    Raises:
        RequestError: the parent could not write it, or it is of a class that only the
            parent can import.
    """
    try:
        value = pickle.loads(written)  # noqa: S301 our parent wrote it
    except Exception as error:
        raise RequestError(
            f"what was passed cannot be read in a worker process: {error}; pass plain "
            "values, or define their classes in a module",
            code="invalid_request",
        ) from error
    if isinstance(value, RequestError):
        raise value
    return value


def _result(answer: Answer) -> Result:
    value = answer.value
    # A `WorkerDied` is an error of the crew's own; anything else a worker has pickled.
    result: Result = pickle.loads(value) if isinstance(value, bytes) else value  # noqa: S301
    if isinstance(result, HolyBalanceError):
        result.index = answer.position
    if isinstance(result, BudgetExceeded):
        put_plainly(result)
    return result


def _raising(results: Generator[Result, None, None]) -> Iterator[Reply]:
    # The error's traceback keeps `results` alive, so their end is not left to chance.
    with contextlib.closing(results):
        for result in results:
            if isinstance(result, HolyBalanceError):
                raise result
            yield result


def _whole(name: str, number: int | None) -> int | None:
    is_whole = isinstance(number, int) and not isinstance(number, bool)
    if number is not None and not (is_whole and number >= 1):
        raise ConfigError(f"{name} must be a whole number, at least 1, not {number!r}")
    return number


def _rate(rate: float | None) -> float | None:
    if rate is None:
        return None
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 0 < rate < math.inf:
        raise ConfigError(f"rate must be calls a second, above 0, not {rate!r}")
    return float(rate)
