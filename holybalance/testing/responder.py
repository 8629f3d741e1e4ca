"""Owns the decision what each request gets; sends nothing itself."""

from __future__ import annotations

import itertools
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from holybalance.testing import replies
from holybalance.testing.behaviour import Behaviour
from holybalance.testing.counts import Cell, Tally
from holybalance.testing.delivery import Delivery, plain, scripted
from holybalance.testing.faults import Step
from holybalance.testing.latency import parse_latency
from holybalance.testing.reading import (
    Chat,
    RefusalError,
    Request,
    read_chat,
    read_what_there_is,
)
from holybalance.testing.replies import Draft
from holybalance.testing.throttle import TokenBucket

_CHAT = (b"POST", b"/v1/chat/completions")
_THROTTLED = 429


class Responder:
    """
    Decides on a delivery for each request: the script first, then the behaviour.

    Args:
        behaviour: how to answer what is not scripted.
        tally: where chat requests are counted.
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
        self._draw_latency = parse_latency(behaviour.latency)
        self._rng = Random(behaviour.seed)
        self._bucket = self._new_bucket()
        self._ids = (f"{os.urandom(4).hex()}{n:08x}" for n in itertools.count(1))
        self._routes = {
            _CHAT: self._chat,
            (b"GET", b"/v1/models"): self._models,
            (b"GET", b"/healthz"): self._health,
        }

    def behave(self, behaviour: Behaviour) -> None:
        """
        Answer like this from now on.

        The random numbers and the rate limit go on where they are, unless the
        change is about them.
        """
        before, self._behaviour = self._behaviour, behaviour
        self._draw_latency = parse_latency(behaviour.latency)
        if behaviour.seed != before.seed:
            self._rng = Random(behaviour.seed)
        if (behaviour.rate, behaviour.burst) != (before.rate, before.burst):
            self._bucket = self._new_bucket()

    def script(self, steps: Iterable[Step]) -> None:
        """Give the next chat requests these, one each, after those already scripted."""
        self._script.extend(steps)

    def respond(self, request: Request) -> Delivery:
        """Decide on one request."""
        route = (request.method, request.path)
        answer = self._routes.get(route, self._unknown)
        request_id = next(self._ids)
        try:
            delivery = answer(request, request_id)
        except RefusalError as refusal:
            delivery = _refused(refusal, request, request_id)
        # Only chat requests are counted, however they end.
        return delivery if route == _CHAT else replace(delivery, counted_as=None)

    def malformed(self) -> Delivery:
        """The answer to bytes that are no HTTP request; ends the connection."""
        draft = Draft(
            request_id=next(self._ids),
            status=400,
            body=replies.error(400, "The request is not valid HTTP."),
            keep_alive=False,
        )
        return replace(plain(draft), counted_as=None)

    def _new_bucket(self) -> TokenBucket | None:
        if self._behaviour.rate is None:
            return None
        return TokenBucket(self._behaviour.rate, self._behaviour.burst, self._clock)

    def _chat(self, request: Request, request_id: str) -> Delivery:
        self._tally.add(Cell.REQUESTS)
        if self._script:
            draft = self._reply(request, request_id, read_what_there_is(request.body))
            return scripted(self._script.popleft(), draft)
        self._check_key(request)
        chat = read_chat(request.body)
        self._check_model(chat.model)
        self._check_rate()
        delay_s = self._draw_latency(self._rng)
        self._maybe_fail(delay_s)
        return plain(self._reply(request, request_id, chat), delay_s=delay_s)

    def _reply(self, request: Request, request_id: str, chat: Chat) -> Draft:
        body = replies.completion(
            self._behaviour, request_id, chat.model, chat.messages
        )
        return Draft(
            request_id=request_id,
            body=body,
            headers=self._rate_limit_headers(),
            keep_alive=request.keep_alive,
        )

    def _models(self, request: Request, request_id: str) -> Delivery:
        self._check_key(request)
        return _found(request, request_id, replies.model_list(self._behaviour))

    def _health(self, request: Request, request_id: str) -> Delivery:
        return _found(request, request_id, b'{"status":"ok"}')

    def _unknown(self, request: Request, _: str) -> Delivery:
        method, path = request.method.decode("latin-1"), request.path.decode("latin-1")
        raise RefusalError(404, f"Invalid URL ({method} {path})")

    def _check_key(self, request: Request) -> None:
        key = self._behaviour.api_key
        if key is None:
            return
        if request.headers.get(b"authorization") != b"Bearer " + key.encode():
            message = "Incorrect or missing API key."
            raise RefusalError(401, message, "invalid_api_key")

    def _check_model(self, model: str) -> None:
        if self._behaviour.strict_models and model not in self._behaviour.models:
            message = f"The model {model!r} does not exist."
            raise RefusalError(404, message, "model_not_found")

    def _check_rate(self) -> None:
        if self._bucket is not None and not self._bucket.take():
            raise self._throttled()

    def _maybe_fail(self, delay_s: float) -> None:
        behaviour = self._behaviour
        if not behaviour.error_rate or self._rng.random() >= behaviour.error_rate:
            return
        if behaviour.error_status == _THROTTLED:
            raise self._throttled()
        raise RefusalError(
            behaviour.error_status,
            "This error was drawn at random.",
            "drawn",
            headers=self._rate_limit_headers(),
            delay_s=delay_s,
        )

    def _throttled(self) -> RefusalError:
        headers = (f"retry-after: {self._retry_after()}", *self._rate_limit_headers())
        message = "Rate limit reached; try again later."
        return RefusalError(_THROTTLED, message, "rate_limit_exceeded", headers=headers)

    def _retry_after(self) -> float | str:
        if self._behaviour.retry_after is not None:
            return self._behaviour.retry_after
        wait_s = self._bucket.wait_s() if self._bucket is not None else 0.0
        return max(1, math.ceil(wait_s))

    def _rate_limit_headers(self) -> tuple[str, ...]:
        if self._bucket is None or not self._behaviour.rate_limit_headers:
            return ()
        return self._bucket.headers()


def _found(request: Request, request_id: str, body: bytes) -> Delivery:
    return plain(Draft(request_id=request_id, body=body, keep_alive=request.keep_alive))


def _refused(refusal: RefusalError, request: Request, request_id: str) -> Delivery:
    draft = Draft(
        request_id=request_id,
        status=refusal.status,
        body=refusal.body,
        headers=refusal.headers,
        keep_alive=request.keep_alive,
    )
    return plain(draft, delay_s=refusal.delay_s)
