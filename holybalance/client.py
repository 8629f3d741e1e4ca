"""Owns the face of the library: one blocking call, from any thread, after any fork."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, overload

from holybalance.balancing.stream import Stream
from holybalance.config import Config
from holybalance.engine import Engine
from holybalance.errors import ClientClosed, HolyBalanceError
from holybalance.messages import (
    ChatRequest,
    Decision,
    Embeddings,
    EmbedRequest,
    EndpointCheck,
    Reply,
)
from holybalance.prompts import (
    Inputs,
    Prompt,
    make_embedding,
    make_request,
    refuse_one_string,
    streamed,
)
from holybalance.workers import Workers

# Endpoints that `check` asks at once.
_CHECK_THREADS = 16


class Client:
    """
    Spreads calls over the configured endpoints, and keeps its promises meanwhile.

    Safe from any thread. After a fork the child has connections, locks and threads
    of its own. Close it, or use it as a context manager.

    Args:
        config: a `Config`, a dict of the same shape as the TOML file, or `None` for
            `$HOLYBALANCE_CONFIG`, `./holybalance.toml`, or the providers' own keys.

    Raises:
        ConfigError: the configuration is missing or wrong.
    """

    def __init__(self, config: Config | Mapping[str, Any] | None = None) -> None:
        self.config = Config.of(config)
        self._is_closed = False
        # Keyed by process: a child of a fork must not touch its parent's sockets and
        # locks. `setdefault` is atomic, so a process makes one engine that counts.
        self._engines: dict[int, Engine] = {}
        self._engine()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(wait=error is None)

    def __repr__(self) -> str:
        names = ", ".join(endpoint.name for endpoint in self.config.endpoints)
        return f"<Client {'closed' if self._is_closed else 'open'} over {names}>"

    def chat(
        self,
        messages: Prompt,
        *,
        model: str | None = None,
        system: str | None = None,
        timeout: float | None = None,
        session: str | None = None,
        max_cost: float | None = None,
        max_latency: float | None = None,
        tags: Sequence[str] = (),
        max_attempts: int | None = None,
        **options: Any,
    ) -> Reply:
        """
        Make one call and return its whole reply, in the calling thread.

        Args:
            messages: a prompt, or OpenAI-shaped messages.
            model: one that an endpoint serves, an alias, or "auto", which leaves the
                choice to the router; `None` for the configured default.
            system: a system message to put first.
            timeout: seconds for the whole call; `None` for the configured default.
            session: calls of one session prefer one endpoint, for its prompt cache.
            max_cost: US dollars; models expected to cost more are left out.
            max_latency: seconds; models expected to take longer are left out.
            tags: words of your own for the call, for routes and budgets.
            max_attempts: tries, the first included; `None` for the configured number.
            **options: OpenAI parameters (`temperature`, `max_tokens`, `tools` …),
                passed through as they are.

        Raises:
            RequestError: the request is at fault.
            Unavailable: no endpoint answered; see its subclasses.
            Saturated: every endpoint is full or cooling down.
            BudgetExceeded: a budget has no room for the call.
            LocalError: this machine could not make the call.
            ClientClosed: the client is closed.
        """
        engine = self._engine()
        request = make_request(
            self.config,
            messages,
            model=model,
            system=system,
            timeout=timeout,
            session=session,
            max_cost=max_cost,
            max_latency=max_latency,
            tags=tags,
            max_attempts=max_attempts,
            **options,
        )
        return engine.call(request)

    def stream(
        self,
        messages: Prompt,
        *,
        model: str | None = None,
        system: str | None = None,
        timeout: float | None = None,
        session: str | None = None,
        max_cost: float | None = None,
        max_latency: float | None = None,
        tags: Sequence[str] = (),
        max_attempts: int | None = None,
        **options: Any,
    ) -> Stream:
        """
        Make one call whose answer comes in pieces; takes what `chat` takes.

        Returns when there is a first token. Until then the call goes on to other
        endpoints where one fails, and after that never. `timeout` is for the whole
        stream, its reader's time included; `first_token_timeout` and `idle_timeout` of
        the configuration bound the silence before it and within it.

        Raises:
            CallError: there was no first token; as `chat` does.
        """
        engine = self._engine()
        request = make_request(
            self.config,
            messages,
            model=model,
            system=system,
            timeout=timeout,
            session=session,
            max_cost=max_cost,
            max_latency=max_latency,
            tags=tags,
            max_attempts=max_attempts,
            **options,
        )
        return engine.open(streamed(request))

    def embed(
        self,
        inputs: Inputs,
        *,
        model: str | None = None,
        timeout: float | None = None,
        session: str | None = None,
        tags: Sequence[str] = (),
        max_attempts: int | None = None,
        **options: Any,
    ) -> Embeddings:
        """
        Make one call for embeddings, a vector for each input.

        Args:
            inputs: a text, or a list of texts or of token ids.
            model: must be named; it may be no alias of several, nor "auto", since the
                vectors of different models do not compare.
            timeout: as for `chat`, like those that follow.
            session: calls of one session prefer one endpoint.
            tags: words of your own for the call, for budgets.
            max_attempts: tries, the first included.
            **options: OpenAI parameters (`dimensions` …), passed through as they are.

        Raises:
            CallError: as `chat` does.
        """
        engine = self._engine()
        request = make_embedding(
            self.config,
            inputs,
            model=model,
            timeout=timeout,
            session=session,
            tags=tags,
            max_attempts=max_attempts,
            **options,
        )
        return engine.call(request)

    @overload
    def send(self, request: ChatRequest) -> Reply: ...

    @overload
    def send(self, request: EmbedRequest) -> Embeddings: ...

    def send(self, request: ChatRequest | EmbedRequest) -> Reply | Embeddings:
        """Make a call that was put together elsewhere; for integrations."""
        return self._engine().call(request)

    def open(self, request: ChatRequest) -> Stream:
        """Open a stream that was put together elsewhere; for integrations."""
        return self._engine().open(request)

    def explain(self, messages: Prompt, **arguments: Any) -> Decision:
        """
        Say which model a call would go to, and why; takes what `chat` takes.

        Nothing is sent and no money is held. The decision is of this moment: of what
        has been learned of the models, of their load, and of the budgets.

        Raises:
            RequestError: the request is at fault.
            LocalError: the classifier failed.
            ClientClosed: the client is closed.
        """
        engine = self._engine()
        return engine.explain(make_request(self.config, messages, **arguments))

    def submit(self, messages: Prompt, **arguments: Any) -> Future[Reply]:
        """
        Make a call in a worker thread; takes what `chat` takes.

        The call's timeout begins now, so waiting for a thread is part of it.

        Raises:
            RequestError: the request is at fault.
            Saturated: `max_queued` calls wait already, and `when_saturated` is "fail".
            DeadlineExceeded: `when_saturated` is "wait", and there was no room in time.
            ClientClosed: the client is closed.
        """
        engine = self._engine()
        request = make_request(self.config, messages, **arguments)
        now = engine.runtime.clock()
        return engine.workers.submit(
            engine.call, request, now, wait_s=request.timeout_s
        )

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
        return_errors: Literal[True],
        **arguments: Any,
    ) -> Iterator[Reply | HolyBalanceError]: ...

    def map(
        self,
        prompts: Iterable[Prompt],
        *,
        ordered: bool = True,
        return_errors: bool = False,
        **arguments: Any,
    ) -> Iterator[Reply | HolyBalanceError]:
        """
        Make a call for each prompt in worker threads, and give the replies.

        Prompts are pulled as workers come free and replies are read, so any length
        will do. Each reply (and error) has its prompt's `index`. A call's timeout
        begins when a worker takes it, and leaves out what it waits for room. While no
        endpoint may be called, calls wait and one a second tries, where `chat` would
        fail at once with `NoEndpoint`.

        Args:
            prompts: each of them what `chat` takes first.
            ordered: in the order of the prompts, or as they come.
            return_errors: give errors in their place, or raise the first.
            **arguments: what `chat` takes, the same for every prompt.

        Raises:
            HolyBalanceError: the first error, unless `return_errors`.
            Exception: what `prompts` raised, after the replies to those before it.
        """
        refuse_one_string(prompts)
        calls = ({**arguments, "messages": prompt} for prompt in prompts)
        return self.map_calls(calls, ordered=ordered, return_errors=return_errors)

    @overload
    def map_calls(
        self,
        calls: Iterable[Mapping[str, Any]],
        *,
        ordered: bool = True,
        return_errors: Literal[False] = False,
    ) -> Iterator[Reply]: ...

    @overload
    def map_calls(
        self,
        calls: Iterable[Mapping[str, Any]],
        *,
        ordered: bool = True,
        return_errors: bool,
    ) -> Iterator[Reply | HolyBalanceError]: ...

    def map_calls(
        self,
        calls: Iterable[Mapping[str, Any]],
        *,
        ordered: bool = True,
        return_errors: bool = False,
    ) -> Iterator[Reply | HolyBalanceError]:
        """
        Make calls that differ in more than their prompts; otherwise as `map`.

        Args:
            calls: for each call what `chat` takes, by name; `messages` is one of them.
            ordered: in the order of the calls, or as they come.
            return_errors: give errors in their place, or raise the first.

        Raises:
            HolyBalanceError: the first error, unless `return_errors`.
        """
        engine = self._engine()

        def call(index: int, arguments: Mapping[str, Any]) -> Reply | HolyBalanceError:
            try:
                return replace(engine.call_patiently(arguments), index=index)
            except HolyBalanceError as error:
                error.index = index
                return error

        futures = engine.workers.map(call, calls, ordered=ordered)
        return _results(futures, return_errors=return_errors)

    def metrics(self) -> dict[str, Any]:
        """
        Give counts, latencies and states, for the whole and for each endpoint.

        A plain dict that JSON can hold; seconds, tokens and US dollars. See
        `docs/reference/metrics.md` for each key. A closed client still has its last.
        """
        return self._engine_of_process().report().snapshot()

    def check(self, timeout: float = 10.0) -> list[EndpointCheck]:
        """
        Ask each endpoint for its models, all at once; costs no tokens.

        Args:
            timeout: seconds for all of them.
        """
        engine = self._engine()
        deadline = engine.runtime.clock() + timeout
        endpoints = engine.balancer.endpoints
        # Threads of its own: the engine's may all be busy with calls.
        threads = min(_CHECK_THREADS, len(endpoints))
        workers = Workers(threads, len(endpoints), waits=False)
        try:
            futures = [workers.submit(e.check, deadline) for e in endpoints]
            return [future.result() for future in futures]
        finally:
            workers.close(finish=False)

    def restore(self, endpoint: str) -> None:
        """
        Put an endpoint back to use whose key was refused, or that is cooling down.

        Raises:
            ConfigError: there is no such endpoint.
        """
        self._engine().endpoint(endpoint).restore()

    def close(self, *, wait: bool = True) -> None:
        """
        Take no more calls and close all connections; may be called again.

        Args:
            wait: finish what `submit` and `map` have taken; otherwise drop what has
                not begun, and end what is under way within about a second.
        """
        self._is_closed = True
        engine = self._engines.get(os.getpid())
        if engine is not None:
            engine.close(wait=wait)

    def _engine(self) -> Engine:
        if self._is_closed:
            raise ClientClosed("the client is closed")
        return self._engine_of_process()

    def _engine_of_process(self) -> Engine:
        process = os.getpid()
        engine = self._engines.get(process)
        if engine is None:
            engine = self._engines.setdefault(process, Engine(self.config))
            for other in self._engines.keys() - {process}:
                # Another thread of a new child may be here as well.
                self._engines.pop(other, None)
        return engine


def _results(
    futures: Iterator[Future[Reply | HolyBalanceError]], *, return_errors: bool
) -> Iterator[Reply | HolyBalanceError]:
    for future in futures:
        if future.cancelled():
            result: Reply | HolyBalanceError = ClientClosed(
                "the client was closed before the call began"
            )
        else:
            result = future.result()
        if not isinstance(result, HolyBalanceError):
            yield result
        elif return_errors:
            # Its traceback holds frames, and by those the call's values.
            yield result.with_traceback(None)
        else:
            raise result
