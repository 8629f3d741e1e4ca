"""Owns the decision what each request gets; sends nothing itself."""

from __future__ import annotations

import itertools
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from random import Random

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.counts import Cell, Tally
from holybalance.testing.delivery import Delivery, plain
from holybalance.testing.draft import EVENTS, JSON, Draft
from holybalance.testing.faults import Step
from holybalance.testing.formats import Format, gemini, models, openai
from holybalance.testing.formats.values import Asked, Failure, Wanted
from holybalance.testing.latency import parse_latency
from holybalance.testing.reading import RefusalError, Request
from holybalance.testing.scripts import scripted
from holybalance.testing.streams import streamed
from holybalance.testing.tasks import Task, format_of, task_of
from holybalance.testing.throttle import TokenBucket

_THROTTLED = 429
Page = Callable[[Request], bytes]
"""Writes the body of a page that costs nothing and is not counted."""

_KEY_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")


class Responder:
    """
    Decides on a delivery for each request: the script first, then the behaviour.

    Args:
        behaviour: how to answer what is not scripted.
        tally: where requests for chat and embeddings are counted.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        tally: Tally,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._behaviour = behaviour
        self._tally = tally
        self._clock = clock
        self._script: deque[Step] = deque()
        self._rng = Random(behaviour.seed)
        self._bucket = self._new_bucket()
        self._draw_again()
        # Random once: the system call took a tenth of the time of a whole reply.
        prefix = os.urandom(4).hex()
        self._ids = (f"{prefix}{number:08x}" for number in itertools.count(1))
        self._pages: dict[tuple[bytes, bytes], Page] = {
            (b"GET", b"/v1/models"): self._models,
            (b"GET", b"/v1beta/models"): self._models,
            (b"GET", b"/healthz"): lambda _: b'{"status":"ok"}',
        }

    def behave(self, behaviour: Behaviour) -> None:
        """
        Answer like this from now on.

        The random numbers and the rate limit go on where they are, unless the
        change is about them.
        """
        before, self._behaviour = self._behaviour, behaviour
        if behaviour.seed != before.seed:
            self._rng = Random(behaviour.seed)
        if (behaviour.rate, behaviour.burst) != (before.rate, before.burst):
            self._bucket = self._new_bucket()
        self._draw_again()

    def script(self, steps: Iterable[Step]) -> None:
        """Give the next requests these, one each, after those already scripted."""
        self._script.extend(steps)

    def respond(self, request: Request) -> Delivery:
        """Decide on one request."""
        task = task_of(request)
        if task is None:
            return self._page(request)._replace(counted_as=None)
        self._tally.add(Cell.REQUESTS)
        request_id = next(self._ids)
        if self._script:
            asked = task.read_at_all(request)
            draft = self._reply(request, request_id, task, asked)
            return scripted(self._script.popleft(), draft)
        try:
            return self._answer(request, request_id, task)
        except RefusalError as refusal:
            return _refused(refusal, request, request_id, task.format)

    def malformed(self) -> Delivery:
        """The answer to bytes that are no HTTP request; ends the connection."""
        draft = Draft(
            openai,
            next(self._ids),
            status=400,
            body=openai.error(Failure(400, "The request is not valid HTTP.")),
            keep_alive=False,
        )
        return plain(draft)._replace(counted_as=None)

    def _draw_again(self) -> None:
        behaviour, rng = self._behaviour, self._rng
        latency = parse_latency(behaviour.latency)
        interval = parse_latency(behaviour.piece_interval, "piece_interval")
        self._draw_latency: Callable[[], float] = partial(latency, rng)
        self._draw_interval: Callable[[], float] = partial(interval, rng)

    def _new_bucket(self) -> TokenBucket | None:
        if self._behaviour.rate is None:
            return None
        return TokenBucket(self._behaviour.rate, self._behaviour.burst, self._clock)

    def _answer(self, request: Request, request_id: str, task: Task) -> Delivery:
        self._check_key(request, task.format)
        asked = task.read(request)
        self._check_model(asked.model)
        if self._bucket is not None and not self._bucket.take():
            raise self._throttled(task.format)
        latency_s = self._draw_latency()
        self._maybe_fail(task.format, latency_s)
        draft = self._reply(request, request_id, task, asked)
        if draft.telling is None:
            return plain(draft, delay_s=latency_s)
        return streamed(
            draft,
            draft.telling,
            latency_s=latency_s,
            interval_s=self._draw_interval,
            head_first=self._behaviour.head_first,
        )

    def _reply(
        self, request: Request, request_id: str, task: Task, asked: Asked | Wanted
    ) -> Draft:
        content = task.write(self._behaviour, asked, request_id)
        whole, telling = (
            (content, None) if isinstance(content, bytes) else (b"", content)
        )
        return Draft(
            task.format,
            request_id,
            body=whole,
            content_type=JSON if telling is None else EVENTS,
            headers=self._limit_headers(task.format),
            keep_alive=request.keep_alive,
            telling=telling,
        )

    def _page(self, request: Request) -> Delivery:
        wire = format_of(request)
        request_id = next(self._ids)
        page = self._page_at(request)
        try:
            draft = Draft(
                wire,
                request_id,
                body=page(request),
                keep_alive=request.keep_alive,
            )
        except RefusalError as refusal:
            return _refused(refusal, request, request_id, wire)
        return plain(draft)

    def _page_at(self, request: Request) -> Page:
        page = self._pages.get((request.method, request.path))
        model = models.named_in(request.path) if request.method == b"GET" else None
        if page is None and model is not None:
            return partial(self._model, model)
        return page or _no_page

    def _model(self, name: str, request: Request) -> bytes:
        wire = format_of(request)
        self._check_key(request, wire)
        self._check_model(name)
        if wire is gemini:
            return models.one_of_gemini(name)
        return models.one_of_openai_and_anthropic(name)

    def _models(self, request: Request) -> bytes:
        wire = format_of(request)
        self._check_key(request, wire)
        if wire is gemini:
            return models.gemini(self._behaviour)
        return models.openai_and_anthropic(self._behaviour)

    def _check_key(self, request: Request, wire: Format) -> None:
        if self._behaviour.api_key is None:
            return
        key = self._behaviour.api_key.encode()
        if request.headers.get(b"authorization") == b"Bearer " + key:
            return
        if not any(request.headers.get(name) == key for name in _KEY_HEADERS):
            raise RefusalError(*wire.WRONG_KEY)

    def _check_model(self, model: str) -> None:
        if self._behaviour.strict_models and model not in self._behaviour.models:
            message = f"The model {model!r} does not exist."
            raise RefusalError(404, message, "model_not_found")

    def _maybe_fail(self, wire: Format, latency_s: float) -> None:
        behaviour = self._behaviour
        if not behaviour.error_rate or self._rng.random() >= behaviour.error_rate:
            return
        if behaviour.error_status == _THROTTLED:
            raise self._throttled(wire)
        raise RefusalError(
            behaviour.error_status,
            "This error was drawn at random.",
            "drawn",
            headers=self._limit_headers(wire),
            delay_s=latency_s,
        )

    def _throttled(self, wire: Format) -> RefusalError:
        wait = str(self._retry_after())
        return RefusalError(
            _THROTTLED,
            "Rate limit reached; try again later.",
            "rate_limit_exceeded",
            headers=(*wire.wait_headers(wait), *self._limit_headers(wire)),
            retry_after=wait,
        )

    def _retry_after(self) -> float | str:
        if self._behaviour.retry_after is not None:
            return self._behaviour.retry_after
        wait_s = self._bucket.wait_s() if self._bucket is not None else 0.0
        return max(1, math.ceil(wait_s))

    def _limit_headers(self, wire: Format) -> tuple[str, ...]:
        if self._bucket is None or not self._behaviour.rate_limit_headers:
            return ()
        return wire.limit_headers(self._bucket.level())


def _no_page(request: Request) -> bytes:
    method, path = request.method.decode("latin-1"), request.path.decode("latin-1")
    raise RefusalError(404, f"Invalid URL ({method} {path})")


def _refused(
    refusal: RefusalError, request: Request, request_id: str, wire: Format
) -> Delivery:
    failure = Failure(
        refusal.status,
        refusal.message,
        refusal.code,
        request_id,
        refusal.retry_after,
    )
    draft = Draft(
        wire,
        request_id,
        status=refusal.status,
        body=wire.error(failure),
        headers=refusal.headers,
        keep_alive=request.keep_alive,
    )
    return plain(draft, delay_s=refusal.delay_s)
