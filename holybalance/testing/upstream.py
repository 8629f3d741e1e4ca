"""Owns the face of the mock upstream: a server in a process of its own."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from holybalance.testing.address import base_url, origin
from holybalance.testing.behaviour import Behaviour
from holybalance.testing.counts import Counts
from holybalance.testing.faults import Step
from holybalance.testing.site import Site, close_unless_forked

_NOTHING = Counts(
    requests=0,
    answered=0,
    errors=0,
    throttled=0,
    abandoned=0,
    left=0,
    connections_accepted=0,
    connections_open=0,
)


def _nothing_to_give_back() -> None:
    pass


class MockUpstream:
    """
    An upstream to practise on, in a process of its own.

    It speaks the wire formats of OpenAI (`/v1/chat/completions`, `/v1/embeddings`),
    Anthropic (`/v1/messages`) and Gemini (`/v1beta/models/…:generateContent`,
    `:streamGenerateContent?alt=sse`, `:embedContent`, `:batchEmbedContents`, as well
    below `/v1` and Vertex AI's `/v1/projects/…`), whole and in streams, and serves
    `GET /v1/models` and `GET /v1/models/ID`, the same below `/v1beta`, and
    `GET /healthz`. All methods may be called from any thread. It needs POSIX.

    Args:
        behaviour: how it answers; `None`: `Behaviour()`.
        host: the address to listen on.
        port: the port to listen on; 0: a free one, kept over `restart`.
        changes: fields of `Behaviour` that replace those of `behaviour`.

    Raises:
        ValueError: a field of the behaviour is out of range.
        TypeError: a change is no field of `Behaviour`.

    >>> with MockUpstream(latency="lognormal:0.005:0.3", seed=7) as upstream:
    ...     upstream.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        *,
        behaviour: Behaviour | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        **changes: Any,
    ) -> None:
        self._behaviour = replace(behaviour or Behaviour(), **changes)
        self._host = host
        self._port = port
        # Guards all that follows, and keeps each command with its acknowledgement:
        # the one place where a lock is held across I/O, which is a local pipe's.
        self._lock = threading.RLock()
        self._site: Site | None = None
        self._give_back: Callable[[], object] = _nothing_to_give_back
        self._final = _NOTHING
        self._baseline = _NOTHING

    def __repr__(self) -> str:
        state = self._site.state if self._site is not None else "stopped"
        return f"<MockUpstream {self._host}:{self._port} {state}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """
        The port that it listens on.

        Raises:
            RuntimeError: the port is not chosen before the first start.
        """
        if not self._port:
            raise RuntimeError("the mock upstream has no port yet; call start() first")
        return self._port

    @property
    def url(self) -> str:
        """
        The base URL for OpenAI's and Anthropic's format: `http://HOST:PORT/v1`.

        Raises:
            RuntimeError: the port is not chosen before the first start.
        """
        return base_url(self._host, self.port)

    @property
    def gemini_url(self) -> str:
        """
        The base URL for Gemini's format: `http://HOST:PORT/v1beta`.

        Raises:
            RuntimeError: the port is not chosen before the first start.
        """
        return f"{self.origin}/v1beta"

    @property
    def origin(self) -> str:
        """
        The URL without a path, which Anthropic's and Google's own clients take.

        Raises:
            RuntimeError: the port is not chosen before the first start.
        """
        return origin(self._host, self.port)

    @property
    def behaviour(self) -> Behaviour:
        """How it answers what is not scripted."""
        return self._behaviour

    @property
    def received(self) -> int:
        """How many requests for chat and embeddings it received whole; see `counts`."""
        return self.counts().requests

    def counts(self) -> Counts:
        """What it has seen so far, at any time: running, paused, killed or stopped."""
        with self._lock:
            return self._raw_counts().since(self._baseline)

    def reset_counts(self) -> None:
        """Count from 0 again, but for `connections_open`."""
        with self._lock:
            # The child alone writes its counts, so nothing that it adds is lost.
            self._baseline = self._raw_counts()

    def start(self) -> Self:
        """
        Start the process; return once it listens.

        Raises:
            RuntimeError: it is started already, or could not start; the message has
                the process's standard error.
        """
        with self._lock:
            if self._site is not None:
                raise RuntimeError(f"{self!r} is started already; call stop() first")
            self._site = Site()
            finalizer = weakref.finalize(
                self, close_unless_forked, self._site, os.getpid()
            )
            self._give_back = finalizer
            self._final = self._baseline = _NOTHING
            self._launch()
        return self

    def stop(self) -> None:
        """End the process and give back what it held; the counts can still be read."""
        with self._lock:
            if self._site is not None:
                self._site.end_child(kill=False)
                self._final = self._site.counts()
                self._site = None
            self._give_back()

    def kill(self) -> None:
        """
        End the process at once (SIGKILL); what is scripted is forgotten.

        Raises:
            RuntimeError: it is not started.
        """
        with self._lock:
            self._started().end_child(kill=True)

    def restart(self) -> None:
        """
        Start a new process on the same port, ending the old one if it still runs.

        The behaviour and the counts stay, what is scripted is forgotten.

        Raises:
            RuntimeError: it is not started, or the new process could not start.
        """
        with self._lock:
            self._started().end_child(kill=False)
            self._launch()

    def pause(self) -> None:
        """
        Freeze the process (SIGSTOP): the kernel still accepts connections for it.

        Raises:
            RuntimeError: it is not started.
        """
        with self._lock:
            self._started().pause()

    def resume(self) -> None:
        """
        Let a paused process go on (SIGCONT).

        Raises:
            RuntimeError: it is not started.
        """
        with self._lock:
            self._started().resume()

    def behave(self, **changes: Any) -> None:
        """
        Change how it answers from the next request on.

        While it is killed or stopped, the change holds from the next start.

        Args:
            changes: fields of `Behaviour`.

        Raises:
            ValueError: a field is out of range.
            TypeError: a change is no field of `Behaviour`.
            RuntimeError: it is paused.
        """
        with self._lock:
            behaviour = replace(self._behaviour, **changes)
            if self._site is not None and self._site.state != "dead":
                self._site.ask("behave", behaviour)
            self._behaviour = behaviour

    def script(self, *steps: Step) -> None:
        """
        Give the next requests these, one each, in order, at once.

        Only requests for chat and embeddings meet a step.

        A scripted request meets its step whatever its key, model or body; neither
        latency, rate nor error rate applies to it. Steps add up until they are met.

        Args:
            steps: `Fault` members, or `Answer`, `SlowHead`, `SlowBody`, `Gigantic`,
                `BrokenStream`.

        Raises:
            TypeError: a step is none of these.
            RuntimeError: it is not running.
        """
        for step in steps:
            if not isinstance(step, Step):
                raise TypeError(
                    f"a step must be a Fault or an Answer, not {step!r}{_hint(step)}"
                )
        with self._lock:
            self._started().ask("script", steps)

    def _raw_counts(self) -> Counts:
        return self._site.counts() if self._site is not None else self._final

    def _started(self) -> Site:
        if self._site is None:
            raise RuntimeError("the mock upstream is not started; call start() first")
        return self._site

    def _launch(self) -> None:
        try:
            site = self._started()
            self._port = site.launch(self._host, self._port, self._behaviour)
        except BaseException:
            self.stop()
            raise


def _hint(step: object) -> str:
    if isinstance(step, type):
        return f"; give an instance: {step.__name__}(...)"
    if isinstance(step, list | tuple):
        return "; give the steps one by one, as in script(*steps)"
    return ""
